"""Functions that are traced from their first line to their last.

A generator is traced until it is exhausted, closed or failed. While it is suspended its trace is nobody's parent, so that what
its consumer does meanwhile is not taken for a part of it. A function that returns a coroutine or a future is traced until that
has ended.
"""

from __future__ import annotations

import functools
import types
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any

from . import _context
from .exceptions import ExeclaveError

if TYPE_CHECKING:
    import inspect

    from ._tracing import TraceCalls
    from .trace import Trace

# Items of a generator that are recorded as its output; of a longer one the metadata say how many there were.
ITEM_LIMIT = 1_000


def traced(func: Callable[..., Any], call: Call) -> Callable[..., Any]:
    """`func`, each of whose calls is a trace."""
    # Costs a programme that decorates nothing an eighth of the import.
    import inspect

    if inspect.isasyncgenfunction(func):
        return _async_generator(func, call)
    if inspect.isgeneratorfunction(func):
        return _generator(func, call)
    if inspect.iscoroutinefunction(func):
        return _coroutine(func, call)
    return _function(func, call)


class Call:
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


def _function(func: Callable[..., Any], call: Call) -> Callable[..., Any]:
    def traced(*args: Any, **kwargs: Any) -> Any:
        trace = call.start(args, kwargs)
        if trace is None:
            return func(*args, **kwargs)
        try:
            with _Step(trace):
                result = func(*args, **kwargs)
        except BaseException as error:
            trace._fail(error)
            raise
        if isinstance(result, types.CoroutineType):
            return _awaited(result, trace)
        if hasattr(type(result), "add_done_callback"):
            result.add_done_callback(functools.partial(_done, trace))
            return result
        trace.set_output(result)
        trace.finish()
        return result

    return traced


async def _awaited(work: types.CoroutineType[Any, Any, Any], trace: Trace) -> Any:
    with trace:
        result = await work
        trace.set_output(result)
        return result


def _done(trace: Trace, future: Any) -> None:
    """The end of an asyncio or concurrent future."""
    try:
        trace.set_output(future.result())
    except BaseException as error:
        trace._fail(error)
    else:
        trace.finish()


def _coroutine(func: Callable[..., Any], call: Call) -> Callable[..., Any]:
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


def _generator(func: Callable[..., Any], call: Call) -> Callable[..., Any]:
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


def _async_generator(func: Callable[..., Any], call: Call) -> Callable[..., Any]:
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
    import inspect

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
