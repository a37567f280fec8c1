"""A model of our own for LlamaIndex, and handlers in its dispatcher while something runs."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, LLMMetadata
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.llm import LLMChatStartEvent
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from pydantic import PrivateAttr
from scenario import MODEL, Call, Scenario

from execlave.integrations.llamaindex import ExeclaveLlamaIndexHandler


class Listener(BaseEventHandler):
    """A handler of the application."""

    _heard: Any = PrivateAttr()

    def handle(self, event: Any, **kwargs: Any) -> None:
        if isinstance(event, LLMChatStartEvent):
            self._heard.append("model")


class ScriptedModel(FunctionCallingLLM):
    _scenario: Any = PrivateAttr()

    _react: bool = PrivateAttr(default=False)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=MODEL, is_function_calling_model=True, is_chat_model=True)

    @llm_chat_callback()
    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        answer = self._scenario.answer([message.content for message in messages])
        usage = {"usage": {"prompt_tokens": 7, "completion_tokens": 3}}
        said = "" if isinstance(answer, Call) else answer
        if self._react:
            said = f"Thought: I can answer.\nAnswer: {answer}"
            if isinstance(answer, Call):
                given = json.dumps({"key": answer.key})
                said = f"Thought: look it up\nAction: lookup\nAction Input: {given}"
        message = ChatMessage(role="assistant", content=said)
        message.additional_kwargs["call"] = answer if isinstance(answer, Call) else None
        return ChatResponse(message=message, raw=usage)

    async def achat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        return self.chat(messages)

    async def astream_chat(self, messages: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async def stream() -> AsyncGenerator[Any, None]:
            yield self.chat(messages)

        return stream()

    def get_tool_calls_from_response(self, response: Any, *args: Any, **kwargs: Any) -> Any:
        call = response.message.additional_kwargs.get("call")
        if call is None:
            return []
        number = str(len(self._scenario.seen))
        return [ToolSelection(tool_id=number, tool_name="lookup", tool_kwargs={"key": call.key})]

    def _prepare_chat_with_tools(self, tools: Any, *args: Any, **kwargs: Any) -> Any:
        return {"messages": kwargs.get("chat_history") or []}

    def stream_chat(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def complete(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def stream_complete(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    async def acomplete(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    async def astream_complete(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


def model(scenario: Scenario, react: bool = False) -> ScriptedModel:
    made = ScriptedModel()
    made._scenario, made._react = scenario, react
    return made


@contextmanager
def handler(exe: Any, agent: str, *, twice: bool = False, name: str = "root") -> Iterator[None]:
    """Everything in LlamaIndex, or what one dispatcher hears of, is governed for this agent meanwhile."""
    made = ExeclaveLlamaIndexHandler(exe, agent_id=agent, session_id="s-1", user_id="u-1")
    with added(made, name), added(made, name) if twice else nullcontext():
        yield


@contextmanager
def listener(scenario: Scenario) -> Iterator[None]:
    """The application hears of the model's calls meanwhile."""
    made = Listener()
    made._heard = scenario.heard
    with added(made):
        yield


@contextmanager
def added(handler: Any, name: str = "root") -> Iterator[None]:
    """A dispatcher has this handler meanwhile."""
    with restored(name):
        dispatcher = get_dispatcher(name)
        dispatcher.add_event_handler(handler)
        if isinstance(handler, ExeclaveLlamaIndexHandler):
            dispatcher.add_span_handler(handler.span_handler())
        yield


@contextmanager
def restored(name: str = "root") -> Iterator[None]:
    """A dispatcher has afterwards what it had before."""
    dispatcher = get_dispatcher(name)
    before = list(dispatcher.event_handlers), list(dispatcher.span_handlers)
    try:
        yield
    finally:
        dispatcher.event_handlers, dispatcher.span_handlers = before
