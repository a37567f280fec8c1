"""LangChain and LangGraph: a callback handler that asks before each run, model call and tool, and records the tree.

    chain.invoke(question, config={"callbacks": [ExeclaveCallbackHandler(exe, agent_id="support")]})

LangChain raises what a handler with `raise_error` raises, and calls it before the step begins and before a tool's output is handed
on: a refusal stops the run there. In synchronous runs that holds for plain functions alone; what a coroutine raises is swallowed.
In asynchronous runs a plain function stops the event loop while it waits, or takes one of the few threads of the loop's executor
for as long as a person takes to decide. So the callbacks that ask have both forms.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..client import Execlave
from ..exceptions import PolicyBlockedError
from ._boundary import Boundary, Decision
from ._documents import contents, origins
from ._gate import Gate
from ._spans import Span
from ._texts import count, field, question_of, text_of
from ._twofold import Twofold

if TYPE_CHECKING:

    class BaseCallbackHandler: ...

else:
    try:
        from langchain_core.callbacks import BaseCallbackHandler
    except ImportError as error:
        raise ImportError("LangChain is missing: pip install 'execlave-sdk[langchain]'") from error

__all__ = ["ExeclaveCallbackHandler", "ExeclavePolicyError"]

# Runs that LangChain never ends, as those of streams that nobody reads to their end, must not be kept for ever.
_MOST_RUNS = 10_000


class ExeclavePolicyError(PolicyBlockedError):
    """A policy forbids what a chain, a model or a tool was about to do."""


@dataclass
class _Run:
    """A step under way."""

    span: Span
    name: str
    root: Any
    asked: bool
    arguments: object
    model: str | None


def _asking(plan: Callable[..., Gate | None]) -> Twofold:
    """A callback that asks what `plan` plans."""

    @functools.wraps(plan)
    def callback(*args: Any, **kwargs: Any) -> None:
        with _naming():
            gate = plan(*args, **kwargs)
            if gate is not None:
                gate.ask()

    @functools.wraps(plan)
    async def acallback(*args: Any, **kwargs: Any) -> None:
        with _naming():
            gate = plan(*args, **kwargs)
            if gate is not None:
                await gate.aask()

    return Twofold(callback, acallback)


class ExeclaveCallbackHandler(BaseCallbackHandler):
    """Governs every run that it is a callback of.

    Asked about: the input of the outermost chain; the prompt of a model that no such chain covers; every tool with its arguments;
    and what tools and retrievers return, before it is handed on.

    Args:
        exe: The client.
        agent_id: The agent that acts.
        enforce: False only records.
        session_id: Recorded with each span.
        user_id: Recorded with each span.
    """

    raise_error = True
    # In the task of the run, and before the handlers that are not inline hear of the step.
    run_inline = True

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
            "langchain", exe, agent_id, enforce=enforce, session_id=session_id, user_id=user_id
        )
        self._runs: OrderedDict[Any, _Run] = OrderedDict()
        self._lock = threading.Lock()

    @_asking
    def on_chain_start(
        self,
        serialized: Mapping[str, Any] | None,
        inputs: Any,
        *,
        run_id: Any,
        parent_run_id: Any = None,
        **kwargs: Any,
    ) -> Gate:
        """Asks about the input of the outermost chain."""
        parent = self._find(parent_run_id)
        name = _name(serialized, kwargs, "chain")
        text = question_of(inputs) if parent is None else ""
        metadata = {"chainInputs": inputs}
        question = {"text": text, "metadata": metadata} if parent is None else None
        return self._begin(run_id, parent, "chain", name, inputs, question)

    @_asking
    def on_llm_start(
        self,
        serialized: Mapping[str, Any] | None,
        prompts: list[str],
        *,
        run_id: Any,
        parent_run_id: Any = None,
        **kwargs: Any,
    ) -> Gate:
        """Asks about the prompts, unless a chain above was asked about."""
        return self._begin_model(run_id, parent_run_id, serialized, prompts, "llmPrompts", kwargs)

    @_asking
    def on_chat_model_start(
        self,
        serialized: Mapping[str, Any] | None,
        messages: list[list[Any]],
        *,
        run_id: Any,
        parent_run_id: Any = None,
        **kwargs: Any,
    ) -> Gate:
        """Asks about the messages, unless a chain above was asked about."""
        return self._begin_model(
            run_id, parent_run_id, serialized, messages, "chatMessages", kwargs
        )

    @_asking
    def on_tool_start(
        self,
        serialized: Mapping[str, Any] | None,
        input_str: str,
        *,
        run_id: Any,
        parent_run_id: Any = None,
        inputs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Gate:
        """Asks whether the tool may run."""
        name = _name(serialized, kwargs, "tool")
        arguments = inputs if inputs is not None else input_str
        metadata = {"toolInput": arguments}
        text = input_str or f"tool:{name}"
        question = {"text": text, "metadata": metadata, "tools": [name]}
        return self._begin(run_id, self._find(parent_run_id), "tool", name, arguments, question)

    def on_retriever_start(
        self,
        serialized: Mapping[str, Any] | None,
        query: str,
        *,
        run_id: Any,
        parent_run_id: Any = None,
        **kwargs: Any,
    ) -> None:
        """Records a retrieval."""
        name = _name(serialized, kwargs, "retriever")
        parent = self._find(parent_run_id)
        self._begin(run_id, parent, "retriever", name, query, None).then(None)

    def on_chain_end(self, outputs: Any, *, run_id: Any, **kwargs: Any) -> None:
        """Records the output."""
        run = self._take(run_id)
        if run is not None:
            run.span.output(outputs).finish()

    def on_llm_end(self, response: Any, *, run_id: Any, **kwargs: Any) -> None:
        """Records the output, the model and its tokens."""
        run = self._take(run_id)
        if run is not None:
            generations = [part for row in field(response, "generations", []) for part in row]
            model, prompt, completion = _usage(response, generations)
            run.span.usage(model or run.model, prompt, completion)
            run.span.output(text_of([_generated(part) for part in generations])).finish()

    @_asking
    def on_tool_end(self, output: Any, *, run_id: Any, **kwargs: Any) -> Gate | None:
        """Asks whether the tool's output may be handed on."""
        return self._end(run_id, output, field(output, "content", output))

    @_asking
    def on_retriever_end(
        self, documents: Sequence[Any], *, run_id: Any, **kwargs: Any
    ) -> Gate | None:
        """Asks whether the documents may be handed on; of them, only where they are from and their length is recorded."""
        return self._end(run_id, origins(documents), contents(documents))

    def on_chain_error(self, error: BaseException, *, run_id: Any, **kwargs: Any) -> None:
        """Records the error."""
        self._fail(run_id, error)

    def on_llm_error(self, error: BaseException, *, run_id: Any, **kwargs: Any) -> None:
        """Records the error."""
        self._fail(run_id, error)

    def on_tool_error(self, error: BaseException, *, run_id: Any, **kwargs: Any) -> None:
        """Records the error."""
        self._fail(run_id, error)

    def on_retriever_error(self, error: BaseException, *, run_id: Any, **kwargs: Any) -> None:
        """Records the error."""
        self._fail(run_id, error)

    def on_agent_action(self, action: Any, *, run_id: Any, **kwargs: Any) -> None:
        """Records which tool an agent chose."""
        self._note(
            run_id, "action", {"tool": field(action, "tool"), "input": field(action, "tool_input")}
        )

    def on_agent_finish(self, finish: Any, *, run_id: Any, **kwargs: Any) -> None:
        """Records what an agent came to."""
        self._note(run_id, "finish", field(finish, "return_values"))

    def _begin_model(
        self,
        run_id: Any,
        parent_run_id: Any,
        serialized: Mapping[str, Any] | None,
        prompts: Sequence[Any],
        key: str,
        kwargs: Mapping[str, Any],
    ) -> Gate:
        parent = self._find(parent_run_id)
        covered = parent is not None and parent.asked
        question = {"text": text_of(prompts), "metadata": {key: prompts}}
        name = _name(serialized, kwargs, "llm")
        parameters = kwargs.get("invocation_params") or {}
        model = parameters.get("model") or parameters.get("model_name")
        if model is None:
            model = (kwargs.get("metadata") or {}).get("ls_model_name")
        return self._begin(
            run_id, parent, "llm", name, prompts, None if covered else question, model
        )

    def _begin(
        self,
        run_id: Any,
        parent: _Run | None,
        kind: str,
        name: str,
        value: object,
        question: dict[str, Any] | None,
        model: str | None = None,
    ) -> Gate:
        span = self._boundary.span(kind, name, parent.span if parent else None)
        span.input(value)

        def begun(decision: Decision | None) -> None:
            span.decision(decision)
            # A question without words covers nothing, and one about a tool is not about what a model in it is told.
            covers = kind != "tool" and decision is not None and bool(question and question["text"])
            asked = covers or (parent is not None and parent.asked)
            root = parent.root if parent else run_id
            self._keep(run_id, _Run(span, name, root, asked=asked, arguments=value, model=model))

        return Gate(self._boundary, span, begun, question=question)

    def _end(self, run_id: Any, recorded: object, output: object) -> Gate | None:
        run = self._take(run_id)
        if run is None:
            return None
        run.span.output(recorded)
        scanned = {"tool": run.name, "output": output, "arguments": run.arguments}
        return Gate(self._boundary, run.span, lambda decision: run.span.finish(), output=scanned)

    def _keep(self, run_id: Any, run: _Run) -> None:
        with self._lock:
            self._runs[run_id] = run
            while len(self._runs) > _MOST_RUNS:
                self._runs.popitem(last=False)

    def _fail(self, run_id: Any, error: BaseException) -> None:
        run = self._take(run_id)
        if run is not None:
            run.span.finish(error)

    def _note(self, run_id: Any, name: str, value: object) -> None:
        run = self._find(run_id)
        if run is not None:
            self._boundary.span("agent", name, run.span).output(value).finish()

    def _find(self, run_id: Any) -> _Run | None:
        with self._lock:
            return self._runs.get(run_id)

    def _take(self, run_id: Any) -> _Run | None:
        """End a run, and with an outermost one all that it left open."""
        with self._lock:
            run = self._runs.pop(run_id, None)
            if run is not None and run.root == run_id:
                left = [key for key, other in self._runs.items() if other.root == run_id]
                for key in left:
                    self._runs.pop(key).span.finish()
            return run


@contextlib.contextmanager
def _naming() -> Iterator[None]:
    """Give a plain refusal the name that this module promises; special ones have names of their own."""
    try:
        yield
    except PolicyBlockedError as error:
        if type(error) is not PolicyBlockedError:
            raise
        named = ExeclavePolicyError(error.violations, str(error))
        named.__dict__.update(error.__dict__)
        raise named from error


def _name(serialized: Mapping[str, Any] | None, kwargs: Mapping[str, Any], default: str) -> str:
    described = serialized or {}
    path = described.get("id") or [None]
    return str(kwargs.get("name") or described.get("name") or path[-1] or default)


def _generated(part: Any) -> Any:
    message = field(part, "message")
    return message if message is not None else field(part, "text", "")


def _usage(response: Any, generations: Sequence[Any]) -> tuple[str | None, int | None, int | None]:
    told = field(response, "llm_output") or {}
    message = field(generations[0], "message") if generations else None
    usage = field(message, "usage_metadata") or told.get("token_usage") or told.get("usage") or {}
    said = field(message, "response_metadata") or {}
    model = told.get("model_name") or said.get("model_name") or said.get("model")
    return (
        model,
        count(usage, "input_tokens", "prompt_tokens"),
        count(usage, "output_tokens", "completion_tokens"),
    )
