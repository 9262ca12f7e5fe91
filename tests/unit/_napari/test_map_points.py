"""Windows as points: bouts of them, and the stretches that picked ones stand for."""

from __future__ import annotations

import numpy as np

from napari_mousegpt._napari.map_points import MapPoints, bouts_of, picked_intervals


def points(
    cluster: list[int], *, track: list[tuple[int, int]] | None = None, step: int = 5, size: int = 10
) -> MapPoints:
    """Return windows of ``size`` frames, one every ``step``, of (recording, individual)."""
    n = len(cluster)
    whose = np.array(track or [(0, 0)] * n, dtype=np.int32).reshape(-1, 2)
    start = np.zeros(n, dtype=np.int64)
    for pair in {tuple(row) for row in whose.tolist()}:
        mine = (whose == pair).all(axis=1)
        start[mine] = np.arange(mine.sum()) * step
    return MapPoints(
        recordings=("r1", "r2"),
        individuals=("a", "b"),
        recording=whose[:, 0],
        individual=whose[:, 1],
        start=start,
        stop=start + size,
        places=np.column_stack([np.arange(n), -np.arange(n)]).astype(np.float32),
        cluster=np.array(cluster, dtype=np.int32),
        strength=np.linspace(0, 1, n, dtype=np.float32),
        windows=np.ones(n, dtype=np.int32),
        features=np.zeros((n, 3), dtype=np.float32),
        featured=np.arange(n),
    )


def test_a_bout_is_a_run_of_one_cluster_of_one_animal() -> None:
    track = [(0, 0)] * 4 + [(0, 1)] * 2 + [(1, 1)] * 2
    found = bouts_of(points([1, 1, 2, 2, 2, 2, 2, -1], track=track))
    assert found.cluster.tolist() == [1, 2, 2, 2, -1]
    assert found.start.tolist() == [0, 10, 0, 0, 5]
    assert found.stop.tolist() == [15, 25, 15, 10, 15]
    assert found.windows.tolist() == [2, 2, 2, 1, 1]
    assert found.places[0].tolist() == [0.5, -0.5]
    assert found.called == "bouts"
    assert len(found.features) == len(found.featured) == 5
    assert found.key(3) == ("r2", "b", 0, 10)


def test_a_gap_ends_a_bout() -> None:
    found = bouts_of(points([1, 1, 1], step=11))
    assert found.start.tolist() == [0, 11, 22]
    assert len(bouts_of(points([1, 1, 1], step=10))) == 1
    assert len(bouts_of(points([]))) == 0


def test_picked_points_that_touch_are_one_stretch() -> None:
    track = [(0, 0)] * 5 + [(1, 0)]
    whole = points([0] * 6, track=track)
    found = picked_intervals(whole, np.array([True, True, False, False, True, True]))
    assert found.recording.tolist() == ["r1", "r1", "r2"]
    assert list(zip(found.start, found.stop, strict=True)) == [(0, 15), (20, 30), (0, 10)]
    assert found.column("windows").tolist() == [2, 1, 1]
    assert set(found.individual) == {"a"}
    assert len(picked_intervals(whole, np.zeros(6, dtype=bool))) == 0
    # A bout counts the windows it is made of.
    bouts = bouts_of(whole)
    assert picked_intervals(bouts, np.array([0])).column("windows").tolist() == [5]
