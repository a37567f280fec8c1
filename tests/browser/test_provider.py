"""Signing in with an account at an OpenID Connect provider that somebody else wrote."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from platform_server import PlatformServer

ADA = {"sub": "ada-7", "email": "ada@northwind.example", "email_verified": True, "name": "Ada O."}


@pytest.fixture
def issuer() -> Iterator[str]:
    """The provider, with one person in it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = os.environ["EXECLAVE_PROVIDER"]
    running = subprocess.Popen(
        [program, f"--port={port}", f"--user-claims={json.dumps(ADA)}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    place = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
    end = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(place, timeout=5) as answer:
                found: str = json.loads(answer.read())["issuer"]
                break
        except OSError:
            assert time.monotonic() < end and running.poll() is None, "the provider did not start"
            time.sleep(0.05)
    yield found
    running.terminate()
    running.wait(timeout=10)


@pytest.fixture
def server_with_provider(issuer: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlatformServer]:
    """A server of its own, whose people sign in there."""
    monkeypatch.setenv("EXECLAVE_OIDC_ISSUER", issuer)
    monkeypatch.setenv("EXECLAVE_OIDC_CLIENT_SECRET", "not checked by this provider")
    monkeypatch.setenv("EXECLAVE_OIDC_LABEL", "Sign in with Northwind")
    with PlatformServer() as running:
        yield running


def test_signing_in_with_an_account_at_a_provider(
    server_with_provider: PlatformServer, browser: Browser
) -> None:
    server = server_with_provider
    context = browser.new_context(base_url=server.base_url, java_script_enabled=False)
    page = context.new_page()

    def sign_in() -> None:
        page.goto("/sign-in")
        page.get_by_role("link", name="Sign in with Northwind").click()
        page.locator("input[name=sub]").first.fill("ada-7")
        page.locator("button").first.click()

    sign_in()
    expect(page.get_by_role("alert")).to_contain_text("invite")
    body = {"email": "ada@northwind.example", "name": "Ada", "role": "developer"}
    assert server.request("POST", "/users", body).status == 201
    sign_in()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Overview")
    page.goto("/account")
    expect(page.locator("main")).to_contain_text("ada@northwind.example")
    context.close()
