"""CrewAI with a model of our own, which answers in CrewAI's text protocol."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from crewai import Agent, BaseLLM, Crew, Task
from crewai.tools import BaseTool
from pydantic import PrivateAttr
from scenario import MODEL, Call, Scenario

from execlave.integrations import instrument_crew

MODES = ("sync", "async")
GATES = frozenset({"prompt", "tool", "output"})
KINDS = {"chain", "agent", "llm", "tool"}
HEARD = ["task"]
TREE = True


class ScriptedModel(BaseLLM):
    _scenario: Any = PrivateAttr()

    def call(self, messages: Any, *args: Any, **kwargs: Any) -> str:
        answer = self._scenario.answer(messages)
        self._track_token_usage_internal({"prompt_tokens": 7, "completion_tokens": 3})
        if isinstance(answer, Call):
            given = json.dumps({"key": answer.key})
            return f"Thought: look it up\nAction: lookup\nAction Input: {given}"
        return f"Thought: I now know the final answer\nFinal Answer: {answer}"

    async def acall(self, messages: Any, *args: Any, **kwargs: Any) -> str:
        return self.call(messages)

    def supports_function_calling(self) -> bool:
        return False


class Lookup(BaseTool):
    name: str = "lookup"
    description: str = "Looks something up."
    _scenario: Any = PrivateAttr()

    def _run(self, key: str) -> str:
        found: str = self._scenario.lookup(key)
        return found


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    made = crew(scenario)
    for _ in range(2 if options.get("twice") else 1):
        instrument_crew(made, exe, agent_id=agent, session_id="s-1", user_id="u-1")
    if mode == "async":
        return str(asyncio.run(made.akickoff()))
    return str(made.kickoff())


def crew(scenario: Scenario) -> Crew:
    model = ScriptedModel(model=MODEL)
    model._scenario = scenario
    tool = Lookup()
    tool._scenario = scenario
    clerk = Agent(role="clerk", goal="answer", backstory="a clerk", llm=model, tools=[tool])
    task = Task(description=scenario.prompt, expected_output="an answer", agent=clerk)
    return Crew(
        agents=[clerk], tasks=[task], task_callback=lambda output: scenario.heard.append("task")
    )


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    made = crew(scenario).agents[0]
    return {"model": made.llm, "tool": made.tools[0]}
