"""The Model Context Protocol: a client session and a server in one process. There is no model, only the tool calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import mcp
from scenario import Call, Scenario

from execlave import ExeclaveError
from execlave.integrations import instrument_mcp_session

try:
    from mcp.server.mcpserver.exceptions import ToolError
except ImportError:
    ToolError = RuntimeError  # type: ignore[misc, assignment]

NEWEST = hasattr(mcp, "Client")
MODES = ("async",)
GATES = frozenset({"tool", "output"})
KINDS = {"tool"}
HEARD: list[str] = []
TREE = False


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    return asyncio.run(converse(exe, agent, scenario, 2 if options.get("twice") else 1))


def connected(tool: Callable[..., Any]) -> AbstractAsyncContextManager[Any]:
    """A client of a server with one tool, `lookup`; before there was `Client`, a session."""
    return mcp.Client(server_with(tool)) if NEWEST else session_with(tool)


def server_with(tool: Callable[..., Any]) -> Any:
    from mcp.server.mcpserver import MCPServer

    server = MCPServer("scripted")
    server.add_tool(tool, name="lookup")
    return server


def session_with(tool: Callable[..., Any]) -> AbstractAsyncContextManager[Any]:
    from mcp.server import Server
    from mcp.shared.memory import create_connected_server_and_client_session
    from mcp.types import TextContent

    server: Any = Server("scripted")

    @server.call_tool()
    async def call_tool(name: str, arguments: dict[str, Any]) -> list[TextContent]:
        result = tool(**arguments)
        texts = result if isinstance(result, list) else [result]
        return [TextContent(type="text", text=text) for text in texts]

    return create_connected_server_and_client_session(server)


async def converse(exe: Any, agent: str, scenario: Scenario, times: int) -> str:
    async with connected(scenario.lookup) as client:
        try:
            for _ in range(times):
                instrument_mcp_session(client, exe, agent_id=agent, session_id="s-1", user_id="u-1")
            for step in scenario.steps:
                if isinstance(step, Call):
                    await client.call_tool("lookup", {"key": step.key})
            return str(scenario.steps[-1])
        except (ExeclaveError, ValueError) as error:
            # Out of the client's own block it would come in a group.
            refusal: Exception = error
    raise refusal


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    return {"server": server_with(scenario.lookup)}
