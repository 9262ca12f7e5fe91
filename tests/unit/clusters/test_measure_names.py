from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_mousegpt.clusters import ClusterMap, fit
from napari_mousegpt.clusters.measure_names import measured
from napari_mousegpt.clusters.named_map import NamedMap
from napari_mousegpt.core.vectors import Vectors

from .conftest import QUICK, Made

NAMES = ("nose_height", "neck_height", "body_speed", "body_speed mean 1s")


@pytest.fixture(scope="module")
def moving(made: Made) -> tuple[ClusterMap, np.ndarray, Vectors]:
    """A map of four measures; what each cluster is like in truth."""
    values = made.vectors.values[:, [0, 1, 2, 2]]
    vectors = Vectors(made.vectors.intervals, values, NAMES, "kinematic", "1")
    found = fit(vectors, replace(QUICK, min_components=4))
    rows = found.apply(vectors)["cluster"].to_numpy()
    z = (values - values.mean(axis=0)) / values.std(axis=0)
    return found, np.stack([z[rows == c].mean(axis=0) for c in found.clusters]), vectors


def test_the_map_tells_what_is_high_and_low(
    moving: tuple[ClusterMap, np.ndarray, Vectors],
) -> None:
    found, truth, _ = moving
    told = measured(found, [(cluster,) for cluster in found.clusters])
    assert told
    for cluster, means in zip(found.clusters, truth, strict=True):
        for term in told[(cluster,)].terms if (cluster,) in told else ():
            side, name = term.split(" ", 1)
            value = means[NAMES.index(name.replace(" ", "_"))]
            assert (value > 0) == (side == "high")
            assert abs(value) > 0.3
            assert name in told[(cluster,)].sentence
        # Of two heights one is told, and no column over longer times.
        kinds = [term.split()[-1] for term in told.get((cluster,), ((),))[0]]
        assert len(set(kinds)) == len(kinds)
        assert "1s" not in kinds


def test_a_map_without_words_has_names(moving: tuple[ClusterMap, np.ndarray, Vectors]) -> None:
    found, _, vectors = moving
    names = NamedMap(found, found.apply(vectors)).names()
    called = [one for one in names if one.source == "kinematic"]
    assert called
    assert called[0].name.startswith(("high ", "low "))
    assert called[0].sentence.startswith("Against all moments of the map")
    assert np.isnan(called[0].coverage)
    assert len({one.name for one in names}) == len(names)


def test_numbers_without_a_meaning_give_no_words(found: ClusterMap) -> None:
    assert measured(found, [(0,)]) == {}
