"""Who an agent is and whom it may call, against the real server and against one that does as it is told."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import KEY, Request, Scripted, Server, accept, sent_traces

import execlave
from execlave import Execlave

Make = Callable[..., Execlave]


def verdict(server: Server, credential: str) -> Any:
    body = {"credential": credential}
    return server.call("POST", "/api/v1/agents/credentials/verify", body)["data"]


def test_a_credential_proves_the_agent_and_is_kept(
    connect: Make, server: Server, name: str
) -> None:
    exe = connect()
    exe.register_agent(agent_id=name, name=name)
    issued = exe.get_agent_credential(name)
    assert set(issued) == {"credential", "expiresAt", "kid", "jti"}
    assert exe.get_agent_credential(name) == issued
    proved = verdict(server, issued["credential"])
    assert (proved["valid"], proved["agentId"]) == (True, name)
    server.pause(name)
    with pytest.raises(execlave.ExeclaveAuthError):
        connect().get_agent_credential(name)


def test_a_stamped_trace_is_verified(connect: Make, server: Server, name: str) -> None:
    exe = connect(stamp_identity=True, sign_requests=True)
    exe.register_agent(agent_id=name, name=name)
    for trace_id in ("first", "second"):
        exe.start_trace(trace_id=f"tr_{trace_id}_{name}", agent_id=name).finish()
    assert exe.flush() == {"sent": 2, "rejected": [], "undelivered": 0}
    assert [trace["identityVerified"] for trace in server.traces(name)] == [True, True]


def test_agents_call_each_other_where_a_grant_allows_it(
    connect: Make, server: Server, name: str
) -> None:
    exe = connect()
    for agent in (f"{name}-boss", f"{name}-worker"):
        exe.register_agent(agent_id=agent, name=agent, allowed_actions=[f"{name}-sums"])
    with pytest.raises(execlave.ExeclaveAuthError, match="no grant"):
        exe.authorize_agent_call(f"{name}-boss", f"{name}-worker", "query")
    grant = {"calleeAgentId": f"{name}-worker", "allowedActions": ["query"]}
    server.call("POST", f"/api/v1/agents/{name}-boss/grants", grant)
    answer = exe.authorize_agent_call(f"{name}-boss", f"{name}-worker", "query")
    assert answer["data"]["authorized"] is True
    found = exe.discover_agents(f"{name}-sums")
    assert [agent["agentId"] for agent in found] == [f"{name}-boss", f"{name}-worker"]
    assert exe.discover_agents("a capability & nobody's") == []


def test_a_signed_client_works_with_a_key_that_requires_it(
    connect: Make, server: Server, name: str
) -> None:
    body = {"name": name, "requireSignature": True, "environments": ["development"]}
    key = server.call("POST", "/api/v1/api-keys", body)["data"]["key"]
    exe = connect(api_key=key, sign_requests=True, enforcement_on_outage="fail_closed")
    exe.register_agent(agent_id=name, name="A name & more", tags=["ä"])
    for _ in range(3):
        assert exe.enforce_policy(name, "hello")["allowed"] is True
    assert exe.discover_agents("ä b&c") == []
    with pytest.raises(execlave.ExeclaveAuthError):
        connect(api_key=key).register_agent(agent_id=name, name=name)


def in_minutes(minutes: int) -> str:
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)).isoformat()


def test_each_agents_traces_carry_its_own_credential(
    client_of: Make, scripted: Scripted, name: str
) -> None:
    def script(request: Request) -> Any:
        if request.path.endswith("/credential"):
            agent = request.path.split("/")[-2]
            issued = {"credential": f"exe_agt_{agent}", "expiresAt": in_minutes(15), "kid": "k"}
            return 200, {"data": issued}
        return accept(request)

    scripted.script = script
    exe = client_of(stamp_identity=True)
    exe.register_agent(agent_id="a", name="a")
    for agent in ("a", "b", "a"):
        exe.start_trace(agent_id=agent).finish()
    assert exe.flush()["sent"] == 3
    stamped = [trace["agentCredential"] for trace in sent_traces(scripted)]
    assert stamped == ["exe_agt_id-a", "exe_agt_b", "exe_agt_id-a"]
    assert len([r for r in scripted.seen if r.path.endswith("/credential")]) == 2


@pytest.mark.parametrize("answer", [(500, {}), (403, {}), (200, {"data": {}}), (200, b"nonsense")])
def test_a_credential_that_cannot_be_had_never_loses_the_trace(
    client_of: Make, scripted: Scripted, answer: Any
) -> None:
    scripted.script = lambda r: answer if r.path.endswith("/credential") else accept(r)
    exe = client_of(stamp_identity=True)
    exe.start_trace(agent_id="a").finish()
    assert exe.flush() == {"sent": 1, "rejected": [], "undelivered": 0}
    assert "agentCredential" not in sent_traces(scripted)[0]


def test_a_credential_that_is_refused_costs_the_proof_and_not_the_trace(
    client_of: Make, scripted: Scripted
) -> None:
    issued = {"credential": "exe_agt_revoked", "expiresAt": in_minutes(15), "kid": "k"}

    def script(request: Request) -> Any:
        if request.path.endswith("/credential"):
            return 200, {"data": issued}
        if request.path.endswith("/traces/ingest"):
            bad = [t["traceId"] for t in request.json["traces"] if "agentCredential" in t]
            code = "INVALID_AGENT_CREDENTIAL"
            errors = [{"traceId": trace, "code": code, "error": "revoked"} for trace in bad]
            accepted = len(request.json["traces"]) - len(bad)
            return 202, {"accepted": accepted, "failed": len(bad), "errors": errors}
        return accept(request)

    scripted.script = script
    exe = client_of(stamp_identity=True)
    for agent in ("a", None, "a"):
        exe.start_trace(agent_id=agent).finish()
    assert exe.flush() == {"sent": 3, "rejected": [], "undelivered": 0}
    # The batch goes out again as a whole: the server recognises what it has.
    stamped = [("agentCredential" in trace) for trace in sent_traces(scripted)]
    assert stamped == [True, False, True, False, False, False]


def test_a_revoked_credential_stores_each_trace_once(
    connect: Make, server: Server, name: str
) -> None:
    exe = connect(stamp_identity=True)
    for agent in (name, f"{name}-other"):
        exe.register_agent(agent_id=agent, name=agent)
        exe.get_agent_credential(agent)
    server.call("POST", f"/api/v1/agents/{name}/credentials/revoke-all", {})
    for agent in (name, f"{name}-other"):
        exe.start_trace(agent_id=agent).finish()
    assert exe.flush() == {"sent": 2, "rejected": [], "undelivered": 0}
    (mine,), (other,) = server.traces(name), server.traces(f"{name}-other")
    assert (mine.get("identityVerified"), other.get("identityVerified")) == (None, True)


def test_a_credential_is_asked_for_again_a_minute_before_it_ends(
    client_of: Make, scripted: Scripted
) -> None:
    credential = {"credential": "exe_agt_x", "expiresAt": in_minutes(1), "kid": "k"}
    scripted.script = lambda r: (200, {"data": credential})
    exe = client_of()
    for _ in range(2):
        assert exe.get_agent_credential("a") == credential
    assert len(scripted.requests("/api/v1/agents/a/credential")) == 2


def test_the_signature_is_what_the_documentation_says(client_of: Make, scripted: Scripted) -> None:
    page = (Path(__file__).parents[2] / "docs" / "concepts" / "identity.md").read_text()
    documented: dict[str, Any] = {}
    exec(page.split("```python")[1].split("```")[0], documented)
    sign = documented["sign"]
    time, nonce = "1700000000", "0123456789abcdef"
    example = sign("exe_dev_k", time, nonce, "POST", "/api/v1/agents?x=1", b"{}")
    assert example in page
    scripted.script = lambda request: (200, {"data": []})
    client_of(sign_requests=True).discover_agents("ä b&c")
    seen = scripted.seen[0]
    time, nonce = seen.headers["x-execlave-timestamp"], seen.headers["x-execlave-nonce"]
    signed = sign(KEY, time, nonce, seen.method, seen.path, seen.body)
    assert seen.headers["x-execlave-signature"] == signed
