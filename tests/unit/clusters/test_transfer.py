"""Whether a map of another lab holds: shift is measured against what is usual at home."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from napari_mousegpt.clusters import ClusterMap, fit
from napari_mousegpt.clusters import reference as reference_module
from napari_mousegpt.clusters.published import Published, load_published
from napari_mousegpt.clusters.publishing import About, publish
from napari_mousegpt.clusters.reference import make_reference
from napari_mousegpt.clusters.side_by_side import side_by_side
from napari_mousegpt.clusters.streams import MemoryStream
from napari_mousegpt.clusters.transfer import Transfer, measure_recording, transfer_of
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import MismatchError

from .conftest import QUICK, Made, make

HOME = ("h1", "h2", "h3", "h4")


@pytest.fixture(scope="module")
def home() -> Made:
    return make(recordings=HOME, windows=400)


@pytest.fixture(scope="module")
def fitted(home: Made) -> ClusterMap:
    return fit(home.vectors, QUICK)


@pytest.fixture(scope="module")
def published(
    home: Made, fitted: ClusterMap, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    out = tmp_path_factory.mktemp("pub") / "map"
    return load_published(publish(fitted, home.vectors, out, About("t", ("a",), "CC0")))


def _transfer(found: Published, vectors: Vectors) -> Transfer:
    measured = []
    for name in sorted(set(vectors.intervals.recording)):
        mine = vectors[vectors.intervals.recording == name]
        measured.append(measure_recording(found, name, found.map.apply(mine), mine.values))
    return transfer_of(found, measured)


def test_own_recordings_are_known_again(published: Published, home: Made) -> None:
    told = _transfer(published, home.vectors)
    assert told.recordings["verdict"].tolist() == ["own"] * 4
    assert told.warnings == ()
    usage = told.usage.set_index("cluster")
    np.testing.assert_allclose(usage[list(HOME)].mean(axis=1), usage["publisher"], atol=1e-12)
    np.testing.assert_allclose(usage[list(HOME)].sum(), 1.0)


def test_other_labels_on_own_rows_are_not_own(published: Published, home: Made) -> None:
    mine = home.vectors[home.vectors.intervals.recording == "h1"]
    table = published.map.apply(mine)
    table.loc[5, "cluster"] = -1
    told = transfer_of(published, [measure_recording(published, "h1", table, mine.values)])
    assert told.recordings["verdict"].tolist() != ["own"]


def test_mice_of_the_same_kind_are_usual(published: Published) -> None:
    told = _transfer(published, make(recordings=("n1", "n2"), windows=2000, seed=4).vectors)
    assert told.recordings["verdict"].tolist() == ["usual", "usual"]
    assert told.warnings == ()
    assert (told.recordings["assigned"] > 0.9).all()


def test_a_shifted_lab_is_told_with_its_features(published: Published) -> None:
    new = make(recordings=("n1", "n2"), windows=2000, seed=4).vectors
    values = new.values.copy()
    values[:, 3] += 6.0
    told = _transfer(published, replace(new, values=values))
    assert told.recordings["verdict"].tolist() == ["shifted", "shifted"]
    assert told.features["feature"][0] == "n3"
    assert told.features["beyond"][0] == 1.0
    assert "Domain shift: 2 of 2 recordings" in told.warnings[0]
    assert "most in n3" in told.warnings[0]


def test_the_shift_is_the_distance_in_standard_deviations(published: Published, home: Made) -> None:
    values = home.vectors.values.astype(np.float64)
    moved = values + 2.0 * published.reference.spread
    np.testing.assert_allclose(published.reference.shift(moved), 2.0, atol=1e-6)
    one = make(recordings=("n1",), windows=700, seed=8).vectors.values.astype(np.float64)
    exact = [wasserstein_distance(a, b) / b.std() for a, b in zip(one.T, values.T, strict=True)]
    np.testing.assert_allclose(published.reference.shift(one), exact, atol=0.02)


def test_what_the_map_never_saw_is_outside(published: Published) -> None:
    new = make(recordings=("n1", "n2"), windows=1000, seed=4).vectors
    values = new.values.copy()
    values[:500] *= 30
    told = _transfer(published, replace(new, values=values))
    row = told.recordings.set_index("recording").loc["n1"]
    assert row["inside"] < 0.8
    assert any("outside of all that the map has seen" in line for line in told.warnings)


def test_two_recordings_are_too_few_to_know_what_is_usual(home: Made, tmp_path: Path) -> None:
    few = home.vectors[np.isin(home.vectors.intervals.recording, HOME[:2])]
    found = load_published(
        publish(fit(few, QUICK), few, tmp_path / "map", About("t", ("a",), "CC0"))
    )
    assert len(found.reference.own) == 0
    told = _transfer(found, make(recordings=("n1",), seed=4).vectors)
    assert told.recordings["verdict"].tolist() == ["unknown"]
    assert "too few to say which shift" in told.warnings[0]


def test_each_own_recording_is_held_against_the_others(home: Made, fitted: ClusterMap) -> None:
    values = home.vectors.values.copy()
    values[home.vectors.intervals.recording == "h3"] += 1.0
    odd = replace(home.vectors, values=values)
    found = make_reference(fitted, MemoryStream(odd))
    assert found.own_overall.argmax() == 2
    mine = home.vectors.intervals.recording == "h3"
    column = values[:, 0].astype(np.float64)
    exact = wasserstein_distance(column[mine], column[~mine]) / column.std()
    assert found.own[2, 0] == pytest.approx(exact, abs=0.02)


def test_a_map_beside_itself_and_beside_another(fitted: ClusterMap, home: Made) -> None:
    table = fitted.apply(home.vectors)
    same = side_by_side(table, table)
    assert same.mutual_information == pytest.approx(1.0)
    assert (same.pairs["cluster"] == same.pairs["counterpart"]).all()
    assert same.pairs["mutual"].all()
    draw = np.random.default_rng(0).permutation(len(table))
    chance = side_by_side(table, table.assign(cluster=table["cluster"].to_numpy()[draw]))
    assert abs(chance.mutual_information) < 0.02
    shares = same.profiles.groupby(["recording", "map"])["share"].sum()
    np.testing.assert_allclose(shares, 1.0)
    with pytest.raises(MismatchError, match="windows that both have"):
        side_by_side(table, table.assign(range_id="x"))


def test_own_recordings_are_measured_whole_as_new_ones_are(
    home: Made, fitted: ClusterMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recordings that are alike as a whole, though no two minutes of them are."""
    monkeypatch.setattr(reference_module, "_ROWS", 200)
    drift = np.tile(np.linspace(-3, 3, 400), 4).astype(np.float32)
    found = make_reference(
        fitted, MemoryStream(replace(home.vectors, values=home.vectors.values + drift[:, None]))
    )
    column = (home.vectors.values + drift[:, None])[:400].astype(np.float64)
    assert np.nanmean(found.shift(column)) == pytest.approx(found.own_overall[0], rel=0.4)


def test_a_recording_in_which_nothing_was_seen_is_unknown(
    published: Published, fitted: ClusterMap, home: Made
) -> None:
    new = make(recordings=("n1", "n2"), windows=600, seed=4).vectors
    values = new.values.copy()
    values[new.intervals.recording == "n2"] = np.nan
    told = _transfer(published, replace(new, values=values))
    assert told.recordings["verdict"].tolist() == ["usual", "unknown"]
    lost = home.vectors.values.copy()
    lost[home.vectors.intervals.recording == "h1"] = np.nan
    lost[home.vectors.intervals.recording == "h2", 3] = np.nan
    own = make_reference(fitted, MemoryStream(replace(home.vectors, values=lost)))
    assert len(own.own) == 3
    assert np.isfinite(own.own_overall).all()
    told = _transfer(replace(published, reference=own), new)
    assert np.isfinite(told.features["own_max"]).all()
