"""Steps that an application records by itself, where no adapter does: what calls of models, tools and the like have in common.

Each kind of step is a function that plans it. Two functions are made of that: one that asks at once, and its twin to be awaited.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar

from .. import _context
from ..client import Execlave
from ..exceptions import MetadataContractError
from ._boundary import Boundary
from ._sealed import Sealed, sealed
from ._spans import Span

P = ParamSpec("P")
S = TypeVar("S", bound="Step")
T = TypeVar("T")

_OURS = frozenset(
    {"enforcement", "framework", "parentSpanId", "rootTraceId", "spanId", "spanKind", "spanName"}
)


class Step:
    """A step of a run, from the moment that it may happen until `finish`.

    As a context manager it finishes itself, as an error if one ends the block, and what is traced inside is a part of it.
    """

    def __init__(self, boundary: Boundary, span: Span) -> None:
        self._boundary = boundary
        self._span = span

    @property
    def trace_id(self) -> str | None:
        """The trace of the run that the step is a part of; `None` after the client's shutdown."""
        return None if self._span.trace is None else self._span.trace.trace_id

    def output(self, value: T) -> T:
        """Record what came of it; returns it."""
        self._span.output(value)
        return value

    async def aoutput(self, value: T) -> T:
        """`output` without holding up the event loop."""
        return self.output(value)

    def metadata(self, **metadata: Any) -> Self:
        """Record more metadata."""
        self._span.metadata(**own(metadata))
        return self

    def finish(self, error: BaseException | None = None) -> None:
        """End the step, as an error if there is one. A second call does nothing, and none raises."""
        self._span.finish(error)

    def __enter__(self) -> Self:
        if self._span.trace is not None:
            _context.enter(self._span.trace)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._span.trace is not None:
            _context.leave(self._span.trace)
        self.finish(exc)

    @contextlib.contextmanager
    def _ending(self) -> Iterator[None]:
        """End the step with whatever is raised."""
        try:
            yield
        except BaseException as error:
            self.finish(error)
            raise


@dataclass
class Plan(Generic[S]):
    """A step that has not been asked about."""

    step: S
    question: dict[str, Any] | None
    """The arguments of the boundary's question; `None` for a step that nobody is asked about."""
    output: object
    """What came of it, if it has happened already."""

    def begin(self) -> S:
        """Ask, and begin."""
        step = self.step
        with step._ending():
            if self.question is not None:
                step._span.decision(step._boundary.ask(**self.question))
        if self.output is not None:
            step.output(self.output)
            step.finish()
        return step

    async def abegin(self) -> S:
        """`begin` without holding up the event loop."""
        step = self.step
        with step._ending():
            if self.question is not None:
                step._span.decision(await step._boundary.aask(**self.question))
        if self.output is not None:
            await step.aoutput(self.output)
            step.finish()
        return step


class Opening(Generic[S]):
    """A step that begins when it is awaited, or entered with `async with`."""

    def __init__(self, beginning: Coroutine[Any, Any, S]) -> None:
        self._beginning = beginning
        self._step: S | None = None

    def __await__(self) -> Generator[Any, Any, S]:
        return self._beginning.__await__()

    async def __aenter__(self) -> S:
        self._step = await self._beginning
        return self._step.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._step is not None:
            self._step.__exit__(exc_type, exc, traceback)


def begun(name: str, plan: Callable[P, Plan[S]]) -> Callable[P, S]:
    """The function that begins what `plan` plans."""

    @functools.wraps(plan)
    def record(*args: P.args, **kwargs: P.kwargs) -> S:
        return plan(*args, **kwargs).begin()

    record.__name__ = record.__qualname__ = name
    return record


def awaited(name: str, plan: Callable[P, Plan[S]]) -> Callable[P, Opening[S]]:
    """Its twin, to be awaited or entered with `async with`."""

    @functools.wraps(plan)
    def arecord(*args: P.args, **kwargs: P.kwargs) -> Opening[S]:
        async def begin() -> S:
            return await plan(*args, **kwargs).abegin()

        return Opening(begin())

    arecord.__name__ = arecord.__qualname__ = name
    return arecord


def own(metadata: Mapping[str, Any] | None) -> Sealed:
    """The application's metadata, which may say anything but what the record itself says: a decision, a place in the tree."""
    given = sealed({} if metadata is None else metadata)
    taken = sorted(_OURS & given.keys())
    if taken:
        raise MetadataContractError(f"metadata may not name {', '.join(taken)}: the record does")
    return given


def opened(
    exe: Execlave,
    kind: str,
    name: str,
    parent: Step | None,
    metadata: Mapping[str, Any],
    **boundary: Any,
) -> tuple[Boundary, Span]:
    """Open a step's span below `parent`, or below the trace that is under way; `boundary` are the arguments of `Boundary`."""
    border = Boundary("manual", exe, **boundary)
    return border, border.span(kind, name, None if parent is None else parent._span, **metadata)
