"""A frozen map applied to recordings: labels of record, one recording at a time, or a plain no."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.clusters import ClusterParams, fit
from napari_mousegpt.clusters.clustering import cluster
from napari_mousegpt.clusters.fusing import FusedStream
from napari_mousegpt.clusters.named_map import NamedMap
from napari_mousegpt.clusters.publishing import About, publish
from napari_mousegpt.clusters.streams import ParquetStream
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import read_parquet, write_parquet
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import FormatError, InputError, MismatchError, OutputExistsError
from napari_mousegpt.runs.applying import apply_map, iter_apply_map, vector_stream


def _mouse(name: str, seed: int, windows: int = 400) -> Vectors:
    draw = np.random.default_rng(seed)
    places = np.random.default_rng(99).normal(0, 3, (4, 8))
    states = np.repeat(draw.integers(0, 4, windows), draw.integers(6, 20, windows))[:windows]
    values = (places[states] + draw.normal(0, 0.5, (windows, 8))).astype(np.float32)
    start = np.arange(windows) * 3
    ranges = Intervals.build(
        name, start, start + 3, "m", start_s=start / 30, stop_s=start / 30 + 0.1
    )
    return Vectors(ranges, values, tuple(f"n{i}" for i in range(8)), "made", "1")


@pytest.fixture(scope="module")
def home() -> Vectors:
    return Vectors.concat([_mouse(name, seed) for seed, name in enumerate(("a", "b", "c"))])


@pytest.fixture(scope="module")
def published(home: Vectors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = fit(home, ClusterParams(micro_clusters=100, partitions=30))
    place = tmp_path_factory.mktemp("maps")
    found.save(place / "plain")
    return publish(found, home, place / "published", About("t", ("a",), "CC0"))


def test_own_data_get_the_labels_of_record(home: Vectors, published: Path, tmp_path: Path) -> None:
    from napari_mousegpt.clusters import ClusterMap

    done = apply_map(published, home, out=tmp_path / "out")
    record = ClusterMap.load(published.parent / "plain").apply(home)
    pd.testing.assert_series_equal(done.assignments["cluster"], record["cluster"])
    pd.testing.assert_series_equal(done.assignments["strength"], record["strength"])
    assert done.transfer is not None
    assert done.transfer.recordings["verdict"].tolist() == ["own"] * 3


def test_rows_in_any_order_and_recordings_one_by_one(
    home: Vectors, published: Path, tmp_path: Path
) -> None:
    whole = apply_map(published, home, out=tmp_path / "whole").assignments
    order = np.random.default_rng(0).permutation(len(home))
    mixed = apply_map(published, home[order], out=tmp_path / "mixed").assignments
    pd.testing.assert_frame_equal(whole, mixed)
    alone = home[home.intervals.recording == "b"]
    part = apply_map(published, alone, out=tmp_path / "alone").assignments
    mine = whole[whole["recording"] == "b"].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, mine)


def test_every_part_is_on_disk_and_a_stopped_run_goes_on(
    home: Vectors, published: Path, tmp_path: Path
) -> None:
    parts = iter_apply_map(published, home, out=tmp_path)
    assert next(parts).name == "labels/a"
    parts.close()
    again = list(iter_apply_map(published, home, out=tmp_path))
    assert [part.resumed for part in again][:2] == [True, False]
    assert {path.stem for path in (tmp_path / "result").glob("*.parquet")} == {
        *("assignments", "usage", "recordings", "features", "behaviours", "side_by_side")
    }


def test_a_map_that_was_not_published_labels_without_a_measure(
    home: Vectors, published: Path, tmp_path: Path
) -> None:
    done = apply_map(published.parent / "plain", home, out=tmp_path / "out")
    assert done.transfer is None
    assert len(done.usage) == 3


def test_files_of_vectors_are_found(home: Vectors, tmp_path: Path) -> None:
    place = tmp_path / "run" / "result"
    place.mkdir(parents=True)
    write_parquet(home.to_table(), place / "vectors.parquet")
    for source in (tmp_path / "run", place / "vectors.parquet"):
        assert vector_stream([source]).rows == len(home)
    with pytest.raises(InputError, match="expected a folder with vectors"):
        vector_stream([tmp_path])
    with pytest.raises(InputError, match="found no such folder"):
        vector_stream([tmp_path / "nowhere"])


def test_a_run_that_fused_spaces_stands_for_them_alone(home: Vectors, tmp_path: Path) -> None:
    write_parquet(home.to_table(), tmp_path / "vectors.parquet")
    spaces = {name: ParquetStream([tmp_path / "vectors.parquet"]) for name in ("one", "two")}
    shares = (("one", 0.5), ("two", 0.5))
    params = ClusterParams(weights=shares, micro_clusters=100, partitions=30, refits=0)
    cluster(FusedStream(spaces), params=params, out=tmp_path / "fused")
    found = vector_stream([tmp_path / "fused"])
    assert (found.rows, found.width) == (len(home), 2 * home.values.shape[1])
    labels = apply_map(tmp_path / "fused", found, out=tmp_path / "applied").assignments
    of_record = read_parquet(tmp_path / "fused" / "result" / "assignments.parquet")
    assert labels["cluster"].tolist() == of_record["cluster"].tolist()
    with pytest.raises(MismatchError, match="Fuse the same spaces"):
        apply_map(tmp_path / "fused", home, out=tmp_path / "plain")
    with pytest.raises(InputError, match="among 2 folders"):
        vector_stream([tmp_path / "fused", tmp_path / "vectors.parquet"])


def test_what_cannot_be_labelled_leaves_nothing(
    home: Vectors, published: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(MismatchError, match="expected model made 1, found video 7"):
        apply_map(published, replace(home, model="video", revision="7"), out=out)
    few = replace(home, values=home.values[:, :3], names=home.names[:3])
    with pytest.raises(MismatchError, match="expected the 8 of this cluster map, found 3"):
        apply_map(published, few, out=out)
    with pytest.raises(InputError, match="found no such folder"):
        apply_map(tmp_path / "nowhere", home, out=out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="found an empty folder"):
        apply_map(tmp_path / "empty", home, out=out)
    assert not out.exists()


def test_a_damaged_map_labels_nothing(home: Vectors, published: Path, tmp_path: Path) -> None:
    import shutil

    place = Path(shutil.copytree(published, tmp_path / "copy"))
    (place / "reference.npz").write_bytes(b"x")
    with pytest.raises(FormatError, match=r"reference\.npz is damaged"):
        apply_map(place, home, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_run_is_not_replaced(home: Vectors, published: Path, tmp_path: Path) -> None:
    apply_map(published, home, out=tmp_path / "out")
    alone = home[home.intervals.recording == "b"]
    with pytest.raises(OutputExistsError):
        apply_map(published, alone, out=tmp_path / "out")
    assert len(apply_map(published, alone, out=tmp_path / "out", overwrite=True).usage) == 1


def test_names_are_those_of_now(home: Vectors, published: Path, tmp_path: Path) -> None:
    plain = Path(shutil.copytree(published.parent / "plain", tmp_path / "plain"))
    first = apply_map(plain, home, out=tmp_path / "out").assignments
    assert (first.loc[first["cluster"] >= 0, "name"] != "").all()
    NamedMap.open(plain).rename(0, "zoomies")
    again = apply_map(plain, home, out=tmp_path / "out").assignments
    assert set(again.loc[again["cluster"] == 0, "name"]) == {"zoomies"}
    pd.testing.assert_series_equal(again["cluster"], first["cluster"])


def test_vectors_that_were_made_again_since_are_refused(
    home: Vectors, published: Path, tmp_path: Path
) -> None:
    file = tmp_path / "b.parquet"
    write_parquet(_mouse("b", 1).to_table(), file)
    apply_map(published, vector_stream([file]), out=tmp_path / "out")
    assert vector_stream([tmp_path / "out"]).rows == 400
    write_parquet(_mouse("b", 9).to_table(), file)
    with pytest.raises(MismatchError, match=r"b\.parquet: .*made again since.*another -o"):
        vector_stream([tmp_path / "out"])
    # The same command goes on from the vectors of now only where it may replace.
    with pytest.raises(OutputExistsError):
        apply_map(published, vector_stream([file]), out=tmp_path / "out")
    apply_map(published, vector_stream([file]), out=tmp_path / "out", overwrite=True)
    assert vector_stream([tmp_path / "out"]).rows == 400
