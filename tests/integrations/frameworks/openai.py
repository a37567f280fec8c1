"""OpenAI's own client: each way to ask for a chat completion or a response, with the application's loop around it."""

from __future__ import annotations

import asyncio
import inspect
import json
from importlib.util import find_spec
from typing import Any

from frameworks.model_server import model_server
from openai import AsyncOpenAI, OpenAI
from openai.resources.chat.completions import Completions
from scenario import Scenario

from execlave.integrations import instrument_openai

# What this version of the client has.
RESPONSES = find_spec("openai.resources.responses") is not None
WAYS = {
    "chat": ["create", "stream", "raw", "raw-stream"],
    "responses": ["create", "stream", "raw", "raw-stream"] if RESPONSES else [],
}
if "beta" in OpenAI.__annotations__ or hasattr(OpenAI, "beta"):
    WAYS["chat"] += ["beta-parse", "beta-helper"]
if hasattr(Completions, "parse"):
    WAYS["chat"] += ["parse", "helper", "unread"]
    WAYS["responses"] += ["parse", "helper", "unread"]

MODES = tuple(
    f"{kind}-{side}{way}"
    for kind, ways in WAYS.items()
    for way in ways
    for side in ("", "async-")
    # The two sides share what is not their own.
    if not side or way in ("create", "stream", "helper", "raw", "unread")
)
# What the model asks for is the application's to run; what tools returned is stopped before the model sees it.
GATES = frozenset({"prompt", "output"})
KINDS = {"llm"}
HEARD: list[str] = []
TREE = False


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    kind, _, way = mode.replace("async-", "").partition("-")
    with model_server(scenario) as url:
        first = made("async" in mode, url)
        for _ in range(2 if options.get("twice") else 1):
            instrument_openai(first, exe, agent_id=agent, session_id="s-1", user_id="u-1")
        # A client made of a governed one is governed.
        client = first.with_options(timeout=30)
        loop = chat if kind == "chat" else responses
        return asyncio.run(loop(client, scenario, way))


def made(is_async: bool, url: str) -> Any:
    """A client of the model server."""
    return (AsyncOpenAI if is_async else OpenAI)(api_key="none", base_url=url, max_retries=0)


async def awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def events_of(stream: Any) -> list[Any]:
    if hasattr(stream, "__aiter__"):
        return [event async for event in stream]
    return list(stream)


async def within(manager: Any, use: Any) -> Any:
    if hasattr(manager, "__aenter__"):
        async with manager as entered:
            return await awaited(use(entered))
    with manager as entered:
        return use(entered)


async def chat(client: Any, scenario: Scenario, way: str) -> str:
    messages: list[Any] = [{"role": "user", "content": scenario.prompt}]
    while True:
        answer = await completion(client, way, {"model": "scripted", "messages": messages})
        # Clients of before there were tools have no classes for what they do not know.
        message = answer.model_dump()
        if not message.get("tool_calls"):
            return str(message["content"])
        messages.append({"role": "assistant", "tool_calls": message["tool_calls"]})
        for call in message["tool_calls"]:
            found = scenario.lookup(**json.loads(call["function"]["arguments"]))
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": found})


async def completion(client: Any, way: str, request: dict[str, Any]) -> Any:
    """The message that the model answers with."""
    completions = client.chat.completions
    if way.startswith("beta-"):
        completions, way = client.beta.chat.completions, way.removeprefix("beta-")
    if way == "helper":

        def final(stream: Any) -> Any:
            return stream.get_final_completion()

        return (await within(completions.stream(**request), final)).choices[0].message
    if way == "unread":
        manager = completions.with_streaming_response.create(**request)
        return (await within(manager, lambda response: response.parse())).choices[0].message
    if way.startswith("raw"):
        raw = completions.with_raw_response.create(**request, stream=way == "raw-stream")
        answer = (await awaited(raw)).parse()
    else:
        call = completions.parse if way == "parse" else completions.create
        more = {"stream": True} if way == "stream" else {}
        answer = await awaited(call(**request, **more))
    if "stream" in way:
        return (await events_of(answer))[0].choices[0].delta
    return answer.choices[0].message


async def responses(client: Any, scenario: Scenario, way: str) -> str:
    items: list[Any] = [{"role": "user", "content": scenario.prompt}]
    while True:
        answer = await response(client.responses, way, {"model": "scripted", "input": items})
        calls = [item for item in answer.output if item.type == "function_call"]
        if not calls:
            return str(answer.output_text)
        for call in calls:
            named = {
                "type": "function_call",
                "call_id": call.call_id,
                "name": call.name,
            }
            items.append({**named, "arguments": call.arguments})
            found = scenario.lookup(**json.loads(call.arguments))
            output = {
                "type": "function_call_output",
                "call_id": call.call_id,
                "output": found,
            }
            items.append(output)


async def response(resource: Any, way: str, request: dict[str, Any]) -> Any:
    """What the model answers with."""
    if way == "helper":
        return await within(resource.stream(**request), lambda stream: stream.get_final_response())
    if way == "unread":
        manager = resource.with_streaming_response.create(**request)
        return await within(manager, lambda response: response.parse())
    if way.startswith("raw"):
        raw = resource.with_raw_response.create(**request, stream=way == "raw-stream")
        answer = (await awaited(raw)).parse()
    else:
        call = resource.parse if way == "parse" else resource.create
        more = {"stream": True} if way == "stream" else {}
        answer = await awaited(call(**request, **more))
    return (await events_of(answer))[-1].response if "stream" in way else answer


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    return {"model": "scripted"}


example_server = model_server
