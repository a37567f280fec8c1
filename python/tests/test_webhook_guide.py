"""The receiver in the guide accepts what the server signs, and nothing else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CASES: list[dict[str, Any]] = tomllib.loads(
    (ROOT / "testdata/webhooks/signatures.toml").read_text(encoding="utf-8")
)["signature"]


@pytest.fixture(scope="module")
def is_genuine() -> Callable[..., bool]:
    """The function as the guide prints it."""
    guide = (ROOT / "docs/guides/webhooks.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    function: Callable[..., bool] = names["is_genuine"]
    return function


def request(case: dict[str, Any]) -> tuple[dict[str, str], bytes, float]:
    """A case as it arrives: headers, body, time."""
    headers = {
        "x-execlave-signature": case["signature"],
        "x-execlave-signature-version": case["version"],
    }
    if "timestamp" in case:
        headers["x-execlave-timestamp"] = str(case["timestamp"])
    return headers, case["body"].encode(), datetime.fromisoformat(case["at"]).timestamp()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_what_the_server_signs_is_genuine(
    is_genuine: Callable[..., bool], case: dict[str, Any]
) -> None:
    headers, body, now = request(case)
    assert is_genuine(case["secret"], headers, body, now)
    assert not is_genuine("another", headers, body, now)
    assert not is_genuine(case["secret"], headers, body + b" ", now)
    assert not is_genuine(case["secret"], headers | {"x-execlave-signature": "é"}, body, now)
    assert not is_genuine(case["secret"], {}, body, now)


@pytest.mark.parametrize("case", [case for case in CASES if case["version"] == "v2"])
def test_what_is_old_or_has_another_time_is_refused(
    is_genuine: Callable[..., bool], case: dict[str, Any]
) -> None:
    headers, body, now = request(case)
    assert is_genuine(case["secret"], headers, body, now + 299)
    assert not is_genuine(case["secret"], headers, body, now + 301)
    assert not is_genuine(case["secret"], headers, body, now - 301)
    for timestamp in ["", "now", "-1", str(case["timestamp"] + 1)]:
        changed = headers | {"x-execlave-timestamp": timestamp}
        assert not is_genuine(case["secret"], changed, body, now)


def test_without_a_version_it_is_the_first(is_genuine: Callable[..., bool]) -> None:
    case = next(case for case in CASES if case["version"] == "v1")
    headers, body, now = request(case)
    del headers["x-execlave-signature-version"]
    assert is_genuine(case["secret"], headers, body, now)
