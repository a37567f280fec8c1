"""Row 4 in the environment of one client: what a decision costs the caller. Prints JSON, in microseconds.

With `local` in the arguments decisions are made in this process, from the policies that the server signed for it; otherwise the
server is asked, the only way that the published client knows.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from typing import Any

from execlave import Execlave

RUNS = 5
SECONDS = 0.5

Run = dict[str, float]


def percentiles(each: list[int]) -> Run:
    """In microseconds, out of nanoseconds."""
    each.sort()
    return {"p50": each[len(each) // 2] / 1e3, "p99": each[len(each) * 99 // 100] / 1e3}


def question(subject: dict[str, Any]) -> dict[str, Any]:
    """The action of row 4 as the arguments of a call."""
    action = subject["action"]
    return {
        "environment": action["environment"],
        "metadata": action["metadata"],
        "estimated_cost": action["estimatedCost"],
        "tools": action["tools"],
    }


def inputs(subject: dict[str, Any]) -> itertools.cycle[str]:
    """A kilobyte of prose that begins differently each time, so that nothing can be remembered."""
    sentence: str = subject["sentence"]
    text = sentence * (1024 // len(sentence) + 1)
    return itertools.cycle([f"{number:04} {text}"[:1024] for number in range(5_000)])


def sync(client: Execlave, agent: str, subject: dict[str, Any]) -> list[Run]:
    """`enforce_policy`, one after the other."""
    more, texts, runs = question(subject), inputs(subject), []
    for _ in range(RUNS + 1):
        each, end = [], time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            text = next(texts)
            before = time.perf_counter_ns()
            client.enforce_policy(agent, text, **more)
            each.append(time.perf_counter_ns() - before)
        runs.append(percentiles(each))
        client.flush()
    # The first run warms up.
    return runs[1:]


async def awaited(client: Execlave, agent: str, subject: dict[str, Any]) -> list[Run]:
    """`aenforce_policy`, one after the other."""
    more, texts, runs = question(subject), inputs(subject), []
    for _ in range(RUNS + 1):
        each, end = [], time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            text = next(texts)
            before = time.perf_counter_ns()
            await client.aenforce_policy(agent, text, **more)
            each.append(time.perf_counter_ns() - before)
        runs.append(percentiles(each))
        await client.aflush()
    return runs[1:]


def wait_for_policies(client: Execlave, agent: str) -> None:
    """Until this process decides by itself."""
    deadline = time.monotonic() + 20
    while client.enforce_policy(agent, "hello").get("source") != "local":
        if time.monotonic() > deadline:
            raise SystemExit(f"the policies of {agent} never came")
        time.sleep(0.05)


def main() -> None:
    """Measure an agent with twenty policies and one with five expressions."""
    url, key, path, here = sys.argv[1], sys.argv[2], sys.argv[3], "local" in sys.argv[4:]
    with open(path, encoding="utf-8") as file:
        subject = json.load(file)
    settings: dict[str, Any] = {"api_key": key, "base_url": url, "environment": "production"}
    if here:
        settings["local_decisions"] = True
    result: dict[str, list[Run]] = {}
    client = Execlave(**settings)
    agents = ("twenty", "five")
    for agent in agents:
        client.register_agent(agent_id=agent, name=agent, environment="production")
    for agent in agents:
        if here:
            wait_for_policies(client, agent)
            result[f"{agent}, awaited"] = asyncio.run(awaited(client, agent, subject))
        result[agent] = sync(client, agent, subject)
    client.shutdown()
    print(json.dumps(result))


main()
