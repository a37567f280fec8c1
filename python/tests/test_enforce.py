"""Decisions against a server that misbehaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from support import CLOSE, Request, Scripted, accept

import execlave
from execlave import Execlave, is_enforcement_error

Make = Callable[..., Execlave]

VIOLATION = {"policyType": "pii_access", "message": "an e-mail address", "severity": "high"}
PAUSED = {"policyType": "system", "ruleId": "system.agent_paused", "message": "paused"}
LIMIT = {"code": "PLAN_LIMIT_EXCEEDED", "resource": "maxTracesPerMonth", "current": 5, "max": 5}


def always(*reply: Any) -> Callable[[Any], Any]:
    return lambda request: reply


def refused(client: Execlave, **question: Any) -> execlave.ExeclaveError:
    with pytest.raises(execlave.ExeclaveError) as caught:
        client.enforce_policy("a", "x", **question)
    return caught.value


def test_everything_asked_reaches_the_wire(scripted: Scripted, client_of: Make) -> None:
    scripted.script = always(200, {"allowed": True, "warnings": [VIOLATION]})
    result = client_of().enforce_policy(
        agent_id="a",
        input="hello",
        environment="staging",
        metadata={},
        estimated_cost=0.02,
        tools=["search"],
        tool_descriptors=[{"server": "s", "tool": "t", "descriptorHash": "00"}],
        conversation_history=[{"role": "user", "content": "before"}],
        tool_outputs=[{"name": "t", "output": {"a": (1, 2)}}],
    )
    assert result == {"allowed": True, "warnings": [VIOLATION], "source": "server"}
    assert scripted.seen[0].json == {
        "agentId": "a",
        "input": "hello",
        "environment": "staging",
        "metadata": {},
        "estimatedCost": 0.02,
        "tools": ["search"],
        "toolDescriptors": [{"server": "s", "tool": "t", "descriptorHash": "00"}],
        "conversationHistory": [{"role": "user", "content": "before"}],
        "toolOutputs": [{"name": "t", "input": None, "output": {"a": [1, 2]}}],
    }


def test_what_is_unset_is_absent(scripted: Scripted, client_of: Make) -> None:
    scripted.script = accept
    client_of().enforce_policy("a", "x", tools=[], conversation_history=[], tool_outputs=[])
    sent = scripted.seen[0].json
    assert sent == {"agentId": "a", "input": "x", "environment": "production", "tools": []}


def test_what_is_given_empty_is_part_of_the_action_that_is_approved(
    scripted: Scripted, client_of: Make
) -> None:
    """Absent and empty are different actions, on both sides."""

    def script(request: Request) -> Any:
        if request.path.endswith("enforce"):
            return 202, {"allowed": False, "requiresApproval": True, "approvalRequestId": "ap1"}
        if request.path.endswith("verify"):
            return 200, {"data": {"valid": True}}
        return 200, {"data": {"id": "ap1", "status": "approved"}}

    scripted.script = script
    exe = client_of()
    where = {"input": "x", "environment": "production"}
    for given, context in (
        ({}, where),
        ({"metadata": {}, "tools": []}, {**where, "metadata": {}, "tools": []}),
        (
            {"metadata": {"a": None}, "estimated_cost": 0},
            {**where, "metadata": {"a": None}, "estimatedCost": 0},
        ),
        ({"tool_outputs": [{"name": "t", "output": 1}], "conversation_history": []}, where),
    ):
        scripted.seen.clear()
        assert exe.enforce_policy("a", "x", **given)["allowed"] is True
        (asked,) = scripted.requests("/api/v1/policies/enforce")
        (verified,) = scripted.requests("/api/v1/approvals/ap1/verify")
        assert verified.json == {"actionContext": context}
        assert {key: asked.json[key] for key in context} == context


def test_tool_output(scripted: Scripted, client_of: Make) -> None:
    scripted.script = accept
    client_of().enforce_tool_output("a", "search", {"hits": 3}, input="q", metadata={"k": 1})
    sent = scripted.seen[0].json
    assert sent["input"] == "tool_output:search"
    assert sent["toolOutputs"] == [{"name": "search", "input": "q", "output": {"hits": 3}}]
    assert sent["metadata"] == {"k": 1}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, {"allowed": False, "violations": [VIOLATION]}, execlave.PolicyBlockedError),
        (403, {"allowed": False, "violations": [PAUSED]}, execlave.AgentPausedError),
        (403, {"error": {"code": "FORBIDDEN", "message": "m"}}, execlave.ExeclaveAuthError),
        (403, b"<html>", execlave.ExeclaveAuthError),
        (401, {"error": {"code": "INVALID_API_KEY", "message": "m"}}, execlave.ExeclaveAuthError),
        (200, {"allowed": False}, execlave.PolicyBlockedError),
        (200, {"violations": []}, execlave.PolicyBlockedError),
        (202, {"allowed": False, "requiresApproval": True}, execlave.PolicyBlockedError),
        (202, {"allowed": True}, execlave.PolicyBlockedError),
        (400, {"error": {"code": "VALIDATION_ERROR", "message": "m"}}, execlave.ExeclaveError),
        (404, {"error": "a bare string"}, execlave.ExeclaveError),
        (429, {"error": {"code": "RATE_LIMITED", "message": "m"}}, execlave.ExeclaveError),
        (302, b"", execlave.ExeclaveError),
    ],
)
@pytest.mark.parametrize("outage", ["fail_open", "fail_closed"])
def test_an_answer_that_is_no_leave_raises(
    status: int, body: Any, expected: type, outage: str, scripted: Scripted, client_of: Make
) -> None:
    scripted.script = always(status, body, {"Retry-After": "60"} if status == 429 else {})
    client = client_of(enforcement_on_outage=outage)
    error = refused(client)
    assert type(error) is expected
    assert client.bypass_count == 0


def test_a_block_carries_its_violations(scripted: Scripted, client_of: Make) -> None:
    body = {"allowed": False, "violations": [VIOLATION], "decisionId": "d1"}
    scripted.script = always(403, body)
    error = refused(client_of())
    assert isinstance(error, execlave.PolicyBlockedError)
    assert error.violations == [VIOLATION]
    assert (error.decision_id, error.source) == ("d1", "server")
    assert str(error) == "Execution blocked by policy: [pii_access] an e-mail address"


def test_a_pause_carries_agent_and_reason(scripted: Scripted, client_of: Make) -> None:
    scripted.script = always(403, {"allowed": False, "violations": [PAUSED]})
    error = refused(client_of())
    assert isinstance(error, execlave.AgentPausedError)
    assert (error.agent_id, error.reason, error.source) == ("a", "paused", "server")


def test_errors_carry_what_the_server_said(scripted: Scripted, client_of: Make) -> None:
    envelope = {"code": "NOT_FOUND", "message": "no agent `a`", "requestId": "r7"}
    scripted.script = always(404, {"error": envelope})
    error = refused(client_of())
    assert str(error) == "API request failed (404): no agent `a`"
    assert (error.status_code, error.code, error.request_id) == (404, "NOT_FOUND", "r7")
    assert error.body is not None and "no agent" in error.body
    assert (error.retryable, error.source) == (False, None)


@pytest.mark.parametrize(
    ("script", "source", "reason"),
    [
        (lambda request: CLOSE, "fail_open_network_error", "network_error"),
        (always(503, {}), "fail_open_server_error", "server_error"),
        (always(200, b"<html>garbage"), "fail_open_server_error", "server_error"),
        (always(402, {"error": LIMIT}), "fail_open_plan_limit", "plan_limit_exceeded"),
    ],
)
def test_failing_open_is_visible(
    script: Any, source: str, reason: str, scripted: Scripted, client_of: Make, caplog: Any
) -> None:
    events: list[dict[str, Any]] = []
    scripted.script = script
    client = client_of(on_enforcement_bypassed=events.append)
    result = client.enforce_policy("a", "x")
    assert (result["allowed"], result["source"]) == (True, source)
    [event] = events
    assert (event["reason"], event["source"], event["agentId"]) == (reason, source, "a")
    assert event["timestamp"].endswith("Z")
    assert "without a decision" in caplog.text
    assert client.bypass_count == 1


def test_a_callback_that_raises_is_no_concern_of_the_action(
    scripted: Scripted, client_of: Make
) -> None:
    def callback(event: dict[str, Any]) -> None:
        raise RuntimeError("in the callback")

    scripted.script = always(500, {})
    client = client_of(on_enforcement_bypassed=callback)
    assert client.enforce_policy("a", "x")["allowed"] is True


def test_failing_closed(scripted: Scripted, client_of: Make) -> None:
    scripted.script = lambda request: CLOSE
    client = client_of(enforcement_on_outage="fail_closed")
    error = refused(client)
    assert isinstance(error, execlave.EnforcementUnavailableError)
    assert error.consecutive_failures == 3 and error.last_error
    assert is_enforcement_error(error) and error.retryable
    asked = len(scripted.requests("/api/v1/policies/enforce"))
    refused(client)
    assert len(scripted.requests("/api/v1/policies/enforce")) == asked == 3


def test_a_plan_that_fails_closed(scripted: Scripted, client_of: Make) -> None:
    scripted.script = always(402, {"error": LIMIT})
    client = client_of(plan_limit_behavior="fail_closed")
    error = refused(client)
    assert isinstance(error, execlave.PlanLimitExceededError)
    assert (error.resource, error.current, error.max) == ("maxTracesPerMonth", 5, 5)
    assert not is_enforcement_error(error)
    # It is known for a minute, and costs no request until then.
    assert type(refused(client)) is execlave.PlanLimitExceededError
    assert len(scripted.seen) == 1


def test_what_the_plan_refused_keeps_what_the_server_said(
    scripted: Scripted, client_of: Make
) -> None:
    limit = {**LIMIT, "resource": "agents", "message": "ask your administrator"}
    scripted.script = always(402, {"error": limit})
    client = client_of(plan_limit_behavior="fail_closed")
    with pytest.raises(execlave.QuotaExceededError) as registered:
        client.register_agent(agent_id="a", name="A")
    for error in (refused(client), refused(client), registered.value):
        assert (error.status_code, error.code) == (402, "PLAN_LIMIT_EXCEEDED")
        assert str(error) == "Plan limit reached: agents (5/5): ask your administrator"
        assert error.body is not None and "administrator" in error.body
    # Another limit than that of traces is asked about every time.
    assert len(scripted.requests("/api/v1/policies/enforce")) == 2


def test_failing_open_takes_no_longer_than_the_timeout(scripted: Scripted, client_of: Make) -> None:
    over = threading.Event()

    def hang(request: Any) -> Any:
        over.wait()
        return 200, {"allowed": True}

    scripted.script = hang
    client = client_of(request_timeout_seconds=0.5)
    for quick in (client.ping, lambda: client.check_agent_status("a") == "active"):
        started = time.monotonic()
        assert quick() is False
        assert time.monotonic() - started < 4
    # The server answers nothing until the call has given up on it.
    assert client.enforce_policy("a", "x")["source"] == "fail_open_network_error"
    over.set()


def test_a_known_pause_beats_fail_open(scripted: Scripted, client_of: Make) -> None:
    scripted.script = always(403, {"allowed": False, "violations": [PAUSED]})
    client = client_of()
    refused(client)
    scripted.script = lambda request: CLOSE
    assert isinstance(refused(client), execlave.AgentPausedError)
    assert client.enforce_policy("b", "x")["source"] == "fail_open_network_error"


def test_retry_after_is_honoured(scripted: Scripted, client_of: Make) -> None:
    replies = iter([(429, {}, {"Retry-After": "1"}), (200, {"allowed": True})])
    scripted.script = lambda request: next(replies)
    started = time.monotonic()
    assert client_of().enforce_policy("a", "x")["source"] == "server"
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize(
    "question",
    [
        {"estimated_cost": float("nan")},
        {"estimated_cost": "much"},
        {"conversation_history": [{"role": "tool", "content": "x"}]},
        {"tool_descriptors": [{"server": "s"}]},
        {"tool_outputs": ["x"]},
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_and_no_outage(
    question: Any, scripted: Scripted, client_of: Make
) -> None:
    scripted.script = accept
    client = client_of()
    assert "Invalid request" in str(refused(client, **question))
    assert scripted.seen == [] and client.bypass_count == 0


def test_many_threads_share_a_client(scripted: Scripted, client_of: Make) -> None:
    scripted.script = accept
    client = client_of()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                with client.start_trace() as trace:
                    trace.set_output(client.enforce_policy("a", "x"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    client.flush()
    sent = sum(len(r.json["traces"]) for r in scripted.requests("/api/v1/traces/ingest"))
    assert sent == 400


def test_usage_in_both_forms(scripted: Scripted, client_of: Make) -> None:
    for data in (
        {"plan": "free", "usage": {"agents": {"current": 1, "max": 3}}, "upgradeUrl": "u"},
        {"plan": "free", "agents": {"current": 1, "max": 3}, "upgradeUrl": "u"},
    ):
        scripted.script = always(200, {"data": data})
        assert client_of().check_usage() == {
            "plan": "free",
            "agents": {"current": 1, "max": 3},
            "traces": {"current": 0, "max": 0},
            "users": {"current": 0, "max": 0},
            "policies": {"current": 0, "max": 0},
            "upgradeUrl": "u",
        }
    scripted.script = always(402, {"error": LIMIT})
    with pytest.raises(execlave.QuotaExceededError):
        client_of().check_usage()


def test_status_without_an_agent_or_a_server(scripted: Scripted, client_of: Make) -> None:
    client = client_of()
    assert client.check_agent_status() == "unknown"
    scripted.script = always(500, {})
    assert client.check_agent_status("a") == "error"
    scripted.script = always(200, {"data": {}})
    assert client.check_agent_status("a") == "active"
