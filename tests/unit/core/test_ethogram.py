from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.ethogram import SOURCES, STATUSES, Ethogram, new_bout_ids
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.tables import BOUTS
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

RATES = [14, 23.976, 25, 29.97, 58.83, 59.94, 120, 250]
CLOCK = Timebase.constant(10, 1000)
LABELS = st.lists(st.sampled_from(["", "walk", "rear", "groom"]), max_size=40)


def bouts(*rows: tuple[int, int, str], **columns: object) -> Ethogram:
    table = Intervals.build(
        "m1",
        [r[0] for r in rows],
        [r[1] for r in rows],
        "a",
        label=np.array([r[2] for r in rows], dtype=object),
        **columns,  # type: ignore[arg-type]
    )
    return Ethogram(table)


def spans(ethogram: Ethogram) -> list[tuple[int, int, str]]:
    return [(b.start, b.stop, b.label) for b in ethogram.bouts]


# --- what an ethogram is ------------------------------------------------------------------------


def test_missing_columns_are_filled_in() -> None:
    etho = Ethogram(Intervals.build("m1", [5, 0], [9, 3], label=["b", "a"]), source="model")
    table = etho.to_pandas()
    assert list(table.columns) == [name for name in BOUTS.names if not name.endswith("_s")]
    assert table["label"].tolist() == ["a", "b"]  # in order of time
    assert table["source"].tolist() == ["model", "model"]
    assert table["status"].tolist() == ["proposed", "proposed"]
    assert table["confidence"].isna().all()
    assert table["parent_id"].tolist() == ["", ""]
    assert table["comment"].tolist() == ["", ""]
    assert len(set(table["bout_id"])) == 2
    assert etho.labels == ("a", "b")
    assert repr(etho) == "<Ethogram: 2 bouts of 2 behaviours>"
    assert len(etho) == 2


def test_ids_and_further_columns_stay() -> None:
    ids = new_bout_ids(2)
    etho = bouts((0, 3, "a"), (5, 9, "b"), bout_id=ids, note=["x", "y"])
    assert etho.to_pandas()["bout_id"].tolist() == ids
    assert etho.to_pandas()["note"].tolist() == ["x", "y"]
    assert Ethogram(etho.bouts, etho.observed) == etho
    assert etho != bouts((0, 3, "a"), (5, 9, "b"))  # other ids


def test_observed_is_the_span_unless_told() -> None:
    etho = bouts((5, 9, "a"), (20, 30, "b"))
    assert [(s.start, s.stop) for s in etho.observed] == [(5, 30)]
    told = Ethogram(etho.bouts, Intervals.build("m1", [0, 50], [50, 100], "a"))
    assert [(s.start, s.stop) for s in told.observed] == [(0, 100)]
    empty = Ethogram(Intervals.build([], [], [], label=[]))
    assert len(empty) == len(empty.observed) == 0


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"source": ["robot"]}, "ethogram source 'robot': expected one of human, model, cluster"),
        ({"status": ["maybe"]}, "ethogram status 'maybe': expected one of proposed, accepted"),
        ({"confidence": [1.5]}, "ethogram confidence: expected 0 to 1, found 1.5"),
        ({"confidence": [-0.1]}, "ethogram confidence: expected 0 to 1, found -0.1"),
        ({"label": [""]}, "expected a label in every row, found an empty one in row 0"),
        ({"label": [None]}, "expected a label in every row"),
    ],
)
def test_values_that_are_not_allowed(columns: dict[str, object], message: str) -> None:
    fields = {"label": ["a"], **columns}
    with pytest.raises(InputError) as caught:
        Ethogram(Intervals.build("m1", [0], [5], **fields))  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_structure_that_is_not_allowed() -> None:
    with pytest.raises(InputError, match="expected a column 'label'"):
        Ethogram(Intervals.build("m1", [0], [5]))
    with pytest.raises(InputError, match="expected unique bout ids, found a doubled one"):
        bouts((0, 3, "a"), (4, 5, "a"), bout_id=["x", "x"])
    with pytest.raises(AttributeError, match="immutable"):
        bouts((0, 3, "a")).bouts = Intervals.empty()  # type: ignore[misc]
    with pytest.raises(TypeError, match="unhashable"):
        hash(bouts((0, 3, "a")))


def test_words_are_written_down() -> None:
    assert SOURCES == ("human", "model", "cluster", "import")
    assert STATUSES == ("proposed", "accepted", "rejected")


def test_select() -> None:
    a, b = bouts((0, 3, "x"), (5, 9, "y")), Intervals.build("m2", [0], [4], label=["x"])
    both = Ethogram(Intervals.concat([a.bouts, b.assign(bout_id=new_bout_ids(1))]))
    assert len(both.select(label="x")) == 2
    assert len(both.select(label="x").observed) == 2
    only = both.select(recording="m2")
    assert only.bouts.recording.tolist() == only.observed.recording.tolist() == ["m2"]


@pytest.mark.parametrize("rate", RATES)
def test_seconds_come_from_the_clock_of_each_recording(rate: float) -> None:
    table = Intervals.build(["m1", "m2"], [30, 30], [60, 60], label=["a", "a"])
    clock = Timebase.constant(rate, 100)
    seconds = Ethogram(table).to_pandas({"m1": clock})
    assert seconds["start_s"].tolist()[0] == clock.time(30)
    assert seconds["stop_s"].tolist()[0] == clock.time(60)
    assert np.isnan(seconds["start_s"].tolist()[1])


# --- frames and back ----------------------------------------------------------------------------


@given(LABELS, st.integers(0, 5))
@settings(max_examples=30)
def test_frames_to_bouts_to_frames(labels: list[str], start: int) -> None:
    etho = Ethogram.from_frames(labels, "m1", "a", start=start)
    n = start + len(labels)
    assert etho.to_frames("m1", n, "a").tolist() == [""] * start + labels
    # Bouts are as long as they can be, and the whole stretch was observed.
    for before, after in zip(spans(etho), spans(etho)[1:], strict=False):
        assert before[1] < after[0] or before[2] != after[2]
    assert etho.observed.length.sum() == len(labels)


@given(LABELS)
@settings(max_examples=25)
def test_time_of_each_label_is_counted_exactly(labels: list[str]) -> None:
    etho = Ethogram.from_frames(labels, "m1")
    for label in ("walk", "rear", "groom"):
        assert etho.bouts.select(label=label).length.sum() == labels.count(label)


def test_values_that_mean_nothing_was_said() -> None:
    etho = Ethogram.from_frames(["na", None, float("nan"), "x", 3], "m1", unlabelled=["na"])
    assert spans(etho) == [(3, 4, "x"), (4, 5, "3")]
    assert [(s.start, s.stop) for s in etho.observed] == [(0, 5)]
    assert len(Ethogram.from_frames([], "m1").observed) == 0


def test_categories_of_labels() -> None:
    labels = pd.Series(["a", "a", None, "b"], dtype="category")
    assert spans(Ethogram.from_frames(labels, "m1")) == [(0, 2, "a"), (3, 4, "b")]


def test_confidence_is_averaged_over_each_bout() -> None:
    etho = Ethogram.from_frames(["a", "a", "", "b"], "m1", confidence=[0.2, 0.4, 9.0, 1.0])
    assert etho.to_pandas()["confidence"].tolist() == pytest.approx([0.3, 1.0])


def test_later_bout_lies_on_top_and_rejected_ones_are_left_out() -> None:
    etho = bouts(
        (0, 6, "a"), (4, 8, "b"), (9, 10, "c"), status=["proposed", "accepted", "rejected"]
    )
    assert "".join(etho.to_frames("m1", 10, "a", unlabelled="-")) == "aaaabbbb--"
    assert set(etho.to_frames("m1", 10, "other")) == {""}


def test_bouts_that_reach_over_the_video() -> None:
    etho = bouts((-3, 2, "a"), (8, 15, "b"))
    assert "".join(etho.to_frames("m1", 10, "a", unlabelled="-")) == "aa------bb"


# --- smoothing ----------------------------------------------------------------------------------


def smoothed_by_eye(labels: list[str], fps: float, min_ms: float, gap_ms: float) -> list[str]:
    """The same on frames, label by label: fill short holes, then drop short runs."""
    kept = [set() for _ in labels]
    for label in {*labels} - {""}:
        on = [value == label for value in labels]
        runs = [list(run) for run in _runs(on)]
        joined: list[list[int]] = []
        for run in runs:
            if joined and gap_ms and (run[0] - joined[-1][1]) * 1000 / fps <= gap_ms + 1e-6:
                joined[-1][1] = run[1]
            else:
                joined.append(run)
        for a, b in joined:
            if (b - a) * 1000 / fps >= min_ms - 1e-6:
                for i in range(a, b):
                    kept[i].add(label)
    return ["+".join(sorted(labels)) for labels in kept]


def _runs(on: list[bool]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff([0, *map(int, on), 0]))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


@given(
    labels=LABELS,
    rate=st.sampled_from([10, 14, 25, 29.97, 58.83]),
    shortest=st.sampled_from([0, 150, 300]),
    gap=st.sampled_from([0, 100, 250]),
)
@settings(max_examples=40)
def test_smoothing_frame_by_frame(
    labels: list[str], rate: float, shortest: float, gap: float
) -> None:
    clock = Timebase.constant(rate, 100)
    etho = Ethogram.from_frames(labels, "m1")
    done = etho.smooth(clock, min_bout_ms=shortest, close_gap_ms=gap)
    found = [set() for _ in labels]
    for bout in done.bouts:
        for i in range(bout.start, bout.stop):
            found[i].add(bout.label)
    assert ["+".join(sorted(x)) for x in found] == smoothed_by_eye(labels, clock.fps, shortest, gap)
    assert done.observed == etho.observed
    assert set(done.to_pandas()["bout_id"]) <= set(etho.to_pandas()["bout_id"])


def test_smoothing_keeps_the_first_id_and_the_mean_confidence() -> None:
    etho = bouts((0, 10, "a"), (12, 42, "a"), bout_id=["p", "q"], confidence=[1.0, 0.5])
    row = etho.smooth(CLOCK, close_gap_ms=200).to_pandas().iloc[0]
    assert (row["start"], row["stop"], row["bout_id"]) == (0, 42, "p")
    assert row["confidence"] == pytest.approx((10 * 1.0 + 30 * 0.5) / 40)


def test_smoothing_joins_nothing_unasked() -> None:
    overlapping = bouts((0, 50, "a"), (20, 60, "a"))  # they overlap by three seconds
    assert spans(overlapping.smooth(CLOCK)) == [(0, 50, "a"), (20, 60, "a")]
    touching = bouts((0, 5, "a"), (5, 9, "a"))
    assert len(touching.smooth(CLOCK, min_bout_ms=100)) == 2
    assert spans(touching.smooth(CLOCK, close_gap_ms=100)) == [(0, 9, "a")]


@pytest.mark.parametrize(
    "column", [{"source": ["human", "model"]}, {"status": ["proposed", "rejected"]}]
)
def test_smoothing_never_mixes_who_says_so(column: dict[str, list[str]]) -> None:
    etho = bouts((0, 5, "a"), (6, 9, "a"), **column)
    assert len(etho.smooth(CLOCK, close_gap_ms=500)) == 2


def test_smoothing_never_mixes_individuals_or_recordings() -> None:
    table = Intervals.build(["m1", "m1", "m2"], [0, 6, 12], [5, 11, 20], ["a", "b", "a"], label="x")
    assert len(Ethogram(table).smooth(CLOCK, close_gap_ms=900)) == 3


def test_smoothing_uses_the_true_times_of_a_variable_clock() -> None:
    clock = Timebase.from_pts([0, 100, 200, 300, 1300, 1400, 1500], Fraction(1, 1000))
    etho = bouts((0, 3, "a"), (4, 6, "a"), (3, 4, "b"))
    # Frame 3 is on the screen for a whole second.
    assert spans(etho.smooth(clock, close_gap_ms=900)) == [(0, 3, "a"), (3, 4, "b"), (4, 6, "a")]
    assert spans(etho.smooth(clock, close_gap_ms=1000)) == [(0, 6, "a"), (3, 4, "b")]
    assert spans(etho.smooth(clock, min_bout_ms=400)) == [(3, 4, "b")]


def test_smoothing_says_when_it_can_change_nothing() -> None:
    with pytest.warns(
        UserWarning, match=r"min_bout_ms=50 is shorter than one frame \(100.0 ms at 10"
    ):
        bouts((0, 5, "a")).smooth(CLOCK, min_bout_ms=50)
    with pytest.raises(InputError, match="close_gap_ms=-1: expected 0 or more milliseconds"):
        bouts((0, 5, "a")).smooth(CLOCK, close_gap_ms=-1)


def test_smoothing_nothing() -> None:
    empty = Ethogram(Intervals.build([], [], [], label=[]))
    assert len(empty.smooth(CLOCK, min_bout_ms=200)) == 0


def test_events_without_length_survive_closing() -> None:
    etho = bouts((5, 5, "sniff"), (8, 12, "walk"), confidence=[0.7, 0.9])
    done = etho.smooth(CLOCK, close_gap_ms=200)
    assert spans(done) == [(5, 5, "sniff"), (8, 12, "walk")]
    assert done.to_pandas()["confidence"].tolist() == [0.7, 0.9]


def test_a_frame_without_a_confidence_spoils_only_its_own_bout() -> None:
    found = Ethogram.from_frames(list("aabb"), "rec", confidence=[np.nan, 0.5, 0.25, 0.75])
    assert np.isnan(found.bouts.column("confidence")[0])
    assert found.bouts.column("confidence")[1] == 0.5
