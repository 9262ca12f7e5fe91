from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt._napari.layers import ink_on
from napari_mousegpt._napari.tags import beside, em, smooth, wrapped
from napari_mousegpt.core.colours import COLOURS, NOISE_COLOUR

WORDS = st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=8)


@given(WORDS)
@settings(max_examples=60, deadline=None)
def test_a_wrapped_text_keeps_its_words_and_fits_its_plate(words: list[str]) -> None:
    text = " ".join(words)
    tag = wrapped(text)
    lines = tag.text.split("\n")
    if len(text) <= 48:
        assert " ".join(lines) == text
    assert max(len(line) for line in lines) * 0.64 <= tag.length
    assert len(lines) * 1.3 <= tag.height + 1e-9


def test_a_short_label_stays_on_one_line_and_a_long_one_is_broken() -> None:
    assert wrapped("grooming").text == "grooming"
    assert "\n" in wrapped("walking, steady pace, turning right").text
    assert wrapped("walking, steady pace").length < len("walking, steady pace") * 0.64


def test_phrases_keep_together() -> None:
    assert wrapped("walking, steady pace, turning left").text == (
        "walking,\nsteady pace,\nturning left"
    )
    assert wrapped("walking, still").text in ("walking, still", "walking,\nstill")


def test_a_very_long_name_is_cut() -> None:
    tag = wrapped("word " * 30)
    assert tag.text.endswith("...")
    assert len(tag.text) <= 48


def test_smoothing_is_the_mean_and_leaves_a_constant_alone() -> None:
    values = np.arange(10.0)
    assert smooth(values, 1)[5] == pytest.approx(5)
    assert smooth(np.full((7, 2), 3.0), 2).tolist() == np.full((7, 2), 3.0).tolist()
    assert smooth(np.array([0.0, 9.0]), 0).tolist() == [0.0, 9.0]


@given(
    st.floats(-50, 700), st.floats(-50, 700), st.floats(30, 250), st.booleans(), st.integers(0, 3)
)
@settings(max_examples=80, deadline=None)
def test_a_tag_stays_inside_the_picture(
    y: float, x: float, length: float, right: bool, slot: int
) -> None:
    box = np.array([[[y - 10, x - 10], [y + 10, x + 10]]])
    place = beside(box, np.array([right]), np.array([length]), slot, (480, 640))[0]
    assert length / 6 <= place[0] <= 480 - length / 6
    assert length / 2 <= place[1] <= 640 - length / 2


def test_tags_stand_beside_the_animal_one_above_the_other() -> None:
    box = np.array([[[200.0, 100.0], [240.0, 160.0]]])
    length = np.array([60.0])
    upper, lower = (beside(box, np.array([True]), length, slot, (480, 640))[0] for slot in (0, 1))
    assert upper[1] - 30 > 160
    assert lower[0] - upper[0] > 60 / 3
    left = beside(box, np.array([False]), length, 0, (480, 640))[0]
    assert left[1] + 30 < 100


def test_tags_do_not_cover_each_other_at_the_edges() -> None:
    for y in (0.0, 479.0):
        box = np.array([[[y, 100.0], [y, 160.0]]])
        length = np.array([wrapped("fast walk").length * em(480)])
        upper, lower = (
            beside(box, np.array([True]), length, slot, (480, 640))[0] for slot in (0, 1)
        )
        assert lower[0] - upper[0] >= length[0] / 3


@pytest.mark.parametrize("colour", [*COLOURS, NOISE_COLOUR])
def test_ink_reads_on_every_colour(colour: str) -> None:
    def luminance(code: str) -> float:
        rgb = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    plate, ink = luminance(colour), luminance(ink_on(colour))
    assert (max(plate, ink) + 0.05) / (min(plate, ink) + 0.05) >= 4.5
