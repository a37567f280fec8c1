"""OpenAI's own client: chat completions and responses, with the application's loop around them."""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any

from frameworks.model_server import model_server
from openai import AsyncOpenAI, OpenAI
from scenario import Scenario

from execlave.integrations import instrument_openai

MODES = (
    "chat",
    "chat-async",
    "chat-stream",
    "chat-async-stream",
    "responses",
    "responses-async",
    "responses-stream",
)
# What the model asks for is the application's to run; what tools returned is stopped before the model sees it.
GATES = frozenset({"prompt", "output"})
KINDS = {"llm"}
HEARD: list[str] = []
TREE = False


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    with model_server(scenario) as url:
        made = AsyncOpenAI if "async" in mode else OpenAI
        client: Any = made(api_key="none", base_url=url, max_retries=0)
        for _ in range(2 if options.get("twice") else 1):
            instrument_openai(client, exe, agent_id=agent, session_id="s-1", user_id="u-1")
        # A client made of a governed one is governed.
        client = client.with_options(timeout=30)
        loop = chat if "chat" in mode else responses
        return asyncio.run(loop(client, scenario, "stream" in mode))


async def awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def events_of(stream: Any) -> list[Any]:
    if hasattr(stream, "__aiter__"):
        return [event async for event in stream]
    return list(stream)


async def chat(client: Any, scenario: Scenario, stream: bool) -> str:
    messages: list[Any] = [{"role": "user", "content": scenario.prompt}]
    while True:
        create = client.chat.completions.create
        answer = await awaited(create(model="scripted", messages=messages, stream=stream))
        if stream:
            message = (await events_of(answer))[0].choices[0].delta
        else:
            message = answer.choices[0].message
        if not message.tool_calls:
            return str(message.content)
        messages.append(message.model_dump(exclude_none=True))
        for call in message.tool_calls:
            found = scenario.lookup(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": found})


async def responses(client: Any, scenario: Scenario, stream: bool) -> str:
    items: list[Any] = [{"role": "user", "content": scenario.prompt}]
    while True:
        create = client.responses.create
        answer = await awaited(create(model="scripted", input=items, stream=stream))
        if stream:
            answer = (await events_of(answer))[-1].response
        calls = [item for item in answer.output if item.type == "function_call"]
        if not calls:
            return str(answer.output_text)
        for call in calls:
            items.append(call.model_dump(exclude_none=True))
            found = scenario.lookup(**json.loads(call.arguments))
            output = {"type": "function_call_output", "call_id": call.call_id, "output": found}
            items.append(output)


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    return {"model": "scripted"}


example_server = model_server
