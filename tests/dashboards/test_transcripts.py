"""The page of transcripts, drawn without a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from doors import keys
from seeing import fine, words
from streamlit.testing.v1 import AppTest


def asked(at: AppTest, *names: str) -> AppTest:
    """The page with more shown."""
    for name in names:
        at.toggle(key=f"shows {name}").set_value(True)
    return at.run()


def test_the_truth_is_not_in_the_page_until_it_is_asked_for(app: Any, doors: Path) -> None:
    at = app(doors, "transcripts", match=keys(doors, "consultancy")[0])
    fine(at)
    assert not re.search("right|wrong|correct|Here the door", words(at))
    assert [box.label for box in at.selectbox] == ["Protocol", "Tag", "Run"]


def test_the_truth_brings_verdicts_arms_and_their_filters(app: Any, doors: Path) -> None:
    at = asked(app(doors, "transcripts", match=keys(doors, "direct")[0]), "truth")
    assert [box.label for box in at.selectbox] == ["Protocol", "Tag", "Arm", "Verdict", "Run"]
    assert "✓ the right answer" in words(at)
    at.selectbox(key="verdict").select("tie").run()
    assert set(at.dataframe[0].value["verdicts"].str.contains("tie")) == {True}


def test_no_address_shows_the_truth_but_it_says_that_its_sender_did(app: Any, doors: Path) -> None:
    at = app(doors, "transcripts", match=keys(doors, "direct")[0], shown="truth,passage", verdict="wrong")
    assert "✓ the right answer" not in words(at) and "Here the door" not in words(at)
    assert "copied with more shown: truth, hidden passage" in words(at)
    next(button for button in at.button if button.label == "Show it").click().run()
    assert "✓ the right answer" in words(at)
    assert at.selectbox(key="verdict").value == "wrong"


def test_what_is_shown_is_noted_in_the_address(app: Any, doors: Path) -> None:
    at = asked(app(doors, "transcripts", match=keys(doors, "debate")[0]), "private", "passage")
    assert at.query_params["shown"] == "private,passage"
    assert "line 1" in words(at)
    assert "Here" in words(at) and "the door is</mark> red." in words(at)


def test_quotes_carry_the_arena_s_word_and_lead_to_the_passage_that_is_shown(app: Any, doors: Path) -> None:
    at = app(doors, "transcripts", match=keys(doors, "debate")[0])
    assert re.search("✓ verified</span> “<bdi>the door is", words(at))
    assert re.search("✗ unverified</span> “<bdi>no such words", words(at))
    assert "href" not in words(at)
    shown = words(asked(at, "passage"))
    assert set(re.findall('href="#([^"]+)"', shown)) == set(re.findall('<mark id="([^"]+)"', shown)) != set()


def test_filters_and_words_narrow_the_list(app: Any, doors: Path) -> None:
    at = app(doors, "transcripts", words="door 3")
    assert len(at.dataframe[0].value) == 5
    at.selectbox(key="protocol").select("direct").run()
    assert list(at.dataframe[0].value["question"]) == ["Door 3?"]
    at.text_input(key="words").set_value("ONERROR").run()
    assert len(at.dataframe[0].value) == 0


def test_words_that_were_looked_for_stand_out(app: Any, doors: Path) -> None:
    at = app(doors, "transcripts", match=keys(doors, "debate")[0], words="SUCH words")
    assert '<mark class="hit">such words</mark>' in words(at)


def test_the_list_is_shown_a_page_at_a_time(app: Any, doors: Path) -> None:
    first, second = app(doors, "transcripts"), app(doors, "transcripts", page="2")
    assert (len(first.dataframe[0].value), len(second.dataframe[0].value)) == (25, 5)
    assert len(app(doors, "transcripts", page="99999").dataframe[0].value) == 5
    assert len(app(doors, "transcripts", page="²").dataframe[0].value) == 25


def test_tags_stand_in_the_list_and_over_the_transcript(app: Any, doors: Path) -> None:
    at = app(doors, "transcripts", match=keys(doors, "debate")[0], protocol="debate(rounds=2)")
    assert set(at.dataframe[0].value["tags"]) == {"unverified quote, repeats itself, flips"}
    assert "unverified quote ×4</span>" in words(at)


def test_the_beginning_of_a_key_will_do_and_a_wrong_one_is_said(app: Any, doors: Path) -> None:
    key = keys(doors, "expert")[0]
    assert f"match {key[:12]}" in words(app(doors, "transcripts", match=key[:10]))
    assert "names no match" in app(doors, "transcripts", match="zzz").warning[0].value


def test_the_next_match_goes_into_the_address(app: Any, doors: Path) -> None:
    first, second = keys(doors, "")[:2]
    at = app(doors, "transcripts", match=first)
    next(button for button in at.button if button.label.startswith("Next")).click().run()
    assert at.query_params["match"] == second


def test_two_transcripts_stand_side_by_side_and_either_alone(app: Any, doors: Path) -> None:
    one, other = keys(doors, "debate")[0], keys(doors, "direct")[0]
    at = app(doors, "transcripts", match=one, beside=other)
    fine(at)
    assert f"match {one[:12]}" in words(at) and f"match {other[:12]}" in words(at)
    assert not at.text_input
    next(button for button in at.button if button.label == "Right alone").click().run()
    assert at.query_params["match"] == other and "beside" not in at.query_params


def test_a_raw_call_is_shown_by_its_address(app: Any, doors: Path) -> None:
    key = keys(doors, "direct")[0]
    at = app(doors, "transcripts", match=key, call="1")
    fine(at)
    calls = at.dataframe[-1].value
    assert list(calls["who"]) == ["stated(scripted)"] * 2
    assert list(calls["cost"]) == ["$0.00"] * 2
