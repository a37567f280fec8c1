"""CrewAI beyond the scenarios: tasks in threads of their own, and tools that cannot be governed."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from scenario import Scenario, framework
from support import Scripted, Server, accept
from test_governed import spans

import execlave
from execlave import Execlave
from execlave.integrations import instrument_crew


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Any:
    """The crews of the scenarios, in the environments that have the framework."""
    name = request.config.getoption("--frameworks")
    if name not in ("crewai", "crewai_litellm"):
        pytest.skip("for CrewAI only")
    return framework(name)


@pytest.fixture
def exe(connect: Callable[..., Execlave], agent: str) -> Execlave:
    client = connect(enforcement_on_outage="fail_closed")
    client.register_agent(agent, agent)
    return client


@pytest.mark.parametrize("blocked", [False, True])
def test_a_task_in_a_thread_of_its_own_belongs_to_the_run(
    module: Any, exe: Execlave, server: Server, agent: str, blocked: bool
) -> None:
    if blocked:
        server.policy(agent, "tool_invocation", "block", agent, deny=["lookup"])
    scenario = Scenario()
    with module.crew_of(scenario) as crew:
        crew.tasks[0].async_execution = True
        instrument_crew(crew, exe, agent_id=agent)
        if blocked:
            with pytest.raises(execlave.PolicyBlockedError):
                crew.kickoff()
        else:
            assert "it is blue" in str(crew.kickoff())
    assert scenario.executed == ([] if blocked else ["a"])
    exe.flush()
    assert len({row["traceId"] for row in spans(server, agent)}) == 1


def test_a_tool_that_cannot_be_stopped_is_refused(
    module: Any, scripted: Scripted, client_of: Callable[..., Execlave]
) -> None:
    scripted.script = accept
    tool = SimpleNamespace(name="lookup", run=lambda key: key)
    crew = SimpleNamespace(agents=[SimpleNamespace(tools=[tool])])
    with pytest.raises(TypeError, match=r"lookup.*CrewAI 0\.80"):
        instrument_crew(crew, client_of(), agent_id="a")
