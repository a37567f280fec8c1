"""LangChain core: a chain that calls a model and tools in turn, as agents do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import StructuredTool
from scenario import MODEL, Call, Scenario

from execlave.integrations import ExeclaveCallbackHandler

MODES = ("sync", "async", "stream")
GATES = frozenset({"prompt", "tool", "output"})
KINDS = {"chain", "llm", "tool"}
HEARD = ["model", "tool", "model"]
TREE = True


class ScriptedModel(BaseChatModel):
    scenario: Any

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _answer(self, messages: list[BaseMessage]) -> AIMessage:
        answer = self.scenario.answer([message.content for message in messages])
        usage = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
        about = {"model_name": MODEL}
        if isinstance(answer, Call):
            call = {"name": "lookup", "args": {"key": answer.key}, "id": "call-1"}
            return AIMessage("", tool_calls=[call], usage_metadata=usage, response_metadata=about)
        return AIMessage(answer, usage_metadata=usage, response_metadata=about)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages))])

    def _stream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        answer = self._answer(messages)
        chunk = AIMessageChunk(
            content=answer.content,
            tool_calls=answer.tool_calls,
            usage_metadata=answer.usage_metadata,
            response_metadata=answer.response_metadata,
        )
        yield ChatGenerationChunk(message=chunk)


class Listener(BaseCallbackHandler):
    """A handler of the application."""

    def __init__(self, heard: list[str]) -> None:
        self.heard = heard

    def on_tool_start(self, serialized: Any, input_str: str, **kwargs: Any) -> None:
        self.heard.append("tool")

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:
        self.heard.append("model")


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    handler = ExeclaveCallbackHandler(exe, agent_id=agent, session_id="s-1", user_id="u-1")
    # LangChain keeps one of a handler that is given twice.
    handlers = [handler, handler] if options.get("twice") else [handler]
    config: RunnableConfig = {"callbacks": [*handlers, Listener(scenario.heard)]}
    return invoke(runnable(scenario), {"input": scenario.prompt}, config, mode)


def invoke(chain: Any, inputs: Any, config: RunnableConfig, mode: str) -> str:
    if mode == "async":
        return str(asyncio.run(chain.ainvoke(inputs, config)))
    if mode == "stream":
        return "".join(str(chunk) for chunk in chain.stream(inputs, config))
    return str(chain.invoke(inputs, config))


def runnable(scenario: Scenario) -> Any:
    model = ScriptedModel(scenario=scenario)
    tool = StructuredTool.from_function(scenario.lookup, name="lookup")

    def agent(inputs: dict[str, Any], config: RunnableConfig) -> str:
        messages: list[Any] = [("user", inputs["input"])]
        while True:
            answer = model.invoke(messages, config)
            messages.append(answer)
            if not answer.tool_calls:
                return str(answer.content)
            messages += [tool.invoke(call, config) for call in answer.tool_calls]

    async def async_agent(inputs: dict[str, Any], config: RunnableConfig) -> str:
        messages: list[Any] = [("user", inputs["input"])]
        while True:
            answer = await model.ainvoke(messages, config)
            messages.append(answer)
            if not answer.tool_calls:
                return str(answer.content)
            messages += [await tool.ainvoke(call, config) for call in answer.tool_calls]

    return RunnableLambda(agent, afunc=async_agent, name="agent")


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    return {"chain": runnable(scenario)}
