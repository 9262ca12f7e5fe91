from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_mousegpt.clusters.streams import (
    ArrayStream,
    MemoryStream,
    ParquetStream,
    VectorStream,
    load_recording,
)
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import FormatError, InputError, MismatchError

from .conftest import make

VECTORS = make(windows=30).vectors


def same(stream: VectorStream, vectors: Vectors) -> None:
    assert stream.rows == len(vectors)
    assert stream.width == vectors.values.shape[1]
    for recording in ("a", "b"):
        intervals, values = load_recording(stream, recording)
        rows = vectors.intervals.recording == recording
        order = np.argsort(vectors.intervals.start[rows])
        np.testing.assert_array_equal(values, vectors.values[rows][order])
        np.testing.assert_array_equal(intervals.start, np.sort(vectors.intervals.start[rows]))


def test_memory_and_files_give_the_same_rows(tmp_path: Path) -> None:
    mixed = VECTORS[np.random.default_rng(0).permutation(len(VECTORS))]
    np.save(tmp_path / "v.npy", mixed.values)
    for values in (mixed.values, tmp_path / "v.npy"):
        same(ArrayStream(values, mixed.intervals, "made", "1", mixed.names), VECTORS)
    same(MemoryStream(mixed), VECTORS)
    for number, rows in enumerate((slice(0, 20), slice(20, None))):
        mixed[rows].to_table().to_parquet(tmp_path / f"{number}.parquet")
    stream = ParquetStream(sorted(tmp_path.glob("*.parquet")))
    same(stream, VECTORS)
    assert (stream.model, stream.revision, stream.names) == ("made", "1", VECTORS.names)
    assert "start_s" in load_recording(stream, "a")[0].columns


def test_float16_stays_half(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", VECTORS.values.astype(np.float16))
    stream = ArrayStream(tmp_path / "v.npy", VECTORS.intervals, "made", "1")
    assert load_recording(stream, "b")[1].dtype == np.float16


def test_tables_of_several_models_are_refused(tmp_path: Path) -> None:
    VECTORS.to_table().to_parquet(tmp_path / "1.parquet")
    replace(VECTORS, revision="2").to_table().to_parquet(tmp_path / "2.parquet")
    with pytest.raises(MismatchError, match=r"found made 1 \(12 numbers\), made 2 \(12 numbers\)"):
        ParquetStream([tmp_path / "1.parquet", tmp_path / "2.parquet"])
    with pytest.raises(MismatchError, match="found no rows"):
        ParquetStream([])


def test_what_is_no_table_of_vectors(tmp_path: Path) -> None:
    VECTORS.intervals.to_pandas().to_parquet(tmp_path / "1.parquet")
    with pytest.raises(FormatError, match="a table of vectors"):
        ParquetStream([tmp_path / "1.parquet"])
    (tmp_path / "2.parquet").write_bytes(b"nothing")
    with pytest.raises(FormatError, match="a whole parquet file"):
        ParquetStream([tmp_path / "2.parquet"])
    (tmp_path / "3.npy").write_bytes(b"nothing")
    with pytest.raises(FormatError, match=r"a \.npy file"):
        ArrayStream(tmp_path / "3.npy", VECTORS.intervals, "made", "1")


def test_array_and_table_of_different_length() -> None:
    with pytest.raises(MismatchError, match="one row for each interval"):
        ArrayStream(VECTORS.values[1:], VECTORS.intervals, "made", "1")


def test_chunks_of_another_recording_are_refused() -> None:
    class Wrong(MemoryStream):
        def chunks(self, recording: str) -> Iterator[tuple[Intervals, Any]]:
            yield from super().chunks("b")

    with pytest.raises(MismatchError, match="rows of 'b'"):
        load_recording(Wrong(VECTORS), "a")


def test_an_interval_in_two_chunks_is_said() -> None:
    class Twice(MemoryStream):
        def chunks(self, recording: str) -> Iterator[tuple[Intervals, Any]]:
            yield from super().chunks(recording)
            yield from super().chunks(recording)

    with pytest.raises(InputError, match="expected every interval once, found 30 repeated"):
        load_recording(Twice(VECTORS), "a")
