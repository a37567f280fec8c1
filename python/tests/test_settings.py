from __future__ import annotations

import hashlib
import hmac
import inspect
import logging
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from support import KEY, Scripted, accept

import execlave
from execlave import Execlave, ExeclaveClient

Make = Callable[..., Execlave]

PARAMETERS = {
    "api_key": None,
    "base_url": None,
    "environment": "production",
    "async_mode": True,
    "mode": "native",
    "otlp_endpoint": None,
    "batch_size": 100,
    "flush_interval_seconds": 10,
    "debug": False,
    "privacy": None,
    "enable_control_channel": True,
    "enable_injection_scan": True,
    "enforcement_on_outage": "fail_open",
    "on_enforcement_bypassed": None,
    "on_trace_rejected": None,
    "plan_limit_behavior": "fail_open",
    "heartbeat_interval_seconds": 600,
    "policy_cache_ttl_seconds": 60,
    "api_version": "v1",
    "stamp_identity": False,
    "sign_requests": False,
    "report_bypasses_to_platform": True,
    "poll_interval_seconds": 15,
    "request_timeout_seconds": 30,
    "spool_dir": None,
    "spool_max_bytes": 256 * 1024 * 1024,
    "local_decisions": True,
    "approval_poll_interval_seconds": 5,
    "approval_timeout_seconds": 1800,
}


def test_every_parameter_and_its_default() -> None:
    parameters = dict(inspect.signature(Execlave).parameters)
    assert {name: p.default for name, p in parameters.items()} == PARAMETERS
    assert ExeclaveClient is Execlave


@pytest.mark.parametrize("key", [None, "", "  "])
def test_a_key_is_needed(key: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXECLAVE_API_KEY", raising=False)
    with pytest.raises(ValueError, match="api_key must be provided"):
        Execlave(api_key=key)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("mode", "otlp"),
        ("mode", "other"),
        ("base_url", "localhost"),
        ("enforcement_on_outage", "open"),
        ("plan_limit_behavior", "closed"),
        ("mode", None),
        ("mode", ["native"]),
        ("api_key", 5),
        ("api_key", b"exe_dev"),
        ("base_url", 5),
        ("base_url", "http://\ud800"),
        ("environment", None),
        ("environment", 5),
        ("otlp_endpoint", 5),
        ("enforcement_on_outage", None),
        ("enforcement_on_outage", ["fail_open"]),
        ("on_enforcement_bypassed", "print"),
        ("on_trace_rejected", 5),
        ("api_version", 1),
        ("api_version", "v1/../v2"),
        ("async_mode", "no"),
        ("debug", "no"),
        ("stamp_identity", "no"),
        ("sign_requests", None),
        ("enable_control_channel", "no"),
        ("enable_injection_scan", 2),
        ("report_bypasses_to_platform", []),
        ("local_decisions", "never"),
        ("local_decisions", []),
        ("policy_cache_ttl_seconds", -1),
        ("policy_cache_ttl_seconds", "60"),
        ("policy_cache_ttl_seconds", None),
        ("policy_cache_ttl_seconds", float("nan")),
        ("policy_cache_ttl_seconds", float("inf")),
        ("spool_dir", 5),
        ("spool_dir", ""),
        ("spool_dir", "a\0b"),
        ("spool_max_bytes", 0),
        ("spool_max_bytes", "1"),
        ("spool_max_bytes", 2**80),
        ("batch_size", 0),
        ("batch_size", "5"),
        ("batch_size", None),
        ("batch_size", 1.5),
        ("batch_size", 2**80),
        ("batch_size", float("nan")),
        ("batch_size", True),
        ("flush_interval_seconds", "10"),
        ("flush_interval_seconds", 1e300),
        ("heartbeat_interval_seconds", []),
        ("request_timeout_seconds", None),
        ("request_timeout_seconds", 10**400),
        ("request_timeout_seconds", 1e18),
        ("flush_interval_seconds", 0),
        ("flush_interval_seconds", float("nan")),
        ("poll_interval_seconds", -1),
        ("heartbeat_interval_seconds", 0),
        ("approval_poll_interval_seconds", 0),
        ("approval_timeout_seconds", 0),
        ("request_timeout_seconds", 0),
        ("privacy", "on"),
        ("privacy", {"enable": True}),
        ("privacy", {1: True, "a": True}),
        ("privacy", {"scrub_fields": 5}),
        ("privacy", {"scrub_fields": "input"}),
        ("privacy", {"scrub_fields": [["input"]]}),
        ("privacy", {"scrub_fields": ["everything"]}),
        ("privacy", {"hash_key": ""}),
        ("privacy", {"hash_key": 1}),
        ("api_key", "exe\ndev"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_its_name(setting: str, value: Any) -> None:
    level = logging.getLogger().level
    with pytest.raises(ValueError, match=setting):
        Execlave(**{"api_key": KEY, "debug": True, setting: value})
    assert logging.getLogger().level == level


def test_numbers_and_switches_of_other_types_are_as_good(client_of: Make) -> None:
    exe = client_of(
        batch_size=5.0,
        request_timeout_seconds=Fraction(1, 2),
        stamp_identity=1,
        debug=0,
        policy_cache_ttl_seconds=0,
        heartbeat_interval_seconds=10**9,
        spool_max_bytes=2**62,
        spool_dir=None,
        base_url=None,
        api_version="",
        privacy=None,
    )
    assert exe.ping() is False


def test_the_environment_supplies_key_and_address(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECLAVE_API_KEY", "exe_dev_env\n")
    monkeypatch.setenv("EXECLAVE_BASE_URL", scripted.url + "//")
    with Execlave(enable_control_channel=False) as exe:
        assert exe.ping() is True
    assert scripted.seen[0].path == "/health"
    assert scripted.seen[0].headers["authorization"] == "Bearer exe_dev_env"


@pytest.mark.parametrize(
    ("version", "prefix"), [("v1", "/api/v1"), ("v2", "/api/v2"), ("", "/api"), (None, "/api")]
)
def test_the_version_is_in_the_path(
    version: str | None, prefix: str, scripted: Scripted, client_of: Make
) -> None:
    scripted.script = accept
    client_of(api_version=version).enforce_policy("a", "x")
    assert scripted.seen[0].path == f"{prefix}/policies/enforce"


def test_every_request_can_be_signed(scripted: Scripted, client_of: Make) -> None:
    scripted.script = accept
    exe = client_of(sign_requests=True)
    exe.ping()
    exe.enforce_policy("a", "x")
    exe.start_trace().finish()
    exe.flush()
    assert len(scripted.seen) == 3
    for request in scripted.seen:
        headers = request.headers
        assert headers["x-execlave-signature-version"] == "v2"
        timestamp, nonce = headers["x-execlave-timestamp"], headers["x-execlave-nonce"]
        digest = hashlib.sha256(request.body).hexdigest()
        message = "\n".join(["v2", timestamp, nonce, request.method, request.path, digest])
        expected = hmac.new(KEY.encode(), message.encode(), hashlib.sha256).hexdigest()
        assert request.headers["x-execlave-signature"] == f"sha256={expected}"


def test_ping_never_raises(scripted: Scripted, client_of: Make) -> None:
    scripted.script = lambda request: (503, {})
    assert client_of().ping() is False
    assert client_of(base_url="http://127.0.0.1:1").ping() is False
    assert client_of(base_url="https://no-such-host.invalid").ping() is False


def test_debug_sets_the_root_logger(client_of: Make) -> None:
    root = logging.getLogger()
    level = root.level
    try:
        client_of(debug=True)
        assert root.level == logging.DEBUG
    finally:
        root.setLevel(level)


def test_the_key_is_not_in_any_representation(client_of: Make) -> None:
    exe = client_of()
    assert KEY not in repr(exe) + repr(exe._native) + repr(vars(exe))


def test_the_version_is_known() -> None:
    assert execlave.__version__
