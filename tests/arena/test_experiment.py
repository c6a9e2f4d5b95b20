from __future__ import annotations

from collections import Counter
from itertools import islice
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from agents.models.openai import OpenAI
from agents.models.scripted import Scripted as Model
from arena.errors import ConfigError
from arena.experiment import Experiment, load, read
from arena.match import Match
from arena.nouns import Question
from arena.protocols.consultancy import Consultancy
from arena.protocols.debate import Debate
from arena.protocols.direct import Direct

PATH = Path("/experiments/mine.toml")
CAST = dict.fromkeys(("debater", "consultant", "questioner"), "scripted")
PLAIN: dict[str, Any] = {
    "name": "mine",
    "models": {"strong": {"use": "scripted", "otherwise": "B"}, "weak": "scripted"},
    "tasks": ["passages"],
    "protocols": ["direct"],
    "agents": [{}],
    "judges": [{"use": "token", "model": "scripted"}],
}


def make(**fields: Any) -> Experiment:
    return read({**PLAIN, **fields}, PATH)


def fault(**fields: Any) -> str:
    with pytest.raises(ConfigError) as error:
        make(**fields)
    return str(error.value)


def questions(count: int, answers: int = 2) -> list[Question]:
    names = tuple(f"answer {i}" for i in range(answers))
    return [Question(id=f"q{i}", text="?", answers=names, correct=i % answers, source="s") for i in range(count)]


def even(count: int, whole: int, share: float = 0.5) -> bool:
    """Whether a count is within four standard deviations of its share."""
    return abs(count - share * whole) < 4 * sqrt(share * (1 - share) * whole)


@pytest.mark.parametrize(
    ("fields", "start"),
    [
        ({"protocls": []}, "unknown key 'protocls'; did you mean 'protocols'? choices: agents, beliefs, judges, lim"),
        ({"tasks": ["pasages"]}, "tasks[0]: no task is called 'pasages'; did you mean 'passages'? choices: "),
        ({"tasks": [{"use": "passages", "peple": 2}]}, "tasks[0]: unknown key 'peple'; did you mean 'people'? c"),
        ({"tasks": [{"use": "passages", "people": 1}]}, "tasks[0].people: Input should be greater than or equal to 2"),
        ({"protocols": [{"use": "debate", "turns": "both"}], "agents": [CAST]}, "protocols[0].turns: Input should be "),
        ({"judges": ["token", "tokne"]}, "judges[1]: no judge is called 'tokne'; did you mean 'token'? choices: "),
        ({"judges": [{"use": "token", "model": "strnog"}]}, "judges[0].model: no provider is called 'strnog'; did "),
        ({"agents": [{"debater": "debator"}]}, "agents[0].debater: no agent is called 'debator'; did you mean"),
        ({"models": {"strong": {"use": "opnai"}}}, "models.strong: no provider is called 'opnai'; did you mean 'op"),
        ({"models": {"strong": {"use": "openai", "key": "sk"}}}, "models.strong: unknown key 'key'; did you mean 'ke"),
        ({"limits": {"max_costs": 1}}, "limits: unknown key 'max_costs'; did you mean 'max_cost'? choices: max_call"),
        ({"limits": {"max_cost": -1}}, "limits.max_cost: Input should be greater than 0 (got -1)"),
        ({"workers": {"count": "many"}}, "workers.count: Input should be a valid integer"),
        ({"name": "a b"}, "name: String should match pattern"),
        ({"judges": []}, "judges: Tuple should have at least 1 item"),
        ({"repeats": 0}, "repeats: Input should be greater than or equal to 1 (got 0)"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_place_nearest_name_and_choices(fields: dict[str, Any], start: str) -> None:
    message = fault(**fields)
    assert message.startswith(f"{PATH}: {start}") and "\n" not in message, message


def test_the_model_names_of_the_file_are_among_the_choices() -> None:
    message = fault(judges=[{"use": "token", "model": "strnog"}])
    told = "no provider is called 'strnog'; did you mean 'strong'? choices: "
    assert message.startswith(f"{PATH}: judges[0].model: {told}") and message.endswith(
        "scripted, strong, weak, or a class of your own as module.Class"
    )


def test_every_mistake_has_a_line_of_its_own() -> None:
    lines = fault(judges=["tokne"], tasks=["pasages"], seed="x").splitlines()
    assert [line.split(": ")[1] for line in lines] == ["seed", "tasks[0]", "judges[0]"]


def test_a_seat_without_an_agent_says_which_role_or_seat_it_needs() -> None:
    seats = "needs a 'debater' (or one for the seat 'alice')"
    assert fault(protocols=["debate"]) == f"{PATH}: agents: debate {seats}; there is nobody"
    message = fault(protocols=["debate"], agents=[{"consultant": "scripted", "bob": "scripted"}])
    assert message == f"{PATH}: agents: debate {seats}; there is consultant, bob"
    assert make(protocols=["debate"], agents=[{"alice": "scripted", "bob": "scripted"}])


@pytest.mark.parametrize("field", ["protocols", "judges", "tasks"])
def test_the_same_one_twice_is_refused(field: str) -> None:
    value = PLAIN[field][0]
    again = {"use": value} if isinstance(value, str) else dict(value)
    assert fault(**{field: [value, again]}) == f"{PATH}: {field} holds the same one twice"


def test_judges_that_differ_in_operational_fields_alone_are_the_same() -> None:
    twice = [{"use": "token", "model": {"use": "scripted", "retries": count}} for count in (1, 2)]
    assert "judges holds the same one twice" in fault(judges=twice)


def test_a_file_that_is_missing_or_no_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent.toml: No such file"):
        load(tmp_path / "absent.toml")
    for content in (b"name = ", b"\xff\xfe"):
        (tmp_path / "bad.toml").write_bytes(content)
        with pytest.raises(ConfigError, match=r"bad.toml: not TOML: "):
            load(tmp_path / "bad.toml")


def test_a_model_is_a_name_a_table_or_a_provider() -> None:
    judges = [{"use": "token", "model": m} for m in ("strong", {"use": "scripted", "otherwise": "C"}, "openai")]
    assert [j.model for j in make(judges=judges).judges] == [Model(otherwise="B"), Model(otherwise="C"), OpenAI()]
    assert make(judges=[{"use": "token", "model": "weak"}]).judges[0].model == Model()


def test_a_seat_goes_before_its_role() -> None:
    loud = {"use": "scripted", "lines": ["loud"]}
    cast = {"debater": "scripted", "bob": loud}
    (match,) = make(protocols=["debate"], agents=[cast]).about(questions(1)[0])
    assert match.agents["alice"].lines != ("loud",) and match.agents["bob"].lines == ("loud",)


def test_the_content_hash_follows_results_and_not_how_they_are_reached() -> None:
    same = [make(), make(workers={"count": 3}), make(limits={"max_calls": 1}), make(models={})]
    assert len({experiment.id for experiment in same}) == 1
    other = [
        make(seed=1),
        make(repeats=2),
        make(judges=[{"use": "stated", "model": "scripted"}]),
        make(protocols=["expert"]),
    ]
    assert len({experiment.key for experiment in [*same, *other]}) == 5
    assert make().id == f"mine-{make().key[:8]}"


def test_what_is_shown_first_and_who_defends_what_are_balanced_and_independent() -> None:
    experiment = make(protocols=["debate"], agents=[CAST], seed=3)
    whole = 1600
    cells: Counter[tuple[bool, bool]] = Counter()
    for question in questions(whole):
        (match,) = experiment.about(question)
        cells[match.shown[0] == question.correct, match.defends["alice"] == question.correct] += 1
    assert all(even(cells[a, b], whole, 0.25) for a in (True, False) for b in (True, False)), cells


def test_the_draws_depend_neither_on_the_right_answers_place_nor_on_the_repeat() -> None:
    experiment = make(protocols=["debate"], agents=[CAST], seed=4, repeats=2)
    agree: Counter[tuple[int, str]] = Counter()
    for question in questions(1000):
        first, second = experiment.about(question)
        agree[question.correct, "shown"] += first.shown == (0, 1)
        agree[question.correct, "sides"] += first.defends["alice"] == question.correct
        agree[2, "shown"] += first.shown == second.shown
        agree[2, "sides"] += first.defends == second.defends
    assert all(even(n, 1000 if where == 2 else 500) for (where, _), n in agree.items()), agree


def test_another_seed_draws_anew() -> None:
    one, two = (make(protocols=["debate"], agents=[CAST], seed=seed) for seed in (1, 2))
    pairs = [(next(one.about(q)), next(two.about(q))) for q in questions(600)]
    assert even(sum(a.shown == b.shown for a, b in pairs), 600)
    assert even(sum(a.defends == b.defends for a, b in pairs), 600)


def test_with_four_answers_each_order_and_each_wrong_answer_is_as_likely() -> None:
    experiment = make(protocols=["consultancy"], agents=[CAST])
    first, wrong = Counter[int](), Counter[int]()
    for question in questions(1200, answers=4):
        matches = list(experiment.about(question))
        first[matches[0].shown.index(question.correct)] += 1
        (other,) = {m.defends["consultant"] for m in matches} - {question.correct}
        wrong[(other - question.correct) % 4] += 1
    assert all(even(first[place], 1200, 0.25) for place in range(4))
    assert set(wrong) == {1, 2, 3} and all(even(count, 1200, 1 / 3) for count in wrong.values())


def test_with_four_answers_the_order_shown_tells_nothing_about_who_defends_what() -> None:
    experiment = make(protocols=["consultancy"], agents=[CAST], seed=8)
    cells = Counter[tuple[bool, int, int]]()
    for question in questions(2400, answers=4):
        first, second = experiment.about(question)
        place = {match.arm(): match.shown.index(match.defends["consultant"]) for match in (first, second)}
        cells[first.arm() == "right", place["right"], place["wrong"]] += 1
    assert len(cells) == 24 and all(even(count, 2400, 1 / 24) for count in cells.values())


def test_every_protocol_gets_the_same_draws() -> None:
    protocols = ["direct", "expert", "debate", {"use": "debate", "rounds": 1}, "consultancy"]
    experiment = make(protocols=protocols, agents=[CAST])
    for question in questions(30):
        matches = list(experiment.about(question))
        assert len({m.shown for m in matches}) == 1
        assert len({m.defends["alice"] for m in matches if isinstance(m.protocol, Debate)}) == 1
        alone = next(make(protocols=["debate"], agents=[CAST]).about(question))
        assert alone.defends in [m.defends for m in matches] and alone.shown == matches[0].shown


def test_a_consultancy_is_played_for_the_right_and_for_a_wrong_answer_in_an_order_that_tells_nothing() -> None:
    experiment = make(protocols=["consultancy"], agents=[CAST])
    arms = [[m.arm() for m in experiment.about(question)] for question in questions(600)]
    assert all(sorted(pair) == ["right", "wrong"] for pair in arms)
    assert even(sum(pair[0] == "right" for pair in arms), 600)


def test_what_cannot_be_relabelled_is_played_in_both_orders_with_all_swapped() -> None:
    sequential = {"use": "debate", "turns": "sequential"}
    first, second = make(protocols=[sequential], agents=[CAST]).about(questions(1)[0])
    assert second.shown == first.shown[::-1]
    assert second.defends == {"alice": first.defends["bob"], "bob": first.defends["alice"]}
    assert first.orders == second.orders == (0,) and first.key != second.key
    matches = list(make(protocols=[{"use": "consultancy", "rounds": 2}], agents=[CAST]).about(questions(1)[0]))
    assert sorted((m.shown, m.arm()) for m in matches) == [
        ((0, 1), "right"), ((0, 1), "wrong"), ((1, 0), "right"), ((1, 0), "wrong"),
    ]  # fmt: skip


def test_a_protocol_in_which_nobody_speaks_is_played_once_however_many_casts_there_are() -> None:
    casts = [CAST, {**CAST, "debater": {"use": "scripted", "lines": ["other"]}}]
    experiment = make(protocols=["direct", "consultancy", "debate"], agents=casts)
    played = Counter(type(match.protocol) for match in experiment.about(questions(1)[0]))
    assert played == {Direct: 1, Consultancy: 2, Debate: 2}


def test_the_matches_are_a_lazy_stream_question_by_question_with_keys_of_their_own() -> None:
    task = {"use": "passages", "questions": 10**9}
    experiment = make(tasks=[task], protocols=["direct", "debate", "consultancy"], agents=[CAST], repeats=2)
    found: list[Match] = [match for _, match in islice(experiment.matches(), 80)]
    ids = [match.question.id for match in found]
    assert ids == sorted(ids, key=ids.index)
    assert len({m.key for m in found}) == 80
    assert set(Counter(ids).values()) == {8}


def test_only_the_models_in_use_are_asked_for_and_each_once() -> None:
    cast = {"debater": {"use": "debater", "model": "strong"}, "consultant": {"use": "consultant", "model": "strong"}}
    experiment = make(judges=[{"use": "token", "model": "strong"}, {"use": "stated", "model": "weak"}], agents=[cast])
    assert {p.otherwise for p in experiment.providers()} == {"A", "B"} and len(experiment.providers()) == 2


def test_an_experiment_survives_json() -> None:
    experiment = make(protocols=["debate"], agents=[CAST], judges=[{"use": "token", "model": "strong"}])
    again = Experiment.model_validate_json(experiment.model_dump_json())
    assert again == experiment and again.id == experiment.id
    assert [m.key for _, m in again.matches()] == [m.key for _, m in experiment.matches()]
