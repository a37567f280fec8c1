"""Two calls of the first versions, which ask, act and record in one. They go with version 2.0 of the package."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import Execlave
    from .trace import Trace

__all__ = ["run_langchain", "run_openai_chat"]


def run_openai_chat(
    exe: Execlave,
    openai_client: Any,
    *,
    agent_id: str,
    input_text: str,
    model: str,
    messages: list[dict[str, Any]],
    metadata: dict[str, Any] | None = None,
    tools: list[str] | None = None,
    estimated_cost: float | None = None,
) -> Any:
    """Ask, make a chat completion with an OpenAI client, and record it; returns the completion.

    Deprecated: `execlave.integrations.instrument_openai` governs every call of a client, streamed and awaited ones too. Raises as
    `Execlave.enforce_policy` does, and then nothing is sent to the model; and whatever the client raises.
    """
    _deprecated("run_openai_chat", "instrument_openai")
    create = openai_client.chat.completions.create
    if inspect.iscoroutinefunction(create):
        raise TypeError("run_openai_chat takes no client that is awaited; use instrument_openai")

    def act(trace: Trace) -> Any:
        trace.set_model(model)
        completion = create(model=model, messages=messages)
        usage = getattr(completion, "usage", None)
        if usage is not None:
            trace.set_tokens(
                getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
            )
        return completion

    return _governed(exe, "openai", act, agent_id, input_text, metadata, tools, estimated_cost)


def run_langchain(
    exe: Execlave,
    runnable: Any,
    *,
    agent_id: str,
    input_text: str,
    metadata: dict[str, Any] | None = None,
    tools: list[str] | None = None,
    estimated_cost: float | None = None,
) -> Any:
    """Ask, invoke a LangChain runnable with the input, and record it; returns what the runnable returned.

    Deprecated: `execlave.integrations.ExeclaveCallbackHandler` governs what happens inside of it as well. Raises as
    `Execlave.enforce_policy` does, and then nothing is invoked; and whatever the runnable raises.
    """
    _deprecated("run_langchain", "ExeclaveCallbackHandler")
    return _governed(
        exe,
        "langchain",
        lambda _: runnable.invoke(input_text),
        agent_id,
        input_text,
        metadata,
        tools,
        estimated_cost,
    )


def _governed(
    exe: Execlave,
    connector: str,
    act: Callable[[Trace], Any],
    agent_id: str,
    input_text: str,
    metadata: Mapping[str, Any] | None,
    tools: Sequence[str] | None,
    estimated_cost: float | None,
) -> Any:
    """One action: asked about first, and recorded whatever comes of it."""
    exe.enforce_policy(
        agent_id, input_text, metadata=metadata, estimated_cost=estimated_cost, tools=tools
    )
    told = {"connector": connector, **(metadata or {})}
    with exe.start_trace(agent_id=agent_id, metadata=told) as trace:
        trace.set_input(input_text)
        output = act(trace)
        trace.set_output(output)
        return output


def _deprecated(name: str, instead: str) -> None:
    warnings.warn(
        f"{name}() goes with version 2.0 of execlave-sdk; use execlave.integrations.{instead}",
        DeprecationWarning,
        stacklevel=3,
    )
