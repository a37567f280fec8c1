"""A real server on a free port with a throw-away data folder, and a plain way to talk to it.

Standard library only: every test environment can use it, whatever else is installed there.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

BOOTSTRAP_KEY = "exe_prod_" + "A" * 43
ROOT = Path(__file__).resolve().parents[1]


def postgres(verb: str, url: str) -> str:
    """Runs `scripts/postgres`."""
    done = subprocess.run(
        [ROOT / "scripts/postgres", verb, url], check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


def fresh_database() -> str | None:
    """An empty PostgreSQL database where EXECLAVE_TEST_DATABASE_URL names a server; none where the store is to be SQLite."""
    url = os.environ.get("EXECLAVE_TEST_DATABASE_URL")
    return postgres("create", url) if url else None


class Answer:
    """What the server said: the status, and the body as JSON."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body

    @property
    def data(self) -> Any:
        """What a success carries; a failure says itself."""
        assert self.status < 300, f"{self.status}: {self.body}"
        return self.body["data"]


class PlatformServer:
    """Starts the binary named by EXECLAVE_BIN; `with` stops it the way an operator would."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="execlave-test-")
        self._database_url = fresh_database()
        data = Path(self._folder.name) / "data"
        self.store_option = (
            f"--database-url={self._database_url}" if self._database_url else f"--data={data}"
        )
        self._log_path = Path(self._folder.name) / "server.log"
        self._process: subprocess.Popen[str] | None = None
        self.base_url = ""
        self.sign_in_link = ""
        self.key = BOOTSTRAP_KEY

    def __enter__(self) -> PlatformServer:
        with self._log_path.open("w") as log:
            self._process = subprocess.Popen(
                [
                    os.environ["EXECLAVE_BIN"],
                    "serve",
                    "--listen=127.0.0.1:0",
                    self.store_option,
                    f"--bootstrap-key={self.key}",
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._read_first_output()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(timeout=30)
        log = self._log_path.read_text()
        self._folder.cleanup()
        if self._database_url:
            postgres("drop", self._database_url)
        assert status == 0, f"the server ended with {status}:\n{log}"

    def _read_first_output(self) -> None:
        """The server prints where it is once it takes requests; the block ends with an empty line."""
        assert self._process is not None and self._process.stdout is not None
        for line in self._process.stdout:
            if found := re.search(r"Dashboard\s+(\S+)", line):
                self.base_url = found[1].rstrip("/")
            if found := re.search(r"Sign in\s+(\S+)", line):
                self.sign_in_link = found[1]
            if self.base_url and not line.strip():
                return
        raise AssertionError(f"the server did not start:\n{self._log_path.read_text()}")

    def request(self, method: str, path: str, body: Any = None, key: str | None = None) -> Answer:
        """One request to `/api/v1`; an error answer is returned like any other."""
        request = urllib.request.Request(
            f"{self.base_url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {key or self.key}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, json.loads(answer.read() or b"null"))
        except urllib.error.HTTPError as error:
            return Answer(error.code, json.loads(error.read() or b"null"))

    def create_policy(
        self, name: str, policy_type: str, mode: str, rule: dict[str, Any], **more: Any
    ) -> str:
        """A policy in force; returns its id."""
        body = {
            "name": name,
            "policyType": policy_type,
            "enforcementMode": mode,
            "ruleDefinition": rule,
            **more,
        }
        policy_id: str = self.request("POST", "/policies", body).data["id"]
        return policy_id

    def create_key(self, name: str, scopes: list[str]) -> str:
        """A second person's key: nobody approves what their own key asked for."""
        body = {"name": name, "environment": "production", "scopes": scopes}
        key: str = self.request("POST", "/api-keys", body).data["key"]
        return key

    def wait_for_approval(self, approver: str, text: str) -> dict[str, Any]:
        """The approval whose action mentions the text, once the agent has asked for it."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for approval in self.request("GET", "/approvals?status=pending", key=approver).data:
                if text in approval["actionSummary"]:
                    found: dict[str, Any] = approval
                    return found
            # There is no list that waits; a short pause keeps this from being a load test.
            threading.Event().wait(0.05)
        raise AssertionError(f"no approval mentions {text!r}")
