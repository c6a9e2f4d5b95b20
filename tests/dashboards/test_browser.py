"""The dashboard in a real browser, on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doors import keys, played
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

PROBES = ("/_stcore/health", "/_stcore/host-config")
"""Streamlit's own script tries these below the page's path first, and then above it: a 404 there is no fault."""

expect.set_options(timeout=30_000)


class Seen:
    """What a browser complained of and where it went."""

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith(PROBES):
            self.errors.append(message.text)

    def _asked(self, request: Request) -> None:
        self.hosts.add(request.url.split("/")[2].split(":")[0])


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser: no cookies, nothing remembered."""
    context = browser.new_context(viewport={"width": 1400, "height": 1200})
    yield context.new_page()
    context.close()


def test_the_comparison_shows_its_chart_and_no_error(site: str, page: Page) -> None:
    seen = Seen(page)
    page.goto(site)
    expect(page.get_by_role("heading", name="Protocols compared")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert seen.errors == []
    assert seen.hosts == {"127.0.0.1"}


def test_a_fresh_browser_at_a_fresh_server_opens_the_match_of_the_address(
    serve: Callable[[Path], str], tmp_path: Path, page: Page
) -> None:
    store = played(tmp_path, protocols=["expert"])
    key = keys(store, "expert")[3]
    page.goto(f"{serve(store)}/transcripts?match={key}")
    expect(page.get_by_text(f"match {key[:12]}")).to_be_visible()
    expect(page.get_by_text("4 of 6", exact=True)).to_be_visible()


def test_the_pages_are_a_click_apart(site: str, page: Page) -> None:
    page.goto(site)
    page.get_by_role("link", name="Transcripts").click()
    expect(page.get_by_role("heading", name="Transcripts")).to_be_visible()
    page.get_by_role("link", name="Protocols compared").click()
    expect(page.get_by_role("heading", name="Judge accuracy")).to_be_visible()


def test_what_models_write_does_nothing_and_is_read_as_text(site: str, page: Page, doors: Path) -> None:
    seen = Seen(page)
    page.goto(f"{site}/transcripts?match={keys(doors, 'debate')[0]}")
    speech = page.locator(".arena .card .text").first
    expect(speech).to_contain_text("<script>document.title='owned'</script> <img src=x onerror=")
    expect(speech).to_contain_text("![spy](https://example.invalid/spy.png) $x^2$ :red[loud]")
    assert page.locator(".arena script, .arena img, .arena a").count() == 0
    assert page.title() != "owned"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert seen.errors == []
    assert seen.hosts == {"127.0.0.1"}


def test_debaters_stand_abreast_and_rounds_below_one_another(site: str, page: Page, doors: Path) -> None:
    page.goto(f"{site}/transcripts?match={keys(doors, 'debate')[0]}")
    cards = page.locator(".arena .card")
    expect(cards).to_have_count(2 * 2 + 2 * 2)
    alice, bob, again = (cards.nth(i).bounding_box() for i in (0, 1, 2))
    assert alice and bob and again
    assert alice["y"] == bob["y"] < again["y"]
    assert alice["x"] == again["x"] < bob["x"]


def test_a_match_chosen_in_the_list_goes_into_the_address_and_out_again(
    site: str, page: Page, browser: Browser, doors: Path
) -> None:
    page.goto(f"{site}/transcripts")
    grid = page.get_by_test_id("stDataFrame")
    expect(grid.locator("canvas").first).to_be_visible()
    page.wait_for_timeout(500)
    grid.click(position={"x": 18, "y": 38 + 35 * 2 + 17})
    expect(page.get_by_text(f"match {keys(doors, '')[2][:12]}")).to_be_visible()
    other = browser.new_context().new_page()
    other.goto(page.url)
    expect(other.get_by_text(f"match {keys(doors, '')[2][:12]}")).to_be_visible()
    other.context.close()


def test_the_truth_reaches_the_browser_only_when_it_is_asked_for(site: str, page: Page, doors: Path) -> None:
    page.goto(f"{site}/transcripts?match={keys(doors, 'direct')[0]}")
    expect(page.get_by_text("Decided for").first).to_be_visible()
    assert "✓ the right answer" not in page.content()
    page.get_by_text("Truth", exact=True).click()
    expect(page.get_by_text("✓ the right answer")).to_be_visible()


def test_without_a_store_the_browser_gets_advice_and_no_traceback(
    serve: Callable[[Path], str], tmp_path: Path, page: Page
) -> None:
    page.goto(f"{serve(tmp_path / 'none.db')}/transcripts")
    expect(page.get_by_text("no store at")).to_be_visible()
    assert "Traceback" not in page.content()


def test_raw_calls_are_fetched_when_they_are_opened(site: str, page: Page, doors: Path) -> None:
    page.goto(f"{site}/transcripts?match={keys(doors, 'direct')[0]}")
    expect(page.get_by_text("Raw calls")).to_be_visible()
    assert '"role"' not in page.content()
    page.get_by_text("Raw calls").click()
    expect(page.get_by_text("1. stated(scripted)")).to_be_visible()
    expect(page.get_by_text('"role"').first).to_be_visible()
