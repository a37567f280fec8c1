"""LlamaIndex: a gate before each query, each prompt of an agent and each tool, and before the model sees what a tool returned.

    get_dispatcher().add_event_handler(ExeclaveLlamaIndexHandler(exe, agent_id="support"))
    instrument_llamaindex_agent(agent, exe, agent_id="support")

The first governs all that its dispatcher hears of, the second one agent. LlamaIndex swallows whatever its event handlers raise, so
the methods of its classes are governed. It also hands a tool's exception to the model; a refusal is therefore remembered and raised
before the model is asked again.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..client import Execlave
from ._boundary import Boundary
from ._instrumented import govern
from ._llamaindex_steps import around, install
from ._texts import field

if TYPE_CHECKING:

    class BaseEventHandler: ...

    class NullSpanHandler: ...

else:
    try:
        from llama_index.core.instrumentation.event_handlers import BaseEventHandler
        from llama_index.core.instrumentation.span_handlers import NullSpanHandler
    except ImportError as error:
        raise ImportError(
            "LlamaIndex is missing: pip install 'execlave-sdk[llamaindex]'"
        ) from error

# How an agent is asked: in workflows, and before there were any.
_ENTRIES = ("run", "chat", "achat", "stream_chat", "astream_chat", "query", "aquery")

__all__ = ["ExeclaveLlamaIndexHandler", "instrument_llamaindex_agent"]


class ExeclaveLlamaIndexHandler(BaseEventHandler):
    """Governs what the dispatcher that it is added to hears of; all of LlamaIndex, if that is the root dispatcher.

    Asked about: queries, messages to chat engines and agents, prompts that come from neither, and each tool call with its
    arguments; what tools and retrievers return is scanned before it is handed on. Taken out of the dispatcher's `event_handlers`
    it governs nothing any more.
    """

    _boundary: Boundary

    def __init__(
        self,
        exe: Execlave,
        *,
        agent_id: str,
        enforce: bool = True,
        session_id: str | None = None,
        user_id: str | None = None,
    ) -> None:
        boundary = Boundary(
            "llamaindex", exe, agent_id, enforce=enforce, session_id=session_id, user_id=user_id
        )
        super().__init__()
        self._boundary = boundary
        install()

    @classmethod
    def class_name(cls) -> str:
        """Name the class, as LlamaIndex's handlers do."""
        return "ExeclaveLlamaIndexHandler"

    @property
    def execlave_boundary(self) -> Boundary:
        """What the governed methods ask through."""
        return self._boundary

    def handle(self, event: Any, **kwargs: Any) -> None:
        """Do nothing: LlamaIndex swallows what this would raise. The governed methods ask and record."""

    def span_handler(self) -> NullSpanHandler:
        """Give a handler of spans for the dispatcher, which need not be added: the governed methods record the spans."""
        return NullSpanHandler()


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

    Also an `AgentRunner`, in the versions that have it. Raises `TypeError` for anything else.
    """
    inner = field(agent, "agents")
    members = list(inner.values()) if isinstance(inner, dict) else [agent]
    for member in members:
        if not callable(getattr(member, "take_step", getattr(member, "create_task", None))):
            raise TypeError("the agent has neither take_step nor create_task; an agent is needed")
    boundary = Boundary(
        "llamaindex", exe, agent_id, enforce=enforce, session_id=session_id, user_id=user_id
    )
    install()
    for method in _ENTRIES:
        govern(agent, method, functools.partial(_within, boundary))
    for member in members:
        # An agent of a workflow may be one of another workflow, too.
        govern(member, "take_step", functools.partial(_within, boundary))
    return agent


def _within(boundary: Boundary, original: Callable[..., Any]) -> Callable[..., Any]:
    """Say to what happens in a method, and in the tasks it starts, who governs it."""

    @functools.wraps(original)
    def entry(*args: Any, **kwargs: Any) -> Any:
        token = around.set((*around.get(), boundary))
        try:
            return original(*args, **kwargs)
        finally:
            around.reset(token)

    @functools.wraps(original)
    async def aentry(*args: Any, **kwargs: Any) -> Any:
        token = around.set((*around.get(), boundary))
        try:
            return await original(*args, **kwargs)
        finally:
            around.reset(token)

    return aentry if inspect.iscoroutinefunction(original) else entry
