"""The known shortcomings of the published client, by number: none of them is ours. Here those that let actions through, 1 to 9."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import Request, Scripted, Server, accept, eventually

import execlave
from execlave import Execlave

Make = Callable[..., Execlave]


def asked(scripted: Scripted) -> list[Request]:
    return scripted.requests("/api/v1/policies/enforce")


def answering(status: int, body: Any, headers: dict[str, str] | None = None) -> Any:
    def script(request: Request) -> Any:
        if request.path.endswith("/policies/enforce"):
            return status, body, headers or {}
        return accept(request)

    return script


@pytest.mark.parametrize("status", [400, 401, 402, 403, 429, 500])
def test_01_fail_closed_lets_nothing_through(
    status: int, scripted: Scripted, client_of: Make
) -> None:
    scripted.script = answering(status, b"not json", {"Retry-After": "60"})
    exe = client_of(enforcement_on_outage="fail_closed", plan_limit_behavior="fail_closed")
    with pytest.raises(execlave.ExeclaveError):
        exe.enforce_policy("a", "x")
    assert exe.bypass_count == 0


def test_02_the_kill_switch_is_per_agent(connect: Make, server: Server, name: str) -> None:
    exe = connect()
    for suffix in "ab":
        exe.register_agent(agent_id=f"{name}-{suffix}", name=suffix)
    server.pause(f"{name}-a")
    eventually(lambda: exe.check_agent_status(f"{name}-a") == "paused")
    for _ in range(5):
        with pytest.raises(execlave.AgentPausedError):
            exe.enforce_policy(f"{name}-a", "x")
        with pytest.raises(execlave.AgentPausedError):
            exe.start_trace(agent_id=f"{name}-a")
        assert exe.enforce_policy(f"{name}-b", "x")["allowed"] is True
        exe.start_trace(agent_id=f"{name}-b").finish()


def test_03_a_known_pause_beats_fail_open(own_server: Server) -> None:
    with Execlave(
        own_server.key, own_server.url, environment="development", poll_interval_seconds=0.1
    ) as exe:
        agent = exe.register_agent(agent_id="a", name="A")
        own_server.pause("a")
        eventually(lambda: agent.is_paused)
        own_server.kill()
        with pytest.raises(execlave.AgentPausedError):
            exe.enforce_policy("a", "x")


def test_04_no_decision_is_remembered(scripted: Scripted, client_of: Make) -> None:
    scripted.script = accept
    exe = client_of()
    tool = exe.tool_descriptor("s", "t", {"v": 1})
    for descriptor in (tool, tool, exe.tool_descriptor("s", "t", {"v": 2})):
        exe.enforce_policy("a", "x", tool_descriptors=[descriptor])
    hashes = [r.json["toolDescriptors"][0]["descriptorHash"] for r in asked(scripted)]
    assert len(hashes) == 3 and hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    ("status", "body"),
    [(202, {"allowed": False}), (202, {"allowed": True}), (200, {"allowed": False}), (200, {})],
)
def test_05_what_is_no_leave_is_no_leave(
    status: int, body: Any, scripted: Scripted, client_of: Make
) -> None:
    scripted.script = answering(status, body)
    with pytest.raises(execlave.PolicyBlockedError):
        client_of().enforce_policy("a", "x")


def test_06_circular_and_nan_values_are_no_outage(scripted: Scripted, client_of: Make) -> None:
    scripted.script = accept
    circle: dict[str, Any] = {"nan": float("nan"), "object": object(), "set": {1}}
    circle["self"] = circle
    exe = client_of()
    assert exe.enforce_policy("a", "x", metadata=circle)["source"] == "server"
    sent = asked(scripted)[0].json["metadata"]
    assert (sent["nan"], sent["self"], sent["set"]) == ("NaN", "[CIRCULAR]", [1])
    with pytest.raises(execlave.ExeclaveError, match="estimated_cost"):
        exe.enforce_policy("a", "x", estimated_cost=float("nan"))
    assert exe.bypass_count == 0


def test_07_the_breaker_is_per_agent(scripted: Scripted, client_of: Make) -> None:
    """That one probe alone is let through: `after_a_minute_exactly_one_probe_passes` beside the breaker, in Rust."""

    def script(request: Request) -> Any:
        failing = request.path.endswith("enforce") and request.json["agentId"] == "bad"
        return (500, {}) if failing else accept(request)

    scripted.script = script
    exe = client_of()
    sources = [exe.enforce_policy("bad", "x")["source"] for _ in range(4)]
    assert sources == ["fail_open_server_error"] * 3 + ["fail_open_circuit_breaker"]
    assert exe.enforce_policy("good", "x")["source"] == "server"


def test_08_every_open_gate_is_visible_and_tool_outputs_can_be_asked_about(
    scripted: Scripted, client_of: Make, caplog: Any
) -> None:
    events: list[dict[str, Any]] = []
    exe = client_of(on_enforcement_bypassed=events.append)
    scripted.script = answering(503, {})
    exe.enforce_policy("a", "x")
    assert (exe.bypass_count, len(events)) == (1, 1) and "without a decision" in caplog.text
    scripted.script = accept
    exe.enforce_tool_output("a", "search", {"n": 1}, input="q")
    expected = [{"name": "search", "input": "q", "output": {"n": 1}}]
    assert asked(scripted)[-1].json["toolOutputs"] == expected


def test_09_answers_are_nobody_elses_to_change(scripted: Scripted, client_of: Make) -> None:
    scripted.script = accept
    exe = client_of()
    first = exe.enforce_policy("a", "x")
    first["allowed"] = "changed"
    assert exe.enforce_policy("a", "x") == {"allowed": True, "source": "server"}


def test_every_row_has_a_test() -> None:
    files = Path(__file__).parent.glob("test_defects*.py")
    text = "".join(file.read_text() for file in files)
    assert {int(number) for number in re.findall(r"^def test_(\d\d)_", text, re.M)} == set(
        range(1, 30)
    )
