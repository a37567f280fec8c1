"""The cases of `testdata/policy`, asked through the package: decided in this process where it can be, and by the server.

A case is an agent of its own, and its policies are the only ones while it runs. What a state check is answered with is the core's
test; here the server keeps state of its own, in which nothing has happened yet.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from support import Server, in_background

from execlave import (
    AgentPausedError,
    Execlave,
    ExeclaveError,
    PolicyBlockedError,
    PolicyDeniedError,
)

CASES = Path(__file__).resolve().parents[2] / "testdata" / "policy"
FILES = sorted(CASES.glob("*.toml"))
# What is counted in billionths of a dollar, in 64 bits.
MOST_USD = 2**63 / 1e9
ARGUMENTS = {
    "estimatedCost": "estimated_cost",
    "toolDescriptors": "tool_descriptors",
    "conversationHistory": "conversation_history",
    "toolOutputs": "tool_outputs",
}


def reads_more(policy: dict[str, Any]) -> bool:
    """Whether an expression reads what no call chooses."""
    expression = policy.get("ruleDefinition", {}).get("expression", "")
    return re.search(r"\b(now|orgId)\b", expression) is not None


def can_wait(policies: list[dict[str, Any]]) -> bool:
    """Whether the server takes what the policies wait for."""
    waits = {known_as(n, p): p.get("prerequisites", []) for n, p in enumerate(policies, 1)}
    while free := [one for one, others in waits.items() if not others]:
        waits = {
            one: [other for other in others if other not in free]
            for one, others in waits.items()
            if one not in free
        }
    return not waits


def known_as(number: int, policy: dict[str, Any]) -> str:
    """The id by which the other policies of a case know one."""
    return str(policy.get("id", f"00000000-0000-7000-8000-{number:012}"))


def inexpressible(case: dict[str, Any]) -> str | None:
    """Why a client cannot bring a case about."""
    agent = case.get("agent", {})
    if case.get("phase") == "post":
        return "it is about a trace"
    if {"violated", "answers", "state"} & case.keys():
        return "it says what a state check is answered with"
    if any(policy["policyType"] == "custom_validator" for policy in case["policies"]):
        return "nobody runs the validator"
    if agent.get("status", "active") not in ("active", "paused"):
        return "no call puts an agent into this status"
    if any("-8000-" in one for p in case["policies"] for one in p.get("appliesToAgents", [])):
        return "the server chooses the ids of agents"
    if any(reads_more(policy) for policy in case["policies"]):
        return "it depends on the hour or the organisation"
    if not can_wait(case["policies"]):
        return "a policy waits for one that is not there, or for itself"
    if any(check.get("limit") == 0 for check in case.get("checks", [])):
        return "the server's own state answers it"
    if any(0 < policy.get("rolloutPercent", 100) < 100 for policy in case["policies"]):
        return "whom a rollout reaches depends on ids"
    return None


def cases(path: Path) -> list[dict[str, Any]]:
    found = tomllib.loads(path.read_text()).get("case", [])
    return [case for case in found if inexpressible(case) is None]


def test_few_cases_are_left_out() -> None:
    everything = [case for p in FILES for case in tomllib.loads(p.read_text()).get("case", [])]
    reasons = Counter(map(inexpressible, everything))
    assert reasons[None] >= 210, reasons


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nobody else makes policies on."""
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.mark.parametrize("path", [p for p in FILES if cases(p)], ids=lambda path: path.stem)
def test_cases(path: Path, own_server: Server) -> None:
    settings: dict[str, Any] = {"environment": "production", "enforcement_on_outage": "fail_closed"}
    with (
        Execlave(own_server.key, own_server.url, **settings) as here,
        Execlave(own_server.key, own_server.url, local_decisions=False, **settings) as there,
    ):
        for number, case in enumerate(cases(path)):
            for exe, where in ((here, "here"), (there, "there")):
                with Stage(own_server, exe, f"{path.stem}-{number}-{where}", case) as stage:
                    stage.play()


def hashed(tool: dict[str, Any]) -> dict[str, Any]:
    """The case's short hash as one of the usual length."""
    prefix, colon, given = tool["descriptorHash"].rpartition(":")
    digest = hashlib.sha256(given.lower().encode()).hexdigest()
    spelled = digest.upper() if given.isupper() else digest
    return {**tool, "descriptorHash": f"{prefix}{colon}{spelled}"}


class Stage:
    """The policies and the agent of one case."""

    def __init__(self, server: Server, exe: Execlave, agent: str, case: dict[str, Any]) -> None:
        self._server, self._exe, self._name, self._case = server, exe, agent, case
        self._made: dict[str, str] = {}
        given = case.get("agent", {})
        self._agent = exe.register_agent(
            agent,
            "Agent one",
            allowed_actions=given.get("allowedActions"),
            requires_human_approval_for=given.get("requiresHumanApprovalFor"),
            tags=given.get("tags"),
            autonomy_level=given.get("autonomyLevel"),
        )
        if given.get("toolBaseline"):
            exe.report_tool_baseline(agent, [hashed(tool) for tool in given["toolBaseline"]])

    def __enter__(self) -> Self:
        for number, policy in enumerate(self._case["policies"], 1):
            self._made[known_as(number, policy)] = self._create(number, policy)
        for made, policy in zip(self._made.values(), self._case["policies"], strict=True):
            if "prerequisites" in policy:
                waits_for = [self._made[one] for one in policy["prerequisites"]]
                fields = {"prerequisites": waits_for}
                self._server.call("PATCH", f"/api/v1/policies/{made}", fields)
        agent = self._case.get("agent", {})
        if agent.get("status") == "paused":
            self._server.pause(self._agent.id, agent.get("statusReason", "drill"))
        return self

    def _create(self, number: int, policy: dict[str, Any]) -> str:
        document = {
            "name": f"policy {number}",
            "enforcementMode": "block",
            "ruleDefinition": {},
            **policy,
        }
        for name in ("id", "prerequisites"):
            document.pop(name, None)
        # Every case's agent has another name for programs.
        document = json.loads(json.dumps(document).replace("agent-1", self._name))
        return str(self._server.call("POST", "/api/v1/policies", document)["data"]["id"])

    def __exit__(self, *_: object) -> None:
        # The last first: others may wait for the first.
        for policy in reversed(self._made.values()):
            self._server.call("DELETE", f"/api/v1/policies/{policy}")

    def play(self) -> None:
        asked = {
            ARGUMENTS.get(key, key): value for key, value in self._case.get("action", {}).items()
        }
        asked.setdefault("input", "hello")
        if self._case.get("phase") == "tool":
            asked["input"] = f"tool_output:{asked['tool_outputs'][0]['name']}"
        asked["tool_descriptors"] = [hashed(one) for one in asked.get("tool_descriptors", [])]
        if "sessionId" in asked.get("metadata", {}):
            # A session is the organisation's, not the agent's.
            session = f"{self._name} {asked['metadata']['sessionId']}"
            asked["metadata"] = {**asked["metadata"], "sessionId": session}
        place = f"{self._name}: {self._case['name']}"

        def ask() -> dict[str, Any]:
            return self._exe.enforce_policy(self._agent.id, **asked)

        if asked["input"] == "" or not 0 <= asked.get("estimated_cost", 0) < MOST_USD:
            with pytest.raises(ExeclaveError) as refused:
                ask()
            assert refused.value.status_code == 400, place
        elif self._case.get("agent", {}).get("status") == "paused":
            with pytest.raises(AgentPausedError):
                ask()
        elif self._case["outcome"] == "allow":
            self._compare("warnings", ask().get("warnings", []), place)
        elif self._case["outcome"] == "block":
            with pytest.raises(PolicyBlockedError) as blocked:
                ask()
            self._compare("violations", blocked.value.violations, place)
        else:
            waiting = in_background(ask)
            approval = self._server.pending(self._agent.id)
            self._server.decide(approval["id"], "deny", "no")
            with pytest.raises(PolicyDeniedError):
                waiting.result(timeout=30)

    def _compare(self, key: str, found: list[Any], place: str) -> None:
        expected = self._case.get(key, [])
        assert [one["ruleId"] for one in found] == [one["ruleId"] for one in expected], place
        for one, wanted in zip(found, expected, strict=True):
            seen = {**one, **one.get("evidence", {})}
            assert {name: seen.get(name) for name in wanted} == wanted, place
