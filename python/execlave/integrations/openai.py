"""The OpenAI client: a gate before each chat completion and each response.

client = instrument_openai(OpenAI(), exe, agent_id="support")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..client import Execlave
from ._answers import Answer
from ._boundary import Boundary
from ._clients import govern_client
from ._requests import Endpoint, Output
from ._texts import count, field, last_user_text, text_of

__all__ = ["instrument_openai"]


def instrument_openai(
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
    model then asks for is the application's to run, and to ask about. Raises `TypeError` if the client has no `chat.completions`.
    """
    boundary = Boundary(
        "openai", exe, agent_id, enforce=enforce, session_id=session_id, user_id=user_id
    )
    return govern_client(boundary, client, (_CHAT, _RESPONSES))


def _chat_outputs(request: Mapping[str, Any]) -> list[Output]:
    messages = list(request.get("messages") or [])
    names = {
        field(call, "id"): field(field(call, "function"), "name")
        for message in messages
        for call in field(message, "tool_calls") or []
    }
    found: list[Output] = []
    for message in reversed(messages):
        if field(message, "role") == "assistant":
            break
        if field(message, "role") in ("tool", "function"):
            name = names.get(field(message, "tool_call_id")) or field(message, "name") or "tool"
            found.insert(0, {"name": name, "output": field(message, "content")})
    return found


def _read_chat(answer: Answer, event: Any) -> None:
    answer.model = field(event, "model") or answer.model
    usage = field(event, "usage")
    if usage is not None:
        answer.prompt = count(usage, "prompt_tokens")
        answer.completion = count(usage, "completion_tokens")
    for choice in field(event, "choices") or []:
        message = field(choice, "message") or field(choice, "delta")
        answer.texts.append(field(message, "content") or "")


def _response_text(request: Mapping[str, Any]) -> str:
    said = request.get("input")
    if isinstance(said, list):
        said = [item for item in said if field(item, "type") in (None, "message")]
    return last_user_text(said)


def _response_outputs(request: Mapping[str, Any]) -> list[Output]:
    items = request.get("input")
    if not isinstance(items, list):
        return []
    names = {
        field(item, "call_id"): field(item, "name")
        for item in items
        if field(item, "type") == "function_call"
    }
    found: list[Output] = []
    for item in reversed(items):
        if field(item, "type") == "function_call" or field(item, "role") == "assistant":
            break
        if str(field(item, "type", "")).endswith("_output"):
            name = names.get(field(item, "call_id")) or "tool"
            found.insert(0, {"name": name, "output": field(item, "output")})
    return found


def _read_response(answer: Answer, event: Any) -> None:
    if field(event, "type") == "response.output_text.delta":
        answer.texts.append(field(event, "delta") or "")
        return
    streamed = field(event, "response")
    response = streamed if streamed is not None else event
    answer.model = field(response, "model") or answer.model
    usage = field(response, "usage")
    if usage is not None:
        answer.prompt = count(usage, "input_tokens")
        answer.completion = count(usage, "output_tokens")
    if streamed is None and field(event, "output") is not None:
        answer.texts.append(text_of(field(event, "output")))


_CHAT = Endpoint(
    provider="openai",
    name="chat.completions",
    paths=("/chat/completions",),
    text=lambda request: last_user_text(request.get("messages") or ""),
    outputs=_chat_outputs,
    read=_read_chat,
)

_RESPONSES = Endpoint(
    provider="openai",
    name="responses",
    paths=("/responses", "/responses/compact", "/responses/input_tokens"),
    text=_response_text,
    outputs=_response_outputs,
    read=_read_response,
)
