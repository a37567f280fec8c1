"""The release server on a fresh store, as an operator would start it."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

KEY = "exe_prod_" + "b" * 43


class Server:
    """A running server; `with` ends it."""

    def __init__(self, program: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="execlave-bench-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._command = [
            program,
            "serve",
            f"--listen=127.0.0.1:{self.port}",
            f"--bootstrap-key={KEY}",
        ]
        self._command.append(f"--data={self._folder.name}/data")
        self.url = f"http://127.0.0.1:{self.port}"
        # Seconds from the start of the program to its first answer.
        self.started_in = 0.0

    def __enter__(self) -> Self:
        started = time.perf_counter()
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while self.request("GET", "/health") != 200:
            if self._process.poll() is not None:
                raise SystemExit(f"the server ended with {self._process.returncode}")
            time.sleep(0.001)
        self.started_in = time.perf_counter() - started
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._folder.cleanup()

    def request(self, method: str, path: str, body: Any = None) -> int:
        """The status of one request, 0 if nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            return connection.getresponse().status
        except ConnectionRefusedError:
            return 0
        finally:
            connection.close()

    def create(self, path: str, body: Any) -> None:
        """Make something, or end the benchmark."""
        status = self.request("POST", path, body)
        if status not in (200, 201):
            raise SystemExit(f"the server answers {status} to {path} with {body}")

    def memory_mb(self) -> float:
        """What the process holds in memory, in millions of bytes."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * 4096 / 1e6
