"""Anthropic's own client, with the application's loop around it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from anthropic import Anthropic, AsyncAnthropic
from frameworks.model_server import model_server
from frameworks.openai import awaited, events_of, within
from scenario import Scenario

from execlave.integrations import instrument_anthropic

MODES = (
    "sync",
    "async",
    "stream",
    "async-stream",
    "helper",
    "async-helper",
    "beta",
    "raw",
    "async-unread",
)
# What the model asks for is the application's to run; what tools returned is stopped before the model sees it.
GATES = frozenset({"prompt", "output"})
KINDS = {"llm"}
HEARD: list[str] = []
TREE = False


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    with model_server(scenario) as url:
        made = AsyncAnthropic if "async" in mode else Anthropic
        client: Any = made(api_key="none", base_url=url, max_retries=0)
        for _ in range(2 if options.get("twice") else 1):
            instrument_anthropic(client, exe, agent_id=agent, session_id="s-1", user_id="u-1")
        return asyncio.run(converse(client, scenario, mode))


async def converse(client: Any, scenario: Scenario, mode: str) -> str:
    messages: list[Any] = [{"role": "user", "content": scenario.prompt}]
    while True:
        request = {"model": "scripted", "max_tokens": 100, "messages": messages}
        content = await asked(client.beta if mode == "beta" else client, mode, request)
        calls = [block for block in content if block.type == "tool_use"]
        if not calls:
            return str(content[0].text)
        messages.append({"role": "assistant", "content": [b.model_dump() for b in content]})
        results = [
            {
                "type": "tool_result",
                "tool_use_id": call.id,
                "content": scenario.lookup(**call.input),
            }
            for call in calls
        ]
        messages.append({"role": "user", "content": results})


async def asked(client: Any, mode: str, request: dict[str, Any]) -> list[Any]:
    """The blocks that the model answers with."""
    messages = client.messages
    if "helper" in mode:
        message = await within(messages.stream(**request), lambda s: s.get_final_message())
    elif "unread" in mode:
        manager = messages.with_streaming_response.create(**request)
        message = await within(manager, lambda response: response.parse())
    elif mode == "raw":
        message = messages.with_raw_response.create(**request).parse()
    elif "stream" in mode:
        answer = await awaited(messages.create(**request, stream=True))
        return gathered(await events_of(answer))
    else:
        message = await awaited(messages.create(**request))
    return list(message.content)


def gathered(events: list[Any]) -> list[Any]:
    """The one block of a streamed answer."""

    block = next(e.content_block for e in events if e.type == "content_block_start")
    delta = next(e.delta for e in events if e.type == "content_block_delta")
    if block.type == "tool_use":
        block.input = json.loads(delta.partial_json)
    else:
        block.text = delta.text
    return [block]


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    return {"model": "scripted"}


example_server = model_server
