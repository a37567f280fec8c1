"""CrewAI: a gate before each task and each tool call of a crew, and a record of what its agents did.

    instrument_crew(crew, exe, agent_id="research")

CrewAI's step callback comes after the step and its events swallow exceptions, so the tools themselves are governed: no function of
a tool runs without leave. CrewAI also hands a tool's exception to the model and tries again; a refusal is therefore remembered and
raised at every later step of the run, and `kickoff` raises it in the end.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ..client import Execlave
from ._boundary import Boundary
from ._crewai_usage import Usage, counted
from ._instrumented import govern
from ._spans import Span
from ._texts import field

__all__ = ["instrument_crew"]

_RUNS = ("kickoff", "akickoff")


class _Run:
    """One kickoff: its spans' root, and what ended it."""

    def __init__(self, boundary: Boundary, span: Span) -> None:
        self.boundary = boundary
        self.span = span
        self.refusal: Exception | None = None

    def refuse(self, error: Exception) -> Exception:
        self.refusal = self.refusal or error
        return error

    def open(self, kind: str, name: str, above: Span, **metadata: Any) -> Span:
        """Open a span below another; where the agent is known to be paused, that ends the run."""
        try:
            return self.boundary.span(kind, name, above, **metadata)
        except Exception as error:
            raise self.refuse(error) from None

    def check(self) -> None:
        if self.refusal is not None:
            raise self.refusal


_current: ContextVar[tuple[_Run, Span] | None] = ContextVar("execlave_crew", default=None)
_running: list[_Run] = []


def instrument_crew(
    crew: Any,
    exe: Execlave,
    *,
    agent_id: str,
    enforce: bool = True,
    session_id: str | None = None,
    user_id: str | None = None,
) -> Any:
    """Govern a crew, its agents, their models and their tools; returns the crew. Doing it again changes nothing.

    Asked about: each task before its agent begins, each tool call with its arguments, and what the tool returned before the model
    sees it. Copies that CrewAI makes of the crew, as for `kickoff_for_each`, are governed too.
    """
    boundary = Boundary(
        "crewai", exe, agent_id, enforce=enforce, session_id=session_id, user_id=user_id
    )
    for method in _RUNS:
        govern(crew, method, functools.partial(_kickoff, boundary, crew))
    govern(crew, "copy", functools.partial(_copy, boundary))
    _prepare(boundary, crew)
    return crew


def _copy(boundary: Boundary, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def copied(*args: Any, **kwargs: Any) -> Any:
        return instrument_crew(
            original(*args, **kwargs),
            boundary.exe,
            agent_id=boundary.agent_id,
            enforce=boundary.enforce,
            session_id=boundary.session_id,
            user_id=boundary.user_id,
        )

    return copied


def _kickoff(boundary: Boundary, crew: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    def begin() -> _Run:
        # Agents and tools may have come since.
        _prepare(boundary, crew)
        run = _Run(boundary, boundary.span("chain", str(field(crew, "name") or "crew")))
        _running.append(run)
        return run

    def end(run: _Run, error: BaseException | None, result: Any = None) -> None:
        run.span.output(field(result, "raw", None)).finish(run.refusal or error)
        if run.refusal is not None:
            raise run.refusal from error

    @functools.wraps(original)
    def kickoff(*args: Any, **kwargs: Any) -> Any:
        if _current.get() is not None:
            # `kickoff_async` and other crews' tasks come back here.
            return original(*args, **kwargs)
        run = begin()
        token = _current.set((run, run.span))
        try:
            result = original(*args, **kwargs)
        except Exception as error:
            end(run, error)
            raise
        finally:
            _current.reset(token)
            _running.remove(run)
        end(run, None, result)
        return result

    @functools.wraps(original)
    async def akickoff(*args: Any, **kwargs: Any) -> Any:
        run = begin()
        token = _current.set((run, run.span))
        try:
            result = await original(*args, **kwargs)
        except Exception as error:
            end(run, error)
            raise
        finally:
            _current.reset(token)
            _running.remove(run)
        end(run, None, result)
        return result

    return akickoff if asyncio.iscoroutinefunction(original) else kickoff


def _prepare(boundary: Boundary, crew: Any) -> None:
    agents = [*(field(crew, "agents") or []), field(crew, "manager_agent")]
    agents += [field(task, "agent") for task in field(crew, "tasks") or []]
    for agent in agents:
        if agent is not None:
            _prepare_agent(boundary, agent)
    for task in field(crew, "tasks") or []:
        govern(task, "_execute_task_async", _ending)
        _prepare_tools(boundary, field(task, "tools"))


def _ending(original: Callable[..., Any]) -> Callable[..., Any]:
    """Hand what a task's thread raises to whoever waits for it; older versions let them wait for ever."""

    @functools.wraps(original)
    def execute(agent: Any, context: Any, tools: Any, future: Any) -> None:
        try:
            original(agent, context, tools, future)
        except BaseException as error:
            if future.done():
                raise
            future.set_exception(error)

    return execute


def _prepare_agent(boundary: Boundary, agent: Any) -> None:
    govern(agent, "execute_task", functools.partial(_task, boundary, agent))
    govern(agent, "aexecute_task", functools.partial(_atask, boundary, agent))
    for name in ("llm", "function_calling_llm"):
        model = field(agent, name)
        if model is not None and not isinstance(model, str):
            govern(model, "call", functools.partial(_model_call, boundary, model))
            govern(model, "acall", functools.partial(_model_acall, boundary, model))
    _prepare_tools(boundary, field(agent, "tools"))


def _prepare_tools(boundary: Boundary, tools: Any) -> None:
    for tool in tools or []:
        # A tool made from a function keeps it as `func`, and runs it past `_run` too.
        method = "func" if callable(getattr(tool, "func", None)) else "_run"
        if not callable(getattr(tool, method, None)):
            raise TypeError(
                f"the tool {field(tool, 'name', tool)!r} has neither func nor _run, and cannot be "
                "governed; a tool of CrewAI 0.80 or later is needed"
            )
        govern(tool, method, functools.partial(_tool_call, boundary, tool))
        govern(tool, "_arun", functools.partial(_tool_acall, boundary, tool))


def _place(boundary: Boundary) -> tuple[_Run, Span]:
    """The run and the step that the caller is in.

    Where CrewAI took the step to a thread without its context, it is of the crew's run, or of one of its own if there are several.
    """
    current = _current.get()
    if current is not None:
        return current
    runs = [run for run in list(_running) if run.boundary is boundary]
    if len(runs) == 1:
        return runs[0], runs[0].span
    run = _Run(boundary, boundary.span("chain", "crew"))
    run.span.finish()
    return run, run.span


def _begin_task(
    boundary: Boundary, agent: Any, task: Any, context: Any, tools: Any
) -> tuple[_Run, Span, str, dict[str, Any]]:
    run, above = _place(boundary)
    run.check()
    _prepare_tools(run.boundary, tools)
    description = str(field(task, "description", task))
    asked = {"task": description, "context": context, "role": field(agent, "role")}
    span = run.open("agent", description[:80], above, crewaiTask=description[:80])
    span.input(asked)
    text = f"{description}\n{context}" if context else description
    return run, span, text, asked


def _task(boundary: Boundary, agent: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def execute_task(task: Any, context: Any = None, tools: Any = None, **kwargs: Any) -> Any:
        run, span, text, asked = _begin_task(boundary, agent, task, context, tools)
        token = _current.set((run, span))
        try:
            span.decision(_refusing(run, run.boundary.ask, text, {"crewaiTask": asked}))
            result = original(task, context, tools, **kwargs)
            run.check()
        except Exception as error:
            span.finish(run.refusal or error)
            raise
        finally:
            _current.reset(token)
        span.output(result).finish()
        return result

    return execute_task


def _atask(boundary: Boundary, agent: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def aexecute_task(
        task: Any, context: Any = None, tools: Any = None, **kwargs: Any
    ) -> Any:
        run, span, text, asked = _begin_task(boundary, agent, task, context, tools)
        token = _current.set((run, span))
        try:
            span.decision(await _arefusing(run, run.boundary.aask(text, {"crewaiTask": asked})))
            result = await original(task, context, tools, **kwargs)
            run.check()
        except Exception as error:
            span.finish(run.refusal or error)
            raise
        finally:
            _current.reset(token)
        span.output(result).finish()
        return result

    return aexecute_task


def _model_call(boundary: Boundary, model: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(messages: Any, *args: Any, **kwargs: Any) -> Any:
        span = _begin_model(boundary, model, messages)
        with counted(model, kwargs.get("callbacks")) as usage:
            try:
                result = original(messages, *args, **kwargs)
            except Exception as error:
                span.finish(error)
                raise
        _end_model(model, span, usage, result)
        return result

    return call


def _model_acall(
    boundary: Boundary, model: Any, original: Callable[..., Any]
) -> Callable[..., Any]:
    @functools.wraps(original)
    async def acall(messages: Any, *args: Any, **kwargs: Any) -> Any:
        span = _begin_model(boundary, model, messages)
        with counted(model, kwargs.get("callbacks")) as usage:
            try:
                result = await original(messages, *args, **kwargs)
            except Exception as error:
                span.finish(error)
                raise
        _end_model(model, span, usage, result)
        return result

    return acall


def _tool_call(boundary: Boundary, tool: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    name = str(field(tool, "name", "tool"))
    if asyncio.iscoroutinefunction(original):
        return _tool_acall(boundary, tool, original)

    @functools.wraps(original)
    def run_tool(*args: Any, **kwargs: Any) -> Any:
        run, span, given = _begin_tool(boundary, name, args, kwargs)
        try:
            span.decision(_refusing(run, run.boundary.ask_tool, name, "toolInput", given))
            try:
                result = original(*args, **kwargs)
            except Exception as error:
                # CrewAI hands it to the model, as it does a result.
                _refusing(run, run.boundary.scan, name, str(error), given)
                raise
            span.output(result)
            _refusing(run, run.boundary.scan, name, result, given)
        except Exception as error:
            span.finish(error)
            raise
        span.finish()
        return result

    return run_tool


def _tool_acall(boundary: Boundary, tool: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    name = str(field(tool, "name", "tool"))

    @functools.wraps(original)
    async def arun_tool(*args: Any, **kwargs: Any) -> Any:
        run, span, given = _begin_tool(boundary, name, args, kwargs)
        try:
            question = run.boundary.aask_tool(name, "toolInput", given)
            span.decision(await _arefusing(run, question))
            try:
                result = await original(*args, **kwargs)
            except Exception as error:
                await _arefusing(run, run.boundary.ascan(name, str(error), given))
                raise
            span.output(result)
            await _arefusing(run, run.boundary.ascan(name, result, given))
        except Exception as error:
            span.finish(error)
            raise
        span.finish()
        return result

    return arun_tool


def _begin_tool(
    boundary: Boundary, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[_Run, Span, Any]:
    run, above = _place(boundary)
    run.check()
    given: Any = {**kwargs, "args": list(args)} if args else kwargs
    span = run.open("tool", name, above, crewaiStep=name)
    return run, span.input(given), given


def _begin_model(boundary: Boundary, model: Any, messages: Any) -> Span:
    run, above = _place(boundary)
    run.check()
    return run.open("llm", str(field(model, "model") or "model"), above).input(messages)


def _end_model(model: Any, span: Span, usage: Usage, result: Any) -> None:
    span.usage(field(model, "model"), *usage.tokens)
    span.output(result).finish()


def _refusing(run: _Run, ask: Callable[..., Any], *question: Any) -> Any:
    try:
        return ask(*question)
    except Exception as error:
        raise run.refuse(error) from None


async def _arefusing(run: _Run, question: Any) -> Any:
    try:
        return await question
    except Exception as error:
        raise run.refuse(error) from None
