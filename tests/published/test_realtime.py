"""The published client with its `realtime` extra: a pause arrives over Socket.IO, long before the client would ask."""

from __future__ import annotations

import re
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from execlave import Execlave

from platform_server import PlatformServer

# The client asks for the status every 15 s, for the first time 15 s after its start. What comes sooner came over the channel.
PATIENCE = 10


def listeners(server: PlatformServer) -> int:
    with urllib.request.urlopen(f"{server.base_url}/metrics", timeout=10) as answer:
        found = re.search(r"^execlave_channel_clients (\d+)", answer.read().decode(), re.MULTILINE)
    return int(found[1]) if found else 0


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"not in time: {what}"
        threading.Event().wait(0.01)


@pytest.fixture
def listening(server: PlatformServer) -> Iterator[Execlave]:
    """A client of its own, whose connection stands."""
    before = listeners(server)
    client = Execlave(api_key=server.key, base_url=server.base_url)
    until(lambda: listeners(server) > before, "the client listens")
    yield client
    client.shutdown()


def test_a_pause_and_a_resume_arrive(listening: Execlave, server: PlatformServer) -> None:
    agent = listening.register_agent(agent_id="realtime-one", name="One")
    other = listening.register_agent(agent_id="realtime-two", name="Two")
    server.request("PATCH", "/agents/realtime-one/pause", {"reason": "drill"})
    until(lambda: agent.is_paused, "the pause")
    assert not other.is_paused
    server.request("PATCH", "/agents/realtime-one/resume", {})
    until(lambda: not agent.is_paused, "the resume")
