from __future__ import annotations

import numpy as np
import pytest

from napari_mousegpt.clusters.consensus import (
    Partitions,
    co_association,
    find_clusters,
    micro_clusters,
    nearest,
    random_partitions,
)
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.projection import on_grid

PARAMS = ClusterParams(micro_clusters=60, partitions=60)


def blobs(k: int, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    label = np.arange(n) % k
    return on_grid(draw.normal(0, 4, (k, 12))[label] + draw.normal(0, 0.7, (n, 12))), label


def test_nearest_is_the_nearest() -> None:
    points, _ = blobs(4, 300)
    centers = points[:7]
    which, distance = nearest(points, centers, chunk=11)
    far = np.linalg.norm(points[:, None] - centers, axis=2)
    np.testing.assert_array_equal(which, far.argmin(axis=1))
    np.testing.assert_allclose(distance, far.min(axis=1), atol=1e-6)


def test_micro_clusters_keep_all_weight() -> None:
    points, _ = blobs(4, 500)
    centers, weights = micro_clusters(points, np.full(500, 3.0), PARAMS)
    assert len(centers) == 60
    assert weights.sum() == 1500


def test_few_points_are_their_own_micro_clusters() -> None:
    points = np.array([[0.0, 1.0], [2.0, 3.0], [0.0, 1.0]])
    centers, weights = micro_clusters(points, np.array([1.0, 2.0, 4.0]), PARAMS)
    assert centers.tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert weights.tolist() == [5.0, 2.0]


def test_groups_look_only_at_the_components_of_their_partition() -> None:
    # The second partition saw component 1 only.
    partitions = Partitions(
        np.array([[0.0, 0.0], [4.0, 4.0], [0.0, 9.0], [0.0, 1.0]]), np.array([0, 2, 4])
    )
    points = np.array([[100.0, 1.5], [0.5, 0.9], [0.5, 8.0]])
    assert partitions.groups(points).tolist() == [[1, 3], [0, 3], [1, 2]]


def test_co_association_counts_votes() -> None:
    groups = np.array([[0, 2, 5], [0, 3, 5], [1, 3, 6]])
    expected = np.array([[3, 2, 0], [2, 3, 1], [0, 1, 3]]) / 3
    np.testing.assert_allclose(co_association(groups), expected)


@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_separate_groups_are_found_as_many_as_there_are(k: int) -> None:
    points, label = blobs(k, 160, seed=k)
    weights = np.ones(160)
    partitions = random_partitions(points, weights, PARAMS)
    labels = find_clusters(co_association(partitions.groups(points)), weights, PARAMS)
    told = labels >= 0
    assert told.mean() > 0.8
    assert len(set(zip(labels[told], label[told], strict=True))) == k


def test_one_cluster_that_swallows_nearly_all_is_looked_into() -> None:
    # Six faint groups that hang together, and one apart from everything.
    group = np.repeat([0, 1, 2, 3, 4, 5, 6], [30, 30, 30, 30, 30, 30, 12])
    near = np.where(group[:, None] == group, 0.6, 0.55)
    apart = (group == 6)[:, None] != (group == 6)
    together = np.where(apart, 0.0, near)
    np.fill_diagonal(together, 1.0)
    weights = np.ones(len(group))
    plain = find_clusters(together, weights, ClusterParams(max_cluster_share=1.0))
    again = find_clusters(together, weights, ClusterParams())
    assert len(set(plain[plain >= 0])) == 2
    assert len(set(again[again >= 0])) == 7


def test_partitions_follow_the_seed() -> None:
    points, _ = blobs(4, 100)
    same = [random_partitions(points, np.ones(100), PARAMS).centers for _ in range(2)]
    np.testing.assert_array_equal(*same)
    other = random_partitions(points, np.ones(100), ClusterParams(partitions=60, seed=1)).centers
    assert other.shape != same[0].shape or (other != same[0]).any()
