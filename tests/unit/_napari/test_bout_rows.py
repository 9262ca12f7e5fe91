"""The rows of the table of bouts: filters, sorting and sums against tables of pandas."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt._napari.bout_rows import COLUMNS, BoutFilter, BoutRows
from napari_mousegpt._napari.bout_sums import label_sums, total_of
from napari_mousegpt.core.timebase import Timebase

N_FRAMES = 90
CLOCKS = (
    Timebase.constant(30, N_FRAMES),
    Timebase.from_pts(np.cumsum(np.arange(N_FRAMES) % 3 + 1), Fraction(1, 60)),
)
TEXTS = ["label", "individual", "source", "status", "comment", "words"]

bouts = st.fixed_dictionaries(
    {
        "start": st.integers(0, N_FRAMES - 1),
        "frames": st.integers(1, 40),
        "label": st.sampled_from(["walking", "Walking, fast", "groom", "é", "still"]),
        "individual": st.sampled_from(["m1", "m2", ""]),
        "source": st.sampled_from(["human", "model"]),
        "status": st.sampled_from(["proposed", "accepted", "rejected"]),
        "confidence": st.one_of(st.just(np.nan), st.sampled_from([0.0, 0.25, 0.5, 1.0])),
        "comment": st.sampled_from(["", "check FAST again", "tail?", "left"]),
        "words": st.sampled_from(["", "The mouse walks left.", "It grooms."]),
    }
)


def mostly_none(values: Any) -> Any:
    """Few filters at a time, so that something is left to see."""
    return st.one_of(st.none(), st.none(), st.none(), st.none(), values)


def some(*values: str) -> Any:
    return mostly_none(st.frozensets(st.sampled_from([*values, "other"]), max_size=3))


ranges = st.tuples(st.sampled_from([0.0, 0.25, 0.3]), st.sampled_from([0.5, 0.9, 1.0]))
filters = st.builds(
    BoutFilter,
    label=some("walking", "Walking, fast", "groom", "é"),
    individual=some("m1", "m2", ""),
    source=some("human", "model"),
    status=some("proposed", "accepted", "rejected"),
    confidence=mostly_none(ranges),
    seconds=mostly_none(ranges),
    text=st.sampled_from(["", "", "", "  ", "WALK", "fast check", "left", "tail?", "É", "nothing"]),
)
many = st.lists(bouts, min_size=6, max_size=25)


def columns_of(rows: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    rows = sorted(rows, key=lambda row: row["start"])
    found = {name: np.array([r[name] for r in rows], dtype=object) for name in TEXTS}
    start = np.array([row["start"] for row in rows], dtype=np.int64)
    return {
        **found,
        "bout_id": np.array([f"b{i}" for i in range(len(rows))], dtype=object),
        "start": start,
        "stop": start + np.array([row["frames"] for row in rows], dtype=np.int64),
        "confidence": np.array([row["confidence"] for row in rows], dtype=float),
    }


def table_of(columns: dict[str, np.ndarray], clock: Timebase) -> pd.DataFrame:
    """The same bouts as a table, with their length in seconds."""
    table = pd.DataFrame(columns)
    ends = table[["start", "stop"]]
    if not clock.is_constant:
        ends = ends.clip(upper=clock.n_frames)
    table["seconds"] = [
        float(clock.exact_time(b) - clock.exact_time(a)) for a, b in ends.itertuples(index=False)
    ]
    table["length"] = table["seconds"]
    return table


def passing(table: pd.DataFrame, chosen: BoutFilter, without: str = "") -> pd.DataFrame:
    """The rows a filter lets pass, one row and one condition after the other."""

    def passes(row: Any) -> bool:
        for name in ("label", "individual", "source", "status"):
            allowed = getattr(chosen, name)
            if name != without and allowed is not None and row[name] not in allowed:
                return False
        for name in ("confidence", "seconds"):
            ends = getattr(chosen, name)
            if ends is not None and not ends[0] - 1e-9 <= row[name] <= ends[1] + 1e-9:
                return False
        cells = [row[name].casefold() for name in ("label", "comment", "words")]
        return all(any(word in cell for cell in cells) for word in chosen.text.casefold().split())

    return table[[passes(row) for _, row in table.iterrows()]] if len(table) else table


@settings(max_examples=40, deadline=None)
@given(st.lists(bouts, max_size=25), filters, st.sampled_from(CLOCKS))
def test_filters_equal_those_of_pandas(rows: list, chosen: BoutFilter, clock: Timebase) -> None:
    columns = columns_of(rows)
    table = table_of(columns, clock)
    shown = BoutRows()
    shown.set_filter(chosen)
    shown.set_columns(columns, clock)
    want = passing(table, chosen)
    assert shown.bout_ids(range(len(shown))) == tuple(want["bout_id"])
    for name in ("label", "individual", "source", "status"):
        other = passing(table, chosen, without=name)[name].value_counts()
        assert shown.counts(name) == {
            value: int(other.get(value, 0)) for value in sorted(set(table[name]))
        }
    # Nothing that was kept of an older filter or of older bouts is met again.
    for other in (BoutFilter(text="left", confidence=(0.0, 0.4)), chosen):
        shown.set_filter(other)
        assert shown.bout_ids(range(len(shown))) == tuple(passing(table, other)["bout_id"])
    shown.set_columns(columns_of(rows[::2]), clock)
    want = passing(table_of(columns_of(rows[::2]), clock), chosen)
    assert shown.bout_ids(range(len(shown))) == tuple(want["bout_id"])


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", COLUMNS)
@settings(max_examples=15, deadline=None)
@given(rows=many, chosen=filters, clock=st.sampled_from(CLOCKS))
def test_sorting_equals_that_of_pandas(
    rows: list, chosen: BoutFilter, column: str, descending: bool, clock: Timebase
) -> None:
    columns = columns_of(rows)
    shown = BoutRows()
    shown.set_columns(columns_of(rows[::-1][:4]), clock)
    shown.sort_by(column, descending=descending)
    shown.set_columns(columns, clock)
    shown.set_filter(chosen)
    table = passing(table_of(columns, clock), chosen)
    if column in TEXTS:
        # Without letter case first; empty cells are last either way.
        keys = [(value.casefold(), value) for value in table[column]]
        rank = {key: i for i, key in enumerate(sorted(set(keys)))}
        table = table.assign(key=[rank[key] if key[1] else np.nan for key in keys])
    else:
        table = table.assign(key=table[column].astype(float).round(9))
    want = table.sort_values("key", ascending=not descending, kind="stable", na_position="last")
    if column != "length":
        assert shown.bout_ids(range(len(shown))) == tuple(want["bout_id"])
    else:  # lengths that differ in the last digit of a double may change places
        got = want.set_index("bout_id")["key"].loc[list(shown.bout_ids(range(len(shown))))]
        assert got.tolist() == want["key"].tolist()


@settings(max_examples=40, deadline=None)
@given(many, filters, st.sampled_from(CLOCKS))
def test_sums_equal_those_of_pandas(rows: list, chosen: BoutFilter, clock: Timebase) -> None:
    columns = columns_of(rows)
    table = table_of(columns, clock)
    shown = BoutRows()
    shown.set_columns(columns, clock)
    shown.set_filter(chosen)
    total = total_of(shown)
    want = passing(table, chosen)
    kept = want[want["status"] != "rejected"]
    assert (total.shown, total.of) == (len(want), len(table))
    assert total.rejected == len(want) - len(kept)
    assert total.seconds == pytest.approx(kept["seconds"].sum())
    if len(table):
        names = set(table["individual"])
        names = names if chosen.individual is None else names & chosen.individual
        pictures = {
            (row.individual, frame)
            for row in kept.itertuples()
            for frame in range(row.start, min(row.stop, N_FRAMES))
        }
        spent = sum(float(clock.exact_time(f + 1) - clock.exact_time(f)) for _, f in pictures)
        assert total.share == pytest.approx(spent / clock.duration / len(names) if names else 0)

    sums = {one.label: one for one in label_sums(shown)}
    every = passing(table, chosen, without="label")
    assert list(sums) == sorted(set(every["label"]))
    for label, group in every.groupby("label"):
        kept = group[group["status"] != "rejected"]
        one = sums[label]
        assert one.bouts == len(kept)
        assert one.seconds == pytest.approx(kept["seconds"].sum())
        assert one.median == pytest.approx(kept["seconds"].median(), nan_ok=True)
        assert one.confidence == pytest.approx(kept["confidence"].mean(), nan_ok=True)
        assert one.accepted == pytest.approx((group["status"] == "accepted").mean())


def test_bouts_are_found_again_after_an_edit() -> None:
    rows = [
        {"start": 10 * i, "frames": 5, "label": name, "individual": "m1", "source": "model",
             "status": "proposed", "confidence": 0.5, "comment": "", "words": ""}
        for i, name in enumerate(["walking", "still", "walking", "still", "groom", "é"])
    ]  # fmt: skip
    columns = columns_of(rows)
    shown = BoutRows()
    shown.set_columns(columns, CLOCKS[0])
    shown.sort_by("start", descending=True)
    assert shown.rows_of(["b0", "b5"]).tolist() == [0, 5]
    assert shown.rows_of(["b0", "b1", "b2", "b3", "b4", "gone"]).tolist() == [1, 2, 3, 4, 5]
    assert shown.value(0, "label") == "é"
    assert shown.value(0, "length") == 5
    shown.set_filter(BoutFilter(label=frozenset({"walking"})))
    assert shown.bout_ids([0, 1]) == ("b2", "b0")
    # Edited: other arrays, other masks.
    changed = {**columns, "label": np.array(["still"] * 5 + ["walking"], dtype=object)}
    shown.set_columns(changed, CLOCKS[0])
    assert shown.bout_ids(range(len(shown))) == ("b5",)
    assert shown.rows_of(["b0"]).tolist() == []
    shown.set_columns({}, None)
    assert (len(shown), shown.total, shown.bout_ids([])) == (0, 0, ())
    assert total_of(shown).shown == 0
    assert label_sums(shown) == []


def test_bouts_without_a_clock_are_counted_in_frames() -> None:
    shown = BoutRows()
    shown.set_columns(columns_of([]) | {"bout_id": np.zeros(0, dtype=object)}, None)
    assert len(shown) == 0
    columns = {
        "bout_id": np.array(["a"], dtype=object), "individual": np.array(["m"], dtype=object),
        "start": np.array([3]), "stop": np.array([7]), "label": np.array(["x"], dtype=object),
        "source": np.array(["human"], dtype=object), "confidence": np.array([np.nan]),
        "status": np.array(["accepted"], dtype=object),
    }  # fmt: skip
    shown.set_columns(columns, None)
    assert total_of(shown).seconds == 4
    assert np.isnan(total_of(shown).share)
    shown.sort_by("comment")
    assert shown.value(0, "comment") == ""
    assert not BoutFilter().active
    assert BoutFilter(text="a", label=frozenset()).active == ("label", "text")
