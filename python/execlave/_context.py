"""Which trace is under way: a trace that is opened inside another one knows its parent.

The answer is a context variable, so that tasks, and threads that run in a copied context, inherit it. A trace that has ended is
nobody's parent: where blocks are left in another order than they were entered, as generators may, the innermost one that is
still open counts.
"""

from __future__ import annotations

import contextvars
import functools
import os
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from .trace import Trace

P = ParamSpec("P")
R = TypeVar("R")

SPAN_KINDS = frozenset({"agent", "chain", "llm", "tool", "retriever", "guardrail", "handoff"})

_current: ContextVar[Trace | None] = ContextVar("execlave_trace", default=None)


def current(client: object) -> Trace | None:
    """The innermost open trace of this client."""
    trace = _current.get()
    while trace is not None and (trace._native.finished or trace._client is not client):
        trace = trace._outer
    return trace


def enter(trace: Trace) -> None:
    """Make a trace the innermost one, for as long as it is open."""
    outer = _current.get()
    if outer is not trace:
        # Only what is open is kept: a chain of ended traces must not grow for ever.
        while outer is not None and outer._native.finished:
            outer = outer._outer
        trace._outer = outer
        _current.set(trace)


def leave(trace: Trace) -> None:
    """Make the trace around this one the innermost, unless something else is by now."""
    if _current.get() is trace:
        _current.set(trace._outer)


def innermost(traces: Iterable[Trace]) -> Trace | None:
    """The innermost of these that was entered here, be it open or not."""
    trace = _current.get()
    while trace is not None and all(trace is not one for one in traces):
        trace = trace._outer
    return trace


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function that runs inside the trace which is open now, in whatever thread it is called.

    New threads and the threads of a pool know nothing of the trace around the call that started them:
    `pool.submit(carry(work), item)`. The other context variables are carried along.

    Example:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with exe.trace(agent_id="support") as outer, ThreadPoolExecutor() as pool:
        ...     inner = pool.submit(carry(exe.start_trace)).result()
        >>> inner.parent_trace_id == outer.trace_id
        True
    """
    context = contextvars.copy_context()

    @functools.wraps(function)
    def carried(*args: P.args, **kwargs: P.kwargs) -> R:
        # A context can be entered once at a time, and a pool calls the function in many threads.
        return context.copy().run(function, *args, **kwargs)

    return carried


def lineage(parent: Trace, kind: str | None, name: str | None) -> dict[str, Any]:
    """The metadata that places a trace below its parent."""
    place: dict[str, Any] = {
        "spanId": new_span_id(),
        "parentSpanId": parent._span(),
        "rootTraceId": parent._root_trace_id,
    }
    if isinstance(kind, str) and kind in SPAN_KINDS:
        place["spanKind"] = kind
    if name:
        place["spanName"] = name
    return place


def given_span_id(metadata: object) -> str | None:
    """The span id that a caller put into the metadata of a trace, if there is a text."""
    try:
        given = metadata.get("spanId") if isinstance(metadata, Mapping) else None
        return str(given) if isinstance(given, (str, int)) and given else None
    except Exception:
        # Such metadata are described for the record like anything else.
        return None


def new_span_id() -> str:
    """A random span id. Not by `secrets`, which brings much that nothing else here needs."""
    return f"sp_{os.urandom(8).hex()}"
