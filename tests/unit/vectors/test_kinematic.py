from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.features import WindowParams, window_features
from napari_mousegpt.features.frame_features import FrameFeatures
from napari_mousegpt.vectors.kinematic import (
    MEASURES_2D,
    MEASURES_3D,
    ProjectParams,
    project_kinematic,
)

CLOCK = Timebase.constant("29.97", 300)
NAMES = ("body_speed", "head_motion", "tail_angle", "head_angle", "elongation", "nose_height")
UNITS = ("BL/s", "BL/s", "deg", "deg", "BL", "BL")


def measured(name: str = "m", seed: int = 0, source: str = "pose 2-D") -> FrameFeatures:
    values = np.random.default_rng(seed).random((300, len(NAMES))).astype(np.float32)
    return FrameFeatures(name, NAMES, UNITS, values, 50.0, CLOCK, source)


RANGES = Intervals.build("r", [0, 30, 60], [30, 60, 95], "m")


def test_rows_are_the_window_features_of_the_chosen_measures() -> None:
    features = measured()
    vectors = project_kinematic({"m": features}, RANGES, ProjectParams(measures=("elongation",)))
    names, values = window_features(features, RANGES.start, RANGES.stop, WindowParams())
    mine = [i for i, name in enumerate(names) if name.split()[0] == "elongation"]
    assert vectors.names == tuple(names[i] for i in mine)
    np.testing.assert_array_equal(vectors.values, values[:, mine])
    assert vectors.values.dtype == np.float32
    assert vectors.model == "kinematic"


def test_measures_go_by_what_was_measured() -> None:
    def used(source: str) -> set[str]:
        vectors = project_kinematic({"m": measured(source=source)}, RANGES)
        return {name.split()[0] for name in vectors.names}

    assert used("pose 2-D") == {"body_speed", "head_motion", "head_angle", "elongation"}
    assert used("pose 3-D") == {"body_speed", "head_motion", "elongation", "nose_height"}
    assert used("silhouette") == set(NAMES)
    assert used("pose 2-D") <= set(MEASURES_2D)
    assert used("pose 3-D") <= set(MEASURES_3D)


def test_order_of_rows_and_their_seconds_are_kept() -> None:
    order = np.array([2, 0, 1])
    straight = project_kinematic({"m": measured()}, RANGES)
    mixed = project_kinematic({"m": measured()}, RANGES[order])
    np.testing.assert_array_equal(mixed.values, straight.values[order])
    assert mixed.intervals.column("start_s").tolist() == CLOCK.time(np.array([60, 0, 30])).tolist()
    assert mixed.intervals.column("stop_s").tolist() == CLOCK.time(np.array([95, 30, 60])).tolist()


def test_every_interval_takes_its_own_individual() -> None:
    both = {"a": measured("a", 1), "b": measured("b", 2)}
    ranges = Intervals.build("r", [0, 0, 30], [30, 30, 60], ["b", "a", "b"])
    vectors = project_kinematic(both, ranges)
    for row, name in ((0, "b"), (1, "a"), (2, "b")):
        alone = project_kinematic({name: both[name]}, ranges[[row]])
        np.testing.assert_array_equal(vectors.values[row], alone.values[0])


def test_the_whole_picture_means_the_only_individual() -> None:
    ranges = Intervals.build("r", [0], [30])
    vectors = project_kinematic({"m": measured()}, ranges)
    assert np.isfinite(vectors.values).all()
    with pytest.raises(
        InputError, match="intervals of the whole picture: expected one of 'a', 'b'"
    ):
        project_kinematic({"a": measured("a"), "b": measured("b")}, ranges)


def test_the_revision_hangs_on_the_parameters() -> None:
    features = {"m": measured()}
    one = project_kinematic(features, RANGES).revision
    assert project_kinematic(features, RANGES, ProjectParams()).revision == one
    assert project_kinematic(features, RANGES, ProjectParams(contexts_s=(1.0,))).revision != one


def test_what_was_not_seen_is_nan() -> None:
    features = measured()
    features.values[30:60] = np.nan
    vectors = project_kinematic({"m": features}, RANGES, ProjectParams(contexts_s=()))
    assert np.isnan(vectors.values).all(axis=1).tolist() == [False, True, False]


def test_no_intervals_give_no_rows() -> None:
    vectors = project_kinematic({"m": measured()}, Intervals.empty())
    assert vectors.values.shape == (0, len(vectors.names))
    assert vectors.names


def test_refuses_what_does_not_fit() -> None:
    features = {"m": measured()}
    two = Intervals.build(["r", "s"], [0, 0], [30, 30], "m")
    with pytest.raises(InputError, match=r"expected one recording.*found 2: r, s\. Project each"):
        project_kinematic(features, two)
    with pytest.raises(InputError, match="individual 'x': expected one of 'm'"):
        project_kinematic(features, Intervals.build("r", [0], [30], "x"))
    with pytest.raises(InputError, match=r"window 0: expected 0 <= start < stop <= 300"):
        project_kinematic(features, Intervals.build("r", [290], [310], "m"))
    with pytest.raises(InputError, match="expected at least one individual, found none"):
        project_kinematic({}, RANGES)
    with pytest.raises(InputError, match="kinematic projection: expected at least one of wing"):
        project_kinematic(features, RANGES, ProjectParams(measures=("wing",)))
    short = replace(measured(), names=NAMES[:2], units=UNITS[:2], values=np.zeros((300, 2), "f4"))
    with pytest.raises(
        MismatchError, match="the same 6 measures as the other individuals, found 2"
    ):
        project_kinematic({"m": measured(), "n": short}, RANGES)
