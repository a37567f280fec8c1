"""Agents and their tools: who they are, how they are, what they may use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import _native, _requests
from ._core import Core, logger
from .agent import Agent
from .exceptions import ExeclaveError


class AgentCalls(Core):
    """What a client asks about agents, and about the server itself."""

    def ping(self) -> bool:
        """Whether the server answers. Never raises; a wrong key is not noticed here.

        Example:
            >>> exe.ping()
            True
        """
        return bool(self._native.ping(False))

    def register_agent(
        self,
        agent_id: str,
        name: str,
        type: str = "chatbot",
        platform: str = "custom",
        environment: str | None = None,
        description: str | None = None,
        owner_email: str | None = None,
        allowed_data_sources: Sequence[str] | None = None,
        allowed_actions: Sequence[str] | None = None,
        requires_human_approval_for: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        autonomy_level: str | None = None,
    ) -> Agent:
        """Register an agent; call it at every start, the server keeps one agent per `agent_id` and environment.

        The first registered agent is the one that traces belong to which name none. Raises `ExeclaveAuthError` for a wrong key and
        `ExeclaveError` for a request that the server does not accept.

        Example:
            >>> agent = exe.register_agent("support", "Support", tags=["production"], allowed_actions=["search"])
            >>> agent.status
            'active'
        """
        fields = _requests.registration(
            agent_id,
            name,
            type,
            platform,
            environment or self.environment,
            description,
            owner_email,
            allowed_data_sources,
            allowed_actions,
            requires_human_approval_for,
            tags,
            metadata,
            autonomy_level,
        )
        return Agent(self, **self._native.register_agent(fields, False))

    def check_agent_status(self, agent_id: str | None = None) -> str:
        """Ask for an agent's status, by default of the first registered one.

        `"unknown"` if no agent is registered, `"error"` if the status cannot be had.

        Example:
            >>> exe.check_agent_status("support")
            'active'
        """
        wanted = agent_id or self._native.default_agent
        if wanted is None:
            return "unknown"
        try:
            return self._fetch_status(wanted)
        except ExeclaveError as error:
            logger.debug("status of %s: %s", wanted, error)
            return "error"

    def check_usage(self) -> dict[str, Any]:
        """Ask for `plan`, `agents`, `traces`, `users`, `policies` (each `{"current", "max"}`) and `upgradeUrl`.

        Example:
            >>> exe.check_usage()["agents"]["current"] >= 1
            True
        """
        return dict(self._native.check_usage(False))

    @staticmethod
    def tool_descriptor(
        server: str, tool: str, descriptor: Mapping[str, Any], description: str | None = None
    ) -> dict[str, Any]:
        """Fingerprint a tool, for `report_tool_baseline` and for the `tool_descriptors` of a question.

        `descriptorHash` is the SHA-256 of the descriptor's RFC 8785 form: the order of keys, the spelling of characters and
        `1.0` for `1` make no difference, and every language computes the same. Asks nobody.

        Example:
            >>> tool = Execlave.tool_descriptor("files", "read", {"parameters": {"path": "string"}})
            >>> len(tool["descriptorHash"])
            64
        """
        fields = {
            "server": server,
            "tool": tool,
            "descriptorHash": _native.descriptor_hash(descriptor),
        }
        return fields if description is None else {**fields, "description": description}

    def report_tool_baseline(
        self, agent_id: str, descriptors: Iterable[Mapping[str, Any]], reason: str = "manual"
    ) -> dict[str, Any]:
        """Pin the tools that an agent is known to use, as `tool_descriptor` gives them; returns all that are pinned.

        The servers that are named get exactly these tools. `reason` is `"manual"` or `"baseline_update"`.

        Example:
            >>> tool = Execlave.tool_descriptor("files", "read", {"parameters": {"path": "string"}})
            >>> _ = exe.report_tool_baseline("support", [tool])
            >>> exe.enforce_policy("support", "read it", tools=["read"], tool_descriptors=[tool])["allowed"]
            True
        """
        fields = _requests.baseline(descriptors, reason)
        return dict(self._native.report_tool_baseline(agent_id, fields, False))
