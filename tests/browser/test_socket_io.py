"""The control channel as JavaScript applications use it: `socket.io-client` from npm, in a browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from platform_server import PlatformServer

CLIENT = os.environ.get("EXECLAVE_SOCKET_IO_CLIENT")
pytestmark = pytest.mark.skipif(
    not CLIENT, reason="npm's registry was out of reach, so there is no socket.io-client"
)

LISTEN = """
([url, apiKey]) => new Promise((resolve) => {
    window.events = [];
    const socket = io(url, { transports: ["websocket"], auth: { apiKey } });
    socket.onAny((name, content) => window.events.push([name, content]));
    socket.on("connect", () => resolve("connected"));
    socket.on("connect_error", (error) => { socket.disconnect(); resolve(error.message); });
})
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An application's page, of another origin than the server."""
    context = browser.new_context()
    page = context.new_page()
    assert CLIENT
    page.add_script_tag(path=Path(CLIENT) / "dist/socket.io.min.js")
    yield page
    context.close()


def test_a_pause_arrives(server: PlatformServer, page: Page) -> None:
    server.request("POST", "/agents", {"agentId": "js-agent", "name": "JS"})
    assert page.evaluate(LISTEN, [f"{server.base_url}/sdk", server.key]) == "connected"
    for verb, status in (("pause", "paused"), ("resume", "active")):
        server.request("PATCH", f"/agents/js-agent/{verb}", {"reason": "drill"})
        page.wait_for_function(
            "status => window.events.some(([, event]) => event.status === status)", arg=status
        )
    statuses = [
        event for name, event in page.evaluate("window.events") if name == "agent.status_updated"
    ]
    assert [(event["agentId"], event["status"]) for event in statuses] == [
        ("js-agent", "paused"),
        ("js-agent", "active"),
    ]
    assert statuses[0]["epoch"] < statuses[1]["epoch"]


def test_a_wrong_key_is_refused_with_a_reason(server: PlatformServer, page: Page) -> None:
    assert "not known" in page.evaluate(LISTEN, [f"{server.base_url}/sdk", "exe_prod_wrong"])
