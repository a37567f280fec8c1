"""The Model Context Protocol: a gate before each tool call of a client session, and before what the tool returned is handed on.

session = instrument_mcp_session(session, exe, agent_id="support")
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..client import Execlave
from ._boundary import Boundary
from ._instrumented import govern
from ._texts import field, text_of

__all__ = ["instrument_mcp_client", "instrument_mcp_session"]


def instrument_mcp_session(
    session: Any,
    exe: Execlave,
    *,
    agent_id: str,
    enforce: bool = True,
    session_id: str | None = None,
    user_id: str | None = None,
) -> Any:
    """Govern the tool calls of a session; returns it. Doing it again changes nothing.

    Raises `TypeError` if it has no `call_tool`.
    """
    if not callable(getattr(session, "call_tool", None)):
        raise TypeError("the session has no call_tool")
    boundary = Boundary(
        "mcp", exe, agent_id, enforce=enforce, session_id=session_id, user_id=user_id
    )
    govern(session, "call_tool", functools.partial(_governed, boundary))
    return session


instrument_mcp_client = instrument_mcp_session


def _governed(boundary: Boundary, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def call_tool(name: str, arguments: Any = None, *args: Any, **kwargs: Any) -> Any:
        span = boundary.span("tool", name, mcpTool=name).input(arguments)
        try:
            span.decision(await boundary.aask_tool(name, "toolArguments", arguments or {}))
            result = await original(name, arguments, *args, **kwargs)
            text = text_of(field(result, "content"))
            span.output(text)
            structured = field(result, "structured_content", field(result, "structuredContent"))
            output = text if structured is None else {"text": text, "structured": structured}
            await boundary.ascan(name, output, arguments)
        except Exception as error:
            span.finish(error)
            raise
        failed = field(result, "is_error", field(result, "isError", False))
        span.finish(_ToolFailed(text) if failed else None)
        return result

    return call_tool


class _ToolFailed(Exception):
    """What a tool said of its own failure."""
