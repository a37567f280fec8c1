"""Requests to models: a gate before each one, and a record of what it brought."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ._answers import Read, record
from ._boundary import Boundary
from ._spans import Span
from ._texts import field as field_of

Output = dict[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """One kind of request: where it is sent to, how to read what is asked and what is answered."""

    provider: str
    name: str
    """The resource of the client whose `create` makes it, as in `chat.completions`."""
    paths: tuple[str, ...]
    """Everything that sends the same kind of request somewhere."""
    text: Callable[[Mapping[str, Any]], str]
    """What the user said last."""
    outputs: Callable[[Mapping[str, Any]], list[Output]]
    """What tools returned since the model spoke last."""
    read: Read


Choice = Callable[[tuple[Any, ...], dict[str, Any]], tuple[Endpoint, Mapping[str, Any]] | None]
"""The kind of a request and what is in it, by the arguments of a call; `None` if it is none to a model."""


def gated(boundary: Boundary, choose: Choice, original: Callable[..., Any]) -> Callable[..., Any]:
    """`original`, with a gate before those of its calls that send a request to a model."""

    def begin(endpoint: Endpoint, request: Mapping[str, Any]) -> Span:
        span = boundary.span(
            "llm", endpoint.name, provider=endpoint.provider, endpoint=endpoint.name
        )
        span.usage(field_of(request, "model"), None, None)
        return span.input(field_of(request, "messages") or field_of(request, "input"))

    def question(endpoint: Endpoint, request: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "text": endpoint.text(request) or endpoint.name,
            "metadata": request,
            "outputs": endpoint.outputs(request),
        }

    @functools.wraps(original)
    def send(*args: Any, **kwargs: Any) -> Any:
        chosen = choose(args, kwargs)
        if chosen is None:
            return original(*args, **kwargs)
        span = begin(*chosen)
        try:
            span.decision(boundary.ask(**question(*chosen)))
            result = original(*args, **kwargs)
        except BaseException as error:
            span.finish(error)
            raise
        return record(span, chosen[0].read, result)

    @functools.wraps(original)
    async def asend(*args: Any, **kwargs: Any) -> Any:
        chosen = choose(args, kwargs)
        if chosen is None:
            return await original(*args, **kwargs)
        span = begin(*chosen)
        try:
            span.decision(await boundary.aask(**question(*chosen)))
            result = await original(*args, **kwargs)
        except BaseException as error:
            span.finish(error)
            raise
        return record(span, chosen[0].read, result)

    return asend if inspect.iscoroutinefunction(inspect.unwrap(original)) else send
