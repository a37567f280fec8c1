"""Spans: the steps of one run, recorded as traces that share the run's trace id.

Inside a run the parent is always named, never guessed from a thread: frameworks run steps in threads and tasks of their own.
"""

from __future__ import annotations

import contextvars
import functools
import logging
import secrets
from collections.abc import Mapping
from typing import Any

from .. import _context
from ..client import Execlave
from ..exceptions import AgentPausedError, EnforcementHaltError
from ..trace import Trace
from ._excerpts import excerpt
from ._sealed import recorded_value

logger = logging.getLogger("Execlave")

_DECISION = ("allowed", "mode", "source", "warnings", "requiresApproval")


class Span:
    """One step. After the client's shutdown it records nothing, and still has its place in the tree."""

    def __init__(self, trace: Trace | None, span_id: str, kind: str) -> None:
        self.trace = trace
        self.span_id = span_id
        self.kind = kind
        self.finished = False

    def input(self, value: object) -> Span:
        """Record what went in."""
        if self.trace is not None:
            self.trace.set_input(excerpt(recorded_value(value)))
        return self

    def output(self, value: object) -> Span:
        """Record what came out."""
        if self.trace is not None:
            self.trace.set_output(excerpt(recorded_value(value)))
        return self

    def decision(self, decision: Mapping[str, Any] | None) -> Span:
        """Record what was decided about the step, without its reasons."""
        if self.trace is not None and decision is not None:
            kept = {name: decision[name] for name in _DECISION if name in decision}
            self.trace.add_metadata({"enforcement": kept})
        return self

    def usage(self, model: str | None, prompt: int | None, completion: int | None) -> Span:
        """Record the model and its tokens, as far as they are known."""
        if self.trace is not None:
            if model:
                self.trace.set_model(model)
            if prompt is not None or completion is not None:
                self.trace.set_tokens(prompt, completion)
        return self

    def metadata(self, **metadata: Any) -> Span:
        """Add metadata."""
        if self.trace is not None:
            self.trace.add_metadata(metadata)
        return self

    def finish(self, error: BaseException | None = None) -> None:
        """End the step; a refusal is told from a failure. A second call does nothing, and none raises."""
        if self.finished or self.trace is None:
            return
        self.finished = True
        try:
            if error is None:
                self.trace.finish()
            else:
                self.trace.finish(
                    "policy_blocked" if isinstance(error, EnforcementHaltError) else "error",
                    error_message=str(error),
                    error_type=type(error).__name__,
                )
        except Exception as failure:
            logger.error("span %s could not be recorded: %s", self.span_id, failure)


def open_span(
    exe: Execlave,
    *,
    kind: str,
    name: str,
    parent: Span | None,
    agent_id: str,
    session_id: str | None,
    user_id: str | None,
    metadata: Mapping[str, Any],
) -> Span:
    """Start a span in the trace of `parent`, or of the trace that the application has under way."""
    span_id = f"sp_{secrets.token_hex(8)}"
    above = _context.current(exe) if parent is None else parent.trace
    place = {"spanId": span_id, "spanKind": kind, "spanName": name}
    start = exe.start_trace
    if parent is not None:
        place["parentSpanId"] = parent.span_id
        if above is not None:
            place["rootTraceId"] = above._root_trace_id
        # What is named counts, and not what else is under way.
        start = functools.partial(contextvars.Context().run, start)
    try:
        trace = start(
            trace_id=None if above is None else above.trace_id,
            agent_id=agent_id,
            session_id=session_id or (None if above is None else above.session_id),
            user_id=user_id or (None if above is None else above.user_id),
            span_type=kind,
            metadata={**metadata, **place},
        )
        if above is not None:
            trace._root_trace_id = above._root_trace_id
    except AgentPausedError:
        raise
    except Exception as error:
        logger.debug("span %s is not recorded: %s", name, error)
        trace = None
    return Span(trace, span_id, kind)
