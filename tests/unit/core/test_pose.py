from __future__ import annotations

import re

import numpy as np
import pytest
import xarray as xr

from napari_mousegpt.core.pose import (
    POSE_DIMS,
    explain_length,
    fit_length,
    make_pose,
    pose_fingerprint,
    validate_pose,
)
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError

CLOCK = Timebase.constant(25, 6)


def small(n: int = 6, space: int = 2) -> xr.Dataset:
    xyz = np.arange(n * space * 2 * 1, dtype=float).reshape(n, space, 2, 1)
    score = np.linspace(0, 1, n * 2).reshape(n, 2, 1)
    return make_pose(
        xyz, score, ["nose", "tail_base"], ["m"], Timebase.constant(25, n), source="DLC"
    )


@pytest.mark.parametrize("space", [2, 3])
def test_schema_of_movement(space: int) -> None:
    pose = small(space=space)
    assert pose["position"].dims == POSE_DIMS
    assert pose["confidence"].dims == ("time", "keypoints", "individuals")
    assert pose["space"].values.tolist() == list("xyz")[:space]
    assert pose["time"].values.tolist() == CLOCK.time(np.arange(6)).tolist()
    assert pose.attrs == {
        "ds_type": "poses",
        "fps": 25.0,
        "time_unit": "seconds",
        "source_software": "DLC",
        "position_unit": "pixels",
    }
    assert float(pose["position"].sel(keypoints="tail_base", space="x")[0, 0]) == 1.0


def test_no_confidence_is_nan_not_zero() -> None:
    pose = make_pose(np.zeros((6, 2, 1, 1)), None, ["nose"], ["m"], CLOCK)
    assert np.isnan(pose["confidence"]).all()


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ((5, 2, 1, 1), ["nose"]),
        ((6, 4, 1, 1), ["nose"]),
        ((6, 2, 2, 1), ["nose"]),
        ((6, 2, 1), ["nose"]),
    ],
)
def test_shapes_that_do_not_agree(shape: tuple[int, ...], names: list[str]) -> None:
    with pytest.raises(MismatchError, match=r"pose positions: expected shape .* found \("):
        make_pose(np.zeros(shape), None, names, ["m"], CLOCK)


def test_confidence_of_another_shape() -> None:
    with pytest.raises(MismatchError, match=r"pose confidence: expected shape \(6, 1, 1\)"):
        make_pose(np.zeros((6, 2, 1, 1)), np.zeros((6, 1)), ["nose"], ["m"], CLOCK)


def test_validation_names_what_is_wrong() -> None:
    pose = small()
    with pytest.raises(InputError, match=r"a\.csv: expected a variable 'position'"):
        validate_pose(pose.drop_vars("position"), "a.csv")
    with pytest.raises(InputError, match="pose positions: expected dimensions"):
        validate_pose(pose.rename(keypoints="points"))
    with pytest.raises(InputError, match="pose keypoints: expected unique names"):
        validate_pose(pose.assign_coords(keypoints=["nose", "nose"]))
    with pytest.raises(InputError, match="pose space: expected x y or x y z"):
        validate_pose(pose.isel(space=[0]))


@pytest.mark.parametrize("policy", ["error", "trim", "pad"])
def test_equal_lengths_are_left_alone(policy: str) -> None:
    fitted = fit_length(small(), Timebase.constant(50, 6), policy)
    assert "length_policy" not in fitted.attrs
    assert fitted["time"].values.tolist() == [0, 0.02, 0.04, 0.06, 0.08, 0.1]
    assert fitted.attrs["fps"] == 50.0


@pytest.mark.parametrize("policy", ["trim", "pad"])
def test_longer_pose_is_cut(policy: str) -> None:
    pose = small(8)
    fitted = fit_length(pose, CLOCK, policy)
    np.testing.assert_array_equal(fitted["position"], pose["position"][:6])
    assert fitted.attrs["length_policy"] == f"{policy}: 8 rows for 6 pictures"
    assert "length_policy" not in pose.attrs


def test_shorter_pose_is_filled_with_nothing() -> None:
    pose = small(4)
    fitted = fit_length(pose, CLOCK, "pad")
    np.testing.assert_array_equal(fitted["position"][:4], pose["position"])
    assert np.isnan(fitted["position"][4:]).all()
    assert np.isnan(fitted["confidence"][4:]).all()
    assert fitted["time"].values.tolist() == CLOCK.time(np.arange(6)).tolist()
    validate_pose(fitted)


@pytest.mark.parametrize(
    ("rows", "policy", "message"),
    [
        (7, "error", 'm.csv: expected 6 rows, one for each picture of the video, found 7 rows. '
         "Check that this pose was made from this video. If it was, open it with "
         'mismatch="trim" (drop the 1 row(s) at the end).'),
        (4, "error", 'open it with mismatch="pad" (fill the 2 row(s) at the end).'),
        (4, "trim", 'open it with mismatch="pad"'),
    ],
)  # fmt: skip
def test_mismatch_is_refused_and_explained(rows: int, policy: str, message: str) -> None:
    with pytest.raises(MismatchError) as caught:
        fit_length(small(rows), CLOCK, policy, "m.csv")
    assert message in str(caught.value)


def test_unknown_policy() -> None:
    with pytest.raises(InputError, match="mismatch='guess': expected one of error, trim, pad"):
        fit_length(small(), CLOCK, "guess")


def test_fingerprint_follows_content() -> None:
    pose = small()
    same = pose.transpose("individuals", "time", "keypoints", "space")
    assert pose_fingerprint(pose) == pose_fingerprint(small()) == pose_fingerprint(same)
    assert len(pose_fingerprint(pose)) == 32
    moved = pose.copy(deep=True)
    moved["position"][3, 0, 0, 0] += 1e-9
    unsure = pose.copy(deep=True)
    unsure["confidence"][3, 0, 0] = 0.123
    renamed = pose.assign_coords(keypoints=["snout", "tail_base"])
    prints = [pose_fingerprint(p) for p in (pose, moved, unsure, renamed)]
    assert len(set(prints)) == 4


@pytest.mark.parametrize(
    ("rows", "frames", "pose_rate", "video_rate", "expected"),
    [
        (1000, 1000, None, 30.0, ""),
        (1000, 1000, 29.97, 30000 / 1001, ""),
        (1000, 1000, 30.0, 29.97, ""),
        (1000, 1000, 30.0, 25.0, "states 30 rows per second and the video has 25 pictures"),
        (999, 1000, 30.0, 30.0, ""),
        (500, 1000, 15.0, 30.0, "states 15 rows .* explains the number of rows"),
        (1200, 1000, 30.0, 25.0, "states 30 rows .* explains the number of rows"),
        (700, 1000, 30.0, 30.0, "pose lasts 23.3 s and the video 33.3 s"),
        (700, 1000, 15.0, 30.0, "By these rates the pose lasts 46.7 s and the video 33.3 s"),
        (500, 1000, None, 30.0, "one row for every 2 pictures"),
        (334, 1000, None, 30.0, "one row for every 3 pictures"),
        (4000, 1000, None, 30.0, "4 rows for every picture"),
        (700, 1000, None, 30.0, ""),
        (2, 6, None, 30.0, ""),
        (0, 100, None, 30.0, ""),
        (100, 0, 30.0, 25.0, ""),
    ],
)
def test_rates_explain_lengths(
    rows: int, frames: int, pose_rate: float | None, video_rate: float, expected: str
) -> None:
    said = explain_length(rows, frames, pose_rate, video_rate)
    assert re.search(expected, said) if expected else said == ""


def test_a_pose_at_half_rate_is_refused_with_the_reason() -> None:
    clock = Timebase.constant(30, 200)
    pose = small(100).assign_attrs(stated_fps=15.0)
    with pytest.raises(MismatchError) as caught:
        fit_length(pose, clock, "error", "m.nwb")
    assert (
        "m.nwb: expected 200 rows, one for each picture of the video, found 100 rows. "
        "The pose file states 15 rows per second and the video has 30 pictures per second. "
        "That explains the number of rows: they are not the pictures. Check that"
    ) in str(caught.value)
    padded = fit_length(pose, clock, "pad")
    assert "That explains the number of rows" in padded.attrs["notes"]


def test_equal_lengths_outweigh_another_rate_which_is_noted() -> None:
    pose = small().assign_attrs(stated_fps=30.0, notes="One thing.")
    fitted = fit_length(pose, CLOCK)
    np.testing.assert_array_equal(fitted["position"], pose["position"])
    assert fitted.attrs["notes"] == (
        "One thing. The pose file states 30 rows per second and the video has 25 pictures per "
        "second."
    )
    assert fitted["time"].values.tolist() == CLOCK.time(np.arange(6)).tolist()
    assert pose.attrs["notes"] == "One thing."


def test_fingerprint_does_not_depend_on_memory_or_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    pose = small(20)
    whole = pose_fingerprint(pose)
    turned = pose.copy()
    for name in ("position", "confidence"):
        turned[name] = (pose[name].dims, np.asfortranarray(pose[name].values))
    monkeypatch.setattr("napari_mousegpt.core.pose._HASHED_ROWS", 3)
    assert pose_fingerprint(turned) == whole
