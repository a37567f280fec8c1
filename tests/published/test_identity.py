"""Credentials and grants through the published client."""

from __future__ import annotations

import pytest
from execlave import Execlave, ExeclaveAuthError

from platform_server import PlatformServer


def test_a_credential_is_issued_and_good(
    client: Execlave, server: PlatformServer, agent: str
) -> None:
    issued = client.get_agent_credential(agent)
    assert issued["credential"].startswith("exe_agt_")
    assert client.get_agent_credential(agent)["credential"] == issued["credential"]
    verdict = server.request(
        "POST", "/agents/credentials/verify", {"credential": issued["credential"]}
    ).data
    assert (verdict["valid"], verdict["agentId"]) == (True, agent)


def test_a_stamped_trace_is_verified(server: PlatformServer, agent: str) -> None:
    client = Execlave(
        api_key=server.key,
        base_url=server.base_url,
        stamp_identity=True,
        enable_control_channel=False,
    )
    client.register_agent(agent_id=agent, name=agent)
    client.start_trace(trace_id=f"tr_stamped_{agent}", agent_id=agent).finish()
    assert client.flush()["sent"] == 1
    stored = server.request("GET", f"/traces/tr_stamped_{agent}").data
    assert stored[0]["identityVerified"] is True
    client.shutdown()


def test_an_agent_calls_another_where_a_grant_allows_it(
    client: Execlave, server: PlatformServer, agent: str
) -> None:
    worker = f"{agent}-worker"
    client.register_agent(agent_id=worker, name=worker, allowed_actions=[f"{agent}-sums"])
    with pytest.raises(ExeclaveAuthError):
        client.authorize_agent_call(agent, worker, "query")
    made = server.request(
        "POST", f"/agents/{agent}/grants", {"calleeAgentId": worker, "allowedActions": ["query"]}
    )
    assert made.status == 201, made.body
    answer = client.authorize_agent_call(agent, worker, "query")
    assert (answer["data"]["id"], answer["data"]["action"]) == (made.data["id"], "query")
    assert [found["agentId"] for found in client.discover_agents(f"{agent}-sums")] == [worker]
