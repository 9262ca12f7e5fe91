from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.clusters import NOISE, ClusterMap, ClusterParams, fit
from napari_mousegpt.clusters.bouts import choose_penalty, find_bouts, find_runs
from napari_mousegpt.clusters.typical import typical_rows
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

from .conftest import QUICK, Made, make


def agreement(table: pd.DataFrame, truth: np.ndarray) -> float:
    """Return the share of windows that have the commonest truth of their cluster."""
    counts = pd.crosstab(table["nearest"], truth)
    return float(counts.max(axis=1).sum() / counts.to_numpy().sum())


def test_finds_what_was_put_in(made: Made, found: ClusterMap) -> None:
    table = found.apply(made.vectors)
    assert 5 <= len(found) <= 9
    assert agreement(table, made.truth) > 0.98
    assert (table["cluster"] == NOISE).mean() < 0.1
    assert table["strength"].between(0, 1).all()


def test_ids_go_by_size(made: Made, found: ClusterMap) -> None:
    counts = found.apply(made.vectors)["cluster"].value_counts()
    sizes = [int(counts[cluster]) for cluster in found.clusters]
    assert sizes == sorted(sizes, reverse=True)
    # By chance alone five ids would be in order once in 120.
    assert len(set(sizes)) >= 5


def test_labels_of_record_are_those_of_the_frozen_rule(made: Made) -> None:
    found = fit(made.vectors, ClusterParams(**{**vars(QUICK), "abstain_below": 0.9}))
    table = found.apply(made.vectors)
    assert (table["cluster"] == NOISE).any()
    counts = table["cluster"].value_counts()
    assert found.sizes == tuple(int(counts[cluster]) for cluster in found.clusters)
    typical = typical_rows(table)
    for cluster, medoid in zip(found.clusters, found.medoids, strict=True):
        row = table.iloc[typical[cluster]]
        assert (row["recording"], row["individual"], row["start"], row["stop"]) == medoid
        assert row["cluster"] == cluster


def test_the_rule_in_words_is_the_rule(made: Made, found: ClusterMap) -> None:
    seen = found.projection.seen(made.vectors.values)
    points = found.projection.apply(made.vectors.values)
    runs = find_runs(made.vectors.intervals, seen, timed=True)
    assert found.penalty == choose_penalty(points, runs, 1.0)
    bouts = find_bouts(points, runs, found.penalty, 10.0)
    votes = found.votes(bouts.points)
    nearest = votes.argmax(axis=1)
    table = found.apply(made.vectors)
    np.testing.assert_array_equal(table["nearest"], nearest[bouts.of_row])
    for cluster in found.clusters:
        mine = votes[:, cluster][bouts.of_row][table["nearest"] == cluster]
        assert found.cohesion[cluster] == np.quantile(mine, 0.9)
        np.testing.assert_allclose(
            table.loc[table["nearest"] == cluster, "strength"],
            np.minimum(mine / found.cohesion[cluster], 1.0),
        )


def test_equal_sizes_are_ordered_by_their_typical_interval() -> None:
    # Two behaviours in turn, each exactly half of the time, scattered windows.
    draw = np.random.default_rng(0)
    start = np.arange(400) * 100
    place = np.where(np.arange(400)[:, None] % 2, 4.0, -4.0)
    values = (place + draw.normal(0, 0.3, (400, 4))).astype(np.float32)
    vectors = Vectors(Intervals.build("r", start, start + 10), values, (), "made", "1")
    found = fit(vectors, ClusterParams(**{**vars(QUICK), "abstain_below": 0.0}))
    pairs = pairwise(zip(found.sizes, found.medoids, strict=True))
    ties = [(a[1], b[1]) for a, b in pairs if a[0] == b[0]]
    assert ties
    assert all(first < second for first, second in ties)


@pytest.mark.parametrize("seed", [1, 2])
def test_row_order_plays_no_part(made: Made, found: ClusterMap, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(made.vectors))
    again = fit(made.vectors[order], QUICK)
    assert again.map_id == found.map_id
    assert again.sizes == found.sizes
    assert again.medoids == found.medoids
    table, shuffled = found.apply(made.vectors), again.apply(made.vectors[order])
    pd.testing.assert_frame_equal(shuffled, table.iloc[order].reset_index(drop=True))


def test_threads_play_no_part(made: Made, found: ClusterMap) -> None:
    from threadpoolctl import threadpool_limits

    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            again = fit(made.vectors, QUICK)
            assert again.map_id == found.map_id
            pd.testing.assert_frame_equal(again.apply(made.vectors), found.apply(made.vectors))


def test_seed_is_all_that_is_random(made: Made, found: ClusterMap) -> None:
    other = fit(made.vectors, ClusterParams(**{**vars(QUICK), "seed": 5}))
    assert other.map_id != found.map_id
    assert agreement(other.apply(made.vectors), made.truth) > 0.98


def test_a_fit_on_part_of_the_rows_labels_all(made: Made) -> None:
    few = fit(made.vectors, ClusterParams(**{**vars(QUICK), "max_rows": 500}))
    table = few.apply(made.vectors)
    assert sum(few.sizes) == (table["cluster"] != NOISE).sum()
    assert agreement(table, made.truth) > 0.95


def test_scattered_embeddings_need_no_time() -> None:
    draw = np.random.default_rng(0)
    truth = np.arange(600) % 6
    values = draw.normal(0, 1, (6, 64))[truth] + draw.normal(0, 0.3, (600, 64))
    start = np.arange(600) * 50
    ranges = Intervals.build("r", start, start + 16)
    vectors = Vectors(ranges, values.astype(np.float32), (), "encoder", "9")
    found = fit(vectors, QUICK)
    assert found.penalty == 0
    assert not found.timed
    assert len(found) == 6
    assert agreement(found.apply(vectors), truth) == 1.0


def test_a_short_recording_is_cut_to_shorter_bouts(found: ClusterMap) -> None:
    made = make(recordings=("a",), behaviours=3, windows=300)
    short = fit(made.vectors, QUICK)
    assert short.penalty > 0
    assert short.longest < found.longest == 10.0
    assert agreement(short.apply(made.vectors), made.truth) > 0.95


def test_a_very_short_recording_falls_back_on_its_windows() -> None:
    made = make(recordings=("a",), behaviours=3, windows=60)
    short = fit(made.vectors, QUICK)
    assert short.penalty == 0
    assert agreement(short.apply(made.vectors), made.truth) > 0.95


def test_unseen_rows_are_noise_without_strength(made: Made) -> None:
    values = made.vectors.values.copy()
    values[100:140] = np.nan
    values[:, 7] = 3.0
    holes = Vectors(made.vectors.intervals, values, made.vectors.names, "made", "1")
    found = fit(holes, QUICK)
    table = found.apply(holes)
    assert (table.loc[100:139, "cluster"] == NOISE).all()
    assert (table.loc[100:139, "strength"] == 0).all()
    assert (table.loc[100:139, "nearest"] == NOISE).all()
    assert agreement(table.drop(range(100, 140)), np.delete(made.truth, range(100, 140))) > 0.95


def test_sparse_holes_are_filled(made: Made, found: ClusterMap) -> None:
    values = made.vectors.values.copy()
    values[np.random.default_rng(0).random(values.shape) < 0.05] = np.nan
    holes = Vectors(made.vectors.intervals, values, made.vectors.names, "made", "1")
    assert agreement(fit(holes, QUICK).apply(holes), made.truth) > 0.95


def test_too_few_rows() -> None:
    few = make(recordings=("a",), windows=9).vectors
    with pytest.raises(
        InputError,
        match=r"intervals to cluster: expected at least 10, two clusters of 5, found 9\. Give",
    ):
        fit(few)


def test_too_few_distinct_rows() -> None:
    made = make(recordings=("a",), windows=40)
    values = np.repeat(made.vectors.values[:4], 10, axis=0)
    same = Vectors(made.vectors.intervals, values, made.vectors.names, "made", "1")
    with pytest.raises(
        InputError, match=r"distinct intervals with enough seen to cluster.*found 4"
    ):
        fit(same)


def test_nothing_was_seen() -> None:
    made = make(recordings=("a",), windows=40)
    values = np.full_like(made.vectors.values, np.nan)
    blind = Vectors(made.vectors.intervals, values, made.vectors.names, "made", "1")
    with pytest.raises(InputError, match="12 columns, all constant or mostly missing"):
        fit(blind)


def test_an_interval_given_twice(made: Made) -> None:
    twice = Vectors.concat([made.vectors, made.vectors[:3]])
    with pytest.raises(
        InputError, match=r"interval \[0, 3\) of 'a': expected every interval once, found 3"
    ):
        fit(twice, QUICK)


def test_all_noise_is_said_and_leaves_a_map_that_works() -> None:
    made = make(recordings=("a",), behaviours=1, windows=300)
    never = ClusterParams(**{**vars(QUICK), "min_cluster_share": 0.5, "min_cluster_size": 30})
    with pytest.warns(UserWarning, match="no cluster was found.*300 intervals of made vectors"):
        found = fit(made.vectors, never)
    assert len(found) == 0
    table = found.apply(made.vectors)
    assert (table["cluster"] == NOISE).all()
    assert (table["strength"] == 0).all()
