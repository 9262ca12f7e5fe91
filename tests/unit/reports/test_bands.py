from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.reports.bands import columns, count_events, paint, summarise, time_shares

CLOCK = Timebase.constant(10, 40)
COLOURS = {"walk": "#0072b2", "rear": "#d55e00"}


def etho(
    *rows: tuple[int, int, str], observed: tuple[int, int] | None = None, **columns: object
) -> Ethogram:
    table = Intervals.build(
        "m",
        [r[0] for r in rows],
        [r[1] for r in rows],
        label=np.array([r[2] for r in rows], dtype=object),
        **columns,  # type: ignore[arg-type]
    )
    return Ethogram(table, None if observed is None else Intervals.build("m", *observed))


@given(
    st.lists(st.sampled_from(["", "walk", "rear"]), min_size=1, max_size=40),
    st.sampled_from([10, 29.97, 58.83]),
    st.integers(1, 12),
)
@settings(max_examples=25)
def test_columns_are_divided_by_true_time(labels: list[str], rate: float, count: int) -> None:
    clock = Timebase.constant(rate, len(labels))
    ethogram = Ethogram.from_frames(labels, "m")
    edges = np.linspace(0, clock.duration, count + 1)
    band = columns(ethogram, clock, edges)
    # The oracle cuts every frame into many slivers.
    slivers = (np.arange(len(labels) * 300) + 0.5) / 300
    frame = slivers.astype(int)
    column = np.clip(np.searchsorted(edges, slivers / clock.fps, side="right") - 1, 0, count - 1)
    for label, shares in zip(band.labels, band.shares, strict=True):
        on = np.array([labels[i] == label for i in frame])
        expected = np.bincount(column, on, minlength=count) / np.bincount(column, minlength=count)
        np.testing.assert_allclose(shares, expected, atol=0.05)
    np.testing.assert_allclose(band.observed, 1)


def test_shares_are_parts_of_the_observed_time() -> None:
    ethogram = etho((0, 10, "walk"), (10, 15, "rear"), observed=(0, 20))
    assert time_shares(ethogram, CLOCK) == {"walk": pytest.approx(0.5), "rear": pytest.approx(0.25)}


def test_what_has_a_bout_was_looked_at() -> None:
    assert time_shares(etho((0, 20, "walk"), observed=(0, 10)), CLOCK) == {"walk": pytest.approx(1)}


def test_overlapping_bouts_of_one_label_count_once() -> None:
    ethogram = etho((0, 20, "walk"), (10, 30, "walk"), observed=(0, 40))
    assert time_shares(ethogram, CLOCK) == {"walk": pytest.approx(0.75)}


def test_rejected_bouts_do_not_count() -> None:
    ethogram = etho(
        (0, 20, "walk"), (20, 40, "rear"), status=["rejected", "accepted"], observed=(0, 40)
    )
    assert time_shares(ethogram, CLOCK) == {"rear": pytest.approx(0.5)}


def test_true_time_of_a_variable_clock() -> None:
    clock = Timebase.from_pts([0, 100, 200, 1200], Fraction(1, 1000))
    ethogram = etho((0, 2, "walk"), (2, 3, "rear"), observed=(0, 3))
    assert time_shares(ethogram, clock)["rear"] == pytest.approx(1.0 / 1.2)


def test_bouts_over_the_end_are_cut() -> None:
    assert time_shares(etho((30, 90, "walk"), observed=(0, 90)), CLOCK) == {
        "walk": pytest.approx(0.25)
    }


def test_nothing_observed() -> None:
    empty = Ethogram(Intervals.build([], [], [], label=[]))
    assert time_shares(empty, CLOCK) == {}
    band = columns(empty, CLOCK, np.array([0.0, 2.0, 4.0]))
    assert band.shares.shape == (0, 2)
    assert band.observed.tolist() == [0, 0]


def test_events_are_counted() -> None:
    ethogram = etho((3, 3, "sniff"), (9, 9, "sniff"), (10, 20, "walk"))
    assert count_events(ethogram) == {"sniff": 2}
    assert time_shares(ethogram, CLOCK)["sniff"] == 0


def test_labels_in_the_order_wanted() -> None:
    ethogram = etho((0, 10, "walk"), (10, 40, "rear"))
    assert columns(ethogram, CLOCK, np.array([0.0, 4.0])).labels == ("rear", "walk")
    fixed = columns(ethogram, CLOCK, np.array([0.0, 4.0]), ["walk", "absent", "rear"])
    assert fixed.labels == ("walk", "absent", "rear")
    assert fixed.shares[:, 0].tolist() == pytest.approx([0.25, 0, 0.75])


def test_paint_divides_a_column() -> None:
    ethogram = etho((0, 10, "walk"), (10, 15, "rear"), observed=(0, 20))
    image = paint(columns(ethogram, CLOCK, np.array([0.0, 2.0, 4.0]), ["walk", "rear"]), COLOURS, 8)
    assert image.shape == (8, 2, 4)
    column = [tuple(pixel) for pixel in image[::-1, 0]]  # from below
    assert column == [(0, 0x72, 0xB2, 255)] * 4 + [(0xD5, 0x5E, 0, 255)] * 2 + [(255,) * 4] * 2
    assert not image[:, 1].any()  # not looked at: transparent


def test_paint_hides_no_label_behind_another() -> None:
    ethogram = etho((0, 40, "walk"), (0, 40, "rear"))
    image = paint(columns(ethogram, CLOCK, np.array([0.0, 4.0])), COLOURS, 10)
    assert np.count_nonzero((image[:, 0, :3] == (0, 0x72, 0xB2)).all(axis=1)) == 5
    assert np.count_nonzero((image[:, 0, :3] == (0xD5, 0x5E, 0)).all(axis=1)) == 5


def test_summary_of_a_trace() -> None:
    trace = np.array([1.0, 3.0, np.nan, 5.0, np.nan, np.nan])
    mean, largest = summarise(trace, np.arange(6.0), np.array([0.0, 2.0, 4.0, 6.0]))
    assert mean.tolist()[:2] == [2, 5]
    assert largest.tolist()[:2] == [3, 5]
    assert np.isnan(mean[2])
    assert np.isnan(largest[2])
