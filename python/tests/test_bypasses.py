"""What ran without a decision is in the server's records once the server is back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support import Request, Scripted, Server, accept, eventually

from execlave import Execlave

Make = Callable[..., Execlave]


def reports(scripted: Scripted) -> list[dict[str, Any]]:
    return [request.json for request in scripted.requests("/api/v1/sdk/bypass-windows")]


def test_an_outage_is_reported_afterwards(own_server: Server) -> None:
    exe = Execlave(
        api_key=own_server.key,
        base_url=own_server.url,
        environment="development",
        # Policies that came before the end of the server would decide.
        local_decisions=False,
    )
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
