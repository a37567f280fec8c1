"""Every error that the SDK raises.

`EnforcementHaltError` is the base of all decisions that mean "do not act". Everything else is a failure of some kind, and as no
decision was had, no leave to act either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = [
    "AgentPausedError",
    "ApprovalTimeoutError",
    "ApprovalVerificationError",
    "CertificateMismatchError",
    "EnforcementHaltError",
    "EnforcementUnavailableError",
    "ExeclaveAuthError",
    "ExeclaveError",
    "MetadataContractError",
    "PlanLimitExceededError",
    "PolicyBlockedError",
    "PolicyDeniedError",
    "QuestionTooLargeError",
    "QuotaExceededError",
    "ToolIntegrityError",
    "ValidatorDeniedError",
    "is_enforcement_error",
    "policy_blocked_error_from_violations",
]

Violation = dict[str, Any]


class ExeclaveError(Exception):
    """Base of all errors of this package.

    `status_code` and `body` are those of the server's answer, if there was one; `code` is the server's error code and
    `request_id` finds the request in its log. `retryable` says whether the same call may succeed a little later. `source` says
    where a decision was made: `"server"`, `"local"` for one of this process, `"approval"` for one about an approval; `None` if the
    error is no decision.
    """

    status_code: int | None = None
    body: str | None = None
    code: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    retryable: bool = False
    source: str | None = None

    def __reduce__(
        self,
    ) -> tuple[
        Callable[[type[ExeclaveError], tuple[Any, ...], dict[str, Any]], ExeclaveError],
        tuple[type[ExeclaveError], tuple[Any, ...], dict[str, Any]],
    ]:
        # Constructors take different arguments; a copy in another process is built without them.
        return _rebuild, (type(self), self.args, dict(self.__dict__))


def _rebuild(
    cls: type[ExeclaveError], args: tuple[Any, ...], attributes: dict[str, Any]
) -> ExeclaveError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(attributes)
    return error


class ExeclaveAuthError(ExeclaveError):
    """The server does not know the API key, or the key does not reach this far."""


class QuotaExceededError(ExeclaveError):
    """A limit of the plan is used up: `current` of `max` of `resource`."""

    def __init__(
        self,
        resource: str,
        current: int = 0,
        max: int = 0,
        message: str | None = None,
    ) -> None:
        super().__init__(message or f"Plan limit reached: {resource} ({current}/{max})")
        self.resource = resource
        self.current = current
        self.max = max


class PlanLimitExceededError(QuotaExceededError):
    """No decision, because the plan's limit is used up and `plan_limit_behavior` is `fail_closed`."""


class EnforcementHaltError(ExeclaveError):
    """Base of every decision that means "stop": the action must not happen."""


class AgentPausedError(EnforcementHaltError):
    """Somebody pulled the kill switch for agent `agent_id`; `reason` is what they said."""

    def __init__(
        self,
        agent_id: str | None = None,
        reason: str | None = None,
        message: str | None = None,
    ) -> None:
        if message is None:
            message = f"Agent '{agent_id}' is paused" + (f": {reason}" if reason else "")
        super().__init__(message)
        self.agent_id = agent_id
        self.reason = reason


class PolicyBlockedError(EnforcementHaltError):
    """A policy in `block` mode fired; `violations` says which, each with `policyType` and `message`."""

    def __init__(
        self, violations: Sequence[Violation] | None = None, message: str | None = None
    ) -> None:
        self.violations: list[Violation] = _sound(violations)
        self.decision_id: str | None = None
        super().__init__(message if message is not None else _blocked_message(self.violations))


class ValidatorDeniedError(PolicyBlockedError):
    """A custom validator said no; `validator_violations` are its."""

    @property
    def validator_violations(self) -> list[Violation]:
        """The violations that come from validators."""
        return _of_type(self.violations, "custom_validator")


class ToolIntegrityError(PolicyBlockedError):
    """A tool is not the one that was registered; `tool_violations` says which."""

    @property
    def tool_violations(self) -> list[Violation]:
        """The violations that come from tool integrity."""
        return _of_type(self.violations, "tool_integrity")


class PolicyDeniedError(EnforcementHaltError):
    """A person denied approval `approval_request_id`; `reason` is what they said."""

    def __init__(self, approval_request_id: str, reason: str | None = None) -> None:
        super().__init__(
            f"Approval '{approval_request_id}' was denied" + (f": {reason}" if reason else "")
        )
        self.approval_request_id = approval_request_id
        self.reason = reason


class ApprovalTimeoutError(EnforcementHaltError):
    """Nobody answered approval `approval_request_id` in time."""

    def __init__(self, approval_request_id: str) -> None:
        super().__init__(f"Approval '{approval_request_id}' was not answered in time")
        self.approval_request_id = approval_request_id


class CertificateMismatchError(EnforcementHaltError):
    """Approval `approval_request_id` does not cover this action; `reason` says why."""

    def __init__(self, approval_request_id: str, reason: str | None = None) -> None:
        super().__init__(
            f"Approval '{approval_request_id}' does not cover this action: {reason or 'unknown'}"
        )
        self.approval_request_id = approval_request_id
        self.reason = reason


class ApprovalVerificationError(EnforcementHaltError):
    """Whether approval `approval_request_id` covers this action could not be found out; see `cause`."""

    def __init__(self, approval_request_id: str, cause: BaseException | str | None = None) -> None:
        super().__init__(
            f"Approval '{approval_request_id}' could not be verified"
            + (f": {cause}" if cause else "")
        )
        self.approval_request_id = approval_request_id
        self.cause = cause


class EnforcementUnavailableError(EnforcementHaltError):
    """No decision could be had, and `enforcement_on_outage` is `fail_closed`."""

    def __init__(self, consecutive_failures: int = 0, last_error: str | None = None) -> None:
        super().__init__(
            f"No decision could be had after {consecutive_failures} failed attempts"
            + (f": {last_error}" if last_error else "")
        )
        self.consecutive_failures = consecutive_failures
        self.last_error = last_error


class QuestionTooLargeError(EnforcementHaltError):
    """The question is larger than the server takes (`status_code` 413), so nobody can decide about the action. Ask about less at a
    time: 8 MiB of JSON are the most that is sent, and a server or a proxy before it may be set to take less.
    """


class MetadataContractError(EnforcementHaltError):
    """A question holds what cannot be asked about as a whole; the message says where, why, and what to do."""


def is_enforcement_error(error: object) -> bool:
    """Tell a decision ("do not act") from every other error.

    Example:
        >>> is_enforcement_error(AgentPausedError("support")), is_enforcement_error(ValueError())
        (True, False)
    """
    return isinstance(error, EnforcementHaltError)


def policy_blocked_error_from_violations(
    violations: Sequence[Violation] | None,
) -> PolicyBlockedError:
    """Make the most specific error for what fired: a validator's first, then tool integrity's.

    Example:
        >>> str(policy_blocked_error_from_violations([{"policyType": "pii_access", "message": "an address"}]))
        'Execution blocked by policy: [pii_access] an address'
    """
    found = _sound(violations)
    if _of_type(found, "custom_validator"):
        return ValidatorDeniedError(found)
    if _of_type(found, "tool_integrity"):
        return ToolIntegrityError(found)
    return PolicyBlockedError(found)


def _sound(violations: object) -> list[Violation]:
    """The dicts among them: what a server writes there must not keep a block from being one."""
    listed = violations if isinstance(violations, (list, tuple)) else ()
    return [violation for violation in listed if isinstance(violation, dict)]


def _of_type(violations: Sequence[Violation], policy_type: str) -> list[Violation]:
    return [violation for violation in violations if violation.get("policyType") == policy_type]


def _blocked_message(violations: Sequence[Violation]) -> str:
    if not violations:
        return "Execution blocked by policy: the server did not allow it"
    parts = []
    for violation in violations:
        kind, message = violation.get("policyType"), violation.get("message")
        kind = kind if isinstance(kind, str) else "policy"
        parts.append(f"[{kind}] {'no reason given' if message is None else message}")
    return "Execution blocked by policy: " + "; ".join(parts)
