from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from napari_mousegpt.models.prompt_text import escape

TOKENS = ("<|im_start|>", "<|im_end|>", "<video>", "[INST]", "</s>")
pieces = st.lists(st.sampled_from([*TOKENS, "<", ">", "|im_", "end|>", "vid", "eo>", " ", "mouse"]))


@given(pieces.map("".join))
def test_no_control_token_is_left_whatever_is_nested(text: str) -> None:
    plain = escape(text, TOKENS)
    assert not [token for token in TOKENS if token in plain]
    # Only spaces were put in, and doing it twice changes nothing.
    assert plain.replace(" ", "") == text.replace(" ", "")
    assert escape(plain, TOKENS) == plain


def test_other_texts_stay_as_they_are() -> None:
    text = "speed < 5 cm/s, <b>, |x|, [cm]"
    assert escape(text, TOKENS) == text


def test_breaking_one_token_may_not_make_another() -> None:
    assert "ab" not in escape("axb", ("x", "ab")).replace(" ", "_")
    assert "< b" not in escape("<b", ("<b", "< b"))
