"""What people do on the dashboard, and that the API sees it."""

from __future__ import annotations

import os
import re
import subprocess
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from life import Life, ask, enforce, ingest, register, simple_trace
from platform_server import PlatformServer

OpenPage = Callable[..., Page]
SCREENSHOTS = Path(__file__).resolve().parents[2] / ".build" / "screenshots"


def test_pausing_with_a_reason(open_page: OpenPage, server: PlatformServer, life: Life) -> None:
    agent = life.agents["night-batch"]
    page = open_page("/agents")
    page.locator(f"#pause-{agent}").click()
    dialog = page.get_by_role("dialog", name="Pause Night batch?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Reason")).to_be_focused()
    dialog.get_by_label("Reason").fill("Runs twice since the clock change")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "agents-pause-dialog-1440-light.png")
    dialog.get_by_role("button", name="Pause agent").click()

    row = page.locator(f"#agent-{agent}")
    expect(row).to_contain_text("paused")
    shown = server.request("GET", f"/agents/{agent}").data
    assert (shown["status"], shown["statusReason"]) == (
        "paused",
        "Runs twice since the clock change",
    )
    assert (
        enforce(server, "night-batch", "Reconcile", 403)["violations"][0]["ruleId"]
        == "system.agent_paused"
    )

    row.get_by_role("link", name="Resume Night batch").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume agent").click()
    expect(row).to_contain_text("active")
    enforce(server, "night-batch", "Reconcile", 200)


def test_pausing_with_the_keyboard_alone(
    open_page: OpenPage, server: PlatformServer, life: Life
) -> None:
    agent = life.agents["customs-filer"]
    page = open_page("/agents")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == f"pause-{agent}":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(f"#pause-{agent}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("Keyboard drill")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(f"#agent-{agent}")).to_contain_text("paused")
    assert server.request("GET", f"/agents/{agent}").data["statusReason"] == "Keyboard drill"


def test_approving_and_denying(open_page: OpenPage, server: PlatformServer, life: Life) -> None:
    yes, no = life.approvals[:2]
    page = open_page("/approvals")
    for approval, button, reason in [
        (yes, "Approve", "Checked the delivery note"),
        (no, "Deny", "No photographs in the mail"),
    ]:
        card = page.locator(f"#approval-{approval}")
        expect(card).to_contain_text("of 100")
        card.get_by_label("Reason").fill(reason)
        card.get_by_role("button", name=button).click()
        expect(page.locator(f"#approval-{approval}")).to_have_count(0)
        expect(page.locator("#decided")).to_contain_text(reason)
    approved = server.request("GET", f"/approvals/{yes}").data
    assert (
        approved["status"] == "approved"
        and approved["certificate"]["actionDigest"] == approved["actionDigest"]
    )
    assert server.request("GET", f"/approvals/{no}").data["status"] == "denied"
    page.goto(f"/approvals/{yes}")
    expect(page.get_by_role("heading", name="Certificate")).to_be_visible()


def test_reading_a_trace(open_page: OpenPage, life: Life) -> None:
    page = open_page("/traces")
    page.get_by_label("Text in input or output").fill("mallory")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="Inbox triage").click()
    expect(page).to_have_url(re.compile(f"/traces/{life.trace}$"))
    expect(page.locator("mark.found-pii")).to_have_text("mallory@example.net")
    expect(page.locator("mark.found-injection").first).to_contain_text("previous instructions")
    names = page.locator(".waterfall .span-name a")
    expect(names).to_have_text(
        ["triage message", "load thread", "classify", "prepare prompt", "forward message"]
    )
    whole = page.locator(".waterfall .lane").first.bounding_box()
    last = page.locator(".waterfall .span-bar").last.bounding_box()
    assert whole and last
    assert abs((last["x"] - whole["x"]) / whole["width"] - 1_700 / 2_400) < 0.02
    names.last.click()
    expect(page.locator(".span:target")).to_contain_text("blocked by No instructions from outside")


def test_an_open_page_stays_fresh(open_page: OpenPage, server: PlatformServer) -> None:
    page = open_page("/traces")
    expect(page.locator("[data-live-status]")).to_have_text("Live")
    ingest(server, [simple_trace("tr_fresh", "support-bot", "arrived while you were looking", 0)])
    expect(page.locator("#list")).to_contain_text("arrived while you were looking", timeout=15_000)


def test_the_focus_stays_where_it_is(open_page: OpenPage, server: PlatformServer) -> None:
    page = open_page("/traces")
    link = page.locator("#list").get_by_role("link", name="Inbox triage").first
    link.focus()
    ingest(
        server,
        [
            simple_trace(
                "tr_focus", "support-bot", "came while somebody was reading with the keyboard", 0
            )
        ],
    )
    expect(page.locator("#list")).to_contain_text("reading with the keyboard", timeout=15_000)
    expect(page.locator("#list a:focus")).to_have_text("Inbox triage")


def test_nobody_loses_what_they_are_typing(open_page: OpenPage, server: PlatformServer) -> None:
    register(server, "typist", "Typist", "copilot", "custom", "production")
    first = ask(server, "typist", "Refund the first one", tools=["refund_payment"])
    page = open_page("/approvals")
    reason = page.locator(f"#approval-{first}").get_by_label("Reason")
    reason.fill("I was saying")
    second = ask(server, "typist", "Refund the second one", tools=["refund_payment"])
    page.wait_for_timeout(9_000)
    expect(reason).to_have_value("I was saying")
    expect(page.locator(f"#approval-{second}")).to_have_count(0)
    reason.fill("")
    page.locator("h1").click()
    expect(page.locator(f"#approval-{second}")).to_have_count(1, timeout=15_000)


def test_everything_works_without_a_script(
    open_page: OpenPage, server: PlatformServer, life: Life
) -> None:
    agent = life.agents["release-bot"]
    page = open_page("/", java_script_enabled=False)
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.locator("[data-live-status]")).to_be_hidden()
    page.get_by_text("Show as a table").click()
    expect(page.get_by_role("table", name="Decisions by hour, UTC")).to_be_visible()
    page.get_by_role("link", name="Agents", exact=True).first.click()
    page.locator(f"#pause-{agent}").click()
    expect(page.get_by_role("heading", name="Pause Release bot?")).to_be_visible()
    page.get_by_label("Reason").fill("No script, no problem")
    page.get_by_role("button", name="Pause agent").click()
    expect(page.locator(f"#agent-{agent}")).to_contain_text("paused")
    assert server.request("GET", f"/agents/{agent}").data["status"] == "paused"
    page.goto(f"/traces/{life.trace}")
    expect(page.locator("mark.found-pii")).to_have_text("mallory@example.net")


def test_a_new_link_signs_in_and_signing_out_ends_it(
    browser: Browser, server: PlatformServer, signed_in: object
) -> None:
    made = subprocess.run(
        [os.environ["EXECLAVE_BIN"], "users", "reset-link", "owner@localhost", server.store_option],
        check=True,
        capture_output=True,
        text=True,
    )
    path = urllib.parse.urlsplit(made.stdout.strip()).path
    context = browser.new_context(base_url=server.base_url)
    page = context.new_page()
    page.goto("/agents")
    expect(page.get_by_text("execlave users reset-link")).to_be_visible()
    page.goto(path)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{server.base_url}/sign-in")
    page.goto("/agents")
    expect(page).to_have_url(f"{server.base_url}/sign-in")
    page.goto(path)
    expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()
    context.close()


def test_making_replacing_and_revoking_a_key(
    open_page: OpenPage, server: PlatformServer, life: Life
) -> None:
    page = open_page("/api-keys")
    page.get_by_label("Name").fill("Night shift")
    page.get_by_label("read", exact=True).check()
    page.get_by_role("button", name="Make key").click()
    key = page.locator("#key").inner_text()
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text(key)).to_have_count(0)
    row = page.get_by_role("row", name="Night shift").first
    row.get_by_role("link", name="Replace Night shift").click()
    page.get_by_role("button", name="Replace key").click()
    assert page.locator("#key").inner_text() != key
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("row", name="Night shift")).to_have_count(2)
    page.get_by_role("link", name="Revoke Night shift").first.click()
    page.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("revoked", exact=True)).to_have_count(1)


def test_inviting_and_beginning_without_a_script(
    open_page: OpenPage, browser: Browser, server: PlatformServer
) -> None:
    page = open_page("/users", java_script_enabled=False)
    page.get_by_label("E-mail address").fill("grace@northwind.example")
    page.get_by_label("Name").fill("Grace Lind")
    page.get_by_label("Role", exact=True).select_option("developer")
    page.get_by_label("Decides approvals").check()
    page.get_by_role("button", name="Invite").press("Enter")
    link = page.locator("pre.snippet").inner_text()
    expect(page.get_by_role("status")).to_contain_text("grace@northwind.example")

    context = browser.new_context(java_script_enabled=False)
    grace = context.new_page()
    grace.goto(link)
    grace.get_by_label("Name").fill("Grace L.")
    grace.get_by_label("Password").fill("four words of mine")
    grace.keyboard.press("Enter")
    expect(grace.get_by_role("heading", level=1)).to_contain_text("Overview")
    grace.get_by_role("button", name="Sign out").click()
    grace.get_by_label("E-mail address").fill("grace@northwind.example")
    grace.get_by_label("Password").fill("a wrong password")
    grace.keyboard.press("Enter")
    expect(grace.get_by_role("alert")).to_contain_text("wrong")
    grace.get_by_label("Password").fill("four words of mine")
    grace.keyboard.press("Enter")
    grace.get_by_role("link", name="Account").click()
    expect(grace.get_by_text("this one")).to_be_visible()
    context.close()
    people = server.request("GET", "/users").body["data"]
    assert [(one["name"], one["approver"]) for one in people if one["role"] == "developer"] == [
        ("Grace L.", True)
    ]
