from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from every import PLUGINS, base, changed, make, operational

from arena.plugin import FOLDERS, Plugin, find, first_line, key, names


@pytest.fixture(params=PLUGINS, ids="-".join)
def plugin(request: pytest.FixtureRequest) -> Plugin:
    return make(*request.param)


@pytest.mark.parametrize("kind", FOLDERS)
def test_every_kind_has_plugins(kind: str) -> None:
    assert names(kind)


def test_a_plugin_is_what_its_file_is_called(plugin: Plugin) -> None:
    assert base(plugin.kind).model_validate(plugin.name) == plugin
    assert plugin.name == plugin.label in names(plugin.kind)
    assert isinstance(plugin, base(plugin.kind))


def test_every_field_has_a_default(plugin: Plugin) -> None:
    assert [name for name, field in type(plugin).model_fields.items() if field.is_required()] == []


def test_the_module_says_in_one_sentence_what_it_is(plugin: Plugin) -> None:
    line = first_line(plugin.kind, plugin.name)
    assert 20 <= len(line) <= 120
    assert line[0].isupper() and line[-1] in ".?!)" and not re.search(r"[a-z][.!] [A-Z]", line), line


def test_it_survives_json(plugin: Plugin) -> None:
    again = base(plugin.kind).model_validate(plugin.model_dump(mode="json"))
    assert again == plugin and type(again) is type(plugin)
    assert base(plugin.kind).model_validate_json(plugin.model_dump_json()) == plugin
    assert key(again) == key(plugin)


def test_it_survives_pickle(plugin: Plugin) -> None:
    again = pickle.loads(pickle.dumps(plugin))
    assert again == plugin and key(again) == key(plugin)


def test_it_cannot_be_changed(plugin: Plugin) -> None:
    for name in type(plugin).model_fields:
        with pytest.raises(ValueError, match="frozen"):
            setattr(plugin, name, getattr(plugin, name))


def test_an_unknown_field_is_an_error(plugin: Plugin) -> None:
    with pytest.raises(ValueError, match=r"unknown key 'nosuchfield'; .*choices:"):
        make(plugin.kind, plugin.name, nosuchfield=1)


def test_the_content_key_follows_each_field_but_the_operational_ones(plugin: Plugin) -> None:
    for field in type(plugin).model_fields:
        other = changed(plugin, field)
        assert other is not None, f"no second value found for {field}"
        assert (key(other) == key(plugin)) == operational(plugin, field), field


def test_the_label_tells_apart_what_the_key_tells_apart(plugin: Plugin) -> None:
    for field in type(plugin).model_fields:
        other = changed(plugin, field)
        assert other is not None
        assert (other.label == plugin.label) == operational(plugin, field), field


def test_a_change_survives_json_and_pickle(plugin: Plugin) -> None:
    for field in type(plugin).model_fields:
        other = changed(plugin, field)
        assert other is not None
        assert base(plugin.kind).model_validate_json(other.model_dump_json()) == other
        assert pickle.loads(pickle.dumps(other)) == other


def test_a_field_with_a_model_takes_it_whole_into_json_and_key(plugin: Plugin) -> None:
    if "model" not in type(plugin).model_fields or plugin.kind == "provider":
        return
    one, two = (
        make(plugin.kind, plugin.name, model={"use": "scripted", "otherwise": text, "retries": 9}) for text in "BC"
    )
    assert json.loads(one.model_dump_json())["model"]["otherwise"] == "B"
    assert key(one) != key(two)
    patient = make(plugin.kind, plugin.name, model={"use": "scripted", "otherwise": "B", "retries": 1})
    assert key(patient) == key(one)


def test_content_keys_are_the_same_in_another_process() -> None:
    code = "from every import *; from arena.plugin import key; print(*(key(make(*p)) for p in PLUGINS))"
    here = Path(__file__)
    paths = f"{here.parents[2]}:{here.parent}"
    run = [sys.executable, "-c", code]
    out = subprocess.run(run, env={"PYTHONPATH": paths, "PYTHONHASHSEED": "7"}, capture_output=True, check=True)
    assert out.stdout.decode().split() == [key(make(*p)) for p in PLUGINS]


def test_two_plugins_never_share_a_key() -> None:
    keys = [key(find(kind, name).model_validate({})) for kind, name in PLUGINS if kind != "metric"]
    assert len(set(keys)) >= len({name for _, name in PLUGINS if _ != "metric"})
