"""Vectors in bytes: how wrong they may be is known, and nothing that may be best is left out."""

from __future__ import annotations

import numpy as np

from napari_mousegpt.clusters.text_vectors import PackedVectors, best_of, unit


def test_the_bound_on_rounding_holds() -> None:
    rng = np.random.default_rng(0)
    packed = PackedVectors.pack(rng.normal(size=(500, 24)) ** 3)
    question = unit(rng.normal(size=24))
    wrong = np.abs(packed.about(question) - packed.exactly(question, np.arange(500)))
    assert (wrong <= packed.error + 1e-6).all()
    assert wrong.max() > 1e-4  # the bytes do round, or this tests nothing


def test_all_that_may_be_best_are_looked_at_again() -> None:
    about = np.array([0.50, 0.49, 0.30, 0.45], dtype=np.float32)
    error = np.array([0.00, 0.10, 0.10, 0.04], dtype=np.float32)
    assert best_of(about, error, 1).tolist() == [0, 1]
    assert best_of(about, np.zeros(4, dtype=np.float32), 2).tolist() == [0, 1]
    assert best_of(about, error, 9).tolist() == [0, 1, 2, 3]


def test_missing_numbers_are_like_nothing() -> None:
    values = np.ones((3, 4))
    values[1, 2] = np.nan
    values[2] = 0
    packed = PackedVectors.pack(values)
    assert packed.about(unit(np.ones(4))).round(3).tolist() == [1, 0, 0]
    assert not unit(np.array([np.nan, 1.0])).any()
