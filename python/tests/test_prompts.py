"""Versions of prompts and agents, against the real server and against one that does as it is told."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from support import Request, Scripted, Server, accept

import execlave
from execlave import Execlave

Make = Callable[..., Execlave]


def test_a_prompt_is_made_promoted_and_rolled_back(connect: Make, name: str) -> None:
    agent = connect().register_agent(agent_id=name, name=name)
    first = agent.deploy_prompt(
        "Answer {question}",
        system_message="You are terse.",
        model_name="gpt-4o",
        model_parameters={"temperature": 0.2, "max_tokens": 64, "top_p": 1},
        version_tag="terse",
    )
    assert (first.version_number, first.version_tag) == (1, "terse")
    assert (first.approval_status, first.is_active) == ("pending", False)
    assert agent.get_current_prompt() is None
    assert first.promote_to_production(deployment_notes="go") is first
    assert (first.approval_status, first.is_active) == ("deployed", True)
    assert first.deployments[0]["deploymentNotes"] == "go"
    second = agent.deploy_prompt("Please answer {question}", require_approval=False)
    # Without an environment it runs where the agent does, which is not production.
    assert [d["environment"] for d in second.deployments] == ["development"]
    current = agent.get_current_prompt()
    assert current is not None and current.id == second.id
    promoted = agent.promote_to_production(second.id)
    assert promoted.is_active and promoted.id == second.id
    back = agent.rollback_to_version(1)
    assert (back.id, back.is_active) == (first.id, True)
    assert back.deployments[0]["reason"] == "Rollback requested"
    assert [v.version_number for v in agent.list_prompt_versions()] == [2, 1]
    stored = agent.list_prompt_versions()[1]
    assert stored.prompt_content == "Answer {question}"
    assert stored.system_prompt == "You are terse."
    assert stored.model_parameters == {"temperature": 0.2, "maxTokens": 64, "top_p": 1}
    with pytest.raises(execlave.ExeclaveError, match="not found"):
        agent.rollback_to_version(3)


def test_an_approval_that_is_asked_for_is_waited_for(
    connect: Make, server: Server, name: str
) -> None:
    agent = connect().register_agent(agent_id=name, name=name)
    version = agent.deploy_prompt("x", environment="production")
    assert (version.approval_status, version.is_active) == ("pending", False)
    for promote in (
        version.promote_to_production,
        lambda: agent.promote_to_production(version.id),
    ):
        with pytest.raises(execlave.ExeclaveError, match="waits for a yes") as refused:
            promote()
        assert refused.value.status_code == 409
    path = f"/api/v1/prompt-versions/{version.id}/approve"
    with pytest.raises(AssertionError, match="SELF_APPROVAL"):
        server.call("POST", path, {})
    server.call("POST", path, {"reason": "fine"}, server.approver)
    current = agent.get_current_prompt()
    assert current is not None and current.id == version.id
    other = agent.deploy_prompt("y")
    assert agent.promote_to_production(other.id, require_approval=True).is_active is False


def test_a_build_is_reported(connect: Make, server: Server, name: str) -> None:
    exe = connect()
    exe.register_agent(agent_id=name, name=name)
    at = datetime.datetime(2026, 11, 30, 8, 0, tzinfo=datetime.UTC)
    answer = exe.report_agent_metadata(
        name, version_label="1.4.0", git_commit="9f86d08", deployed_at=at, activate=True
    )
    record = answer["data"]
    assert (record["versionNumber"], record["versionLabel"]) == (1, "1.4.0")
    expected = {"gitCommit": "9f86d08", "deployedAt": "2026-11-30T08:00:00+00:00"}
    assert (record["metadata"], record["isActive"]) == (expected, True)
    assert record["snapshot"]["agentId"] == name
    with pytest.raises(execlave.ExeclaveError, match="nobody-at-all"):
        exe.report_agent_metadata("nobody-at-all")


def test_only_what_is_meant_reaches_the_wire(client_of: Make, scripted: Scripted) -> None:
    version = {"id": "p", "versionNumber": 7}

    def script(request: Request) -> Any:
        if "/prompt-versions" in request.path:
            return 200, {"data": [version] if request.method == "GET" else version}
        return accept(request)

    scripted.script = script
    exe = client_of()
    agent = exe.register_agent(agent_id="a", name="a")
    made = agent.deploy_prompt("t", model_parameters={"max_tokens": 5}, change_type="major")
    # What a server does not say has the value that means nothing happened.
    assert (made.version_number, made.version_tag) == (7, None)
    assert (made.approval_status, made.is_active) == ("pending", False)
    agent.deploy_prompt("t", change_description="why", description="what")
    agent.deploy_prompt("t", description="what")
    bodies = [r.json for r in scripted.requests("/api/v1/prompt-versions")]
    assert bodies[0] == {
        "agentId": "id-a",
        "promptTemplate": "t",
        "maxTokens": 5,
        "otherParams": {},
        "changeSummary": "major",
    }
    agent.deploy_prompt("t", change_type="major", description="what")
    bodies = [r.json for r in scripted.requests("/api/v1/prompt-versions")]
    assert [b["changeSummary"] for b in bodies[1:]] == ["why", "what", "major: what"]
    assert [b.get("notes") for b in bodies[1:]] == ["what", None, None]
    exe.report_agent_metadata("a", deployed_at=20261130)
    exe.report_agent_metadata("a")
    reports = [r.json for r in scripted.requests("/api/v1/agents/id-a/versions")]
    assert reports == [
        {"activate": False, "metadata": {"deployedAt": "20261130"}},
        {"activate": False},
    ]
    agent.promote_to_production("p")
    made.promote_to_production(require_approval=True, deployment_notes="n")
    agent.rollback_to_version(7, reason="worse")
    posts = [r.json for r in scripted.requests("/api/v1/prompt-versions/p/")]
    assert posts == [
        {"environment": "production", "requireApproval": False},
        {"environment": "production", "requireApproval": True, "deploymentNotes": "n"},
        {"reason": "worse"},
    ]
    assert made.model_parameters == {}
    assert "7" in repr(made)


def test_a_parameter_that_cannot_be_sent_is_named(client_of: Make, scripted: Scripted) -> None:
    scripted.script = accept
    agent = client_of().register_agent(agent_id="a", name="a")
    with pytest.raises(execlave.ExeclaveError, match="maxTokens"):
        agent.deploy_prompt("t", model_parameters={"max_tokens": "many"})
    assert scripted.requests("/api/v1/prompt-versions") == []
