"""Visits to zones, against walks whose visits are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.arena import Arena, Zone
from napari_mousegpt.core.arena_pose import split_by_arena
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.features.zones import ZoneParams, body_point, zone_entries, zone_summary


def box(left: float, right: float) -> np.ndarray:
    return np.array([[left, 0], [right, 0], [right, 100], [left, 100]], float)


ARENA = Arena("box", (Zone("left", box(0, 50)), Zone("right", box(50, 100))), box(0, 100), 10.0)
NAN = np.nan


def walk(
    x: Sequence[float] | np.ndarray,
    arenas: tuple[Arena, ...] = (ARENA,),
    *,
    confidence: np.ndarray | None = None,
    individuals: tuple[str, ...] = ("m1",),
    fps: int = 10,
) -> Recording:
    """Animals whose only keypoint walks along x at y = 30."""
    across = np.atleast_2d(np.asarray(x, float).T).T
    n, count = across.shape
    clock = Timebase.constant(fps, n)
    xy = np.stack([across, np.where(np.isnan(across), np.nan, 30.0)], axis=1)[:, :, None, :]
    pose = make_pose(xy, confidence, ["center"], individuals[:count], clock)
    return Recording("r1", (View("top", clock, pose=pose, arenas=arenas),))


def visits(recording: Recording, **params: object) -> list[tuple[str, int, int]]:
    found = zone_entries(recording, ZoneParams(**params))  # type: ignore[arg-type]
    return list(zip(found.column("label"), found.start, found.stop, strict=True))


def test_visits_are_half_open_and_meet() -> None:
    assert visits(walk([10, 20, 60, 70, 49.9, 50])) == [
        ("left", 0, 2),
        ("right", 2, 4),
        ("left", 4, 5),
        ("right", 5, 6),
    ]


def test_a_short_gap_is_bridged_only_within_one_zone() -> None:
    track = [10, NAN, NAN, 20, NAN, 60, NAN]
    assert visits(walk(track)) == [("left", 0, 4), ("right", 5, 6)]
    assert visits(walk(track), max_gap_s=0.1) == [("left", 0, 1), ("left", 3, 4), ("right", 5, 6)]


def test_short_visits_can_be_left_out() -> None:
    assert visits(walk([10, 60, 10, 10, 10]), min_visit_s=0.2) == [("left", 2, 5)]


def test_doubtful_points_are_not_used() -> None:
    score = np.array([0.9, 0.1, 0.9, np.nan])[:, None, None]
    recording = walk([10, 90, 10, 10], confidence=score)
    assert visits(recording) == [("left", 0, 4)]
    assert visits(recording, min_confidence=0) == [
        ("left", 0, 1),
        ("right", 1, 2),
        ("left", 2, 4),
    ]


def test_an_arena_is_for_its_own_animal() -> None:
    both = (
        Arena("a", (Zone("z", box(0, 50)),), box(0, 50), individual="m1"),
        Arena("b", (Zone("z", box(50, 100)),), box(50, 100), individual="m2"),
    )
    found = zone_entries(walk([[10, 60], [60, 10]], both, individuals=("m1", "m2")))
    assert list(zip(found.individual, found.column("arena"), found.start, strict=True)) == [
        ("m1", "a", 0),
        ("m2", "b", 0),
    ]
    with pytest.raises(InputError, match=r"an individual of the pose: m1.*'m2'"):
        zone_entries(walk([10, 20], both))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([10.0, 60.0, 120.0, NAN]), min_size=1, max_size=60))
def test_against_one_frame_at_a_time(track: list[float]) -> None:
    found = visits(walk(track), max_gap_s=0)
    for name, low, high in (("left", 0, 50), ("right", 50, 100)):
        held = [any(s <= i < e for z, s, e in found if z == name) for i in range(len(track))]
        assert held == [low <= x < high for x in track]
    for (zone, _, stop), (other, start, _) in pairwise(found):
        assert not (zone == other and stop == start), "one visit, cut in two"


def test_the_summary() -> None:
    # 2 s left, 1 s right, 1 s unseen; 1 px a frame, 10 px a cm.
    x = np.concatenate([30 + np.arange(20), 50 + np.arange(10), np.full(10, NAN)])
    table = zone_summary(walk(x)).set_index("zone")
    assert table["entries"].tolist() == [1, 1]
    np.testing.assert_allclose(table["seconds"], [2, 1])
    np.testing.assert_allclose(table["observed_s"], [3, 3])
    np.testing.assert_allclose(table["share"], [2 / 3, 1 / 3])
    np.testing.assert_allclose(table["latency_s"], [0, 2])
    np.testing.assert_allclose(table["distance_cm"], [1.9, 0.9], atol=0.05)


def test_a_zone_that_is_never_visited_and_an_animal_never_seen() -> None:
    table = zone_summary(walk([10, 10])).set_index("zone")
    assert table.loc["right", "entries"] == 0
    assert np.isnan(table.loc["right", "latency_s"])
    assert np.isnan(zone_summary(walk([NAN, NAN]))["share"]).all()
    bare = walk([10, 10], (replace(ARENA, pixels_per_cm=None),))
    assert np.isnan(zone_summary(bare)["distance_cm"]).all()


def test_the_body_is_the_mean_of_its_firm_points() -> None:
    clock = Timebase.constant(10, 1)
    xy = np.array([[[90, 10, 20], [0, 0, 10]]], float)[..., None]
    pose = make_pose(xy, None, ["nose", "left_ear", "tail_base"], ["m1"], clock)
    recording = Recording("r", (View("top", clock, pose=pose),))
    np.testing.assert_allclose(body_point(recording, "m1"), [[15, 5]])
    np.testing.assert_allclose(body_point(recording, "m1", ZoneParams(point="nose")), [[90, 0]])
    with pytest.raises(InputError, match="one of nose, left_ear"):
        body_point(recording, "m1", ZoneParams(point="paw"))


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InputError, match="an arena with zones"):
        zone_entries(walk([1, 2], ()))
    with pytest.raises(InputError, match="max_gap_s"):
        ZoneParams(max_gap_s=-1)


def test_nothing_visited_gives_an_empty_table_with_its_columns() -> None:
    found = zone_entries(walk([500, 500]))
    assert len(found) == 0
    assert {"label", "arena"} <= set(found.columns)


def test_mixed_up_animals_go_back_to_their_arenas() -> None:
    both = (
        Arena("a", outline=box(0, 50), individual="m1"),
        Arena("b", outline=box(50, 100), individual="m2"),
    )
    track = np.array([[10, 60], [61, 11], [12, NAN], [13, 14], [500, 64]], float)
    score = np.array([[0.9, 0.9]] * 5)[:, None, :]
    score[3] = [[0.7, 0.95]]
    recording = walk(track, (), confidence=score, individuals=("m1", "m2"))
    assert recording.pose is not None
    split = split_by_arena(recording.pose, both)
    assert split["individuals"].values.tolist() == ["m1", "m2"]
    np.testing.assert_array_equal(
        split["position"].values[:, 0, 0, :], [[10, 60], [11, 61], [12, NAN], [14, NAN], [NAN, 64]]
    )
    assert split["confidence"].values[3, 0, 0] == 0.95
    assert split.attrs["split_by_arena"] == (
        "3 detections changed their animal, 1 times two lay in one arena, 1 detections lay in none"
    )


def test_a_visit_of_exactly_the_shortest_length_stays() -> None:
    # 0.3 s - 0.1 s is a little less than 0.2 s in floating point.
    assert visits(walk([60, 10, 10, 60, 60]), min_visit_s=0.2) == [
        ("left", 1, 3),
        ("right", 3, 5),
    ]


def test_animals_named_by_their_arenas_are_measured_at_home() -> None:
    both = tuple(
        Arena(name, (Zone("all", box(low, low + 50)),), box(low, low + 50))
        for name, low in (("west", 0), ("east", 50))
    )
    mixed = walk([[10, 60], [61, 11]], (), individuals=("t0", "t1")).pose
    assert mixed is not None
    clock = Timebase.constant(10, 2)
    recording = Recording("r", (View("top", clock, pose=split_by_arena(mixed, both), arenas=both),))
    table = zone_summary(recording)
    assert table[["individual", "arena", "entries"]].to_numpy().tolist() == [
        ["west", "west", 1],
        ["east", "east", 1],
    ]


def test_outlines_that_overlap_do_not_give_one_animal_twice() -> None:
    both = (Arena("a", outline=box(0, 60)), Arena("b", outline=box(40, 100)))
    pose = walk([[10, 50], [20, 90]], (), individuals=("m1", "m2")).pose
    assert pose is not None
    with pytest.raises(InputError, match=r"do not overlap, found 1 detections in two of them"):
        split_by_arena(pose, both)


def test_a_pose_in_cm_is_measured_in_an_arena_in_cm() -> None:
    clock = Timebase.constant(10, 4)
    xyz = np.array([[10, 5, 1], [20, 5, 2], [60, 5, 9], [61, 5, 9]], float)[:, :, None, None]
    pose = make_pose(xyz, None, ["center"], ["m1"], clock, unit="cm")
    arena = replace(ARENA, pixels_per_cm=None, unit="cm")
    recording = Recording("r", (View("top", clock, pose=pose, arenas=(arena,)),))
    table = zone_summary(recording).set_index("zone")
    assert table["entries"].to_dict() == {"left": 1, "right": 1}
    assert table.loc["left", "distance_cm"] > 5
    wrong = Recording("r", (View("top", clock, pose=pose, arenas=(ARENA,)),))
    with pytest.raises(InputError, match=r"coordinates in cm, as the pose has, found pixels"):
        zone_entries(wrong)
    bare = make_pose(xyz, None, ["center"], ["m1"], clock)
    with pytest.raises(InputError, match="3-D coordinates in pixels"):
        zone_entries(Recording("r", (View("top", clock, pose=bare, arenas=(ARENA,)),)))


def test_a_recording_without_a_pose_is_refused() -> None:
    video = Recording("r", (View("top", Timebase.constant(10, 5), arenas=(ARENA,)),))
    with pytest.raises(InputError, match="a pose, found none"):
        zone_entries(video)
