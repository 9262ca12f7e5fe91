from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.clusters.ethograms import ethogram
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError


def _table(rows: list[tuple[int, int, str, float]], **columns: Any) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["start", "stop", "label", "confidence"])
    return table.assign(recording="rec", individual="m1", **columns)


def test_runs_of_one_label_are_one_bout() -> None:
    found = ethogram(_table([(0, 10, "a", 0.8), (10, 20, "a", 0.4), (20, 30, "b", 0.5)]))
    assert [(b.start, b.stop, b.label) for b in found.bouts] == [(0, 20, "a"), (20, 30, "b")]
    assert found.bouts.column("confidence").tolist() == pytest.approx([0.6, 0.5])
    assert set(found.bouts.column("source")) == {"model"}


def test_overlapping_windows_vote_by_confidence() -> None:
    found = ethogram(_table([(0, 10, "a", 0.9), (5, 15, "b", 0.5), (10, 20, "b", 0.5)]))
    assert [(b.start, b.stop, b.label) for b in found.bouts] == [(0, 10, "a"), (10, 20, "b")]


def test_two_unsure_windows_outvote_one() -> None:
    found = ethogram(_table([(0, 10, "a", 0.7), (0, 10, "b", 0.4), (0, 10, "b", 0.4)]))
    assert found.labels == ("b",)


def test_stretches_without_a_label_are_observed_but_no_bout() -> None:
    found = ethogram(_table([(0, 10, "", 0.0), (10, 20, "a", 0.0), (30, 40, "", 0.0)]))
    assert [(b.start, b.stop) for b in found.bouts] == [(10, 20)]
    assert [(s.start, s.stop) for s in found.observed] == [(0, 20), (30, 40)]


def test_a_bout_has_the_same_id_whenever_it_is_computed() -> None:
    table = _table([(0, 10, "a", 0.8), (10, 20, "b", 0.4)])
    assert ethogram(table) == ethogram(table)
    ids = ethogram(table).bouts.column("bout_id")
    assert len(set(ids)) == 2
    assert not set(ids) & set(ethogram(table.assign(individual="m2")).bouts.column("bout_id"))


def test_a_table_without_rows_gives_an_empty_ethogram() -> None:
    assert len(ethogram(_table([]))) == 0


def test_smoothing_needs_a_clock() -> None:
    table = _table([(0, 10, "a", 1.0), (12, 20, "a", 1.0)])
    with pytest.raises(InputError, match=r"timebase=recording\.timebase"):
        ethogram(table, close_gap_ms=500)
    assert len(ethogram(table, Timebase.constant(10, 20), close_gap_ms=500)) == 1


def test_a_table_without_labels_is_refused() -> None:
    with pytest.raises(InputError, match="columns label and confidence"):
        ethogram(pd.DataFrame({"recording": [], "start": []}))


_ROWS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 15), st.sampled_from("abc"), st.integers(0, 8)),
    min_size=1,
    max_size=12,
)


# Five animals at a time: a table of many costs as much as one of a single animal.
@settings(max_examples=20, deadline=None)
@given(st.lists(_ROWS, min_size=5, max_size=5))
def test_every_frame_has_the_label_with_the_most_support(
    animals: list[list[tuple[int, int, str, int]]],
) -> None:
    tables = [
        _table([(start, start + n, label, w / 8) for start, n, label, w in rows]).assign(
            individual=f"m{number}"
        )
        for number, rows in enumerate(animals)
    ]
    found = ethogram(pd.concat(tables, ignore_index=True))
    for number, table in enumerate(tables):
        size = int(table["stop"].max())
        support = {label: np.zeros(size) for label in "abc"}
        for row in table.itertuples():
            support[row.label][row.start : row.stop] += row.confidence + 1e-9
        frames = found.to_frames("rec", size, f"m{number}")
        for frame in range(size):
            votes = {label: support[label][frame] for label in "abc"}
            best = max(votes.values())
            if best == 0:
                assert frames[frame] == ""
            else:
                assert votes[frames[frame]] == pytest.approx(best)
