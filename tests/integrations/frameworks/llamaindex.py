"""LlamaIndex's function agent with a model of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, LLMMetadata
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import FunctionTool
from pydantic import PrivateAttr
from scenario import MODEL, Call, Scenario

from execlave.integrations import instrument_llamaindex_agent

MODES = ("async", "stream", "workflow")
GATES = frozenset({"prompt", "tool", "output"})
KINDS = {"agent", "llm", "tool"}
HEARD: list[str] = []
TREE = True


class ScriptedModel(FunctionCallingLLM):
    _scenario: Any = PrivateAttr()

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=MODEL, is_function_calling_model=True, is_chat_model=True)

    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        answer = self._scenario.answer([message.content for message in messages])
        usage = {"usage": {"prompt_tokens": 7, "completion_tokens": 3}}
        said = "" if isinstance(answer, Call) else answer
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


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    tool = FunctionTool.from_defaults(scenario.lookup, name="lookup")
    function = FunctionAgent(name="scripted", llm=model(scenario), tools=[tool])
    made: Any = AgentWorkflow(agents=[function]) if mode == "workflow" else function
    for _ in range(2 if options.get("twice") else 1):
        instrument_llamaindex_agent(made, exe, agent_id=agent, session_id="s-1", user_id="u-1")

    async def run() -> str:
        handler = made.run(user_msg=scenario.prompt)
        if mode == "stream":
            async for _ in handler.stream_events():
                pass
        return str(await handler)

    return asyncio.run(run())


def model(scenario: Scenario) -> ScriptedModel:
    made = ScriptedModel()
    made._scenario = scenario
    return made


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    return {"model": model(scenario), "lookup": scenario.lookup}
