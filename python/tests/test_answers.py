"""Whatever a server answers, a caller sees a decision or a documented error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support import Request, Scripted

import execlave
from execlave import Execlave

Make = Callable[..., Execlave]

ODD: list[Any] = [
    None,
    True,
    0,
    1e308,
    -(2**70),
    "x",
    "\x00\ud83d\ude00",
    [],
    ["x"],
    [None, 1, [["x"]]],
    {},
    {"policyType": "x"},
    [{}],
    [{"policyType": ["x"]}],
    [{"policyType": {"a": 1}, "message": ["y"]}],
    [{"policyType": None, "message": None}, "x", {"policyType": "t", "message": "m"}],
    [{"policyType": "custom_validator"}, {"policyType": ["tool_integrity"]}],
    [{"policyType": "tool_integrity", "policyName": 1, "ruleId": []}],
]


def answering(*answers: tuple[int, Any]) -> Callable[[Request], Any]:
    """The answers to a question, to a look at its approval, and to its verification."""

    def script(request: Request) -> Any:
        if request.path.endswith("/policies/enforce"):
            return answers[0]
        if request.path.endswith("/verify"):
            return answers[-1]
        return answers[1] if "/approvals/" in request.path else (200, {})

    return script


def outcome(exe: Execlave) -> Exception:
    with pytest.raises(execlave.ExeclaveError) as raised:
        exe.enforce_policy("a", "x")
    assert str(raised.value)
    return raised.value


def test_a_403_that_says_no_is_a_block(scripted: Scripted, client_of: Make) -> None:
    exe = client_of()
    for odd in ODD:
        scripted.script = answering((403, {"allowed": False, "violations": odd, "decisionId": odd}))
        error = outcome(exe)
        assert isinstance(error, execlave.PolicyBlockedError), odd
        assert all(isinstance(violation, dict) for violation in error.violations)
        scripted.script = answering((200, {"allowed": odd, "violations": odd}))
        if odd is not True:
            assert isinstance(outcome(exe), execlave.PolicyBlockedError), odd
    pause = [{"policyType": "system", "message": ["x"], "ruleId": 1}]
    scripted.script = answering((403, {"allowed": False, "violations": pause}))
    assert isinstance(outcome(exe), execlave.AgentPausedError)


def test_a_202_that_names_no_approval_is_a_block(scripted: Scripted, client_of: Make) -> None:
    exe = client_of()
    for odd in ODD:
        body = {"allowed": True, "approvalRequestId": odd, "violations": odd}
        scripted.script = answering((202, body), (404, {}))
        expected = (
            execlave.ApprovalVerificationError
            if isinstance(odd, str)
            else execlave.PolicyBlockedError
        )
        assert isinstance(outcome(exe), expected), odd


def test_a_402_is_a_limit(scripted: Scripted, client_of: Make) -> None:
    exe = client_of(plan_limit_behavior="fail_closed")
    for odd in ODD:
        fields = {"code": odd, "resource": odd, "current": odd, "max": odd, "message": odd}
        for body in (odd, {"error": odd}, {"error": fields}):
            scripted.script = answering((402, body))
            assert isinstance(outcome(exe), execlave.PlanLimitExceededError), body
            scripted.script = lambda request, body=body: (402, body)
            with pytest.raises(execlave.QuotaExceededError):
                exe.check_usage()


def test_what_a_person_said_is_read_however_it_is_written(
    scripted: Scripted, client_of: Make
) -> None:
    exe = client_of()
    asked = (202, {"allowed": False, "approvalRequestId": "ap"})
    for odd in ODD:
        for status, expected in (
            ("denied", execlave.PolicyDeniedError),
            ("expired", execlave.ApprovalTimeoutError),
            ("cancelled", execlave.PolicyDeniedError),
        ):
            said = (200, {"data": {"status": status, "decisionReason": odd, "id": odd}})
            scripted.script = answering(asked, said)
            assert isinstance(outcome(exe), expected), odd


def test_a_verdict_that_is_none_lets_nothing_through(scripted: Scripted, client_of: Make) -> None:
    exe = client_of()
    asked = (202, {"allowed": False, "approvalRequestId": "ap"})
    approved = (200, {"data": {"status": "approved"}})
    for odd in ODD:
        verdicts: list[Any] = [{"valid": False, "reason": odd}]
        if odd is not True:
            verdicts += [{"valid": odd}]
        verdicts += [
            {"valid": True, "certificate": {"signature": odd, "keyId": odd}},
            {"valid": True, "certificate": {"signature": odd, "keyId": "k", "approvalId": "other"}},
        ]
        for verdict in verdicts:
            scripted.script = answering(asked, approved, (200, {"data": verdict}))
            error = outcome(exe)
            halts = (execlave.CertificateMismatchError, execlave.ApprovalVerificationError)
            assert isinstance(error, halts), (odd, verdict)
            answer = exe.verify_approval("ap", {"input": "x"})
            assert answer.keys() == verdict.keys()
