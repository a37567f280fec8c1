"""What is recorded of a model's answer: at once, or as the application reads it.

A stream is recorded when it has been read, closed or thrown away, whichever comes first. Nothing here reads for the application.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ._spans import Span


@dataclass
class Answer:
    """What is known of a model's answer so far."""

    model: str | None = None
    prompt: int | None = None
    completion: int | None = None
    texts: list[str] = field(default_factory=list)


Read = Callable[[Answer, Any], None]
"""Adds an answer, or one event of a streamed one, to what is known. Takes the vendor's objects and plain JSON alike."""


class Recording:
    """One answer on its way into its span."""

    def __init__(self, span: Span, read: Read) -> None:
        self._span = span
        self._read = read
        self._answer = Answer()
        self.noted = False
        self.streamed = False
        self.reading = False

    def note(self, event: Any) -> None:
        """Add an answer, or an event of one."""
        self.noted = True
        # An answer of another shape is the application's to read; the record goes without.
        with contextlib.suppress(AttributeError, IndexError, KeyError, TypeError):
            self._read(self._answer, event)

    def note_body(self, response: Any) -> bool:
        """Add the body of a response, if the application has read it. False if it has not, or it is no JSON."""
        try:
            body = json.loads(response.content)
        except Exception:
            # Whatever the vendor's HTTP library says of a body that is not there.
            return False
        if not self.noted:
            self.note(body)
        return True

    def end(self, error: BaseException | None = None) -> None:
        """Record what is known; a second call does nothing."""
        if not self._span.finished:
            answer = self._answer
            self._span.usage(answer.model, answer.prompt, answer.completion)
            self._span.output("".join(answer.texts)).finish(error)

    def leave(self, response: Any) -> None:
        """End an answer that nobody holds any more, unless its stream is still held."""
        if not self.streamed:
            self.note_body(response)
            self.end()


def record(span: Span, read: Read, result: Any) -> Any:
    """Record an answer of any kind in `span`; returns what the application is to have."""
    recording = Recording(span, read)
    if hasattr(result, "http_response") and callable(getattr(result, "parse", None)):
        _follow_response(recording, result)
    elif _follow_stream(recording, result):
        pass
    elif hasattr(result, "__next__"):
        result = _follow(recording, result)
        weakref.finalize(result, recording.end)
    elif hasattr(result, "__anext__"):
        result = _afollow(recording, result)
        weakref.finalize(result, recording.end)
    else:
        recording.note(result)
        recording.end()
    return result


def _follow_response(recording: Recording, result: Any) -> None:
    """Follow what `with_raw_response` and `with_streaming_response` give: the answer is what the application makes of it."""
    response = result.http_response
    if recording.note_body(response):
        recording.end()
        return

    def look(parsed: Any) -> Any:
        if not recording.streamed and not _follow_stream(recording, parsed):
            recording.note(parsed)
        return parsed

    parse: Callable[..., Any] = result.parse

    @functools.wraps(parse)
    def looking(*args: Any, **kwargs: Any) -> Any:
        return look(parse(*args, **kwargs))

    @functools.wraps(parse)
    async def alooking(*args: Any, **kwargs: Any) -> Any:
        return look(await parse(*args, **kwargs))

    result.parse = alooking if inspect.iscoroutinefunction(parse) else looking
    _after(result, "close", functools.partial(recording.leave, response))
    weakref.finalize(result, recording.leave, response)


def _follow_stream(recording: Recording, result: Any) -> bool:
    """Follow a vendor's stream. False if this is none."""
    iterator: Any = getattr(result, "_iterator", None)
    if hasattr(iterator, "__anext__"):
        result._iterator = _afollow(recording, iterator)
    elif hasattr(iterator, "__next__"):
        result._iterator = _follow(recording, iterator)
    else:
        return False
    recording.streamed = True

    def broken_off() -> None:
        # A response also closes itself when its last byte has come, before its last events have been read.
        if not recording.reading:
            recording.end()

    # The vendors' own helpers close the response under a stream, and not the stream.
    for method in ("close", "aclose"):
        _after(getattr(result, "response", None), method, broken_off)
    weakref.finalize(result, recording.end)
    return True


def _after(target: Any, method: str, then: Callable[[], None]) -> None:
    """Call `then` after each call of `target.method`."""
    original: Callable[..., Any] | None = getattr(target, method, None)
    if original is None:
        return

    @functools.wraps(original)
    def closing(*args: Any, **kwargs: Any) -> Any:
        try:
            return original(*args, **kwargs)
        finally:
            then()

    @functools.wraps(original)
    async def aclosing(*args: Any, **kwargs: Any) -> Any:
        try:
            return await original(*args, **kwargs)
        finally:
            then()

    # A class with slots is followed to the end of its stream all the same.
    with contextlib.suppress(AttributeError):
        setattr(target, method, aclosing if inspect.iscoroutinefunction(original) else closing)


def _follow(recording: Recording, events: Iterator[Any]) -> Iterator[Any]:
    try:
        recording.reading = True
        for event in events:
            recording.note(event)
            recording.reading = False
            yield event
            recording.reading = True
    except Exception as error:
        recording.end(error)
        raise
    finally:
        recording.end()


async def _afollow(recording: Recording, events: AsyncIterator[Any]) -> AsyncIterator[Any]:
    try:
        recording.reading = True
        async for event in events:
            recording.note(event)
            recording.reading = False
            yield event
            recording.reading = True
    except Exception as error:
        recording.end(error)
        raise
    finally:
        recording.end()
