"""Something an agent does that the application records by itself, such as a run with model and tool calls of its own.

action = record_agent_action(exe, "answer a ticket", ticket, agent_id="support")
...
action.finish()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..client import Execlave
from ._step import Plan, Step, awaited, begun, opened, own
from ._texts import text_of

__all__ = ["AgentAction", "arecord_agent_action", "record_agent_action"]


class AgentAction(Step):
    """An action that may happen. Whoever began it finishes it."""


def _plan(
    exe: Execlave,
    name: str,
    input: object = None,
    *,
    agent_id: str,
    metadata: Mapping[str, Any] | None = None,
    enforce: bool = True,
    session_id: str | None = None,
    user_id: str | None = None,
    parent: Step | None = None,
) -> Plan[AgentAction]:
    """Ask whether an agent may do something, and record it until `finish()`.

    Returns when it may, and raises as `enforce_policy` does when it may not. As a context manager it finishes itself. Other steps
    can be given it as their `parent`.

    Args:
        exe: The client.
        name: What it does.
        input: What it does it with.
        agent_id: The agent that acts.
        metadata: More about the action, asked about and recorded.
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
        "agent",
        name,
        parent,
        given,
        agent_id=agent_id,
        enforce=enforce,
        session_id=session_id,
        user_id=user_id,
    )
    span.input(input)
    about = {**given, "action": name, "actionInput": input}
    return Plan(
        AgentAction(boundary, span), {"text": text_of(input) or name, "metadata": about}, None
    )


record_agent_action = begun("record_agent_action", _plan)
arecord_agent_action = awaited("arecord_agent_action", _plan)
