from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.clusters.spoken import Spoken
from support.naming_worlds import assigned, told

ROWS = assigned([0, 0, 0, 0, 1, 1])
WORDS = told(
    (0, 10, "walking", "walking;fast"),
    (10, 20, "walking", "walking"),
    (20, 30, "grooming", "grooming"),
    (40, 60, "grooming", "grooming;still"),
)


def test_coverage_counts_the_members_of_the_own_cluster_only() -> None:
    walks, grooms = Spoken(ROWS, WORDS).named()
    # Of four members two are said to walk, and nobody said anything of the last one.
    assert walks.terms[0] == "walking"
    assert walks.held[0] == pytest.approx(2 / 4)
    assert walks.described == pytest.approx(3 / 4)
    assert grooms.terms == ("grooming", "still")
    assert grooms.held == (1.0, 1.0)
    assert grooms.coverage == 1.0


def test_the_whole_phrase_holds_less_often_than_its_terms() -> None:
    rows = assigned([0, 0, 0, 1])
    words = told(
        (0, 10, "walking", "walking;fast"),
        (10, 20, "walking", "walking"),
        (20, 30, "", "fast"),
        (30, 40, "rearing", "rearing"),
    )
    one = Spoken(rows, words).named()[0]
    assert set(one.terms) == {"walking", "fast"}
    assert one.held == pytest.approx((2 / 3, 2 / 3))
    assert one.coverage == pytest.approx(1 / 3)


def test_a_member_goes_by_the_stretch_that_shares_most_of_it() -> None:
    words = told((0, 7, "walking", ""), (7, 20, "grooming", ""))
    (one,) = Spoken(assigned([0]), words).named()
    assert one.terms == ("walking", "grooming")
    assert one.held == (1.0, 0.0)


def test_without_words_nothing_is_covered() -> None:
    (one,) = Spoken(assigned([0, 0]), told((90, 99, "walking", ""))).named()
    assert one.name == "unnamed behaviour 0"
    assert one.terms == ()
    assert np.isnan(one.coverage)
    assert one.described == 0.0


def test_alike_in_words() -> None:
    words = told((0, 40, "walking", "walking;fast"), (40, 60, "walking", "walking;fast"))
    both = Spoken(ROWS, words).alike()
    assert both[0, 1] == pytest.approx(1.0)
    apart = Spoken(ROWS, WORDS).alike()
    assert apart[0, 1] < 0.6
    nothing = Spoken(ROWS, told().astype({"start": int, "stop": int}))
    assert np.isnan(nothing.alike()).all()
    assert isinstance(nothing.words, pd.DataFrame)


def test_frames_that_are_described_twice_count_once() -> None:
    rows = assigned([0, 0, 1, 1])
    words = told((0, 10, "walking", "fast"), (5, 10, "walking", ""), (2, 8, "walking", ""))
    first = Spoken(rows, words).named()[0]
    assert (first.terms[0], first.time) == ("walking", 0.5)
