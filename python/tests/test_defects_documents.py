"""The known shortcomings of the published system in what it documents, 27: what is documented here exists."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

from documents import ask, canonical, page, published_keys, unpadded
from ed25519 import is_signed
from support import ROOT, Server, binary


def documented_fields(policy_type: str) -> set[str]:
    """The fields in the table of a type's section."""
    section = page("policies.md").split(f"\n## {policy_type}\n")[1].split("\n## ")[0]
    table = section.split("| field | meaning |")
    return set() if len(table) == 1 else set(re.findall(r"^\| `(\w+)` \|", table[1], re.M))


def test_27_every_rule_has_a_schema_a_page_and_a_reader_that_agree(
    server: Server, name: str
) -> None:
    schemas = server.call("GET", "/api/v1/policies/schemas")["data"]
    assert schemas["$schema"].startswith("https://json-schema.org/")
    types = schemas["properties"]["policyType"]["enum"]
    rules = {
        each["if"]["properties"]["policyType"]["const"]: each["then"]["properties"][
            "ruleDefinition"
        ]
        for each in schemas["allOf"]
    }
    assert set(rules) == set(types) and len(types) == 20
    for policy_type, rule in rules.items():
        assert set(rule["properties"]) == documented_fields(policy_type), policy_type
        assert rule["additionalProperties"] is False
        draft = {
            "name": f"{name} {policy_type}",
            "policyType": policy_type,
            "enforcementMode": "monitor",
            "ruleDefinition": {"telepathy": 1},
        }
        body, kind = json.dumps(draft).encode(), {"Content-Type": "application/json"}
        headers = {**kind, "X-API-Key": server.key}
        status, answer = ask(server, "/api/v1/policies", data=body, headers=headers)
        assert status == 400
        paths = [field["path"] for field in json.loads(answer)["error"]["fields"]]
        assert "ruleDefinition.telepathy" in paths, policy_type


def test_27_errors_are_what_the_list_says(server: Server, name: str) -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", page("errors.md"), re.M))
    body, kind = {"name": name, "scopes": ["read"]}, {"Content-Type": "application/json"}
    reader = server.call("POST", "/api/v1/api-keys", body)["data"]["key"]
    mine, theirs = {**kind, "X-API-Key": server.key}, {**kind, "X-API-Key": reader}
    policy = {
        "name": name,
        "policyType": "rate_limit",
        "enforcementMode": "warn",
        "appliesToAgents": [name],
    }
    twice = json.dumps({**policy, "ruleDefinition": {"maxRequestsPerMinute": 9}}).encode()
    assert ask(server, "/api/v1/policies", data=twice, headers=mine)[0] == 201
    requests: dict[str, tuple[str, dict[str, Any]]] = {
        "VALIDATION_ERROR": ("/api/v1/policies", {"data": b"{}", "headers": mine}),
        "INVALID_CURSOR": ("/api/v1/agents?cursor=x", {}),
        "UNAUTHENTICATED": ("/api/v1/agents", {"headers": {}}),
        "INVALID_API_KEY": ("/api/v1/agents", {"headers": {"X-API-Key": "exe_dev_x"}}),
        "FORBIDDEN": ("/api/v1/policies", {"data": twice, "headers": theirs}),
        "NOT_FOUND": ("/api/v1/agents/nobody-at-all", {}),
        "METHOD_NOT_ALLOWED": ("/api/v1/policies/enforce", {}),
        "CONFLICT": ("/api/v1/policies", {"data": twice, "headers": mine}),
        "PAYLOAD_TOO_LARGE": ("/api/v1/policies", {"data": b" " * (9 << 20), "headers": mine}),
        "UNSUPPORTED_MEDIA_TYPE": (
            "/api/v1/policies",
            {"data": b"{}", "headers": {**mine, "Content-Type": "text/plain"}},
        ),
    }
    for code, (path, request) in requests.items():
        status, answer = ask(server, path, **request)
        error = json.loads(answer)["error"]
        assert (error["code"], str(status)) == (code, listed[code])
        assert error["message"] and error["requestId"]


def test_27_there_is_an_openapi_document_of_everything_a_client_calls(server: Server) -> None:
    document = json.loads(ask(server, "/openapi.json", headers={})[1])
    paths = document["paths"]
    for path, method in {
        "/health": "get",
        "/.well-known/jwks.json": "get",
        "/api/v1/agents": "post",
        "/api/v1/agents/{id}/status-poll": "get",
        "/api/v1/agents/{id}/heartbeat": "post",
        "/api/v1/agents/{id}/credential": "post",
        "/api/v1/agents/{id}/versions": "post",
        "/api/v1/agents/authorize": "post",
        "/api/v1/agents/discover": "get",
        "/api/v1/policies/enforce": "post",
        "/api/v1/approvals/{id}": "get",
        "/api/v1/approvals/{id}/verify": "post",
        "/api/v1/billing/usage": "get",
        "/api/v1/traces/ingest": "post",
        "/api/v1/traces/{traceId}/resolutions": "post",
        "/api/v1/tool-integrity/agents/{id}/baseline": "post",
        "/api/v1/sdk/bypass-windows": "post",
        "/api/v1/prompt-versions": "post",
        "/api/v1/prompt-versions/{id}/deploy": "post",
        "/api/v1/prompt-versions/{id}/rollback": "post",
    }.items():
        answers = paths[path][method]["responses"]
        assert any(
            int(status) < 300 and answer.get("content") for status, answer in answers.items()
        )
        # The format wants it of each.
        assert all(answer["description"] for answer in answers.values())


def test_27_pages_of_a_list_follow_one_another(server: Server, name: str) -> None:
    for number in range(3):
        server.policy(f"{name} {number}", "injection_scan", "monitor", f"{name}-{number}")
    found, cursor = [], ""
    while True:
        answer = server.call("GET", f"/api/v1/policies?limit=1{cursor}")
        found += [policy["name"] for policy in answer["data"]]
        if "nextCursor" not in answer["meta"]:
            break
        cursor = f"&cursor={answer['meta']['nextCursor']}"
    assert len(set(found)) == len(found)
    assert {f"{name} {number}" for number in range(3)} <= set(found)


def test_27_an_export_of_the_audit_log_is_verified_without_the_server(
    server: Server, tmp_path: Path
) -> None:
    export, keys = tmp_path / "audit.jsonl", tmp_path / "jwks.json"
    export.write_bytes(ask(server, "/api/v1/audit/export")[1])
    keys.write_bytes(ask(server, "/.well-known/jwks.json", headers={})[1])

    def verified() -> int:
        command = [binary(), "audit", "verify", "--export", export, "--keys", keys]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60).returncode

    assert verified() == 0
    # What the reference says about one entry holds for each, and for the head.
    lines = export.read_bytes().splitlines(keepends=True)
    entries, head = [json.loads(line) for line in lines[1:-1]], json.loads(lines[-1])
    before = "0" * 64
    for entry in entries:
        digest = entry.pop("hash")
        assert entry["prevHash"] == before
        assert hashlib.sha256(bytes.fromhex(before) + canonical(entry)).hexdigest() == digest
        before = digest
    signature = unpadded(head.pop("signature"))
    assert is_signed(published_keys(server)[head["keyId"]], canonical(head), signature)
    export.write_bytes(
        b"".join(lines).replace(b'"event":"key.created"', b'"event":"key.creatxd"', 1)
    )
    assert verified() == 1


def test_27_the_digest_and_the_risk_of_an_action_are_as_documented(
    server: Server, name: str
) -> None:
    server.call("POST", "/api/v1/agents", {"agentId": name, "name": name})
    context = {
        "input": 'é "x"\n',
        "environment": "production",
        "metadata": {"b": 1, "a": [True, None, "\u0001"]},
        "estimatedCost": 20,
        "tools": ["pay"],
    }
    body = {"action": {"agentId": name, **context}}
    simulated = server.call("POST", "/api/v1/policies/simulate", body)["data"]
    assert simulated["actionDigest"] == hashlib.sha256(canonical(context)).hexdigest()
    table = (ROOT / "docs/concepts/approvals.md").read_text().split("| part | points |")[1]
    parts = {part["name"]: part["points"] for part in simulated["riskParts"]}
    assert {"tools": 25, "cost": 5, "environment": 10}.items() <= parts.items()
    assert set(parts) <= set(re.findall(r"^\| `(\w+)` \|", table, re.M))
    assert sum(parts.values()) == simulated["riskScore"]
