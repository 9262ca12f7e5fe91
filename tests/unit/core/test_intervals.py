from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.intervals import KEYS, Intervals, range_ids, windows
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

N = 60  # frames of the little world in which every frame is looked at
RATES = [14, 23.976, 25, 29.97, 58.83, 59.94, 120, 250]


@st.composite
def tables(draw: st.DrawFn, columns: bool = False) -> Intervals:
    """Rows of two recordings and three individuals, some of them without length."""
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["m1", "m2"]),
                st.sampled_from(["", "a", "b"]),
                st.integers(0, N),
                st.integers(0, 12),
                st.sampled_from(["walk", "rear"]),
            ),
            max_size=12,
        )
    )
    table = Intervals.build(
        [r[0] for r in rows],
        [r[2] for r in rows],
        [min(r[2] + r[3], N) for r in rows],
        [r[1] for r in rows],
        label=np.array([r[4] for r in rows], dtype=object),
    )
    return table if columns else Intervals(table.to_pandas()[list(KEYS)])


def frames_of(intervals: Intervals, *by: str) -> dict[tuple[str, ...], np.ndarray]:
    """Which frames each key covers, looked at one by one: the oracle."""
    found: dict[tuple[str, ...], np.ndarray] = {}
    for row in intervals:
        key = tuple(str(getattr(row, name)) for name in ("recording", "individual", *by))
        mask = found.setdefault(key, np.zeros(N, dtype=bool))
        for frame in range(row.start, row.stop):
            mask[frame] = True
    return found


def same_frames(a: dict, b: dict) -> bool:
    empty = np.zeros(N, dtype=bool)
    return all(np.array_equal(a.get(k, empty), b.get(k, empty)) for k in {*a, *b})


# --- the table ---------------------------------------------------------------------------------


def test_rows_keep_their_order_and_columns() -> None:
    rows = Intervals.build("m1", [20, 0], [30, 5], score=[0.5, 0.7])
    assert rows.columns == (*KEYS, "score")
    assert rows.start.tolist() == [20, 0]
    assert rows.length.tolist() == [10, 5]
    assert rows.column("score").tolist() == [0.5, 0.7]
    assert [row.score for row in rows] == [0.5, 0.7]
    assert rows.sort().start.tolist() == [0, 20]


def test_single_values_are_repeated() -> None:
    assert Intervals.build("m1", [0, 5, 9], 10).stop.tolist() == [10, 10, 10]
    assert Intervals.build("m1", 0, [3, 4]).start.tolist() == [0, 0]
    assert Intervals.build("m1", 0, 3, label="x").to_pandas().loc[0, "label"] == "x"
    with pytest.raises(InputError, match="expected one length for start and stop, found 2 and 3"):
        Intervals.build("m1", [0, 1], [3, 4, 5])


def test_every_text_column_is_text() -> None:
    table = pd.DataFrame(
        {"recording": ["m1", None], "individual": [1, np.nan], "start": 0, "stop": 1}
    )
    rows = Intervals(table)
    assert rows.recording.tolist() == ["m1", ""]
    assert rows.individual.tolist() == ["1.0", ""]


def test_categories_are_taken_as_text() -> None:
    table = pd.DataFrame({"recording": ["m1", "m2"], "individual": "", "start": 0, "stop": 1})
    rows = Intervals(table.astype({"recording": "category", "individual": "category"}))
    assert rows.recording.tolist() == ["m1", "m2"]


def test_whole_numbers_in_any_dress() -> None:
    table = pd.DataFrame(
        {"recording": "m", "individual": "", "start": ["3", "4.0"], "stop": [5.0, 6.0]}
    )
    assert Intervals(table).start.tolist() == [3, 4]


@pytest.mark.parametrize("value", [1.5, np.nan, None, "soon", np.inf])
def test_bounds_that_are_no_frames(value: object) -> None:
    table = pd.DataFrame({"recording": "m", "individual": "", "start": [0, value], "stop": [1, 9]})
    with pytest.raises(InputError, match=r"column 'start', row 1: expected a whole frame number"):
        Intervals(table)


def test_missing_column() -> None:
    with pytest.raises(InputError, match=r"found no individual, stop\. Add or rename the columns"):
        Intervals(pd.DataFrame({"recording": ["m"], "start": [0]}))


def test_row_that_ends_before_it_starts() -> None:
    with pytest.raises(
        InputError,
        match=r"interval in row 1: expected start <= stop, found \[7, 3\).*swap or remove",
    ):
        Intervals.build("m", [0, 7], [1, 3])


def test_tables_do_not_change() -> None:
    source = pd.DataFrame({"recording": ["m"], "individual": [""], "start": [0], "stop": [5]})
    rows = Intervals(source)
    source.loc[0, "start"] = 3
    copied = rows.to_pandas()
    copied.loc[0, "start"] = 3
    assert rows.start.tolist() == [0]
    with pytest.raises(ValueError, match="read-only"):
        rows.start[0] = 3
    with pytest.raises(AttributeError, match=r"immutable: use assign\(start=...\)"):
        rows.start = [1]  # type: ignore[misc, assignment]
    assert rows.assign(start=[2]).start.tolist() == [2]


def test_choosing_rows() -> None:
    rows = Intervals.build(["a", "a", "b"], [0, 10, 0], [20, 30, 5], label=["x", "y", "x"])
    assert rows[1:].start.tolist() == [10, 0]
    assert rows[rows.length > 10].recording.tolist() == ["a", "a"]
    assert rows[[2, 0]].recording.tolist() == ["b", "a"]
    assert rows[np.array([], dtype=int)].recording.tolist() == []
    assert len(rows.select(recording="a", label="x")) == 1
    assert len(rows.select(label=["x", "z"])) == 2
    assert len(rows.select(start=0)) == 2
    assert rows.at(15).start.tolist() == [0, 10]
    assert rows.at(20).start.tolist() == [10]
    with pytest.raises(InputError, match="column 'colour': expected one of recording, individual"):
        rows.select(colour="red")


def test_equality_repr_pickle() -> None:
    rows = Intervals.build("m", [0, 5], [3, 9], label=["x", "y"])
    assert rows == Intervals.build("m", [0, 5], [3, 9], label=["x", "y"])
    assert rows != Intervals.build("m", [0, 5], [3, 8], label=["x", "y"])
    assert rows != "rows"
    assert pickle.loads(pickle.dumps(rows)) == rows
    assert repr(rows).startswith("<Intervals: 2 in 1 recording(s), columns ['recording'")
    assert len(Intervals.empty()) == 0
    with pytest.raises(TypeError, match="unhashable"):
        hash(rows)


def test_text_columns_are_equal_whatever_pandas_calls_them() -> None:
    rows = Intervals.build("m", [0], [3], label=["x"])
    stored = rows.to_pandas().astype({"label": object, "recording": "string"})
    assert Intervals(stored) == rows


def test_concat() -> None:
    a, b = Intervals.build("m", 0, 1), Intervals.build("n", 2, 3, label="x")
    both = Intervals.concat([a, b])
    assert both.recording.tolist() == ["m", "n"]
    assert Intervals.concat([]) == Intervals.empty()
    assert len(Intervals.concat([Intervals.empty(), a])) == 1


# --- set algebra against one frame at a time ----------------------------------------------------


@given(tables())
@settings(max_examples=40)
def test_merge_covers_the_same_frames(rows: Intervals) -> None:
    merged = rows.merge()
    assert same_frames(frames_of(rows), frames_of(merged))
    # Nothing that touches is left apart.
    for _, group in merged.to_pandas().groupby(["recording", "individual"]):
        assert np.all(group["start"].to_numpy()[1:] > group["stop"].to_numpy()[:-1])
    assert merged.merge() == merged


@given(tables(columns=True), st.integers(0, 6))
@settings(max_examples=40)
def test_merge_closes_gaps_by_label(rows: Intervals, gap: int) -> None:
    rows = rows[rows.length > 0]
    merged = frames_of(rows.merge(gap, by=["label"]), "label")
    for key, before in frames_of(rows, "label").items():
        filled = before.copy()
        on = np.flatnonzero(before)
        for a, b in pairwise(on.tolist()):
            if b - a - 1 <= gap:
                filled[a:b] = True
        np.testing.assert_array_equal(merged[key], filled)


def test_merge_refuses_a_negative_gap() -> None:
    with pytest.raises(InputError, match="gap of -1 frames: expected 0 or more"):
        Intervals.empty().merge(-1)


def test_merge_of_nothing() -> None:
    assert len(Intervals.empty().merge()) == 0


@given(tables(), tables())
@settings(max_examples=40)
def test_intersect_row_by_row(left: Intervals, right: Intervals) -> None:
    def inside(row: object, frame: int) -> bool:
        return row.start <= frame < row.stop or row.start == frame == row.stop  # type: ignore[attr-defined]

    expected = []
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            who = a.individual == b.individual or "" in (a.individual, b.individual)
            if a.recording == b.recording and who:
                shared = [f for f in range(N + 1) if inside(a, f) and inside(b, f)]
                if shared:
                    expected.append((i, j, max(a.start, b.start), min(a.stop, b.stop)))
    rows, others = left.overlapping(right)
    assert list(zip(rows.tolist(), others.tolist(), strict=True)) == [e[:2] for e in expected]
    both = left.intersect(right)
    assert list(zip(both.start.tolist(), both.stop.tolist(), strict=True)) == [
        e[2:] for e in expected
    ]
    for row, (i, j, *_) in zip(both, expected, strict=True):
        assert row.individual == (left.individual[i] or right.individual[j])


def test_intersect_keeps_the_columns_of_both() -> None:
    left = Intervals.build("m", [0], [10], "a", label=["walk"], speed=[2.0])
    right = Intervals.build("m", [5], [20], "", label=["light"], dose=[3])
    both = left.intersect(right)
    assert both.columns == (*KEYS, "label", "speed", "label_other", "dose")
    row = next(iter(both))
    assert (row.individual, row.start, row.stop) == ("a", 5, 10)
    assert (row.label, row.label_other, row.dose) == ("walk", "light", 3)


def test_intersect_with_one_long_row_is_not_quadratic() -> None:
    n = 20_000
    starts = np.arange(n) * 10
    short = Intervals.build("m", starts, starts + 5)
    rows, others = short.overlapping(short)
    assert rows.tolist() == others.tolist() == list(range(n))
    whole = Intervals.build("m", 0, n * 10)
    assert len(short.intersect(whole)) == n


@given(tables(), st.integers(0, N), st.integers(0, N))
@settings(max_examples=30)
def test_clip_frame_by_frame(rows: Intervals, start: int, stop: int) -> None:
    clipped = frames_of(rows.clip(start, stop))
    window = np.zeros(N, dtype=bool)
    window[start:stop] = True
    assert same_frames(clipped, {key: mask & window for key, mask in frames_of(rows).items()})


def test_clip_keeps_events_without_length() -> None:
    rows = Intervals.build("m", [0, 5, 10, 3], [0, 5, 10, 8])
    assert rows.clip(0, 10).start.tolist() == [0, 5, 3]
    assert rows.clip(3, 3).start.tolist() == []
    assert rows.clip(5, 8).start.tolist() == [5, 5]


@given(tables())
@settings(max_examples=30)
def test_at_frame_by_frame(rows: Intervals) -> None:
    for frame in range(0, N, 7):
        inside = [row.start <= frame < row.stop for row in rows]
        assert len(rows.at(frame)) == sum(inside)


# --- ids ----------------------------------------------------------------------------------------


def test_range_ids_are_written_down() -> None:
    # A change here breaks every join with tables made before.
    assert range_ids(["m1"], [""], [0], [30]).tolist() == ["5740a17137a6c353"]


def test_range_ids_tell_every_part_apart() -> None:
    rows = [
        ("m1", "a", 0, 3),
        ("m1a", "", 0, 3),
        ("m1", "a", 0, 30),
        ("m1", "a", 3, 0),
        ("m2", "a", 0, 3),
    ]
    ids = range_ids(*[list(column) for column in zip(*rows, strict=True)])
    assert len(set(ids)) == len(rows)
    assert (
        Intervals.build("m1", [0, 0], [3, 3]).range_ids()[0] == range_ids(["m1"], [""], [0], [3])[0]
    )


# --- windows ------------------------------------------------------------------------------------


def recording(rate: float, n_frames: int, individuals: tuple[str, ...] = ()) -> Recording:
    clock = Timebase.constant(rate, n_frames)
    pose = None
    if individuals:
        pose = make_pose(
            np.zeros((n_frames, 2, 1, len(individuals))), None, ["nose"], individuals, clock
        )
    return Recording("m1", (View("top", clock, pose=pose),))


@given(
    rate=st.sampled_from(RATES),
    n_frames=st.integers(1, 1000),
    length=st.floats(0.05, 3),
    part=st.floats(0.1, 1),
)
@settings(max_examples=40)
def test_windows_cover_all_but_a_short_tail(
    rate: float, n_frames: int, length: float, part: float
) -> None:
    rec = recording(rate, n_frames)
    size, hop = rec.timebase.frames(length), rec.timebase.frames(length * part)
    cut = windows(rec, length, length * part)
    assert cut.start[0] == 0
    assert np.all(np.diff(cut.start) == hop)
    assert np.all(cut.length == min(size, n_frames))
    assert cut.stop[-1] <= n_frames
    assert n_frames - cut.stop[-1] < hop
    covered = cut.merge()
    assert len(covered) == 1  # no hole, since the step is no longer than the window


def test_windows_of_every_individual() -> None:
    cut = windows(recording(25, 60, ("a", "b")), "1s")
    assert cut.individual.tolist() == ["a", "a", "b", "b"]
    assert cut.start.tolist() == [0, 25, 0, 25]
    assert cut.stop.tolist() == [25, 50, 25, 50]


def test_windows_within_marked_stretches() -> None:
    rec = recording(10, 100, ("a", "b"))
    marked = Intervals.build(["m1", "m1", "other"], [5, 90, 0], [27, 95, 50], ["a", "", ""])
    cut = windows(rec, "1s", "500ms", within=marked)
    assert [(w.individual, w.start, w.stop) for w in cut] == [
        ("a", 5, 15), ("a", 10, 20), ("a", 15, 25), ("a", 90, 95), ("b", 90, 95),
    ]  # fmt: skip


def test_windows_are_cut_once_where_marks_repeat() -> None:
    rec = recording(10, 40)
    marked = Intervals.build("m1", [0, 0, 5], [20, 20, 25])
    cut = windows(rec, "1s", within=marked)
    assert len(set(cut.range_ids())) == len(cut) == 4


def test_windows_of_nothing() -> None:
    assert len(windows(recording(10, 0), "1s")) == 0
    assert len(windows(recording(10, 40), "1s", within=Intervals.build("m1", 5, 5))) == 0
    assert len(windows(recording(10, 40), "1s", within=Intervals.empty())) == 0


def test_window_lengths_in_frames_and_fractions() -> None:
    rec = recording(29.97, 300)
    assert set(windows(rec, "30f").length) == {30}
    assert set(windows(rec, Fraction(1001, 1000)).length) == {30}
