"""A registered agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    def __repr__(self) -> str:
        return (
            f"Agent(agent_id={self.agent_id!r}, id={self.id!r}, "
            f"environment={self.environment!r}, status={self.status!r})"
        )
