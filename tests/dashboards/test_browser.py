"""The dashboard in a real browser, on a real server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doors import keys, played
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect
from seeing import FIRST, PAGES
from sqlalchemy import update

from arena.store import schema
from arena.store.db import connect
from arena.store.read import run_id
from arena.store.write import insert
from arena.tally import Tally

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


def ready(page: Page) -> None:
    """Wait until no script runs."""
    page.wait_for_function("document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'")


def row(page: Page, chart: int, number: int) -> None:
    """Click on a row of a chart."""
    box = page.get_by_test_id("stVegaLiteChart").nth(chart)
    box.scroll_into_view_if_needed()
    words = box.locator("svg text", has_text="points ·").nth(number)
    words.click(position={"x": 5, "y": 5}, force=True)


def test_every_page_shows_itself_without_error_and_asks_no_other_host(site: str, page: Page) -> None:
    seen = Seen(page)
    for name in PAGES:
        page.goto(f"{site}/{'' if name == FIRST else name}")
        expect(page.get_by_test_id("stHeading").first).to_be_visible()
        ready(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        expect(page.get_by_text("This cannot be shown")).to_have_count(0)
        expect(page.locator("svg text", has_text="NaN")).to_have_count(0)
        expect(page.locator("a[href*='example.invalid']")).to_have_count(0)  # speakers are called by what they say
    assert seen.errors == []
    assert seen.hosts == {"127.0.0.1"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_is_wider_than_a_narrow_window_in_either_theme(site: str, browser: Browser, theme: str) -> None:
    context = browser.new_context(viewport={"width": 420, "height": 900}, color_scheme=theme)
    page = context.new_page()
    for name in PAGES:
        page.goto(f"{site}/{'' if name == FIRST else name}")
        expect(page.get_by_test_id("stHeading").first).to_be_visible()
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    context.close()


def test_the_comparison_shows_its_charts_with_a_name_for_those_who_do_not_see_them(site: str, page: Page) -> None:
    page.goto(f"{site}/compare")
    expect(page.get_by_role("heading", name="Protocols compared")).to_be_visible()
    chart = page.get_by_test_id("stVegaLiteChart").first
    expect(chart.locator("svg").first).to_be_visible()
    expect(page.get_by_label("debate(rounds=2): 50 %").first).to_be_attached()
    expect(page.get_by_role("button", name="Download CSV").first).to_be_attached()


def test_from_a_mark_to_the_questions_to_both_transcripts_to_a_raw_call_and_all_of_it_in_the_address(
    site: str, page: Page, browser: Browser
) -> None:
    page.goto(f"{site}/compare?judges=scripted(passage)")
    ready(page)
    row(page, 1, 0)
    expect(page.get_by_text("On 6 of 6 questions expert and direct score differently")).to_be_visible()
    ready(page)
    with browser.new_context() as other:
        copy = other.new_page()
        copy.goto(page.url)
        expect(copy.get_by_text("On 6 of 6 questions expert and direct score differently")).to_be_visible()
    choose(page, page.get_by_test_id("stDataFrame").locator("visible=true").nth(1), 1)
    expect(page.get_by_role("button", name="Left alone")).to_be_visible()
    assert "beside=" in page.url and "match=" in page.url
    page.get_by_text("Raw calls").click()
    choose(page, page.get_by_test_id("stDataFrame").first, 0)
    expect(page.get_by_text('"role"').first).to_be_visible()
    with browser.new_context() as other:
        copy = other.new_page()
        copy.goto(page.url)
        expect(copy.get_by_text('"role"').first).to_be_visible()
        expect(copy.get_by_text("match ")).to_have_count(2)


def choose(page: Page, grid: Locator, number: int) -> None:
    """Choose a row of a table."""
    expect(grid.locator("canvas").first).to_be_visible()
    ready(page)
    page.wait_for_timeout(500)
    grid.scroll_into_view_if_needed()
    grid.click(position={"x": 18, "y": 38 + 35 * number + 17})


def test_filters_of_the_transcripts_are_in_the_address(site: str, page: Page, browser: Browser) -> None:
    page.goto(f"{site}/transcripts")
    page.get_by_label("Words in the question or a speech").fill("door 3")
    page.get_by_label("Words in the question or a speech").press("Enter")
    expect(page.get_by_text("5 of 30 matches")).to_be_visible()
    page.get_by_test_id("stMain").get_by_test_id("stSelectbox").first.click()
    page.get_by_role("option", name="expert").click()
    expect(page.get_by_text("1 of 30 matches")).to_be_visible()
    with browser.new_context() as other:
        copy = other.new_page()
        copy.goto(page.url)
        expect(copy.get_by_text("1 of 30 matches")).to_be_visible()


def test_a_verified_quote_leads_to_its_place_in_the_passage(site: str, page: Page, doors: Path) -> None:
    page.goto(f"{site}/transcripts?match={keys(doors, 'debate')[0]}")
    page.get_by_text("Hidden passage", exact=True).click()
    quote = page.locator("a.quote").last
    quote.click()
    expect(page.locator("mark:target")).to_be_in_viewport()
    expect(quote).to_be_in_viewport()


def test_the_live_page_keeps_what_was_chosen_while_it_goes_on(
    serve: Callable[[Path], str], tmp_path: Path, page: Page
) -> None:
    mute = {"use": "scripted", "lines": [""]}
    store = played(tmp_path, protocols=["direct", "debate"], agents=[{"debater": mute}], first=9)
    beat(store)
    page.goto(f"{serve(store)}/live")
    expect(page.get_by_text("▶ playing")).to_be_visible()
    box, option = page.get_by_role("combobox", name="Kind"), page.get_by_role("option", name="unreadable")
    for _ in range(20):  # a list that is opened while the page is still being drawn closes again
        if not option.is_visible():
            box.click()
            page.wait_for_timeout(1000)
    option.click()
    beat(store, calls_per_second=77.0)
    expect(page.get_by_text("77.0", exact=True).first).to_be_visible()
    expect(box).to_have_value("unreadable")
    assert "kind=unreadable" in page.url


def beat(store: Path, **figures: float) -> None:
    """A driver on another machine says how it goes."""
    body = {**Tally(30).figures(), **figures}
    row = {
        "run": run_id(connect(str(store)), None),
        "holder": "x@elsewhere/1:1:1",
        "at": time.time() + 60,
        "body": body,
    }
    with connect(str(store)).execution_options(writes=True).begin() as db:
        insert(db, schema.pulses, [row])
        db.execute(update(schema.pulses).values(body=body))


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
    page.get_by_role("link", name="Transcripts").first.click()
    expect(page.get_by_role("heading", name="Transcripts")).to_be_visible()
    page.get_by_role("link", name="Protocols compared").first.click()
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
    page.wait_for_function(
        """() => {
            const cards = [...document.querySelectorAll(".arena .card")].slice(0, 3);
            const [alice, bob, again] = cards.map(card => card.getBoundingClientRect());
            return alice.y === bob.y && bob.y < again.y && alice.x === again.x && again.x < bob.x;
        }"""
    )


def test_a_match_chosen_in_the_list_goes_into_the_address_and_out_again(
    site: str, page: Page, browser: Browser, doors: Path
) -> None:
    page.goto(f"{site}/transcripts")
    choose(page, page.get_by_test_id("stDataFrame").first, 2)
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
    assert "Requests hold the hidden passage" not in page.content()
    page.get_by_text("Raw calls").click()
    expect(page.get_by_text("Requests hold the hidden passage")).to_be_visible()
    assert '"role"' not in page.content()
