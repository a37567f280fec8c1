"""LlamaIndex's agents that are workflows, each instrumented by itself or all by a handler in the dispatcher."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from frameworks.llamaindex_model import handler, listener, model, restored
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.tools import FunctionTool
from scenario import Scenario

from execlave.integrations import instrument_llamaindex_agent

MODES = ("handler", "handler-workflow", "handler-react", "async", "stream", "workflow")
GATES = frozenset({"prompt", "tool", "output", "error"})
KINDS = {"agent", "llm", "tool"}
HEARD = ["model", "model"]
TREE = True


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    tool = FunctionTool.from_defaults(scenario.lookup, name="lookup")
    react = mode.endswith("react")
    kind: Any = ReActAgent if react else FunctionAgent
    made = kind(name="scripted", llm=model(scenario, react), tools=[tool])
    if mode.endswith("workflow"):
        made = AgentWorkflow(agents=[made])
    twice = bool(options.get("twice"))
    if mode.startswith("handler"):
        governing: Any = handler(exe, agent, twice=twice)
    else:
        governing = nullcontext()
        for _ in range(2 if twice else 1):
            instrument_llamaindex_agent(made, exe, agent_id=agent, session_id="s-1", user_id="u-1")

    async def run() -> str:
        started = made.run(user_msg=scenario.prompt)
        if mode == "stream":
            async for _ in started.stream_events():
                pass
        return str(await started)

    with governing, listener(scenario):
        return asyncio.run(run())


@contextmanager
def example_server(scenario: Scenario) -> Iterator[None]:
    """What the guide's example puts into the dispatcher is taken out again."""
    with restored():
        yield


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    return {"model": model(scenario), "lookup": scenario.lookup}
