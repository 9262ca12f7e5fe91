"""What clusters were made of: told by the run card, opened again, missed in one sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.clusters import ClusterMap, ClusterParams, FusedStream, MemoryStream, cluster
from napari_mousegpt.clusters.clustering_sources import (
    WordStream,
    source_files,
    sources_of,
    stream_of_run,
)
from napari_mousegpt.clusters.streams import ParquetStream, VectorStream, load_recording
from napari_mousegpt.core.parquet import read_parquet, write_parquet
from napari_mousegpt.errors import InputError, MismatchError
from support.mapped import mapped_study, windows_of

PLAIN = ClusterParams(min_cluster_size=5, refits=0, micro_clusters=80, partitions=30)
FUSE = replace(PLAIN, weights=(("kinematic", 0.6), ("what/it says", 0.4)))
HOW = ("slowly", "briefly", "calmly", "eagerly", "again", "alone", "first", "twice")


def _streams(homes: list[Path]) -> dict[str, VectorStream]:
    results = [home / "result" for home in homes]
    return {
        "kinematic": ParquetStream([result / "vectors.parquet" for result in results]),
        # A user may call a space what they like.
        "what/it says": WordStream([result / "descriptions.parquet" for result in results]),
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fused clusters of two runs."""
    place = tmp_path_factory.mktemp("sources")
    mapped_study(place / "study", ("a1", "a2"), 60)
    cluster(FusedStream(_streams(_homes(place))), None, FUSE, out=place / "found")
    return place


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Iterator[Path]:
    """The same for one test, which may change what it likes."""
    shutil.copytree(made, tmp_path / "kept")
    yield made
    for name in ("study", "moved", "found"):
        shutil.rmtree(made / name, ignore_errors=True)
    shutil.copytree(tmp_path / "kept", made, dirs_exist_ok=True)


def _homes(place: Path) -> list[Path]:
    return [place / "study" / "recordings" / name for name in ("a1", "a2")]


def test_fused_vectors_are_opened_again_from_the_card(place: Path) -> None:
    fused = FusedStream(_streams(_homes(place)))
    again = stream_of_run(place / "found")
    assert again is not None
    assert (again.names, again.model, again.revision) == (fused.names, fused.model, fused.revision)
    # Numbers, not kinds alone, and each has its label of record.
    rows = read_parquet(place / "found" / "result" / "assignments.parquet")
    ids = rows.set_index("range_id")["cluster"]
    for name in ("a1", "a2"):
        intervals, values = load_recording(again, name)
        np.testing.assert_array_equal(values, load_recording(fused, name)[1])
        assert len(ids.reindex(intervals.range_ids()).dropna()) == len(intervals) == 60
    assert list(source_files(place / "found")) == [
        "fused/kinematic/vectors/1",
        "fused/kinematic/vectors/2",
        "fused/what/it says/words/1",
        "fused/what/it says/words/2",
    ]


def test_words_alone_are_opened_again(place: Path, tmp_path: Path) -> None:
    files = [home / "result" / "descriptions.parquet" for home in _homes(place)]
    for file in files:
        table = read_parquet(file)
        how = [f"{text} {HOW[row % 8]}" for row, text in enumerate(table["overall"])]
        write_parquet(table.assign(overall=how), file)
    said = WordStream(files)
    cluster(said, None, PLAIN, out=tmp_path / "found")
    again = stream_of_run(tmp_path / "found")
    assert isinstance(again, WordStream)
    assert ClusterMap.load(tmp_path / "found" / "result" / "map").revision == again.revision


def test_what_moves_together_and_lies_inside_is_found_again(tmp_path: Path) -> None:
    made = tmp_path / "made"
    inside = made / "parts" / "mine" / "vectors.parquet"
    told = sources_of(_of_file(inside), made)
    assert told == {"vectors/1": "parts/mine/vectors.parquet"}
    assert sources_of(_of_file(inside), tmp_path / "other") == {"vectors/1": str(inside)}


def _of_file(path: Path) -> ParquetStream:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(windows_of("a1", 20)[0].to_table(), path)
    return ParquetStream([path])


def test_of_a_space_in_memory_nothing_is_told(place: Path, tmp_path: Path) -> None:
    held = {**_streams(_homes(place)), "video": MemoryStream(windows_of("a1", 60)[0])}
    assert sources_of(FusedStream(held)) == {}
    cluster(windows_of("a1", 60)[0], None, PLAIN, out=tmp_path / "found")
    assert stream_of_run(tmp_path / "found") is None
    assert stream_of_run(tmp_path / "nowhere") is None


def test_what_is_gone_is_named_and_the_same_command_mends_it(place: Path) -> None:
    found = place / "found"
    fitted = (found / "result" / "map" / "map.json").stat().st_mtime_ns
    (place / "study").rename(place / "moved")
    with pytest.raises(InputError, match="nothing is fitted again") as told:
        stream_of_run(found)
    # The folder that is gone, not one file of many in it, and where to name it.
    assert str(told.value).startswith(f"{place / 'study'}: ")
    assert "no such folder" in str(told.value)
    assert f"-o {found}" in str(told.value)
    moved = [place / "moved" / "recordings" / home.name for home in _homes(place)]
    cluster(FusedStream(_streams(moved)), None, FUSE, out=found)
    assert stream_of_run(found) is not None
    assert (found / "result" / "map" / "map.json").stat().st_mtime_ns == fitted


def test_what_was_made_again_since_is_refused(place: Path, tmp_path: Path) -> None:
    words = _homes(place)[1] / "result" / "descriptions.parquet"
    # The same at another time is no change.
    shutil.copyfile(words, tmp_path / "copy")
    shutil.copyfile(tmp_path / "copy", words)
    assert stream_of_run(place / "found") is not None
    table = read_parquet(words)
    write_parquet(table.assign(overall=table["overall"].str.upper()), words)
    with pytest.raises(MismatchError, match=r"descriptions\.parquet.*made again since"):
        stream_of_run(place / "found")


def test_a_card_of_before_tells_no_fingerprints_and_is_read(place: Path) -> None:
    card = place / "found" / "result" / "run_card.json"
    kept = json.loads(card.read_text(encoding="utf-8"))
    assert set(kept["outcome"].pop("held")) == set(kept["sources"])
    card.write_text(json.dumps(kept), encoding="utf-8")
    again = stream_of_run(place / "found")
    assert again is not None
    assert again.recordings == ("a1", "a2")
