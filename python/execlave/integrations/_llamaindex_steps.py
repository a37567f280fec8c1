"""What LlamaIndex does, method by method: asked about and recorded for whoever governs it.

LlamaIndex swallows whatever a handler of events or spans raises, so no handler can stop anything. The methods of its classes are
governed instead, between LlamaIndex's own span and what the method does: there a refusal comes out of the call, and a wait need not
hold up the event loop. They do what they always did where neither a handler in their dispatcher nor an agent around them is ours.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import FunctionType
from typing import Any

from ._boundary import Boundary
from ._llamaindex_run import Step, aperform, perform

_MARK = "_execlave_step"
_CHAT = ("chat", "achat", "stream_chat", "astream_chat")
_COMPLETE = ("complete", "acomplete", "stream_complete", "astream_complete")
_EMBED = ("query_embedding", "text_embedding", "text_embedding_batch")

# A class, what its methods are, and their names; of two that fit, the first.
_FAMILIES = (
    ("base.llms.base", "BaseLLM", "llm", (*_CHAT, *_COMPLETE)),
    ("multi_modal_llms.base", "MultiModalLLM", "llm", (*_CHAT, *_COMPLETE)),
    ("tools.types", "BaseTool", "tool", ("__call__", "call", "acall")),
    ("base.base_query_engine", "BaseQueryEngine", "chain", ("query", "aquery")),
    ("base.agent.types", "BaseAgent", "agent", _CHAT),
    ("chat_engine.types", "BaseChatEngine", "chain", _CHAT),
    ("base.base_retriever", "BaseRetriever", "retriever", ("retrieve", "aretrieve")),
    (
        "base.embeddings.base",
        "BaseEmbedding",
        "retriever",
        tuple(f"{begin}_{what}" for begin in ("get", "aget") for what in _EMBED),
    ),
    ("agent.workflow", "BaseWorkflowAgent", "agent", ("run",)),
    ("agent.workflow", "AgentWorkflow", "agent", ("run",)),
)

Family = tuple[Any, str, tuple[str, ...]]

around: ContextVar[tuple[Boundary, ...]] = ContextVar("execlave_llamaindex_around", default=())
"""The boundaries of the agents that the caller is in."""

_installing = threading.Lock()


def install() -> None:
    """Govern the methods of LlamaIndex's classes, and of those that are derived from them later; once in a process."""
    with _installing:
        families = list(_families())
        for base, kind, methods in families:
            for member in _members(base):
                _govern_class(member, kind, methods)
        mixin: Any = importlib.import_module("llama_index.core.instrumentation").DispatcherSpanMixin
        decorate = mixin.__init_subclass__.__func__
        if hasattr(decorate, _MARK):
            return

        @functools.wraps(decorate)
        def __init_subclass__(cls: Any, **kwargs: Any) -> None:
            decorate(cls, **kwargs)
            for base, kind, methods in families:
                if issubclass(cls, base):
                    _govern_class(cls, kind, methods)

        setattr(__init_subclass__, _MARK, True)
        hook: Any = __init_subclass__
        mixin.__init_subclass__ = classmethod(hook)


def _families() -> Iterator[Family]:
    for place, name, kind, methods in _FAMILIES:
        try:
            base = getattr(importlib.import_module(f"llama_index.core.{place}"), name, None)
        except ImportError:
            # Not every version has every sort of agent.
            continue
        if base is not None:
            yield base, kind, methods


def _members(base: Any) -> Iterator[Any]:
    yield base
    for derived in base.__subclasses__():
        yield from _members(derived)


def _govern_class(cls: Any, kind: str, methods: tuple[str, ...]) -> None:
    for method in methods:
        own = cls.__dict__.get(method)
        if own is None or hasattr(own, _MARK) or getattr(own, "__isabstractmethod__", False):
            continue
        inner = getattr(own, "__wrapped__", None)
        if inner is not None and type(own) is not FunctionType:
            # LlamaIndex's decorator: it opens its span, and then calls what it finds here.
            own.__wrapped__ = _governed(kind, method, inner)
        else:
            setattr(cls, method, _governed(kind, method, own))


def _governed(kind: str, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(owner: Any, *args: Any, **kwargs: Any) -> Any:
        call = functools.partial(original, owner, *args, **kwargs)
        for boundary in _boundaries(original.__module__):
            step = Step(boundary, kind, name, owner, args, kwargs)
            call = functools.partial(perform, step, call)
        return call()

    @functools.wraps(original)
    async def amethod(owner: Any, *args: Any, **kwargs: Any) -> Any:
        call = functools.partial(original, owner, *args, **kwargs)
        for boundary in _boundaries(original.__module__):
            step = Step(boundary, kind, name, owner, args, kwargs)
            call = functools.partial(aperform, step, call)
        return await call()

    governed = amethod if inspect.iscoroutinefunction(original) else method
    setattr(governed, _MARK, True)
    return governed


def _boundaries(module: str) -> list[Boundary]:
    """Who governs what a module does now; one for each client and agent."""
    found = {(id(boundary.exe), boundary.agent_id): boundary for boundary in around.get()}
    instrumentation: Any = importlib.import_module("llama_index.core.instrumentation")
    dispatcher = instrumentation.get_dispatcher(module)
    while dispatcher is not None:
        for handler in dispatcher.event_handlers:
            boundary = getattr(handler, "execlave_boundary", None)
            if isinstance(boundary, Boundary):
                found.setdefault((id(boundary.exe), boundary.agent_id), boundary)
        dispatcher = dispatcher.parent if dispatcher.propagate else None
    return list(found.values())
