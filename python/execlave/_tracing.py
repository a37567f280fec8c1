"""Traces: how they are started, what they belong to, and how they get to the server."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from . import _context, _requests
from ._arguments import is_unset, kept, listed
from ._core import Core
from ._scope import TraceScope
from .exceptions import ExeclaveError
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

        Example:
            >>> trace = exe.start_trace(agent_id="support", session_id="s1", user_id="u1")
            >>> trace.set_input("hello").set_output("hi").set_model("gpt-4o").set_tokens(12, 3).set_cost(0.0002).finish()
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
        parent = _context.current(self) if is_unset(parent_trace_id) else None
        if parent is not None:
            agent_id = parent.agent_id if is_unset(agent_id) else agent_id
            session_id = parent.session_id if is_unset(session_id) else session_id
            user_id = parent.user_id if is_unset(user_id) else user_id
        native = self._native.start_trace(
            agent_id=agent_id, environment=environment, trace_id=trace_id
        )
        # A span that was given its tree's id is not the child of that tree.
        if parent is not None and parent.trace_id != native.trace_id:
            parent_trace_id = parent.trace_id
        if not is_unset(session_id):
            native.set_session_id(session_id)
        if not is_unset(user_id):
            native.set_user_id(user_id)
        if not is_unset(parent_trace_id):
            native.set_parent_trace_id(parent_trace_id)
        if not is_unset(span_type):
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
            trace._span_id = _context.given_span_id(metadata) or place["spanId"]
            trace._root_trace_id = parent._root_trace_id
            trace.add_metadata(place)
        else:
            trace._span_id = _context.given_span_id(metadata)
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

        A call or block raises `AgentPausedError` if the agent is known to be paused. After `shutdown()` this raises
        `ExeclaveError`, and a function that was decorated before runs untraced.

        Example:
            >>> @exe.trace(agent_id="support", span_type="tool")
            ... def search(query: str) -> list[str]:
            ...     return [query.upper()]
            >>> search("refunds")
            ['REFUNDS']
            >>> with exe.trace(agent_id="support") as trace:
            ...     _ = trace.set_input("the inner trace gets this one as its parent")
            ...     search("again")
            ['AGAIN']
        """
        if self._closed:
            raise ExeclaveError("the client is shut down; make a new one")
        scope = TraceScope(
            self,
            {
                "session_id": session_id,
                "user_id": user_id,
                "metadata": metadata,
                "agent_id": agent_id,
                "tags": kept(tags, listed),
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
        """Another name for `trace`, for `traced = exe.wrap(function)`.

        Example:
            >>> exe.wrap(str.upper, agent_id="support")("hello")
            'HELLO'
        """
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

        Example:
            >>> trace = exe.start_trace(agent_id="support")
            >>> trace.finish(status="effect_unconfirmed")
            >>> exe.flush()["rejected"]
            []
            >>> exe.resolve_trace(trace.trace_id, "success", "read_back", effect_ref="order-7")
        """
        fields = _requests.resolution(
            resolved_status, basis, effect_ref, acknowledgement_id, detail, observed_at
        )
        self._native.resolve_trace(trace_id, fields, False)

    def flush(self) -> dict[str, Any]:
        """Send what waits and say what became of it.

        `sent` counts the traces that the server stored, `rejected` lists those that it refused (`traceId`, `code`, `message`) and
        that are not sent again, and `undelivered` counts those that could not be delivered; they wait, and are tried again later.
        What is given up meanwhile is in none of them, but counted in `lost_traces`.

        Example:
            >>> exe.start_trace(agent_id="support").finish()
            >>> exe.flush()["undelivered"]
            0
        """
        return self._delivered(self._native.flush(False))

    @property
    def lost_traces(self) -> int:
        """How many traces will never be delivered: dropped from a full buffer, given up at the end, or after many failures."""
        return self._native.lost_traces

    @property
    def bypass_count(self) -> int:
        """How many actions went ahead without a decision."""
        return self._native.bypass_count

    def _trace_finished(self) -> None:
        if not self.async_mode:
            self.flush()
