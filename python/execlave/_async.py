"""The calls that wait, for coroutines: the same names with an `a` in front.

Each runs on the native runtime and takes no thread of its own, however many are under way. Cancelling the task that awaits one
ends it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from . import _requests
from ._core import Core, logger
from .agent import Agent
from .exceptions import ExeclaveError

if TYPE_CHECKING:
    import asyncio


def settle(future: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    """Complete a future, unless it was cancelled meanwhile. Called by the event loop on behalf of the native module."""
    if future.done():
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)


class AsyncCalls(Core):
    """What may be awaited."""

    async def aping(self) -> bool:
        """As `ping`."""
        return bool(await self._native.ping(True))

    async def aregister_agent(
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
        """As `register_agent`."""
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
        return Agent(self, **await self._native.register_agent(fields, True))

    async def acheck_agent_status(self, agent_id: str | None = None) -> str:
        """As `check_agent_status`."""
        wanted = agent_id or self._native.default_agent
        if wanted is None:
            return "unknown"
        try:
            return await self._afetch_status(wanted)
        except ExeclaveError as error:
            logger.debug("status of %s: %s", wanted, error)
            return "error"

    async def aget_agent_credential(self, agent_id: str) -> dict[str, Any]:
        """As `get_agent_credential`."""
        return dict(await self._native.get_agent_credential(agent_id, True))

    async def aauthorize_agent_call(
        self, caller_agent_id: str, callee_agent_id: str, action: str
    ) -> dict[str, Any]:
        """As `authorize_agent_call`."""
        call = self._native.authorize_agent_call(caller_agent_id, callee_agent_id, action, True)
        return dict(await call)

    async def adiscover_agents(self, capability: str | None = None) -> list[dict[str, Any]]:
        """As `discover_agents`."""
        return list(await self._native.discover_agents(capability, True))

    async def acheck_usage(self) -> dict[str, Any]:
        """As `check_usage`."""
        return dict(await self._native.check_usage(True))

    async def aenforce_policy(
        self,
        agent_id: str,
        input: str,
        *,
        environment: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        estimated_cost: float | None = None,
        tools: Sequence[str] | None = None,
        tool_descriptors: Sequence[Mapping[str, Any]] | None = None,
        conversation_history: Sequence[Mapping[str, Any]] | None = None,
        tool_outputs: Sequence[Mapping[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """As `enforce_policy`; a person's answer is awaited as well."""
        fields = _requests.question(
            agent_id,
            input,
            environment,
            metadata,
            estimated_cost,
            tools,
            tool_descriptors,
            conversation_history,
            tool_outputs,
        )
        return self._decided(await self._native.enforce(fields, True))

    async def aenforce_tool_output(
        self,
        agent_id: str,
        tool_name: str,
        output: object,
        *,
        input: object = None,
        environment: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """As `enforce_tool_output`."""
        return await self.aenforce_policy(
            agent_id,
            f"tool_output:{tool_name}",
            environment=environment,
            metadata=metadata,
            tool_outputs=[{"name": tool_name, "input": input, "output": output}],
        )

    async def averify_approval(
        self, approval_id: str, action_context: Mapping[str, Any]
    ) -> dict[str, Any]:
        """As `verify_approval`."""
        return dict(await self._native.verify_approval(approval_id, action_context, True))

    async def aresolve_trace(
        self,
        trace_id: str,
        resolved_status: str,
        basis: str,
        effect_ref: str | None = None,
        acknowledgement_id: str | None = None,
        detail: str | None = None,
        observed_at: datetime.datetime | str | None = None,
    ) -> None:
        """As `resolve_trace`."""
        fields = _requests.resolution(
            resolved_status, basis, effect_ref, acknowledgement_id, detail, observed_at
        )
        await self._native.resolve_trace(trace_id, fields, True)

    async def areport_tool_baseline(
        self, agent_id: str, descriptors: Iterable[Mapping[str, Any]], reason: str = "manual"
    ) -> dict[str, Any]:
        """As `report_tool_baseline`."""
        fields = _requests.baseline(descriptors, reason)
        return dict(await self._native.report_tool_baseline(agent_id, fields, True))

    async def areport_agent_metadata(
        self,
        agent_id: str,
        version_label: str | None = None,
        git_commit: str | None = None,
        deployed_at: object = None,
        notes: str | None = None,
        activate: bool = False,
    ) -> dict[str, Any]:
        """As `report_agent_metadata`."""
        fields = _requests.build(version_label, git_commit, deployed_at, notes, activate)
        return dict(await self._versions.report(agent_id, fields, True))

    async def aflush(self) -> dict[str, Any]:
        """As `flush`."""
        return self._delivered(await self._native.flush(True))

    async def ashutdown(self) -> None:
        """As `shutdown`."""
        self._delivered(await self._native.shutdown(True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.ashutdown()
