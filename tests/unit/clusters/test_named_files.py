from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from napari_mousegpt.clusters.named_files import find_assignments, find_words, map_folder
from napari_mousegpt.core.parquet import write_parquet
from napari_mousegpt.errors import InputError
from support.naming_worlds import assigned, told

WORDS = told((0, 10, "walking", ""))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study: one map for two recordings, the words with the recordings."""
    place = tmp_path / "study" / "clusters" / "result"
    (place / "map").mkdir(parents=True)
    (place / "map" / "map.json").write_text("{}")
    write_parquet(assigned([0, 1]), place / "assignments.parquet")
    for name in "ab":
        result = tmp_path / "study" / "recordings" / name / "result"
        result.mkdir(parents=True)
        write_parquet(WORDS.assign(recording=name), result / "descriptions.parquet")
    return tmp_path / "study"


def test_the_map_of_a_study_with_the_words_of_its_recordings(study: Path) -> None:
    place = map_folder(study)
    assert place == study / "clusters" / "result" / "map"
    assert map_folder(study / "clusters") == place
    assert map_folder(place) == place
    rows = find_assignments(place)
    assert rows is not None
    assert len(rows) == 2
    words = find_words(place)
    assert words is not None
    assert words["recording"].tolist() == ["a", "b"]


def test_what_is_named_goes_first(study: Path, tmp_path: Path) -> None:
    place = map_folder(study)
    run = study / "recordings" / "b"
    words = find_words(place, [run, run / "result" / "descriptions.parquet"])
    assert words is not None
    assert words["recording"].tolist() == ["b", "b"]
    parts = tmp_path / "parts"
    parts.mkdir()
    for name in "ab":
        write_parquet(assigned([0], recording=name), parts / f"{name}.parquet")
    rows = find_assignments(place, parts)
    assert isinstance(rows, pd.DataFrame)
    assert rows["recording"].tolist() == ["a", "b"]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found no such folder"):
        map_folder(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"found an empty folder.*given to -o of 'cluster', 'run'"):
        map_folder(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="found no map"):
        map_folder(tmp_path)
    assert find_assignments(tmp_path) is None
    assert find_words(tmp_path) is None
    with pytest.raises(InputError, match="descriptions: a run folder"):
        find_words(tmp_path, [tmp_path])
