"""A call of a model that the application records by itself.

with record_llm_call(exe, messages, agent_id="support", model="gpt-4o") as call:
    answer = ask_the_model(messages)
    call.output(answer.text)
    call.usage(answer.prompt_tokens, answer.completion_tokens)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from ..client import Execlave
from ._step import Plan, Step, awaited, begun, opened, own
from ._texts import last_user_text

__all__ = ["LlmCall", "arecord_llm_call", "record_llm_call"]


class LlmCall(Step):
    """A call of a model that may happen."""

    def usage(
        self,
        prompt_tokens: int | None = None,
        completion_tokens: int | None = None,
        *,
        model: str | None = None,
        cost: float | None = None,
    ) -> Self:
        """Record the tokens, the model that answered, and the cost in USD, as far as they are known."""
        self._span.usage(model, prompt_tokens, completion_tokens)
        if cost is not None and self._span.trace is not None:
            self._span.trace.set_cost(cost)
        return self


def _plan(
    exe: Execlave,
    input: object,
    *,
    agent_id: str,
    model: str | None = None,
    name: str = "llm",
    output: object = None,
    prompt_tokens: int | None = None,
    completion_tokens: int | None = None,
    metadata: Mapping[str, Any] | None = None,
    enforce: bool = True,
    session_id: str | None = None,
    user_id: str | None = None,
    parent: Step | None = None,
) -> Plan[LlmCall]:
    """Ask whether a model may be called with this input, and record the call.

    Returns when it may, and raises as `enforce_policy` does when it may not. Use it as a context manager around the call. With an
    `output` the call has happened already: it is recorded at once.

    Args:
        exe: The client.
        input: What the model is asked: a text, or messages, of which the newest of the user is asked about.
        agent_id: The agent that acts.
        model: The model.
        name: The name of the span.
        output: What the model answered.
        prompt_tokens: The tokens of the input.
        completion_tokens: The tokens of the answer.
        metadata: More about the call, asked about and recorded.
        enforce: False only records.
        session_id: By default that of the step or trace around it.
        user_id: By default that of the step or trace around it.
        parent: The step that this is a part of; by default the innermost `with` of a step or trace of this client.

    Raises:
        ValueError: `agent_id` is empty.
        MetadataContractError: `metadata` is no mapping with text as keys, or names what the record itself names.
    """
    given = own(metadata)
    boundary, span = opened(
        exe,
        "llm",
        name,
        parent,
        given,
        agent_id=agent_id,
        enforce=enforce,
        session_id=session_id,
        user_id=user_id,
    )
    span.input(input).usage(model, prompt_tokens, completion_tokens)
    about = {**given, "llmInput": input} | ({} if model is None else {"model": model})
    question = {"text": last_user_text(input) or name, "metadata": about}
    return Plan(LlmCall(boundary, span), question, output)


record_llm_call = begun("record_llm_call", _plan)
arecord_llm_call = awaited("arecord_llm_call", _plan)
