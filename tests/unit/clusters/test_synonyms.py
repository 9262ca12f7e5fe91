"""Words that mean the same: the table, that of the user, and how phrases are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.clusters.synonyms import Synonyms, load_synonyms
from napari_mousegpt.clusters.text_terms import spoken_words, stem, without_numbers
from napari_mousegpt.errors import FormatError, InputError


def meant(text: str, table: Synonyms | None = None) -> set[str]:
    found = (table or load_synonyms()).meanings(spoken_words(text))
    return {concept for one in found for concept in one.concepts}


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("stands upright", "rearing"),
        ("on its hind legs", "rearing"),
        ("it washes its face", "grooming"),
        ("burrows", "digging"),
        ("is asleep", "sleeping"),
        ("copulating", "mounting"),
    ],
)
def test_general_words_mean_a_behaviour(text: str, concept: str) -> None:
    assert concept in meant(text)


def test_of_phrases_within_each_other_the_longest_counts() -> None:
    table = Synonyms({"rearing": ("stand up",), "standing": ("stand",)})
    assert meant("the mouse stands up", table) == {"rearing"}
    assert meant("the mouse stands", table) == {"standing"}
    table = Synonyms({"nesting": ("pull paper",), "reading": ("paper",)})
    assert meant("pulls paper", table) == {"nesting"}


def test_scratching_with_a_hind_leg_is_no_rearing() -> None:
    assert "rearing" not in meant("scratches its ear with a hind leg")


def test_words_of_the_user_are_added_or_take_the_place(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[rearing]\nwords = ["periscoping"]\n[walking]\nwords=["mosey"]\nreplace=true')
    table = load_synonyms(own)
    assert meant("periscopes", table) == {"rearing"}
    assert meant("upright", table) == {"rearing"}
    assert meant("strolls", table) == set()
    assert table.id != load_synonyms().id


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rearing", "words = "),
        ("[rearing]\nwords = 3", "'rearing' without a list of words"),
        ("rearing = 3", "'rearing' without a list of words"),
        ("[rearing]\nwords = []\nword = []", "found word in"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, text: str, said: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text)
    with pytest.raises(FormatError, match=said.replace("[", r"\[")):
        load_synonyms(own)
    with pytest.raises(InputError, match="a text file with tables"):
        load_synonyms(tmp_path / "none.toml")


def test_short_words_are_not_taken_for_others() -> None:
    table = load_synonyms()
    assert table.close_to(spoken_words("top")[0], ["stop"]) == ""
    assert table.close_to(spoken_words("groomm")[0], ["groom"]) == "groom"


@pytest.mark.parametrize(
    "words",
    [
        ("walk", "walks", "walking", "walked"),
        ("freeze", "freezes", "freezing", "froze"),
        ("dig", "digs", "digging", "dug"),
        ("carry", "carries", "carrying", "carried"),
        ("sniff", "sniffs", "sniffing", "sniffed"),
        ("roll", "rolls", "rolling"),
        ("lie", "lies", "lying"),
    ],
)
def test_inflections_share_a_stem(words: tuple[str, ...]) -> None:
    assert len({stem(word) for word in words}) == 1


def test_numbers_and_units_go_but_words_stay() -> None:
    text = "Walks fast (1.62 BL/s), 60% of the time; turns by -40 deg."
    assert [token.word for token in spoken_words(without_numbers(text))][:2] == ["walks", "fast"]
    assert "deg" not in without_numbers(text)
    assert "sniffs" in without_numbers("slow 3 sniffs")
