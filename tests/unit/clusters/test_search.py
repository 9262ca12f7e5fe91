"""Search by words, by example and by filters: the right rows, in a fixed order, none lost."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import napari_mousegpt as mg
from napari_mousegpt.clusters.search import SearchIndex, search
from napari_mousegpt.clusters.search_filters import SearchFilters
from napari_mousegpt.clusters.search_question import read_question
from napari_mousegpt.clusters.synonyms import Synonyms
from napari_mousegpt.errors import InputError, MismatchError
from support.searched import CLOCKS, described, placed

STUDY = pd.DataFrame(
    {"recording": ["m1", "m2"], "animal": ["A1", "A2"], "group": ["control", "drug"]}
)


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    table = described()
    return SearchIndex.build(table, vectors=placed(table), clocks=CLOCKS, study=STUDY)


def test_a_sentence_finds_what_it_says(index: SearchIndex) -> None:
    found = index.find("walks fast, turning left", k=5)
    assert set(found["label"]) == {"walking"}
    assert found["sentence"].str.startswith("Walks fast").all()
    assert found["score"].is_monotonic_decreasing
    assert found["rank"].tolist() == [1, 2, 3, 4, 5]
    assert {"walks", "fast", "turning", "left"} <= set(found["words"][0].split("; "))


def test_words_that_no_description_has_find_what_means_the_same(index: SearchIndex) -> None:
    found = index.find("stands upright", k=3)
    assert set(found["label"]) == {"rearing"}
    assert "rears (stands upright)" in found["words"][0]
    notes = " ".join(found.attrs["notes"])
    assert "No description has the word 'upright': used rearing instead." in notes
    assert set(index.find("washes its face", k=3)["label"]) == {"grooming"}


def test_a_word_that_is_misspelled_is_said(index: SearchIndex) -> None:
    found = index.find("waalks", k=1)
    assert found["label"].tolist() == ["walking"]
    assert "spelled most like" in found.attrs["notes"][0]


def test_a_short_word_that_is_misspelled_finds_what_was_meant(index: SearchIndex) -> None:
    found = index.find("groming", k=1)
    assert found["label"].tolist() == ["grooming"]
    assert "spelled most like 'grooming'" in found.attrs["notes"][0]


def test_words_near_an_unknown_one_are_listed(index: SearchIndex) -> None:
    with pytest.raises(InputError, match=r"Words near 'wolkung': .*walking.*Descriptions speak"):
        index.find("wolkung")
    with pytest.raises(InputError, match=r"Words near 'groming': grooming.*Loosen one"):
        index.find("", filters=SearchFilters(keywords=("groming",)))


def test_unknown_words_are_named(index: SearchIndex) -> None:
    found = index.find("walks beside the zeppelin", k=1)
    assert any("'zeppelin', or one that means it" in note for note in found.attrs["notes"])
    with pytest.raises(InputError, match=r"'zeppelin'.*found none.*speak of grooming, rearing"):
        index.find("zeppelin")


def test_seconds_are_those_of_the_clock(index: SearchIndex) -> None:
    found = index.find("rearing", k=8)
    for row in found.itertuples():
        clock = CLOCKS[row.recording]
        assert row.start_s == clock.time(row.start)
        assert row.stop_s == clock.time(row.stop)
    assert set(found["recording"]) == {"m1", "m2"}
    bare = SearchIndex.build(described())
    assert bare.find("rearing", k=1)["start_s"].isna().all()


def test_the_order_of_the_rows_does_not_matter(index: SearchIndex) -> None:
    table = described()
    shuffled = table.sample(frac=1, random_state=3)
    other = SearchIndex.build(shuffled, vectors=placed(table), clocks=CLOCKS, study=STUDY)
    for text in ("walks", "moves along the wall", "rears"):
        pd.testing.assert_frame_equal(index.find(text, 20), other.find(text, 20))


def test_equal_scores_go_by_confidence_then_place(index: SearchIndex) -> None:
    found = index.find("rearing", k=8)
    assert found["score"].nunique() == 1
    assert found["confidence"].is_monotonic_decreasing


def test_nothing_is_lost_when_a_row_has_no_words(index: SearchIndex) -> None:
    assert len(index) == 40
    assert index.card["without_words"] == 8
    silent = index.find("", 40, SearchFilters(label=("",)))
    assert len(silent) == 8
    near = index.like(str(silent["range_id"][0]), k=3, space="vectors")
    assert near["label"].tolist() == ["", "", ""]
    with pytest.raises(InputError, match="found one that has none"):
        index.like(str(silent["range_id"][0]), space="words")


@pytest.mark.parametrize("space", ["words", "vectors", "both"])
def test_what_is_like_an_example(index: SearchIndex, space: str) -> None:
    example = index.find("grooming", 1).iloc[0]
    found = index.like(example["range_id"], k=5, space=space)  # type: ignore[arg-type]
    assert set(found["label"]) == {"grooming"}
    assert example["range_id"] not in set(found["range_id"])
    by_frames = index.like(
        (example["recording"], example["start"] + 3, example["stop"] - 3),
        k=5,
        space=space,  # type: ignore[arg-type]
    )
    pd.testing.assert_frame_equal(found, by_frames)


def test_what_shares_frames_with_a_long_example_is_not_found(index: SearchIndex) -> None:
    example = index.find("grooming", 1).iloc[0]
    name, start = example["recording"], int(example["start"])
    stop = start + 5 * int(example["stop"] - start)
    found = index.like((name, start, stop), k=30, apart=False)
    mine = found[found["recording"] == name]
    assert len(found) > len(mine)
    assert not ((mine["start"] < stop) & (mine["stop"] > start)).any()


def test_examples_that_are_not_there(index: SearchIndex) -> None:
    with pytest.raises(InputError, match="range_id 'x': expected one of the index"):
        index.like("x")
    with pytest.raises(InputError, match="no recording of that name"):
        index.like(("m9", 0, 5))
    with pytest.raises(InputError, match="shares frames with a description, found none"):
        index.like(("m1", 2900, 2950))
    with pytest.raises(InputError, match="found one of words only"):
        SearchIndex.build(described()).like(("m1", 0, 5), space="vectors")


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        (SearchFilters(label=("walking",)), lambda t: t["label"] == "walking"),
        (SearchFilters(recording=("m2",)), lambda t: t["recording"] == "m2"),
        (SearchFilters(columns={"group": ("drug",)}), lambda t: t["recording"] == "m2"),
        (SearchFilters(columns={"animal": ("A1",)}), lambda t: t["recording"] == "m1"),
        (SearchFilters(keywords=("wall",)), lambda t: t["overall"].str.contains("wall")),
        (SearchFilters(numbers={"speed": (0.2, math.inf)}), lambda t: t["label"] == "walking"),
        (
            SearchFilters(numbers={"confidence": (0.6, 0.7)}),
            lambda t: t.confidence.between(0.6, 0.7),
        ),
        (SearchFilters(seconds=(3.0, 5.0)), None),
    ],
)
def test_filters_keep_all_that_fits_and_nothing_else(
    index: SearchIndex, filters: SearchFilters, fits: object
) -> None:
    table = described()
    if callable(fits):
        wanted = set(table.loc[fits(table), "range_id"])
    else:
        wanted = {
            row.range_id
            for row in table.itertuples()
            if CLOCKS[row.recording].time(row.stop) > 3
            and CLOCKS[row.recording].time(row.start) < 5
        }
    assert 0 < len(wanted) < 40
    assert set(index.find("", 40, filters)["range_id"]) == wanted
    if not filters.label:
        some = index.find("walking", 40, filters)
        assert set(some["range_id"]) <= wanted


def test_filters_that_leave_nothing_say_so(index: SearchIndex) -> None:
    filters = SearchFilters(label=("rearing",), numbers={"speed": (1.0, 9.0)})
    with pytest.raises(InputError, match=r"none of 40 \(label rearing: 8; speed 1 to 9: 8\)"):
        index.find("rearing", filters=filters)


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (SearchFilters(label=("rering",)), "Did you mean 'rearing'"),
        (SearchFilters(recording=("m9",)), "one of 'm1', 'm2'"),
        (SearchFilters(columns={"dose": ("1",)}), "a column of the study table"),
        (SearchFilters(columns={"group": ("drugs",)}), "Did you mean 'drug'"),
        (SearchFilters(numbers={"sped": (0, 1)}), "filter number 'sped'"),
    ],
)
def test_unknown_names_in_filters(index: SearchIndex, filters: SearchFilters, said: str) -> None:
    with pytest.raises(InputError, match=said):
        index.find("rearing", filters=filters)


def test_spans_the_wrong_way_round() -> None:
    with pytest.raises(InputError, match="the lower number first"):
        SearchFilters(seconds=(5.0, 3.0))
    bare = SearchIndex.build(described())
    with pytest.raises(InputError, match="the clock of every recording, found none of m1"):
        bare.find("", filters=SearchFilters(seconds=(1.0, 2.0)))


@pytest.mark.parametrize("text", ["", "  ", "?!", "the mouse"])
def test_an_empty_question(index: SearchIndex, text: str) -> None:
    with pytest.raises(InputError, match="expected a word or a sentence"):
        index.find(text)


def test_how_many_is_limited(index: SearchIndex) -> None:
    with pytest.raises(InputError, match="k=0: expected 1 to 10000"):
        index.find("walking", 0)


def test_windows_that_overlap_are_listed_once() -> None:
    table = described()
    doubled = table.assign(start=table["start"] + 15, stop=table["stop"] + 15)
    index = SearchIndex.build(pd.concat([table, doubled]), clocks=CLOCKS)
    apart = index.find("rearing", 50)
    for _, rows in apart.groupby("recording"):
        bounds = rows.sort_values("start")
        assert (bounds["start"].to_numpy()[1:] >= bounds["stop"].to_numpy()[:-1]).all()
    assert len(index.find("rearing", 16, apart=False)) == 16


def test_the_first_look_in_bytes_changes_no_result() -> None:
    rng = np.random.default_rng(0)
    words = np.array([f"{a}{b}ow" for a in "bcdfgklmnp" for b in "aeiou"])
    table = described(600)
    table["overall"] = [" ".join(rng.choice(words, 5)) for _ in range(len(table))]
    table["label"] = table["head"] = table["keywords"] = ""
    index = SearchIndex.build(table, synonyms=Synonyms({}))
    for text in (" ".join(rng.choice(words, 3)) for _ in range(20)):
        found = index.find(text, 10, apart=False)
        question = index.index.question(read_question(text, index.index, index.synonyms).counts)
        assert index.latent is not None
        by_vector = index.texts.exactly(
            index.latent.place_question(question), np.arange(len(index.texts))
        )
        every = np.sort((index.index.scores(question) + by_vector) / 2)[::-1]
        np.testing.assert_allclose(found["score"], every[:10], atol=2e-6)


def test_vectors_of_other_recordings_are_refused() -> None:
    table = described()
    foreign = placed(table.assign(recording="else"))
    with pytest.raises(MismatchError, match="share frames with the descriptions"):
        SearchIndex.build(table, vectors=foreign)


def test_the_verb_takes_an_index_and_one_kind_of_question(index: SearchIndex) -> None:
    assert mg.search is search
    pd.testing.assert_frame_equal(search(index, "rearing", k=2), index.find("rearing", 2))
    example = str(index.find("rearing", 1)["range_id"][0])
    pd.testing.assert_frame_equal(search(index, like=example, k=2), index.like(example, 2))
    with pytest.raises(InputError, match="words or an example, found both"):
        search(index, "rearing", like=example)
    with pytest.raises(InputError, match="at least one description"):
        SearchIndex.build(described().iloc[:0])


def test_models_write_odd_evidence() -> None:
    table = described().assign(evidence='{"speed": "fast", "seen": true}')
    table.loc[3, "evidence"] = "no JSON"
    index = SearchIndex.build(table)
    assert "speed" not in index.rows.numbers
    assert len(index.find("walking", 3)) == 3


def test_a_word_counts_as_its_phrase_means_it() -> None:
    said = {
        "standing": "Stands on all fours, hind paws still.",
        "rearing": "Rears, neck 0.90 BL above the floor.",
        "walking": "Walks slowly.",
    }
    labels = [name for name in said for _ in range(4)]
    sentences = [said[name] for name in labels]
    found = SearchIndex.build(described(12, label=labels, overall=sentences, keywords=labels))
    # "stand" alone is another behaviour; here it is a part of "stand on hind leg".
    assert set(found.find("stands on its hind legs", k=4)["label"]) == {"rearing"}
    assert set(found.find("stands", k=4)["label"]) == {"standing"}


def test_what_answers_nothing_is_no_result(index: SearchIndex) -> None:
    assert set(index.find("rearing", k=40)["label"]) == {"rearing"}
    with pytest.raises(InputError, match="within the filters"):
        index.find("rearing", filters=SearchFilters(label=("walking",)))
