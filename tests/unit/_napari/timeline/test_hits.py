"""Which bout lies under the mouse, and what is said about it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_mousegpt._napari.timeline.hits import bout_at, bout_tip, curve_tip
from napari_mousegpt._napari.timeline.layout import Row, Scale, lay_out
from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.tracks import BoutTrack, CurveTrack
from napari_mousegpt.core.timebase import Timebase

SCALE = Scale(0.0, 100.0, 50, 500)


def row(track: BoutTrack) -> Row:
    return lay_out([track])[0]


def bouts(start: list[int], stop: list[int], **more: object) -> BoutTrack:
    ids = [f"b{i}" for i in range(len(start))]
    return BoutTrack(
        "k",
        "t",
        "model",
        "m1",
        start,
        stop,
        ["walking"] * len(start),
        bout_id=ids,
        **more,  # type: ignore[arg-type]
    )


def hit(track: BoutTrack, x: float, y: float = 10) -> str | None:
    found = bout_at(row(track), SCALE, x, y)
    return None if found is None else found.bout_id


def test_half_open_ends_under_the_mouse() -> None:
    track = bouts([10, 20], [20, 30])
    assert [hit(track, 50 + 5 * f + 2) for f in (9, 10, 19, 20, 29, 30)] == [
        None, "b0", "b0", "b1", "b1", None,
    ]  # fmt: skip
    assert hit(track, 20) is None
    assert hit(track, 600) is None


def test_the_lane_under_the_mouse() -> None:
    track = bouts([10, 15], [30, 40])
    height = row(track).height
    assert hit(track, 50 + 5 * 20, 5) == "b0"
    assert hit(track, 50 + 5 * 20, height - 5) == "b1"
    assert hit(track, 50 + 5 * 12, height - 5) is None
    assert hit(track, 50 + 5 * 35, 5) is None


def test_events_are_taken_from_beside_them() -> None:
    track = bouts([10, 40], [60, 40])
    assert hit(track, 50 + 5 * 40 + 3) == "b1"
    assert hit(track, 50 + 5 * 40 - 2) == "b1"
    assert hit(track, 50 + 5 * 40 + 9) == "b0"


def test_a_tip_says_what_is_known() -> None:
    model = TimelineModel(100, Timebase.constant(10, 100))
    track = bouts([10], [30], confidence=[0.734], words=["It <walks>."], source=["model x"])
    found = bout_at(row(track), SCALE, 50 + 5 * 15, 10)
    assert found is not None
    text = bout_tip(model, found)
    for part in (
        *("walking", "m1", "0:01.00 to 0:03.00", "2 s", "20 frames from 10"),
        *("confidence 0.73", "model x", "proposed", "It &lt;walks&gt;."),
    ):
        assert part in text


@pytest.mark.parametrize(
    ("frames", "text"),
    [((3, 4), "3 cm/s"), ((3, 6), "3 to 5 cm/s"), ((8, 9), "no value")],
)
def test_a_tip_of_a_curve(frames: tuple[int, int], text: str) -> None:
    values = np.arange(10.0)
    values[8] = np.nan
    track = CurveTrack("k", "Speed", "kinematic", "", values, "cm/s")
    assert text in curve_tip(TimelineModel(10), track, frames)
