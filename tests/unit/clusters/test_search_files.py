"""The folder of a search index: opened as it was saved, refused when it no longer fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.clusters.search import SearchIndex
from napari_mousegpt.clusters.search_files import CARD
from napari_mousegpt.clusters.search_filters import SearchFilters
from napari_mousegpt.core.parquet import write_parquet
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.errors import (
    FormatError,
    InputError,
    MismatchError,
    OutputExistsError,
    StorageError,
)
from support.pace import Cost
from support.searched import CLOCKS, described, placed

STUDY = pd.DataFrame({"recording": ["m1", "m2"], "group": ["control", "drug"]})


def run_folder(folder: Path, table: pd.DataFrame, recording: str = "", model: str = "") -> Path:
    """A folder with the files of a finished run that search reads."""
    (folder / "result").mkdir(parents=True)
    write_parquet(table, folder / "result" / "descriptions.parquet")
    if model:
        vectors = placed(table).to_table().assign(model=model)
        write_parquet(vectors, folder / "result" / "vectors.parquet")
    if recording:
        opening = {"id": recording, "clock": CLOCKS[recording].to_dict(stamps=True)}
        (folder / "result" / "recording.json").write_text(json.dumps(opening))
    return folder


def study_folder(folder: Path) -> Path:
    table = described()
    for name in ("m1", "m2"):
        run_folder(folder / name, table[table["recording"] == name], name, "kinematic/1")
    (folder / "result").mkdir()
    outcomes = STUDY.assign(state="done", folder=["m1", "m2"], noise=0.1)
    failed = pd.DataFrame({"recording": ["m3"], "group": ["drug"], "state": ["failed"]})
    both = pd.concat([outcomes, failed], ignore_index=True).fillna({"folder": "", "noise": 0.0})
    write_parquet(both, folder / "result" / "study.parquet")
    return folder


def test_it_is_opened_as_it_was_saved(tmp_path: Path) -> None:
    table = described()
    made = SearchIndex.build(table, vectors=placed(table), clocks=CLOCKS, study=STUDY)
    folder = made.save(tmp_path / "index")
    assert not list(folder.glob("*.pkl"))
    with Cost() as cost:
        opened = SearchIndex.open(folder)
    assert cost.seconds < 1
    filters = SearchFilters(columns={"group": ("drug",)}, seconds=(2.0, 9.0))
    for text in ("walks fast", "stands upright"):
        pd.testing.assert_frame_equal(opened.find(text), made.find(text))
        pd.testing.assert_frame_equal(
            opened.find(text, filters=filters), made.find(text, filters=filters)
        )
    example = str(made.find("grooming", 1)["range_id"][0])
    pd.testing.assert_frame_equal(opened.like(example), made.like(example))


def test_a_study_is_read_with_its_clocks_and_groups(tmp_path: Path) -> None:
    index = SearchIndex.of_runs(study_folder(tmp_path / "study"))
    assert len(index) == 40
    found = index.find("rearing", 20)
    assert set(found["group"]) == {"control", "drug"}
    assert found["start_s"].notna().all()
    assert "noise" not in found.columns
    assert set(index.like(str(found["range_id"][0]), k=5, space="vectors")["label"]) == {"rearing"}


def test_a_run_that_changed_is_refused(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", described(), "m1")
    folder = SearchIndex.of_runs(run).save(tmp_path / "index")
    words = run / "result" / "descriptions.parquet"
    words.touch()  # the same content at another time is no change
    assert SearchIndex.open(folder).notes == ()
    write_parquet(described().assign(overall="Sleeps."), words)
    with pytest.raises(MismatchError, match=r"the run was made again\. Build the index again"):
        SearchIndex.open(folder)
    assert len(SearchIndex.open(folder, check=False)) == 40
    words.unlink()
    assert "no longer there" in SearchIndex.open(folder).find("rearing", 1).attrs["notes"][0]


def test_vectors_of_different_models_are_not_mixed(tmp_path: Path) -> None:
    table = described()
    one = run_folder(tmp_path / "a", table[table["recording"] == "m1"], "m1", "one")
    other = run_folder(tmp_path / "b", table[table["recording"] == "m2"], "m2", "other")
    with pytest.raises(MismatchError, match="all from one model"):
        SearchIndex.of_runs([one, other])
    assert len(SearchIndex.of_runs([one, other], vectors=False)) == 40


def test_folders_that_are_no_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the folder of a finished run with words"):
        SearchIndex.of_runs(tmp_path)
    with pytest.raises(InputError, match="at least one finished run"):
        SearchIndex.of_runs([])
    run = run_folder(tmp_path / "run", described(), "m1")
    (run / "result" / "recording.json").write_text("{}")
    with pytest.raises(FormatError, match="id and clock of a recording"):
        SearchIndex.of_runs(run)


def test_nothing_else_is_overwritten(tmp_path: Path) -> None:
    index = SearchIndex.build(described())
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(OutputExistsError, match="found other files"):
            index.save(tmp_path / "other", overwrite=overwrite)
    folder = index.save(tmp_path / "index")
    with pytest.raises(OutputExistsError, match="found a search index"):
        index.save(folder)
    table = described(20)
    SearchIndex.build(table).save(folder, overwrite=True)
    assert len(SearchIndex.open(folder)) == 20


@pytest.mark.parametrize("there", [False, True])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    index = SearchIndex.build(described())
    if there:
        index.save(tmp_path / "index")
    real, wrote = np.save, []

    def save(file: Any, array: Any, **how: Any) -> None:
        wrote.append(1)
        if len(wrote) == 3:
            raise OSError("74340 requested and 30656 written")  # as numpy says it
        real(file, array, **how)

    monkeypatch.setattr(np, "save", save)
    with pytest.raises(StorageError, match=r"index: .*The disk is full") as error:
        SearchIndex.build(described(20)).save(tmp_path / "index", overwrite=True)
    assert ".part" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["index"][: int(there)]
    if there:
        assert len(SearchIndex.open(tmp_path / "index")) == 40


def test_a_build_that_broke_off_is_no_index(tmp_path: Path) -> None:
    index = SearchIndex.build(described())
    folder = index.save(tmp_path / "index")
    (folder / CARD).unlink()
    with pytest.raises(InputError, match="a folder with a search index"):
        SearchIndex.open(folder)
    assert len(SearchIndex.open(index.save(folder))) == 40


def test_an_index_of_another_version(tmp_path: Path) -> None:
    folder = SearchIndex.build(described()).save(tmp_path / "index")
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps({**card, "version": 99}))
    with pytest.raises(FormatError, match=r"version 1, found version 99. Build it again"):
        SearchIndex.open(folder)
    (folder / CARD).write_text(json.dumps({**card, "kind": "else"}))
    with pytest.raises(FormatError, match="found another file"):
        SearchIndex.open(folder)


@pytest.mark.parametrize("name", ["index.json", "terms.json", "clocks.json"])
def test_a_changed_file_is_seen(tmp_path: Path, name: str) -> None:
    folder = SearchIndex.build(described(), clocks=CLOCKS).save(tmp_path / "index")
    text = (folder / name).read_text()
    (folder / name).write_text(text.replace("1", "2", 1).replace("walk", "walc"))
    with pytest.raises(FormatError):
        SearchIndex.open(folder)


def test_a_cut_or_swapped_array_is_seen(tmp_path: Path) -> None:
    folder = SearchIndex.build(described()).save(tmp_path / "index")
    place = folder / "words.exact.npy"
    whole = place.read_bytes()
    place.write_bytes(whole[:-40])
    with pytest.raises(FormatError, match="an undamaged search index"):
        SearchIndex.open(folder)
    np.save(place, np.zeros((2, 2), dtype=np.float16))
    with pytest.raises(FormatError, match="an undamaged search index"):
        SearchIndex.open(folder)


def test_the_checksum_is_of_the_whole_card(tmp_path: Path) -> None:
    folder = SearchIndex.build(described()).save(tmp_path / "index")
    card = json.loads((folder / CARD).read_text())
    checksum = card.pop("checksum")
    assert digest(card, 16) == checksum
