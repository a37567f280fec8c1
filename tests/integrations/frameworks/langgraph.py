"""LangGraph: the agent that LangChain makes, with its own tool node."""

from __future__ import annotations

import asyncio
from typing import Any

from frameworks.langchain import Listener, ScriptedModel
from langchain.agents import create_agent
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import StructuredTool
from scenario import Scenario

from execlave.integrations import ExeclaveCallbackHandler

MODES = ("sync", "async", "stream")
GATES = frozenset({"prompt", "tool", "output"})
KINDS = {"chain", "llm", "tool"}
HEARD = ["model", "tool", "model"]
TREE = True


class ToolCalling(ScriptedModel):
    """A model that needs no telling of its tools."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    handler = ExeclaveCallbackHandler(exe, agent_id=agent, session_id="s-1", user_id="u-1")
    handlers = [handler, handler] if options.get("twice") else [handler]
    config: RunnableConfig = {"callbacks": [*handlers, Listener(scenario.heard)]}
    tool = StructuredTool.from_function(scenario.lookup, name="lookup")
    graph = create_agent(ToolCalling(scenario=scenario), [tool])
    inputs: Any = {"messages": [("user", scenario.prompt)]}
    if mode == "async":
        ended = asyncio.run(graph.ainvoke(inputs, config))
    elif mode == "stream":
        *_, ended = graph.stream(inputs, config, stream_mode="values")
    else:
        ended = graph.invoke(inputs, config)
    return str(ended["messages"][-1].content)
