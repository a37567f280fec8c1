"""What every adapter refuses to be made with, and what it asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scenario import Call, Scenario
from support import Request, Scripted, accept

from execlave import Execlave

ClientOf = Callable[..., Execlave]


def questions(scripted: Scripted) -> list[dict[str, Any]]:
    return [request.json for request in scripted.requests("/api/v1/policies/enforce")]


def test_an_adapter_needs_an_agent(played: Any, scripted: Scripted, client_of: ClientOf) -> None:
    module, mode = played
    scripted.script = accept
    scenario = Scenario()
    with pytest.raises(ValueError, match="agent_id"):
        module.play(client_of(), " ", scenario, mode)
    assert (scenario.seen, scenario.executed) == ([], [])


def test_the_question_is_cut_and_its_metadata_is_whole(
    played: Any, scripted: Scripted, client_of: ClientOf
) -> None:
    module, mode = played
    scripted.script = accept
    key = "k" * 500
    scenario = Scenario(prompt="p" * 5000, steps=[Call(key), "it is blue"])
    module.play(client_of(), "a", scenario, mode)
    asked = questions(scripted)
    assert max(len(question["input"]) for question in asked) <= 4000
    wholes = [str(question.get("metadata")) for question in asked]
    if "prompt" in module.GATES:
        assert any("p" * 5000 in whole for whole in wholes)
    if "tool" in module.GATES:
        assert any(key in whole for whole in wholes)


def test_tools_are_named_in_the_question(
    played: Any, scripted: Scripted, client_of: ClientOf
) -> None:
    module, mode = played
    scripted.script = accept
    module.play(client_of(), "a", Scenario(), mode)
    asked = questions(scripted)
    if "tool" in module.GATES:
        assert [question["tools"] for question in asked if "tools" in question] == [["lookup"]]
    outputs = [output for question in asked for output in question.get("toolOutputs", [])]
    assert [output["name"] for output in outputs] == ["lookup"]
    assert "content of a" in str(outputs[0]["output"])


def test_a_server_that_loses_traces_changes_nothing(
    played: Any, scripted: Scripted, client_of: ClientOf
) -> None:
    module, mode = played

    def script(request: Request) -> Any:
        if request.path.endswith("/traces/ingest"):
            return 400, {"error": {"code": "INVALID", "message": "no"}}
        return accept(request)

    scripted.script = script
    scenario = Scenario()
    assert "it is blue" in module.play(client_of(async_mode=False), "a", scenario, mode)
    assert scenario.executed == ["a"]
