"""A second factor, the way a person sets it up, uses it and loses it, without a script."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import subprocess
import time
import urllib.parse
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from platform_server import PlatformServer

EMAIL = "grace@example.com"
PASSWORD = "four words of mine"
SCREENSHOTS = Path(__file__).resolve().parents[2] / ".build" / "screenshots"


def code(secret: str, ahead: int = 0) -> str:
    """What the app on her telephone shows, or will show so many steps later (RFC 6238)."""
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.digest(key, (int(time.time()) // 30 + ahead).to_bytes(8), hashlib.sha1)
    offset = digest[19] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF) % 1_000_000:06}"


def first_step(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def second_step(page: Page, given: str) -> None:
    page.get_by_role("textbox", name="Code").fill(given)
    page.get_by_role("button", name="Sign in").click()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1440])
def test_a_second_factor_is_set_up_used_and_lost(
    browser: Browser, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.environ.get("EXECLAVE_TEST_DATABASE_URL"):
        monkeypatch.setenv("EXECLAVE_SECRET_KEY", base64.b64encode(bytes(range(32))).decode())
    with PlatformServer() as server:
        live(browser, server, width)
        if server.store_option.startswith("--data="):
            key = Path(server.store_option.removeprefix("--data=")) / "secret.key"
            assert key.stat().st_mode & 0o777 == 0o600


def live(browser: Browser, server: PlatformServer, width: int) -> None:
    invited = server.request(
        "POST", "/users", {"email": EMAIL, "name": "Grace", "role": "viewer"}
    ).data
    context = browser.new_context(
        base_url=server.base_url,
        viewport={"width": width, "height": 844},
        java_script_enabled=False,
    )
    page = context.new_page()
    page.goto(urllib.parse.urlsplit(invited["link"]).path)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()

    page.goto("/account")
    factor = page.locator("#second-factor")
    factor.get_by_label("Password in force").fill(PASSWORD)
    factor.get_by_role("button", name="Set up").click()
    picture = page.locator(".qr svg")
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    assert box and box["width"] >= 200 and abs(box["width"] - box["height"]) < 1, box
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"second-factor-{width}.png", full_page=True)
    secret = page.locator("#secret").inner_text()
    page.get_by_role("textbox", name="Code").fill(code(secret))
    page.get_by_role("button", name="Turn on").click()
    recovery = page.get_by_label("Recovery codes").inner_text().split()
    assert len(recovery) == 10, recovery
    page.screenshot(path=SCREENSHOTS / f"recovery-codes-{width}.png", full_page=True)
    page.get_by_role("link", name="I have kept them").click()
    expect(factor).to_contain_text("10 recovery codes are left")
    page.screenshot(path=SCREENSHOTS / f"account-second-factor-{width}.png", full_page=True)
    sign_out(page)

    first_step(page)
    expect(page.get_by_text(EMAIL)).to_be_visible()
    assert PASSWORD not in page.content()
    second_step(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
    page.screenshot(path=SCREENSHOTS / f"sign-in-code-{width}.png", full_page=True)
    # The step of the first code is used up; that of the next half minute is good already.
    second_step(page, code(secret, ahead=1))
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    sign_out(page)

    first_step(page)
    second_step(page, recovery[0])
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    sign_out(page)

    reset = [os.environ["EXECLAVE_BIN"], "users", "reset-totp", EMAIL, server.store_option]
    subprocess.run(reset, check=True, capture_output=True)
    first_step(page)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    context.close()
