"""Where a map lies that is fitted again, and what a run of ``refit`` was made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.clusters import ClusterParams, fit
from napari_mousegpt.clusters.clustering_sources import check_sources
from napari_mousegpt.clusters.named_files import map_folder
from napari_mousegpt.clusters.refit_run import refit_map
from napari_mousegpt.clusters.streams import ParquetStream
from napari_mousegpt.core.parquet import write_parquet
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.runs.publishing_maps import publish_map
from support.mapped import windows_of


@pytest.mark.parametrize("inside", ["", "result/map", "clusters/result/map"])
def test_the_map_of_a_folder_a_run_and_a_study_is_found(tmp_path: Path, inside: str) -> None:
    place = tmp_path / inside
    place.mkdir(parents=True, exist_ok=True)
    (place / "map.json").write_text("{}", encoding="utf-8")
    assert map_folder(tmp_path) == place


def test_a_folder_without_a_map_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="an empty folder"):
        map_folder(tmp_path)


def test_vectors_that_were_made_again_since_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a1.parquet"
    write_parquet(windows_of("a1", 60)[0].to_table(), file)
    quick = ClusterParams(min_cluster_size=5, refits=0, micro_clusters=80, partitions=30)
    fit(windows_of("a2", 60)[0], quick).save(tmp_path / "map")
    place = tmp_path / "again"
    refit_map(tmp_path / "map", ParquetStream([file]), out=place)
    check_sources(place)
    about = {"title": "t", "authors": ["a"], "licence": "CC0"}
    publish_map(place, tmp_path / "lent", **about)
    write_parquet(windows_of("a1", 60, seed=7)[0].to_table(), file)
    with pytest.raises(MismatchError, match=r"a1\.parquet: .*made again since"):
        check_sources(place)
    with pytest.raises(MismatchError, match=r"a1\.parquet: .*made again since"):
        publish_map(place, tmp_path / "lent again", **about)
    assert not (tmp_path / "lent again").exists()
