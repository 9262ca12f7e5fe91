"""Arenas in files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.core.arena import Arena, Zone
from napari_mousegpt.errors import FormatError, InputError, MismatchError, MouseGPTError
from napari_mousegpt.io.arenas import is_arena_file, load_arenas, save_arenas
from support.mutations import mutations

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], float)
ARENA = Arena("box", (Zone("centre", SQUARE), Zone("corner", SQUARE / 4)), SQUARE * 2, 5.0, "m1")


def test_saved_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "arena.json"
    save_arenas(path, [ARENA], (640, 480))
    (loaded,) = load_arenas(path, picture_size=(640, 480))
    assert loaded.to_dict() == ARENA.to_dict()
    assert is_arena_file(path)
    assert [item.name for item in tmp_path.iterdir()] == ["arena.json"]


def test_a_picture_of_another_size(tmp_path: Path) -> None:
    path = tmp_path / "arena.json"
    save_arenas(path, [ARENA], (640, 480))
    with pytest.raises(MismatchError, match=r"320 x 240.*640 x 480"):
        load_arenas(path, picture_size=(320, 240))
    (smaller,) = load_arenas(path, picture_size=(320, 240), size="scale")
    np.testing.assert_array_equal(smaller.zones[0].polygon, SQUARE / 2)
    assert smaller.pixels_per_cm == 2.5
    with pytest.raises(InputError, match="one of error, scale"):
        load_arenas(path, size="guess")


def test_contradictions_are_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "arena.json"
    save_arenas(path, [ARENA])
    before = path.read_bytes()
    with pytest.raises(InputError, match="one arena of each name"):
        save_arenas(path, [ARENA, ARENA])
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "x"}, "another JSON file"),
        ({"version": 99}, r"version 1.*Found 99.*Update"),
        ({"arenas": {}}, "a list of arenas"),
        ({"arenas": [{"zones": [{"name": "a", "polygon": [[0, 0]]}]}]}, "zone 'a'.*three or more"),
        ({"picture_size": [0, 5]}, "width and height"),
        ({"picture_size": "big"}, "width and height"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "arena.json"
    save_arenas(path, [ARENA], (640, 480))
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(FormatError, match=f"(?is){message}"):
        load_arenas(path, picture_size=(640, 480))


def test_missing_and_other_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="an arena file"):
        load_arenas(tmp_path / "no.json")
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000)
    with pytest.raises(FormatError, match="text that is none"):
        load_arenas(deep)
    assert not is_arena_file(deep)


def test_damage_raises_only_our_errors(tmp_path: Path) -> None:
    path = tmp_path / "arena.json"
    save_arenas(path, [ARENA], (640, 480))
    whole = path.read_bytes()
    for data in mutations(whole, 300, seed=5):
        path.write_bytes(data)
        try:
            load_arenas(path)
        except MouseGPTError:
            continue
