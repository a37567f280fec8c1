"""Single calls of a model or a chain, asked about and recorded. Older than the adapters, and kept for who calls them."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from .client import Execlave
from .integrations._boundary import Boundary
from .integrations._sealed import recorded_value, sealed
from .integrations._spans import Span
from .integrations._texts import count, field, text_of


def run_openai_chat(
    exe: Execlave,
    openai_client: Any,
    *,
    agent_id: str,
    input_text: str,
    model: str,
    messages: Sequence[Any],
    metadata: Mapping[str, Any] | None = None,
    estimated_cost: float | None = None,
    tools: Sequence[str] | None = None,
) -> Any:
    """Deprecated, to be removed in 2.0: use `execlave.integrations.instrument_openai`.

    Asks about `input_text`, calls `chat.completions.create` of a synchronous client, records the call and returns its answer.
    """
    _deprecated("run_openai_chat", "execlave.integrations.instrument_openai(client, exe, …)")
    create = field(field(field(openai_client, "chat"), "completions"), "create")
    if not callable(create) or inspect.iscoroutinefunction(inspect.unwrap(create)):
        raise TypeError("the client has no chat.completions.create that is synchronous")
    span = _asked("openai", "llm", exe, agent_id, input_text, metadata, estimated_cost, tools)
    span.input(messages).usage(model, None, None)
    try:
        answer = create(model=model, messages=messages)
    except BaseException as error:
        span.finish(error)
        raise
    usage = field(answer, "usage")
    span.usage(
        field(answer, "model"), count(usage, "prompt_tokens"), count(usage, "completion_tokens")
    )
    said = [field(field(choice, "message"), "content") for choice in field(answer, "choices") or ()]
    _end(span, answer, said)
    return answer


def run_langchain(
    exe: Execlave,
    runnable: Any,
    *,
    agent_id: str,
    input_text: str,
    metadata: Mapping[str, Any] | None = None,
    estimated_cost: float | None = None,
    tools: Sequence[str] | None = None,
) -> Any:
    """Deprecated, to be removed in 2.0: use `execlave.integrations.ExeclaveCallbackHandler`.

    Asks about `input_text`, calls `runnable.invoke(input_text)`, records the call and returns its result.
    """
    _deprecated("run_langchain", "execlave.integrations.ExeclaveCallbackHandler(exe, …)")
    if not callable(field(runnable, "invoke")):
        raise TypeError("the runnable has no invoke")
    span = _asked("langchain", "chain", exe, agent_id, input_text, metadata, estimated_cost, tools)
    span.input(input_text)
    try:
        result = runnable.invoke(input_text)
    except BaseException as error:
        span.finish(error)
        raise
    _end(span, result, result)
    return result


def _deprecated(name: str, instead: str) -> None:
    warnings.warn(
        f"{name}() is deprecated, removal in 2.0: use {instead}",
        DeprecationWarning,
        stacklevel=3,
    )


def _asked(
    connector: str,
    kind: str,
    exe: Execlave,
    agent_id: str,
    text: str,
    metadata: Mapping[str, Any] | None,
    cost: float | None,
    tools: Sequence[str] | None,
) -> Span:
    """Open the span of a call that may happen."""
    boundary = Boundary(connector, exe, agent_id)
    given = sealed({} if metadata is None else metadata)
    span = boundary.described_span(kind, connector, None, {**given, "connector": connector})
    try:
        listed = None if tools is None else list(tools)
        span.decision(boundary.ask(text, given, tools=listed, cost=cost))
    except BaseException as error:
        span.finish(error)
        raise
    return span


def _end(span: Span, answer: object, said: object) -> None:
    """Record what was said; of an answer without words, all that can be written down."""
    span.output(text_of(said) or recorded_value(answer)).finish()
