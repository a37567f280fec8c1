"""The steps of a run of LlamaIndex: what each asks, what is scanned, and how it is recorded."""

from __future__ import annotations

import functools
import importlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ._boundary import Boundary
from ._spans import Span
from ._texts import count, field, last_user_text, text_of

Question = tuple[str, tuple[Any, ...]]
"""A method of the boundary, by the name of the one that waits, and what it is given."""

# How the methods call what they are given, where it is given by name.
_GIVEN = (
    *("messages", "prompt", "message", "user_msg"),
    *("str_or_query_bundle", "query", "text", "texts"),
)


class Run:
    """What belongs together, from the outermost step on: what was asked last, and what ended it."""

    def __init__(self) -> None:
        self.task: str | None = None
        """What an agent was told to do, while nobody has asked about it."""
        self.asked: str | None = None
        self.refusal: Exception | None = None

    def refuse(self, error: Exception) -> Exception:
        """Remember what ended the run."""
        self.refusal = self.refusal or error
        return error

    def check(self) -> None:
        """Raise what ended the run."""
        if self.refusal is not None:
            raise self.refusal


@dataclass
class Place:
    """Where a run is: in a step, which has a span and belongs to an object."""

    run: Run
    kind: str
    owner: object
    span: Span
    covered: bool
    """Whether a query around it was asked about, of which the prompts of its models are made."""
    outermost: bool


_places: ContextVar[Mapping[tuple[int, str], Place]] = ContextVar("execlave_llamaindex_places")


@dataclass
class Step:
    """One call of one method, before it happens."""

    boundary: Boundary
    kind: str
    method: str
    owner: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def above(self) -> Place | None:
        """The step around this one."""
        return _places.get({}).get(self._key)

    @property
    def name(self) -> str:
        """What the step is called: a model and a tool by their own names, all others by their class."""
        about = field(self.owner, "metadata")
        own = {"llm": field(about, "model_name"), "tool": field(about, "name")}
        return str(own.get(self.kind) or field(self.owner, "name") or type(self.owner).__name__)

    @property
    def given(self) -> Any:
        """What the method is given."""
        if self.kind == "tool":
            # The context of the run is no argument of the model's.
            named = {
                key: value for key, value in self.kwargs.items() if not hasattr(value, "store")
            }
            return {**named, "args": list(self.args)} if self.args else named
        by_name = [self.kwargs[name] for name in _GIVEN if name in self.kwargs]
        return next(iter([*self.args, *by_name]), None)

    @property
    def repeated(self) -> bool:
        """Whether a method of an object calls its other one, which is one step."""
        above = self.above
        return above is not None and above.kind == self.kind and above.owner is self._subject

    def open(self) -> Place:
        """Begin: below the step around it, in whose run it is, or in a run of its own."""
        above = self.above
        run = Run() if above is None else above.run
        run.check()
        try:
            span = self.boundary.span(self.kind, self.name, above.span if above else None)
        except Exception as error:
            raise run.refuse(error) from None
        span.input(self.given).metadata(llamaindexSpanId=_llamaindex_span())
        covered = self.kind == "chain" or (above is not None and above.covered)
        return Place(run, self.kind, self._subject, span, covered, outermost=above is None)

    def enter(self, place: Place) -> Any:
        """Be in a place; gives what takes it back."""
        return _places.set({**_places.get({}), self._key: place})

    def question(self, place: Place) -> Question | None:
        """What is to be asked before it happens."""
        if self.kind == "tool":
            return "ask_tool", (self.name, "toolArguments", self.given)
        if self.method == "run":
            # Its first model asks, where a wait does not hold up the event loop.
            place.run.task = place.run.task or _text(self.given)
        if self.kind == "retriever" or self.method == "run":
            return None
        model = self.kind == "llm"
        text = last_user_text(self.given) if model else _text(self.given)
        if (model and place.covered) or text == place.run.asked:
            return None
        place.run.asked = text
        task, place.run.task = place.run.task, None
        if task and task not in text:
            # A memory that is too small for the task may have left it out.
            text = f"{task}\n{text}"
        return "ask", (text, {"messages" if model else "query": self.given})

    def scan_error(self, error: Exception) -> Question | None:
        """What is to be scanned of a failure: agents hand a tool's to the model."""
        return ("scan", (self.name, str(error), self.given)) if self.kind == "tool" else None

    def scan(self, result: Any) -> Question | None:
        """What is to be scanned before a model sees it."""
        if self.kind == "tool" or "retrieve" in self.method:
            return "scan", (self.name, self.output(result), self.given)
        return None

    def output(self, result: Any) -> Any:
        """What came out, as text."""
        if self.kind == "tool":
            return text_of(field(result, "blocks")) or field(result, "content", result)
        if "retrieve" in self.method:
            return [text_of(field(found, "node", found)) for found in result or []]
        if self.kind == "retriever":
            return None
        said = field(result, "message") or field(result, "response", result)
        return text_of(said) or field(result, "text")

    @property
    def _key(self) -> tuple[int, str]:
        return id(self.boundary.exe), self.boundary.agent_id

    @property
    def _subject(self) -> object:
        # LlamaIndex puts a tool that only blocks into one that does not.
        return field(self.owner, "base_tool", self.owner) if self.kind == "tool" else self.owner


def perform(step: Step, call: Callable[[], Any]) -> Any:
    """Make a call if it may be made, and record it."""
    if step.repeated:
        return call()
    place = step.open()
    token = step.enter(place)
    try:
        _ask(step.boundary, place, step.question(place))
        try:
            result = call()
        except Exception as error:
            _ask(step.boundary, place, step.scan_error(error))
            raise
        _ask(step.boundary, place, step.scan(result))
    except BaseException as error:
        raise _failed(place, error) from None
    finally:
        _places.reset(token)
    return _ended(step, place, result)


async def aperform(step: Step, call: Callable[[], Any]) -> Any:
    """`perform` without holding up the event loop."""
    if step.repeated:
        return await call()
    place = step.open()
    token = step.enter(place)
    try:
        await _aask(step.boundary, place, step.question(place))
        try:
            result = await call()
        except Exception as error:
            await _aask(step.boundary, place, step.scan_error(error))
            raise
        await _aask(step.boundary, place, step.scan(result))
    except BaseException as error:
        raise _failed(place, error) from None
    finally:
        _places.reset(token)
    return _ended(step, place, result)


def _ask(boundary: Boundary, place: Place, question: Question | None) -> None:
    if question is not None:
        method, given = question
        try:
            place.span.decision(getattr(boundary, method)(*given))
        except Exception as error:
            raise place.run.refuse(error) from None


async def _aask(boundary: Boundary, place: Place, question: Question | None) -> None:
    if question is not None:
        method, given = question
        try:
            place.span.decision(await getattr(boundary, f"a{method}")(*given))
        except Exception as error:
            raise place.run.refuse(error) from None


def _failed(place: Place, error: BaseException) -> BaseException:
    """Record a failure; gives what comes out: of the outermost step, the refusal that led to it."""
    if place.outermost:
        error = place.run.refusal or error
    place.span.finish(error)
    return error


def _ended(step: Step, place: Place, result: Any) -> Any:
    """Record an answer; a stream's when it has been read, and that of a run in the background when it is done."""
    if step.method == "run":
        # The handler was a future before it had one, and what came out of it was wrapped.
        future = getattr(result, "_result_task", result)
        if future is result:
            future.set_exception = functools.partial(_raising, place, future.set_exception)
        future.add_done_callback(functools.partial(_done, step, place))
        return result
    if step.kind == "llm" and isinstance(result, AsyncIterator):
        return _afollow(step, place, result)
    if step.kind == "llm" and isinstance(result, Iterator):
        return _follow(step, place, result)
    if place.outermost and place.run.refusal is not None:
        # Whoever was told of it went on without: the caller is told.
        raise _failed(place, place.run.refusal)
    _record(step, place, result)
    place.span.finish()
    return result


def _raising(place: Place, original: Callable[[BaseException], None], error: BaseException) -> None:
    original(place.run.refusal or error)


def _done(step: Step, place: Place, future: Any) -> None:
    error = None if future.cancelled() else future.exception()
    if error is None and not future.cancelled():
        ended = future.result()
        _record(step, place, field(ended, "result", ended))
    place.span.finish(place.run.refusal or error)


def _record(step: Step, place: Place, result: Any) -> None:
    if step.kind == "llm":
        usage = field(field(result, "raw"), "usage")
        prompt = count(usage, "prompt_tokens", "input_tokens")
        completion = count(usage, "completion_tokens", "output_tokens")
        place.span.usage(step.name, prompt, completion)
    place.span.output(step.output(result))


def _follow(step: Step, place: Place, parts: Iterator[Any]) -> Iterator[Any]:
    last: Any = None
    failure: BaseException | None = None
    try:
        while True:
            # A stream does its work when it is read; between two parts the reader is not in it.
            token = step.enter(place)
            try:
                last = next(parts)
            except StopIteration:
                return
            finally:
                _places.reset(token)
            yield last
    except Exception as error:
        failure = error
        raise
    finally:
        _record(step, place, last)
        place.span.finish(failure)


async def _afollow(step: Step, place: Place, parts: AsyncIterator[Any]) -> AsyncIterator[Any]:
    last: Any = None
    failure: BaseException | None = None
    try:
        while True:
            token = step.enter(place)
            try:
                last = await anext(parts)
            except StopAsyncIteration:
                return
            finally:
                _places.reset(token)
            yield last
    except Exception as error:
        failure = error
        raise
    finally:
        _record(step, place, last)
        place.span.finish(failure)


def _text(given: Any) -> str:
    """The text of a query, which may be a bundle of it and its embedding, or of a message."""
    return text_of(field(given, "query_str", given))


def _llamaindex_span() -> str | None:
    spans: Any = importlib.import_module("llama_index.core.instrumentation.span")
    found: str | None = spans.active_span_id.get()
    return found
