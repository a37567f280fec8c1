"""Registering an agent: every form of answer, and what is done where the answer is a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support import CLOSE, Request, Scripted

import execlave
from execlave import Execlave

Make = Callable[..., Execlave]

AGENT = {"id": "id-a", "agentId": "a", "name": "A", "environment": "production", "status": "active"}
OTHER = {**AGENT, "id": "id-b", "agentId": "b"}


@pytest.mark.parametrize(
    "answer", [AGENT, {"data": AGENT}, {"data": [AGENT]}, {"data": [OTHER, AGENT]}]
)
def test_every_form_of_answer_is_read(answer: Any, scripted: Scripted, client_of: Make) -> None:
    scripted.script = lambda request: (201, answer)
    agent = client_of().register_agent(agent_id="a", name="A")
    assert (agent.id, agent.agent_id, agent.status, agent.is_paused) == (
        "id-a",
        "a",
        "active",
        False,
    )


@pytest.mark.parametrize(
    "answer", [{"data": OTHER}, {"data": [OTHER]}, {"data": []}, OTHER, {}, []]
)
def test_an_answer_about_somebody_else_is_none(
    answer: Any, scripted: Scripted, client_of: Make
) -> None:
    scripted.script = lambda request: (201, answer)
    exe = client_of()
    with pytest.raises(execlave.ExeclaveError, match="did not include agentId 'a'"):
        exe.register_agent(agent_id="a", name="A")
    assert exe.check_agent_status() == "unknown"


def refusing(status: int, found: list[dict[str, Any]]) -> Callable[[Request], Any]:
    def script(request: Request) -> Any:
        if request.method == "GET":
            return 200, {"data": found}
        limit = {"resource": "the first refusal", "current": 1, "max": 1}
        return status, {"error": {"code": "X", "message": "the first refusal", **limit}}

    return script


@pytest.mark.parametrize("status", [402, 408, 409, 500, 503])
def test_a_refusal_of_what_may_be_there_is_followed_by_a_search(
    status: int, scripted: Scripted, client_of: Make
) -> None:
    staging = {**AGENT, "id": "id-staging", "environment": "staging"}
    scripted.script = refusing(status, [OTHER, staging, AGENT])
    assert client_of().register_agent(agent_id="a", name="A b").id == "id-a"
    # Nobody of that name, or too many: the first refusal stands, after a look for the agent's id and for its name.
    for found in ([], [OTHER], [staging, {**staging, "id": "id-3", "environment": "other"}]):
        scripted.seen.clear()
        scripted.script = refusing(status, found)
        with pytest.raises(execlave.ExeclaveError, match="the first refusal"):
            client_of().register_agent(agent_id="a", name="A b")
        searches = [request.path for request in scripted.seen if request.method == "GET"]
        assert searches == ["/api/v1/agents?search=a", "/api/v1/agents?search=A%20b"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429])
def test_a_refusal_of_the_key_or_the_request_is_not(
    status: int, scripted: Scripted, client_of: Make
) -> None:
    scripted.script = refusing(status, [AGENT])
    with pytest.raises(execlave.ExeclaveError, match="the first refusal") as refused:
        client_of().register_agent(agent_id="a", name="A")
    assert refused.value.status_code == status
    assert [request.method for request in scripted.seen] == ["POST"]


def test_a_server_that_is_away_is_said_to_be(scripted: Scripted, client_of: Make) -> None:
    scripted.script = lambda request: CLOSE
    exe = client_of()
    with pytest.raises(execlave.ExeclaveError):
        exe.register_agent(agent_id="a", name="A")
    # What was not registered can be asked about all the same, as any agent can.
    assert exe.enforce_policy("a", "x")["source"] == "fail_open_network_error"
