from __future__ import annotations

import numpy as np
import pytest

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.vectors.actions import action_profile, nearest, softmax


def test_softmax_survives_large_numbers() -> None:
    np.testing.assert_allclose(softmax([[1000.0, 1000.0, -1000.0]]), [[0.5, 0.5, 0]])
    assert softmax(np.zeros((0, 3))).shape == (0, 3)


def test_the_profile_is_the_mean_and_leads_to_an_example() -> None:
    shares = [[0.2, 0.7, 0.1], [0.1, 0.6, 0.3], [0.5, 0.1, 0.4]]
    profile = action_profile(shares, ["dig", "run", "sit"], top=2)
    assert profile["action"].tolist() == ["run", "dig"]
    np.testing.assert_allclose(profile["probability"], [1.4 / 3, 0.8 / 3])
    assert profile["best_in"].tolist() == [2, 1]
    assert profile["example"].tolist() == [0, 2]


def test_a_profile_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="at least one window and one action"):
        action_profile(np.zeros((0, 2)), ["a", "b"])
    with pytest.raises(InputError, match="an encoder whose head names actions"):
        action_profile(np.zeros((3, 0)), [])
    with pytest.raises(MismatchError, match=r"shape \(windows, 2\).*found \(3, 4\)"):
        action_profile(np.zeros((3, 4)), ["a", "b"])


def vectors(values: list[list[float]], starts: list[int], who: str | list[str] = "") -> Vectors:
    rows = Intervals.build("r", starts, [start + 10 for start in starts], who)
    return Vectors(rows, np.array(values, np.float32), (), "m", "1")


TURNS = [[1, 0], [0.9, 0.1], [-1, 0.2], [0.8, -0.1], [-0.7, -0.2]]


def test_nearest_are_found_in_order_without_what_shares_frames() -> None:
    found = nearest(vectors(TURNS, [0, 5, 20, 30, 40]), 0, k=2)
    assert found["row"].tolist() == [3, 4]
    assert found["similarity"].iloc[0] > 0.9
    assert found["start"].tolist() == [30, 40]
    everything = nearest(vectors(TURNS, [0, 5, 20, 30, 40]), 0, apart=False)
    assert everything["row"].tolist()[:2] == [1, 3]
    assert len(everything) == 4


def test_other_animals_and_recordings_share_no_frames() -> None:
    assert 1 in set(nearest(vectors(TURNS, [0] * 5, list("abcde")), 0)["row"])


def test_what_two_animals_show_alike_is_listed_once() -> None:
    # Whole pictures: each window of "a" comes again for "b".
    twice = vectors(TURNS * 2, [0, 5, 20, 30, 40] * 2, ["a"] * 5 + ["b"] * 5)
    assert nearest(twice, 0)["row"].tolist() == [3, 4, 2]
    assert len(nearest(twice, 0, apart=False)) == 9


def test_windows_with_gaps_are_left_out() -> None:
    values = [list(row) for row in TURNS]
    values[3][1] = float("nan")
    held = vectors(values, [0, 10, 20, 30, 40])
    assert 3 not in set(nearest(held, 0)["row"])
    with pytest.raises(InputError, match="window 3: expected a vector without gaps"):
        nearest(held, 3)
    with pytest.raises(InputError, match="window 5: expected 0 to 4"):
        nearest(held, 5)


def test_equal_vectors_are_no_reason_to_divide_by_zero() -> None:
    found = nearest(vectors([[1, 1]] * 3, [0, 10, 20]), 0)
    assert found["similarity"].tolist() == [0, 0]
