from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_mousegpt.clusters import ClusterMap, fit
from napari_mousegpt.clusters.accepted import Accepted
from napari_mousegpt.clusters.merge_tree import Likeness, likeness_of, merge_tree

from .conftest import QUICK, Made


def halves(found: ClusterMap) -> ClusterMap:
    """The same map with its first cluster cut in two that share all their votes."""
    shares = np.hstack([found.shares, found.shares[:, :1]])
    return replace(
        found,
        shares=shares,
        cohesion=np.append(found.cohesion, found.cohesion[0]),
        sizes=(*found.sizes, 10),
        medoids=(*found.medoids, found.medoids[0]),
    )


def compare(found: ClusterMap, words: np.ndarray | None = None) -> Likeness:
    groups = tuple((cluster,) for cluster in found.clusters)
    unknown = np.full((len(groups),) * 2, np.nan)
    return likeness_of(found, groups, unknown if words is None else words)


def test_two_halves_of_one_crowd_are_the_most_alike(found: ClusterMap) -> None:
    alike = compare(halves(found))
    last = len(found)
    assert alike.score[0, last] > 0.95
    assert alike.distance[0, last] == pytest.approx(0, abs=1e-9)
    assert alike.overlap[0, last] == pytest.approx(1)
    assert alike.score[0, 1:last].max() < 0.8
    np.testing.assert_allclose(alike.score, alike.score.T)


def test_distance_counts_in_spreads_along_the_line(found: ClusterMap) -> None:
    alike = compare(found)
    weight = found.votes(found.micro) ** 2
    weight /= weight.sum(axis=0)
    centre = weight.T @ found.micro
    step = centre[1] - centre[0]
    off = [(found.micro - centre[c]) @ step / np.linalg.norm(step) for c in (0, 1)]
    variance = np.mean([weight[:, c] @ off[c] ** 2 for c in (0, 1)])
    expected = np.linalg.norm(step) / np.sqrt(variance)
    assert alike.relative[0, 1] == pytest.approx(expected, rel=1e-6)
    assert alike.place[0, 1] == pytest.approx(
        (alike.overlap[0, 1] + np.exp(-((expected / 4) ** 2))) / 2
    )


def test_words_and_place_count_alike(found: ClusterMap) -> None:
    n = len(found)
    same, other = compare(found, np.ones((n, n))), compare(found, np.zeros((n, n)))
    off = ~np.eye(n, dtype=bool)
    np.testing.assert_allclose((same.score - other.score)[off], 0.5)
    np.testing.assert_allclose(compare(found).score[off], same.place[off])


def test_a_group_lies_between_its_parts(found: ClusterMap) -> None:
    unknown = np.full((2, 2), np.nan)
    pair = likeness_of(found, ((0, 1), (2,)), unknown)
    single = compare(found)
    nearest = min(single.distance[0, 2], single.distance[1, 2])
    farthest = max(single.distance[0, 2], single.distance[1, 2])
    assert nearest * 0.5 < pair.distance[0, 1] < farthest * 1.01


def test_what_was_accepted_later_overlaps_with_nothing(found: ClusterMap) -> None:
    new = Accepted(found.next_id, "", found.micro[:4], 1.0, 9, ("a", "m", 0, 3))
    alike = compare(replace(found, accepted=(new,)))
    assert (alike.overlap[-1, :-1] == 0).all()
    assert np.isfinite(alike.distance).all()


def test_few_partitions_say_nothing_of_votes(made: Made) -> None:
    found = fit(made.vectors, replace(QUICK, engine="density"))
    if len(found.partitions.first) - 1 < 10:
        assert np.isnan(compare(found).overlap).all()
        assert np.isfinite(compare(found).score).all()


def test_the_tree_joins_the_most_alike_first(found: ClusterMap) -> None:
    twice = halves(found)
    ids = twice.clusters
    tree = merge_tree(compare(twice), [f"n{i}" for i in ids], ids, 0.7)
    assert tree.linkage.shape == (len(ids) - 1, 4)
    first = {tree.leaves[int(leaf)] for leaf in tree.linkage[0, :2]}
    assert first == {0, len(found)}
    assert (np.diff(tree.linkage[:, 2]) >= 0).all()
    assert sorted(tree.order) == sorted(ids)
    assert tree.limit == pytest.approx(0.3)
    assert tree.groups(0.0001)[0] == (0, len(found))
    assert tree.groups(1.0) == (tuple(ids),)
    assert len(tree.cut(3)) == 3
    assert tree.cut(len(ids) - 1)[0] == (0, len(found))


def test_a_tree_of_one_and_of_none(found: ClusterMap) -> None:
    one = merge_tree(likeness_of(found, ((0,),), np.ones((1, 1))), ["n"], [0], 0.7)
    assert one.linkage.shape == (0, 4)
    assert one.groups(0.5) == ((0,),)
    assert one.order == (0,)
    none = likeness_of(found, (), np.zeros((0, 0)))
    assert merge_tree(none, [], [], 0.7).groups(0.5) == ()
