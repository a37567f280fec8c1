"""Traces: what an agent did.

Nothing here raises into the application, with one documented exception: `Trace.finish` refuses an `effect_evidence` that it cannot
make sense of. Whatever else goes wrong is logged.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self

from . import _context

if TYPE_CHECKING:
    from ._native import NativeTrace
    from ._tracing import TraceCalls

__all__ = ["Trace"]

logger = logging.getLogger("Execlave")

P = ParamSpec("P")

_EVIDENCE = {
    "basis": "basis",
    "acknowledgement_id": "acknowledgementId",
    "acknowledgementId": "acknowledgementId",
    "effect_ref": "effectRef",
    "effectRef": "effectRef",
    "confirmed_at": "confirmedAt",
    "confirmedAt": "confirmedAt",
    "detail": "detail",
}


# Other names of what the setters take, in code that was written for older clients.
_FORMER = {
    "input_data": "data",
    "output_data": "data",
    "model_name": "name",
    "cost_usd": "amount",
    "duration_ms": "ms",
}


def _setter(
    method: Callable[Concatenate[Trace, P], None],
) -> Callable[Concatenate[Trace, P], Trace]:
    """Make a setter chainable, and keep its errors out of the application."""
    name = method.__name__

    def quiet(self: Trace, /, *args: P.args, **kwargs: P.kwargs) -> Trace:
        try:
            if kwargs:
                for former in kwargs.keys() & _FORMER.keys():
                    kwargs[_FORMER[former]] = kwargs.pop(former)
            method(self, *args, **kwargs)
        except Exception as error:
            logger.warning("%s() ignored: %s", name, error)
        return self

    functools.update_wrapper(quiet, method)
    return quiet


class Trace:
    """One unit of work of an agent: what went in, what came out, what it cost.

    All setters return the trace and never raise. Values are copied when they are set. As a context manager the trace finishes
    itself: as an error, with the exception's class and message, if the block raises, and as a success otherwise. What is traced
    inside the block has this trace as its parent.

    Example:
        >>> with exe.start_trace(agent_id="support", session_id="s1") as trace:
        ...     _ = trace.set_input("How do I reset my password?").set_model("gpt-4o")
        ...     _ = trace.set_output("Use the link.").set_tokens(12, 5).set_cost(0.0004)
    """

    def __init__(
        self,
        client: TraceCalls,
        native: NativeTrace,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        parent_trace_id: str | None = None,
        span_type: str | None = None,
    ) -> None:
        self._client = client
        self._native = native
        self.trace_id = native.trace_id
        self.agent_id = native.agent_id
        self.environment = native.environment
        self.session_id = session_id
        self.user_id = user_id
        self.parent_trace_id = parent_trace_id
        self.span_type = span_type
        # The trace around this one, while it is open.
        self._outer: Trace | None = None
        self._span_id: str | None = None
        self._root_trace_id = self.trace_id

    @_setter
    def set_input(self, data: object) -> None:
        """Record what went in: any object."""
        self._native.set_input(data)

    @_setter
    def set_output(self, data: object) -> None:
        """Record what came out: any object."""
        self._native.set_output(data)

    @_setter
    def set_model(self, name: str) -> None:
        """Record the model, such as `gpt-4o`."""
        if name is not None:
            self._native.set_model(name)

    @_setter
    def set_tokens(
        self,
        input: int | None = None,
        output: int | None = None,
        *,
        prompt: int | None = None,
        completion: int | None = None,
    ) -> None:
        """Record token counts; a side that is left out counts as 0. `prompt` and `completion` are other names for the sides."""
        used = input if input is not None else prompt
        made = output if output is not None else completion
        self._native.set_tokens(_count(used), _count(made))

    @_setter
    def set_cost(self, amount: float) -> None:
        """Record the cost in USD."""
        usd = float(amount)
        if not 0 <= usd < float("inf"):
            raise ValueError(f"{usd} is not an amount")
        self._native.set_cost(usd)

    @_setter
    def set_duration(self, ms: float) -> None:
        """Record this many milliseconds instead of the measured duration."""
        duration = _count(ms)
        if duration is not None:
            self._native.set_duration(duration)

    @_setter
    def add_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Merge more metadata; later values win."""
        self._native.add_metadata(metadata)

    @_setter
    def add_tags(self, tags: Iterable[str]) -> None:
        """Append labels; one that is there already is not repeated."""
        self._native.add_tags([tags] if isinstance(tags, str) else list(tags))

    def finish(
        self,
        status: str = "success",
        error_message: str | None = None,
        error_type: str | None = None,
        effect_evidence: Mapping[str, Any] | None = None,
    ) -> None:
        """Finish the trace and hand it over for delivery; a second call does nothing.

        `status` is `success`, `error`, `timeout`, `policy_blocked`, `limit_exceeded`, `flagged_for_review` or
        `effect_unconfirmed`. `effect_evidence` says how it is known that the effect happened: `basis`, and optionally
        `acknowledgement_id`, `effect_ref`, `confirmed_at` and `detail`. An unknown key, a missing basis or a mapping that cannot
        be read raises `ValueError`, after the trace was recorded without the evidence. Nothing else raises.

        Example:
            >>> trace = exe.start_trace(agent_id="support")
            >>> trace.finish(effect_evidence={"basis": "acknowledged", "acknowledgement_id": "7"})
        """
        evidence: dict[str, Any] | None = None
        refused: ValueError | None = None
        if effect_evidence is not None:
            try:
                evidence = _evidence(effect_evidence)
            except _EvidenceError as error:
                refused = error
            except Exception as error:
                refused = _EvidenceError("effect_evidence cannot be read; pass a plain dict")
                refused.__cause__ = error
        try:
            finished = self._native.finish(
                status=status,
                error_message=error_message,
                error_type=error_type,
                effect_evidence=evidence,
            )
            if finished:
                self._client._trace_finished()
        except Exception as error:
            logger.error("trace %s could not be recorded: %s", self.trace_id, error)
        if refused is not None:
            raise refused

    def __enter__(self) -> Self:
        _context.enter(self)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _context.leave(self)
        if exc is None:
            self.finish()
        else:
            self._fail(exc)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    def _fail(self, error: BaseException) -> None:
        self.finish(status="error", error_message=_text(error), error_type=type(error).__name__)

    def _span(self) -> str | None:
        """This trace as a span that others name as their parent. `None` if it has ended without being one."""
        if self._span_id is None and not self._native.finished:
            self._span_id = _context.new_span_id()
            self._native.add_metadata({"spanId": self._span_id})
        return self._span_id

    def __repr__(self) -> str:
        return f"Trace(trace_id={self.trace_id!r}, agent_id={self.agent_id!r})"


class _EvidenceError(ValueError):
    """What `finish` has to say about evidence, and not what reading it has raised."""


def _count(value: float | None) -> int | None:
    count = None if value is None else int(value)
    if count is not None and count < 0:
        raise ValueError(f"{count} is negative")
    return count


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _evidence(given: Mapping[str, Any]) -> dict[str, Any]:
    """Check effect evidence and spell its keys as the wire does."""
    if not isinstance(given, Mapping):
        raise _EvidenceError("effect_evidence must be a dict with a non-empty 'basis'")
    evidence: dict[str, Any] = {}
    for key, value in given.items():
        name = _EVIDENCE.get(key)
        if name is None:
            known = "basis, acknowledgement_id, effect_ref, confirmed_at, detail"
            raise _EvidenceError(
                f"effect_evidence has an unknown key {key!r}; the keys are {known}"
            )
        if value is not None:
            evidence[name] = value
    basis = evidence.get("basis")
    if not isinstance(basis, str) or not basis.strip():
        raise _EvidenceError("effect_evidence needs a non-empty 'basis'")
    return evidence
