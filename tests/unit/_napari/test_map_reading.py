"""What can be shown on a map: a command's output, and a map of others with its labels here."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import napari_mousegpt as mg
from napari_mousegpt._napari.map_model import MapModel
from napari_mousegpt._napari.map_naming import MapNaming
from napari_mousegpt._napari.map_reading import finer_parts, read_map
from napari_mousegpt._napari.map_source import find_runs
from napari_mousegpt.clusters import FusedStream
from napari_mousegpt.clusters.clustering_sources import WordStream
from napari_mousegpt.core.parquet import read_parquet, write_parquet
from napari_mousegpt.errors import InputError, MismatchError
from support.later import Later
from support.mapped import mapped_run, windows_of

QUICK = mg.ClusterParams(min_cluster_size=5, refits=0)


def _shown(viewer: Any, folder: Path) -> MapModel:
    later = Later()
    model = MapModel(viewer, later)
    model.open(folder)
    later.run()
    if model.job is not None and model.job.error is not None:
        raise model.job.error
    return model


def _drained(parts: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(parts)
        except StopIteration as stop:
            return stop.value


@pytest.fixture(scope="module")
def clustered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command ``cluster`` leaves of two files of vectors, one of them of a run."""
    place = tmp_path_factory.mktemp("clustered")
    run = mapped_run(place / "home", "a1")
    write_parquet(windows_of("a2", 200)[0].to_table(), place / "a2.parquet")
    stream = mg.vector_stream([run, place / "a2.parquet"])
    mg.cluster(stream, None, QUICK, out=place / "found")
    return place / "found"


def test_the_output_of_cluster_is_a_map(viewer: Any, clustered: Path) -> None:
    model = _shown(viewer, clustered)
    assert model.points is not None
    assert model.points.recordings == ("a1", "a2")
    assert dict(model.runs) == {"a1": clustered.parent / "home"}
    assert find_runs(clustered).without_run == ("a2",)
    clusters = read_parquet(clustered / "result" / "clusters.parquet")
    assert {one.name for one in MapNaming(model).behaviours} == set(clusters["name"])
    (clustered.parent / "a2.parquet").rename(clustered.parent / "elsewhere.parquet")
    with pytest.raises(InputError, match=r"a2.parquet.*found no such file"):
        _shown(viewer, clustered)
    (clustered.parent / "elsewhere.parquet").rename(clustered.parent / "a2.parquet")


def test_fused_clusters_are_a_map_with_recordings_to_go_to(viewer: Any, tmp_path: Path) -> None:
    run = mapped_run(tmp_path / "runs" / "a1", "a1", 60)
    spaces = {
        "kinematic": mg.vector_stream([run]),
        "words": WordStream([run / "result" / "descriptions.parquet"]),
    }
    params = replace(QUICK, weights=(("kinematic", 0.7), ("words", 0.3)))
    found = tmp_path / "found"
    mg.cluster(FusedStream(spaces), None, params, out=found)
    model = _shown(viewer, found)
    assert model.points is not None
    assert dict(model.runs) == {"a1": run}
    assert find_runs(found).without_run == ()
    rows = read_parquet(found / "result" / "assignments.parquet").sort_values("start")
    assert model.points.cluster.tolist() == rows["cluster"].tolist()
    # Finer behaviours need the fused vectors again.
    shown = _drained(read_map(found))
    assert shown.levels.most > len(shown.found)
    finer = _drained(finer_parts(shown, len(shown.found) + 1))
    assert len(set(finer) - {""}) == len(shown.found) + 1
    (tmp_path / "runs").rename(tmp_path / "away")
    with pytest.raises(InputError, match=r"runs: .*no such folder.*give the command"):
        _shown(viewer, found)


def test_clusters_of_vectors_in_memory_say_what_to_do(viewer: Any, tmp_path: Path) -> None:
    mg.cluster(windows_of("a1", 60)[0], None, QUICK, out=tmp_path / "found")
    with pytest.raises(InputError, match=r"where its vectors lie.*vector_stream"):
        _shown(viewer, tmp_path / "found")


def test_a_published_map_is_shown_where_it_was_applied(
    viewer: Any, clustered: Path, tmp_path: Path
) -> None:
    mg.NamedMap.open(clustered, who="KM").rename(0, "zoomies")
    lent = mg.publish_map(clustered, tmp_path / "lent", title="t", authors=["a"], licence="CC0")
    with pytest.raises(InputError, match=r"the map alone.*Apply it"):
        _shown(viewer, lent)
    write_parquet(windows_of("b1", 200)[0].to_table(), tmp_path / "b1.parquet")
    here = mg.vector_stream([tmp_path / "b1.parquet"])
    applied = mg.apply_map(lent, here, out=tmp_path / "applied")
    model = _shown(viewer, tmp_path / "applied")
    assert model.points is not None
    rows = applied.assignments.sort_values("start")
    assert model.points.cluster.tolist() == rows["cluster"].tolist()
    # Names of who published it, not such as words of here would give; counts are of here.
    behaviours = {one.cluster: one for one in MapNaming(model).behaviours}
    for cluster, group in rows[rows["cluster"] >= 0].groupby("cluster"):
        assert behaviours[int(str(cluster))].name == group["name"].iloc[0]
        assert behaviours[int(str(cluster))].n_ranges == len(group)
    assert behaviours[0].name == "zoomies"
    # A name given here is kept beside the folder, which stays as it was published.
    MapNaming(model).rename(0, "running about")
    assert (tmp_path / "lent.edits.jsonl").is_file()
    assert not mg.inspect_map(lent).problems


def test_a_merge_is_undone_where_the_map_was_applied(
    viewer: Any, clustered: Path, tmp_path: Path
) -> None:
    named = mg.NamedMap.open(clustered, who="KM")
    named.approve([0, 1])
    write_parquet(windows_of("b1", 200)[0].to_table(), tmp_path / "b1.parquet")
    here = mg.vector_stream([tmp_path / "b1.parquet"])
    rows = mg.apply_map(clustered, here, out=tmp_path / "applied").assignments
    assert 1 in set(rows["of_record"])
    assert 1 not in set(rows["cluster"])
    model = _shown(viewer, tmp_path / "applied")
    assert model.points is not None
    naming = MapNaming(model)
    assert [one.cluster for one in naming.behaviours if 1 in one.members] == [0]
    named.undo()
    model = _shown(viewer, tmp_path / "applied")
    behaviours = {one.cluster: one for one in MapNaming(model).behaviours}
    assert behaviours[1].n_ranges == int((rows["of_record"] == 1).sum())
    assert model.points is not None
    assert sorted(model.points.cluster) == sorted(rows["of_record"])


def test_labels_are_not_shown_on_another_map_that_took_the_place_of_theirs(
    viewer: Any, clustered: Path, tmp_path: Path
) -> None:
    mine = Path(shutil.copytree(clustered, tmp_path / "mine"))
    write_parquet(windows_of("b1", 60)[0].to_table(), tmp_path / "b1.parquet")
    here = mg.vector_stream([tmp_path / "b1.parquet"])
    mg.apply_map(mine, here, out=tmp_path / "applied")
    assert _shown(viewer, tmp_path / "applied").points is not None
    mg.cluster(here, None, QUICK, out=mine, overwrite=True)
    with pytest.raises(MismatchError, match=r"found another map, whose ids.*Apply the map of now"):
        _shown(viewer, tmp_path / "applied")
