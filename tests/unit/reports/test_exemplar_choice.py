"""Bouts that stand for a label."""

from __future__ import annotations

import numpy as np
import pytest

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError
from napari_mousegpt.reports.exemplar_choice import choose_exemplars


def bouts(
    start: list[int],
    stop: list[int],
    who: list[str] | str = "m1",
    *,
    label: list[str] | str = "walking",
    confidence: list[float] | float = 0.9,
    status: list[str] | str = "proposed",
) -> Ethogram:
    table = Intervals.build(
        "a", start, stop, who, label=label, confidence=confidence, status=status
    )
    return Ethogram(table)


def starts(chosen: Ethogram) -> list[int]:
    ranks = chosen.bouts.column("rank")
    return chosen.bouts.start[np.argsort(ranks)].tolist()


def test_typical_bouts_have_the_usual_length_and_are_sure() -> None:
    found = bouts([0, 100, 200, 300, 400], [30, 101, 230, 390, 431],
                  confidence=[0.3, 0.9, 0.9, 0.9, 0.95])  # fmt: skip
    assert starts(choose_exemplars(found, "walking", 2)) == [200, 400]
    # The one that is not sure comes last, though its length is as usual as can be.
    assert starts(choose_exemplars(found, "walking", 5)) == [200, 400, 300, 100, 0]


def test_bouts_without_a_confidence_are_chosen_by_length() -> None:
    found = bouts([0, 100, 200], [30, 101, 231], confidence=np.nan)
    assert starts(choose_exemplars(found, "walking", 1)) == [0]


def test_the_longest_and_the_surest_go_first() -> None:
    found = bouts([0, 100, 200], [30, 190, 220], confidence=[0.9, 0.1, 0.95])
    assert starts(choose_exemplars(found, "walking", 3, "longest")) == [100, 0, 200]
    assert starts(choose_exemplars(found, "walking", 3, "confident")) == [200, 0, 100]


def test_each_animal_gives_one_before_any_gives_two() -> None:
    found = bouts([0, 100, 200, 300, 400], [90, 180, 270, 310, 410], ["m1", "m1", "m1", "m2", "m3"])
    chosen = choose_exemplars(found, "walking", 4, "longest")
    assert starts(chosen) == [0, 300, 400, 100]


def test_no_two_bouts_of_an_animal_overlap() -> None:
    found = bouts([0, 20, 50, 20], [50, 90, 60, 90], ["m1", "m1", "m1", "m2"])
    chosen = choose_exemplars(found, "walking", 9, "longest")
    assert starts(chosen) == [20, 20]
    assert set(chosen.bouts.individual) == {"m1", "m2"}


def test_chance_is_repeatable_and_does_not_hang_on_the_order_of_rows() -> None:
    start = list(range(0, 4000, 100))
    found = bouts(start, [s + 10 for s in start])
    again = Ethogram(found.bouts[np.arange(len(found))[::-1]], found.observed)
    one = choose_exemplars(found, "walking", 6, "random", seed=3)
    assert starts(one) == starts(choose_exemplars(again, "walking", 6, "random", seed=3))
    assert starts(one) != starts(choose_exemplars(found, "walking", 6, "random", seed=4))


def test_rejected_bouts_and_other_labels_are_left_out() -> None:
    found = bouts([0, 100, 200], [50, 150, 250], label=["walking", "walking", "still"],
                  status=["rejected", "proposed", "proposed"])  # fmt: skip
    assert starts(choose_exemplars(found, "walking", 9)) == [100]


def test_senseless_choices_are_refused() -> None:
    found = bouts([0], [50], status="rejected")
    for values in ({"label": "walking"}, {"label": "x"}):
        with pytest.raises(InputError, match="a label that has bouts"):
            choose_exemplars(found, **values)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="how"):
        choose_exemplars(found, "walking", how="best")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="1 or more"):
        choose_exemplars(found, "walking", 0)
