"""CrewAI with a model of our own, which answers in CrewAI's text protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crewai import Agent, BaseLLM, Crew, Task
from crewai.tools import BaseTool, tool
from pydantic import PrivateAttr
from scenario import MODEL, Call, Scenario

from execlave.integrations import instrument_crew

# In the text protocol, with native tool calls, and with a tool that is a function.
MODES = ("sync", "async", "native", "function")
GATES = frozenset({"prompt", "tool", "output", "error"})
KINDS = {"chain", "agent", "llm", "tool"}
HEARD = ["task"]
TREE = True


class ScriptedModel(BaseLLM):
    _scenario: Any = PrivateAttr()

    _native: bool = PrivateAttr(default=False)

    def call(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        answer = self._scenario.answer(messages)
        self._track_token_usage_internal({"prompt_tokens": 7, "completion_tokens": 3})
        if isinstance(answer, Call):
            given = json.dumps({"key": answer.key})
            if self._native:
                function = {"name": "lookup", "arguments": given}
                number = f"call-{len(self._scenario.seen)}"
                return [{"id": number, "type": "function", "function": function}]
            return f"Thought: look it up\nAction: lookup\nAction Input: {given}"
        if self._native:
            return answer
        return f"Thought: I now know the final answer\nFinal Answer: {answer}"

    async def acall(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        return self.call(messages)

    def supports_function_calling(self) -> bool:
        return self._native


class Lookup(BaseTool):
    name: str = "lookup"
    description: str = "Looks something up."
    _scenario: Any = PrivateAttr()

    def _run(self, key: str) -> str:
        found: str = self._scenario.lookup(key)
        return found


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    made = crew(scenario, mode)
    for _ in range(2 if options.get("twice") else 1):
        instrument_crew(made, exe, agent_id=agent, session_id="s-1", user_id="u-1")
    if mode == "async":
        return str(asyncio.run(made.akickoff()))
    return str(made.kickoff())


def crew(scenario: Scenario, mode: str = "sync") -> Crew:
    model = ScriptedModel(model=MODEL)
    model._scenario, model._native = scenario, mode == "native"
    used: Any = Lookup()
    if mode == "function":
        used = tool("lookup")(scenario.lookup)
    else:
        used._scenario = scenario
    clerk = Agent(role="clerk", goal="answer", backstory="a clerk", llm=model, tools=[used])
    task = Task(description=scenario.prompt, expected_output="an answer", agent=clerk)
    return Crew(
        agents=[clerk], tasks=[task], task_callback=lambda output: scenario.heard.append("task")
    )


@contextmanager
def crew_of(scenario: Scenario) -> Iterator[Crew]:
    """A crew that is not governed yet."""
    yield crew(scenario)


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    made = crew(scenario).agents[0]
    return {"model": made.llm, "tool": made.tools[0]}
