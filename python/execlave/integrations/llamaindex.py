"""LlamaIndex: a gate before each run of an agent and each tool it calls, and before the model sees what a tool returned.

    instrument_llamaindex_agent(agent, exe, agent_id="support")

LlamaIndex swallows whatever its event handlers raise, so the agent's own steps and tools are governed. It also hands a tool's
exception to the model; a refusal is therefore remembered and raised before the model is asked again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ..client import Execlave
from ._boundary import Boundary
from ._instrumented import govern
from ._spans import Span
from ._texts import count, field, last_user_text, text_of

__all__ = ["instrument_llamaindex_agent"]


class _Run:
    """One run: its root span, what was asked last, and what ended it."""

    def __init__(self, boundary: Boundary, name: str) -> None:
        self.boundary = boundary
        self.span = boundary.span("agent", name)
        self.asked: str | None = None
        self.refusal: Exception | None = None

    def refuse(self, error: Exception) -> Exception:
        self.refusal = self.refusal or error
        return error

    def check(self) -> None:
        if self.refusal is not None:
            raise self.refusal


_current: ContextVar[_Run | None] = ContextVar("execlave_llamaindex", default=None)


def instrument_llamaindex_agent(
    agent: Any,
    exe: Execlave,
    *,
    agent_id: str,
    enforce: bool = True,
    session_id: str | None = None,
    user_id: str | None = None,
) -> Any:
    """Govern a `FunctionAgent`, a `ReActAgent` or an `AgentWorkflow` of such; returns it. Doing it again changes nothing.

    Raises `TypeError` for anything else.
    """
    inner = field(agent, "agents")
    steppers = list(inner.values()) if isinstance(inner, dict) else [agent]
    if not all(callable(getattr(stepper, "take_step", None)) for stepper in steppers):
        raise TypeError("the agent has no take_step; a workflow agent of LlamaIndex is needed")
    boundary = Boundary(
        "llamaindex", exe, agent_id, enforce=enforce, session_id=session_id, user_id=user_id
    )
    govern(agent, "run", functools.partial(_run, boundary, agent))
    govern(agent, "get_tools", functools.partial(_tools, boundary))
    for stepper in steppers:
        govern(stepper, "take_step", functools.partial(_step, boundary, stepper))
    return agent


def _run(boundary: Boundary, agent: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def run(*args: Any, **kwargs: Any) -> Any:
        state = _Run(boundary, str(field(agent, "name") or "agent"))
        state.span.input(kwargs.get("user_msg", args[0] if args else None))
        # The steps are tasks, which take this with them from here.
        token = _current.set(state)
        try:
            handler = original(*args, **kwargs)
        except Exception as error:
            state.span.finish(error)
            raise
        finally:
            _current.reset(token)
        # The handler was a future before it had one.
        future = getattr(handler, "_result_task", handler)
        future.add_done_callback(functools.partial(_ended, state))
        return handler

    return run


def _ended(run: _Run, future: Any) -> None:
    error = None if future.cancelled() else future.exception()
    if error is None and not future.cancelled():
        ended = future.result()
        run.span.output(text_of(field(field(ended, "result", ended), "response")))
    run.span.finish(run.refusal or error)


def _step(boundary: Boundary, agent: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    model = field(field(field(agent, "llm"), "metadata"), "model_name")

    @functools.wraps(original)
    async def take_step(ctx: Any, llm_input: Any, *args: Any, **kwargs: Any) -> Any:
        run = _current.get()
        if run is not None:
            run.check()
        governing = run.boundary if run else boundary
        span = _open(run, governing, "llm", str(model or "model"))
        span.input(llm_input)
        try:
            text = last_user_text(llm_input)
            if run is None or text != run.asked or governing.paused:
                span.decision(await governing.aask(text, {"messages": llm_input}))
                if run is not None:
                    run.asked = text
        except Exception as error:
            span.finish(error)
            raise (run.refuse(error) if run else error) from None
        try:
            result = await original(ctx, llm_input, *args, **kwargs)
        except BaseException as error:
            span.finish(error)
            raise
        usage = field(field(result, "raw"), "usage")
        span.usage(
            model,
            count(usage, "prompt_tokens", "input_tokens"),
            count(usage, "completion_tokens", "output_tokens"),
        )
        span.output(text_of(field(result, "response"))).finish()
        return result

    return take_step


def _tools(boundary: Boundary, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def get_tools(*args: Any, **kwargs: Any) -> Any:
        tools = await original(*args, **kwargs)
        for tool in tools:
            name = str(field(field(tool, "metadata"), "name") or "tool")
            govern(tool, "acall", functools.partial(_tool, boundary, name))
        return tools

    return get_tools


def _tool(boundary: Boundary, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def acall(*args: Any, **kwargs: Any) -> Any:
        run = _current.get()
        if run is not None:
            run.check()
        governing = run.boundary if run else boundary
        # The context of the run is no argument of the model's.
        given = {key: value for key, value in kwargs.items() if not hasattr(value, "store")}
        arguments: Any = {**given, "args": list(args)} if args else given
        span = _open(run, governing, "tool", name)
        span.input(arguments)
        try:
            span.decision(await governing.aask_tool(name, "toolArguments", arguments))
        except Exception as error:
            span.finish(error)
            raise (run.refuse(error) if run else error) from None
        try:
            result = await original(*args, **kwargs)
        except BaseException as error:
            span.finish(error)
            raise
        output = text_of(field(result, "blocks")) or field(result, "raw_output")
        span.output(output)
        try:
            await governing.ascan(name, output, arguments)
        except Exception as error:
            span.finish(error)
            raise (run.refuse(error) if run else error) from None
        span.finish()
        return result

    return acall


def _open(run: _Run | None, boundary: Boundary, kind: str, name: str) -> Span:
    """Open a span of a run; where the agent is known to be paused, that ends the run."""
    try:
        return boundary.span(kind, name, run.span if run else None)
    except Exception as error:
        raise (run.refuse(error) if run else error) from None
