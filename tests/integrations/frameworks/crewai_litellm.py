"""CrewAI before it had models of its own: LiteLLM, which asks the model server, in CrewAI's text protocol."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# LiteLLM looks up prices on the net otherwise.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

from crewai import LLM, Agent, Crew, Task  # noqa: E402
from crewai.tools import BaseTool, tool  # noqa: E402
from frameworks.model_server import model_server  # noqa: E402
from pydantic import PrivateAttr  # noqa: E402
from scenario import MODEL, Call, Scenario  # noqa: E402

from execlave.integrations import instrument_crew  # noqa: E402

MODES = ("sync", "async", "function")
GATES = frozenset({"prompt", "tool", "output", "error"})
KINDS = {"chain", "agent", "llm", "tool"}
HEARD = ["task"]
TREE = True
# At first only LiteLLM counted, some time after the answer.
COUNTED = hasattr(LLM, "_handle_non_streaming_response")


class Speech:
    """The scenario, whose model says everything in words."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.seen = scenario.seen

    def answer(self, shown: Any) -> str:
        answer = self.scenario.answer(shown)
        if isinstance(answer, Call):
            given = json.dumps({"key": answer.key})
            return f"Thought: look it up\nAction: lookup\nAction Input: {given}"
        return f"Thought: I now know the final answer\nFinal Answer: {answer}"


class Lookup(BaseTool):
    name: str = "lookup"
    description: str = "Looks something up."
    _scenario: Any = PrivateAttr()

    def _run(self, key: str) -> str:
        found: str = self._scenario.lookup(key)
        return found


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    with model_server(Speech(scenario)) as url:
        made = crew(scenario, url, mode)
        for _ in range(2 if options.get("twice") else 1):
            instrument_crew(made, exe, agent_id=agent, session_id="s-1", user_id="u-1")
        if mode == "async":
            return str(asyncio.run(made.kickoff_async()))
        return str(made.kickoff())


@contextmanager
def crew_of(scenario: Scenario) -> Iterator[Crew]:
    """A crew that is not governed yet, and its model meanwhile."""
    with model_server(Speech(scenario)) as url:
        yield crew(scenario, url, "sync")


def crew(scenario: Scenario, url: str, mode: str) -> Crew:
    model = LLM(model=MODEL, custom_llm_provider="openai", base_url=url, api_key="none")
    used: Any = Lookup()
    if mode == "function":
        used = tool("lookup")(function(scenario))
    else:
        used._scenario = scenario
    clerk = Agent(role="clerk", goal="answer", backstory="a clerk", llm=model, tools=[used])
    task = Task(description=scenario.prompt, expected_output="an answer", agent=clerk)
    return Crew(
        agents=[clerk], tasks=[task], task_callback=lambda output: scenario.heard.append("task")
    )


def function(scenario: Scenario) -> Any:
    """The scenario's tool, of which CrewAI reads the text and the types."""

    def lookup(key: str) -> str:
        """Looks something up."""
        return scenario.lookup(key)

    return lookup
