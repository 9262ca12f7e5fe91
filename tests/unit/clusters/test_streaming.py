from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from napari_mousegpt.clusters import NOISE, ClusterMap, ClusterParams, fit
from napari_mousegpt.clusters.streaming import (
    assign_stream,
    fit_stream,
    iter_assign_stream,
    sample_stream,
)
from napari_mousegpt.clusters.streams import MemoryStream
from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.parquet import parquet_facts
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, MismatchError, OutputExistsError

from .conftest import QUICK, Made, make

#: Less than the rows there are: sums are streamed.
FEW = replace(QUICK, max_rows=800)


class Cut(MemoryStream):
    """Chunks of a size, rows and recordings in an order drawn at random."""

    def __init__(self, vectors: Vectors, size: int, seed: int) -> None:
        draw = np.random.default_rng(seed)
        super().__init__(vectors[draw.permutation(len(vectors))])
        self.size = size
        self.recordings = tuple(draw.permutation(np.asarray(self.recordings, dtype=object)))

    def chunks(self, recording: str) -> Iterator[tuple[Intervals, Any]]:
        for intervals, values in super().chunks(recording):
            for first in range(0, len(values), self.size):
                some = slice(first, first + self.size)
                yield intervals[some], values[some]


@pytest.fixture(scope="module")
def large(made: Made) -> ClusterMap:
    return fit_stream(MemoryStream(made.vectors), FEW)


def test_few_rows_give_the_map_of_fit(made: Made, found: ClusterMap) -> None:
    assert fit_stream(Cut(made.vectors, 7, 1), QUICK).map_id == found.map_id


def test_rows_and_chunks_in_any_order_give_the_same_map(made: Made, large: ClusterMap) -> None:
    for size, seed in ((1000, 1), (53, 2)):
        again = fit_stream(Cut(made.vectors, size, seed), FEW)
        assert again.map_id == large.map_id
        assert again.sizes == large.sizes
        assert again.medoids == large.medoids


def test_threads_give_the_same_map(made: Made, large: ClusterMap) -> None:
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            assert fit_stream(MemoryStream(made.vectors), FEW).map_id == large.map_id


def test_fit_is_the_same_code(made: Made, large: ClusterMap) -> None:
    assert fit(made.vectors, FEW).map_id == large.map_id


def test_all_rows_make_the_components(made: Made, large: ClusterMap) -> None:
    values = made.vectors.values.astype(np.float64)
    np.testing.assert_allclose(large.projection.center, values.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(large.projection.scale, values.std(axis=0), rtol=1e-9)
    scores = (values - values.mean(axis=0)) / values.std(axis=0)
    _, axes = np.linalg.eigh(scores.T @ scores / len(scores))
    mine = large.projection.axes
    cosines = np.abs((axes[:, ::-1][:, : mine.shape[1]] * mine).sum(axis=0))
    np.testing.assert_allclose(cosines, 1.0, atol=1e-6)


def test_sizes_and_ids_are_those_of_all_rows(made: Made, large: ClusterMap) -> None:
    counts = large.apply(made.vectors)["cluster"].value_counts()
    assert large.sizes == tuple(int(counts[cluster]) for cluster in large.clusters)
    assert list(large.sizes) == sorted(large.sizes, reverse=True)


def test_parts_are_the_labels_of_record(made: Made, large: ClusterMap, tmp_path: Path) -> None:
    done = assign_stream(large, Cut(made.vectors, 50, 3), tmp_path / "parts")
    assert [one.recording for one in done] == ["a", "b"]
    parts = pd.concat([pd.read_parquet(one.path) for one in done], ignore_index=True)
    table = large.apply(made.vectors).sort_values(list(KEYS), ignore_index=True)
    pd.testing.assert_frame_equal(parts, table, check_dtype=False)
    assert sum(one.rows for one in done) == len(table)
    assert sum(one.noise for one in done) == (table["cluster"] == NOISE).sum()
    assert parquet_facts(done[0].path)["map_id"] == large.map_id


def test_parts_of_another_map_are_not_replaced(
    made: Made, large: ClusterMap, found: ClusterMap, tmp_path: Path
) -> None:
    stream = MemoryStream(made.vectors)
    first = next(iter_assign_stream(large, stream, tmp_path))
    before = first.path.read_bytes()
    with pytest.raises(OutputExistsError, match="assignments of another map"):
        assign_stream(found, stream, tmp_path)
    assert first.path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [first.path.name]
    assign_stream(large, stream, tmp_path)
    assign_stream(found, stream, tmp_path, overwrite=True)
    assert parquet_facts(first.path)["map_id"] == found.map_id


def test_odd_names_of_recordings_have_files_of_their_own(found: ClusterMap, tmp_path: Path) -> None:
    names = ("day 1/cage:a", "Day 1/cage:a", "x" * 300, "..")
    made = make(recordings=names, windows=40)
    done = assign_stream(found, MemoryStream(made.vectors), tmp_path)
    assert len({one.path.name.lower() for one in done}) == len(names)
    assert {one.path.parent for one in done} == {tmp_path}
    assert {pd.read_parquet(one.path)["recording"].iloc[0] for one in done} == set(names)


def test_vectors_of_another_model_are_refused(
    made: Made, found: ClusterMap, tmp_path: Path
) -> None:
    other = replace(made.vectors, model="another")
    with pytest.raises(MismatchError, match="found another"):
        assign_stream(found, MemoryStream(other), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_sample_is_balanced_by_animal() -> None:
    made = make(recordings=("a", "b", "c"), windows=400)
    animals = {"a": "one", "b": "one", "c": "two"}
    for given, counts in ((None, [200, 200, 200]), (animals, [150, 150, 300])):
        sample = sample_stream(MemoryStream(made.vectors), 600, animals=given)
        names, found = np.unique(sample.intervals.recording.astype(str), return_counts=True)
        assert dict(zip(names, found.tolist(), strict=True)) == dict(
            zip("abc", counts, strict=True)
        )


def test_float16_is_taken(made: Made, large: ClusterMap) -> None:
    class Half(MemoryStream):
        def chunks(self, recording: str) -> Iterator[tuple[Intervals, Any]]:
            for intervals, values in super().chunks(recording):
                yield intervals, values.astype(np.float16)

    found = fit_stream(Half(made.vectors), FEW)
    labels, full = (one.apply(made.vectors)["nearest"] for one in (found, large))
    assert pd.crosstab(labels, full).max(axis=1).sum() > 0.95 * len(labels)


def test_too_few_rows_are_said_before_anything_is_read() -> None:
    class Unread(MemoryStream):
        def chunks(self, recording: str) -> Iterator[tuple[Intervals, Any]]:
            raise AssertionError("read")

    few = make(recordings=("a",), windows=9).vectors
    with pytest.raises(InputError, match="expected at least 10, two clusters of 5, found 9"):
        fit_stream(Unread(few), ClusterParams())


def test_constant_and_unseen_columns_of_a_stream_are_said(made: Made) -> None:
    for value in (3.0, np.nan):
        flat = replace(made.vectors, values=np.full_like(made.vectors.values, value))
        with pytest.raises(InputError, match="12 columns, all constant or mostly missing"):
            fit_stream(MemoryStream(flat), FEW)


def test_some_unseen_rows_of_a_stream_are_noise(made: Made) -> None:
    values = made.vectors.values.copy()
    values[100:140] = np.nan
    values[:, 7] = 3.0
    holes = replace(made.vectors, values=values)
    table = fit_stream(MemoryStream(holes), FEW).apply(holes)
    assert (table.loc[100:139, "cluster"] == NOISE).all()
    assert (table["cluster"] != NOISE).mean() > 0.8


def test_one_giant_cluster_is_said() -> None:
    draw = np.random.default_rng(0)
    start = np.arange(1200) * 100
    place = np.where(np.arange(1200)[:, None] % 40 == 0, 30.0, 0.0)
    values = (place + draw.normal(0, 0.3, (1200, 4))).astype(np.float32)
    vectors = Vectors(Intervals.build("r", start, start + 10), values, (), "made", "1")
    whole = replace(QUICK, engine="density", max_cluster_share=1.0, abstain_below=0.0)
    with pytest.warns(UserWarning, match="one cluster holds 9.%"):
        fit(vectors, whole)
