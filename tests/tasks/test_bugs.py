from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest

from arena.data import Row, rows
from arena.errors import DataError
from tasks.bugs import ANSWERS, Bugs

QUIX = {
    "name": "twice",
    "buggy": 'def twice(n):  # doubles\n    return n + 2\n\n"""\nTwice a number.\n"""\n',
    "correct": '\ndef twice(n):\n    return n + n\n\n"""\ndef twice(n):\n    return 2 * n\n"""\n',
    "json_testcases": [[[3], 6], [5, 10]],
    "pytest": "assert twice(*input_data) == expected",
}
GRAPH = (
    "import pytest\nif pytest.use_correct:\n    from correct_python_programs.twice import twice\n"
    "else:\n    from python_programs.twice import twice\n\n\ndef test1():\n    assert twice(Node(3)) == 6\n"
)


def both(row: Row) -> dict[str, str]:
    """Right answer -> text, of a row's two questions."""
    return {q.answers[q.correct]: q.text for q in Bugs().ask(row)}


@pytest.mark.parametrize(("name", "count"), [("humaneval_bugs", 83), ("quixbugs", 21)])
def test_each_real_program_is_asked_about_right_and_buggy(data: Callable[[str], str], name: str, count: int) -> None:
    questions = list(Bugs(path=data(f"{name}/rows.dev.jsonl.gz")).stream(0))
    assert len(questions) == 2 * count and len({q.source for q in questions}) == count
    assert sum(q.correct for q in questions) == count
    assert len({q.text for q in questions}) == 2 * count


def test_neither_id_nor_order_in_the_file_tells_which_program_is_right(data: Callable[[str], str]) -> None:
    questions = Bugs(path=data("humaneval_bugs/rows.dev.jsonl.gz")).read()
    firsts = [q.correct for q in questions if q.id.endswith("-1")]
    assert 0.3 < sum(firsts) / len(firsts) < 0.7
    assert [q.correct for q in questions[::2]] == firsts


@pytest.mark.parametrize("name", ["humaneval_bugs", "quixbugs"])
def test_no_real_question_shows_a_comment_a_second_program_or_the_kind_of_bug(
    data: Callable[[str], str], name: str
) -> None:
    for question in Bugs(path=data(f"{name}/rows.dev.jsonl.gz")).read():
        problem, _, program = question.text.partition("\n\nProgram:\n")
        assert "#" not in program.replace("'#'", "")
        assert ast.unparse(ast.parse(program)) == program
        shown = f"{problem}\n{question.passage}"
        assert "correct_python_programs" not in shown and "use_correct" not in shown


@pytest.mark.parametrize("form", ["humaneval", "quixbugs"])
def test_the_tests_decide_as_the_data_say(data: Callable[[str], str], form: str) -> None:
    path = data("humaneval_bugs/rows.dev.jsonl.gz" if form == "humaneval" else "quixbugs/rows.dev.jsonl.gz")
    wanted = ("Python/0", "Python/1", "Python/3") if form == "humaneval" else ("to_base", "pascal", "flatten")
    for question in Bugs(path=path).read():
        if question.source in wanted:
            assert passes(question.text.partition("\n\nProgram:\n")[2], question.passage or "") != bool(
                question.correct
            )


def passes(program: str, tests: str) -> bool:
    names: dict[str, Any] = {}
    exec(program, names)
    lines = [line.split(" should give ") for line in tests.splitlines() if " should give " in line]
    try:
        if not lines:
            exec(tests, names)
        return all(eval(call, names) == eval(expected) for call, expected in lines)
    except Exception:
        return False


def test_the_problem_is_the_text_below_the_buggy_program(row: Callable[..., Row]) -> None:
    start = "Is this Python program correct?\n\nProblem:\nTwice a number.\n\nProgram:\ndef twice(n):\n    return n + "
    assert both(row(**QUIX)) == {ANSWERS[0]: f"{start}n", ANSWERS[1]: f"{start}2"}


def test_the_hidden_tests_say_what_is_expected_and_not_what_fails(row: Callable[..., Row]) -> None:
    first, second = Bugs().ask(row(**QUIX))
    assert first.passage == second.passage == "twice(3) should give 6\ntwice(5) should give 10"


def test_a_test_file_is_hidden_without_its_imports(row: Callable[..., Row]) -> None:
    question, _ = Bugs().ask(row(**QUIX | {"json_testcases": None, "pytest": GRAPH, "needs_node_class": True}))
    assert question.passage and question.passage.startswith("Node(value, successor,")
    assert question.passage.endswith("def test1():\n    assert twice(Node(3)) == 6")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"correct": QUIX["buggy"]}, "the right and the buggy program of 'twice' are the same"),
        ({"buggy": "def twice(n:"}, "column 'buggy' is not Python"),
        ({"json_testcases": [[1]]}, "column 'json_testcases.0.1': Field required"),
    ],
)
def test_a_bad_row_names_its_line(write: Callable[..., str], change: dict[str, Any], expected: str) -> None:
    with pytest.raises(DataError) as error:
        Bugs(path=write(QUIX | change)).stream(0)
    assert f"rows.jsonl:1: {expected}" in str(error.value)


def test_columns_of_neither_form_are_reported_with_those_there_are(write: Callable[..., str]) -> None:
    renamed = {"corect" if name == "correct" else name: value for name, value in QUIX.items()}
    with pytest.raises(DataError, match="no column 'canonical_solution' or 'correct'; did you mean 'corect'"):
        Bugs(path=write(renamed)).stream(0)


def test_the_real_kind_of_bug_is_a_tag_of_both_questions(data: Callable[[str], str]) -> None:
    path = data("humaneval_bugs/rows.dev.jsonl.gz")
    kinds = {row.fields["task_id"]: row.fields["bug_type"] for row in rows(path)}
    assert all(question.tags == (kinds[question.source],) for question in Bugs(path=path).read())
