"""Pydantic AI with its function model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import DeltaToolCall, FunctionModel
from pydantic_ai.usage import RequestUsage
from scenario import MODEL, Call, Scenario

from execlave.integrations import ExeclaveCapability

MODES = ("sync", "async", "stream")
GATES = frozenset({"prompt", "tool", "output"})
KINDS = {"agent", "llm", "tool"}
HEARD = ["model", "tool", "model"]
TREE = True
# The function model counts tokens by itself when it streams.
ESTIMATES = {"stream"}


class Listener(AbstractCapability[Any]):
    """A capability of the application."""

    def __init__(self, heard: list[str]) -> None:
        self.heard = heard

    async def before_model_request(self, ctx: Any, request_context: Any) -> Any:
        self.heard.append("model")
        return request_context

    async def before_tool_execute(self, ctx: Any, *, call: Any, tool_def: Any, args: Any) -> Any:
        self.heard.append("tool")
        return args


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    governing = ExeclaveCapability(exe, agent_id=agent, session_id="s-1", user_id="u-1")
    governed = [governing, governing] if options.get("twice") else [governing]
    made = Agent(model(scenario), capabilities=[*governed, Listener(scenario.heard)])
    made.tool_plain(scenario.lookup)
    if mode == "sync":
        return str(made.run_sync(scenario.prompt).output)
    if mode == "async":
        return str(asyncio.run(made.run(scenario.prompt)).output)

    async def stream() -> str:
        async with made.run_stream(scenario.prompt) as result:
            return str(await result.get_output())

    return asyncio.run(stream())


def model(scenario: Scenario) -> FunctionModel:
    def whole(messages: Any, info: Any) -> ModelResponse:
        answer = scenario.answer(messages)
        part: Any = (
            ToolCallPart("lookup", {"key": answer.key})
            if isinstance(answer, Call)
            else TextPart(answer)
        )
        usage = RequestUsage(input_tokens=7, output_tokens=3)
        return ModelResponse([part], usage=usage, model_name=MODEL)

    async def streamed(messages: Any, info: Any) -> AsyncIterator[Any]:
        answer = scenario.answer(messages)
        if isinstance(answer, Call):
            yield {0: DeltaToolCall("lookup", json.dumps({"key": answer.key}))}
        else:
            yield answer

    return FunctionModel(whole, stream_function=streamed, model_name=MODEL)


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    return {"model": model(scenario), "lookup": scenario.lookup}
