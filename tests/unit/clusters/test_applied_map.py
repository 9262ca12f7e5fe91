"""The map that labels of ``apply`` are from: its own place, its steps, and another one there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_mousegpt.clusters.applied_map import map_applied
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.errors import InputError, MismatchError


def _map(folder: Path, map_id: str, parent: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "map.json").write_text(json.dumps({"map_id": map_id, "parent": parent}))
    return folder


def _applied(folder: Path, source: Path, map_id: str) -> Path:
    (folder / "result").mkdir(parents=True)
    card = RunCard("apply_map", {}, {"map": map_id}, {"map": str(source)})
    (folder / "result" / "run_card.json").write_text(card.to_json(), encoding="utf-8")
    return folder


@pytest.mark.parametrize("inside", ["run/result/map", "lent"])
def test_the_map_itself_and_its_steps_are_taken_and_no_other(tmp_path: Path, inside: str) -> None:
    base = _map(tmp_path / inside, "one")
    grown = (tmp_path / "run" if "run" in inside else tmp_path) / f"{base.name}.grown"
    applied = _applied(tmp_path / "applied", base, "one")
    assert map_applied(applied) == base
    step = _map(grown / "001", "two", "one")
    assert map_applied(applied) == base
    # Labels by a step, and labels told to be from the base though a step made them: one map.
    assert map_applied(_applied(tmp_path / "by step", step, "two")) == step
    assert map_applied(_applied(tmp_path / "by either", base, "two")) == base
    # Fitted again in the same place: the step there is of the map before.
    _map(base, "three")
    with pytest.raises(MismatchError, match=r"labels in .*applied.*another map.*Apply .* again"):
        map_applied(applied)
    assert map_applied(tmp_path / "by step") == step


def test_a_map_or_a_card_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run card that names its map"):
        map_applied(tmp_path)
    applied = _applied(tmp_path / "applied", tmp_path / "gone", "one")
    with pytest.raises(InputError, match=r"gone: expected the map .*no such folder"):
        map_applied(applied)
