"""Columns become tracks: in any order, without copies where they lie right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.tracks import (
    choose_individuals,
    frames_of_rows,
    spread_rows,
    tracks_from_columns,
)

ALL = [
    (animal, point, part)
    for animal in ("a", "b")
    for point in ("nose", "tail", "paw")
    for part in ("x", "y", "likelihood")
]
VALUES = np.arange(5.0 * len(ALL)).reshape(5, len(ALL))


@given(order=st.permutations(range(len(ALL))), drop=st.integers(0, 5), fortran=st.booleans())
def test_every_order_of_columns_gives_the_same_points(
    order: list[int], drop: int, fortran: bool
) -> None:
    # One point of one animal is not in the file.
    gone = {ALL[3 * drop + part] for part in range(3)} if drop else set()
    kept = [i for i in order if ALL[i] not in gone]
    values = np.array(VALUES[:, kept], order="F" if fortran else "C")
    tracks = tracks_from_columns([ALL[i] for i in kept], values, "t", source="s")
    assert tracks.confidence is not None
    for number, (animal, point, part) in enumerate(ALL):
        if point not in tracks.keypoints or animal not in tracks.individuals:
            continue
        i, k = tracks.individuals.index(animal), tracks.keypoints.index(point)
        found = (
            tracks.confidence[:, k, i]
            if part == "likelihood"
            else tracks.position[:, "xy".index(part), k, i]
        )
        missing = ALL[number] in gone
        expected = np.full(5, np.nan) if missing else VALUES[:, number]
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("order", ["C", "F"])
def test_columns_in_order_are_not_copied(order: str) -> None:
    values = np.array(VALUES, order=order)  # type: ignore[call-overload]
    tracks = tracks_from_columns(ALL, values, "t", source="s")
    assert np.shares_memory(tracks.position, values)
    assert tracks.position.shape == (5, 2, 3, 2)
    # The confidence is another part of the same memory: changing one leaves the other.
    tracks.position[:] = np.nan
    np.testing.assert_array_equal(tracks.confidence[:, 2, 1], VALUES[:, -1])  # type: ignore[index]


def test_no_rows() -> None:
    tracks = tracks_from_columns(ALL, np.empty((0, len(ALL))), "t", source="s")
    assert tracks.position.shape == (0, 2, 3, 2)


def test_wrong_columns_are_named() -> None:
    with pytest.raises(FormatError, match="expected x y of 'nose', found x"):
        tracks_from_columns([("", "nose", "x")], np.zeros((2, 1)), "t", source="s")
    with pytest.raises(FormatError, match="two for x of 'nose' of 'a'"):
        tracks_from_columns([ALL[0], ALL[0]], np.zeros((2, 2)), "t", source="s")
    with pytest.raises(FormatError, match="columns x and y of at least one point, found none"):
        tracks_from_columns([("", "nose", "speed")], np.zeros((2, 1)), "t", source="s")


def test_rows_are_spread_to_their_frames() -> None:
    index = np.array([0.0, 2.0, 5.0])
    frames = frames_of_rows(index, "t")
    assert frames is not None
    spread = spread_rows(np.array([[1.0, 2], [3, 4], [5, 6]]), frames)
    np.testing.assert_array_equal(spread[:, 1], [2, np.nan, 4, np.nan, np.nan, 6])
    assert frames_of_rows(np.arange(3.0), "t") is None


def test_individuals_are_chosen_in_order_and_renamed() -> None:
    tracks = tracks_from_columns(ALL, VALUES.copy(), "t", source="s")
    chosen = choose_individuals(tracks, {"b": "mother", "a": "pup"}, "t")
    assert chosen.individuals == ("mother", "pup")
    np.testing.assert_array_equal(chosen.position[..., 0], tracks.position[..., 1])
    with pytest.raises(InputError, match="individual 'c' of t: expected some of a, b"):
        choose_individuals(tracks, ["c"], "t")
