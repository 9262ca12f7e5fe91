"""One name for a cluster, wherever it stands: tables of a run, its map, and after edits."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import napari_mousegpt as mg
from napari_mousegpt.clusters import ClusterParams, Groups, fit, groups_of
from napari_mousegpt.clusters.names_now import groups_now, names_now
from napari_mousegpt.core.parquet import read_parquet
from support.mapped import mapped_study, windows_of

QUICK = ClusterParams(min_cluster_size=5, refits=0, micro_clusters=60, partitions=20)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mapped_study(tmp_path_factory.mktemp("whole") / "study", ("a1", "a2"), 120)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, whole: Path) -> Path:
    """A run of ``cluster`` whose words lie in no folder of it."""
    place, study = tmp_path_factory.mktemp("named"), whole
    words = [read_parquet(run / "result" / "descriptions.parquet") for run in _runs(study)]
    vectors = mg.Vectors.concat([windows_of(name, 120)[0] for name in ("a1", "a2")])
    # Rules say of half of the stretches what nobody was asked about.
    words[1] = words[1].assign(model="kinematic", label="moving", keywords="moving")
    mg.cluster(vectors, pd.concat(words, ignore_index=True), QUICK, out=place / "run")
    return place / "run"


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def _runs(study: Path) -> list[Path]:
    return sorted((study / "recordings").iterdir())


def _written(run: Path) -> Groups:
    result = run / "result"
    rows = read_parquet(result / "assignments.parquet")
    return groups_of(run, rows, read_parquet(result / "clusters.parquet"))


def test_a_run_and_its_map_have_one_name(run: Path) -> None:
    clusters = read_parquet(run / "result" / "clusters.parquet").set_index("cluster")
    rows = read_parquet(run / "result" / "assignments.parquet")
    named = mg.NamedMap.open(run)
    assert {one.cluster: one.name for one in named.names()} == clusters["name"].to_dict()
    assert {one.cluster: one.source for one in named.names()} == clusters["name_source"].to_dict()
    inside = rows[rows["cluster"] >= 0].drop_duplicates("cluster").set_index("cluster")["name"]
    assert inside.to_dict() == clusters["name"].to_dict()
    # What somebody said goes before what rules say.
    assert "rearing" in set(clusters["name"])
    assert set(clusters["name_source"]) == {"words"}


def test_names_and_merges_of_people_are_put_on_results(run: Path) -> None:
    groups = _written(run)
    assert names_now(run) is None
    assert groups_now(groups, run) is groups
    named = mg.NamedMap.open(run, who="KM")
    first, second, *_ = (one.cluster for one in named.names())
    named.rename(first, "standing tall")
    now = groups_now(groups, run)
    assert now.clusters.set_index("cluster")["name"][first] == "standing tall"
    assert now.clusters.set_index("cluster")["name_source"][first] == "user"
    kept = named.approve((first, second), "both").cluster
    now = groups_now(groups, run)
    was = groups.assignments
    assert now.assignments["cluster"].tolist() == was["cluster"].tolist()
    both = now.assignments["cluster"].isin([first, second])
    assert set(now.assignments["name"][both]) == {"both"}
    assert not now.assignments["name"][~both].isin(["both"]).any()
    assert len(now.clusters) == len(named.names())
    assert now.clusters.set_index("cluster")["n_ranges"][kept] == both.sum()
    named.undo()
    named.undo()
    assert groups_now(groups, run) is groups


def test_all_recordings_of_a_study_have_the_names_of_the_study(whole: Path, tmp_path: Path) -> None:
    study = Path(shutil.copytree(whole, tmp_path / "study"))
    one, other = _runs(study)
    for run in (one, other):
        shutil.copytree(study / "clusters" / "result" / "map", run / "result" / "map")
    named = mg.NamedMap.open(one, who="KM")
    cluster = named.names()[0].cluster
    named.rename(cluster, "standing tall")
    assert (study / "clusters" / "map.edits.jsonl").is_file()
    assert not (one / "map.edits.jsonl").exists()
    now = names_now(other)
    assert now is not None
    assert now.name_of(cluster) == "standing tall"
    # A map of its own is no copy, and has names of its own.
    shutil.rmtree(other / "result" / "map")
    vectors = windows_of("a2", 120, seed=5)[0]
    fit(vectors, QUICK).save(other / "result" / "map")
    assert names_now(other) is None
