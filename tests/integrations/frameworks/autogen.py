"""AutoGen's assistant with a model client of our own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_core import FunctionCall
from autogen_core.models import ChatCompletionClient, CreateResult, ModelFamily, RequestUsage
from scenario import Call, Scenario

from execlave.integrations import instrument_autogen_agent

MODES = ("async", "stream", "model-stream")
GATES = frozenset({"prompt", "tool", "output"})
KINDS = {"agent", "llm", "tool"}
HEARD: list[str] = []
TREE = True
# AutoGen's model clients do not say which model they are.
MODEL_NAMED = False


class ScriptedModel(ChatCompletionClient):
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    async def create(self, messages: Any, **kwargs: Any) -> CreateResult:
        answer = self.scenario.answer(messages)
        content: Any = answer
        if isinstance(answer, Call):
            number = str(len(self.scenario.seen))
            given = json.dumps({"key": answer.key})
            content = [FunctionCall(id=number, arguments=given, name="lookup")]
        usage = RequestUsage(prompt_tokens=7, completion_tokens=3)
        reason: Any = "function_calls" if isinstance(answer, Call) else "stop"
        return CreateResult(finish_reason=reason, content=content, usage=usage, cached=False)

    async def create_stream(self, messages: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        yield await ScriptedModel.create(self, messages)

    async def close(self) -> None:
        """There is nothing to close."""

    def actual_usage(self) -> RequestUsage:
        return RequestUsage(prompt_tokens=0, completion_tokens=0)

    def total_usage(self) -> RequestUsage:
        return self.actual_usage()

    def count_tokens(self, messages: Any, **kwargs: Any) -> int:
        return 0

    def remaining_tokens(self, messages: Any, **kwargs: Any) -> int:
        return 1000

    @property
    def capabilities(self) -> Any:
        return self.model_info

    @property
    def model_info(self) -> Any:
        return {
            "vision": False,
            "function_calling": True,
            "json_output": False,
            "structured_output": False,
            "family": ModelFamily.UNKNOWN,
        }


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    made = AssistantAgent(
        "scripted",
        model_client=ScriptedModel(scenario),
        tools=[scenario.lookup],
        max_tool_iterations=3,
        model_client_stream=mode == "model-stream",
    )
    for _ in range(2 if options.get("twice") else 1):
        instrument_autogen_agent(made, exe, agent_id=agent, session_id="s-1", user_id="u-1")

    async def run() -> str:
        if mode == "async":
            result: Any = await made.run(task=scenario.prompt)
        else:
            *_, result = [event async for event in made.run_stream(task=scenario.prompt)]
        return str(result.messages[-1].content)

    return asyncio.run(asyncio.wait_for(run(), 30))


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    return {"model": ScriptedModel(scenario), "lookup": scenario.lookup}
