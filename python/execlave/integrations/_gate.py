"""What is asked before a framework goes on, planned apart from the asking, which a callback does waiting or awaited."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ._boundary import Boundary, Decision
from ._spans import Span


@dataclass
class Gate:
    """One gate of a step's span."""

    boundary: Boundary
    span: Span
    then: Callable[[Decision | None], object]
    """What happens when it may go on."""
    question: dict[str, Any] | None = None
    """The arguments of the boundary's `ask`, if a step is to begin."""
    output: dict[str, Any] | None = None
    """The arguments of the boundary's `scan`, if a tool has returned."""

    def ask(self) -> None:
        """Ask, and go on or raise."""
        decision = None
        with self._refusing():
            if self.question is not None:
                decision = self.boundary.ask(**self.question)
            if self.output is not None:
                self.boundary.scan(**self.output)
        self.then(decision)

    async def aask(self) -> None:
        """`ask` without holding up the event loop."""
        decision = None
        with self._refusing():
            if self.question is not None:
                decision = await self.boundary.aask(**self.question)
            if self.output is not None:
                await self.boundary.ascan(**self.output)
        self.then(decision)

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        """End the span with what is raised: a framework reports no end of a step that did not begin."""
        try:
            yield
        except BaseException as error:
            self.span.finish(error)
            raise
