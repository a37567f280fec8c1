"""Governs AI agents: asks before an agent acts, records what it did, and obeys the kill switch."""

from __future__ import annotations

from importlib import metadata as _metadata

from .agent import Agent
from .client import Execlave, ExeclaveClient
from .exceptions import (
    AgentPausedError,
    ApprovalTimeoutError,
    ApprovalVerificationError,
    CertificateMismatchError,
    EnforcementHaltError,
    EnforcementUnavailableError,
    ExeclaveAuthError,
    ExeclaveError,
    MetadataContractError,
    PlanLimitExceededError,
    PolicyBlockedError,
    PolicyDeniedError,
    QuotaExceededError,
    ToolIntegrityError,
    ValidatorDeniedError,
    is_enforcement_error,
    policy_blocked_error_from_violations,
)
from .prompt import PromptVersion
from .trace import Trace

try:
    __version__ = _metadata.version("execlave-sdk")
except _metadata.PackageNotFoundError:
    __version__ = "0.0.0+local"

__all__ = [
    "Agent",
    "AgentPausedError",
    "ApprovalTimeoutError",
    "ApprovalVerificationError",
    "CertificateMismatchError",
    "EnforcementHaltError",
    "EnforcementUnavailableError",
    "Execlave",
    "ExeclaveAuthError",
    "ExeclaveClient",
    "ExeclaveError",
    "MetadataContractError",
    "PlanLimitExceededError",
    "PolicyBlockedError",
    "PolicyDeniedError",
    "PromptVersion",
    "QuotaExceededError",
    "ToolIntegrityError",
    "Trace",
    "ValidatorDeniedError",
    "__version__",
    "is_enforcement_error",
    "policy_blocked_error_from_violations",
]
