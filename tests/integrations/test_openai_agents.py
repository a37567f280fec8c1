"""The OpenAI Agents SDK: hooks for one run, agents that are tools of others, and what becomes of each span."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from scenario import Call, Scenario, framework
from support import Scripted, Server, accept, sent_traces

import execlave
from execlave import Execlave


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Any:
    """The framework's module, in the environment that has the framework."""
    if "openai_agents" not in request.config.getoption("--frameworks").split(","):
        pytest.skip("for the OpenAI Agents SDK only")
    found: Any = framework("openai_agents")
    # Nothing governs but what the test makes.
    found.example(Scenario())
    return found


@pytest.fixture
def exe(connect: Callable[..., Execlave], agent: str) -> Execlave:
    client = connect(enforcement_on_outage="fail_closed")
    client.register_agent(agent, agent)
    return client


def test_hooks_govern_one_run(module: Any, exe: Execlave, server: Server, agent: str) -> None:
    from agents import Agent, Runner, function_tool
    from execlave.integrations import ExeclaveRunHooks

    server.policy(agent, "tool_invocation", "block", agent, deny=["lookup"])
    ungoverned, scenario = Scenario(), Scenario()
    hooks = ExeclaveRunHooks(exe, agent_id=agent, hooks=module.Listener(scenario.heard))
    for played, given in ((ungoverned, None), (scenario, hooks)):
        made = Agent("a", model=module.model(played), tools=[function_tool(played.lookup)])
        if given is None:
            Runner.run_sync(made, played.prompt)
        else:
            with pytest.raises(execlave.PolicyBlockedError):
                Runner.run_sync(made, played.prompt, hooks=given)
    assert ungoverned.executed == ["a"]
    assert scenario.executed == []
    assert scenario.heard == ["model"]


def test_an_agent_that_is_a_tool_is_governed(
    module: Any, exe: Execlave, server: Server, agent: str
) -> None:
    from agents import Agent, Runner, function_tool
    from execlave.integrations import ExeclaveTracingProcessor

    server.policy(agent, "tool_invocation", "block", agent, deny=["lookup"])
    ExeclaveTracingProcessor(exe, agent_id=agent)
    inner = Scenario()
    made = Agent("inner", model=module.model(inner), tools=[function_tool(inner.lookup)])

    outer = Scenario(steps=[Call("a"), "done"])
    tool = made.as_tool("lookup_by_agent", "Asks the other agent.")
    model = module.model(outer, tool="lookup_by_agent", argument="input")
    Runner.run_sync(Agent("outer", model=model, tools=[tool]), outer.prompt)
    assert inner.executed == []
    assert len(inner.seen) == 1


@pytest.fixture
def processor(module: Any, scripted: Scripted, client_of: Callable[..., Execlave]) -> Any:
    from agents import set_trace_processors
    from execlave.integrations import ExeclaveTracingProcessor

    scripted.script = accept
    made = ExeclaveTracingProcessor(client_of(enforcement_on_outage="fail_closed"), agent_id="a")
    set_trace_processors([made])
    return made


def test_every_span_of_the_sdk_has_its_kind(processor: Any, scripted: Scripted) -> None:
    from agents import tracing

    used = {"prompt_tokens": 7, "completion_tokens": 3}
    with tracing.trace("run"), tracing.agent_span("boss") as root:
        with tracing.generation_span(input=[], model="m-1", usage=used) as generation:
            pass
        with tracing.function_span("lookup", input="{}"):
            pass
        with tracing.handoff_span("boss", "clerk") as handoff:
            pass
        with tracing.guardrail_span("polite", triggered=True):
            pass
        with tracing.custom_span("own"), tracing.response_span():
            pass
    processor.force_flush()
    found = {span["metadata"]["openaiAgentsSpanId"]: span for span in sent_traces(scripted)}
    kinds = {s["metadata"]["spanName"]: s["metadata"]["spanKind"] for s in found.values()}
    assert kinds == {
        "boss": "agent",
        "generation": "llm",
        "lookup": "tool",
        "handoff": "handoff",
        "polite": "guardrail",
        "own": "agent",
        "response": "llm",
    }
    model = found[generation.span_id]
    assert (model["modelName"], model["promptTokens"], model["completionTokens"]) == ("m-1", 7, 3)
    assert found[handoff.span_id]["input"] == {"from": "boss", "to": "clerk"}
    assert len({span["traceId"] for span in found.values()}) == 1
    top = found[root.span_id]["metadata"]["spanId"]
    assert found[handoff.span_id]["metadata"]["parentSpanId"] == top


def test_a_span_without_an_id_is_left_alone(processor: Any, scripted: Scripted) -> None:
    nameless = SimpleNamespace(span_id="", trace_id="t", parent_id=None)
    processor.on_trace_start(SimpleNamespace(trace_id="t"))
    processor.on_span_start(nameless)
    processor.on_span_end(nameless)
    processor.shutdown()
    assert sent_traces(scripted) == []


def test_prompts_and_arguments_are_in_the_question(
    module: Any, processor: Any, scripted: Scripted
) -> None:
    from agents import Agent, Runner, function_tool

    scenario = Scenario()
    made = Agent("clerk", model=module.model(scenario), tools=[function_tool(scenario.lookup)])
    Runner.run_sync(made, scenario.prompt)
    asked = [request.json for request in scripted.requests("/api/v1/policies/enforce")]
    prompts = [question for question in asked if "agentInput" in question.get("metadata", {})]
    assert [question["input"] for question in prompts] == [scenario.prompt]
    (tool,) = [question for question in asked if "tools" in question]
    assert json.loads(tool["metadata"]["toolArguments"]) == {"key": "a"}
