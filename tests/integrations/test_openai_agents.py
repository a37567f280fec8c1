"""The hooks of the OpenAI Agents SDK for one run, and agents that are tools of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scenario import Call, Scenario, framework
from support import Server

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
