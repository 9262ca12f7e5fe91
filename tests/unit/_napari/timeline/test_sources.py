"""From a recording and what is known about it to tracks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt._napari.extras import Extras
from napari_mousegpt._napari.timeline.measuring import measures_of
from napari_mousegpt._napari.timeline.said import confidence_curve, words_for
from napari_mousegpt._napari.timeline.sources import bout_tracks, build_tracks, kept_tracks
from napari_mousegpt._napari.timeline.tracks import BoutTrack, CurveTrack
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.features import measure_recording
from support.pace import Cost

MakeRecording = Callable[..., Recording]
#: bout_id, individual, start, stop, label, source, confidence, status
Row = tuple[str, str, int, int, str, str, float, str]


def columns(*rows: Row) -> dict[str, np.ndarray]:
    names = ("bout_id", "individual", "start", "stop", "label", "source", "confidence", "status")
    table = pd.DataFrame(list(rows), columns=list(names))
    kinds = {"start": np.int64, "stop": np.int64, "confidence": np.float64}
    return {name: table[name].to_numpy(dtype=kinds.get(name, object)) for name in names}


def words(*rows: tuple[int, int, str], individual: str = "m1") -> pd.DataFrame:
    start, stop, overall = zip(*rows, strict=True)
    return pd.DataFrame(
        {"start": start, "stop": stop, "overall": overall, "individual": individual}
    )


MIXED = (
    ("a", "m1", 0, 10, "still", "model", 0.9, "proposed"),
    ("b", "m2", 0, 10, "walking", "model", 0.5, "proposed"),
    ("c", "m1", 5, 20, "rearing", "human", np.nan, "accepted"),
    ("d", "m1", 10, 30, "group 1", "cluster", 0.7, "proposed"),
    ("e", "m1", 12, 13, "sniffing", "import", np.nan, "proposed"),
)


def keys(tracks: Any) -> list[str]:
    return [track.key for track in tracks]


def test_each_individual_has_a_track_for_each_who_says_so(make_recording: MakeRecording) -> None:
    recording = make_recording(100, individuals=("m1", "m2"))
    tracks = {track.key: track for track in build_tracks(recording, columns(*MIXED), Extras("rec"))}
    assert list(tracks) == [
        "human/m1", "model/m1", "cluster/m1", "confidence/m1", "human/m2", "model/m2",
        "confidence/m2",
    ]  # fmt: skip
    assert list(tracks["human/m1"].bout_id) == ["c", "e"]
    assert list(tracks["human/m1"].source) == ["human", "import"]
    assert list(tracks["model/m1"].bout_id) == ["a"]
    assert list(tracks["cluster/m1"].label) == ["group 1"]
    assert tracks["human/m1"].editable
    assert tracks["cluster/m1"].editable
    # There is a place to mark, also for an animal without a label by hand.
    assert len(tracks["human/m2"]) == 0


def test_labels_of_the_whole_picture_belong_to_the_only_animal(
    make_recording: MakeRecording,
) -> None:
    rows = columns(
        ("a", "", 0, 10, "still", "human", np.nan, "accepted"),
        ("b", "m1", 3, 10, "walking", "human", np.nan, "accepted"),
        ("c", "", 20, 30, "still", "human", np.nan, "accepted"),
    )
    alone = build_tracks(make_recording(100), rows, Extras("rec"))
    assert keys(alone) == ["human/m1"]
    assert list(alone[0].bout_id) == ["a", "b", "c"]
    two = build_tracks(make_recording(100, individuals=("m1", "m2")), rows, Extras("rec"))
    assert {track.key: track.title for track in two} == {
        "human/m1": "by hand", "human/m2": "by hand", "human/": "picture: by hand",
    }  # fmt: skip


@pytest.mark.parametrize("pose", [True, False])
def test_there_is_a_place_to_mark_before_anything_is_known(
    make_recording: MakeRecording, pose: bool
) -> None:
    tracks = build_tracks(make_recording(100, pose=pose), columns(), Extras("rec"))
    assert keys(tracks) == ["human/m1" if pose else "human/"]


def test_the_lowest_confidence_counts_where_bouts_overlap() -> None:
    rows = columns(
        ("a", "", 2, 6, "still", "model", 0.9, "proposed"),
        ("b", "", 4, 8, "still", "model", 0.4, "proposed"),
        ("c", "", 7, 12, "still", "model", 0.8, "proposed"),
        ("d", "", 0, 3, "still", "human", np.nan, "accepted"),
        ("e", "", 0, 10, "still", "model", 0.1, "rejected"),
    )
    curve = confidence_curve(rows, 10)
    nan = np.nan
    expected = [nan, nan, 0.9, 0.9, 0.4, 0.4, 0.4, 0.4, 0.8, 0.8]
    np.testing.assert_allclose(curve, expected, rtol=1e-6)
    assert confidence_curve(columns(), 10) is None
    # Bouts that follow each other; the last one reaches beyond the recording.
    row = {name: values[[0, 2]] for name, values in rows.items()}
    expected = [nan, nan, 0.9, 0.9, 0.9, 0.9, nan, 0.8, 0.8, 0.8]
    np.testing.assert_allclose(confidence_curve(row, 10), expected, rtol=1e-6)


def test_clusters_have_a_confidence_where_labels_have_none() -> None:
    cluster = ("a", "", 0, 4, "group 1", "cluster", 0.3, "proposed")
    human = ("b", "", 0, 4, "still", "human", np.nan, "accepted")
    model = ("c", "", 2, 4, "still", "model", 0.9, "proposed")
    np.testing.assert_allclose(confidence_curve(columns(cluster, human), 4), [0.3] * 4, rtol=1e-6)
    both = confidence_curve(columns(cluster, human, model), 4)
    np.testing.assert_allclose(both, [np.nan, np.nan, 0.9, 0.9], rtol=1e-6)


def test_a_bout_has_the_words_for_its_middle() -> None:
    said = words((20, 40, "It walks."), (0, 20, "It rests."))
    start, stop = np.array([0, 10, 25, 50, 19, 19]), np.array([10, 40, 35, 60, 19, 22])
    texts = words_for("m1", start, stop, said)
    assert list(texts) == ["It rests.", "It walks.", "It walks.", "", "It rests.", "It walks."]
    assert list(words_for("m2", start[:1], stop[:1], said)) == [""]
    assert list(words_for("m2", start[:1], stop[:1], said.assign(individual=""))) == ["It rests."]


def test_epochs_zones_curves_and_traces_have_tracks(make_recording: MakeRecording) -> None:
    recording = make_recording(200)
    extras = Extras("rec")
    extras.add_epochs(recording, Intervals.build("rec", [10], [50], label=["dose"]))
    extras.add_curve(recording, "novelty", np.arange(200), "m1", unit="z")
    extras.add_curve(recording, "light", np.ones(200))
    extras.show_trace("body_speed")
    extras.measured.keep_features(recording, measure_recording(recording))
    visits = Intervals.build("rec", [0], [30], "m1", label=["centre"])
    extras.measured.keep_zones(recording, visits)
    tracks = {track.key: track for track in build_tracks(recording, columns(), extras)}
    assert list(tracks) == [
        "epoch/", "human/m1", "zone/m1", "trace/body_speed/m1", "curve/novelty/m1", "curve/light/",
    ]  # fmt: skip
    assert (tracks["epoch/"].start, tracks["epoch/"].label) == ([10], ["dose"])
    assert not tracks["epoch/"].editable
    assert tracks["curve/novelty/m1"].kind == "novelty"
    assert tracks["curve/novelty/m1"].unit == "z"
    assert tracks["trace/body_speed/m1"].unit == "BL/s"
    assert tracks["trace/body_speed/m1"].title == "body speed"
    # What was measured of another pose is not shown.
    again = build_tracks(make_recording(200), columns(), extras)
    assert "zone/m1" not in keys(again)
    assert "trace/body_speed/m1" not in keys(again)
    # Nor is a curve of a recording of the same name and another length.
    assert "curve/light/" not in keys(build_tracks(make_recording(50), columns(), extras))


def test_a_track_that_says_the_same_is_handed_in_again() -> None:
    before = bout_tracks("m1", columns(*MIXED[:1]))
    same = kept_tracks(bout_tracks("m1", columns(*MIXED[:1])), before)
    assert all(a is b for a, b in zip(same, before, strict=True))
    row = (*MIXED[0][:-1], "accepted")
    changed = kept_tracks(bout_tracks("m1", columns(row)), before)
    assert changed[0] is before[0]
    assert changed[1] is not before[1]
    curve = CurveTrack("c", "c", "kinematic", "", np.array([1, np.nan]))
    again = CurveTrack("c", "c", "kinematic", "", np.array([1, np.nan]))
    assert kept_tracks([again], [curve]) == [curve]
    empty = BoutTrack("c", "c", "human", "", *(np.empty(0) for _ in range(3)))
    assert kept_tracks([empty], [curve]) == [empty]


@pytest.mark.parametrize("individuals", [("m1",), ("m1", "m2")])
def test_the_measures_offered_are_those_that_are_measured(
    make_recording: MakeRecording, individuals: tuple[str, ...]
) -> None:
    recording = make_recording(100, individuals=individuals)
    for features in measure_recording(recording).values():
        assert tuple(measures_of(recording)) == features.names
    assert "area" in measures_of(make_recording(100, pose=False))
    assert "area" not in measures_of(recording)


def test_an_edit_among_many_bouts_is_quick(make_recording: MakeRecording) -> None:

    count = 100_000
    start = np.arange(count) * 10
    many = {
        "bout_id": np.array([f"{i:032x}" for i in range(count)], dtype=object),
        "individual": np.full(count, "m1", dtype=object),
        "start": start,
        "stop": start + 10,
        "label": np.array(["still", "walking"], dtype=object)[np.arange(count) % 2],
        "source": np.array(["model", "cluster"], dtype=object)[np.arange(count) % 2],
        "confidence": np.full(count, 0.5),
        "status": np.full(count, "proposed", dtype=object),
    }
    recording = make_recording(10 * count, pose=False)
    extras = Extras("rec")
    before = build_tracks(recording, many, extras)
    with Cost() as cost:
        after = kept_tracks(build_tracks(recording, many, extras), before)
    assert all(a is b for a, b in zip(after, before, strict=True))
    assert cost.seconds < 0.5
