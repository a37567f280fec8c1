"""A registered agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import _requests
from .exceptions import ExeclaveError
from .prompt import PromptVersion

if TYPE_CHECKING:
    from ._core import Core

__all__ = ["Agent"]


class Agent:
    """An agent that this process registered.

    `id` is the server's id for it, `agent_id` the application's own, `environment` where it runs.
    """

    def __init__(
        self,
        client: Core,
        *,
        id: str,
        agent_id: str,
        name: str,
        environment: str,
        status: str = "active",
    ) -> None:
        self._client = client
        self.id = id
        self.agent_id = agent_id
        self.name = name
        self.environment = environment
        self._status = status

    @property
    def status(self) -> str:
        """The last known status: `active`, `paused`, `inactive`, `archived` or `error`."""
        known = self._client._known_status(self.id)
        if known is not None:
            self._status = known
        return self._status

    @property
    def is_paused(self) -> bool:
        """Whether the agent is known to be paused."""
        return self.status == "paused"

    def refresh_status(self) -> str:
        """Ask the server for the status and return it. Raises `ExeclaveError` if it cannot be had."""
        self._status = self._client._fetch_status(self.id)
        return self._status

    async def arefresh_status(self) -> str:
        """As `refresh_status`."""
        self._status = await self._client._afetch_status(self.id)
        return self._status

    def deploy_prompt(
        self,
        prompt_template: str,
        system_message: str | None = None,
        model_name: str | None = None,
        model_parameters: Mapping[str, Any] | None = None,
        change_type: str = "minor",
        change_description: str | None = None,
        description: str | None = None,
        version_tag: str | None = None,
        environment: str | None = None,
        require_approval: bool = True,
    ) -> PromptVersion:
        """Make the next version of the agent's prompt.

        Args:
            prompt_template: The text.
            system_message: The text before it.
            model_name: The model it is for.
            model_parameters: How the model is called, such as `temperature` and `max_tokens`.
            change_type: What kind of change it is; recorded where nothing describes the change.
            change_description: What is different.
            description: The same, where `change_description` is not given.
            version_tag: What you call it.
            environment: Where it is to run. Without one it is made and runs nowhere yet, see `promote_to_production`, unless
                `require_approval` is false: then it runs where the agent does.
            require_approval: Whether somebody else has to say yes before it runs there.

        Raises:
            ExeclaveError: The server refused the request.
        """
        fields = _requests.prompt(
            self.id,
            prompt_template,
            system_message,
            model_name,
            model_parameters,
            change_description or description or change_type,
            version_tag,
        )
        version = self._version(self._client._versions.create(fields, False))
        if environment is None and require_approval:
            return version
        return version._deploy(environment or self.environment, require_approval)

    async def adeploy_prompt(
        self,
        prompt_template: str,
        system_message: str | None = None,
        model_name: str | None = None,
        model_parameters: Mapping[str, Any] | None = None,
        change_type: str = "minor",
        change_description: str | None = None,
        description: str | None = None,
        version_tag: str | None = None,
        environment: str | None = None,
        require_approval: bool = True,
    ) -> PromptVersion:
        """As `deploy_prompt`."""
        fields = _requests.prompt(
            self.id,
            prompt_template,
            system_message,
            model_name,
            model_parameters,
            change_description or description or change_type,
            version_tag,
        )
        version = self._version(await self._client._versions.create(fields, True))
        if environment is None and require_approval:
            return version
        return await version._adeploy(environment or self.environment, require_approval)

    def get_current_prompt(self) -> PromptVersion | None:
        """The version that runs where the agent does, else the newest one that runs anywhere; `None` if none does."""
        return self._running(self._client._versions.current(self.id, self.environment, False))

    async def aget_current_prompt(self) -> PromptVersion | None:
        """As `get_current_prompt`."""
        return self._running(await self._client._versions.current(self.id, self.environment, True))

    def list_prompt_versions(self) -> list[PromptVersion]:
        """All versions of the agent's prompt, newest first."""
        return [self._version(one) for one in self._client._versions.list(self.id, False)]

    async def alist_prompt_versions(self) -> list[PromptVersion]:
        """As `list_prompt_versions`."""
        return [self._version(one) for one in await self._client._versions.list(self.id, True)]

    def promote_to_production(
        self,
        version_id: str,
        require_approval: bool = False,
        deployment_notes: str | None = None,
    ) -> PromptVersion:
        """Let a version run in production, with `require_approval` once somebody else says yes.

        Raises `ExeclaveError` if it waits for a yes already or was rejected, and `require_approval` is false.
        """
        fields = _requests.deployment("production", require_approval, deployment_notes)
        return self._version(self._client._versions.deploy(version_id, fields, False))

    async def apromote_to_production(
        self,
        version_id: str,
        require_approval: bool = False,
        deployment_notes: str | None = None,
    ) -> PromptVersion:
        """As `promote_to_production`."""
        fields = _requests.deployment("production", require_approval, deployment_notes)
        return self._version(await self._client._versions.deploy(version_id, fields, True))

    def rollback_to_version(
        self, version_number: int, reason: str = "Rollback requested"
    ) -> PromptVersion:
        """Let a version run again wherever it ran before.

        Raises `ExeclaveError` if there is no version of that number, or if it never ran.
        """
        version = self._numbered(self.list_prompt_versions(), version_number)
        return self._version(self._client._versions.roll_back(version.id, reason, False))

    async def arollback_to_version(
        self, version_number: int, reason: str = "Rollback requested"
    ) -> PromptVersion:
        """As `rollback_to_version`."""
        version = self._numbered(await self.alist_prompt_versions(), version_number)
        return self._version(await self._client._versions.roll_back(version.id, reason, True))

    def _version(self, fields: dict[str, Any]) -> PromptVersion:
        return PromptVersion(self._client._versions, fields)

    def _running(self, fields: dict[str, Any] | None) -> PromptVersion | None:
        return None if fields is None else self._version(fields)

    def _numbered(self, versions: list[PromptVersion], number: int) -> PromptVersion:
        for version in versions:
            if version.version_number == number:
                return version
        raise ExeclaveError(f"Prompt version {number} of agent '{self.agent_id}' not found")

    def __repr__(self) -> str:
        return (
            f"Agent(agent_id={self.agent_id!r}, id={self.id!r}, "
            f"environment={self.environment!r}, status={self.status!r})"
        )
