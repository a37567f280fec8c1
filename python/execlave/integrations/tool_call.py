"""A call of a tool that the application records by itself.

with record_tool_call(exe, "search", {"query": "weather"}, agent_id="support") as call:
    found = call.output(search(query="weather"))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..client import Execlave
from ._boundary import Boundary
from ._spans import Span
from ._step import Plan, Step, T, awaited, begun, opened, own

__all__ = ["ToolCall", "arecord_tool_call", "record_tool_call"]


class ToolCall(Step):
    """A call of a tool that may happen."""

    def __init__(self, boundary: Boundary, span: Span, tool_name: str, input: object) -> None:
        super().__init__(boundary, span)
        self._tool_name = tool_name
        self._input = input

    def output(self, value: T) -> T:
        """Record what the tool returned and ask whether the model may read it; returns it if so, and else raises."""
        self._span.output(value)
        with self._ending():
            self._boundary.scan(self._tool_name, value, self._input)
        return value

    async def aoutput(self, value: T) -> T:
        """`output` without holding up the event loop."""
        self._span.output(value)
        with self._ending():
            await self._boundary.ascan(self._tool_name, value, self._input)
        return value


def _plan(
    exe: Execlave,
    tool_name: str,
    input: object = None,
    *,
    agent_id: str,
    output: object = None,
    metadata: Mapping[str, Any] | None = None,
    enforce: bool = True,
    session_id: str | None = None,
    user_id: str | None = None,
    parent: Step | None = None,
) -> Plan[ToolCall]:
    """Ask whether a tool may be called with this input, and record the call.

    Returns when it may, and raises as `enforce_policy` does when it may not. Use it as a context manager around the call, and hand
    on what `output` returns. With an `output` the call has happened already: it is asked about and recorded at once.

    Args:
        exe: The client.
        tool_name: The tool, as policies name it.
        input: Its arguments.
        agent_id: The agent that acts.
        output: What the tool returned.
        metadata: More about the call, asked about and recorded.
        enforce: False only records.
        session_id: By default that of the step or trace around it.
        user_id: By default that of the step or trace around it.
        parent: The step that this is a part of; by default the innermost `with` of a step or trace of this client.

    Raises:
        ValueError: `agent_id` or `tool_name` is empty.
        MetadataContractError: `metadata` is no mapping with text as keys, or names what the record itself names.
    """
    if not isinstance(tool_name, str) or not tool_name.strip():
        raise ValueError("tool_name must be the name of a tool, and not empty")
    about = {**own(metadata), "toolName": tool_name}
    boundary, span = opened(
        exe,
        "tool",
        tool_name,
        parent,
        about,
        agent_id=agent_id,
        enforce=enforce,
        session_id=session_id,
        user_id=user_id,
    )
    span.input(input)
    question = boundary.tool_question(tool_name, {**about, "toolInput": input}, input)
    return Plan(ToolCall(boundary, span, tool_name, input), question, output)


record_tool_call = begun("record_tool_call", _plan)
arecord_tool_call = awaited("arecord_tool_call", _plan)
