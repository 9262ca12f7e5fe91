"""Closest human actions, and windows that are alike, as rows to click."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt._napari.closest import Closest
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.vectors import Projected

STARTS = np.array([0, 10, 20, 30, 40])


def closest(*, actions: tuple[str, ...] = ("digging", "tai chi"), who: Any = "") -> Closest:
    values = np.array([[1, 0], [0.9, 0.1], [-1, 0], [0.95, 0], [-1, 0.2]], dtype=np.float32)
    intervals = Intervals.build("rec", STARTS, STARTS + 20, who)
    shares = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    projected = Projected(
        Vectors(intervals, values, (), "tiny", "r"),
        shares.astype(np.float32) if actions else None,
        actions,
        np.ones(5, dtype=np.int64),
        np.zeros(5, dtype=bool),
    )
    named = pd.DataFrame({"individual": intervals.individual, "start": STARTS})
    named["name"] = ["rest", "rest", "", "run", "run"]
    recording = SimpleNamespace(id="rec", timebase=Timebase.constant(10, 60))
    groups = SimpleNamespace(assignments=named)
    return Closest(projected, SimpleNamespace(recording=recording, groups=groups))  # type: ignore[arg-type]


def test_actions_come_with_the_window_that_looks_most_like_them() -> None:
    rows = closest().actions()
    assert [row.cells for row in rows] == [
        ("digging", "56%", "3 of 5", "at 0:00.0"),
        ("tai chi", "44%", "2 of 5", "at 0:02.0"),
    ]
    assert [row.frame for row in rows] == [0, 20]
    assert closest(actions=()).actions() == []
    assert len(closest().actions(top=1)) == 1


def test_nearest_windows_are_of_another_time() -> None:
    found = closest()
    rows = found.nearest(0)
    # The window from 10 on shares frames with it.
    assert [row.frame for row in rows] == [30, 20, 40]
    assert rows[0].cells[0] == "run"
    assert rows[1].cells == ("in no cluster", rows[1].cells[1], "at 0:02.0")
    assert float(rows[0].cells[1]) > 0.9 > 0 > float(rows[1].cells[1])
    assert rows[0].sentence.startswith("0:03.0 to 0:05.0, similarity")
    assert found.title(3) == "Windows most like the one at 0:03.0"
    assert len(found.nearest(0, k=1)) == 1


def test_the_window_around_a_moment() -> None:
    found = closest()
    assert [found.window_at(frame) for frame in (0, 10, 25, 59)] == [0, 0, 2, 4]
    assert [found.window_from(frame) for frame in (0, 11, 40, 59)] == [0, 1, 4, 4]


def test_animals_that_share_a_picture_are_one_window() -> None:
    one = closest()
    intervals = Intervals.build(
        "rec", np.repeat(STARTS, 2), np.repeat(STARTS + 20, 2), ["a", "b"] * 5
    )
    vectors = one.projected.vectors
    doubled = Projected(
        Vectors(intervals, vectors.values.repeat(2, axis=0), (), "tiny", "r"),
        None,
        (),
        np.ones(10, dtype=np.int64),
        np.zeros(10, dtype=bool),
    )
    found = Closest(doubled, SimpleNamespace(recording=one.recording, groups=None))  # type: ignore[arg-type]
    assert [row.frame for row in found.nearest(0)] == [30, 20, 40]
    assert found.nearest(0)[0].cells[0] == "in no cluster"


def test_a_window_of_which_nothing_was_seen_is_refused() -> None:
    found = closest()
    found.projected.vectors.values[2] = np.nan
    with pytest.raises(Exception, match="a vector without gaps"):
        found.nearest(2)
    assert [row.frame for row in found.nearest(0)] == [30, 40]
