from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.body import BodyMap
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.features import MEASURES, FrameFeatures, KinematicsParams, kinematics
from support.loop_kinematics import loop_kinematics
from support.walking_mouse import PARTS, figure, walking_mouse

FPS = 25
TOP_VIEW = ("snout", "leftear", "rightear", "tailbase")


def measured(
    xyz: np.ndarray,
    confidence: np.ndarray | None = None,
    fps: float = FPS,
    names: tuple[str, ...] = PARTS,
    **params: float,
) -> FrameFeatures:
    clock = Timebase.constant(fps, len(xyz))
    pose = make_pose(xyz, confidence, names, ("mouse",), clock)
    return kinematics(pose, clock, params=KinematicsParams(**params))["mouse"]


def top_view(xyz: np.ndarray) -> np.ndarray:
    """Nose, two ears and tail base of the figure in picture axes (y downwards)."""
    nose, neck, tail = (xyz[:, :2, [PARTS.index(p)]] for p in ("nose", "neck", "tail_base"))
    axis = neck - tail
    aside = 0.15 * np.stack([-axis[:, 1], axis[:, 0]], axis=1)
    flat = np.concatenate([nose, neck + aside, neck - aside, tail], axis=2)
    return flat * np.array([1.0, -1.0])[:, None, None]


def rotated(xyz: np.ndarray, angle: float) -> np.ndarray:
    turned = xyz.copy()
    turned[:, 0] = np.cos(angle) * xyz[:, 0] - np.sin(angle) * xyz[:, 1]
    turned[:, 1] = np.sin(angle) * xyz[:, 0] + np.cos(angle) * xyz[:, 1]
    return turned


def close(a: FrameFeatures, b: FrameFeatures, atol: float = 2e-3) -> None:
    assert a.names == b.names
    for name in a.names:
        np.testing.assert_allclose(a.column(name), b.column(name), atol=atol, err_msg=name)


def test_equals_plain_loops() -> None:
    xyz = walking_mouse(6, FPS, noise=0.01)
    score = np.random.default_rng(3).beta(6, 1, size=(len(xyz), len(PARTS)))
    features = measured(xyz, score[..., None])
    length, rows = loop_kinematics(
        {part: xyz[:, :, k, 0].tolist() for k, part in enumerate(PARTS)},
        {part: score[:, k].tolist() for k, part in enumerate(PARTS)},
        FPS,
    )
    assert features.body_length == pytest.approx(length)
    assert set(features.names) == set(rows[0])
    for name in features.names:
        expected = np.array([row[name] for row in rows])
        np.testing.assert_allclose(
            features.column(name), expected, rtol=1e-4, atol=1e-4, err_msg=name
        )
    assert np.isnan(features.values).any(), "the piece has no lost points: it tests too little"


@settings(max_examples=8, deadline=None)
@given(
    angle=st.floats(-np.pi, np.pi),
    shift=st.tuples(*[st.floats(-500, 500)] * 3),
    scale=st.floats(0.01, 50),
    seed=st.integers(0, 50),
)
def test_place_heading_and_size_do_not_matter(
    angle: float, shift: tuple[float, float, float], scale: float, seed: int
) -> None:
    xyz = walking_mouse(4, FPS, seed=seed, noise=0.002)
    moved = (rotated(xyz, angle) + np.array(shift)[:, None, None]) * scale
    before, after = measured(xyz), measured(moved)
    assert after.body_length == pytest.approx(before.body_length * scale, rel=1e-6)
    close(before, after, atol=0.02)


@settings(max_examples=8, deadline=None)
@given(angle=st.floats(-np.pi, np.pi), shift=st.floats(-500, 500), seed=st.integers(0, 50))
def test_place_and_heading_do_not_matter_in_a_picture(
    angle: float, shift: float, seed: int
) -> None:
    xy = top_view(walking_mouse(4, FPS, seed=seed))
    moved = rotated(xy, angle) + shift
    before, after = (measured(p, names=TOP_VIEW) for p in (xy, moved))
    assert {"body_speed", "turn_rate", "head_angle", "head_motion", "elongation"} <= set(
        before.names
    )
    close(before, after, atol=0.02)


def test_a_mirror_image_keeps_the_animals_own_left() -> None:
    xyz = walking_mouse(4, FPS)
    mirrored = xyz * np.array([1.0, -1.0, 1.0])[:, None, None]
    close(measured(xyz), measured(mirrored))


def test_without_sides_a_mirror_image_swaps_left_and_right() -> None:
    names = ("nose", "neck", "tail_base")
    xyz = walking_mouse(4, FPS)[:, :, [PARTS.index(p) for p in names]]
    mirrored = xyz * np.array([1.0, -1.0, 1.0])[:, None, None]
    one, other = measured(xyz, names=names), measured(mirrored, names=names)
    assert np.abs(one.column("turn_rate")).max() > 5
    np.testing.assert_allclose(one.column("turn_rate"), -other.column("turn_rate"), atol=1e-3)
    np.testing.assert_allclose(one.column("body_speed"), other.column("body_speed"), atol=1e-4)


def test_without_sides_a_picture_is_seen_from_above() -> None:
    still = np.repeat(figure(np.zeros(1)), 50, axis=0)
    # Counter-clockwise on the screen, where y points down: to the left for who looks from above.
    turning = np.concatenate(
        [rotated(still[i : i + 1], -np.radians(90.0) * i / FPS) for i in range(50)]
    )
    parts = [PARTS.index(p) for p in ("nose", "neck", "tail_base")]
    flat = measured(turning[:, :2, parts], names=("nose", "neck", "tail_base"))
    np.testing.assert_allclose(flat.column("turn_rate"), 90.0, rtol=2e-3)


@pytest.mark.parametrize("fps", [50, 100, 250])
def test_frame_rate_does_not_matter(fps: int) -> None:
    slow, fast = measured(walking_mouse(8, 25)), measured(walking_mouse(8, fps), fps=fps)
    middle = slice(25, -25)
    for name in slow.names:
        a, b = slow.column(name)[middle], fast.column(name)[:: fps // 25][middle]
        spread = max(float(np.std(a)), 0.05)
        assert np.abs(a - b).max() < 0.25 * spread, name


def test_a_variable_rate_uses_the_true_time_between_pictures() -> None:
    ticks = np.cumsum(np.r_[0, np.tile([30, 50], 100)])
    clock = Timebase.from_pts(ticks, Fraction(1, 1000))
    xyz = np.zeros((201, 3, 9, 1))
    xyz[:] = figure(np.zeros(1))
    xyz[:, 0] += (ticks / 1000 * 4.0)[:, None, None]
    pose = make_pose(xyz, None, PARTS, ("mouse",), clock)
    params = KinematicsParams(smooth_s=0)
    features = kinematics(pose, clock, params=params)["mouse"]
    np.testing.assert_allclose(features.column("body_speed"), 4.0 / features.body_length, rtol=1e-5)


def test_known_motion_has_known_numbers() -> None:
    still = np.repeat(figure(np.zeros(1)), 100, axis=0)
    t = np.arange(100) / FPS
    turning = still.copy()
    for i, angle in enumerate(np.radians(90.0) * t):
        turning[i : i + 1] = rotated(still[i : i + 1], angle)
    features = measured(turning)
    np.testing.assert_allclose(features.column("turn_rate"), 90.0, rtol=2e-3)
    seen_from_above = measured(top_view(turning), names=TOP_VIEW)
    np.testing.assert_allclose(seen_from_above.column("turn_rate"), 90.0, rtol=2e-3)
    walking = still.copy()
    axis = still[0, :2, PARTS.index("neck"), 0] - still[0, :2, PARTS.index("tail_base"), 0]
    walking[:, :2] += (t[:, None] * 5.0 * axis / np.linalg.norm(axis))[:, :, None, None]
    features = measured(walking)
    speed = 5.0 / features.body_length
    for name in ("body_speed", "forward_speed", "head_speed", "hindpaw_speed"):
        np.testing.assert_allclose(features.column(name), speed, rtol=1e-4, err_msg=name)
    for name in ("head_motion", "hindpaw_motion", "turn_rate", "nose_climb"):
        np.testing.assert_allclose(features.column(name), 0.0, atol=1e-4, err_msg=name)


def test_floor_is_where_the_paws_are() -> None:
    features = measured(walking_mouse(8, FPS) + 100.0)
    assert np.median(features.column("hindpaw_height")) == pytest.approx(0.0, abs=0.01)
    assert features.column("nose_height").max() > 0.8


@pytest.mark.parametrize("chunk", [7, 40, 64, 199, 200, 1000])
def test_pieces_join_without_a_seam(chunk: int) -> None:
    rng = np.random.default_rng(5)
    xyz = walking_mouse(8, FPS, noise=0.01)
    xyz[rng.random(xyz.shape[0]) < 0.1] = np.nan
    for k in range(3):
        hold = rng.integers(0, 180)
        xyz[hold : hold + 12, :, k] = xyz[hold, :, k]
    score = rng.beta(6, 1, size=(len(xyz), len(PARTS), 1))
    whole = measured(xyz, score, held_s=0.3, max_gap_s=0.4, smooth_s=0.1)
    pieces = measured(xyz, score, held_s=0.3, max_gap_s=0.4, smooth_s=0.1, chunk_frames=chunk)
    np.testing.assert_array_equal(whole.values, pieces.values)


def test_what_is_not_tracked_has_no_column() -> None:
    xyz = walking_mouse(4, FPS)
    kept = [PARTS.index(p) for p in ("nose", "neck", "tail_base")]
    features = measured(xyz[:, :, kept], names=("nose", "neck", "tail_base"))
    assert not any(
        "paw" in name or "hand" in name or "tail_angle" in name for name in features.names
    )
    whole = measured(xyz)
    for name in ("elongation", "body_pitch", "turn_rate", "head_motion", "nose_height"):
        assert name in features, name
    np.testing.assert_allclose(features.column("elongation"), whole.column("elongation"), rtol=1e-5)
    assert set(whole.names) <= set(MEASURES)
    assert all(MEASURES[n].unit == u for n, u in zip(whole.names, whole.units, strict=True))


def test_doubtful_points_are_not_used() -> None:
    xyz = walking_mouse(4, FPS)
    wild = xyz.copy()
    score = np.ones((len(xyz), len(PARTS), 1))
    wild[50:53, :, 0] += 1000.0
    score[50:53, 0] = 0.59
    np.testing.assert_allclose(
        measured(wild, score).column("head_speed"), measured(xyz).column("head_speed"), atol=0.15
    )
    assert measured(wild, score, min_confidence=0.5).column("head_speed").max() > 100


def test_short_gaps_are_filled_and_long_ones_stay_open() -> None:
    xyz = walking_mouse(4, FPS)
    xyz[20:25, :, 0] = np.nan
    xyz[60:66, :, 0] = np.nan
    nose = measured(xyz).column("elongation")
    assert np.isfinite(nose[18:27]).all()
    assert np.isnan(nose[60:66]).all()
    assert np.isfinite(nose[[59, 66]]).all()


def test_held_points_are_lost_points_when_asked() -> None:
    xyz = walking_mouse(4, FPS)
    xyz[40:60, :, 0] = xyz[40, :, 0]
    trusted, hidden = measured(xyz), measured(xyz, held_s=0.3)
    assert np.isfinite(trusted.column("elongation")).all()
    assert np.isnan(hidden.column("elongation")[42:59]).all()
    assert np.isfinite(hidden.column("elongation")[[39, 61]]).all()


def test_whole_pixels_of_a_resting_animal_are_not_held_points() -> None:
    still = np.rint(np.repeat(figure(np.zeros(1), length=300), 50, axis=0))
    assert np.isfinite(measured(still, held_s=0.3).values).all()


def test_individuals_keep_apart_and_an_unseen_one_is_nan() -> None:
    xyz = walking_mouse(4, FPS)
    both = np.concatenate([xyz, np.full_like(xyz, np.nan)], axis=3)
    clock = Timebase.constant(FPS, len(xyz))
    pose = make_pose(both, None, PARTS, ("seen", "never"), clock)
    found = kinematics(pose, clock)
    assert list(found) == ["seen", "never"]
    close(found["seen"], measured(xyz), atol=0)
    assert found["never"].names == found["seen"].names
    assert np.isnan(found["never"].values).all()
    assert np.isnan(found["never"].body_length)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_very_short_recordings(n: int) -> None:
    features = measured(walking_mouse(4, FPS)[:n])
    assert features.values.shape == (n, len(features.names))


def test_a_given_body_length_is_used() -> None:
    xyz = walking_mouse(4, FPS)
    found = measured(xyz)
    given_length = measured(xyz, body_length=2 * found.body_length)
    assert given_length.body_length == 2 * found.body_length
    np.testing.assert_allclose(
        given_length.column("elongation") * 2, found.column("elongation"), rtol=1e-5
    )


def test_a_user_mapping_names_the_parts() -> None:
    xyz = walking_mouse(4, FPS)
    clock = Timebase.constant(FPS, len(xyz))
    odd = tuple(f"point {k}" for k in range(len(PARTS)))
    pose = make_pose(xyz, None, odd, ("mouse",), clock)
    body = BodyMap(dict(zip(PARTS, odd, strict=True)))
    close(kinematics(pose, clock, body=body)["mouse"], measured(xyz), atol=0)
    with pytest.raises(
        InputError, match=r"keypoints of the pose.*found point 0.*BodyMap.from_names"
    ):
        kinematics(pose, clock)


def test_messages_say_what_to_do() -> None:
    xyz = walking_mouse(4, FPS)
    with pytest.raises(
        InputError, match=r"body length of 'mouse'.*the parts nose.*give body_length"
    ):
        measured(xyz[:, :, :1], names=("nose",))
    clock = Timebase.constant(FPS, len(xyz))
    pose = make_pose(xyz, None, PARTS, ("mouse",), clock)
    with pytest.raises(MismatchError, match=r"expected 99 rows.*found 100"):
        kinematics(pose, Timebase.constant(FPS, 99))
    with pytest.raises(InputError, match="keypoint 'hat' of the body map"):
        kinematics(pose, clock, body=BodyMap({"nose": "hat"}))
    with pytest.raises(InputError, match="max_gap_s=-1"):
        KinematicsParams(max_gap_s=-1)
    with pytest.raises(InputError, match="speed_s=0"):
        replace(KinematicsParams(), speed_s=0)
    with pytest.raises(InputError, match="chunk_frames=0"):
        KinematicsParams(chunk_frames=0)
    with pytest.raises(InputError, match=r"measure 'wings'.*not tracked"):
        measured(xyz).column("wings")
    features = measured(xyz)
    with pytest.raises(MismatchError, match="features of 'mouse'"):
        replace(features, units=features.units[:-1])
