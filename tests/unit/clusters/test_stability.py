from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_mousegpt.clusters import ClusterMap, fit
from napari_mousegpt.clusters.stability import (
    Stability,
    adjusted_rand,
    jaccard,
    measure_stability,
)
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

from .conftest import QUICK, Made, make


def test_clear_behaviours_come_back() -> None:
    truth = np.arange(600) % 6
    draw = np.random.default_rng(0)
    values = draw.normal(0, 1, (6, 16))[truth] + draw.normal(0, 0.1, (600, 16))
    ranges = Intervals.build("r", np.arange(600) * 50, np.arange(600) * 50 + 16)
    vectors = Vectors(ranges, values.astype(np.float32), (), "made", "1")
    found = fit(vectors, replace(QUICK, engine="density"))
    told = measure_stability(found, vectors, seeds=1, subsamples=2)
    assert told.runs["kind"].tolist() == ["seed", "subsample", "subsample"]
    assert told.runs["ari"].min() > 0.95
    assert told.clusters["cluster"].tolist() == list(found.clusters)
    assert set(told.clusters["verdict"]) == {"stable"}
    assert told.unit == "blocks of time"
    assert told.sentence.startswith("ARI ")
    assert "with other seeds; ARI" in told.sentence


def test_a_cloud_has_no_stable_clusters() -> None:
    made = make(recordings=tuple("abcd"), windows=120)
    draw = np.random.default_rng(0)
    values = draw.normal(0, 1, made.vectors.values.shape).astype(np.float32)
    cloud = Vectors(made.vectors.intervals, values, made.vectors.names, "made", "1")
    told = measure_stability(fit(cloud, QUICK), cloud, seeds=1, subsamples=1)
    assert told.runs["ari"].max() < 0.5
    assert "stable" not in told.clusters["verdict"].tolist()
    assert told.unit == "recordings"


def test_too_little_for_a_refit_is_no_verdict() -> None:
    made = make(recordings=("a",), windows=40)
    found = fit(made.vectors, replace(QUICK, min_cluster_size=8))
    told = measure_stability(found, made.vectors, seeds=0, subsamples=2, share=0.2)
    assert len(found) == 2
    assert told.runs.empty
    assert told.clusters["verdict"].tolist() == ["unknown"] * 2
    assert told.sentence == "clusters: 2 unknown, as too little was left to fit again."
    assert Stability.from_table(told.to_table()).sentence == told.sentence


def test_the_same_again_is_the_same(made: Made, found: ClusterMap) -> None:
    order = np.random.default_rng(0).permutation(len(made.vectors))
    one = measure_stability(found, made.vectors, seeds=0, subsamples=1)
    other = measure_stability(found, made.vectors[order], seeds=0, subsamples=1)
    assert one.runs.equals(other.runs)
    assert one.clusters.equals(other.clusters)


def test_animals_are_left_out_as_a_whole(
    found: ClusterMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    import napari_mousegpt.clusters.stability as room

    made = make(recordings=tuple("abcdefgh"), windows=100)
    animals = {name: name if name < "e" else "e" for name in "abcdefgh"}
    seen = []

    def spy(vectors: Vectors, *_: object, **__: object) -> ClusterMap:
        seen.append(set(vectors.intervals.recording))
        return found

    monkeypatch.setattr(room, "fit", spy)
    told = measure_stability(found, made.vectors, seeds=0, subsamples=6, animals=animals)
    assert told.unit == "animals"
    assert all(set("efgh") <= held or not held & set("efgh") for held in seen)
    assert any(set("efgh") <= held for held in seen)
    assert all(0 < len({animals[name] for name in held}) < 5 for held in seen)


def test_jaccard_of_a_cluster_that_is_halved() -> None:
    one = np.repeat([0, 1, -1], [10, 10, 5])
    other = np.repeat([3, 4, 5, -1], [5, 5, 12, 3])
    np.testing.assert_allclose(jaccard(one, other, 2), [0.5, 10 / 12])
    np.testing.assert_allclose(jaccard(one, np.full(25, -1), 2), [0, 0])


def test_agreement_of_labellings() -> None:
    labels = np.asarray([0, 0, 1, 1, 2, 2])
    assert adjusted_rand(labels, labels + 5) == 1.0
    assert np.isnan(adjusted_rand(labels[:0], labels[:0]))


def test_nothing_to_do_is_said(made: Made, found: ClusterMap) -> None:
    for wrong in ({"seeds": 0, "subsamples": 0}, {"share": 1.0}, {"seeds": -1}):
        with pytest.raises(InputError, match="at least one refit, and a share between 0 and 1"):
            measure_stability(found, made.vectors, **wrong)  # type: ignore[arg-type]
