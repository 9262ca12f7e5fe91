from __future__ import annotations

import pytest

from napari_mousegpt.core.concealing import concealed, tells


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("cannot read /d/drugA_m1.mp4", ["drugA_m1.mp4", "/d/drugA_m1.mp4"], "cannot read ..."),
        ("drugA_m1DLC_resnet.h5", ["drugA_m1"], "...DLC_resnet.h5"),
        ("DRUGA_M1 and druga_m1", ["drugA_m1"], "... and ..."),
        ("1 of 100 frames of m1", ["1"], "... of 100 frames of m1"),
        ("a (b) c", ["(b)", "", " "], "a ... c"),
        ("nothing to hide", [], "nothing to hide"),
    ],
)
def test_words_are_left_out(text: str, words: list[str], shown: str) -> None:
    assert concealed(text, words) == shown
    assert tells(text, words) == (shown != text)
    assert not tells(shown, words)
