"""What tools of a Model Context Protocol session say, and how it is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from scenario import framework
from support import Scripted, accept, sent_traces

from execlave import Execlave
from execlave.integrations import instrument_mcp_client, instrument_mcp_session


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Any:
    """The framework's module, in the environments that have MCP."""
    if "mcp" not in request.config.getoption("--frameworks").split(","):
        pytest.skip("for MCP only")
    return framework("mcp")


@pytest.fixture
def exe(scripted: Scripted, client_of: Callable[..., Execlave]) -> Execlave:
    scripted.script = accept
    return client_of(enforcement_on_outage="fail_closed")


def called(module: Any, exe: Execlave, tool: Callable[..., Any], **arguments: Any) -> Any:
    async def call() -> Any:
        async with module.connected(tool) as client:
            assert instrument_mcp_client(client, exe, agent_id="a") is client
            return await client.call_tool("lookup", arguments)

    return asyncio.run(call())


def recorded(exe: Execlave, scripted: Scripted) -> dict[str, Any]:
    exe.flush()
    (span,) = sent_traces(scripted)
    return span


def test_a_tool_that_says_it_failed_is_recorded_so(
    module: Any, exe: Execlave, scripted: Scripted
) -> None:
    def broken() -> str:
        raise module.ToolError("nothing there")

    result = called(module, exe, broken)
    assert getattr(result, "isError", False) or result.is_error
    span = recorded(exe, scripted)
    assert span["status"] == "error"
    assert "nothing there" in span["errorMessage"]


def test_the_texts_of_a_result_are_joined(module: Any, exe: Execlave, scripted: Scripted) -> None:
    def several(key: str) -> list[str]:
        return [key, "two"]

    called(module, exe, several, key="one")
    span = recorded(exe, scripted)
    assert (span["output"], span["metadata"]["mcpTool"]) == ("one\ntwo", "lookup")
    question = scripted.requests("/api/v1/policies/enforce")[0].json
    assert (question["tools"], question["metadata"]) == (
        ["lookup"],
        {"toolArguments": {"key": "one"}},
    )


@pytest.mark.parametrize("session", [object(), SimpleNamespace(call_tool="lookup")])
def test_a_session_without_tools_is_refused(session: Any, exe: Execlave) -> None:
    with pytest.raises(TypeError, match="call_tool"):
        instrument_mcp_session(session, exe, agent_id="a")
