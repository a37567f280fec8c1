"""Every page, in both themes, on a phone and on a desk: nothing sticks out, nothing is loaded in vain, nothing complains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from life import Life
from platform_server import PlatformServer

SCREENSHOTS = Path(__file__).resolve().parents[2] / ".build" / "screenshots"

PAGES = {
    "overview": "/",
    "agents": "/agents",
    "agent": "/agents/{agent}",
    "agent-pause": "/agents/{agent}/pause",
    "approvals": "/approvals",
    "approval": "/approvals/{approval}",
    "api-keys": "/api-keys",
    "traces": "/traces",
    "traces-filtered": "/traces?agent=inbox-triage&status=error",
    "trace": "/traces/{trace}",
    "users": "/users",
    "account": "/account",
}


def address(name: str, life: Life) -> str:
    return PAGES[name].format(
        agent=life.agents["support-bot"], approval=life.approvals[2], trace=life.trace
    )


def assert_fits(page: Page) -> None:
    sticking_out = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !element.closest('pre, .hidden-text, svg, dialog'))
            .map((element) => element.outerHTML.slice(0, 120))"""
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], (
        sticking_out
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("name", PAGES)
def test_page_fits_and_is_quiet(
    open_page: Callable[..., Page], life: Life, name: str, width: int, theme: str
) -> None:
    page = open_page(address(name, life), width, theme)
    page.wait_for_load_state("networkidle")
    assert page.locator("h1").count() == 1
    assert_fits(page)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{theme}.png", full_page=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_signed_out_pages_fit(
    browser: Browser, server: PlatformServer, signed_in: object, width: int, theme: str
) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    for name, link in [
        ("sign-in", f"{server.base_url}/agents"),
        ("sign-in-used", server.sign_in_link),
    ]:
        page.goto(link)
        assert_fits(page)
        page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{theme}.png", full_page=True)
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_an_empty_store_teaches(browser: Browser, width: int) -> None:
    with PlatformServer() as fresh:
        context = browser.new_context(viewport={"width": width, "height": 844})
        page = context.new_page()
        page.goto(fresh.sign_in_link)
        assert page.get_by_text("pip install execlave-sdk").is_visible()
        assert_fits(page)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"newcomer-{width}-light.png", full_page=True)
        # The first agent changes the whole page, without a reload by hand.
        fresh.request("POST", "/agents", {"agentId": "first", "name": "First"})
        page.get_by_text("Decisions today").wait_for(timeout=15_000)
        context.close()


def luminance(colour: list[float]) -> float:
    parts = [part / 255 for part in colour[:3]]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# Every visible text with its colour and the first opaque background behind it, as drawn on a canvas.
TEXTS = """() => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const found = [];
    for (const element of document.querySelectorAll('body *')) {
        const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join('').trim();
        if (!text || !element.checkVisibility() || element.closest('.hidden-text, .skip, svg')) continue;
        let behind = element;
        while (behind && rgba(getComputedStyle(behind).backgroundColor)[3] < 255) behind = behind.parentElement;
        const style = getComputedStyle(element);
        found.push({
            text: text.slice(0, 40), colour: rgba(style.color), size: parseFloat(style.fontSize), weight: Number(style.fontWeight),
            behind: rgba(getComputedStyle(behind ?? document.documentElement).backgroundColor),
        });
    }
    return found;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_can_be_read(
    open_page: Callable[..., Page], life: Life, name: str, theme: str
) -> None:
    page = open_page(address(name, life), theme=theme)
    texts = page.evaluate(TEXTS)
    assert len(texts) > 10
    for found in texts:
        one, other = sorted((luminance(found["colour"]), luminance(found["behind"])))
        contrast = (other + 0.05) / (one + 0.05)
        large = found["size"] >= 24 or (found["size"] >= 18.66 and found["weight"] >= 700)
        assert contrast >= (3 if large else 4.5), (round(contrast, 2), found)


@pytest.mark.parametrize("name", PAGES)
def test_controls_have_names(open_page: Callable[..., Page], life: Life, name: str) -> None:
    page = open_page(address(name, life))
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea')]
            .filter((control) => !(control.textContent.trim() || control.getAttribute('aria-label') || control.labels?.length))
            .map((control) => control.outerHTML)"""
    )
    assert nameless == []
    twice = page.evaluate(
        "[...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i)"
    )
    assert twice == []
    missing = page.evaluate(
        """() => [...document.querySelectorAll('main [aria-labelledby], main [aria-describedby], main label[for]')]
            .flatMap((e) => [e.getAttribute('aria-labelledby'), e.getAttribute('aria-describedby'), e.getAttribute('for')])
            .flatMap((ids) => (ids ?? '').split(' ').filter(Boolean)).filter((id) => !document.getElementById(id))"""
    )
    assert missing == []
