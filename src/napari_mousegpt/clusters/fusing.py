"""Several spaces in one: kinematics, words, video, joined where their frames overlap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.streams import VectorStream, load_recording
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

__all__ = ["FUSED", "FusedStream", "fuse"]

#: Model of fused vectors.
FUSED = "fused"


def fuse(spaces: Mapping[str, Vectors]) -> Vectors:
    """Join the vectors of several spaces.

    The intervals are those of the first space. Each takes from every other space the mean of the
    vectors whose frames overlap it (of the same individual, or of the whole picture), weighted by
    the overlap; where nothing overlaps, or nothing was seen, NaN. How much each space weighs is
    stated when clusters are fitted, for example
    ``ClusterParams(weights=(("kinematic", 0.7), ("words", 0.3)))``.

    Parameters
    ----------
    spaces : mapping of str to Vectors
        At least two; names without a colon.

    Returns
    -------
    Vectors
        Model :data:`FUSED`; the revision hangs on the models, revisions and columns of all spaces.
        Columns are named ``space:column``.

    Raises
    ------
    InputError
        When there are fewer than two spaces, a name holds a colon or is empty, or another space
        overlaps the first nowhere.
    """
    _check_names(tuple(spaces))
    first, *others = spaces.items()
    base = first[1].intervals
    values = [first[1].values]
    for space, vectors in others:
        joined = _overlap_mean(base, vectors)
        if len(base) and not np.isfinite(joined).any():
            raise _apart(space, first[0], "no overlap with anything seen")
        values.append(joined)
    names, revision = _names_and_revision(
        {space: (v.model, v.revision, v.names, v.values.shape[1]) for space, v in spaces.items()}
    )
    return Vectors(base, np.concatenate(values, axis=1), names, FUSED, revision)


class FusedStream:
    """Several streams as one, recording by recording; see :func:`fuse`.

    Parameters
    ----------
    spaces : mapping of str to VectorStream
        At least two. The recordings are those of the first; one that another space lacks has NaN
        there.

    Raises
    ------
    InputError
        As :func:`fuse`: at once where a space shares no recording with the first, and by
        :meth:`chunks`, once all recordings were read, where it overlaps in none.
    """

    def __init__(self, spaces: Mapping[str, VectorStream]) -> None:
        _check_names(tuple(spaces))
        self._spaces = dict(spaces)
        (called, first), *others = spaces.items()
        for space, stream in others:
            if not set(first.recordings) & set(stream.recordings):
                found = ", ".join(map(repr, stream.recordings[:3])) or "none"
                raise _apart(space, called, f"other recordings: {found}")
        self.model = FUSED
        self.names, self.revision = _names_and_revision(
            {space: (s.model, s.revision, s.names, s.width) for space, s in spaces.items()}
        )
        self.width = len(self.names)
        self.rows = first.rows
        self.recordings = first.recordings
        # What chunks have shown so far: nothing is read twice to find that a space is empty.
        self._unread = set(self.recordings)
        self._unseen = [space for space, _ in others]

    @property
    def spaces(self) -> dict[str, VectorStream]:
        """The streams by space, the first one first."""
        return dict(self._spaces)

    def chunks(self, recording: str) -> Iterator[tuple[Intervals, NDArray[Any]]]:
        """See :class:`~napari_mousegpt.clusters.streams.VectorStream`."""
        (called, first), *others = self._spaces.items()
        base, values = load_recording(first, recording)
        joined = [np.asarray(values, dtype=np.float32)]
        for space, stream in others:
            if recording in stream.recordings:
                intervals, numbers = load_recording(stream, recording)
                vectors = Vectors(intervals, numbers, stream.names, stream.model, stream.revision)
                joined.append(_overlap_mean(base, vectors))
                if space in self._unseen and np.isfinite(joined[-1]).any():
                    self._unseen.remove(space)
            else:
                joined.append(np.full((len(base), stream.width), np.nan, dtype=np.float32))
        self._unread.discard(recording)
        if self.rows and self._unseen and not self._unread:
            raise _apart(self._unseen[0], called, "no overlap with anything seen")
        yield base, np.concatenate(joined, axis=1)


def _apart(space: str, first: str, found: str) -> InputError:
    return InputError(
        f"space {space!r}",
        expected=f"frames that overlap those of {first!r}",
        found=found,
        remedy="Make both from the same recordings: ids and individuals must be equal.",
    )


def _overlap_mean(base: Intervals, vectors: Vectors) -> NDArray[np.float32]:
    """Return the mean of the vectors that overlap each interval, weighted by shared frames."""
    theirs = vectors.intervals
    if base.to_pandas()[["recording", "individual", "start", "stop"]].equals(
        theirs.to_pandas()[["recording", "individual", "start", "stop"]]
    ):
        return vectors.values
    mine, other = base.overlapping(theirs)
    shared = np.minimum(base.stop[mine], theirs.stop[other]) - np.maximum(
        base.start[mine], theirs.start[other]
    )
    # An event without length shares its frame.
    weight = np.maximum(shared, 1).astype(np.float64)
    found = np.full((len(base), vectors.values.shape[1]), np.nan, dtype=np.float32)
    for column in range(found.shape[1]):
        numbers = vectors.values[other, column].astype(np.float64)
        there = np.isfinite(numbers)
        total = np.bincount(mine[there], weight[there], len(base))
        held = np.bincount(mine[there], weight[there] * numbers[there], len(base))
        some = total > 0
        found[some, column] = held[some] / total[some]
    return found


def _names_and_revision(
    kinds: Mapping[str, tuple[str, str, tuple[str, ...], int]],
) -> tuple[tuple[str, ...], str]:
    names = tuple(
        f"{space}:{name}"
        for space, (_, _, own, width) in kinds.items()
        for name in (own or tuple(f"{i:04d}" for i in range(width)))
    )
    return names, digest({space: list(kind) for space, kind in kinds.items()})


def _check_names(spaces: tuple[str, ...]) -> None:
    wrong = [space for space in spaces if not space or ":" in space]
    if len(spaces) < 2 or wrong:
        raise InputError(
            "spaces to fuse",
            expected="two or more, with names that hold no colon",
            found=", ".join(repr(space) for space in wrong or spaces) or "none",
            remedy="For example fuse({'kinematic': a, 'words': b}).",
        )
