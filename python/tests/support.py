"""What the tests talk to: the real server, and a scripted one for what a real server does not do on purpose."""

from __future__ import annotations

import concurrent.futures
import contextlib
import gzip
import json
import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

KEY = "exe_dev_" + "k" * 43
ROOT = Path(__file__).resolve().parents[2]


def eventually(holds: Callable[[], Any], seconds: float = 10) -> Any:
    """Wait until something holds, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := holds():
            return value
        time.sleep(0.02)
    raise AssertionError("it never came to hold")


def in_background(call: Callable[[], Any]) -> concurrent.futures.Future[Any]:
    """Run a call that waits, on a thread of its own."""
    future: concurrent.futures.Future[Any] = concurrent.futures.Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def binary() -> Path:
    """The server's binary, as built by cargo or named by EXECLAVE_BIN."""
    candidates = [
        *([os.environ["EXECLAVE_BIN"]] if "EXECLAVE_BIN" in os.environ else []),
        ROOT / "target" / "release" / "execlave",
        ROOT / "target" / "debug" / "execlave",
    ]
    for candidate in map(Path, candidates):
        if candidate.exists():
            return candidate
    pytest.fail("no server to test against: run `cargo build -p execlave-cli`, or set EXECLAVE_BIN")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres(verb: str, url: str) -> str:
    """Run `scripts/postgres`."""
    command = [ROOT / "scripts" / "postgres", verb, url]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class Server:
    """A running server, an operator's key to it, and another person's."""

    def __init__(self, directory: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.key = KEY
        self.approver = ""
        self._log = directory / "log"
        self._command: list[Any] = [binary(), "serve", "--listen", f"127.0.0.1:{port}"]
        self._command += ["--bootstrap-key", KEY]
        # A PostgreSQL database of its own where a server is named, else SQLite.
        given = os.environ.get("EXECLAVE_TEST_DATABASE_URL")
        self._database_url = postgres("create", given) if given else None
        if self._database_url:
            self._command += ["--database-url", self._database_url]
        else:
            self._command += ["--data", directory / "data"]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again on the same store and port."""
        with self._log.open("ab") as log:
            process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)
        self._process = process

        def is_up() -> bool:
            assert process.poll() is None, self._log.read_text()
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        eventually(is_up, 30)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(20)

    def __enter__(self) -> Self:
        self.start()
        scopes = ["approvals:decide", "read"]
        body = {"name": "approver", "environment": "development", "scopes": scopes}
        self.approver = self.call("POST", "/api/v1/api-keys", body)["data"]["key"]
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(20)
        if self._database_url:
            postgres("drop", self._database_url)

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """Ask the API as an operator; returns the JSON of a success and raises on anything else."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {key or self.key}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()!r}") from None
        return json.loads(text) if text else None

    def policy(self, name: str, policy_type: str, mode: str, agent: str, **rule: Any) -> str:
        """Create a policy for one agent."""
        document = {
            "name": name,
            "policyType": policy_type,
            "enforcementMode": mode,
            "ruleDefinition": rule,
            "appliesToAgents": [agent],
        }
        created = self.call("POST", "/api/v1/policies", document)
        return str(created["data"]["id"])

    def traces(self, agent: str) -> list[dict[str, Any]]:
        """The stored traces of an agent, newest first, with input, output and metadata."""
        listed = self.call("GET", f"/api/v1/traces?agentId={agent}&limit=200")["data"]
        return [self.trace(row["traceId"]) for row in listed]

    def trace(self, trace_id: str) -> dict[str, Any]:
        """One stored trace in full."""
        return dict(self.call("GET", f"/api/v1/traces/{trace_id}")["data"][0])

    def metric(self, name: str) -> float | None:
        """A number without labels from `/metrics`, if it was counted yet."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as answer:
            lines = [line.split(" ") for line in answer.read().decode().splitlines()]
        return next((float(line[1]) for line in lines if line[0] == name), None)

    def pending(self, agent: str) -> dict[str, Any]:
        """The pending approval of an agent, as soon as there is one."""

        def find() -> Any:
            listed = self.call("GET", "/api/v1/approvals?status=pending&limit=200")["data"]
            return next((a for a in listed if a["agentId"] == agent), None)

        return dict(eventually(find))

    def decide(self, approval_id: str, verb: str, reason: str) -> None:
        """Approve or deny with the second key: nobody decides their own request."""
        self.call(
            "POST", f"/api/v1/approvals/{approval_id}/{verb}", {"reason": reason}, self.approver
        )

    def pause(self, agent_id: str, reason: str = "drill") -> None:
        self.call("PATCH", f"/api/v1/agents/{agent_id}/pause", {"reason": reason})

    def resume(self, agent_id: str) -> None:
        self.call("PATCH", f"/api/v1/agents/{agent_id}/resume", {})


@dataclass
class Request:
    """A request as the scripted server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        packed = self.headers.get("content-encoding") == "gzip"
        return json.loads(gzip.decompress(self.body) if packed else self.body)


CLOSE = object()
"""Reply that closes the connection without a word."""


@dataclass
class Scripted:
    """A server that answers as a test says: `(status, body)`, `(status, body, headers)` or `CLOSE`."""

    script: Callable[[Request], Any] = lambda request: (200, {})
    seen: list[Request] = field(default_factory=list)
    url: str = ""

    def requests(self, path: str) -> list[Request]:
        """The requests whose path begins so."""
        return [request for request in self.seen if request.path.startswith(path)]

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.converse, args=(connection,), daemon=True).start()

    def converse(self, connection: socket.socket) -> None:
        """Answer one connection until the other side ends it. How it does so is its own affair, and so is what is no HTTP."""
        with (
            connection,
            connection.makefile("rb") as stream,
            contextlib.suppress(OSError, ValueError),
        ):
            while line := stream.readline():
                method, path, _ = line.decode().split(" ")
                headers = {}
                while (header := stream.readline().decode().strip()) != "":
                    key, value = header.split(": ", 1)
                    headers[key.lower()] = value
                body = stream.read(int(headers.get("content-length", 0)))
                request = Request(method, path, headers, body)
                self.seen.append(request)
                reply = self.script(request)
                if reply is CLOSE:
                    return
                status, payload, *more = reply
                data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
                extra = "".join(f"{k}: {v}\r\n" for k, v in (more[0] if more else {}).items())
                head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n{extra}\r\n"
                connection.sendall(head.encode() + data)


def accept(request: Request) -> Any:
    """A server that is content with everything."""
    if request.path.endswith("/traces/ingest"):
        return 202, {"accepted": len(request.json["traces"]), "failed": 0}
    if request.path.endswith("/policies/enforce"):
        return 200, {"allowed": True}
    if request.path.endswith("/agents"):
        agent_id = request.json["agentId"]
        agent = {"id": f"id-{agent_id}", "agentId": agent_id, "name": agent_id}
        return 201, {"data": {**agent, "environment": "production", "status": "active"}}
    return 200, {"data": {}}


def sent_traces(scripted: Scripted) -> list[dict[str, Any]]:
    """Every trace that the scripted server was sent."""
    return [t for r in scripted.requests("/api/v1/traces/ingest") for t in r.json["traces"]]
