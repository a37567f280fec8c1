"""What ran without a decision is in the server's records once the server is back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from support import Request, Scripted, Server, accept, eventually

from execlave import Execlave
from execlave.integrations._boundary import Boundary

Make = Callable[..., Execlave]


def reports(scripted: Scripted) -> list[dict[str, Any]]:
    return [request.json for request in scripted.requests("/api/v1/sdk/bypass-windows")]


def test_an_outage_is_reported_afterwards(own_server: Server) -> None:
    exe = Execlave(api_key=own_server.key, base_url=own_server.url, environment="development")
    exe.register_agent(agent_id="a", name="A")
    own_server.kill()
    for _ in range(5):
        assert exe.enforce_policy("a", "x")["source"].startswith("fail_open")
    own_server.start()
    exe.shutdown()
    windows = own_server.call("GET", "/api/v1/sdk/bypass-windows")["data"]
    by_reason = {window["reason"]: window for window in windows}
    assert set(by_reason) == {"network_error", "circuit_breaker_open"}
    assert sum(window["count"] for window in windows) == 5 == exe.bypass_count
    window = by_reason["network_error"]
    assert (window["count"], window["agentId"], window["consecutiveFailures"]) == (3, "a", 3)
    assert window["agentUuid"] and window["sdk"].startswith("execlave-sdk python ")
    assert window["firstAt"] <= window["lastAt"]


def outage(request: Request) -> Any:
    return (500, {}) if request.path.endswith("enforce") else accept(request)


def test_windows_are_by_agent_and_reason_and_sent_at_the_end(
    scripted: Scripted, client_of: Make
) -> None:
    exe = client_of()
    scripted.script = outage
    for agent in ("a", "b", "a"):
        exe.enforce_policy(agent, "x")
    scripted.script = accept
    exe.shutdown()
    (report,) = reports(scripted)
    assert set(report) == {"sdk", "sentAt", "windows"}
    counts = {window["agentId"]: window["count"] for window in report["windows"]}
    assert counts == {"a": 2, "b": 1}
    for window in report["windows"]:
        assert (window["reason"], window["source"], window["status"]) == (
            "server_error",
            "fail_open_server_error",
            500,
        )


def test_a_governed_answer_ends_the_window(scripted: Scripted, client_of: Make) -> None:
    exe = client_of()
    for _ in range(2):
        scripted.script = outage
        exe.enforce_policy("a", "x")
        scripted.script = accept
        exe.enforce_policy("a", "x")
    exe.shutdown()
    (report,) = reports(scripted)
    assert [window["count"] for window in report["windows"]] == [1, 1]
    assert len({window["windowId"] for window in report["windows"]}) == 2


@pytest.mark.parametrize("status", [401, 404, 429, 503])
def test_what_was_not_taken_is_not_forgotten_before_the_end(
    status: int, scripted: Scripted, client_of: Make, caplog: Any
) -> None:
    exe = client_of()
    scripted.script = outage
    exe.enforce_policy("a", "x")

    def refuse(request: Request) -> Any:
        if request.path.endswith("bypass-windows"):
            return status, {"error": {"code": "X", "message": "no"}}
        return accept(request)

    scripted.script = refuse
    exe.shutdown()
    assert len(reports(scripted)) == 1


def test_nothing_is_reported_if_it_is_turned_off_or_nothing_happened(
    scripted: Scripted, client_of: Make
) -> None:
    silent, content = client_of(report_bypasses_to_platform=False), client_of()
    scripted.script = outage
    silent.enforce_policy("a", "x")
    scripted.script = accept
    content.enforce_policy("a", "x")
    silent.shutdown()
    content.shutdown()
    assert reports(scripted) == []
    assert silent.bypass_count == 1


def test_the_end_does_not_wait_long_for_it(scripted: Scripted, client_of: Make) -> None:
    exe = client_of(request_timeout_seconds=30)
    scripted.script = outage
    exe.enforce_policy("a", "x")
    ended: list[float] = []

    def hang(request: Request) -> Any:
        if request.path.endswith("bypass-windows"):
            eventually(lambda: ended, 20)
        return accept(request)

    scripted.script = hang
    exe.shutdown()
    ended.append(1)
    assert len(reports(scripted)) == 1


def test_what_an_adapter_lets_go_ahead_counts_like_any_other(
    connect: Make, server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Half a character in a message is more than the log of a test run can carry.
    monkeypatch.setattr(logging.getLogger("Execlave"), "disabled", True)
    told: list[dict[str, Any]] = []
    exe = connect(on_enforcement_bypassed=told.append)
    agent = exe.register_agent(agent_id=name, name=name)
    bypass = {
        "reason": "adapter_error",
        "source": "fail_open_langchain",
        "agentId": name,
        "timestamp": "2026-11-30T08:00:00+00:00",
        "message": "ExeclaveError: no such field",
        "status": 400,
    }
    for _ in range(2):
        exe._report_bypass(bypass)
    exe._report_bypass(
        {**bypass, "agentId": "a\0\ud800" * 300, "source": "s" * 99, "message": "m\ud800" * 999}
    )
    assert (exe.bypass_count, len(told), told[0]) == (3, 3, bypass)
    exe.shutdown()
    listed = server.call("GET", f"/api/v1/sdk/bypass-windows?agentId={name}")["data"]
    (window,) = listed
    assert (window["count"], window["agentUuid"]) == (2, agent.id)
    for field in ("reason", "source", "message", "status"):
        assert window[field] == bypass[field]
    # What would make the server refuse the report is cut beforehand.
    every = server.call("GET", "/api/v1/sdk/bypass-windows?reason=adapter_error&limit=200")["data"]
    assert any(window["source"] == "s" * 64 for window in every)


@pytest.mark.parametrize("awaited", [False, True])
def test_an_adapter_that_gets_no_decision_is_counted(
    awaited: bool, scripted: Scripted, client_of: Make
) -> None:
    exe = client_of()
    scripted.script = lambda request: (400, {"error": {"code": "X", "message": "no such field"}})
    boundary = Boundary("langchain", exe, "a")
    if awaited:
        assert asyncio.run(boundary.aask_tool("search", "toolInput", "x")) is None
    else:
        assert boundary.ask_tool("search", "toolInput", "x") is None
    assert exe.bypass_count == 1
    scripted.script = accept
    exe.shutdown()
    ((window,),) = (report["windows"] for report in reports(scripted))
    assert (window["agentId"], window["reason"]) == ("a", "adapter_error")
    assert (window["source"], window["status"]) == ("fail_open_langchain", 400)
    # What the client itself let through is counted by it alone.
    other = client_of()
    scripted.script = outage
    assert Boundary("langchain", other, "a").ask_tool("search", "toolInput", "x")
    assert other.bypass_count == 1
