"""The real server on a free port, the scripted one, and clients of both."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from collector import Collector
from shell import Shell
from support import KEY, Scripted, Server, accept

from execlave import Execlave


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real binary with an empty store, for the whole run."""
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may kill and start again."""
    with Server(tmp_path) as running:
        yield running


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return f"{request.node.name[:40]}-{time.monotonic_ns() % 10**9}"


@pytest.fixture
def connect(server: Server) -> Iterator[Callable[..., Execlave]]:
    """Makes clients of the real server and shuts them down."""
    clients: list[Execlave] = []

    def make(**settings: Any) -> Execlave:
        defaults = {
            "api_key": server.key,
            "base_url": server.url,
            "environment": "development",
            "poll_interval_seconds": 0.1,
        }
        clients.append(Execlave(**{**defaults, **settings}))
        return clients[-1]

    yield make
    for client in clients:
        client.shutdown()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A server that does what the test says."""
    listener = socket.create_server(("127.0.0.1", 0))
    fake = Scripted(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
    serving = threading.Thread(target=fake.serve, args=(listener,), daemon=True)
    serving.start()
    yield fake
    # Closing alone does not wake `accept`, which would then take connections from whoever gets the descriptor next.
    listener.shutdown(socket.SHUT_RDWR)
    serving.join()
    listener.close()


@pytest.fixture
def client_of(scripted: Scripted) -> Iterator[Callable[..., Execlave]]:
    """Makes clients of the scripted server and shuts them down."""
    clients: list[Execlave] = []

    def make(**settings: Any) -> Execlave:
        defaults: dict[str, Any] = {
            "api_key": KEY,
            "base_url": scripted.url,
            "enable_control_channel": False,
            "flush_interval_seconds": 3600,
            "request_timeout_seconds": 5,
            "local_decisions": False,
        }
        clients.append(Execlave(**{**defaults, **settings}))
        return clients[-1]

    yield make
    scripted.script = accept
    for client in clients:
        client.shutdown()


@pytest.fixture
def collector() -> Iterator[Collector]:
    running = Collector()
    thread = threading.Thread(target=running.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield running
    running.server.shutdown()
    thread.join()
    running.server.server_close()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A terminal in a fresh folder; what it serves ends with the test."""
    terminal = Shell(tmp_path)
    yield terminal
    terminal.end()
