"""Steps that clean tracks: what they mean, what they record, and that nothing moves in time."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.pose_steps import (
    STEPS,
    Interpolate,
    Jump,
    Likelihood,
    Median,
    PoseStep,
    SavGol,
    apply_steps,
    parse_steps,
    steps_from_dicts,
    steps_to_dicts,
)
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

FPS = 30
EVERY = (Likelihood(0.5), Jump(3000.0), Interpolate(0.2), Median(0.1), SavGol(0.2, 2))
SMOOTHING = (Median(0.1), Median(0.3), SavGol(0.2, 2), SavGol(0.4, 3))


def pose_of(xyz: Any, score: Any = None, fps: float = FPS) -> xr.Dataset:
    xyz = np.asarray(xyz, dtype=float)
    keypoints = [f"k{i}" for i in range(xyz.shape[2])]
    animals = [f"m{i}" for i in range(xyz.shape[3])]
    return make_pose(xyz, score, keypoints, animals, Timebase.constant(fps, len(xyz)))


def row(values: Any, score: Any = None, fps: float = FPS) -> xr.Dataset:
    """One point whose x is given and whose y is missing where x is."""
    x = np.asarray(values, dtype=float)
    xyz = np.stack([x, 2 * x], axis=1)[:, :, None, None]
    return pose_of(xyz, None if score is None else np.asarray(score)[:, None, None], fps)


def x_of(pose: xr.Dataset) -> np.ndarray:
    return pose["position"].values[:, 0, 0, 0]


def walk(n: int = 400, seed: int = 0, lost: float = 0.05) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    xyz = np.cumsum(rng.normal(size=(n, 2, 3, 2)), axis=0)
    gone = rng.random((n, 1, 3, 2)) < lost
    xyz[np.broadcast_to(gone, xyz.shape)] = np.nan
    return pose_of(xyz, rng.beta(4, 1, (n, 3, 2)))


def test_likelihood_hides_what_is_below_and_what_has_none() -> None:
    clean = apply_steps(row([1, 2, 3, 4], [0.59, 0.6, np.nan, 0.9]), [Likelihood(0.6)])
    np.testing.assert_array_equal(x_of(clean), [np.nan, 2, np.nan, 4])
    assert clean.attrs["steps"] == [
        {"name": "likelihood", "params": {"threshold": 0.6},
         "removed": 2, "filled": 0, "changed": 0, "points": 4}
    ]  # fmt: skip
    np.testing.assert_array_equal(clean["confidence"].values[:, 0, 0], [0.59, 0.6, np.nan, 0.9])


def test_a_filled_point_has_no_confidence_of_the_tracker() -> None:
    pose = row([1, 2, 9, 4, 5], [0.9, 0.9, 0.1, 0.9, 0.9])
    clean = apply_steps(pose, [Likelihood(0.6), Interpolate(0.2)])
    np.testing.assert_array_equal(x_of(clean), [1, 2, 3, 4, 5])
    # The score of the wrong place would make later steps throw the mended one away.
    np.testing.assert_array_equal(clean["confidence"].values[:, 0, 0], [0.9, 0.9, np.nan, 0.9, 0.9])
    assert pose["confidence"].values[2, 0, 0] == 0.1


def test_likelihood_needs_a_confidence() -> None:
    with pytest.raises(InputError, match=r"likelihood: expected a confidence .* none in this pose"):
        apply_steps(row([1, 2, 3]), [Likelihood()])


def test_only_inner_gaps_not_longer_than_asked_are_filled() -> None:
    nan = np.nan
    values = [nan, 1, nan, nan, 4, nan, nan, nan, 8, 9, nan]
    clean = apply_steps(row(values), [Interpolate(2 / FPS)])
    np.testing.assert_allclose(x_of(clean), [nan, 1, 2, 3, 4, nan, nan, nan, 8, 9, nan])
    assert clean.attrs["steps"][0]["filled"] == 2
    # 0.1 s at 30 frames per second are three frames, in spite of rounding.
    clean = apply_steps(row(values), [Interpolate(0.1)])
    np.testing.assert_allclose(x_of(clean), [nan, 1, 2, 3, 4, 5, 6, 7, 8, 9, nan])


def test_one_wrong_picture_is_a_jump_and_a_fast_run_is_none() -> None:
    still = [0, 0, 500, 0, 0]
    np.testing.assert_array_equal(x_of(apply_steps(row(still), [Jump(1000)])), [0, 0, np.nan, 0, 0])
    run = [0, 0, 500, 500, 500]
    np.testing.assert_array_equal(x_of(apply_steps(row(run), [Jump(1000)])), run)
    # Over a gap the way may be longer: 500 and twice 500 in y, within four frames.
    apart = [0, np.nan, np.nan, np.nan, 500, np.nan, np.nan, np.nan, 0]
    speed = np.hypot(500, 1000) / 4 * FPS
    assert apply_steps(row(apart), [Jump(speed + 1)]).attrs["steps"][0]["removed"] == 0
    assert apply_steps(row(apart), [Jump(speed - 1)]).attrs["steps"][0]["removed"] == 1


def test_median_takes_single_wrong_pictures_out() -> None:
    clean = apply_steps(row([1, 1, 90, 1, 1, 1]), [Median(0.1)])
    assert x_of(clean).tolist() == [1] * 6
    assert clean.attrs["steps"][0]["changed"] == 1


def test_smoothing_leaves_gaps_and_short_runs() -> None:
    values = np.array([1, 5, 2, np.nan, 3, 9, 4, 8, 1, 7, 2, 6, np.nan, 5])
    clean = x_of(apply_steps(row(values), [SavGol(0.2, 2)]))  # 7 frames
    np.testing.assert_array_equal(clean[:4], values[:4])
    np.testing.assert_array_equal(clean[12:], values[12:])
    assert (clean[4:12] != values[4:12]).all()


@pytest.mark.parametrize("step", SMOOTHING)
def test_a_symmetric_impulse_stays_where_it_is(step: PoseStep) -> None:
    values = np.zeros(41)
    values[19:22] = [10, 30, 10]
    clean = x_of(apply_steps(row(values), [step]))
    np.testing.assert_allclose(clean, clean[::-1], atol=1e-9)
    ramp = np.arange(41.0)
    np.testing.assert_allclose(x_of(apply_steps(row(ramp), [step]))[5:-5], ramp[5:-5], atol=1e-9)


@pytest.mark.parametrize("step", EVERY)
def test_time_can_be_turned_round(step: PoseStep) -> None:
    pose = walk()
    there = apply_steps(pose, [step])["position"].values
    turned = pose.copy()
    for name in ("position", "confidence"):
        turned[name] = (pose[name].dims, pose[name].values[::-1].copy())
    back = apply_steps(turned, [step])["position"].values[::-1]
    np.testing.assert_allclose(there, back, atol=1e-9)


def test_the_given_pose_stays_as_it_is_and_the_order_is_recorded() -> None:
    pose = walk()
    before = pose.copy(deep=True)
    clean = apply_steps(pose, EVERY)
    xr.testing.assert_identical(pose, before)
    assert "steps" not in pose.attrs
    records = clean.attrs["steps"]
    assert [r["name"] for r in records] == [s.name for s in EVERY]
    assert json.loads(json.dumps(records)) == records
    again = apply_steps(clean, [Median(0.1)])
    assert [r["name"] for r in again.attrs["steps"]] == [*(s.name for s in EVERY), "median"]
    assert len(clean.attrs["steps"]) == len(EVERY)
    assert clean["position"].dims == pose["position"].dims
    one_by_one = pose
    for step in EVERY:
        one_by_one = apply_steps(one_by_one, [step])
    xr.testing.assert_identical(one_by_one, clean)


def test_counts_are_those_of_the_arrays() -> None:
    pose = walk()
    hidden = apply_steps(pose, [Likelihood(0.7)])
    filled = apply_steps(hidden, [Interpolate(0.1)])
    seen = [
        int(np.isfinite(p["position"].values).all(axis=1).sum()) for p in (pose, hidden, filled)
    ]
    assert hidden.attrs["steps"][0]["removed"] == seen[0] - seen[1] > 0
    assert filled.attrs["steps"][1]["filled"] == seen[2] - seen[1] > 0
    assert filled.attrs["steps"][1]["points"] == 400 * 6


def test_order_of_dimensions_does_not_matter() -> None:
    pose = walk()
    turned = pose.transpose("individuals", "space", "time", "keypoints")
    clean = apply_steps(turned, EVERY)
    assert clean["position"].dims == ("individuals", "space", "time", "keypoints")
    xr.testing.assert_allclose(clean.transpose(*pose["position"].dims), apply_steps(pose, EVERY))


def test_no_steps_change_nothing() -> None:
    xr.testing.assert_identical(apply_steps(walk(), ()), walk())


tracks = arrays(
    np.float64,
    st.integers(1, 60),
    elements=st.floats(-1e4, 1e4) | st.just(np.nan),
)


@settings(max_examples=60)
@given(values=tracks, step=st.sampled_from(SMOOTHING))
def test_smoothing_neither_makes_nor_fills_gaps(values: np.ndarray, step: PoseStep) -> None:
    clean = x_of(apply_steps(row(values), [step]))
    np.testing.assert_array_equal(np.isnan(clean), np.isnan(values))


@settings(max_examples=60)
@given(values=tracks, gap=st.floats(0.04, 1.0), method=st.sampled_from(["linear", "pchip"]))
def test_filling_keeps_what_was_seen_and_goes_no_further(
    values: np.ndarray, gap: float, method: str
) -> None:
    clean = x_of(apply_steps(row(values), [Interpolate(gap, method)]))
    seen = np.isfinite(values)
    np.testing.assert_array_equal(clean[seen], values[seen])
    if seen.any():
        low, high = np.nanmin(values), np.nanmax(values)
        slack = 1e-9 * max(1.0, abs(low), abs(high))
        assert np.nanmin(clean) >= low - slack
        assert np.nanmax(clean) <= high + slack


@settings(max_examples=60)
@example(hidden=np.arange(40) == 1, start=0.0, slope=1.1125369292536007e-308)
@given(hidden=arrays(np.bool_, 40), start=st.floats(-1e3, 1e3), slope=st.floats(-50, 50))
def test_straight_tracks_are_filled_exactly(hidden: np.ndarray, start: float, slope: float) -> None:
    line = start + slope * np.arange(40)
    for method in ("linear", "pchip"):
        clean = x_of(apply_steps(row(np.where(hidden, np.nan, line)), [Interpolate(2.0, method)]))
        seen = np.isfinite(clean)
        np.testing.assert_allclose(clean[seen], line[seen], atol=1e-8)
        inner = np.flatnonzero(~hidden)
        if inner.size:
            assert seen[inner[0] : inner[-1] + 1].all()


@settings(max_examples=30)
@given(value=st.floats(-1e4, 1e4), step=st.sampled_from(EVERY), gone=arrays(np.bool_, 30))
def test_a_point_at_rest_stays_at_rest(value: float, step: PoseStep, gone: np.ndarray) -> None:
    values = np.where(gone, np.nan, value)
    clean = x_of(apply_steps(row(values, np.ones(30)), [step]))
    np.testing.assert_allclose(clean[~gone], value, atol=1e-8, rtol=1e-12)


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), step=st.sampled_from([Likelihood(0.7), Interpolate(0.1)]))
def test_hiding_and_filling_twice_is_doing_it_once(seed: int, step: PoseStep) -> None:
    once = apply_steps(walk(60, seed), [step])
    twice = apply_steps(once, [step])
    np.testing.assert_array_equal(once["position"], twice["position"])
    assert [twice.attrs["steps"][1][k] for k in ("removed", "filled", "changed")] == [0, 0, 0]


class TestAgainstMovement:
    """The filters of movement itself, where they mean the same."""

    @pytest.mark.filterwarnings("ignore")
    def test_equal(self) -> None:
        filtering = pytest.importorskip(
            "movement.filtering", reason="compares with movement, an optional extra"
        )
        pose = walk(300, 3, lost=0.1)
        xyz = pose["position"]
        expected = filtering.filter_by_confidence(xyz, pose["confidence"], 0.7)
        ours = apply_steps(pose, [Likelihood(0.7)])["position"]
        np.testing.assert_array_equal(ours, expected)
        for method in ("linear", "pchip"):
            expected = filtering.interpolate_over_time(xyz, method=method, max_gap=3)
            ours = apply_steps(pose, [Interpolate(0.1, method)])["position"]
            if method == "pchip":  # movement goes beyond the last seen point there
                expected = expected.where(np.isfinite(apply_steps(pose, [Interpolate(9)]).position))
            np.testing.assert_allclose(ours, expected, rtol=1e-9, err_msg=method)
        for seconds, frames in ((0.1, 3), (0.3, 9)):
            expected = filtering.rolling_filter(xyz, frames, "median", min_periods=1)
            ours = apply_steps(pose, [Median(seconds)])["position"]
            np.testing.assert_allclose(ours, expected.where(xyz.notnull()), rtol=1e-12)
        whole = walk(300, 4, lost=0.0)
        expected = filtering.savgol_filter(whole["position"], 7, 2)
        ours = apply_steps(whole, [SavGol(0.2, 2)])["position"]
        np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-9)


def test_runs_are_smoothed_as_scipy_smooths_them() -> None:
    from scipy.signal import savgol_filter

    values = x_of(walk(500, 5, lost=0.03))
    clean = x_of(apply_steps(row(values), [SavGol(0.3, 3)]))  # 9 frames
    for run in np.split(np.arange(500), np.flatnonzero(np.isnan(values))):
        run = run[np.isfinite(values[run])]
        if run.size >= 9:
            expected = savgol_filter(values[run], 9, 3)
            np.testing.assert_allclose(clean[run], expected, rtol=1e-9, atol=1e-9)
        else:
            np.testing.assert_array_equal(clean[run], values[run])


@pytest.mark.parametrize(
    ("seconds", "fps", "frames"),
    [(0.1, 30, 3), (0.1, 25, 3), (0.2, 30, 7), (0.2, 25, 5), (0.1, 60, 7), (0.1, 29.97, 3),
     (0.28, 25, 7), (0.3, 10, 3), (0.1, 50, 5)],
)  # fmt: skip
def test_windows_are_the_nearest_odd_number_of_frames(
    seconds: float, fps: float, frames: int
) -> None:
    values = np.zeros(101)
    values[50] = 1.0
    spread = x_of(apply_steps(row(values, fps=fps), [SavGol(seconds, 0)]))
    assert np.count_nonzero(np.abs(spread) > 1e-12) == frames


def test_texts_and_plain_values_come_back() -> None:
    texts = ["likelihood:0.6", "interpolate:0.25", "median:0.1", "savgol:0.2:2", "jump:2000"]
    steps = parse_steps(texts)
    assert steps == (
        Likelihood(0.6), Interpolate(0.25), Median(0.1), SavGol(0.2, 2), Jump(2000.0)
    )  # fmt: skip
    assert parse_steps(["likelihood", "Interpolate: 0.5 :pchip"]) == (
        Likelihood(), Interpolate(0.5, "pchip")
    )  # fmt: skip
    plain = json.loads(json.dumps(steps_to_dicts(steps)))
    assert plain[0] == {"name": "likelihood", "params": {"threshold": 0.6}}
    assert steps_from_dicts(plain) == steps
    assert steps_from_dicts(apply_steps(walk(), EVERY).attrs["steps"]) == EVERY
    assert set(STEPS) == {"likelihood", "interpolate", "median", "savgol", "jump"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("blur:3", "pose step 'blur:3': expected one of likelihood, jump, interpolate"),
        ("", "expected one of likelihood"),
        ("median:x", "pose step 'median:x': expected median:<window_s>"),
        ("median:0.1:2", "expected median:<window_s>, found more values"),
        ("jump", "pose step 'jump': expected jump:<max_speed>"),
        ("savgol:0.2:2.5", "expected savgol:<window_s>:<order>"),
        ("savgol:0.2:-1", "savgol:0.2:-1: expected a whole order of 0 or more"),
        ("interpolate:0", "interpolate:0.0:linear: expected a gap of more than 0 s"),
        ("interpolate:1:cubic", 'expected method "linear" or "pchip"'),
        ("likelihood:nan", "likelihood:nan: expected a number"),
        ("median:inf", "expected a window of more than 0 s"),
        ("jump:-5", "expected a speed above 0"),
    ],
)
def test_wrong_steps_are_named(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_steps([text])
    assert message in str(caught.value)


def test_unknown_plain_values_are_named() -> None:
    with pytest.raises(InputError, match="expected median:<window_s>"):
        steps_from_dicts([{"name": "median", "params": {"width": 3}}])
    with pytest.raises(InputError, match="expected one of"):
        steps_from_dicts([{"params": {}}])


def test_windows_that_do_nothing_at_this_rate_are_refused() -> None:
    with pytest.raises(InputError, match=r"median:0.1: expected a window of 3 frames or .*; at 5"):
        apply_steps(row(np.zeros(9), fps=5), [Median(0.1)])
    with pytest.raises(InputError, match=r"savgol:0.1:3: expected a window of more than 3 frames"):
        apply_steps(row(np.zeros(9)), [SavGol(0.1, 3)])


def test_a_pose_needs_its_rate() -> None:
    pose = walk()
    del pose.attrs["fps"]
    with pytest.raises(InputError, match="frame rate"):
        apply_steps(pose, [Median(0.1)])
