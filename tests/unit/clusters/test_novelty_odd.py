"""Odd within: single strange windows, each score, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from napari_mousegpt.clusters.novelty_params import ODD_SCORES, OddParams
from napari_mousegpt.clusters.novelty_tables import BATCH
from napari_mousegpt.clusters.oddness import odd_within
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from support.novelty_worlds import make

KNOWN = (0, 1, 2, 3)


def _with_strange_windows() -> tuple[Vectors, np.ndarray]:
    vectors, _ = make("r", 4, KNOWN, seed=4)
    values, strange = vectors.values.copy(), np.zeros(len(vectors), dtype=bool)
    strange[20:800:53] = True
    values[strange] += np.random.default_rng(0).normal(0, 5, (int(strange.sum()), 8))
    return Vectors(vectors.intervals, values, vectors.names, "made", "1"), strange


@pytest.mark.parametrize("score", ODD_SCORES)
def test_every_score_finds_strange_windows(score: str) -> None:
    vectors, strange = _with_strange_windows()
    found = odd_within(vectors, OddParams(score=score))
    assert roc_auc_score(strange, found.windows["score"]) > 0.9
    rates = found.recordings["rate"]
    assert rates.mean() == pytest.approx(0.05, abs=0.03)
    assert found.windows["flagged"][strange].mean() > 0.5


def test_a_moved_recording_is_a_batch_effect() -> None:
    usual, _ = make("r", 3, KNOWN, seed=4)
    moved, _ = make("x", 1, KNOWN, seed=5, shift=6.0)
    found = odd_within(Vectors.concat([usual, moved]))
    verdicts = found.recordings.set_index("recording")["verdict"]
    assert verdicts["x0"] == BATCH
    assert (verdicts[["r0", "r1", "r2"]] != BATCH).all()


def test_one_recording_and_few_windows_are_refused() -> None:
    vectors, _ = make("r", 2, KNOWN, seed=4)
    with pytest.raises(InputError, match="at least 2, each is held against the others"):
        odd_within(vectors[vectors.intervals.recording == "r0"])
    with pytest.raises(InputError, match="windows to compare with"):
        odd_within(vectors, OddParams(k=500))
    found = odd_within(vectors)
    assert "no threshold can be calibrated" in found.problems[0]
    assert not found.windows["flagged"].any()
