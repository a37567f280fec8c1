"""Versions of prompts and agents, as the client from PyPI makes them."""

from __future__ import annotations

import datetime

import pytest
from execlave import Execlave, ExeclaveError

from platform_server import PlatformServer


def test_a_prompt_is_made_promoted_and_rolled_back(
    client: Execlave, server: PlatformServer
) -> None:
    agent = client.register_agent(agent_id=f"prompts-{id(client)}", name="Prompts")
    made = [
        agent.deploy_prompt(
            prompt_template=f"Answer {{question}} ({number})",
            system_message="You are terse.",
            model_name="gpt-4o",
            model_parameters={"temperature": 0.2, "max_tokens": 64, "top_p": 1},
            change_description="shorter",
            description="a prompt",
            version_tag=f"v{number}",
            environment="production",
        )
        for number in (1, 2)
    ]
    assert [version.version_number for version in made] == [1, 2]
    assert [version.version_tag for version in made] == ["v1", "v2"]
    assert made[0].approval_status == "pending"
    assert not made[0].is_active
    stored = server.request("GET", f"/prompt-versions/{made[0].id}").data
    assert stored["modelParameters"] == {"temperature": 0.2, "maxTokens": 64, "top_p": 1}
    assert stored["promptContent"] == "Answer {question} (1)"

    made[0].promote_to_production()
    agent.promote_to_production(made[1].id, deployment_notes="better")
    current = agent.get_current_prompt()
    assert current is not None and current.id == made[1].id
    agent.rollback_to_version(1, reason="worse")
    current = agent.get_current_prompt()
    assert current is not None and current.id == made[0].id
    assert sorted(version.version_number for version in agent.list_prompt_versions()) == [1, 2]
    with pytest.raises(ExeclaveError, match="not found"):
        agent.rollback_to_version(3)


def test_a_yes_is_waited_for(client: Execlave, server: PlatformServer, approver: str) -> None:
    agent = client.register_agent(agent_id=f"waits-{id(client)}", name="Waits")
    version = agent.deploy_prompt(
        prompt_template="x",
        system_message="y",
        model_name="gpt-4o",
        model_parameters={},
        change_description="first",
        description="first",
        version_tag="v1",
        environment="production",
    )
    agent.promote_to_production(version.id, require_approval=True)
    assert agent.get_current_prompt() is None
    refused = server.request("POST", f"/prompt-versions/{version.id}/approve", {})
    assert (refused.status, refused.body["error"]["code"]) == (403, "SELF_APPROVAL")
    server.request(
        "POST", f"/prompt-versions/{version.id}/approve", {"reason": "fine"}, key=approver
    ).data
    current = agent.get_current_prompt()
    assert current is not None and current.id == version.id


def test_a_build_is_reported(client: Execlave, agent: str) -> None:
    at = datetime.datetime(2026, 11, 30, 8, 0, tzinfo=datetime.UTC)
    for number in (1, 2):
        answer = client.report_agent_metadata(
            agent,
            version_label="1.4.0",
            git_commit="9f86d08",
            deployed_at=at,
            notes="n",
            activate=number == 2,
        )
        record = answer["data"]
        assert record["versionNumber"] == number
        assert record["isActive"] is (number == 2)
        assert record["metadata"]["gitCommit"] == "9f86d08"
    assert client.report_agent_metadata(agent)["data"]["isActive"] is False
