"""The client: settings and lifetime. What it can be asked is in the modules of its base classes, by noun."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Literal, Self

from . import _lifetime, _native
from . import _settings as settings
from ._agents import AgentCalls
from ._arguments import decides_locally, hash_key, is_closed, privacy_settings
from ._async import AsyncCalls
from ._core import Observer
from ._enforcement import EnforcementCalls
from ._identity import IdentityCalls
from ._tracing import TraceCalls
from ._versions import VersionCalls

__all__ = ["Execlave", "ExeclaveClient"]

OutageBehavior = Literal["fail_open", "fail_closed"]


class Execlave(AgentCalls, IdentityCalls, VersionCalls, EnforcementCalls, TraceCalls, AsyncCalls):
    """A connection to an Execlave server.

    Nothing is asked of the server until the first call. All methods may be used from several threads at once. Traces that wait are
    sent at the exit of the interpreter; `shutdown()` does it earlier, and so does the end of a `with` block.

    A client may be used on both sides of a fork: the child keeps the settings and what is known of the agents, and starts with an
    empty buffer, because what waited before is the parent's to send.

    Args:
        api_key: The API key; by default the environment variable `EXECLAVE_API_KEY`.
        base_url: Where the server is; by default `EXECLAVE_BASE_URL`, else the hosted service.
        environment: Sent with every registration, question and trace that names no other.
        async_mode: True: traces are sent in the background. False: each one is sent inside `finish()`.
        mode: `"native"` sends traces to the server, `"otlp"` to an OpenTelemetry collector instead (OTLP over HTTP, JSON),
            `"both"` to both. Decisions are asked from the server in all three.
        otlp_endpoint: Where the collector is, without `/v1/traces`; needed for the modes `"otlp"` and `"both"`.
        batch_size: Most traces in one request, and how many waiting ones trigger one.
        flush_interval_seconds: Seconds between two background deliveries.
        debug: Sets the root logger to DEBUG.
        privacy: `enabled` (False) removes personal data from traces and from questions to `enforce_policy` before they leave the
            process; `scrub_fields` (both) says whether from `"input"`, `"output"` or both of a trace, whose other texts (error,
            metadata, tags, model, effect evidence) are always scrubbed, and ids never; `hash_pii` (True) keeps short hashes of
            what was removed; `hash_key` (None; text or bytes) makes them HMAC-SHA256 with that key instead of SHA-256, which
            whoever can list all values can reverse; `scrub_keys` (True) scrubs the keys of dicts like their values;
            `scrub_names` (False) removes names of persons that a phrase such as "my name is" introduces.
        enable_control_channel: Whether the status of registered agents is asked for regularly, so that a paused agent stops.
        enable_injection_scan: Whether traces are tagged with signs of prompt injection in their input. Never blocks.
        enforcement_on_outage: What happens when no decision can be had: `"fail_open"` lets the action go ahead and reports it,
            `"fail_closed"` raises `EnforcementUnavailableError`.
        on_enforcement_bypassed: Called with a dict for each action that went ahead without a decision.
        on_trace_rejected: Called with a list of dicts (`traceId`, `code`, `message`) when the server refused traces.
        plan_limit_behavior: The same as `enforcement_on_outage` for an exhausted plan (HTTP 402).
        heartbeat_interval_seconds: Seconds between two signs of life of each registered agent.
        policy_cache_ttl_seconds: A decision is made in this process only if the server has confirmed the policies held here within
            this time, which it does all the while it can be reached; otherwise the server is asked first, and what is held counts
            if it does not answer. 0 always asks first. No decision is kept: every action is decided anew.
        api_version: `"v1"`; empty for the unversioned paths.
        stamp_identity: Whether every trace that names an agent carries a credential which proves that it is that agent. A
            credential that cannot be had costs the proof and never the trace.
        sign_requests: Whether every request carries an HMAC signature (version 2: with a nonce, method and path).
        report_bypasses_to_platform: Whether the server is told afterwards of actions that went ahead without a decision.
        poll_interval_seconds: Seconds between two questions about an agent's status.
        approval_poll_interval_seconds: Seconds between two looks at an approval, with a server that answers them at once. Ours
            holds the question until somebody has decided.
        approval_timeout_seconds: How long a question waits for a person before it raises `ApprovalTimeoutError`. The approval
            stays, and asking again finds it.
        request_timeout_seconds: How long one exchange with the server may take.
        spool_dir: A folder in which traces wait for their delivery, so that they outlive the process; processes may share it.
            By default they wait in memory only.
        spool_max_bytes: The most that one client keeps there; what does not fit waits in memory.
        local_decisions: What this process decides by itself, from the policies that the server signed for it. True: what needs
            nobody else, in microseconds. `"outage"`: the same, but only while the server does not answer. False: nothing.

    Raises:
        ValueError: The key is missing or a setting makes no sense, whatever is wrong with it; the text names the parameter.
        ExeclaveError: The interpreter is going away, and what waited at its exit was delivered already.

    Example:
        >>> with Execlave(enforcement_on_outage="fail_closed", environment="staging") as client:
        ...     _ = client.register_agent("support", "Support")
        ...     client.enforce_policy("support", "How do I reset my password?")["allowed"]
        True
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        environment: str = "production",
        async_mode: bool = True,
        mode: str = "native",
        otlp_endpoint: str | None = None,
        batch_size: int = 100,
        flush_interval_seconds: float = 10,
        debug: bool = False,
        privacy: Mapping[str, Any] | None = None,
        enable_control_channel: bool = True,
        enable_injection_scan: bool = True,
        enforcement_on_outage: OutageBehavior = "fail_open",
        on_enforcement_bypassed: Callable[[dict[str, Any]], object] | None = None,
        on_trace_rejected: Callable[[list[dict[str, Any]]], object] | None = None,
        plan_limit_behavior: OutageBehavior = "fail_open",
        heartbeat_interval_seconds: float = 600,
        policy_cache_ttl_seconds: float = 60,
        api_version: str | None = "v1",
        stamp_identity: bool = False,
        sign_requests: bool = False,
        report_bypasses_to_platform: bool = True,
        poll_interval_seconds: float = 15,
        request_timeout_seconds: float = 30,
        spool_dir: str | os.PathLike[str] | None = None,
        spool_max_bytes: int = 256 * 1024 * 1024,
        local_decisions: bool | Literal["outage"] = True,
        approval_poll_interval_seconds: float = 5,
        approval_timeout_seconds: float = 1800,
    ) -> None:
        _lifetime.ensure_not_over()
        key = settings.optional_text("api_key", api_key) or os.environ.get("EXECLAVE_API_KEY", "")
        if not key.strip():
            raise ValueError(
                "api_key must be provided, as an argument or in the environment variable "
                "EXECLAVE_API_KEY"
            )
        mode = settings.choice("mode", mode, ("native", "otlp", "both"))
        collector = settings.optional_text("otlp_endpoint", otlp_endpoint)
        if mode != "native" and collector is None:
            raise ValueError(f"otlp_endpoint is required when mode is {mode!r}")
        private = settings.mapping("privacy", privacy)
        polls = settings.switch("enable_control_channel", enable_control_channel)
        poll_interval = settings.seconds("poll_interval_seconds", poll_interval_seconds)
        flush_interval = settings.seconds("flush_interval_seconds", flush_interval_seconds)

        self.environment = settings.text("environment", environment)
        self.enforcement_on_outage = enforcement_on_outage
        self.async_mode = settings.switch("async_mode", async_mode)
        self.policy_cache_ttl_seconds = policy_cache_ttl_seconds
        self._on_enforcement_bypassed = settings.callback(
            "on_enforcement_bypassed", on_enforcement_bypassed
        )
        self._on_trace_rejected = settings.callback("on_trace_rejected", on_trace_rejected)
        self._native = _native.NativeClient(
            api_key=key,
            base_url=settings.optional_text("base_url", base_url)
            or os.environ.get("EXECLAVE_BASE_URL")
            or None,
            otlp_endpoint=None if mode == "native" else collector,
            otlp_only=mode != "both",
            environment=self.environment,
            api_version=settings.version("api_version", api_version),
            user_agent=f"Execlave-python-sdk/{_native.VERSION}",
            stamp_identity=settings.switch("stamp_identity", stamp_identity),
            sign_requests=settings.switch("sign_requests", sign_requests),
            timeout=settings.seconds("request_timeout_seconds", request_timeout_seconds),
            outage_closed=is_closed("enforcement_on_outage", enforcement_on_outage),
            plan_limit_closed=is_closed("plan_limit_behavior", plan_limit_behavior),
            privacy=privacy_settings(private),
            hash_key=hash_key(private.get("hash_key")),
            scan_injections=settings.switch("enable_injection_scan", enable_injection_scan),
            batch_size=settings.count("batch_size", batch_size),
            flush_interval=flush_interval if self.async_mode else None,
            spool_dir=settings.folder("spool_dir", spool_dir),
            spool_bytes=settings.size("spool_max_bytes", spool_max_bytes),
            poll_interval=poll_interval if polls else None,
            approval_interval=settings.seconds(
                "approval_poll_interval_seconds", approval_poll_interval_seconds
            ),
            approval_timeout=settings.seconds("approval_timeout_seconds", approval_timeout_seconds),
            heartbeat_interval=settings.seconds(
                "heartbeat_interval_seconds", heartbeat_interval_seconds
            ),
            report_bypasses=settings.switch(
                "report_bypasses_to_platform", report_bypasses_to_platform
            ),
            local_decisions=decides_locally(local_decisions),
            bundle_ttl=settings.seconds(
                "policy_cache_ttl_seconds", policy_cache_ttl_seconds, least=0
            ),
            observer=Observer(self._on_trace_rejected),
        )
        if settings.switch("debug", debug):
            logging.basicConfig()
            logging.getLogger().setLevel(logging.DEBUG)
        _lifetime.remember(self)

    def shutdown(self) -> None:
        """Send what waits, for ten seconds at most, and end the background work. A second call does nothing.

        Example:
            >>> other = Execlave()
            >>> other.shutdown()
        """
        self._delivered(self._native.shutdown(False))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown()


ExeclaveClient = Execlave
