"""The OpenAI Agents SDK with its scripted model."""

from __future__ import annotations

import asyncio
from typing import Any

from agents import Agent, RunHooks, Runner, function_tool, get_current_span, set_trace_processors
from agents.run import AgentRunner, set_default_agent_runner
from agents.testing import ModelStep, ScriptedModel
from agents.testing.model import assistant_message, function_call
from agents.usage import Usage
from scenario import MODEL, Call, Scenario

from execlave.integrations import ExeclaveTracingProcessor

MODES = ("sync", "async", "stream")
GATES = frozenset({"prompt", "tool", "output"})
KINDS = {"agent", "llm", "tool"}
HEARD = ["model", "tool", "model"]
TREE = True


class Listener(RunHooks[Any]):
    """Hooks of the application."""

    def __init__(self, heard: list[str]) -> None:
        self.heard = heard

    async def on_tool_start(self, *args: Any) -> None:
        self.heard.append("tool")

    async def on_llm_start(self, *args: Any) -> None:
        self.heard.append("model")


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    set_default_agent_runner(AgentRunner())
    processors = [
        ExeclaveTracingProcessor(exe, agent_id=agent, session_id="s-1", user_id="u-1")
        for _ in range(2 if options.get("twice") else 1)
    ]
    # The second governs nothing anew; recorded is what is added to the SDK.
    set_trace_processors(processors[:1])
    made = Agent(name="scripted", model=model(scenario), tools=[function_tool(scenario.lookup)])
    hooks = Listener(scenario.heard)
    if mode == "sync":
        return str(Runner.run_sync(made, scenario.prompt, hooks=hooks).final_output)
    if mode == "async":
        return str(asyncio.run(Runner.run(made, scenario.prompt, hooks=hooks)).final_output)

    async def stream() -> str:
        result = Runner.run_streamed(made, scenario.prompt, hooks=hooks)
        async for _ in result.stream_events():
            pass
        return str(result.final_output)

    return asyncio.run(stream())


def model(scenario: Scenario, tool: str = "lookup", argument: str = "key") -> ScriptedModel:
    def respond(call: Any) -> Any:
        answer = scenario.answer(call.input)
        number = len(scenario.seen)
        # As the SDK's own models do; the scripted one does not.
        data = get_current_span().span_data
        data.model, data.usage = MODEL, {"input_tokens": 7, "output_tokens": 3}
        output = (
            function_call(tool, {argument: answer.key}, call_id=f"call-{number}")
            if isinstance(answer, Call)
            else assistant_message(answer)
        )
        return ModelStep(
            output=[output],
            usage=Usage(requests=1, input_tokens=7, output_tokens=3, total_tokens=10),
        )

    return ScriptedModel([ModelStep.respond(respond) for _ in scenario.steps], emit_traces=True)


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    set_default_agent_runner(AgentRunner())
    set_trace_processors([])
    return {"model": model(scenario), "lookup": scenario.lookup}
