"""The OpenAI Agents SDK: a gate before model calls and tools, and a record of the SDK's own spans.

    add_trace_processor(ExeclaveTracingProcessor(exe, agent_id="support"))

The SDK swallows whatever a tracing processor raises, so a processor alone could stop nothing. This one puts run hooks, whose
refusal ends the run, into every `Runner.run`, `run_sync` and `run_streamed`, agents as tools included. `ExeclaveRunHooks` is the
same gate for one run.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ..client import Execlave
from ._boundary import Boundary
from ._spans import Span
from ._texts import count, field, last_user_text, text_of

if TYPE_CHECKING:

    class AgentsException(Exception): ...

    class RunHooks: ...

    class TracingProcessor: ...

    class AgentRunner:
        async def run(self, starting_agent: Any, input: Any, **kwargs: Any) -> Any: ...
        def run_sync(self, starting_agent: Any, input: Any, **kwargs: Any) -> Any: ...
        def run_streamed(self, starting_agent: Any, input: Any, **kwargs: Any) -> Any: ...

    def get_current_span() -> Any: ...
    def get_default_agent_runner() -> Any: ...
    def set_default_agent_runner(runner: Any) -> None: ...

else:
    try:
        from agents import AgentsException, RunHooks, TracingProcessor, get_current_span
        from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner
    except ImportError as error:
        raise ImportError(
            "the OpenAI Agents SDK is missing: pip install 'execlave-sdk[openai-agents]'"
        ) from error

__all__ = ["ExeclaveRunHooks", "ExeclaveTracingProcessor"]

_MOST_SPANS = 10_000

_KINDS = {
    "agent": "agent",
    "generation": "llm",
    "response": "llm",
    "function": "tool",
    "handoff": "handoff",
    "guardrail": "guardrail",
}


class ExeclaveRunHooks(RunHooks):
    """Asks before each model call of a run and each local tool, and before the model sees what a tool returned.

    Of a model call it asks about the newest text of the user, once for each text of a run.

    Args:
        exe: The client.
        agent_id: The agent that acts.
        enforce: False asks nothing.
        session_id: Recorded with each span.
        user_id: Recorded with each span.
        hooks: Hooks of the application, which are called after these.
    """

    def __init__(
        self,
        exe: Execlave,
        *,
        agent_id: str,
        enforce: bool = True,
        session_id: str | None = None,
        user_id: str | None = None,
        hooks: Any = None,
    ) -> None:
        super().__init__()
        self._boundary = Boundary(
            "openai_agents", exe, agent_id, enforce=enforce, session_id=session_id, user_id=user_id
        )
        self._hooks = hooks
        # What was asked last in each run, by the run's context: the same text is not put to a person twice.
        self._asked: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
        self._refusals: dict[str, Exception] | None = None

    async def on_llm_start(
        self, context: Any, agent: Any, system_prompt: str | None, input_items: list[Any]
    ) -> None:
        """Asks about the prompt."""
        text = last_user_text(input_items)
        if text != self._asked.get(context) or self._boundary.paused:
            await self._gate(
                self._boundary.aask(
                    text, {"agentInput": input_items, "agentName": field(agent, "name")}
                )
            )
            self._asked[context] = text
        await self._forward("on_llm_start", context, agent, system_prompt, input_items)

    async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
        """Asks whether the tool may run."""
        name = str(field(tool, "name", "tool"))
        arguments = field(context, "tool_arguments", "")
        await self._gate(self._boundary.aask_tool(name, "toolArguments", arguments))
        await self._forward("on_tool_start", context, agent, tool)

    async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
        """Asks whether the model may read what the tool returned."""
        name = str(field(tool, "name", "tool"))
        await self._gate(self._boundary.ascan(name, result, field(context, "tool_arguments")))
        await self._forward("on_tool_end", context, agent, tool, result)

    async def on_llm_end(self, *args: Any) -> None:
        """Calls the application's hook."""
        await self._forward("on_llm_end", *args)

    async def on_agent_start(self, *args: Any) -> None:
        """Calls the application's hook."""
        await self._forward("on_agent_start", *args)

    async def on_agent_end(self, *args: Any) -> None:
        """Calls the application's hook."""
        await self._forward("on_agent_end", *args)

    async def on_handoff(self, *args: Any) -> None:
        """Calls the application's hook."""
        await self._forward("on_handoff", *args)

    async def _gate(self, question: Any) -> None:
        try:
            await question
        except Exception as error:
            span = get_current_span()
            if self._refusals is not None and span is not None:
                self._refusals[span.span_id] = error
            raise _unwrapped(error) from error

    async def _forward(self, hook: str, *args: Any) -> None:
        if self._hooks is not None:
            await getattr(self._hooks, hook)(*args)


class ExeclaveTracingProcessor(TracingProcessor):
    """Records the SDK's spans, and governs every run from its making on; arguments as of `ExeclaveRunHooks`."""

    def __init__(
        self,
        exe: Execlave,
        *,
        agent_id: str,
        enforce: bool = True,
        session_id: str | None = None,
        user_id: str | None = None,
    ) -> None:
        self._exe = exe
        self._boundary = Boundary(
            "openai_agents", exe, agent_id, enforce=enforce, session_id=session_id, user_id=user_id
        )
        self._spans: OrderedDict[str, Span] = OrderedDict()
        self._roots: OrderedDict[str, Span] = OrderedDict()
        self._refusals: dict[str, Exception] = {}
        self._lock = threading.Lock()
        if enforce:
            _govern(self)

    def on_trace_start(self, trace: Any) -> None:
        """Nothing: the SDK's outermost span is the root."""

    def on_trace_end(self, trace: Any) -> None:
        """Forget a run that has ended."""
        with self._lock:
            self._roots.pop(str(field(trace, "trace_id")), None)

    def on_span_start(self, span: Any) -> None:
        """Records the beginning of a step."""
        if not span.span_id:
            return
        kind = _KINDS.get(span.span_data.type, "agent")
        name = str(field(span.span_data, "name") or span.span_data.type)
        with self._lock:
            root = self._roots.get(span.trace_id)
            parent = self._spans.get(span.parent_id or "", root)
        opened = self._boundary.span(kind, name, parent, openaiAgentsSpanId=span.span_id)
        with self._lock:
            self._spans[span.span_id] = opened
            self._roots.setdefault(span.trace_id, opened)
            for kept in (self._spans, self._roots):
                while len(kept) > _MOST_SPANS:
                    kept.popitem(last=False)

    def on_span_end(self, span: Any) -> None:
        """Records how a step ended."""
        with self._lock:
            opened = self._spans.pop(span.span_id, None)
            refusal = self._refusals.pop(span.span_id, None)
        if opened is None:
            return
        data = span.span_data
        response = field(data, "response")
        usage = field(data, "usage") or field(response, "usage")
        opened.usage(
            field(data, "model") or field(response, "model"),
            count(usage, "input_tokens", "prompt_tokens"),
            count(usage, "output_tokens", "completion_tokens"),
        )
        opened.input(field(data, "input"))
        if data.type == "handoff":
            opened.input({"from": data.from_agent, "to": data.to_agent})
        output = field(data, "output", field(data, "triggered"))
        opened.output(text_of(field(response, "output")) if response is not None else output)
        failed = field(span, "error")
        if refusal is None and failed is not None:
            refusal = _SpanFailed(str(field(failed, "message", "")), field(failed, "data"))
        opened.finish(refusal)

    def shutdown(self, timeout: float | None = None) -> None:
        """Send what waits. Runs stay governed."""
        self.force_flush()

    def force_flush(self) -> None:
        """Send what waits."""
        self._exe.flush()

    def _gate(self, hooks: Any) -> ExeclaveRunHooks:
        boundary = self._boundary
        gate = ExeclaveRunHooks(self._exe, agent_id=boundary.agent_id, hooks=hooks)
        gate._refusals = self._refusals
        return gate


class _SpanFailed(Exception):
    """What the SDK says of a step that failed."""

    def __init__(self, message: str, data: object) -> None:
        super().__init__(f"{message}: {data}" if data else message)


def _unwrapped(error: Exception) -> Exception:
    """The same error as one of the SDK's own: it wraps all others that come out of a tool's hooks."""
    kind = type(error)
    own_kind = type(kind.__name__, (kind, AgentsException), {"run_data": None})
    own: Exception = own_kind.__new__(own_kind, *error.args)
    own.args = error.args
    own.__dict__.update(error.__dict__)
    return own


class _GovernedRunner(AgentRunner):
    """The SDK's runner, with our hooks before the application's."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.processors: list[ExeclaveTracingProcessor] = []

    async def run(self, starting_agent: Any, input: Any, **kwargs: Any) -> Any:
        return await self._inner.run(starting_agent, input, **self._with_gates(kwargs))

    def run_sync(self, starting_agent: Any, input: Any, **kwargs: Any) -> Any:
        return self._inner.run_sync(starting_agent, input, **self._with_gates(kwargs))

    def run_streamed(self, starting_agent: Any, input: Any, **kwargs: Any) -> Any:
        return self._inner.run_streamed(starting_agent, input, **self._with_gates(kwargs))

    def _with_gates(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        hooks = kwargs.get("hooks")
        for processor in self.processors:
            hooks = processor._gate(hooks)
        return {**kwargs, "hooks": hooks}


_governing = threading.Lock()


def _govern(processor: ExeclaveTracingProcessor) -> None:
    """Put the processor's gate into every run; one for the same client and agent is enough."""
    with _governing:
        runner = get_default_agent_runner()
        if not isinstance(runner, _GovernedRunner):
            runner = _GovernedRunner(runner)
            set_default_agent_runner(runner)
        same = [
            other
            for other in runner.processors
            if other._exe is processor._exe
            and other._boundary.agent_id == processor._boundary.agent_id
        ]
        if not same:
            runner.processors.append(processor)
