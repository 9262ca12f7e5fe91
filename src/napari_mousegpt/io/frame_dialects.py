"""One label, or a few, for each frame, as other programs write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.frame_rows import Rows, fit_rows, rows_of_table
from napari_mousegpt.io.frame_tables import GENERIC, FrameTable, is_one, open_frame_table
from napari_mousegpt.io.label_options import NOT_SCORED, LabelOptions
from napari_mousegpt.io.text_dialects import numbers

__all__ = ["FrameValues", "ethogram_of_values", "read_frame_dialect", "words_to_values"]


@dataclass(frozen=True, eq=False)
class FrameValues:
    """Labels of rows, before they meet frames.

    Parameters
    ----------
    codes : ndarray of int64, shape (n_rows,)
        Index into ``labels``; -1 where there is none of the behaviours, -2 where nobody looked.
    labels : tuple of str
    """

    codes: NDArray[np.int64]
    labels: tuple[str, ...]


def read_frame_dialect(path: Path, options: LabelOptions) -> Ethogram:
    """Read a table with a row for each frame, or for some of them.

    Parameters
    ----------
    path : Path
        csv in any dialect, or parquet: a column of words or numbers, or columns of 0 and 1.
    options : LabelOptions

    Raises
    ------
    FormatError
        When it cannot be told which columns are labels, or a code has no name.
    MismatchError
        When the rows do not fit the video.
    """
    recording = options.recording_of(path)
    table = open_frame_table(path, options.clock_of(recording))
    values, notes = _values(table, options)
    rows = rows_of_table(table, options, recording)
    clock = options.clock_of(recording)
    if clock is not None:
        rows = fit_rows(rows, clock, options.mismatch, path)
    return ethogram_of_values(values, rows, recording, options, (*table.notes, *notes))


def ethogram_of_values(
    values: Sequence[FrameValues],
    rows: Rows,
    recording: str,
    options: LabelOptions,
    notes: Sequence[str] = (),
) -> Ethogram:
    """Return the bouts of labels whose rows stand for known frames.

    A frame counts as observed where any of the ``values`` was scored.
    """
    who = options.individual or ""
    bouts = [Intervals.build([], [], [], [], label=[])]
    seen = np.zeros(len(rows.row), dtype=bool)
    for part in values:
        codes = part.codes[rows.row]
        seen |= codes > -2
        kept, begin, end = _runs(codes, rows)
        real = kept >= 0
        label = np.asarray([part.labels[code] for code in kept[real]], dtype=object)
        bouts.append(Intervals.build(recording, begin[real], end[real], who, label=label))
    marks, begin, end = _runs(seen.astype(np.int64), rows)
    observed = Intervals.build(recording, begin[marks == 1], end[marks == 1], who)
    return Ethogram(
        Intervals.concat(bouts), observed, source=options.source, notes=(*notes, *rows.notes)
    )


def _runs(
    codes: NDArray[np.int64], rows: Rows
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Join rows of one code that follow each other without a gap."""
    if not codes.size:
        none = np.empty(0, dtype=np.int64)
        return none, none, none
    new = np.concatenate([[True], (codes[1:] != codes[:-1]) | (rows.start[1:] != rows.stop[:-1])])
    first = np.flatnonzero(new)
    last = np.append(first[1:], codes.size) - 1
    return codes[first], rows.start[first], rows.stop[last]


def _values(table: FrameTable, options: LabelOptions) -> tuple[list[FrameValues], list[str]]:
    chosen, notes = _label_columns(table, options)
    found = []
    for name in chosen:
        role = table.roles[table.names.index(name)]
        cells = table.column(name)
        if role == "binary" and not options.codes and name.lower() not in GENERIC:
            found.append(_one_hot(name, cells, options))
            continue
        if role == "binary" and not options.codes:
            raise FormatError(
                f"{table.path}, column {name!r}",
                expected="to know what 0 and 1 mean, as the name of the column does not tell",
                found="only 0 and 1",
                remedy='Name the codes, for example codes={"0": "", "1": "freezing"}.',
            )
        part, said = words_to_values(name, cells, options, table.path)
        found.append(part)
        notes.extend(said)
        if role == "code" and not options.codes:
            notes.append(f"Labels of column {name!r} are numbers; codes={{...}} names them.")
    if len(found) > 1:
        depth = np.sum([part.codes >= 0 for part in found], axis=0)
        if (depth > 1).any():
            notes.append(f"{int((depth > 1).sum())} rows have several behaviours; all are kept.")
    return found, notes


def _label_columns(table: FrameTable, options: LabelOptions) -> tuple[list[str], list[str]]:
    if options.column:
        for name in options.column:
            if name not in table.names:
                raise InputError(
                    f"column {name!r} of {table.path}",
                    expected=f"one of {', '.join(table.names)}",
                    remedy="Choose the column with the labels.",
                )
        return list(options.column), []
    words, binary = table.of_role("word"), table.of_role("binary")
    codes, odd = table.of_role("code"), table.of_role("number")
    if len(words) == 1 and not binary and not codes:
        return words, _left_aside(odd)
    if len(words) + len(codes) == 0 and binary and not odd:
        none = [name for name in binary if name.lower() in options.no_behaviour and name]
        return [name for name in binary if name not in none], _nothing(table, none, binary)
    if len(codes) == 1 and not words and not binary and not odd:
        return codes, []
    if not words + binary + codes + odd and table.of_role("empty"):
        return table.of_role("empty"), []
    raise FormatError(
        table.path,
        expected="one column of labels, or columns of 0 and 1",
        found=", ".join([*words, *binary, *codes, *odd]) or "none",
        remedy="Name the column with the labels: column=..., or several.",
    )


def _left_aside(names: Sequence[str]) -> list[str]:
    return [f"Columns not used: {', '.join(names)}."] if names else []


def _nothing(table: FrameTable, none: Sequence[str], binary: Sequence[str]) -> list[str]:
    """Say what a column such as "background" means and whether it agrees with the others."""
    notes = []
    for name in none:
        others = [is_one(table.column(other)) for other in binary if other not in none]
        wrong = int((is_one(table.column(name)) == np.any(others, axis=0)).sum()) if others else 0
        notes.append(
            f"Column {name!r} means that none of the behaviours is there"
            + (f"; {wrong} rows contradict it." if wrong else ".")
        )
    return notes


def _one_hot(name: str, cells: NDArray[np.object_], options: LabelOptions) -> FrameValues:
    codes, different = pd.factorize(pd.Series(cells, dtype=object))
    unscored = {*options.not_scored, ""}
    meaning = [
        -2 if str(cell).lower() in unscored else int(one) - 1
        for cell, one in zip(different, is_one(np.asarray(different, dtype=object)), strict=True)
    ]
    return FrameValues(np.asarray(meaning, dtype=np.int64)[codes], (name,))


def words_to_values(
    name: str, cells: NDArray[np.object_], options: LabelOptions, path: Path
) -> tuple[FrameValues, list[str]]:
    """Return the labels of a column of words or of numbers, and what its words were taken for.

    Parameters
    ----------
    name : str
        Of the column, for messages.
    cells : ndarray of str, shape (n_rows,)
    options : LabelOptions
        Words that mean nothing, and names of codes.
    path : Path
        File it is from, for messages.

    Raises
    ------
    FormatError
        When codes are named, but not all.
    """
    codes, different = pd.factorize(pd.Series(cells, dtype=object))
    counts = np.bincount(codes, minlength=len(different))
    labels: dict[str, int] = {}
    meaning = np.empty(len(different), dtype=np.int64)
    notes = []
    for i, value in enumerate(str(word) for word in different):
        label = _named(value, options, f"{path}, column {name!r}")
        if label.lower() in options.not_scored:
            meaning[i] = -2
        elif label.lower() in options.no_behaviour or label == "":
            meaning[i] = -1
        else:
            meaning[i] = labels.setdefault(label, len(labels))
        if meaning[i] < 0:
            said = "not scored" if meaning[i] == -2 else "none of the behaviours"
            notes.append(f"{counts[i]} rows say {value!r}: {said}.")
    return FrameValues(meaning[codes], tuple(labels)), notes


def _named(value: str, options: LabelOptions, subject: str) -> str:
    """Return the label of a code; words that mean "not scored" need no name."""
    if not options.codes or value.lower() in (*options.not_scored, *NOT_SCORED):
        return value
    plain = value
    number = numbers([value])[0]
    if np.isfinite(number) and number == np.rint(number) and abs(number) < 2**53:
        plain = str(int(number))
    for text in (value, plain):
        if text in options.codes:
            return options.codes[text]
    raise FormatError(
        subject,
        expected=f"codes {', '.join(options.codes)}",
        found=repr(value),
        remedy='Add it to codes; "" stands for none of the behaviours.',
    )
