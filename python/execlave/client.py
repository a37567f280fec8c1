"""The client: five calls between an application and its governance."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, overload

from . import _native
from ._arguments import cost, hash_key, is_closed, listed, present, privacy_settings
from ._versions import VersionCalls
from .agent import Agent
from .exceptions import ExeclaveError
from .trace import Trace, TraceScope

__all__ = ["Execlave", "ExeclaveClient"]

logger = logging.getLogger("Execlave")

F = TypeVar("F", bound=Callable[..., Any])
OutageBehavior = Literal["fail_open", "fail_closed"]

_clients: weakref.WeakSet[Execlave] = weakref.WeakSet()


class Execlave(VersionCalls):
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
        mode: `"native"` sends traces to the server, `"otlp"` to an OpenTelemetry collector instead (OTLP over HTTP, JSON).
            Decisions are asked from the server in both.
        otlp_endpoint: Where the collector is, without `/v1/traces`; needed for the mode `"otlp"`.
        batch_size: Most traces in one request, and how many waiting ones trigger one.
        flush_interval_seconds: Seconds between two background deliveries.
        debug: Sets the root logger to DEBUG.
        privacy: `enabled` (False) removes personal data from traces and from questions to `enforce_policy` before they leave the
            process; `scrub_fields` (`["input", "output"]`) says from which parts of a trace, `"metadata"` being another (error
            messages are always scrubbed); `hash_pii` (True) keeps short hashes of what was removed; `hash_key` (None; text or
            bytes) makes them HMAC-SHA256 with that key instead of SHA-256, which whoever can list all values can reverse;
            `scrub_keys` (False) scrubs the keys of dicts like their values; `scrub_names` (False) removes names of persons that
            a phrase such as "my name is" introduces.
        enable_control_channel: Whether the status of registered agents is asked for regularly, so that a paused agent stops.
        enable_injection_scan: Whether traces are tagged with signs of prompt injection in their input. Never blocks.
        enforcement_on_outage: What happens when no decision can be had: `"fail_open"` lets the action go ahead and reports it,
            `"fail_closed"` raises `EnforcementUnavailableError`.
        on_enforcement_bypassed: Called with a dict for each action that went ahead without a decision.
        on_trace_rejected: Called with a list of dicts (`traceId`, `code`, `message`) when the server refused traces.
        plan_limit_behavior: The same as `enforcement_on_outage` for an exhausted plan (HTTP 402).
        heartbeat_interval_seconds: Seconds between two signs of life of each registered agent.
        policy_cache_ttl_seconds: The longest that a decision held in this process may be used. This version holds none: every
            question is answered by the server.
        api_version: `"v1"`; empty for the unversioned paths.
        stamp_identity: Whether every trace that names an agent carries a credential which proves that it is that agent. A
            credential that cannot be had costs the proof and never the trace.
        sign_requests: Whether every request carries an HMAC signature (version 2: with a nonce, method and path).
        report_bypasses_to_platform: Whether bypasses are reported to the server as well. This version tells the callback only.
        poll_interval_seconds: Seconds between two questions about an agent's status.
        request_timeout_seconds: How long one exchange with the server may take.

    Raises:
        ValueError: The key is missing or a setting makes no sense.
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
    ) -> None:
        key = api_key or os.environ.get("EXECLAVE_API_KEY") or ""
        if not key.strip():
            raise ValueError(
                "api_key must be provided, as an argument or in the environment variable "
                "EXECLAVE_API_KEY"
            )
        if mode == "otlp" and not otlp_endpoint:
            raise ValueError("otlp_endpoint is required when mode is 'otlp'")
        if mode not in ("native", "otlp"):
            raise ValueError(f"mode must be 'native' or 'otlp', not {mode!r}")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        if debug:
            logging.basicConfig()
            logging.getLogger().setLevel(logging.DEBUG)

        self.environment = environment
        self.async_mode = async_mode
        self.policy_cache_ttl_seconds = policy_cache_ttl_seconds
        self._on_enforcement_bypassed = on_enforcement_bypassed
        self._on_trace_rejected = on_trace_rejected
        self._native = _native.NativeClient(
            api_key=key,
            base_url=base_url or os.environ.get("EXECLAVE_BASE_URL") or None,
            otlp_endpoint=otlp_endpoint if mode == "otlp" else None,
            environment=environment,
            api_version=api_version or None,
            user_agent=f"Execlave-python-sdk/{_native.VERSION}",
            stamp_identity=stamp_identity,
            sign_requests=sign_requests,
            timeout=request_timeout_seconds,
            outage_closed=is_closed("enforcement_on_outage", enforcement_on_outage),
            plan_limit_closed=is_closed("plan_limit_behavior", plan_limit_behavior),
            privacy=privacy_settings(privacy or {}),
            hash_key=hash_key((privacy or {}).get("hash_key")),
            scan_injections=enable_injection_scan,
            batch_size=batch_size,
            flush_interval=flush_interval_seconds if async_mode else None,
            poll_interval=poll_interval_seconds if enable_control_channel else None,
            heartbeat_interval=heartbeat_interval_seconds,
            observer=_Observer(on_trace_rejected),
        )
        _clients.add(self)

    def ping(self) -> bool:
        """Whether the server answers. Never raises; a wrong key is not noticed here."""
        return self._native.ping()

    def register_agent(
        self,
        agent_id: str,
        name: str,
        type: str = "chatbot",
        platform: str = "custom",
        environment: str | None = None,
        description: str | None = None,
        owner_email: str | None = None,
        allowed_data_sources: Sequence[str] | None = None,
        allowed_actions: Sequence[str] | None = None,
        requires_human_approval_for: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        autonomy_level: str | None = None,
    ) -> Agent:
        """Register an agent; call it at every start, the server keeps one agent per `agent_id` and environment.

        The first registered agent is the one that traces belong to which name none. Raises `ExeclaveAuthError` for a wrong key and
        `ExeclaveError` for a request that the server does not accept.
        """
        fields = present(
            agentId=agent_id,
            name=name,
            type=type,
            platform=platform,
            environment=environment or self.environment,
            description=description,
            ownerEmail=owner_email,
            allowedDataSources=listed(allowed_data_sources),
            allowedActions=listed(allowed_actions),
            requiresHumanApprovalFor=listed(requires_human_approval_for),
            tags=listed(tags),
            metadata=metadata,
            autonomyLevel=autonomy_level,
        )
        return Agent(self, **self._native.register_agent(fields))

    def check_agent_status(self, agent_id: str | None = None) -> str:
        """Ask for an agent's status, by default of the first registered one.

        `"unknown"` if no agent is registered, `"error"` if the status cannot be had.
        """
        wanted = agent_id or self._native.default_agent
        if wanted is None:
            return "unknown"
        try:
            return self._fetch_status(wanted)
        except ExeclaveError as error:
            logger.debug("status of %s: %s", wanted, error)
            return "error"

    def get_agent_credential(self, agent_id: str) -> dict[str, Any]:
        """A proof of which agent it is, for whoever the agent speaks to: `credential`, `expiresAt`, `kid` and `jti`.

        Kept in memory until a minute before it ends. Raises `ExeclaveAuthError` if the agent is paused or the key may not ask.
        """
        return self._native.get_agent_credential(agent_id)

    def authorize_agent_call(
        self, caller_agent_id: str, callee_agent_id: str, action: str
    ) -> dict[str, Any]:
        """Ask whether one agent may call another.

        Args:
            caller_agent_id: Who wants to call, by external id or the server's.
            callee_agent_id: Whom.
            action: `execute`, `read`, `write`, `delete`, `invoke`, `query`, `subscribe` or `delegate`.

        Returns:
            The server's answer, with the grant in `data`.

        Raises:
            ExeclaveAuthError: No grant allows it.
        """
        return self._native.authorize_agent_call(caller_agent_id, callee_agent_id, action)

    def discover_agents(self, capability: str | None = None) -> list[dict[str, Any]]:
        """Active agents (`id`, `agentId`, `name`, `capabilities`), those with this capability if one is named."""
        return self._native.discover_agents(capability)

    def check_usage(self) -> dict[str, Any]:
        """Ask for `plan`, `agents`, `traces`, `users`, `policies` (each `{"current", "max"}`) and `upgradeUrl`."""
        return self._native.check_usage()

    def enforce_policy(
        self,
        agent_id: str,
        input: str,
        *,
        environment: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        estimated_cost: float | None = None,
        tools: Sequence[str] | None = None,
        tool_descriptors: Sequence[Mapping[str, Any]] | None = None,
        conversation_history: Sequence[Mapping[str, Any]] | None = None,
        tool_outputs: Sequence[Mapping[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Ask whether an action may happen. Returns when it may and raises when it may not.

        If a person must agree, the call waits for that person; Ctrl-C ends the wait, and asking again finds the same approval.

        Args:
            agent_id: The agent, by its external id or the server's.
            input: The text that the agent is about to act on.
            environment: Where it runs, by default the client's.
            metadata: Anything that policies may look at; any object is made fit for the wire.
            estimated_cost: The expected cost in USD.
            tools: The tools that are about to be used.
            tool_descriptors: Their fingerprints: `server`, `tool`, `descriptorHash`, and optionally `description`.
            conversation_history: The turns before: `role` (`user`, `assistant`, `system`) and `content`.
            tool_outputs: What tools returned: `name`, `output`, and optionally `input`.

        Returns:
            The server's answer: `allowed` (True) and, where policies in `warn` or `monitor` mode fired, `warnings`. After an
            approval, `approvalRequestId` and `certificate`. If nobody decided, `source` says why.

        Raises:
            PolicyBlockedError: A policy forbids it; see `violations`.
            AgentPausedError: The agent is paused.
            PolicyDeniedError: A person said no.
            ApprovalTimeoutError: Nobody answered in time.
            CertificateMismatchError: The approval does not cover this action.
            ApprovalVerificationError: Whether it does could not be found out.
            EnforcementUnavailableError: No decision could be had, and `enforcement_on_outage` is `"fail_closed"`.
            PlanLimitExceededError: The plan is exhausted, and `plan_limit_behavior` is `"fail_closed"`.
            ExeclaveAuthError: The key is wrong.
            ExeclaveError: The server refused the request for another reason.
        """
        fields = present(
            agentId=agent_id,
            input=input,
            environment=environment,
            metadata=metadata,
            estimatedCost=cost(estimated_cost),
            tools=listed(tools),
            toolDescriptors=listed(tool_descriptors) or None,
            conversationHistory=listed(conversation_history) or None,
            toolOutputs=listed(tool_outputs) or None,
        )
        allowed, bypass = self._native.enforce(fields)
        if bypass is not None:
            self._report_bypass(bypass)
        return allowed

    def enforce_tool_output(
        self,
        agent_id: str,
        tool_name: str,
        output: object,
        *,
        input: object = None,
        environment: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Ask whether the model may read what a tool returned; otherwise as `enforce_policy`."""
        return self.enforce_policy(
            agent_id,
            f"tool_output:{tool_name}",
            environment=environment,
            metadata=metadata,
            tool_outputs=[{"name": tool_name, "input": input, "output": output}],
        )

    def verify_approval(
        self, approval_id: str, action_context: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Ask whether an approval covers an action: `valid`, and `reason` or `certificate` and `verifiedAt`.

        `action_context` is the `input`, `environment`, `metadata`, `estimatedCost` and `tools` of the question, as far as they were
        given. A valid answer is given once.
        """
        return self._native.verify_approval(approval_id, action_context)

    def start_trace(
        self,
        trace_id: str | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Iterable[str] | None = None,
        environment: str | None = None,
        parent_trace_id: str | None = None,
        span_type: str | None = None,
    ) -> Trace:
        """Start a trace, by default of the agent that was registered first.

        Raises `AgentPausedError` if the agent is known to be paused, and `ExeclaveError` after `shutdown()`.
        """
        native = self._native.start_trace(
            agent_id=agent_id, environment=environment, trace_id=trace_id
        )
        for value, setter in (
            (session_id, native.set_session_id),
            (user_id, native.set_user_id),
            (parent_trace_id, native.set_parent_trace_id),
            (span_type, native.set_span_type),
        ):
            if value is not None and value != "":
                setter(value)
        trace = Trace(
            self,
            native,
            session_id=session_id,
            user_id=user_id,
            parent_trace_id=parent_trace_id,
            span_type=span_type,
        )
        if metadata is not None:
            trace.add_metadata(metadata)
        if tags is not None:
            trace.add_tags(tags)
        return trace

    @overload
    def trace(self, func: F) -> F: ...

    @overload
    def trace(
        self,
        func: None = None,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        agent_id: str | None = None,
        tags: Iterable[str] | None = None,
        environment: str | None = None,
        parent_trace_id: str | None = None,
        span_type: str | None = None,
        capture_input: bool = True,
    ) -> TraceScope: ...

    def trace(
        self,
        func: F | None = None,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        agent_id: str | None = None,
        tags: Iterable[str] | None = None,
        environment: str | None = None,
        parent_trace_id: str | None = None,
        span_type: str | None = None,
        capture_input: bool = True,
    ) -> F | TraceScope:
        """Trace a function or a block: `@exe.trace`, `@exe.trace(agent_id=…)` or `with exe.trace(…) as trace`.

        Of a function, `def` or `async def`, arguments are recorded as input (unless `capture_input=False`), the result as output,
        and an exception as an error before it goes on. It only records: ask `enforce_policy` inside.

        A call or block raises `AgentPausedError` if the agent is known to be paused, and a block raises `ExeclaveError` after
        `shutdown()`; a function then runs untraced.
        """
        scope = TraceScope(
            self,
            {
                "session_id": session_id,
                "user_id": user_id,
                "metadata": metadata,
                "agent_id": agent_id,
                "tags": None if tags is None else list(tags),
                "environment": environment,
                "parent_trace_id": parent_trace_id,
                "span_type": span_type,
            },
            capture_input=capture_input,
        )
        return scope if func is None else scope(func)

    @overload
    def wrap(self, func: F) -> F: ...

    @overload
    def wrap(
        self,
        func: None = None,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        agent_id: str | None = None,
    ) -> TraceScope: ...

    def wrap(
        self,
        func: F | None = None,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        agent_id: str | None = None,
    ) -> F | TraceScope:
        """Another name for `trace`, for `traced = exe.wrap(function)`."""
        scope = self.trace(
            session_id=session_id, user_id=user_id, metadata=metadata, agent_id=agent_id
        )
        return scope if func is None else scope(func)

    def flush(self) -> dict[str, Any]:
        """Send what waits and say what became of it.

        `sent` counts the traces that the server stored, `rejected` lists those that it refused (`traceId`, `code`, `message`), and
        `undelivered` counts those that could not be delivered; they are tried again later.
        """
        report = self._native.flush()
        self._report_rejected(report["rejected"])
        return report

    @property
    def lost_traces(self) -> int:
        """How many traces will never be delivered: dropped from a full buffer, or given up on at the end."""
        return self._native.lost_traces

    @property
    def bypass_count(self) -> int:
        """How many actions went ahead without a decision."""
        return self._native.bypass_count

    def shutdown(self) -> None:
        """Send what waits, for ten seconds at most, and end the background work. A second call does nothing."""
        report = self._native.shutdown()
        self._report_rejected(report["rejected"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown()

    @property
    def _closed(self) -> bool:
        return self._native.closed

    def _known_status(self, agent_id: str) -> str | None:
        return self._native.known_status(agent_id)

    def _fetch_status(self, agent_id: str) -> str:
        return self._native.check_agent_status(agent_id)

    def _trace_finished(self) -> None:
        if not self.async_mode:
            self.flush()

    def _report_bypass(self, bypass: dict[str, Any]) -> None:
        logger.warning(
            "action of agent %s went ahead without a decision: %s (%s)",
            bypass["agentId"],
            bypass["reason"],
            bypass.get("message", ""),
        )
        if self._on_enforcement_bypassed is not None:
            try:
                self._on_enforcement_bypassed(bypass)
            except Exception:
                logger.exception("on_enforcement_bypassed raised")

    def _report_rejected(self, rejected: list[dict[str, Any]]) -> None:
        if rejected:
            _report_rejected(self._on_trace_rejected, rejected)


ExeclaveClient = Execlave


class _Observer:
    """Hears of what happens in the background. Holds no reference to the client, so that a forgotten client can go."""

    def __init__(self, on_trace_rejected: Callable[[list[dict[str, Any]]], object] | None) -> None:
        self._on_trace_rejected = on_trace_rejected

    def traces_rejected(self, rejected: list[dict[str, Any]]) -> None:
        _report_rejected(self._on_trace_rejected, rejected)

    def traces_lost(self, count: int, reason: str) -> None:
        logger.error("%d traces lost: %s", count, reason)

    def agent_status_changed(self, agent_id: str, status: str, reason: str | None) -> None:
        logger.warning("agent %s is %s%s", agent_id, status, f": {reason}" if reason else "")


def _report_rejected(
    callback: Callable[[list[dict[str, Any]]], object] | None, rejected: list[dict[str, Any]]
) -> None:
    if callback is None:
        for trace in rejected:
            logger.error(
                "trace %s refused: %s (%s)", trace["traceId"], trace["message"], trace["code"]
            )
        return
    try:
        callback(rejected)
    except Exception:
        logger.exception("on_trace_rejected raised")


def _close_all() -> None:
    """Deliver what waits before the interpreter goes, then end the native threads."""
    for client in list(_clients):
        try:
            client.shutdown()
        except Exception as error:
            logger.error("shutdown at exit: %s", error)
    _native.close()


def _in_forked_child() -> None:
    """Deliver at the end of a `multiprocessing` worker too: it ends without running what `atexit` knows.

    Called by the native module when a client is first used in a forked process.
    """
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, _close_all, exitpriority=100)


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_native.before_fork,
        after_in_parent=_native.after_fork_in_parent,
        after_in_child=_native.after_fork_in_child,
    )
