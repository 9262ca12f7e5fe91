"""Fit and assign vectors of any number of recordings in the memory of one.

The same code serves a handful of windows and 42 million frames. A recording is read, sorted by key
and let go before the next one comes. Sums are taken in blocks of fixed size in the order of keys
and on one thread, so that neither the order of rows, nor the size of a chunk, nor the number of
threads can change a bit of the result.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from napari_mousegpt.clusters.bouts import find_bouts, find_runs
from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.finding import enough, find_map
from napari_mousegpt.clusters.membership import bout_memberships
from napari_mousegpt.clusters.moments import RunningMoments
from napari_mousegpt.clusters.numbering import Numbering
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.projection import Projection
from napari_mousegpt.clusters.recalling import Recall
from napari_mousegpt.clusters.sampling import Track, spread_rows, track_quotas, tracks
from napari_mousegpt.clusters.streams import VectorStream, load_recording
from napari_mousegpt.core.files import make_folder
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import parquet_facts, write_parquet
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.core.tables import ASSIGNMENTS
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import OutputExistsError

__all__ = [
    "Assigned",
    "assign_stream",
    "fit_stream",
    "iter_assign_stream",
    "label_recording",
    "recording_stem",
    "sample_stream",
]

#: Rows whose sums are taken at a time: never changed by how a stream is cut.
_BLOCK = 16_384


class Assigned(NamedTuple):
    """One recording that is done.

    Parameters
    ----------
    recording : str
        Its id.
    path : Path
        Parquet part with its assignments.
    rows, noise : int
        Intervals in it, and how many of them belong to no cluster.
    """

    recording: str
    path: Path
    rows: int
    noise: int


def fit_stream(
    stream: VectorStream,
    params: ClusterParams | None = None,
    *,
    animals: Mapping[str, str] | None = None,
    recall: Recall | None = None,
) -> ClusterMap:
    """Find clusters among any number of vectors and freeze the rule that assigns them.

    Up to ``max_rows`` rows this is :func:`~napari_mousegpt.clusters.fitting.fit`. Of more, all rows
    make the principal components (exactly, by their Gram matrix) and give the clusters their sizes
    and typical intervals; a balanced sample of ``max_rows`` makes the clusters.

    Parameters
    ----------
    stream : VectorStream
        Recordings in any order; it is read three times.
    params : ClusterParams, optional
        Sizes and thresholds.
    animals : mapping of str to str, optional
        Animal by recording, so that an animal recorded often weighs no more than others.
    recall : Recall, optional
        An older map to go on from: rows are projected as it does, and it votes beside them; see
        :func:`~napari_mousegpt.clusters.refitting.refit`, which settles the ids.

    Returns
    -------
    ClusterMap
        The labels of record are what it assigns.

    Raises
    ------
    InputError
        When there are too few rows, no column varies, or an interval occurs twice.

    Warns
    -----
    UserWarning
        When no cluster is found, or one holds nearly everything, or density collapsed.
    """
    settings = params or ClusterParams()
    shared = animals if settings.balance == "animals" else None
    enough(stream.rows, settings, "intervals")
    # Sums on one thread have one order; the matrices are small. The limit reaches only libraries
    # that are loaded already.
    import_module("sklearn.cluster")
    with threadpool_limits(limits=1):
        if recall is not None:
            sample = sample_stream(stream, settings.max_rows, animals=shared)
            recall.before.check(sample)
            projection = recall.before.projection
        elif stream.rows <= settings.max_rows:
            sample = _all_rows(stream)
            projection = Projection.fit(sample.values, settings, stream.names)
        else:
            counts, moments = _counted(stream)
            quotas = track_quotas(counts, settings.max_rows, shared)
            plain = Projection.standard(moments.done(), settings)
            sample, covariance = _summed(stream, plain, quotas)
            projection = plain.turned(covariance, settings, stream.names)
        found, votes, seen, bouts = find_map(sample, projection, settings, recall)
        numbering = Numbering()
        if stream.rows <= settings.max_rows:
            # Every row was looked at already.
            decided = found.decide(bouts.points, votes)
            numbering.add(found.label_bouts(sample.intervals, seen, bouts, *decided))
        else:
            del sample, votes, seen, bouts
            for recording in sorted(stream.recordings):
                numbering.add(_labelled(found, *load_recording(stream, recording)))
        found = numbering.numbered(found)
    _warn(found, stream)
    return found


def sample_stream(
    stream: VectorStream, most: int, *, animals: Mapping[str, str] | None = None
) -> Vectors:
    """Return at most ``most`` rows, balanced by animal and recording, sorted by key."""
    if stream.rows <= most:
        return _all_rows(stream)
    counts: dict[Track, int] = {}
    for recording in sorted(stream.recordings):
        ranges = tracks(load_recording(stream, recording)[0])
        counts.update({track: len(rows) for track, rows in ranges.items()})
    quotas = track_quotas(counts, most, animals)
    return _joined(
        stream,
        [
            _chosen(*load_recording(stream, recording), quotas)
            for recording in sorted(stream.recordings)
        ],
    )


def iter_assign_stream(
    found: ClusterMap,
    stream: VectorStream,
    folder: str | os.PathLike[str],
    *,
    overwrite: bool = False,
) -> Iterator[Assigned]:
    """Label every recording of a stream, writing one parquet part after the other.

    Parameters
    ----------
    found : ClusterMap
        The rule.
    stream : VectorStream
        From the model it was fitted on.
    folder : path-like
        Where the parts go: ``<recording>.parquet`` with the columns of
        :data:`~napari_mousegpt.core.tables.ASSIGNMENTS`, sorted by key.
    overwrite : bool
        Replace parts that stand there, also those of another map.

    Yields
    ------
    Assigned
        When its part is on disk, whole.

    Raises
    ------
    MismatchError
        When the vectors are of another model, revision or width, or lack the seconds of the fit.
    OutputExistsError
        When a part of another map stands in the folder.
    """
    place, map_id = make_folder(folder), found.map_id
    paths = {
        recording: place / f"{recording_stem(recording)}.parquet"
        for recording in sorted(stream.recordings)
    }
    if not overwrite:
        for path in paths.values():
            _refuse_other(path, map_id)
    for recording, path in paths.items():
        table = label_recording(found, stream, recording)
        write_parquet(table, path, map_id=map_id, recording=recording)
        yield Assigned(recording, path, len(table), int((table["cluster"] < 0).sum()))


def assign_stream(
    found: ClusterMap,
    stream: VectorStream,
    folder: str | os.PathLike[str],
    *,
    overwrite: bool = False,
) -> list[Assigned]:
    """Label every recording of a stream; see :func:`iter_assign_stream`."""
    return list(iter_assign_stream(found, stream, folder, overwrite=overwrite))


def label_recording(
    found: ClusterMap, stream: VectorStream, recording: str, *, members: str = ""
) -> pd.DataFrame:
    """Label one recording of a stream.

    Parameters
    ----------
    found, stream
        As for :func:`iter_assign_stream`.
    recording : str
        Its id.
    members : str
        Beginning of the names of further columns, one for each cluster, with the membership of each
        interval in it (float32); none when empty.

    Returns
    -------
    DataFrame
        :data:`~napari_mousegpt.core.tables.ASSIGNMENTS`, sorted by key.
    """
    intervals, values = load_recording(stream, recording)
    nothing = np.empty((0, stream.width), dtype=np.float32)
    found.check(Vectors(intervals[:0], nothing, stream.names, stream.model, stream.revision))
    with threadpool_limits(limits=1):
        table = _labelled(found, intervals, values, members)
    return ASSIGNMENTS.check(table.assign(range_id=intervals.range_ids()))


def _all_rows(stream: VectorStream) -> Vectors:
    pieces = [load_recording(stream, recording) for recording in sorted(stream.recordings)]
    return _joined(stream, pieces)


def _joined(stream: VectorStream, pieces: list[tuple[Intervals, NDArray[Any]]]) -> Vectors:
    values = [numbers for _, numbers in pieces] or [np.empty((0, stream.width), dtype=np.float32)]
    return Vectors(
        Intervals.concat(intervals for intervals, _ in pieces),
        np.concatenate(values),
        stream.names,
        stream.model,
        stream.revision,
    )


def _counted(stream: VectorStream) -> tuple[dict[Track, int], RunningMoments]:
    """Count the rows of each track and measure the columns."""
    counts: dict[Track, int] = {}
    moments = RunningMoments(stream.width)
    for recording in sorted(stream.recordings):
        intervals, values = load_recording(stream, recording)
        counts.update({track: len(rows) for track, rows in tracks(intervals).items()})
        for first in range(0, len(values), _BLOCK):
            moments.add(values[first : first + _BLOCK])
    return counts, moments


def _summed(
    stream: VectorStream, plain: Projection, quotas: Mapping[Track, int]
) -> tuple[Vectors, NDArray[np.float64]]:
    """Return the sample and the covariance of all rows."""
    total = np.zeros((plain.axes.shape[0],) * 2)
    n, pieces = 0, []
    for recording in sorted(stream.recordings):
        intervals, values = load_recording(stream, recording)
        for first in range(0, len(values), _BLOCK):
            block = values[first : first + _BLOCK]
            seen = plain.seen(block)
            n += int(seen.sum())
            total += plain.gram(block if seen.all() else block[seen])
        pieces.append(_chosen(intervals, values, quotas))
    return _joined(stream, pieces), total / max(n, 1)


def _chosen(
    intervals: Intervals, values: NDArray[Any], quotas: Mapping[Track, int]
) -> tuple[Intervals, NDArray[Any]]:
    rows = [
        span.start + spread_rows(len(span), quotas[track])
        for track, span in tracks(intervals).items()
    ]
    chosen = np.concatenate(rows) if rows else np.empty(0, dtype=np.intp)
    return intervals[chosen], values[chosen]


def _labelled(
    found: ClusterMap, intervals: Intervals, values: NDArray[Any], members: str = ""
) -> pd.DataFrame:
    """Label the sorted rows of one recording."""
    seen = np.empty(len(values), dtype=bool)
    points = []
    for first in range(0, len(values), _BLOCK):
        block = values[first : first + _BLOCK]
        seen[first : first + _BLOCK] = here = found.projection.seen(block)
        points.append(found.projection.apply(block if here.all() else block[here]))
    joined = np.concatenate(points) if points else np.empty((0, found.projection.axes.shape[1]))
    runs = find_runs(intervals, seen, timed=found.timed)
    bouts = find_bouts(joined, runs, found.penalty, found.longest)
    votes = found.votes(bouts.points)
    decided = found.decide(bouts.points, votes)
    table = found.label_bouts(intervals, seen, bouts, *decided)
    if not members:
        return table
    shares = np.zeros((len(intervals), len(found.clusters)), dtype=np.float32)
    shares[seen] = bout_memberships(found, votes, *decided)[bouts.of_row]
    columns = [f"{members}{cluster}" for cluster in found.clusters]
    return pd.concat([table, pd.DataFrame(shares, columns=columns)], axis=1)


def _warn(found: ClusterMap, stream: VectorStream) -> None:
    for note in found.notes:
        if "collapsed" not in note:  # told when it happened
            warnings.warn(
                f"{note} (among {stream.rows} intervals of {stream.model} vectors).", stacklevel=3
            )


def _refuse_other(path: Path, map_id: str) -> None:
    if path.exists() and parquet_facts(path).get("map_id") != map_id:
        raise OutputExistsError(
            path,
            expected="a new folder, or parts of the same map",
            found="assignments of another map",
            remedy="Choose another folder, or overwrite=True.",
        )


def recording_stem(recording: str) -> str:
    """Return a name for files that every system takes, and no two recordings share."""
    name = quote(recording, safe=" ()+,=@")
    # Names of files end at 255 bytes, and some systems read capitals as small letters.
    plain = len(name) <= 120 and name == name.lower() and name.strip(" .") == name
    return name if plain else f"{name[:100]}-{digest(recording)}"
