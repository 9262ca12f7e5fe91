"""Labels in MATLAB files: tables of first and last frame, and a value for each frame.

MATLAB counts frames from 1 and its bouts usually hold their last frame, so ``[189 217]`` is
``[188, 217)`` here. Where a file has both bouts and a value for each frame (BehaviorDEPOT), the two
must agree, which proves how its bouts are meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.bout_bounds import fit_bouts, look_of_bounds
from napari_mousegpt.io.frame_dialects import FrameValues, ethogram_of_values, words_to_values
from napari_mousegpt.io.frame_rows import Rows, fit_rows
from napari_mousegpt.io.label_options import LabelOptions
from napari_mousegpt.io.matlab_files import read_matlab

__all__ = ["read_matlab_labels"]

#: Last parts of names that say what a variable is, not which behaviour.
_KINDS = {
    "bouts", "bout", "vector", "data", "labels", "label", "annotation", "annotations", "intervals",
    "frames", "startstop", "start_stop", "scores",
}  # fmt: skip
_TOTALS = {"totalframes", "total_frames", "nframes", "n_frames", "numframes", "num_frames"}
#: First frame and whether the last frame counts, in the order they are tried.
_READINGS = ((1, True), (0, False), (1, False), (0, True))


@dataclass(frozen=True, eq=False)
class _Found:
    """A variable that may hold labels."""

    name: str
    label: str
    kind: str
    values: NDArray[Any]


def read_matlab_labels(path: Path, options: LabelOptions) -> Ethogram:
    """Read labels from a MATLAB file.

    Parameters
    ----------
    path : Path
        File of version 5 to 7.3 with n x 2 arrays of first and last frame, named as behaviours or
        in structures that are, or vectors with a 0 or 1, a number or a word for each frame.
    options : LabelOptions
        ``column`` chooses variables by their dotted names; ``first`` (by default 1) and
        ``inclusive_stop`` (by default true) say how bouts count.

    Raises
    ------
    FormatError
        When there are no labels, it cannot be told which they are, or bouts and vector of one
        behaviour disagree.
    MismatchError
        When the labels do not fit the video.
    """
    leaves = read_matlab(path)
    found, notes = _chosen(leaves, options, path)
    recording = options.recording_of(path)
    bouts = [item for item in found if item.kind == "bouts"]
    frames = [item for item in found if item.kind != "bouts"]
    lengths = {len(item.values) for item in frames}
    total = {int(v.flat[0]) for k, v in leaves.items() if _is_total(k, v)}
    if len(lengths) > 1:
        raise FormatError(
            path,
            expected="vectors of one length",
            found=", ".join(f"{item.name} ({len(item.values)})" for item in frames),
            remedy="Choose the variables with the labels: column=...",
        )
    n_frames = next(iter(lengths or (total if len(total) == 1 else ())), None)
    parts: list[Ethogram] = []
    vectors = {item.label: item for item in frames if item.kind == "binary"}
    for item in bouts:
        said = _bounds(item, vectors.pop(item.label, None), options, path)
        notes.append(said[2])
        who = options.individual or ""
        spans = Intervals.build(recording, said[0], said[1], who, label=item.label)
        observed = None if n_frames is None else Intervals.build(recording, 0, n_frames, who)
        parts.append(Ethogram(spans, observed, source=options.source))
    proven = {item.name for item in frames if item.kind == "binary" and item.label not in vectors}
    values = []
    for item in frames:
        if item.name not in proven:
            value, said_words = _values(item, options, path)
            values.append(value)
            notes += said_words
    clock = options.clock_of(recording)
    rows = _counted(n_frames or 0, options)
    if clock is not None and n_frames is not None:
        rows = fit_rows(rows, clock, options.mismatch, path)
    if values:
        parts.append(ethogram_of_values(values, rows, recording, options))
    notes += rows.notes
    table, cut = fit_bouts(
        Intervals.concat([part.bouts for part in parts]),
        clock,
        path,
        options.mismatch,
    )
    watched = Intervals.concat([part.observed for part in parts])
    if clock is not None:
        watched = watched.clip(0, clock.n_frames)
    notes += [*cut, *(look_of_bounds(table, inclusive=True) if bouts else [])]
    return Ethogram(table, watched, notes=notes)


def _counted(count: int, options: LabelOptions) -> Rows:
    start = options.start if isinstance(options.start, int) else 0
    frames = np.arange(count, dtype=np.int64) + start
    return Rows(np.arange(count), frames, frames + 1, options.start is not None)


def _is_total(name: str, values: NDArray[Any]) -> bool:
    last = name.rpartition(".")[2].lower()
    if last not in _TOTALS or values.size != 1 or values.dtype.kind != "f":
        return False
    return bool(0 < values.flat[0] < 2**40 and float(values.flat[0]).is_integer())


def _chosen(
    leaves: dict[str, NDArray[Any]], options: LabelOptions, path: Path
) -> tuple[list[_Found], list[str]]:
    every = [item for name, values in leaves.items() if (item := _look(name, values))]
    if options.column:
        found = [
            item
            for item in every
            if item.name in options.column or item.name.rpartition(".")[2] in options.column
        ]
        if not found:
            raise InputError(
                f"column {', '.join(options.column)} of {path}",
                expected=f"one of {', '.join(item.name for item in every) or '(no labels)'}",
                remedy="Choose the variable with the labels.",
            )
        return found, []
    sure = [item for item in every if item.kind in ("bouts", "binary")]
    unsure = [item for item in every if item not in sure]
    if sure:
        left = ", ".join(item.name for item in unsure)
        return sure, [f"Variables not used: {left}."] if left else []
    if len(unsure) == 1:
        return unsure, []
    raise FormatError(
        path,
        expected="variables with bouts (n x 2) or a value for each frame",
        found=", ".join(item.name for item in unsure) or ", ".join(list(leaves)[:8]) or "none",
        remedy="Name the variable with the labels: column=...",
    )


def _look(name: str, values: NDArray[Any]) -> _Found | None:
    """Return what a variable may be, None when it holds no labels."""
    above, _, last = name.rpartition(".")
    label = above.rpartition(".")[2] if last.lower() in _KINDS and above else last
    if values.dtype == object:
        return _Found(name, label, "words", values) if values.size > 2 else None
    if not values.size or not np.isfinite(values).all() or (values != np.rint(values)).any():
        return None
    if values.ndim == 2 and values.shape[1] == 2 and (values >= 0).all() and values.max() < 2**53:
        rising = (values[:, 0] <= values[:, 1]).all()
        return _Found(name, label, "bouts", values.astype(np.int64)) if rising else None
    if values.ndim > 2 or values.size != max(values.shape) or values.size < 3:
        return None
    vector = values.ravel()
    if np.isin(vector, (0, 1)).all():
        return _Found(name, label, "binary", vector)
    # A vector that rises counts frames or holds times.
    return None if (np.diff(vector) > 0).all() else _Found(name, label, "codes", vector)


def _values(item: _Found, options: LabelOptions, path: Path) -> tuple[FrameValues, list[str]]:
    if item.kind == "binary":
        codes = np.where(item.values == 1, 0, -1).astype(np.int64)
        return FrameValues(codes, (item.label,)), []
    cells = item.values
    notes = []
    if item.kind == "codes":
        cells = np.asarray([f"{value:.0f}" for value in cells], dtype=object)
        if not options.codes:
            notes.append(f"Labels of {item.name} are numbers; codes={{...}} names them.")
    value, said = words_to_values(item.name, cells, options, path)
    return value, [*said, *notes]


def _bounds(
    item: _Found, vector: _Found | None, options: LabelOptions, path: Path
) -> tuple[NDArray[np.int64], NDArray[np.int64], str]:
    """Return half-open bounds and the sentence that says how they were read."""
    first = 1 if options.first is None else options.first
    closed = True if options.inclusive_stop is None else options.inclusive_stop
    given = options.first is not None or options.inclusive_stop is not None
    # Without a vector nothing proves another reading than the usual one.
    others = () if given or vector is None else _READINGS[1:]
    for base, inclusive in ((first, closed), *others):
        start, stop = item.values[:, 0] - base, item.values[:, 1] - base + int(inclusive)
        if (start < 0).any() or (stop < start).any():
            continue
        if vector is None or _same(start, stop, vector.values):
            how = (
                f"{item.name} counts frames from {base}, its second column "
                f"{'holds the last frame' if inclusive else 'is the frame after the last'}"
            )
            proof = "as MATLAB files mostly do" if vector is None else f"as {vector.name} proves"
            return start, stop, f"{how}, {'as stated' if given else proof}."
    raise FormatError(
        path,
        expected=f"{item.name} and {vector.name} to tell the same"
        if vector is not None
        else f"{item.name} to hold frames from {first} on",
        found="different frames" if vector is not None else f"{item.values.min()}",
        remedy="Choose one of the two: column=..."
        if vector is not None
        else "Say how it counts: first=0 or first=1.",
    )


def _same(start: NDArray[np.int64], stop: NDArray[np.int64], vector: NDArray[Any]) -> bool:
    """Whether bouts cover exactly the frames of a vector of 0 and 1."""
    if len(stop) and stop.max() > len(vector):
        return False
    depth = np.zeros(len(vector) + 1, dtype=np.int64)
    np.add.at(depth, start, 1)
    np.add.at(depth, stop, -1)
    return bool(np.array_equal(np.cumsum(depth)[:-1] > 0, vector == 1))
