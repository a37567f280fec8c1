"""AutoGen 0.2 and AG2: what a `ConversableAgent` does, asked about before it happens.

Its replies are functions of its class, which find the tools, the executor of code and the model client through the agent itself:
these are governed. AutoGen runs some of them in threads without the caller's context, which is why the agent's turns are kept, too.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any

from ._boundary import Boundary
from ._instrumented import govern, is_governed
from ._spans import Span
from ._texts import count, field, last_user_text, text_of

Tool = tuple[str, Any]
"""A tool's name and what it is called with."""

_CODE = "execute_code"


class Turn:
    """One turn of an agent, or the chat around it: its span, and what ended it."""

    def __init__(self, boundary: Boundary, kind: str, name: str) -> None:
        above = _current.get()
        self.boundary = boundary
        self.span: Span = boundary.span(kind, name, above.span if above else None)
        self.refusal: Exception | None = None

    def refuse(self, error: Exception) -> Exception:
        """Remember what ended the turn: a thread of AutoGen's loses what is raised in it."""
        self.refusal = self.refusal or error
        return error

    def end(self, error: BaseException) -> BaseException:
        """Record a failure; gives what is to be raised."""
        ended = self.refusal or error
        self.span.finish(ended)
        return ended


_current: ContextVar[Turn | None] = ContextVar("execlave_conversable", default=None)


class Conversable:
    """One governed agent."""

    def __init__(self, boundary: Boundary, agent: Any) -> None:
        self.boundary = boundary
        self.agent = agent
        self.name = str(field(agent, "name") or "agent")
        self.turns: list[Turn] = []

    def govern(self) -> None:
        """Put the gates in; those that are there already stay as they are."""
        govern(self.agent, "initiate_chat", self._chat)
        govern(self.agent, "a_initiate_chat", self._achat)
        govern(self.agent, "generate_reply", self._reply)
        govern(self.agent, "a_generate_reply", self._areply)
        govern(self.agent, "execute_function", self._function)
        govern(self.agent, "a_execute_function", self._afunction)
        govern(self.agent, "execute_code_blocks", self._code)
        executor = field(self.agent, "_code_executor")
        if executor is not None:
            govern(executor, "execute_code_blocks", self._code)
        client = field(self.agent, "client")
        if client is not None:
            govern(client, "create", self._model)

    def turn(self) -> Turn | None:
        """The turn that the caller is in."""
        return _current.get() or (self.turns[-1] if self.turns else None)

    def _chat(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def initiate_chat(*args: Any, **kwargs: Any) -> Any:
            chat = Turn(self.boundary, "chain", self.name)
            chat.span.input(kwargs.get("message"))
            token = _current.set(chat)
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                raise chat.end(error) from None
            finally:
                _current.reset(token)
            chat.span.output(field(result, "summary")).finish()
            return result

        return initiate_chat

    def _achat(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def a_initiate_chat(*args: Any, **kwargs: Any) -> Any:
            chat = Turn(self.boundary, "chain", self.name)
            chat.span.input(kwargs.get("message"))
            token = _current.set(chat)
            try:
                result = await original(*args, **kwargs)
            except BaseException as error:
                raise chat.end(error) from None
            finally:
                _current.reset(token)
            chat.span.output(field(result, "summary")).finish()
            return result

        return a_initiate_chat

    def _reply(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def generate_reply(
            messages: Any = None, sender: Any = None, *args: Any, **kwargs: Any
        ) -> Any:
            turn, shown = self._begin(messages, sender)
            token = _current.set(turn)
            try:
                text, metadata, outputs = self._question(shown, sender)
                turn.span.decision(self.boundary.ask(text, metadata, outputs=outputs))
                reply = original(messages, sender, *args, **kwargs)
                for tool in self._handed_over(reply, sender):
                    self._run(tool, None)
            except BaseException as error:
                raise turn.end(error) from None
            finally:
                _current.reset(token)
                self.turns.remove(turn)
            turn.span.output(reply).finish()
            return reply

        return generate_reply

    def _areply(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def a_generate_reply(
            messages: Any = None, sender: Any = None, *args: Any, **kwargs: Any
        ) -> Any:
            turn, shown = self._begin(messages, sender)
            token = _current.set(turn)
            try:
                text, metadata, outputs = self._question(shown, sender)
                turn.span.decision(await self.boundary.aask(text, metadata, outputs=outputs))
                reply = await original(messages, sender, *args, **kwargs)
                for tool in self._handed_over(reply, sender):
                    await self._arun(turn, tool, None)
            except BaseException as error:
                raise turn.end(error) from None
            finally:
                _current.reset(token)
                self.turns.remove(turn)
            turn.span.output(reply).finish()
            return reply

        return a_generate_reply

    def _begin(self, messages: Any, sender: Any) -> tuple[Turn, list[Any]]:
        # Tools, an executor or another client may have come since.
        self.govern()
        if messages is None:
            messages = (field(self.agent, "_oai_messages") or {}).get(sender)
        shown = list(messages or [])
        turn = Turn(self.boundary, "agent", self.name)
        turn.span.input(shown)
        self.turns.append(turn)
        return turn, shown

    def _question(
        self, shown: list[Any], sender: Any
    ) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
        outputs = [] if _runs_governed(sender) else _outputs(shown)
        return last_user_text(shown) or "turn", {"messages": shown}, outputs

    def _handed_over(self, reply: Any, sender: Any) -> list[Tool]:
        """The calls in a reply that somebody else will make, who does not ask."""
        return [] if _runs_governed(sender) else [_tool(call) for call in _calls(reply)]

    def _function(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def execute_function(func_call: Any, *args: Any, **kwargs: Any) -> Any:
            return self._run(_tool(func_call), lambda: original(func_call, *args, **kwargs))

        return execute_function

    def _afunction(self, original: Callable[..., Any]) -> Callable[..., Any]:
        # The coroutine may be run in a thread of its own; its turn is that of who makes it.
        @functools.wraps(original)
        def a_execute_function(
            func_call: Any, *args: Any, **kwargs: Any
        ) -> Coroutine[Any, Any, Any]:
            call = functools.partial(original, func_call, *args, **kwargs)
            return self._arun(self.turn(), _tool(func_call), call)

        return a_execute_function

    def _code(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def execute_code_blocks(code_blocks: Any, *args: Any, **kwargs: Any) -> Any:
            blocks = [
                {"language": block[0], "code": block[1]}
                if isinstance(block, (tuple, list))
                else {"language": field(block, "language"), "code": field(block, "code")}
                for block in code_blocks
            ]
            tool = _CODE, {"blocks": blocks}
            return self._run(tool, lambda: original(code_blocks, *args, **kwargs))

        return execute_code_blocks

    def _run(self, tool: Tool, call: Callable[[], Any] | None) -> Any:
        """Run a tool if it may run; no call: ask only, for somebody else will run it."""
        name, arguments = tool
        turn = self.turn()
        boundary, span = self._open(turn, "tool", name)
        span.input(arguments)
        result = None
        try:
            span.decision(boundary.ask_tool(name, "toolArguments", arguments))
            if call is not None:
                result = call()
                output = _output(result)
                span.output(output)
                boundary.scan(name, output, arguments)
        except BaseException as error:
            raise _stopped(turn, span, error) from None
        span.finish()
        return result

    async def _arun(self, turn: Turn | None, tool: Tool, call: Callable[[], Any] | None) -> Any:
        name, arguments = tool
        boundary, span = self._open(turn, "tool", name)
        span.input(arguments)
        result = None
        try:
            span.decision(await boundary.aask_tool(name, "toolArguments", arguments))
            if call is not None:
                result = await call()
                output = _output(result)
                span.output(output)
                await boundary.ascan(name, output, arguments)
        except BaseException as error:
            raise _stopped(turn, span, error) from None
        span.finish()
        return result

    def _model(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def create(*args: Any, **kwargs: Any) -> Any:
            _, span = self._open(self.turn(), "llm", "model")
            span.input(kwargs.get("messages"))
            try:
                response = original(*args, **kwargs)
            except BaseException as error:
                span.finish(error)
                raise
            usage = field(response, "usage")
            span.usage(
                field(response, "model"),
                count(usage, "prompt_tokens"),
                count(usage, "completion_tokens"),
            )
            messages = [field(choice, "message") for choice in field(response, "choices") or []]
            span.output(text_of(messages)).finish()
            return response

        return create

    def _open(self, turn: Turn | None, kind: str, name: str) -> tuple[Boundary, Span]:
        """Open a span below a turn; where the agent is known to be paused, that ends the turn."""
        boundary = turn.boundary if turn else self.boundary
        try:
            return boundary, boundary.span(kind, name, turn.span if turn else None)
        except Exception as error:
            raise turn.refuse(error) if turn else error from None


def _stopped(turn: Turn | None, span: Span, error: BaseException) -> BaseException:
    """Record that a tool was stopped; whatever comes out of its gate ends the turn."""
    span.finish(error)
    if turn is not None and isinstance(error, Exception):
        turn.refuse(error)
    return error


def _runs_governed(agent: Any) -> bool:
    """Whether an agent asks before it runs a tool; of the manager of a group, whether all in the group do."""
    members = field(field(agent, "_groupchat"), "agents")
    return all(is_governed(member, "execute_function") for member in members or [agent])


def _calls(message: Any) -> list[Any]:
    """The calls of tools in a message, of the present and the former form."""
    calls = [field(call, "function") for call in field(message, "tool_calls") or []]
    return [call for call in [*calls, field(message, "function_call")] if call]


def _outputs(messages: list[Any]) -> list[dict[str, Any]]:
    """What tools returned in the last message."""
    last = messages[-1] if messages else None
    if field(last, "role") not in ("tool", "function"):
        return []
    # The names are in the message that asked for them.
    asked = messages[-2] if len(messages) > 1 else None
    names = {
        field(call, "id"): field(field(call, "function"), "name")
        for call in field(asked, "tool_calls") or []
    }
    return [
        {
            "name": names.get(field(part, "tool_call_id")) or field(part, "name") or "tool",
            "output": field(part, "content"),
        }
        for part in field(last, "tool_responses") or [last]
    ]


def _tool(call: Any) -> Tool:
    given = field(call, "arguments")
    try:
        arguments = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        arguments = given
    return str(field(call, "name") or "tool"), arguments or {}


def _output(result: Any) -> Any:
    """What a tool or a piece of code returned: AutoGen puts a success or an exit code before it."""
    if isinstance(result, tuple) and len(result) > 1:
        return field(result[1], "content", result[1])
    return field(result, "output", result)
