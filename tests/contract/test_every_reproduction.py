from __future__ import annotations

from pathlib import Path

import pytest
from every import make

from arena.errors import ConfigError
from arena.plugin import names
from arena.reproduction import Reproduction


@pytest.fixture(params=names("reproduction"))
def reproduction(request: pytest.FixtureRequest) -> Reproduction:
    made: Reproduction = make("reproduction", request.param)
    return made


def test_it_names_its_paper_and_what_differs_from_it(reproduction: Reproduction) -> None:
    assert any(year in reproduction.source for year in map(str, range(2000, 2030)))
    assert reproduction.deviations and all(len(one) > 20 for one in reproduction.deviations)


def test_without_data_it_says_what_it_needs(reproduction: Reproduction, tmp_path: Path) -> None:
    if not reproduction.data:
        pytest.skip("it is played")
    assert ":" in reproduction.data
    with pytest.raises(ConfigError, match="path"):
        list(reproduction.lines())
    with pytest.raises(ConfigError, match=str(tmp_path)):
        list(reproduction.model_copy(update={"path": str(tmp_path)}).lines())
