"""The guide's examples run as they are printed, and are governed."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from scenario import Scenario, framework
from support import Server

import execlave
from execlave import Execlave

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "integrations.md"
EXAMPLES = dict(re.findall(r"<!-- (\w+) -->\n```python\n(.*?)```", GUIDE.read_text(), re.DOTALL))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = metafunc.config.getoption("--frameworks").split(",")
    if "documented" in metafunc.fixturenames:
        # Examples are for the newest release of a framework.
        newest = [n for n in names if n in EXAMPLES and getattr(framework(n), "NEWEST", True)]
        metafunc.parametrize("documented", newest)


def run(name: str, exe: Execlave, scenario: Scenario) -> Any:
    """Run an example, for an agent of the test's own."""
    module: Any = framework(name)
    served = getattr(module, "example_server", nullcontext)
    with served(scenario) if served is not nullcontext else nullcontext() as url:
        names = {"exe": exe, "key": "none", "base_url": url}
        names |= module.example(scenario)
        exec(EXAMPLES[name].replace('agent_id="support"', f'agent_id="{exe_agent(exe)}"'), names)
    return names["answer"]


def exe_agent(exe: Execlave) -> str:
    """The agent that the client registered."""
    return str(exe._native.default_agent)


@pytest.fixture
def exe(connect: Callable[..., Execlave], agent: str) -> Execlave:
    client = connect(enforcement_on_outage="fail_closed")
    client.register_agent(agent, agent)
    return client


def test_an_example_does_what_it_says(documented: str, exe: Execlave) -> None:
    scenario = Scenario()
    if not {"tool"} & framework(documented).GATES:
        # The examples of model clients make one request.
        scenario = Scenario(steps=["it is blue"])
    answer = run(documented, exe, scenario)
    if documented == "mcp":
        assert scenario.executed == ["a"]
    else:
        assert "it is blue" in str(answer)


def test_an_example_is_governed(documented: str, exe: Execlave, server: Server, agent: str) -> None:
    server.policy(agent, "content_filter", "block", agent, terms=["what is in a"])
    server.policy(f"{agent}-tool", "tool_invocation", "block", agent, deny=["lookup"])
    scenario = Scenario()
    with pytest.raises((execlave.PolicyBlockedError, ExceptionGroup)):
        run(documented, exe, scenario)
    assert (scenario.seen, scenario.executed) == ([], [])
