"""The real server goes away and comes back; nothing is lost and nothing is allowed in secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support import Server, eventually, in_background

import execlave
from execlave import Execlave


@pytest.fixture
def connect_to(own_server: Server) -> Iterator[Callable[..., Execlave]]:
    clients: list[Execlave] = []

    def make(**settings: Any) -> Execlave:
        common = {"api_key": own_server.key, "base_url": own_server.url}
        clients.append(Execlave(**{**common, "environment": "development", **settings}))
        clients[-1].register_agent(agent_id="a", name="A")
        return clients[-1]

    yield make
    for client in clients:
        client.shutdown()


def test_traces_wait_for_the_server(
    connect_to: Callable[..., Execlave], own_server: Server
) -> None:
    exe = connect_to()
    exe.start_trace().set_output("before").finish()
    assert exe.flush()["sent"] == 1
    own_server.kill()
    exe.start_trace().set_output("meanwhile").finish()
    assert exe.flush() == {"sent": 0, "rejected": [], "undelivered": 1}
    own_server.start()
    assert exe.flush() == {"sent": 1, "rejected": [], "undelivered": 0}
    assert sorted(t["output"] for t in own_server.traces("a")) == ["before", "meanwhile"]
    assert exe.lost_traces == 0


def test_closed_means_closed_and_open_is_visible(
    connect_to: Callable[..., Execlave], own_server: Server
) -> None:
    bypasses: list[dict[str, Any]] = []
    closed = connect_to(enforcement_on_outage="fail_closed", local_decisions=False)
    opened = connect_to(on_enforcement_bypassed=bypasses.append, local_decisions=False)
    own_server.kill()
    with pytest.raises(execlave.EnforcementUnavailableError):
        closed.enforce_policy("a", "x")
    sources = [opened.enforce_policy("a", "x")["source"] for _ in range(4)]
    assert sources == ["fail_open_network_error"] * 3 + ["fail_open_circuit_breaker"]
    assert [bypass["source"] for bypass in bypasses] == sources


def test_a_paused_agent_stays_paused_through_an_outage(
    connect_to: Callable[..., Execlave], own_server: Server
) -> None:
    exe = connect_to(poll_interval_seconds=0.1)
    own_server.pause("a", "drill")
    eventually(lambda: exe.check_agent_status() == "paused")
    own_server.kill()
    with pytest.raises(execlave.AgentPausedError):
        exe.enforce_policy("a", "x")
    assert exe.bypass_count == 0


def test_an_approval_outlives_a_restart(
    connect_to: Callable[..., Execlave], own_server: Server
) -> None:
    exe = connect_to()
    agent = exe.register_agent(agent_id="a", name="A")
    own_server.policy("pay", "action_approval", "require_approval", "a", tools=["pay"])
    waiting = in_background(lambda: exe.enforce_policy("a", "pay", tools=["pay"]))
    approval = own_server.pending(agent.id)
    # Once it asks for the verdict, the client has the answer to its question; an answer cut off by the kill would be an outage.
    eventually(lambda: own_server.metric("execlave_approval_waiters") == 1)
    own_server.kill()
    own_server.start()
    own_server.decide(approval["id"], "approve", "fine")
    result = waiting.result(timeout=30)
    assert result["approvalRequestId"] == approval["id"]
