"""Pydantic AI: a capability that asks before each run and each tool, and before the model sees what a tool returned.

agent = Agent(model, capabilities=[ExeclaveCapability(exe, agent_id="support")])
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ..client import Execlave
from ._boundary import Boundary
from ._spans import Span
from ._texts import count, field, text_of

if TYPE_CHECKING:

    class AbstractCapability: ...

else:
    try:
        from pydantic_ai.capabilities import AbstractCapability
    except ImportError as error:
        raise ImportError(
            "Pydantic AI is missing: pip install 'execlave-sdk[pydantic-ai]'"
        ) from error

__all__ = ["ExeclaveCapability"]

Step = tuple[object, ...]
Body = Callable[[Span], Awaitable[Any]]

_current: ContextVar[tuple[tuple[Step, Span], ...]] = ContextVar("execlave_steps", default=())


class ExeclaveCapability(AbstractCapability):
    """Governs every run of the agents that it is given to; given twice, it does so once.

    Args:
        exe: The client.
        agent_id: The agent that acts.
        enforce: False only records.
        session_id: Recorded with each span.
        user_id: Recorded with each span.
    """

    def __init__(
        self,
        exe: Execlave,
        *,
        agent_id: str,
        enforce: bool = True,
        session_id: str | None = None,
        user_id: str | None = None,
    ) -> None:
        super().__init__()
        self._boundary = Boundary(
            "pydantic_ai", exe, agent_id, enforce=enforce, session_id=session_id, user_id=user_id
        )

    async def wrap_run(self, ctx: Any, *, handler: Callable[[], Awaitable[Any]]) -> Any:
        """Asks about the prompt before anything of the run happens."""

        async def body(span: Span) -> Any:
            span.input(ctx.prompt)
            text = text_of(ctx.prompt)
            metadata = {"prompt": ctx.prompt, "agentName": field(ctx.agent, "name")}
            span.decision(await self._boundary.aask(text, metadata))
            result = await handler()
            span.output(field(result, "output"))
            return result

        name = str(field(ctx.agent, "name") or "agent")
        return await self._step(("run", ctx.run_id), "agent", name, body, handler)

    async def wrap_model_request(
        self, ctx: Any, *, request_context: Any, handler: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """Records a model request; the run's prompt and every tool's output have been asked about before."""

        async def body(span: Span) -> Any:
            span.input(request_context.messages)
            response = await handler(request_context)
            usage = field(response, "usage")
            span.usage(
                field(response, "model_name"),
                count(usage, "input_tokens"),
                count(usage, "output_tokens"),
            )
            span.output(text_of(field(response, "parts")))
            return response

        name = str(field(request_context.model, "model_name") or "model")
        step = ("model", ctx.run_id, ctx.run_step)
        return await self._step(step, "llm", name, body, lambda: handler(request_context))

    async def wrap_tool_execute(
        self,
        ctx: Any,
        *,
        call: Any,
        tool_def: Any,
        args: Any,
        handler: Callable[[Any], Awaitable[Any]],
    ) -> Any:
        """Asks whether the tool may run, and whether the model may read what it returned."""
        name = str(call.tool_name)

        async def body(span: Span) -> Any:
            span.input(args)
            span.decision(await self._boundary.aask_tool(name, "toolArguments", args))
            result = await handler(args)
            span.output(result)
            await self._boundary.ascan(name, result, args)
            return result

        step = ("tool", ctx.run_id, call.tool_call_id)
        return await self._step(step, "tool", name, body, lambda: handler(args))

    async def _step(
        self,
        step: Step,
        kind: str,
        name: str,
        body: Body,
        unseen: Callable[[], Awaitable[Any]],
    ) -> Any:
        """Run a step below the one that it is in; one that is being governed for this agent is left alone."""
        step = (self._boundary.agent_id, *step)
        path = _current.get()
        if any(step == other for other, _ in path):
            return await unseen()
        span = self._boundary.span(kind, name, path[-1][1] if path else None)
        token = _current.set((*path, (step, span)))
        failure: BaseException | None = None
        try:
            return await body(span)
        except BaseException as error:
            failure = error
            raise
        finally:
            _current.reset(token)
            span.finish(failure)
