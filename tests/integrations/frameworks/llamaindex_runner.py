"""LlamaIndex's agents before they were workflows."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any

from frameworks.llamaindex_model import handler, listener, model
from llama_index.core.agent import FunctionCallingAgentWorker, ReActAgent
from llama_index.core.tools import FunctionTool
from scenario import Scenario

from execlave.integrations import instrument_llamaindex_agent

MODES = ("handler", "handler-async", "handler-react", "instrumented")
GATES = frozenset({"prompt", "tool", "output", "error"})
KINDS = {"agent", "llm", "tool"}
HEARD = ["model", "model"]
TREE = True


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    tool = FunctionTool.from_defaults(scenario.lookup, name="lookup")
    made: Any
    if mode == "handler-react":
        made = ReActAgent.from_tools([tool], llm=model(scenario, react=True))
    else:
        made = FunctionCallingAgentWorker.from_tools([tool], llm=model(scenario)).as_agent()
    twice = bool(options.get("twice"))
    if mode.startswith("handler"):
        governing: Any = handler(exe, agent, twice=twice)
    else:
        governing = nullcontext()
        for _ in range(2 if twice else 1):
            instrument_llamaindex_agent(made, exe, agent_id=agent, session_id="s-1", user_id="u-1")
    with governing, listener(scenario):
        if mode == "handler-async":
            return str(asyncio.run(made.achat(scenario.prompt)))
        return str(made.chat(scenario.prompt))
