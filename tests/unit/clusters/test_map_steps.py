"""Steps of a map are found from the map, and the map from its steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.clusters.map_steps import base_of, new_step, steps_of


def _card(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "map.json").touch()
    return folder


@pytest.mark.parametrize(("base", "grown"), [("run/result/map", "run/map.grown"), ("m", "m.grown")])
def test_there_and_back(tmp_path: Path, base: str, grown: str) -> None:
    place = _card(tmp_path / base)
    assert new_step(place) == tmp_path / grown / "001"
    steps = [_card(tmp_path / grown / number) for number in ("002", "010")]
    assert steps_of(place) == [place, *steps]
    assert new_step(place) == tmp_path / grown / "011"
    assert [base_of(step) for step in (place, *steps)] == [place] * 3


def test_a_step_without_its_map_stands_for_itself(tmp_path: Path) -> None:
    alone = _card(tmp_path / "map.grown" / "001")
    assert base_of(alone) == alone
    assert steps_of(alone) == [alone]


def test_a_copy_of_a_step_is_none(tmp_path: Path) -> None:
    place, step = _card(tmp_path / "m"), _card(tmp_path / "m.grown" / "001")
    for name in ("001 copy", "001-old", "2nd"):
        _card(tmp_path / "m.grown" / name)
    assert steps_of(place) == [place, step]
    assert new_step(place) == tmp_path / "m.grown" / "002"
