"""Clusters on real mice: as many as are of use, named, and against what people saw."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from napari_mousegpt.clusters import ClusterMap, ClusterParams, fit, name_clusters
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.features import kinematics
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.vectors import project_kinematic
from napari_mousegpt.words import KinematicDescriber

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import clusters_labels
    return clusters_labels


@pytest.fixture(scope="module")
def mice(bench: ModuleType, shared_data: Path) -> list[Any]:
    return bench.load(shared_data)


@pytest.fixture(scope="module")
def vectors(bench: ModuleType, mice: list[Any]) -> Vectors:
    return bench.project_mice(mice)


@pytest.fixture(scope="module")
def found(vectors: Vectors) -> ClusterMap:
    return fit(vectors)


@pytest.mark.slow
def test_clusters_of_six_mice_match_what_people_saw(
    bench: ModuleType, mice: list[Any], vectors: Vectors, found: ClusterMap
) -> None:
    table = found.apply(vectors)
    clusters = table["cluster"].to_numpy()
    limits = bench.LIMITS
    assert limits["fewest_clusters"] <= len(found) <= limits["most_clusters"]
    assert (clusters < 0).mean() <= limits["noise"]
    scorer = bench.Scorer(mice)
    for column in ("nearest", "cluster"):
        score = scorer.score(table[column].to_numpy())
        assert score["mean_macro_f1"] >= limits["mean_macro_f1"]
        assert score["worst_macro_f1"] >= limits["worst_macro_f1"]
    moved = bench.Scorer(mice, shift_s=120.0).score(table["nearest"].to_numpy())
    assert moved["mean_macro_f1"] < 0.35


@pytest.mark.slow
def test_real_rows_in_any_order_and_on_one_thread_give_the_same_map(
    vectors: Vectors, found: ClusterMap
) -> None:
    order = np.random.default_rng(0).permutation(len(vectors))
    with threadpool_limits(limits=1):
        again = fit(vectors[order], ClusterParams())
    assert again.map_id == found.map_id
    shuffled = again.apply(vectors[order])["cluster"].to_numpy()
    np.testing.assert_array_equal(shuffled, found.apply(vectors)["cluster"].to_numpy()[order])


def test_a_mouse_alone_gets_the_same_labels(vectors: Vectors, found: ClusterMap) -> None:
    table = found.apply(vectors)
    mouse = vectors.intervals.recording == "young_8294"
    alone = found.apply(vectors[mouse])
    np.testing.assert_array_equal(alone["cluster"], table["cluster"][mouse])


@pytest.mark.parametrize(("length", "step"), [(3, 3), (30, 15)])
def test_open_field_video_gives_a_handful_of_named_clusters(
    shared_data: Path, length: int, step: int
) -> None:
    folder = shared_data / "video_openfield_dlc"
    recording = open_recording(
        folder / "m3v1mp4.mp4", folder / "openfield_dlc_inference_example.csv"
    )
    features = kinematics(recording.pose, recording.timebase)
    individual = next(iter(features))
    starts = np.arange(0, recording.timebase.n_frames - length + 1, step)
    ranges = Intervals.build(recording.id, starts, starts + length, individual)
    vectors = project_kinematic(features, ranges)
    found = fit(vectors)
    table = found.apply(vectors)
    assert 4 <= len(found) <= 12
    assert (table["cluster"] < 0).mean() <= 0.25
    assert max(found.sizes) / len(table) < 0.5
    named = name_clusters(table, KinematicDescriber().describe(features, ranges))
    assert named["name"].is_unique
    assert not named["name"].str.startswith("unnamed").any()
    assert named["seconds"].sum() == pytest.approx((table["cluster"] >= 0).mean() * 77.7, rel=0.1)
    assert (named["sentence"] != "").all()
