"""Traces: how they are started, what they belong to, and how they get to the server."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from . import _context, _requests
from ._core import Core
from ._scope import TraceScope
from .trace import Trace

F = TypeVar("F", bound=Callable[..., Any])


class TraceCalls(Core):
    """What a client records."""

    def start_trace(
        self,
        trace_id: str | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Iterable[str] | None = None,
        environment: str | None = None,
        parent_trace_id: str | None = None,
        span_type: str | None = None,
    ) -> Trace:
        """Start a trace.

        Inside another trace, of a `with` block or a decorated function, it is a part of that one: it gets its parent, and its
        agent, session and user unless others are named. Otherwise it belongs to the agent that was registered first.

        Raises `AgentPausedError` if the agent is known to be paused, and `ExeclaveError` after `shutdown()`.
        """
        return self._start(
            trace_id,
            session_id,
            user_id,
            agent_id,
            metadata,
            tags,
            environment,
            parent_trace_id,
            span_type,
        )

    def _start(
        self,
        trace_id: str | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Iterable[str] | None = None,
        environment: str | None = None,
        parent_trace_id: str | None = None,
        span_type: str | None = None,
        name: str | None = None,
    ) -> Trace:
        parent = None if parent_trace_id else _context.current(self)
        if parent is not None:
            agent_id = agent_id or parent.agent_id
            session_id = session_id or parent.session_id
            user_id = user_id or parent.user_id
        native = self._native.start_trace(
            agent_id=agent_id, environment=environment, trace_id=trace_id
        )
        # A span that was given its tree's id is not the child of that tree.
        if parent is not None and parent.trace_id != native.trace_id:
            parent_trace_id = parent.trace_id
        if session_id is not None and session_id != "":
            native.set_session_id(session_id)
        if user_id is not None and user_id != "":
            native.set_user_id(user_id)
        if parent_trace_id is not None and parent_trace_id != "":
            native.set_parent_trace_id(parent_trace_id)
        if span_type is not None and span_type != "":
            native.set_span_type(span_type)
        trace = Trace(
            self,
            native,
            session_id=session_id,
            user_id=user_id,
            parent_trace_id=parent_trace_id,
            span_type=span_type,
        )
        if parent is not None:
            place = _context.lineage(parent, span_type, name)
            given = dict(metadata) if isinstance(metadata, Mapping) else {}
            trace._span_id = str(given.get("spanId") or place["spanId"])
            trace._root_trace_id = parent._root_trace_id
            trace.add_metadata(place)
        elif isinstance(metadata, Mapping) and metadata.get("spanId"):
            trace._span_id = str(metadata["spanId"])
        if metadata is not None:
            trace.add_metadata(metadata)
        if tags is not None:
            trace.add_tags(tags)
        return trace

    @overload
    def trace(self, func: F) -> F: ...

    @overload
    def trace(
        self,
        func: None = None,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        agent_id: str | None = None,
        tags: Iterable[str] | None = None,
        environment: str | None = None,
        parent_trace_id: str | None = None,
        span_type: str | None = None,
        capture_input: bool = True,
    ) -> TraceScope: ...

    def trace(
        self,
        func: F | None = None,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        agent_id: str | None = None,
        tags: Iterable[str] | None = None,
        environment: str | None = None,
        parent_trace_id: str | None = None,
        span_type: str | None = None,
        capture_input: bool = True,
    ) -> F | TraceScope:
        """Trace a function or a block: `@exe.trace`, `@exe.trace(agent_id=…)` or `with exe.trace(…) as trace`.

        Of a function, be it `def`, `async def` or a generator, arguments are recorded as input (unless `capture_input=False`),
        the result as output (of a generator the items, up to 1,000), and an exception as an error before it goes on. It only
        records: ask `enforce_policy` inside.

        A call or block raises `AgentPausedError` if the agent is known to be paused, and a block raises `ExeclaveError` after
        `shutdown()`; a function then runs untraced.
        """
        scope = TraceScope(
            self,
            {
                "session_id": session_id,
                "user_id": user_id,
                "metadata": metadata,
                "agent_id": agent_id,
                "tags": None if tags is None else list(tags),
                "environment": environment,
                "parent_trace_id": parent_trace_id,
                "span_type": span_type,
            },
            capture_input=capture_input,
        )
        return scope if func is None else scope(func)

    @overload
    def wrap(self, func: F) -> F: ...

    @overload
    def wrap(
        self,
        func: None = None,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        agent_id: str | None = None,
    ) -> TraceScope: ...

    def wrap(
        self,
        func: F | None = None,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        agent_id: str | None = None,
    ) -> F | TraceScope:
        """Another name for `trace`, for `traced = exe.wrap(function)`."""
        scope = self.trace(
            session_id=session_id, user_id=user_id, metadata=metadata, agent_id=agent_id
        )
        return scope if func is None else scope(func)

    def resolve_trace(
        self,
        trace_id: str,
        resolved_status: str,
        basis: str,
        effect_ref: str | None = None,
        acknowledgement_id: str | None = None,
        detail: str | None = None,
        observed_at: datetime.datetime | str | None = None,
    ) -> None:
        """Say what became of a trace whose effect was not certain when it ended. The trace itself stays as it is.

        `resolved_status` is `success`, `error` or `timeout`; `basis` is `read_back`, `callback`, `manual` or `reconciliation`;
        `observed_at` is now unless said otherwise. Raises `ExeclaveError` if the server refuses it.
        """
        fields = _requests.resolution(
            resolved_status, basis, effect_ref, acknowledgement_id, detail, observed_at
        )
        self._native.resolve_trace(trace_id, fields, False)

    def flush(self) -> dict[str, Any]:
        """Send what waits and say what became of it.

        `sent` counts the traces that the server stored, `rejected` lists those that it refused (`traceId`, `code`, `message`), and
        `undelivered` counts those that could not be delivered; they are tried again later.
        """
        return self._delivered(self._native.flush(False))

    @property
    def lost_traces(self) -> int:
        """How many traces will never be delivered: dropped from a full buffer, or given up on at the end."""
        return self._native.lost_traces

    @property
    def bypass_count(self) -> int:
        """How many actions went ahead without a decision."""
        return self._native.bypass_count

    def _trace_finished(self) -> None:
        if not self.async_mode:
            self.flush()
