"""Governs AI agents: asks before an agent acts, records what it did, and obeys the kill switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

# Refuses a sub-interpreter before the native module is loaded.
from . import _interpreters as _interpreters  # isort: skip
from ._context import carry
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

if TYPE_CHECKING:
    from ._connectors import run_langchain, run_openai_chat

    __version__: str
else:

    def __getattr__(name: str) -> object:
        """Look up what few ask for when it is asked for: the version alone costs more than all the rest of the import."""
        if name in ("run_langchain", "run_openai_chat"):
            from . import _connectors

            return getattr(_connectors, name)
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import metadata

        try:
            return metadata.version("execlave-sdk")
        except metadata.PackageNotFoundError:
            return "0.0.0+local"


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
    "carry",
    "is_enforcement_error",
    "policy_blocked_error_from_violations",
    "run_langchain",
    "run_openai_chat",
]
