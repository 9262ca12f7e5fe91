"""New against a reference: what the control exchanges, and how much of a reference is kept."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from napari_mousegpt.clusters import novelty as novelty_module
from napari_mousegpt.clusters.novelty import Question, novel_against
from napari_mousegpt.clusters.novelty_calibration import threshold_of
from napari_mousegpt.clusters.novelty_params import NoveltyParams
from napari_mousegpt.clusters.two_sample import Shares, Side, shares_of
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from support.novelty_worlds import QUICK, make

KNOWN = (0, 1, 2, 3, 4)
#: Two recordings of each of four animals, and three of a fifth.
ANIMALS = {f"r{i}": f"animal {i // 2}" for i in range(8)} | {f"r{i}": "many" for i in (8, 9, 10)}


@pytest.fixture(scope="module")
def reference() -> Vectors:
    return make("r", 11, KNOWN, windows=100, seed=1)[0]


@pytest.fixture(scope="module")
def new() -> Vectors:
    return make("n", 3, KNOWN, windows=100, seed=2)[0]


def test_recordings_of_one_animal_are_on_one_side_of_the_control(
    reference: Vectors, new: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an animal would be its own reference: what it alone does would look usual."""
    owner = {
        row.tobytes(): ANIMALS[str(name)]
        for row, name in zip(reference.values, reference.intervals.recording, strict=True)
    }
    draws = []

    def spy(known: Side, fresh: Side, asked: Side, params: NoveltyParams) -> Shares:
        draws.append([{owner[row.tobytes()] for row in side.values} for side in (known, fresh)])
        return shares_of(known, fresh, asked, params)

    monkeypatch.setattr(novelty_module, "shares_of", spy)
    control = Question(reference, new, QUICK, ANIMALS).control()
    assert len(draws) == control["draw"].nunique() >= QUICK.draws
    for known, fresh in draws:
        assert known
        assert fresh
        assert not known & fresh
        assert known | fresh == set(ANIMALS.values())
    assert set(control["recording"]) == set(ANIMALS)


def test_an_animal_counts_once_for_the_threshold_however_many_recordings_it_has(
    reference: Vectors, new: Vectors
) -> None:
    found = novel_against(reference, new, QUICK, animals=ANIMALS)
    units = found.control.groupby(["draw", "animal"]).ngroup().to_numpy()
    standing = found.control["standing"].to_numpy()
    assert found.threshold == threshold_of(standing, units, QUICK.false_alarms)
    each = found.control.groupby(["draw", "recording"]).ngroup().to_numpy()
    assert found.threshold != threshold_of(standing, each, QUICK.false_alarms)


def test_a_large_reference_is_thinned_evenly_and_always_the_same(
    reference: Vectors, new: Vectors
) -> None:
    few = replace(QUICK, max_reference=220)
    control = Question(reference, new, few).control()
    seen = control.drop_duplicates("row").groupby("recording")["row"].agg(["min", "max", "count"])
    assert (seen["count"] == 20).all()
    assert (seen["max"] - seen["min"] == 19).all()
    assert seen["max"].max() == 219
    found = novel_against(reference, new, few)
    shuffled = reference[np.random.default_rng(0).permutation(len(reference))]
    again = novel_against(shuffled, new, few)
    assert again.threshold == found.threshold
    np.testing.assert_array_equal(again.windows["share"], found.windows["share"])
    whole = novel_against(reference, new, replace(QUICK, max_reference=1100))
    assert whole.threshold == novel_against(reference, new, QUICK).threshold != found.threshold
    with pytest.raises(InputError, match="max_reference=10"):
        NoveltyParams(max_reference=10)


def test_a_question_copies_no_more_than_it_keeps() -> None:
    """The vectors of a large study fill the memory once, not several times."""
    sides = []
    for prefix in ("r", "n"):
        names = np.repeat([f"{prefix}{i}" for i in range(4)], 5000).astype(object)
        start = np.tile(np.arange(5000), 4)
        values = np.random.default_rng(0).normal(0, 1, (20_000, 512)).astype(np.float32)
        sides.append(Vectors(Intervals.build(names, start, start + 1, "m"), values, (), "m", "1"))
    tracemalloc.start()
    try:
        question = Question(*sides, replace(QUICK, max_reference=1000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert question.new is sides[1]
    assert peak < 0.5 * sides[0].values.nbytes
