"""Every framework without a decision: closed means closed, and open is visible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scenario import Scenario
from support import CLOSE, Request, Scripted, accept

import execlave
from execlave import Execlave

ClientOf = Callable[..., Execlave]

PENDING = {"allowed": False, "approvalRequestId": "apr-1", "requiresApproval": True}

TROUBLE: dict[str, Any] = {
    "wrong-key": (401, {"error": {"code": "UNAUTHENTICATED", "message": "no such key"}}),
    "gone": CLOSE,
    "bad-request": (400, {"error": {"code": "INVALID", "message": "no"}}),
    "over-the-plan": (402, {"error": {"code": "PLAN", "message": "no"}}),
    "proxy": (403, b"<html>Forbidden</html>"),
    "too-many": (429, {"error": {"code": "RATE_LIMITED", "message": "slow down"}}),
    "broken": (500, {"error": {"code": "INTERNAL", "message": "sorry"}}),
    "garbage": (200, b"\x00 no json"),
    "no-answer": (200, {}),
    "lost-approval": (202, PENDING),
}


def troubled(reply: Any) -> Callable[[Request], Any]:
    """A server that takes everything but questions, and knows of no approval."""

    def script(request: Request) -> Any:
        if request.path.endswith("/policies/enforce"):
            return reply
        if "/approvals" in request.path:
            return 404, {"error": {"code": "NOT_FOUND", "message": "no such approval"}}
        return accept(request)

    return script


@pytest.mark.trouble(*TROUBLE)
def test_closed_means_that_nothing_happens(
    played: Any, trouble: str, scripted: Scripted, client_of: ClientOf
) -> None:
    module, mode = played
    exe = client_of(enforcement_on_outage="fail_closed", plan_limit_behavior="fail_closed")
    scripted.script = troubled(TROUBLE[trouble])
    scenario = Scenario()
    with pytest.raises(execlave.ExeclaveError):
        module.play(exe, "a", scenario, mode)
    assert (scenario.seen, scenario.executed) == ([], [])


@pytest.mark.gate("tool")
@pytest.mark.trouble(*TROUBLE)
def test_closed_in_mid_run_means_that_the_tool_does_not_run(
    played: Any, trouble: str, scripted: Scripted, client_of: ClientOf
) -> None:
    module, mode = played
    exe = client_of(enforcement_on_outage="fail_closed", plan_limit_behavior="fail_closed")
    broken = troubled(TROUBLE[trouble])

    scripted.script = lambda request: (
        broken(request)
        if "/approvals" in request.path
        or (request.path.endswith("/policies/enforce") and "tools" in request.json)
        else accept(request)
    )
    scenario = Scenario()
    with pytest.raises(execlave.ExeclaveError):
        module.play(exe, "a", scenario, mode)
    assert scenario.executed == []


@pytest.mark.trouble("wrong-key", "gone", "proxy", "garbage")
def test_open_goes_ahead_and_says_so(
    played: Any, trouble: str, scripted: Scripted, client_of: ClientOf
) -> None:
    module, mode = played
    bypasses: list[dict[str, Any]] = []
    exe = client_of(on_enforcement_bypassed=bypasses.append)
    scripted.script = troubled(TROUBLE[trouble])
    scenario = Scenario()
    assert "it is blue" in module.play(exe, "a", scenario, mode)
    assert scenario.executed == ["a"]
    assert bypasses and {bypass["agentId"] for bypass in bypasses} == {"a"}
