from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.clusters import NOISE, ClusterMap, fit
from napari_mousegpt.clusters import density as room
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import DependencyError

from .conftest import QUICK

DENSE = replace(QUICK, engine="density")


def crowds(noise: int = 120, n: int = 1200) -> tuple[Vectors, np.ndarray]:
    """Six tight crowds far apart, and points in between that belong nowhere (truth -1)."""
    draw = np.random.default_rng(0)
    truth = np.append(np.arange(n) % 6, np.full(noise, -1))
    values = draw.normal(0, 1, (6, 16))[truth] + draw.normal(0, 0.05, (n + noise, 16))
    values[truth < 0] = draw.normal(0, 2.0, (noise, 16))
    start = np.arange(n + noise) * 50
    ranges = Intervals.build("r", start, start + 16)
    return Vectors(ranges, values.astype(np.float32), (), "encoder", "9"), truth


@pytest.fixture(scope="module")
def found() -> ClusterMap:
    return fit(crowds()[0], DENSE)


def test_finds_crowds_and_noise_stays_noise(found: ClusterMap) -> None:
    vectors, truth = crowds()
    table = found.apply(vectors)
    assert len(found) == 6
    inside = truth >= 0
    pure = pd.crosstab(table["cluster"][inside], truth[inside]).max(axis=1).sum() / inside.sum()
    assert pure > 0.97
    assert (table["cluster"][~inside] == NOISE).mean() > 0.9
    assert found.software["engine"].startswith("hdbscan ")


def test_the_map_is_kept_and_order_plays_no_part(found: ClusterMap, tmp_path) -> None:
    vectors, _ = crowds()
    order = np.random.default_rng(1).permutation(len(vectors))
    assert fit(vectors[order], DENSE).map_id == found.map_id
    loaded = ClusterMap.load(found.save(tmp_path / "map"))
    assert loaded.software["engine"] == found.software["engine"]
    pd.testing.assert_frame_equal(loaded.apply(vectors), found.apply(vectors))


def test_a_continuum_is_called_a_collapse_and_nothing_is_lost() -> None:
    draw = np.random.default_rng(0)
    start = np.arange(900) * 50
    values = draw.normal(0, 1, (900, 8)).astype(np.float32)
    flat = Vectors(Intervals.build("r", start, start + 16), values, (), "encoder", "9")
    with pytest.warns(UserWarning, match="density collapsed: .* come from the consensus"):
        found = fit(flat, DENSE)
    assert "collapsed" in found.software["engine"]
    assert (
        found.apply(flat)["nearest"].nunique() == fit(flat, QUICK).apply(flat)["nearest"].nunique()
    )


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        ([-1] * 10, "no cluster"),
        ([0] * 10, "1 cluster"),
        ([0, 0, 1, -1, -1, -1, -1, -1, -1, -1], "2 clusters and 70% noise"),
        ([0] * 9 + [1], "2 clusters, one of which holds 90%"),
        ([0] * 5 + [1] * 5, ""),
    ],
)
def test_what_counts_as_a_collapse(labels: list[int], why: str) -> None:
    told = room.Crowds(np.arange(10), np.asarray(labels), np.ones(10), "x")
    assert room.collapse(told, np.ones(10), DENSE) == why


def test_the_fast_engine_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fast_hdbscan", None)
    with pytest.raises(DependencyError, match=r"fast-hdbscan.*napari-mousegpt\[fast\]"):
        fit(crowds()[0], replace(QUICK, engine="fast"))


def test_the_fast_engine_is_used_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from hdbscan import HDBSCAN

    monkeypatch.setitem(sys.modules, "fast_hdbscan", SimpleNamespace(HDBSCAN=HDBSCAN))
    monkeypatch.setattr(room, "version", lambda name: f"version of {name}")
    found = fit(crowds()[0], replace(QUICK, engine="fast"))
    assert found.software["engine"] == "fast-hdbscan version of fast-hdbscan"
    assert len(found) == 6
