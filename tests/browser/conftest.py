"""A server with a day's worth of life in it, and a browser that is signed in to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from life import Life, live_a_day
from platform_server import PlatformServer


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, or the one EXECLAVE_CHROMIUM names."""
    path = (
        os.environ.get("EXECLAVE_CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("chromium-browser")
    )
    assert path, "no Chromium: install the package `chromium`, or name one in EXECLAVE_CHROMIUM"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="session")
def signed_in(server: PlatformServer, browser: Browser) -> StorageState:
    """Uses the link that the server printed, the way a person does."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.sign_in_link)
    assert page.url == f"{server.base_url}/", page.url
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="session")
def life(server: PlatformServer) -> Life:
    """What the pages show."""
    return live_a_day(server)


@pytest.fixture
def open_page(
    server: PlatformServer, browser: Browser, signed_in: StorageState, life: Life
) -> Iterator[Callable[..., Page]]:
    """Opens a page of the dashboard; the test fails if the browser complained about anything."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(path: str, width: int = 1440, theme: str = "light", **options: Any) -> Page:
        height = 844 if width < 600 else 900
        context = browser.new_context(
            base_url=server.base_url,
            storage_state=signed_in,
            viewport={"width": width, "height": height},
            color_scheme=theme,  # type: ignore[arg-type]
            **options,
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "response",
            lambda answer: (
                complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
            ),
        )
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints, complaints
