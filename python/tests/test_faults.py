"""Everything that can go wrong between a client and its server: only documented exceptions, and every trace and bypass counted."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support import CLOSE, KEY, Request, Scripted, Server, accept, eventually, sent_traces

import execlave
from execlave import Execlave

Make = Callable[..., Execlave]


def fault(kind: str, over: threading.Event) -> Callable[[Request], Any]:
    """A server with one fault."""

    def hang(request: Request) -> Any:
        over.wait(20)
        return CLOSE

    answers: dict[str, Callable[[Request], Any]] = {
        "resets": lambda request: CLOSE,
        "hangs": hang,
        "says nonsense": lambda request: (200, b"\x00\xff<html>"),
        "says JSON that is no answer": lambda request: (200, [1, 2]),
        "fails": lambda request: (500, {"error": "a bare string"}),
        "is away": lambda request: (503, {}),
        "is a gateway": lambda request: (502, b"<html>Bad Gateway</html>"),
        "redirects": lambda request: (302, {}, {"Location": "http://127.0.0.1:1/"}),
        "limits": lambda request: (429, {}, {"Retry-After": "3600"}),
        "limits nonsensically": lambda request: (429, {}, {"Retry-After": "soon"}),
        "refuses": lambda request: (418, {"error": {"code": "TEAPOT", "message": "no"}}),
        "ends headers early": lambda request: (200, b"", {"Content-Encoding": "gzip"}),
    }
    return answers[kind]


KINDS = [
    "resets",
    "hangs",
    "says nonsense",
    "says JSON that is no answer",
    "fails",
    "is away",
    "is a gateway",
    "redirects",
    "limits",
    "limits nonsensically",
    "refuses",
    "ends headers early",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_faulty_server(kind: str, scripted: Scripted, client_of: Make) -> None:
    over = threading.Event()
    scripted.script = fault(kind, over)
    events: list[dict[str, Any]] = []
    opened = client_of(on_enforcement_bypassed=events.append, request_timeout_seconds=0.5)
    closed = client_of(enforcement_on_outage="fail_closed", request_timeout_seconds=0.5)
    with pytest.raises(execlave.ExeclaveError):
        closed.enforce_policy("a", "x")
    allowed = 0
    for _ in range(4):
        try:
            allowed += opened.enforce_policy("a", "x")["source"].startswith("fail_open")
        except execlave.ExeclaveError:
            # An answer that is a refusal is no outage.
            assert kind in ("redirects", "limits", "limits nonsensically", "refuses")
    assert allowed == len(events) == opened.bypass_count
    assert closed.bypass_count == 0
    for call in (
        lambda: opened.register_agent(agent_id="a", name="A"),
        lambda: opened.verify_approval("ap", {}),
        lambda: opened.resolve_trace("tr", "success", "manual"),
        lambda: opened.report_tool_baseline("a", [opened.tool_descriptor("s", "t", {})]),
    ):
        with pytest.raises(execlave.ExeclaveError):
            call()
    assert opened.check_agent_status("a") == "error"
    opened.ping()
    opened.start_trace(trace_id="kept").finish()
    report = opened.flush()
    left = report["undelivered"]
    assert report["sent"] + len(report["rejected"]) + left == 1
    # What is neither refused nor lost arrives when the fault is gone.
    over.set()
    scripted.seen.clear()
    scripted.script = accept
    again = opened.flush()["sent"]
    assert again + len(report["rejected"]) + opened.lost_traces == 1
    assert again == len(sent_traces(scripted))


def test_a_name_that_does_not_resolve() -> None:
    with Execlave(
        KEY, "http://no-such-host.invalid", enable_control_channel=False, request_timeout_seconds=5
    ) as exe:
        assert exe.ping() is False
        assert exe.enforce_policy("a", "x")["source"] == "fail_open_network_error"
        exe.start_trace().finish()
        assert exe.flush()["undelivered"] == 1
    assert exe.lost_traces == 1


@pytest.fixture
def tls_url(tmp_path: Path) -> Iterator[str]:
    """A server with a certificate that nobody vouches for."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as wrapped:
                    wrapped.recv(1)
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()


def test_a_certificate_that_nobody_vouches_for(tls_url: str) -> None:
    with Execlave(
        KEY, tls_url, enable_control_channel=False, enforcement_on_outage="fail_closed",
        request_timeout_seconds=5,
    ) as exe:  # fmt: skip
        assert exe.ping() is False
        with pytest.raises(execlave.EnforcementUnavailableError, match="certificate"):
            exe.enforce_policy("a", "x")


def test_a_plain_server_behind_https(scripted: Scripted) -> None:
    url = scripted.url.replace("http:", "https:")
    with Execlave(KEY, url, enable_control_channel=False, request_timeout_seconds=2) as exe:
        assert exe.enforce_policy("a", "x")["source"] == "fail_open_network_error"


@pytest.mark.parametrize("tasks", [False, True])
def test_a_crowd_meets_a_server_that_fails_now_and_then(
    tasks: bool, scripted: Scripted, client_of: Make
) -> None:
    lock, count = threading.Lock(), [0]

    def sometimes(request: Request) -> Any:
        with lock:
            count[0] += 1
            number = count[0]
        return CLOSE if number % 7 == 0 else (503, {}) if number % 5 == 0 else accept(request)

    scripted.script = sometimes
    exe = client_of(batch_size=20, flush_interval_seconds=0.05)

    def one(number: int) -> bool:
        with exe.start_trace(trace_id=f"tr_{number}"):
            return "source" in exe.enforce_policy(f"agent {number % 10}", "x")

    async def a_one(number: int) -> bool:
        async with exe.start_trace(trace_id=f"tr_{number}"):
            return "source" in await exe.aenforce_policy(f"agent {number % 10}", "x")

    async def all_of_them() -> list[bool]:
        return await asyncio.gather(*(a_one(number) for number in range(1_000)))

    if tasks:
        bypassed = sum(asyncio.run(all_of_them()))
    else:
        with ThreadPoolExecutor(50) as pool:
            bypassed = sum(pool.map(one, range(1_000)))
    assert bypassed == exe.bypass_count
    scripted.script = accept
    exe.shutdown()
    assert exe.lost_traces == 0
    sent = {trace["traceId"] for trace in sent_traces(scripted)}
    assert sent == {f"tr_{number}" for number in range(1_000)}


def test_many_threads_get_their_own_answers(scripted: Scripted, client_of: Make) -> None:
    def echo(request: Request) -> Any:
        return 200, {"allowed": True, "echo": request.json["input"]}

    scripted.script = echo
    exe = client_of()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda n: exe.enforce_policy("a", str(n))["echo"], range(500)))
    assert answers == [str(n) for n in range(500)]


def test_a_server_that_is_killed_under_a_crowd_loses_no_trace(own_server: Server) -> None:
    exe = Execlave(
        own_server.key,
        own_server.url,
        environment="development",
        flush_interval_seconds=0.1,
        local_decisions=False,
    )
    exe.register_agent(agent_id="a", name="A")

    def one(number: int) -> None:
        if number == 200:
            own_server.kill()
        with exe.trace():
            exe.enforce_policy("a", str(number))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(one, range(400)))
    own_server.start()
    exe.flush()
    exe.shutdown()
    assert exe.lost_traces == 0
    total, cursor = 0, ""
    while True:
        page = own_server.call("GET", f"/api/v1/traces?agentId=a&limit=200{cursor}")
        total += len(page["data"])
        if not page["meta"].get("nextCursor"):
            break
        cursor = f"&cursor={page['meta']['nextCursor']}"
    assert total == 400
    windows = own_server.call("GET", "/api/v1/sdk/bypass-windows?limit=200")["data"]
    assert sum(window["count"] for window in windows) == exe.bypass_count > 0


def test_large_traces_fill_the_memory_only_so_far(
    scripted: Scripted, client_of: Make, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.script = lambda request: (503, {}, {"Retry-After": "3600"})
    exe = client_of(enable_injection_scan=False)
    large = "x" * (4 << 20)
    for number in range(20):
        # Wherever it is large, and whatever it is large of.
        trace = exe.start_trace(trace_id=f"tr_{number}")
        trace.set_input(large) if number % 2 else trace.add_metadata({"k": [large]})
        trace.finish()
    exe.start_trace(trace_id="beyond").set_input(large * 17).finish()
    # Under 64 MiB there is room for fifteen of them, besides the batch that is under way and what begins the next.
    with caplog.at_level(logging.ERROR, "Execlave"):
        lost = exe.lost_traces
        assert lost + exe._native.waiting_traces == 21 and lost in (4, 5, 6)
        eventually(lambda: "too large ones" in caplog.text)
    scripted.script = accept
    assert exe.flush()["sent"] == 21 - lost
    sent = [trace["traceId"] for trace in sent_traces(scripted)]
    assert sent[-15:] == [f"tr_{number}" for number in range(5, 20)]
    assert exe.lost_traces == lost
