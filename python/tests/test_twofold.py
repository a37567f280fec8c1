"""A method in two forms: whoever can await gets the one to be awaited, and nobody else."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from typing import Any

from execlave.integrations._twofold import Twofold


def wait(self: Any, word: str) -> tuple[Any, str]:
    """Waits."""
    return self, word


async def awaited(self: Any, word: str) -> tuple[Any, str]:
    return self, word


class Handler:
    on_event: Any = Twofold(wait, awaited)


def looked_up(handler: Handler) -> bool:
    return inspect.iscoroutinefunction(handler.on_event)


def test_a_plain_function_gets_the_form_that_waits() -> None:
    handler = Handler()
    assert handler.on_event("x") == (handler, "x")
    assert not looked_up(handler)
    assert Handler.on_event.__doc__ == "Waits."


def test_a_coroutine_gets_the_form_to_be_awaited() -> None:
    async def run() -> None:
        handler = Handler()
        assert inspect.iscoroutinefunction(getattr(handler, "on_event"))  # noqa: B009
        assert await handler.on_event("x") == (handler, "x")

    asyncio.run(run())


def test_a_function_that_a_coroutine_calls_cannot_await() -> None:
    async def generator() -> AsyncIterator[bool]:
        yield inspect.iscoroutinefunction(Handler().on_event)

    async def run() -> None:
        assert not looked_up(Handler())
        assert not (lambda: inspect.iscoroutinefunction(Handler().on_event))()
        assert [form async for form in generator()] == [False]

    asyncio.run(run())
