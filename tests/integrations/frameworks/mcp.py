"""The Model Context Protocol: a client session and a server in one process. There is no model, only the tool calls."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp import Client
from mcp.server.mcpserver import MCPServer
from scenario import Call, Scenario

from execlave import ExeclaveError
from execlave.integrations import instrument_mcp_session

MODES = ("async",)
GATES = frozenset({"tool", "output"})
KINDS = {"tool"}
HEARD: list[str] = []
TREE = False


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    return asyncio.run(converse(exe, agent, scenario, 2 if options.get("twice") else 1))


async def converse(exe: Any, agent: str, scenario: Scenario, times: int) -> str:
    server = MCPServer("scripted")
    server.add_tool(scenario.lookup, name="lookup")
    async with Client(server) as client:
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
    server = MCPServer("scripted")
    server.add_tool(scenario.lookup, name="lookup")
    return {"server": server}
