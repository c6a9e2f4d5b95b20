from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agents.consultant import Consultant
from agents.debater import Debater
from agents.models.scripted import Scripted as Model
from agents.questioner import Questioner
from agents.scripted import Scripted
from arena.agent import Agent
from arena.errors import ConfigError, Unreadable
from arena.nouns import Cue, Quote, Said, Speech, View
from arena.speech import candidates
from arena.wire import Wire, recording
from judges.token import Token

PASSAGE = (
    "Mira kept bees. Jonas kept goats on the hill! Mira sold honey in spring. Jonas sold cheese.\nAlone\nIt rained."
)
VIEW = View(
    seat="alice",
    question="What did Mira sell?",
    answers=("honey", "cheese"),
    sides={"alice": 0, "bob": 1},
    passage=PASSAGE,
)
CUE = Cue(seat="alice", round=1, words=30)


def said(agent: Agent, view: View = VIEW, cue: Cue = CUE) -> tuple[Speech, dict[str, Any]]:
    """What the agent says, and the call it took."""

    async def run() -> tuple[Speech, dict[str, Any]]:
        async with Wire():
            with recording() as calls:
                speech = await agent.speak(view, cue)
            return speech, {"calls": calls, "asked": json.loads(calls[-1].request) if calls else []}

    return asyncio.run(run())


def debater(reply: str, **fields: Any) -> Debater:
    return Debater(model=Model(otherwise=reply), **fields)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("<thinking>She lies.</thinking><argument>Honey.</argument>", "Honey."),
        ("<argument> Honey. </argument> trailing", "Honey."),
        ("<argument>Honey, and then the limit", "Honey, and then the limit"),
        ("<Thinking>She lies.</Thinking>\nHoney.", "Honey."),
        ("<think>She lies.</think>Honey.", "Honey."),
        ("She lies.</think>Honey.", "Honey."),
        ("She lies.\n</thinking>\n<argument>Honey.</argument>", "Honey."),
        ("<thinking>I put it in <argument> tags: she lies.</thinking><argument>Honey.</argument>", "Honey."),
        ("<thinking>an <argument>draft</argument>, she lies</thinking> <ARGUMENT>Honey.</ARGUMENT>", "Honey."),
        ("<thinking>she lies <argument>Honey.</argument>", "Honey."),
        ("<argument>Honey.</argument><thinking>She lies.</thinking>", "Honey."),
        ("Honey.", "Honey."),
    ],
)
def test_only_the_argument_is_public_and_the_whole_reply_is_kept_apart(reply: str, text: str) -> None:
    speech, _ = said(debater(reply))
    tagged = "<argument>" in reply.casefold()
    assert speech == Speech(text=text, private=reply, outcomes=() if tagged else ("untagged",))


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("", "an empty argument"),
        (" \n", "an empty argument"),
        ("<argument> </argument>", "an empty argument"),
        ("<thinking>All thought.</thinking>", "an empty argument"),
        ("<thinking>She lies and the limit", "within its thinking"),
        ("<THINK>She lies and the limit", "within its thinking"),
    ],
)
def test_a_reply_without_an_argument_is_unreadable(reply: str, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        said(debater(reply))


def test_a_chosen_quote_stands_before_the_argument() -> None:
    reply = '{"quote": "Mira sold honey in spring.", "argument": "So it is honey."}'
    speech, _ = said(debater(reply, quotes="chosen"))
    assert speech.text == "<quote>Mira sold honey in spring.</quote> So it is honey."


@pytest.mark.parametrize("reply", ["Honey.", '{"quote": "x"}', "[1]", "{", '{"quote": "x", "argument": " "}', "null"])
def test_a_chosen_reply_that_is_not_the_json_asked_for_is_unreadable(reply: str) -> None:
    with pytest.raises(Unreadable, match=r"not the JSON asked for|an empty argument"):
        said(debater(reply, quotes="chosen"))


def test_the_sentences_to_choose_from_are_those_of_the_passage_in_their_order() -> None:
    found = candidates(VIEW, 40)
    assert found[:3] == ["Mira kept bees.", "Jonas kept goats on the hill!", "Mira sold honey in spring."]
    assert found[3:] == ["Jonas sold cheese.", "It rained."]
    assert candidates(VIEW, 1) == ["Mira sold honey in spring."]
    assert candidates(VIEW.model_copy(update={"passage": "x"}), 3) == ["(nothing to quote)"]


def test_the_same_turn_is_sampled_alike_and_another_anew() -> None:
    bob = VIEW.model_copy(update={"seat": "bob", "sides": {"bob": 0, "alice": 1}})
    turns = [(VIEW, CUE), (VIEW, CUE), (bob, CUE.model_copy(update={"seat": "bob"}))]
    calls = [said(debater("Honey."), view, cue)[1]["calls"][0] for view, cue in turns]
    assert calls[0].key == calls[1].key != calls[2].key
    assert calls[0].request == calls[2].request, "they differ in the seed alone"


def test_a_speaker_is_told_passage_question_answers_side_and_limit_but_no_letters() -> None:
    asked = said(debater("Honey."))[1]["asked"]
    (message,) = asked
    for part in (PASSAGE, VIEW.question, "- cheese\n- honey", "right answer is: honey", "at most 30 words"):
        assert part in message["content"]
    turned = VIEW.model_copy(update={"answers": VIEW.answers[::-1], "sides": {"alice": 1, "bob": 0}})
    assert said(debater("Honey."), turned)[1]["asked"] == asked


def test_a_debater_answers_what_the_other_said_with_the_arenas_marks() -> None:
    quotes = (Quote(text="sold cheese", verified=True),)
    turns = (
        Said(seat="alice", round=1, text="Honey.", private="<argument>Honey.</argument>"),
        Said(seat="bob", round=1, text="But <quote>sold cheese</quote>!", quotes=quotes),
    )
    view = VIEW.model_copy(update={"turns": turns})
    asked = said(debater("Still honey."), view, CUE.model_copy(update={"round": 2}))[1]["asked"]
    assert [m["role"] for m in asked] == ["user", "assistant", "user"]
    assert asked[1]["content"] == "<argument>Honey.</argument>"
    assert "But <v_quote>sold cheese</v_quote>!" in asked[2]["content"] and "Round 2." in asked[2]["content"]


def test_a_consultant_answers_the_judges_question() -> None:
    turns = (
        Said(seat="consultant", round=1, text="Honey.", private="Honey."),
        Said(seat="judge", round=2, act="ask", text="When was that?", after=1),
    )
    view = VIEW.model_copy(update={"seat": "consultant", "sides": {"consultant": 0}, "turns": turns})
    agent = Consultant(model=Model(rules={"When was that": "In spring."}, otherwise="no"))
    speech, told = said(agent, view, Cue(seat="consultant", round=2, act="answer"))
    assert speech.text == "In spring." and "[Round 2] The judge asks:\n| When was that?" in told["asked"][-1]["content"]


def test_an_agent_in_a_role_that_its_prompt_does_not_know_says_which_section_is_missing() -> None:
    view = VIEW.model_copy(
        update={"turns": (Said(seat="alice", round=1, text="x"), Said(seat="bob", round=1, text="y"))}
    )
    with pytest.raises(ConfigError, match="the prompt has no section 'rebuttal'"):
        said(Consultant(), view)


def test_the_questioner_sees_what_the_judge_sees() -> None:
    turns = (Said(seat="consultant", round=1, text="Honey.\n[Round 1] The judge asks:"),)
    view = View(seat="judge", question="What?", answers=("honey", "rye"), sides={"consultant": 0}, turns=turns)
    speech, told = said(
        Questioner(model=Model(otherwise=" Why? \n")), view, Cue(seat="judge", round=2, act="ask", words=9)
    )
    (message,) = told["asked"]
    assert speech.text == "Why?" and PASSAGE not in message["content"]
    assert "[Round 1] Consultant, for answer A:\n| Honey.\n| [Round 1]" in message["content"]
    with pytest.raises(Unreadable, match="an empty question"):
        said(Questioner(model=Model(otherwise=" ")), view)


def test_a_scripted_agent_says_its_lines_in_turn_and_then_the_last() -> None:
    agent = Scripted(lines=("First $mine.", "Round $round."))
    turns: tuple[Said, ...] = ()
    for number, wanted in enumerate(["First honey.", "Round 2.", "Round 3."], 1):
        speech, _ = said(agent, VIEW.model_copy(update={"turns": turns}), Cue(seat="alice", round=number))
        assert speech.text == wanted
        turns += (Said(seat="alice", round=number, text=speech.text), Said(seat="bob", round=number, text="no"))


CHOSEN = '{"quote": "Mira kept bees.", "argument": "Honey it is."}'
QUOTED = {"free": "<thinking>Hm.</thinking><argument>Honey.</argument>", "chosen": CHOSEN}


def sent(quotes: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    """The message of the first round and the call's sampling schema."""
    agent = debater(QUOTED[quotes], quotes=quotes, **fields)
    schema = agent._schema(VIEW, CUE) or {"properties": {}}
    return said(agent)[1]["asked"][0]["content"], schema["properties"]


@pytest.mark.parametrize("quotes", ["free", "chosen"])
def test_persona_and_examples_stand_between_the_case_and_the_role(quotes: str, tmp_path: Path) -> None:
    (tmp_path / "shots.md").write_text("A good turn:\n$5 was paid.\n")
    plain, _ = sent(quotes)
    told, _ = sent(quotes, persona="You are a lawyer.", shots=str(tmp_path / "shots.md"))
    before, after = plain.split("You take part", 1)
    assert told == f"{before}A good turn:\n$5 was paid.\n\nYou are a lawyer.\n\nYou take part{after}"


def test_a_persona_of_one_word_is_a_prompts_name() -> None:
    with pytest.raises(ValueError, match="no prompt is called 'lawyer'"):
        debater("", persona="lawyer")
    assert debater("", persona="questioner").persona.startswith("=== ask ===")


def test_thinking_in_private_may_be_left_out_and_may_come_before_a_chosen_quote() -> None:
    assert sent("free")[0] == sent("free", scratchpad=True)[0] != sent("free", scratchpad=False)[0]
    assert "<thinking>" not in sent("free", scratchpad=False)[0]
    assert sent("chosen") == sent("chosen", scratchpad=False)
    message, fields = sent("chosen", scratchpad=True)
    assert list(fields) == ["thinking", "quote", "argument"] and message.startswith(sent("chosen")[0][:200])
    thought = CHOSEN.replace("{", '{"thinking": "She lies.", ')
    speech, _ = said(debater(thought, quotes="chosen", scratchpad=True))
    assert "She lies." in speech.private and "She lies." not in speech.text


@pytest.mark.parametrize("quotes", ["free", "chosen"])
def test_with_everything_added_later_messages_still_extend_earlier_ones(quotes: str) -> None:
    agent = debater("", quotes=quotes, persona="A lawyer.", shots="An example.", scratchpad=True)
    turns = (Said(seat="alice", round=1, text="x", private="y"), Said(seat="bob", round=1, text="z"))
    first = agent.messages(VIEW, CUE)
    second = agent.messages(VIEW.model_copy(update={"turns": turns}), CUE.model_copy(update={"round": 2}))
    assert second[:1] == first and len(second) == 3


@pytest.mark.parametrize(("letter", "outcomes"), [("A", ()), ("B", ("off-side",)), ("?", ())])
def test_a_judge_may_check_for_which_answer_a_speech_is(letter: str, outcomes: tuple[str, ...]) -> None:
    agent = debater("<argument>Honey.</argument>", check=Token(model=Model(otherwise=letter), shots=0))
    speech, told = said(agent)
    assert speech.outcomes == outcomes and len(told["calls"]) == 2
    asked = told["asked"][0]["content"]
    assert "[Round 1] Speaker:\n| Honey." in asked and "Passage" not in asked and "alice" not in asked.casefold()
    assert "this one speech argues for" in asked
