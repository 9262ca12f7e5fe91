from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.clusters import ClusterMap
from napari_mousegpt.errors import FormatError, InputError, OutputExistsError

from .conftest import Made


@pytest.fixture
def saved(found: ClusterMap, tmp_path: Path) -> Path:
    return found.save(tmp_path / "map")


def test_comes_back_the_same(made: Made, found: ClusterMap, saved: Path) -> None:
    again = ClusterMap.load(saved)
    assert again.map_id == found.map_id
    assert (again.params, again.names, again.sizes) == (found.params, found.names, found.sizes)
    assert again.medoids == found.medoids
    assert again.software["hdbscan"]
    pd.testing.assert_frame_equal(again.apply(made.vectors), found.apply(made.vectors))


def test_nothing_is_pickled(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["arrays.npz", "map.json"]
    with np.load(saved / "arrays.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)
    assert json.loads((saved / "map.json").read_text())["version"] == 1


def test_an_unlimited_map_comes_back(found: ClusterMap, tmp_path: Path) -> None:
    free = replace(found, limit=float("inf"))
    assert ClusterMap.load(free.save(tmp_path / "free")).limit == float("inf")


def test_saving_again_keeps_the_folder(found: ClusterMap, saved: Path) -> None:
    before = (saved / "map.json").stat().st_mtime_ns
    assert found.save(saved) == saved
    assert (saved / "map.json").stat().st_mtime_ns == before


def test_nothing_is_overwritten(found: ClusterMap, saved: Path, tmp_path: Path) -> None:
    other = replace(found, penalty=found.penalty * 2)
    assert other.map_id != found.map_id
    with pytest.raises(OutputExistsError, match="expected a new or empty folder"):
        other.save(saved)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match="Choose another folder"):
        found.save(tmp_path / "mine")
    assert ClusterMap.load(saved).map_id == found.map_id


def test_a_broken_off_save_can_be_repeated(found: ClusterMap, saved: Path) -> None:
    (saved / "map.json").unlink()
    with pytest.raises(InputError, match=r"expected a folder with a cluster map \(map.json\)"):
        ClusterMap.load(saved)
    found.save(saved)
    assert ClusterMap.load(saved).map_id == found.map_id


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Give the folder that a map was saved to"):
        ClusterMap.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 99}, r"expected version 1 to 3, found version 99\. Update napari-mousegpt"),
        ({"kind": "something"}, "found another file"),
        ({"model": "other"}, "contents that differ from their checksum"),
        ({"sizes": [1]}, "contents that differ from their checksum"),
    ],
)
def test_a_changed_card(saved: Path, change: dict[str, object], message: str) -> None:
    card = json.loads((saved / "map.json").read_text())
    (saved / "map.json").write_text(json.dumps({**card, **change}))
    with pytest.raises(FormatError, match=message):
        ClusterMap.load(saved)


def test_a_card_that_is_no_json(saved: Path) -> None:
    (saved / "map.json").write_text("{")
    with pytest.raises(FormatError, match="found no JSON"):
        ClusterMap.load(saved)


def test_changed_numbers(saved: Path) -> None:
    with np.load(saved / "arrays.npz") as stored:
        arrays = dict(stored)
    arrays["shares"] = arrays["shares"][:, ::-1]
    np.savez(saved / "arrays.npz", **arrays)
    with pytest.raises(FormatError, match=r"numbers that differ from their checksums\. Restore"):
        ClusterMap.load(saved)


@pytest.mark.parametrize("damage", ["cut", "empty", "gone"])
def test_damaged_numbers(saved: Path, damage: str) -> None:
    path = saved / "arrays.npz"
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    with pytest.raises(FormatError, match="expected an undamaged cluster map"):
        ClusterMap.load(saved)
