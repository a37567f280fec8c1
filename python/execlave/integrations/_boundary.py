"""The one place where an adapter asks for leave: what is asked, and what it means when no answer can be had.

Without a decision nothing happens under `fail_closed`, whatever the reason: a wrong key, a full rate limit, a proxy that answers in
HTML. Under `fail_open` the action goes ahead, and the client's bypass callback hears of it.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Mapping
from typing import Any

from .._arguments import present
from ..client import Execlave
from ..exceptions import EnforcementHaltError, ExeclaveError, PlanLimitExceededError
from ._sealed import sealed, sealed_text
from ._spans import Span, open_span
from ._texts import cut, rest

Decision = dict[str, Any]


class Boundary:
    """One agent's border between a framework and what its runs may do."""

    def __init__(
        self,
        framework: str,
        exe: Execlave,
        agent_id: str,
        *,
        enforce: bool = True,
        session_id: str | None = None,
        user_id: str | None = None,
    ) -> None:
        if not isinstance(agent_id, str) or not agent_id.strip():
            raise ValueError("agent_id must be the id of a registered agent, and not empty")
        self.framework = framework
        self.exe = exe
        self.agent_id = agent_id
        self.enforce = enforce
        self.session_id = session_id
        self.user_id = user_id
        self.logger = logging.getLogger(f"Execlave.{framework}")

    @property
    def paused(self) -> bool:
        """Whether the agent is known to be paused."""
        return self.exe._known_status(self.agent_id) == "paused"

    def ask(
        self,
        text: str,
        metadata: Mapping[str, Any],
        *,
        tools: list[str] | None = None,
        outputs: list[dict[str, Any]] | None = None,
        cost: float | None = None,
    ) -> Decision | None:
        """Ask whether an action may happen; raises if it may not. `None` if nobody was asked or nobody decided."""
        if not self.enforce:
            return None
        try:
            return self.exe.enforce_policy(**self._question(text, metadata, tools, outputs, cost))
        except Exception as error:
            self._without_decision(error)
            return None

    async def aask(
        self,
        text: str,
        metadata: Mapping[str, Any],
        *,
        tools: list[str] | None = None,
        outputs: list[dict[str, Any]] | None = None,
        cost: float | None = None,
    ) -> Decision | None:
        """`ask` without holding up the event loop."""
        if not self.enforce:
            return None
        try:
            return await self.exe.aenforce_policy(
                **self._question(text, metadata, tools, outputs, cost)
            )
        except Exception as error:
            self._without_decision(error)
            return None

    def ask_tool(self, tool: str, key: str, arguments: object) -> Decision | None:
        """Ask whether a tool may run with these arguments, which become the metadata `key`."""
        return self.ask(**self.tool_question(tool, {key: arguments}, arguments))

    async def aask_tool(self, tool: str, key: str, arguments: object) -> Decision | None:
        """`ask_tool` without holding up the event loop."""
        return await self.aask(**self.tool_question(tool, {key: arguments}, arguments))

    def tool_question(
        self, tool: str, metadata: Mapping[str, Any], arguments: object
    ) -> dict[str, Any]:
        """The arguments of `ask` for a tool that is to run with these arguments."""
        text = sealed_text(arguments) if arguments else f"tool:{tool}"
        return {"text": text, "metadata": metadata, "tools": [tool]}

    def scan(self, tool: str, output: object, arguments: object = None) -> None:
        """Ask whether the model may read what a tool returned; raises if it may not."""
        if not self.enforce:
            return
        try:
            self.exe.enforce_tool_output(self.agent_id, tool, output, input=arguments)
        except Exception as error:
            self._without_decision(error)

    async def ascan(self, tool: str, output: object, arguments: object = None) -> None:
        """`scan` without holding up the event loop."""
        if not self.enforce:
            return
        try:
            await self.exe.aenforce_tool_output(
                agent_id=self.agent_id, tool_name=tool, output=output, input=arguments
            )
        except Exception as error:
            self._without_decision(error)

    def span(self, kind: str, name: str, parent: Span | None = None, /, **metadata: Any) -> Span:
        """Open a span of a run; without a parent, below what the application has under way. Raises `AgentPausedError` alone."""
        return open_span(
            self.exe,
            kind=kind,
            name=name,
            parent=parent,
            agent_id=self.agent_id,
            session_id=self.session_id,
            user_id=self.user_id,
            metadata={**metadata, "framework": self.framework},
        )

    def _question(
        self,
        text: str,
        metadata: Mapping[str, Any],
        tools: list[str] | None,
        outputs: list[dict[str, Any]] | None,
        cost: float | None,
    ) -> dict[str, Any]:
        return {
            "agent_id": self.agent_id,
            "input": cut(text) or self.framework,
            **present(
                metadata=sealed(metadata) or None,
                estimated_cost=cost,
                tools=tools,
                tool_outputs=outputs or None,
                # What does not fit into the input is looked at too: nothing hides behind 4,000 characters.
                conversation_history=rest(text),
            ),
        }

    def _without_decision(self, error: Exception) -> None:
        """Raise `error` again, unless the client is to let actions go ahead without a decision; then say that one did."""
        decided = isinstance(error, (EnforcementHaltError, PlanLimitExceededError))
        if decided or self.exe.enforcement_on_outage != "fail_open":
            raise error
        self.logger.warning("no decision, the action goes ahead: %s", error)
        self.exe._report_bypass(
            present(
                reason="adapter_error",
                source=f"fail_open_{self.framework}",
                agentId=self.agent_id,
                timestamp=datetime.datetime.now(datetime.UTC).isoformat(),
                message=f"{type(error).__name__}: {error}",
                status=error.status_code if isinstance(error, ExeclaveError) else None,
            )
        )
