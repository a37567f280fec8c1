"""What `Execlave.trace(...)` returns: a decorator and a context manager.

Every kind of function is traced from its first line to its last: a generator until it is exhausted, closed or failed. While a
generator is suspended its trace is nobody's parent, so that what its consumer does meanwhile is not taken for a part of it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from . import _context
from ._arguments import kept
from .exceptions import ExeclaveError

if TYPE_CHECKING:
    from ._tracing import TraceCalls
    from .trace import Trace

F = TypeVar("F", bound=Callable[..., Any])

# Items of a generator that are recorded as its output; of a longer one the metadata say how many there were.
ITEM_LIMIT = 1_000


class TraceScope:
    """A decorator and a context manager.

    Each call of the decorated function, and each `with`, is a trace of its own.
    """

    def __init__(self, client: TraceCalls, options: dict[str, Any], *, capture_input: bool) -> None:
        self._client = client
        # A copy: what the caller does with the metadata afterwards is no concern of later traces.
        self._options = {**options, "metadata": kept(options.get("metadata"), dict)}
        self._capture_input = capture_input
        self._open: list[Trace] = []

    def __call__(self, func: F) -> F:
        """Trace every call of `func`: arguments as input, result as output, exceptions as errors (and raised again).

        `func` may be a function, a coroutine function, a generator function of either kind, or a class or static method. Of a
        generator the output is the list of what it yielded, up to 1,000 items.
        """
        if isinstance(func, (classmethod, staticmethod)):
            return cast(F, type(func)(self(func.__func__)))
        call = _Call(self._client, self._options, func, self._capture_input)
        if inspect.isasyncgenfunction(func):
            wrapper = _async_generator(func, call)
        elif inspect.isgeneratorfunction(func):
            wrapper = _generator(func, call)
        elif inspect.iscoroutinefunction(func):
            wrapper = _coroutine(func, call)
        else:
            wrapper = _function(func, call)
        return cast(F, functools.update_wrapper(wrapper, func))

    def __enter__(self) -> Trace:
        trace = self._client.start_trace(**self._options)
        self._open.append(trace)
        return trace.__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.pop().__exit__(exc_type, exc, traceback)

    async def __aenter__(self) -> Trace:
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc, traceback)


class _Call:
    """How calls of one function are traced."""

    def __init__(
        self,
        client: TraceCalls,
        options: dict[str, Any],
        func: Callable[..., Any],
        capture_input: bool,
    ) -> None:
        self._client = client
        self._options = options
        self._name = getattr(func, "__qualname__", None)
        self._capture_input = capture_input
        self._signature = _signature(func) if capture_input else None

    def start(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Trace | None:
        """Start the trace of one call; `None` if the client was shut down, for then the call goes on untraced."""
        try:
            trace = self._client._start(**self._options, name=self._name)
        except ExeclaveError:
            if self._client._closed:
                return None
            raise
        if self._capture_input:
            trace.set_input(_arguments(self._signature, args, kwargs))
        return trace


def _function(func: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    def traced(*args: Any, **kwargs: Any) -> Any:
        trace = call.start(args, kwargs)
        if trace is None:
            return func(*args, **kwargs)
        with trace:
            result = func(*args, **kwargs)
            trace.set_output(result)
            return result

    return traced


def _coroutine(func: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    async def traced(*args: Any, **kwargs: Any) -> Any:
        trace = call.start(args, kwargs)
        if trace is None:
            return await func(*args, **kwargs)
        with trace:
            result = await func(*args, **kwargs)
            trace.set_output(result)
            return result

    return traced


class _Items:
    """What a generator yielded, bounded."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._count = 0

    def add(self, item: Any) -> None:
        self._count += 1
        if len(self._kept) < ITEM_LIMIT:
            self._kept.append(item)

    def record(self, trace: Trace) -> None:
        trace.set_output(self._kept)
        if self._count > len(self._kept):
            trace.add_metadata({"itemsYielded": self._count})


class _Step:
    """The trace of a generator while the generator runs. Leaves the context as it found it at every suspension."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __enter__(self) -> None:
        _context.enter(self._trace)

    def __exit__(self, *_: object) -> None:
        _context.leave(self._trace)


def _generator(func: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    def traced(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator: Generator[Any, Any, Any] = func(*args, **kwargs)
        trace = call.start(args, kwargs)
        if trace is None:
            return (yield from generator)
        items, step = _Items(), _Step(trace)
        advance: Callable[[], Any] = functools.partial(next, generator)
        try:
            while True:
                try:
                    with step:
                        item = advance()
                except StopIteration as stop:
                    items.record(trace)
                    trace.finish()
                    return stop.value
                items.add(item)
                try:
                    sent = yield item
                except GeneratorExit:
                    with step:
                        generator.close()
                    items.record(trace)
                    trace.finish()
                    raise
                except BaseException as error:
                    advance = functools.partial(generator.throw, error)
                else:
                    advance = functools.partial(generator.send, sent)
        except BaseException as error:
            # Finishing a trace that has ended does nothing.
            items.record(trace)
            trace._fail(error)
            raise

    return traced


def _async_generator(func: Callable[..., Any], call: _Call) -> Callable[..., Any]:
    async def traced(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator: AsyncGenerator[Any, Any] = func(*args, **kwargs)
        trace = call.start(args, kwargs)
        if trace is None:
            async for item in generator:
                yield item
            return
        items, step = _Items(), _Step(trace)
        advance: Callable[[], Any] = generator.__anext__
        try:
            while True:
                try:
                    with step:
                        item = await advance()
                except StopAsyncIteration:
                    items.record(trace)
                    trace.finish()
                    return
                items.add(item)
                try:
                    sent = yield item
                except GeneratorExit:
                    with step:
                        await generator.aclose()
                    items.record(trace)
                    trace.finish()
                    raise
                except BaseException as error:
                    advance = functools.partial(generator.athrow, error)
                else:
                    advance = functools.partial(generator.asend, sent)
        except BaseException as error:
            items.record(trace)
            trace._fail(error)
            raise

    return traced


def _signature(func: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(func)
    except (TypeError, ValueError):
        return None


def _arguments(
    signature: inspect.Signature | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Name the arguments of a call; the receiver of a method is not one of them."""
    if signature is not None:
        try:
            named = dict(signature.bind(*args, **kwargs).arguments)
        except TypeError:
            # The call itself will say so.
            pass
        else:
            first = next(iter(signature.parameters), None)
            if first in ("self", "cls"):
                named.pop(first, None)
            return named
    return {"args": list(args), "kwargs": dict(kwargs)}
