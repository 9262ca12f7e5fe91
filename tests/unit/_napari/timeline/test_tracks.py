"""Tracks: what they take and what they find out about themselves."""

from __future__ import annotations

import numpy as np
import pytest

from napari_mousegpt._napari.timeline.tracks import SHADES, BoutTrack, CurveTrack
from napari_mousegpt.errors import InputError


def track(**values: object) -> BoutTrack:
    facts: dict[str, object] = {
        "key": "k",
        "title": "Human",
        "kind": "human",
        "individual": "m1",
        "start": [30, 10, 50],
        "stop": [40, 20, 50],
        "label": ["b", "a", "b"],
        "bout_id": ["3", "1", "5"],
    }
    return BoutTrack(**{**facts, **values})  # type: ignore[arg-type]


def test_rows_are_sorted_by_start_and_missing_columns_filled() -> None:
    made = track()
    assert made.start.tolist() == [10, 30, 50]
    assert made.bout_id.tolist() == ["1", "3", "5"]
    assert made.status.tolist() == ["proposed"] * 3
    assert made.source.tolist() == ["human"] * 3
    assert np.isnan(made.confidence).all()
    assert made.words.tolist() == [""] * 3
    assert len(made) == 3


def test_points_are_no_part_of_the_lanes() -> None:
    made = track()
    assert made.points.tolist() == [2]
    assert made.lanes[0].row.tolist() == [0, 1]


def test_bouts_are_found_by_id() -> None:
    made = track()
    assert made.rows_of(["5", "1", "elsewhere"]).tolist() == [0, 2]
    assert made.rows_of([]).tolist() == []
    # A bout without an id is never selected.
    assert track(bout_id=None).rows_of([""]).tolist() == []


def test_a_look_says_label_and_shade() -> None:
    made = track(
        confidence=[0.0, 1.0, np.nan],
        status=["proposed", "proposed", "rejected"],
        start=[10, 30, 50],
    )
    code, shade = np.divmod(made.look, SHADES + 1)
    assert [made.names[i] for i in code] == ["b", "a", "b"]
    assert shade.tolist() == [0, SHADES - 1, SHADES]
    # What a person has accepted is not faint, however unsure the model was.
    sure = track(confidence=[0.1] * 3, status=["accepted"] * 3)
    assert set((sure.look % (SHADES + 1)).tolist()) == {SHADES - 1}
    assert set((track().look % (SHADES + 1)).tolist()) == {SHADES - 1}


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="kind 'curve'"):
        track(kind="curve")
    with pytest.raises(InputError, match="stop"):
        track(stop=[1, 2])
    with pytest.raises(InputError, match="one value per frame"):
        CurveTrack("k", "Speed", "kinematic", "", np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("kind", "values", "limits"),
    [
        ("confidence", [0.4, 0.6], (0.0, 1.0)),
        ("kinematic", [3.0, 12.0, np.nan], (0.0, 12.0)),
        ("kinematic", [-2.0, 5.0], (-2.0, 5.0)),
        ("novelty", [0.0, 0.0], (0.0, 1.0)),
        ("novelty", [np.nan], (0.0, 1.0)),
        ("novelty", [], (0.0, 1.0)),
        ("confidence", [], (0.0, 1.0)),
    ],
)
def test_limits_of_a_curve(kind: str, values: list[float], limits: tuple[float, float]) -> None:
    assert CurveTrack("k", "t", kind, "", np.array(values)).limits == limits
