"""The Anthropic client: a gate before each message.

client = instrument_anthropic(Anthropic(), exe, agent_id="support")
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..client import Execlave
from ._answers import Answer
from ._boundary import Boundary
from ._clients import govern_client
from ._requests import Endpoint, Output
from ._texts import count, field, last_user_text, text_of

__all__ = ["instrument_anthropic"]


def instrument_anthropic(
    client: Any,
    exe: Execlave,
    *,
    agent_id: str,
    enforce: bool = True,
    session_id: str | None = None,
    user_id: str | None = None,
) -> Any:
    """Govern a client, synchronous or not, and those made of it by `with_options`; returns it. Doing it again changes nothing.

    Asked about: what the user said last, and what tools returned since the model spoke, before the request is sent. What tools the
    model then asks for is the application's to run, and to ask about. Raises `TypeError` if the client has no `messages`.
    """
    boundary = Boundary(
        "anthropic", exe, agent_id, enforce=enforce, session_id=session_id, user_id=user_id
    )
    return govern_client(boundary, client, (_MESSAGES, _BETA))


def _outputs(request: Mapping[str, Any]) -> list[Output]:
    messages = list(request.get("messages") or [])
    names: dict[Any, Any] = {}
    for message in messages:
        for block in _blocks(message):
            if field(block, "type") == "tool_use":
                names[field(block, "id")] = field(block, "name")
    found: list[Output] = []
    for message in reversed(messages):
        if field(message, "role") == "assistant":
            break
        found[:0] = [
            {
                "name": names.get(field(block, "tool_use_id")) or "tool",
                "output": field(block, "content"),
            }
            for block in _blocks(message)
            if field(block, "type") == "tool_result"
        ]
    return found


def _blocks(message: Any) -> list[Any]:
    content = field(message, "content")
    return list(content) if isinstance(content, (list, tuple)) else []


def _read(answer: Answer, event: Any) -> None:
    delta = field(event, "delta")
    if field(event, "type") == "content_block_delta":
        answer.texts.append(field(delta, "text") or "")
        return
    started = field(event, "message")
    message = started if started is not None else event
    answer.model = field(message, "model") or answer.model
    usage = field(message, "usage")
    if usage is not None:
        sent = count(usage, "input_tokens")
        answer.prompt = sent if sent is not None else answer.prompt
        answer.completion = count(usage, "output_tokens")
    if started is None and field(event, "content") is not None:
        answer.texts.append(text_of(field(event, "content")))


_MESSAGES = Endpoint(
    provider="anthropic",
    name="messages",
    paths=("/messages", "/messages/count_tokens"),
    text=lambda request: last_user_text(request.get("messages") or ""),
    outputs=_outputs,
    read=_read,
)

# The same paths with a query: by path it is the one above, and a client that only looks like the vendor's is governed by name.
_BETA = dataclasses.replace(_MESSAGES, name="beta.messages")
