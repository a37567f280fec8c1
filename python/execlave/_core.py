"""What every part of the client stands on: the native client, and where its news go."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._native import NativeVersions

if TYPE_CHECKING:
    from ._native import NativeClient

logger = logging.getLogger("Execlave")

Rejections = Callable[[list[dict[str, Any]]], object]


class Core:
    """The parts of a client that its calls share. `Execlave` fills it in."""

    environment: str
    async_mode: bool
    _native: NativeClient
    _on_enforcement_bypassed: Callable[[dict[str, Any]], object] | None
    _on_trace_rejected: Rejections | None

    @property
    def _versions(self) -> NativeVersions:
        return NativeVersions(self._native)

    @property
    def _closed(self) -> bool:
        return self._native.closed

    def _known_status(self, agent_id: str) -> str | None:
        return self._native.known_status(agent_id)

    def _fetch_status(self, agent_id: str) -> str:
        return str(self._native.check_agent_status(agent_id, False))

    async def _afetch_status(self, agent_id: str) -> str:
        return str(await self._native.check_agent_status(agent_id, True))

    def _decided(self, decision: tuple[dict[str, Any], dict[str, Any] | None]) -> dict[str, Any]:
        """Unpack what `enforce` brought, and tell of a bypass."""
        allowed, bypass = decision
        if bypass is not None:
            self._tell_bypass(bypass)
        return allowed

    def _delivered(self, report: dict[str, Any]) -> dict[str, Any]:
        """Tell of refused traces."""
        if report["rejected"]:
            report_rejected(self._on_trace_rejected, report["rejected"])
        return report

    def _report_bypass(self, bypass: dict[str, Any]) -> None:
        """Count an action that an adapter let go ahead, tell the server afterwards, and the application now."""
        self._native.report_bypass(bypass)
        self._tell_bypass(bypass)

    def _tell_bypass(self, bypass: dict[str, Any]) -> None:
        logger.warning(
            "action of agent %s went ahead without a decision: %s (%s)",
            bypass["agentId"],
            bypass["reason"],
            bypass.get("message", ""),
        )
        if self._on_enforcement_bypassed is not None:
            try:
                self._on_enforcement_bypassed(bypass)
            except Exception:
                logger.exception("on_enforcement_bypassed raised")


class Observer:
    """Hears of what happens in the background. Holds no reference to the client, so that a forgotten client can go."""

    def __init__(self, on_trace_rejected: Rejections | None) -> None:
        self._on_trace_rejected = on_trace_rejected

    def traces_rejected(self, rejected: list[dict[str, Any]]) -> None:
        """Traces that the server refused."""
        report_rejected(self._on_trace_rejected, rejected)

    def traces_lost(self, count: int, reason: str) -> None:
        """Traces that nobody will ever have."""
        logger.error("%d traces lost: %s", count, reason)

    def agent_status_changed(self, agent_id: str, status: str, reason: str | None) -> None:
        """Somebody paused an agent, or let it go on."""
        logger.warning("agent %s is %s%s", agent_id, status, f": {reason}" if reason else "")


def report_rejected(callback: Rejections | None, rejected: list[dict[str, Any]]) -> None:
    """Call the application's callback, or write to the log if it has none."""
    if callback is None:
        for trace in rejected:
            logger.error(
                "trace %s refused: %s (%s)", trace["traceId"], trace["message"], trace["code"]
            )
        return
    try:
        callback(rejected)
    except Exception:
        logger.exception("on_trace_rejected raised")
