from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt._napari.bout_texts import BoutTexts, of_recording
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError


def test_overlapping_bouts_are_joined_and_rejected_ones_left_out(ethogram: Ethogram) -> None:
    said = BoutTexts(ethogram).between("m1", 298, 402)
    assert list(said.label[:3]) == ["walking", "walking", "walking + still"]
    assert list(said.label[-3:]) == ["walking + still", "still", "still"]
    assert said.confidence[0] == 0.9
    assert said.confidence[5] == 0.5
    assert list(said.source[[0, 5]]) == ["model", "model + human"]


def test_frames_without_a_bout_have_no_text() -> None:
    bouts = Intervals.build("rec", [10], [20], "m1", label=["rearing"])
    said = BoutTexts(Ethogram(bouts)).between("m1", 5, 25)
    assert list(said.label) == [""] * 5 + ["rearing"] * 10 + [""] * 5
    assert np.isnan(said.confidence).all()


def test_the_same_label_twice_is_said_once() -> None:
    bouts = Intervals.build("rec", [0, 5], [10, 15], "m1", label=["still", "still"])
    assert set(BoutTexts(Ethogram(bouts)).between("m1", 0, 15).label) == {"still"}


@given(
    st.lists(st.tuples(st.integers(0, 80), st.integers(1, 30), st.sampled_from("abc")), max_size=8),
    st.integers(0, 90),
    st.integers(0, 40),
)
@settings(max_examples=40, deadline=None)
def test_a_window_says_what_each_bout_says(
    rows: list[tuple[int, int, str]], start: int, size: int
) -> None:
    starts = [row[0] for row in rows]
    stops = [row[0] + row[1] for row in rows]
    bouts = Intervals.build("r", starts, stops, "m", label=[row[2] for row in rows])
    said = BoutTexts(Ethogram(bouts)).between("m", start, start + size)
    for frame, text in enumerate(said.label, start=start):
        expected = {label for a, length, label in rows if a <= frame < a + length}
        assert set(filter(None, text.split(" + "))) == expected


def test_bouts_of_another_recording_are_refused(ethogram: Ethogram) -> None:
    with pytest.raises(InputError, match=r"bouts of recording 'other'.*found bouts of rec"):
        of_recording(ethogram, "other")
    both = Ethogram(
        Intervals.concat(
            [
                ethogram.bouts,
                Intervals.build(
                    "other",
                    0,
                    5,
                    "m1",
                    label=["x"],
                    confidence=[1.0],
                    source=["model"],
                    status=["proposed"],
                ),
            ]
        ).assign(bout_id=[str(i) for i in range(4)])
    )
    assert of_recording(both, "other").labels == ("x",)


def test_bouts_without_a_recording_are_taken_as_this_one() -> None:
    bouts = Intervals.build("", [0], [5], "m1", label=["x"])
    assert set(of_recording(Ethogram(bouts), "rec").bouts.recording) == {"rec"}
