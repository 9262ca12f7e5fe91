from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csc_array

from napari_mousegpt.clusters.naming_terms import (
    class_terms,
    label_terms,
    no_terms,
    phrase_terms,
    sentence_terms,
)
from support.naming_worlds import told

WORDS = told(
    (0, 10, "walking", "walking;fast"), (10, 20, "walking", "slow"), (20, 30, "rearing", "tall")
)
#: Frames that two clusters share with the three descriptions.
WEIGHT = csc_array(np.array([[10.0, 6.0, 0.0], [0.0, 4.0, 10.0]]))


def test_scores_are_those_of_the_formula() -> None:
    found = class_terms(WORDS, label_terms, WEIGHT)
    assert found.words == ["rearing", "walking"]
    # tf * log(1 + A / f): 15 frames of terms in a cluster on the mean, 10 and 20 of each term.
    expected = [
        [0.0, 1.0 * np.log1p(15 / 20)],
        [10 / 14 * np.log1p(15 / 10), 4 / 14 * np.log1p(15 / 20)],
    ]
    np.testing.assert_allclose(found.score, expected)
    np.testing.assert_allclose(found.share, [[0.0, 1.0], [10 / 14, 4 / 14]])
    assert found.said_in("walking").tolist() == [True, True, False]


def test_a_term_that_is_as_common_everywhere_is_no_name() -> None:
    even = class_terms(WORDS, label_terms, csc_array(np.array([[5.0, 0, 5], [5, 0, 5]])))
    assert even.best(0, 0.1) == []
    assert class_terms(WORDS, label_terms, WEIGHT).best(0, 0.1) == ["walking"]


def test_likeness_of_words() -> None:
    words = class_terms(WORDS, phrase_terms(WORDS, WEIGHT), WEIGHT)
    alike = words.alike()
    np.testing.assert_allclose(np.diag(alike), 1.0)
    assert 0.1 < alike[0, 1] < 0.7
    silent = class_terms(WORDS, label_terms, csc_array(np.array([[1.0, 0, 0], [0, 0, 0]])))
    assert np.isnan(silent.alike()[0, 1])


def test_no_terms_and_no_clusters() -> None:
    assert class_terms(WORDS, no_terms, WEIGHT).words == []
    assert class_terms(WORDS, label_terms, csc_array((0, 3))).score.shape == (0, 0)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The mouse digs in the bedding.", ["digs", "bedding", "digs bedding"]),
        ("It rears, sniffs", ["rears", "sniffs"]),
        ("not visible", []),
    ],
)
def test_words_of_sentences(sentence: str, expected: list[str]) -> None:
    words = told((0, 10, "", "")).assign(overall=sentence, head="not visible")
    (row,) = words.itertuples(index=False)
    assert sentence_terms(row) == expected
