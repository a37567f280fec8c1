"""Who an agent is, and whom it may call."""

from __future__ import annotations

from typing import Any

from ._core import Core


class IdentityCalls(Core):
    """What a client asks about its agents' identity."""

    def get_agent_credential(self, agent_id: str) -> dict[str, Any]:
        """A proof of which agent it is, for whoever the agent speaks to: `credential`, `expiresAt`, `kid` and `jti`.

        Kept in memory until a minute before it ends. Raises `ExeclaveAuthError` if the agent is paused or the key may not ask.

        Example:
            >>> exe.get_agent_credential("support")["credential"].startswith("exe_agt_")
            True
        """
        return dict(self._native.get_agent_credential(agent_id, False))

    def authorize_agent_call(
        self, caller_agent_id: str, callee_agent_id: str, action: str
    ) -> dict[str, Any]:
        """Ask whether one agent may call another.

        Args:
            caller_agent_id: Who wants to call, by external id or the server's.
            callee_agent_id: Whom.
            action: `execute`, `read`, `write`, `delete`, `invoke`, `query`, `subscribe` or `delegate`.

        Returns:
            The server's answer, with the grant in `data`.

        Raises:
            ExeclaveAuthError: No grant allows it.

        Example:
            >>> _ = exe.register_agent("billing", "Billing")
            >>> try:
            ...     exe.authorize_agent_call("support", "billing", "invoke")
            ... except ExeclaveAuthError as refused:
            ...     print("no grant")
            no grant
        """
        answer = self._native.authorize_agent_call(caller_agent_id, callee_agent_id, action, False)
        return dict(answer)

    def discover_agents(self, capability: str | None = None) -> list[dict[str, Any]]:
        """Active agents (`id`, `agentId`, `name`, `capabilities`), those with this capability if one is named.

        Example:
            >>> [one["agentId"] for one in exe.discover_agents("search") if one["name"] == "Support"]
            ['support']
        """
        return list(self._native.discover_agents(capability, False))
