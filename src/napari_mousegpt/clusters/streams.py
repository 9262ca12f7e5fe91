"""Vectors that do not fit into memory: one recording after the other, in chunks."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.cluster_map import key_order
from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import FormatError, InputError, MismatchError

__all__ = [
    "ArrayStream",
    "MemoryStream",
    "ParquetStream",
    "VectorStream",
    "load_recording",
    "stream_digest",
]

Values = NDArray[Any]

#: Rows of a chunk.
_ROWS = 65_536
_SECONDS = ("start_s", "stop_s")


class VectorStream(Protocol):
    """Vectors of one model by recording. What is read twice must be the same twice.

    One recording is held in memory at a time, never more.
    """

    @property
    def model(self) -> str:
        """What made the vectors."""

    @property
    def revision(self) -> str:
        """Its revision."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the dimensions; empty when they have none."""

    @property
    def width(self) -> int:
        """Number of dimensions."""

    @property
    def rows(self) -> int:
        """Number of rows of all recordings."""

    @property
    def recordings(self) -> tuple[str, ...]:
        """Ids of the recordings."""

    def chunks(self, recording: str) -> Iterator[tuple[Intervals, Values]]:
        """Yield all rows of one recording in pieces, in any order.

        Yields
        ------
        intervals : Intervals
            Of that recording only.
        values : ndarray of float16, float32 or float64, shape (n, width)
            Not finite where the model saw nothing.
        """


class MemoryStream:
    """Vectors in memory as a stream.

    Parameters
    ----------
    vectors : Vectors
        Rows in any order.
    """

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self._rows = _rows_of(vectors.intervals.recording)
        self.model, self.revision, self.names = vectors.model, vectors.revision, vectors.names
        self.width = int(vectors.values.shape[1])
        self.rows = len(vectors)
        self.recordings = tuple(self._rows)

    def chunks(self, recording: str) -> Iterator[tuple[Intervals, Values]]:
        """See :class:`VectorStream`."""
        rows = self._rows[recording]
        yield self._vectors.intervals[rows], self._vectors.values[rows]


class ArrayStream:
    """One array, on disk or in memory, and a table of its rows.

    Parameters
    ----------
    values : path-like or ndarray, shape (n, d)
        A ``.npy`` file, of which only the rows asked for are read, or an array. float16 is kept.
    intervals : Intervals
        Row by row.
    model, revision, names
        As in :class:`~napari_mousegpt.core.vectors.Vectors`.

    Raises
    ------
    MismatchError
        When array and table differ in length.
    """

    def __init__(
        self,
        values: str | os.PathLike[str] | Values,
        intervals: Intervals,
        model: str,
        revision: str,
        names: tuple[str, ...] = (),
    ) -> None:
        self._values, self._intervals = values, intervals
        shape = self._opened().shape
        if len(shape) != 2 or shape[0] != len(intervals):
            raise MismatchError(
                "vectors",
                expected=f"shape ({len(intervals)}, d), one row for each interval",
                found=str(shape),
            )
        self._rows = _rows_of(intervals.recording)
        self.model, self.revision, self.names = model, revision, names
        self.rows, self.width = int(shape[0]), int(shape[1])
        self.recordings = tuple(self._rows)

    def chunks(self, recording: str) -> Iterator[tuple[Intervals, Values]]:
        """See :class:`VectorStream`."""
        rows, values = self._rows[recording], self._opened()
        for first in range(0, len(rows), _ROWS):
            some = rows[first : first + _ROWS]
            yield self._intervals[some], np.asarray(values[some])

    def _opened(self) -> Values:
        """Return the array; a file is mapped anew, so that what was read leaves the memory."""
        if isinstance(self._values, np.ndarray):
            return self._values
        path = Path(self._values)
        try:
            array: Values = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise FormatError(
                path, expected="a .npy file with numbers", found=str(error).splitlines()[0][:120]
            ) from error
        return array


class ParquetStream:
    """Vector tables on disk, as :meth:`~napari_mousegpt.core.vectors.Vectors.to_table` makes them.

    Parameters
    ----------
    paths : sequence of path-like
        Any number of files; a recording may be spread over several, a file hold several.

    Raises
    ------
    FormatError
        When a file is no table of vectors.
    MismatchError
        When the files are not all of one model and revision, with the same columns.
    """

    def __init__(self, paths: Sequence[str | os.PathLike[str]]) -> None:
        self._files: dict[str, list[Path]] = {}
        self.rows = 0
        kinds: dict[tuple[str, str, tuple[str, ...]], Path] = {}
        seen: set[Path] = set()
        for path in map(Path, paths):
            if path.resolve() in seen:
                raise InputError(path, expected="each recording once", found="it is named twice")
            seen.add(path.resolve())
            columns, keys = _table_head(path)
            self.rows += len(keys)
            for recording in sorted(set(keys["recording"])):
                self._files.setdefault(str(recording), []).append(path)
            models = set(zip(keys["model"], keys["revision"], strict=True))
            kinds.update({(str(m), str(r), columns): path for m, r in models})
        if len(kinds) != 1:
            raise MismatchError(
                "vector tables",
                expected="rows of one model and revision, with the same columns",
                found=", ".join(f"{m} {r} ({len(c)} numbers)" for m, r, c in kinds) or "no rows",
                remedy="Project all recordings with the same model and parameters.",
            )
        ((self.model, self.revision, self._columns),) = kinds
        names = tuple(name.removeprefix("v_") for name in self._columns)
        self.names = () if all(name.isdecimal() for name in names) else names
        self.width = len(self._columns)
        self.recordings = tuple(self._files)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, each once."""
        return tuple(dict.fromkeys(path for files in self._files.values() for path in files))

    def chunks(self, recording: str) -> Iterator[tuple[Intervals, Values]]:
        """See :class:`VectorStream`."""
        import pyarrow.parquet as pq

        for path in self._files[recording]:
            with pq.ParquetFile(path) as file:
                keys = [name for name in (*KEYS, *_SECONDS) if name in file.schema_arrow.names]
                for batch in file.iter_batches(_ROWS, columns=[*keys, *self._columns]):
                    table = batch.to_pandas()
                    table = table[table["recording"] == recording]
                    if len(table):
                        numbers = table[list(self._columns)].to_numpy(dtype=np.float32)
                        yield Intervals(table[keys]), numbers


def load_recording(stream: VectorStream, recording: str) -> tuple[Intervals, Values]:
    """Return the rows of one recording, sorted by key.

    Raises
    ------
    InputError
        When an interval occurs twice.
    MismatchError
        When a chunk is of another recording or width.
    """
    ranges, values = [], []
    for intervals, numbers in stream.chunks(recording):
        wrong = set(intervals.recording) - {recording}
        if wrong or numbers.shape != (len(intervals), stream.width):
            raise MismatchError(
                f"chunk of {recording!r}",
                expected=f"its own rows, shape ({len(intervals)}, {stream.width})",
                found=f"rows of {sorted(wrong)[0]!r}" if wrong else str(numbers.shape),
            )
        ranges.append(intervals)
        values.append(numbers)
    if not ranges:
        return Intervals.empty(), np.empty((0, stream.width), dtype=np.float32)
    joined = ranges[0] if len(ranges) == 1 else Intervals.concat(ranges)
    numbers = values[0] if len(values) == 1 else np.concatenate(values)
    order = key_order(joined)
    if np.array_equal(order, np.arange(len(order))):
        return joined, numbers
    return joined[order], numbers[order]


def stream_digest(stream: VectorStream) -> str:
    """Return a content hash of all rows, whatever their order; the stream is read once."""
    found = hashlib.blake2b(digest_size=16)
    kind = [stream.model, stream.revision, list(stream.names), stream.width]
    found.update(json.dumps(kind).encode())
    for recording in sorted(stream.recordings):
        intervals, values = load_recording(stream, recording)
        found.update("\n".join(intervals.range_ids()).encode())
        found.update(np.ascontiguousarray(values).data)
    return found.hexdigest()


def _rows_of(recording: NDArray[np.object_]) -> Mapping[str, NDArray[np.intp]]:
    import pandas as pd

    codes, names = pd.factorize(recording, sort=True)
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(len(names) + 1))
    return {str(name): order[edges[i] : edges[i + 1]] for i, name in enumerate(names)}


def _table_head(path: Path) -> tuple[tuple[str, ...], Any]:
    """Return the vector columns of a file and its recordings, models and revisions."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    needed = ["recording", "model", "revision"]
    try:
        names = pq.read_schema(path).names
        columns = tuple(name for name in names if name.startswith("v_"))
        if not columns or not set(needed) <= set(names):
            raise FormatError(
                path,
                expected="a table of vectors: recording, model, revision and columns v_...",
                found=", ".join(names[:6]),
            )
        keys = pq.read_table(path, columns=needed).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise FormatError(
            path, expected="a whole parquet file", found=str(error).splitlines()[0][:120]
        ) from error
    return columns, keys
