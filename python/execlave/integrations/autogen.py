"""AutoGen: a gate before each turn of an agent and each tool it calls, and before the model sees what a tool returned.

    instrument_autogen_agent(agent, exe, agent_id="support")

An exception from around a tool makes AutoGen wait for ever. A refused tool therefore returns an error, and the turn ends with the
refusal at the next thing that the agent says, which is before its model is asked again.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

from ..client import Execlave
from ._autogen_conversable import Conversable
from ._boundary import Boundary
from ._instrumented import govern
from ._spans import Span
from ._texts import count, field, text_of

__all__ = ["instrument_autogen_agent"]


class _Turn:
    """One turn of an agent: its span, and what ended it."""

    def __init__(self, boundary: Boundary, agent: Any, messages: Any) -> None:
        above = _current.get()
        self.boundary = boundary
        self.agent = agent
        self.refusal: Exception | None = None
        name = str(field(agent, "name", "agent"))
        self.span: Span = boundary.span("agent", name, above.span if above else None)
        self.span.input(messages)

    async def ask(self, messages: Any) -> None:
        text = text_of(list(messages)) or "turn"
        self.span.decision(await self.boundary.aask(text, {"messages": messages}))

    def refuse(self, error: Exception) -> None:
        self.refusal = self.refusal or error

    def check(self) -> None:
        if self.refusal is not None:
            raise self.refusal


_current: ContextVar[_Turn | None] = ContextVar("execlave_autogen", default=None)


def instrument_autogen_agent(
    agent: Any,
    exe: Execlave,
    *,
    agent_id: str,
    enforce: bool = True,
    session_id: str | None = None,
    user_id: str | None = None,
) -> Any:
    """Govern an agent with its model and its tools; returns it. Doing it again changes nothing.

    Raises `TypeError` if it is an agent neither of AutoGen nor of AG2.
    """
    boundary = Boundary(
        "autogen", exe, agent_id, enforce=enforce, session_id=session_id, user_id=user_id
    )
    if not callable(getattr(agent, "on_messages_stream", None)):
        if not callable(getattr(agent, "generate_reply", None)):
            raise TypeError(
                "the agent has neither on_messages_stream nor generate_reply; "
                "an agent of AutoGen or AG2 is needed"
            )
        Conversable(boundary, agent).govern()
        return agent
    govern(agent, "on_messages_stream", functools.partial(_turn, boundary, agent))
    govern(agent, "on_messages", functools.partial(_whole_turn, boundary, agent))
    model = field(agent, "_model_client")
    if model is not None:
        govern(model, "create", functools.partial(_model_call, boundary, model))
        govern(model, "create_stream", functools.partial(_model_stream, boundary, model))
    for workbench in field(agent, "_workbench") or []:
        govern(workbench, "call_tool", functools.partial(_tool_call, boundary))
        govern(workbench, "call_tool_stream", functools.partial(_tool_stream, boundary))
    return agent


def _turn(boundary: Boundary, agent: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def on_messages_stream(messages: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        if _in_turn_of(agent):
            async for event in original(messages, *args, **kwargs):
                yield event
            return
        turn = _Turn(boundary, agent, messages)
        failure: BaseException | None = None
        last: Any = None
        try:
            await turn.ask(messages)
            async for event in _within(turn, original(messages, *args, **kwargs)):
                turn.check()
                last = event
                yield event
            turn.check()
        except BaseException as error:
            failure = error
            raise
        finally:
            turn.span.output(text_of(field(last, "chat_message", last))).finish(failure)

    return on_messages_stream


def _whole_turn(boundary: Boundary, agent: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def on_messages(messages: Any, *args: Any, **kwargs: Any) -> Any:
        if _in_turn_of(agent):
            return await original(messages, *args, **kwargs)
        turn = _Turn(boundary, agent, messages)
        failure: BaseException | None = None
        token = _current.set(turn)
        try:
            await turn.ask(messages)
            response = await original(messages, *args, **kwargs)
            turn.check()
            turn.span.output(text_of(field(response, "chat_message")))
            return response
        except BaseException as error:
            failure = error
            raise
        finally:
            _current.reset(token)
            turn.span.finish(failure)

    return on_messages


def _in_turn_of(agent: Any) -> bool:
    """Whether the agent's one method was called by its other one."""
    turn = _current.get()
    return turn is not None and turn.agent is agent


async def _within(turn: _Turn, events: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """The same events; between them, the caller is not in the turn."""
    while True:
        token = _current.set(turn)
        try:
            event = await anext(events)
        except StopAsyncIteration:
            return
        finally:
            _current.reset(token)
        yield event


def _model_call(boundary: Boundary, model: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def create(messages: Any, *args: Any, **kwargs: Any) -> Any:
        span = _open_model(boundary, model, messages)
        failure: BaseException | None = None
        try:
            result = await original(messages, *args, **kwargs)
            _record(span, result)
            return result
        except BaseException as error:
            failure = error
            raise
        finally:
            span.finish(failure)

    return create


def _model_stream(
    boundary: Boundary, model: Any, original: Callable[..., Any]
) -> Callable[..., Any]:
    @functools.wraps(original)
    async def create_stream(messages: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        span = _open_model(boundary, model, messages)
        failure: BaseException | None = None
        try:
            async for part in original(messages, *args, **kwargs):
                if not isinstance(part, str):
                    _record(span, part)
                yield part
        except BaseException as error:
            failure = error
            raise
        finally:
            span.finish(failure)

    return create_stream


def _open_model(boundary: Boundary, model: Any, messages: Any) -> Span:
    turn = _current.get()
    if turn is not None:
        turn.check()
    governing = turn.boundary if turn else boundary
    name = str(field(field(model, "model_info"), "family") or type(model).__name__)
    return governing.span("llm", name, turn.span if turn else None).input(messages)


def _record(span: Span, result: Any) -> None:
    usage = field(result, "usage")
    span.usage(None, count(usage, "prompt_tokens"), count(usage, "completion_tokens"))
    span.output(field(result, "content"))


def _tool_call(boundary: Boundary, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def call_tool(name: str, arguments: Any = None, *args: Any, **kwargs: Any) -> Any:
        async def run() -> AsyncIterator[Any]:
            yield await original(name, arguments, *args, **kwargs)

        async for result in _tool(boundary, name, arguments, run):
            return result

    return call_tool


def _tool_stream(boundary: Boundary, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def call_tool_stream(
        name: str, arguments: Any = None, *args: Any, **kwargs: Any
    ) -> AsyncIterator[Any]:
        def run() -> AsyncIterator[Any]:
            events: AsyncIterator[Any] = original(name, arguments, *args, **kwargs)
            return events

        async for event in _tool(boundary, name, arguments, run):
            yield event

    return call_tool_stream


async def _tool(
    boundary: Boundary, name: str, arguments: Any, run: Callable[[], AsyncIterator[Any]]
) -> AsyncIterator[Any]:
    """Run a tool below the turn it belongs to; all that it yields is scanned, its result among it."""
    turn = _current.get()
    governing = turn.boundary if turn else boundary
    try:
        span = governing.span("tool", name, turn.span if turn else None).input(arguments)
    except Exception as error:
        yield _refused(turn, name, error)
        return
    try:
        span.decision(await governing.aask_tool(name, "toolArguments", arguments or {}))
        async for event in run():
            output = text_of(field(event, "result")) or event
            await governing.ascan(name, output, arguments)
            span.output(output)
            yield event
    except Exception as error:
        span.finish(error)
        yield _refused(turn, name, error)
        return
    span.finish()


def _refused(turn: _Turn | None, name: str, error: Exception) -> Any:
    """End the turn; outside of one there is nobody to wait for ever, and the refusal itself comes out."""
    if turn is None:
        raise error
    turn.refuse(error)
    tools = importlib.import_module("autogen_core.tools")
    said = tools.TextResultContent(content="The tool was not used.")
    return tools.ToolResult(name=name, result=[said], is_error=True)
