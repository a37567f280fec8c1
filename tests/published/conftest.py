"""The published client, with and without signed requests, and a person who answers approvals."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from execlave import Execlave

from platform_server import PlatformServer

_numbers = itertools.count(1)


@pytest.fixture(scope="session", params=[False, True], ids=["unsigned", "signed"])
def client(request: pytest.FixtureRequest, server: PlatformServer) -> Iterator[Execlave]:
    """The client as an application makes it."""
    client = Execlave(api_key=server.key, base_url=server.base_url, sign_requests=request.param)
    yield client
    client.shutdown()


@pytest.fixture(scope="session")
def approver(server: PlatformServer) -> str:
    """The key of a person who decides."""
    return server.create_key("approver", ["approvals:decide", "read"])


@pytest.fixture
def agent(client: Execlave) -> str:
    """A freshly registered agent of this test's own."""
    agent_id = f"published-{next(_numbers)}"
    client.register_agent(agent_id=agent_id, name=agent_id)
    return agent_id


@pytest.fixture
def policy(server: PlatformServer, agent: str) -> Iterator[Callable[..., str]]:
    """Makes policies that apply to this test's agent alone, and takes them back."""
    made: list[str] = []

    def create(policy_type: str, mode: str, rule: dict[str, object]) -> str:
        name = f"{policy_type} {mode} for {agent}"
        made.append(server.create_policy(name, policy_type, mode, rule, appliesToAgents=[agent]))
        return made[-1]

    yield create
    for policy_id in made:
        server.request("DELETE", f"/policies/{policy_id}")
