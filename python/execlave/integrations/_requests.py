"""Model clients: a gate before each request of one resource, whichever of its methods makes it, and a record of the answer."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ._boundary import Boundary
from ._instrumented import govern
from ._spans import Span
from ._texts import field as field_of

Output = dict[str, Any]


@dataclass
class Answer:
    """What is known of a model's answer so far."""

    model: str | None = None
    prompt: int | None = None
    completion: int | None = None
    texts: list[str] = field(default_factory=list)


@dataclass
class Endpoint:
    """One kind of request: how to read what is asked and what is answered."""

    provider: str
    name: str
    text: Callable[[Mapping[str, Any]], str]
    """What the user said last."""
    outputs: Callable[[Mapping[str, Any]], list[Output]]
    """What tools returned since the model spoke last."""
    read: Callable[[Answer, Any], None]
    """Adds an answer, or one event of a streamed one, to what is known."""


def govern_requests(boundary: Boundary, resource: Any, endpoint: Endpoint) -> None:
    """Govern every request of a resource of a client.

    The vendors' resources send each request, also those of `parse` and `stream`, through their `_post`; a client that only looks
    like theirs has `create`.
    """
    method = "_post" if callable(getattr(resource, "_post", None)) else "create"
    if not callable(getattr(resource, method, None)):
        raise TypeError(f"the client has no {endpoint.name}.create")
    govern(resource, method, functools.partial(_governed, boundary, endpoint))


def _governed(
    boundary: Boundary, endpoint: Endpoint, original: Callable[..., Any]
) -> Callable[..., Any]:
    def begin(kwargs: Mapping[str, Any]) -> tuple[Mapping[str, Any], Span]:
        # The body where there is one; else these are the keyword arguments of `create`.
        request = kwargs.get("body", kwargs) or {}
        span = boundary.span(
            "llm", endpoint.name, provider=endpoint.provider, endpoint=endpoint.name
        )
        span.usage(field_of(request, "model"), None, None)
        return request, span.input(field_of(request, "messages") or field_of(request, "input"))

    def question(request: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        return endpoint.text(request) or endpoint.name, {"request": dict(request)}

    @functools.wraps(original)
    def post(*args: Any, **kwargs: Any) -> Any:
        request, span = begin(kwargs)
        try:
            span.decision(boundary.ask(*question(request), outputs=endpoint.outputs(request)))
            result = original(*args, **kwargs)
        except Exception as error:
            span.finish(error)
            raise
        return _followed(endpoint, span, result)

    @functools.wraps(original)
    async def apost(*args: Any, **kwargs: Any) -> Any:
        request, span = begin(kwargs)
        try:
            outputs = endpoint.outputs(request)
            span.decision(await boundary.aask(*question(request), outputs=outputs))
            result = await original(*args, **kwargs)
        except Exception as error:
            span.finish(error)
            raise
        return _followed(endpoint, span, result)

    return apost if inspect.iscoroutinefunction(inspect.unwrap(original)) else post


def _followed(endpoint: Endpoint, span: Span, result: Any) -> Any:
    """Record an answer; a stream's when it has been read, or thrown away."""
    answer = Answer()
    iterator: Any = getattr(result, "_iterator", None)
    if hasattr(iterator, "__anext__"):
        result._iterator = _afollow(endpoint, span, answer, iterator)
    elif hasattr(iterator, "__next__"):
        result._iterator = _follow(endpoint, span, answer, iterator)
    elif hasattr(result, "__next__"):
        return _follow(endpoint, span, answer, result)
    elif hasattr(result, "__anext__"):
        return _afollow(endpoint, span, answer, result)
    else:
        _note(endpoint, answer, result)
        _end(span, answer)
    return result


def _follow(endpoint: Endpoint, span: Span, answer: Answer, events: Iterator[Any]) -> Iterator[Any]:
    try:
        for event in events:
            _note(endpoint, answer, event)
            yield event
    except Exception as error:
        span.finish(error)
        raise
    finally:
        _end(span, answer)


async def _afollow(
    endpoint: Endpoint, span: Span, answer: Answer, events: AsyncIterator[Any]
) -> AsyncIterator[Any]:
    try:
        async for event in events:
            _note(endpoint, answer, event)
            yield event
    except Exception as error:
        span.finish(error)
        raise
    finally:
        _end(span, answer)


def _note(endpoint: Endpoint, answer: Answer, event: Any) -> None:
    # An answer of another shape is the application's to read; the record goes without.
    with contextlib.suppress(AttributeError, IndexError, KeyError, TypeError):
        endpoint.read(answer, event)


def _end(span: Span, answer: Answer) -> None:
    span.usage(answer.model, answer.prompt, answer.completion)
    span.output("".join(answer.texts)).finish()
