from __future__ import annotations

import pickle
from typing import Any

import pytest

import execlave
from execlave import exceptions

VIOLATION = {"policyType": "pii_access", "message": "an e-mail address", "severity": "high"}

HALTS = [
    execlave.AgentPausedError("a", "drill"),
    execlave.PolicyBlockedError([VIOLATION]),
    execlave.ValidatorDeniedError([{"policyType": "custom_validator", "message": "no"}]),
    execlave.ToolIntegrityError([{"policyType": "tool_integrity", "message": "no"}]),
    execlave.PolicyDeniedError("ap", "why"),
    execlave.ApprovalTimeoutError("ap"),
    execlave.CertificateMismatchError("ap", "certificate_expired"),
    execlave.ApprovalVerificationError("ap", ValueError("x")),
    execlave.EnforcementUnavailableError(3, "down"),
    execlave.MetadataContractError("x"),
    execlave.QuestionTooLargeError("x"),
]
OTHERS = [
    execlave.ExeclaveError("x"),
    execlave.ExeclaveAuthError("x"),
    execlave.QuotaExceededError("agents", 1, 1),
    execlave.PlanLimitExceededError("agents", 1, 1),
]


@pytest.mark.parametrize("error", HALTS, ids=lambda e: type(e).__name__)
def test_a_decision_is_told_from_a_failure(error: Exception) -> None:
    assert execlave.is_enforcement_error(error)
    assert isinstance(error, execlave.ExeclaveError)


@pytest.mark.parametrize("error", OTHERS, ids=lambda e: type(e).__name__)
def test_a_failure_is_no_decision(error: Exception) -> None:
    assert not execlave.is_enforcement_error(error)
    assert isinstance(error, execlave.ExeclaveError)


@pytest.mark.parametrize("error", HALTS + OTHERS, ids=lambda e: type(e).__name__)
def test_every_error_survives_a_trip_to_another_process(error: execlave.ExeclaveError) -> None:
    error.status_code, error.source = 418, "local"
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert (copy.status_code, copy.source) == (418, "local")


def test_a_block_says_which_policies() -> None:
    error = execlave.policy_blocked_error_from_violations([VIOLATION, {"policyType": "x"}])
    assert type(error) is execlave.PolicyBlockedError
    assert str(error) == (
        "Execution blocked by policy: [pii_access] an e-mail address; [x] no reason given"
    )


def test_the_most_specific_block_wins() -> None:
    both = [
        {"policyType": "tool_integrity", "message": "t"},
        {"policyType": "custom_validator", "message": "v"},
    ]
    error = execlave.policy_blocked_error_from_violations(both)
    assert isinstance(error, execlave.ValidatorDeniedError)
    assert error.validator_violations == both[1:]
    error = execlave.policy_blocked_error_from_violations(both[:1])
    assert isinstance(error, execlave.ToolIntegrityError)
    assert error.tool_violations == both[:1]
    assert execlave.policy_blocked_error_from_violations(None).violations == []


def test_odd_violations_make_a_block_all_the_same() -> None:
    odd: Any
    for odd in ("x", 1, {"policyType": "x"}, ["x", None, 1, ["y"]]):
        assert execlave.policy_blocked_error_from_violations(odd).violations == []
    odd = [{"policyType": ["custom_validator"], "message": None}]
    error = execlave.policy_blocked_error_from_violations(odd)
    assert str(error) == "Execution blocked by policy: [policy] no reason given"


def test_everything_is_exported() -> None:
    assert set(exceptions.__all__) <= set(execlave.__all__)
    assert issubclass(execlave.PlanLimitExceededError, execlave.QuotaExceededError)


def test_the_package_has_every_name_that_the_published_one_has() -> None:
    published = {"Agent", "Execlave", "ExeclaveClient", "Trace", "__version__"}
    published |= {"is_enforcement_error", "policy_blocked_error_from_violations"}
    published |= {"run_langchain", "run_openai_chat"}
    published |= {name for name in exceptions.__all__ if name.endswith("Error")}
    published -= {"QuestionTooLargeError"}
    assert len(published) == 24 and published <= set(execlave.__all__)
    for name in published:
        assert hasattr(execlave, name)
