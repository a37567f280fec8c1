"""What `Execlave.trace(...)` returns: a decorator and a context manager."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from . import _context
from ._arguments import kept
from ._traced import Call, traced

if TYPE_CHECKING:
    from ._tracing import TraceCalls
    from .trace import Trace

F = TypeVar("F", bound=Callable[..., Any])


class TraceScope:
    """A decorator and a context manager.

    Each call of the decorated function, and each `with`, is a trace of its own. Without either it stands for one trace, which
    starts with the first setter: `exe.trace(session_id="s").set_input("hi").finish()`.
    """

    def __init__(self, client: TraceCalls, options: dict[str, Any], *, capture_input: bool) -> None:
        self._client = client
        # A copy: what the caller does with the metadata afterwards is no concern of later traces.
        self._options = {**options, "metadata": kept(options.get("metadata"), dict)}
        self._capture_input = capture_input
        self._open: list[Trace] = []
        self._alone: Trace | None = None

    def __call__(self, func: F) -> F:
        """Trace every call of `func`: arguments as input, result as output, exceptions as errors (and raised again).

        `func` may be a function, a coroutine function, a generator function of either kind, or a class or static method. Of a
        generator the output is the list of what it yielded, up to 1,000 items.
        """
        if isinstance(func, (classmethod, staticmethod)):
            return cast(F, type(func)(self(func.__func__)))
        wrapper = traced(func, Call(self._client, self._options, func, self._capture_input))
        return cast(F, functools.update_wrapper(wrapper, func))

    def __enter__(self) -> Trace:
        trace, self._alone = self._alone, None
        if trace is None or trace._native.finished:
            trace = self._client.start_trace(**self._options)
        self._open.append(trace)
        return trace.__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Several tasks may be inside: each leaves what it has entered.
        entered = _context.innermost(self._open)
        ended = (trace for trace in self._open if trace._native.finished)
        trace = entered or next(ended, self._open[-1])
        self._open.remove(trace)
        trace.__exit__(exc_type, exc, traceback)

    async def __aenter__(self) -> Trace:
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._alone is None:
            self._alone = self._client.start_trace(**self._options)
        return getattr(self._alone, name)
