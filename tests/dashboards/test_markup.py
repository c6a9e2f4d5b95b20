"""Text that models wrote, as HTML and as words of a widget."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.nouns import Quote, Turn
from dashboards import markup
from dashboards.exhibit import table

TAG = re.compile(r"<[^>]*>")
OURS = re.compile(
    r'</?(?:div|bdi|mark|span|a)(?: class="[a-z ]+")?(?: id="[\w-]+")?(?: href="#[\w-]+")?(?: title="[^"<>]*")?'
    r'(?: tabindex="0")?>'
)


def said(text: str, verified: bool = True) -> Turn:
    quotes = tuple(Quote(text=one, verified=verified) for one in re.findall("<quote>(.*?)</quote>", text, re.DOTALL))
    return Turn(seat="alice", round=1, text=text, quotes=quotes)


@given(st.text(alphabet=st.sampled_from("<>/\"'&=quote marks\u202e\0 a\n"), max_size=60), st.text(max_size=3))
def test_no_text_makes_a_tag_that_is_not_ours(text: str, words: str) -> None:
    made = markup.spoken(said(f"<quote>{text}</quote>{text}"), ["p-3"], words) + markup.text(text, words=words)
    assert all(OURS.fullmatch(tag) for tag in TAG.findall(made))


def test_a_verified_quote_leads_to_its_place_and_an_unverified_one_nowhere() -> None:
    text = "See <quote>the boat</quote>."
    assert 'href="#p-7"' in markup.spoken(said(text), ["p-7"])
    assert "href" not in markup.spoken(said(text), [])
    assert "href" not in markup.spoken(said(text, verified=False), ["p-7"])


def test_the_places_of_a_passage_are_marked_once_where_they_overlap() -> None:
    made = markup.marked("one two three four", [(4, 13), (8, 18)], "p")
    assert made.count("<mark") == 3
    assert 'id="p-4"' in made and 'id="p-8"' in made
    assert TAG.sub("", made) == "one two three four"


def test_words_that_are_looked_for_stand_out_whatever_their_case() -> None:
    assert '<mark class="hit">Bees</mark>' in markup.text("Bees & wasps", words="bees")
    assert "&amp;" in markup.text("Bees & wasps", words="amp")


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200f", "\u061c"])
def test_words_of_a_widget_cannot_turn_what_follows_them(sign: str) -> None:
    assert sign not in markup.plain(f"debate{sign}")


@pytest.mark.parametrize("link", ["https://a.b/c", "HTTP://a.b", "www.a.b", "see me@a.b"])
def test_words_of_a_widget_are_no_link(link: str) -> None:
    read = markup.plain(link).replace("\\", "")
    assert not re.search(r"(?i)https?://|www\.|\w@\w", read)
    assert read.replace("\u2060", "") == link


def test_a_text_of_megabytes_is_cut_and_says_so() -> None:
    assert len(markup.text("x" * 3_000_000)) < markup.LIMIT + 200
    assert "2,900,000 more characters" in markup.text("x" * 3_000_000)


def test_no_cell_of_a_file_is_a_formula() -> None:
    made = table([{"protocol": "=HYPERLINK(1)", "n": -3}, {"protocol": "@x", "more": "é"}])
    assert made.splitlines() == ["protocol,n,more", "'=HYPERLINK(1),-3,", "'@x,,é"]
