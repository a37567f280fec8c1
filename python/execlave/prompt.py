"""A version of an agent's prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _requests

if TYPE_CHECKING:
    from ._native import NativeVersions

__all__ = ["PromptVersion"]


class PromptVersion:
    """A version of an agent's prompt. What it says never changes; where it runs is as of the last answer of the server."""

    def __init__(self, native: NativeVersions, fields: dict[str, Any]) -> None:
        self._native = native
        self._fields = fields

    @property
    def id(self) -> str:
        """The server's id for it."""
        return str(self._fields["id"])

    @property
    def version_number(self) -> int:
        """From 1, without gaps."""
        return int(self._fields["versionNumber"])

    @property
    def version_tag(self) -> str | None:
        """What its developers call it."""
        return self._fields.get("versionTag")

    @property
    def prompt_content(self) -> str | None:
        """The text."""
        return self._fields.get("promptContent")

    @property
    def system_prompt(self) -> str | None:
        """The text before it."""
        return self._fields.get("systemPrompt")

    @property
    def model_name(self) -> str | None:
        """The model it is for."""
        return self._fields.get("modelName")

    @property
    def model_parameters(self) -> dict[str, Any]:
        """How the model is called."""
        return dict(self._fields.get("modelParameters") or {})

    @property
    def approval_status(self) -> str:
        """`pending`, `approved`, `rejected` or `deployed`."""
        return str(self._fields["approvalStatus"])

    @property
    def is_active(self) -> bool:
        """Whether it runs in some environment."""
        return bool(self._fields["isDeployed"])

    @property
    def deployments(self) -> list[dict[str, Any]]:
        """How it stands in each environment: `environment`, `status`, who asked and who answered."""
        return list(self._fields.get("deployments", ()))

    def promote_to_production(
        self, require_approval: bool = False, deployment_notes: str | None = None
    ) -> PromptVersion:
        """Let it run in production, with `require_approval` once somebody else says yes. Returns itself.

        Raises `ExeclaveError` if it waits for a yes already or was rejected, and `require_approval` is false.
        """
        return self._deploy("production", require_approval, deployment_notes)

    async def apromote_to_production(
        self, require_approval: bool = False, deployment_notes: str | None = None
    ) -> PromptVersion:
        """As `promote_to_production`."""
        return await self._adeploy("production", require_approval, deployment_notes)

    def _deploy(
        self, environment: str, require_approval: bool, deployment_notes: str | None = None
    ) -> PromptVersion:
        fields = _requests.deployment(environment, require_approval, deployment_notes)
        self._fields = self._native.deploy(self.id, fields, False)
        return self

    async def _adeploy(
        self, environment: str, require_approval: bool, deployment_notes: str | None = None
    ) -> PromptVersion:
        fields = _requests.deployment(environment, require_approval, deployment_notes)
        self._fields = await self._native.deploy(self.id, fields, True)
        return self

    def __repr__(self) -> str:
        return (
            f"PromptVersion(version_number={self.version_number!r}, id={self.id!r}, "
            f"approval_status={self.approval_status!r})"
        )
