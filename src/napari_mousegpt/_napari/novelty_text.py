"""What was found about novelty, as rows of tables and as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_mousegpt._napari.bout_words import time_text
from napari_mousegpt._napari.outcome import ResultRow
from napari_mousegpt.clusters.novelty_tables import ABOVE, BATCH, UNKNOWN
from napari_mousegpt.io.file_report import Problem

if TYPE_CHECKING:
    from napari_mousegpt._napari.novelty_source import FoundNew, FoundOdd

__all__ = ["candidate_rows", "new_told", "odd_rows", "odd_told", "recording_rows"]

#: How a verdict stands in a narrow column.
_SHORT = {BATCH: "batch effect?", ABOVE: "above", UNKNOWN: "not known"}
_MOST_ODD = 30


def candidate_rows(found: FoundNew, accepted: Mapping[int, str]) -> list[ResultRow]:
    """Return one row for each candidate behaviour.

    Parameters
    ----------
    found : FoundNew
    accepted : mapping of int to str
        What candidates are called that were accepted.
    """
    rows = []
    windows = found.answer.windows
    begins = dict(zip(windows["range_id"], windows.get("start_s", []), strict=False))
    for row in found.answer.candidates.to_dict("records"):
        number = int(row["candidate"])
        start = int(row["medoid_start"])
        said = accepted.get(number, f"candidate {number}")
        sentence = (
            f"{row['n_windows']:,} windows in {row['n_bouts']:,} stretches of {row['animals']}; "
            f"{row['times_denser']:.1f} times as dense as in the reference. "
            f"Typical: {_moment(begins.get(row['medoid_range_id']), start)} of "
            f"{row['medoid_recording']}."
        )
        denser = f"{row['times_denser']:.1f} x"
        cells = (said, f"{row['n_windows']:,}", str(row["n_recordings"]), denser)
        rows.append(ResultRow(cells, sentence, start))
    return rows


def recording_rows(table: pd.DataFrame) -> list[ResultRow]:
    """Return one row for each recording: new ones first, then those of the control."""
    rows = []
    for row in table.to_dict("records"):
        control = row["role"] == "control"
        rate = _percent(row["rate"])
        name = f"{row['recording']} (control)" if control else str(row["recording"])
        sentence = f"{rate} of {row['windows']:,} windows flagged"
        if row["rate"] == row["rate"]:
            sentence += f", 95 % interval {_percent(row['low'])} to {_percent(row['high'])}"
        if control:
            sentence += ". A recording of the reference held against the others: nothing is new."
        elif row["verdict"] == BATCH:
            sentence += (
                ". That is a batch effect, not a discovery: another camera, light, tracker or age "
                "looks like this."
            )
        else:
            sentence += f": {row['verdict']}."
        short = "" if control else _SHORT.get(str(row["verdict"]), "usual")
        rows.append(ResultRow((name, rate, short), sentence, None))
    return rows


def new_told(found: FoundNew) -> tuple[list[str], list[Problem]]:
    """Return what was found and what to beware of, as sentences."""
    answer = found.answer
    table = answer.recordings
    new, control = (table[table["role"] == role]["rate"].dropna() for role in ("new", "control"))
    said = []
    if len(new) and len(control):
        said.append(
            f"Flagged in the median new recording: {_percent(new.median())}; in the control, where "
            f"nothing is new: {_percent(control.median())} ({_percent(control.min())} to "
            f"{_percent(control.max())}), stated {_percent(answer.params.false_alarms)}."
        )
    count = len(answer.candidates)
    said.append(f"{count or 'No'} candidate {'behaviour' if count == 1 else 'behaviours'}.")
    if found.left_out:
        said.append(f"{found.left_out:,} windows of behaviours accepted before are left out.")
    return said, [Problem(f"{text[0].upper()}{text[1:]}") for text in answer.problems]


def odd_rows(found: FoundOdd) -> list[tuple[ResultRow, str]]:
    """Return the oddest windows, with the recording of each."""
    table = found.answer.windows.dropna(subset=["score"])
    # One moment for each stretch of flagged windows, not its every window.
    top = table.sort_values("score", ascending=False, kind="stable")
    kept: list[tuple[ResultRow, str]] = []
    seen: dict[str, list[int]] = {}
    for row in top.to_dict("records"):
        name, start = str(row["recording"]), int(row["start"])
        length = int(row["stop"]) - start
        if any(abs(start - other) < 5 * length for other in seen.get(name, [])):
            continue
        seen.setdefault(name, []).append(start)
        at = _moment(row.get("start_s"), start)
        flagged = "flagged" if row["flagged"] else ""
        sentence = f"score {row['score']:.2f}, threshold {row['threshold']:.2f}"
        kept.append((ResultRow((name, at, f"{row['score']:.2f}", flagged), sentence, start), name))
        if len(kept) == _MOST_ODD:
            break
    return kept


def odd_told(found: FoundOdd) -> tuple[list[str], list[Problem]]:
    """Return what was found, and why it is no discovery."""
    answer = found.answer
    rates = answer.recordings["rate"].dropna()
    said = []
    if len(rates):
        said.append(
            f"Flagged: {_percent(rates.median())} in the median recording, up to "
            f"{_percent(rates.max())}; stated {_percent(answer.params.false_alarms)}."
        )
    said.append(
        "Odd is not new: with nothing left out at all these scores rank single known behaviours "
        'high, too, as they are rare or spread out. For new behaviours find "what is new".'
    )
    return said, [Problem(f"{text[0].upper()}{text[1:]}") for text in answer.problems]


def _moment(seconds: float | None, start: int) -> str:
    return f"frame {start}" if seconds is None else time_text(seconds)


def _percent(rate: float) -> str:
    return "-" if np.isnan(rate) else f"{100 * rate:.1f} %"
