"""Bouts of what ``cluster`` and ``apply`` left behind: frames, names and merges of now, clocks."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import napari_mousegpt as mg
from napari_mousegpt.core.parquet import read_parquet, write_parquet
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError
from support.mapped import mapped_run, windows_of

QUICK = mg.ClusterParams(min_cluster_size=5, refits=0, micro_clusters=80, partitions=30)
FRAMES = 180


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clusters of two recordings; one of them has a run, and so a clock."""
    place = tmp_path_factory.mktemp("clusters")
    mapped_run(place / "home", "a1", FRAMES // 3)
    write_parquet(windows_of("a2", FRAMES // 3)[0].to_table(), place / "a2.parquet")
    mg.cluster(mg.vector_stream([place / "home", place / "a2.parquet"]), None, QUICK,
               out=place / "found")  # fmt: skip
    return place


@pytest.fixture
def found(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "found", tmp_path / "found"))


def test_bouts_hold_the_frames_of_their_windows_and_no_other(found: Path) -> None:
    bouts, clocks = mg.load_ethogram(found)
    rows = read_parquet(found / "result" / "assignments.parquet")
    assert set(bouts.bouts.recording) == {"a1", "a2"} == set(rows["recording"])
    for name in ("a1", "a2"):
        mine = rows[rows["recording"] == name].sort_values("start")
        # Windows do not overlap here, so the frame of a window has the name of the window.
        told = np.repeat(mine["name"].to_numpy(), (mine["stop"] - mine["start"]).to_numpy())
        assert len(told) == FRAMES
        assert bouts.to_frames(name, FRAMES, "m1").tolist() == told.tolist()
        of_bout = bouts.bouts.select(recording=name)
        first = np.flatnonzero(told[1:] != told[:-1]) + 1
        assert set(of_bout.stop) <= {*first.tolist(), FRAMES}
        whole = bouts.observed.select(recording=name)
        assert [(span.start, span.stop) for span in whole] == [(0, FRAMES)]
    for column, value in (("source", "cluster"), ("status", "proposed")):
        assert set(bouts.bouts.column(column)) == {value}
    # Confidence is the strength of the windows.
    bout = bouts.bouts[0:1]
    inside = rows[(rows["recording"] == bout.recording[0]) & (rows["start"] < bout.stop[0])]
    assert bout.column("confidence")[0] == pytest.approx(inside["strength"].mean(), abs=1e-6)
    # Only a1 has a run that knows its clock.
    assert clocks == {"a1": Timebase.constant(30, FRAMES)}


def test_names_and_merges_of_now_are_in_it_and_can_be_taken_back(found: Path) -> None:
    before, _ = mg.load_ethogram(found)
    named = mg.NamedMap.open(found, who="KM")
    first, second, third, *_ = named.names()
    named.rename(third.cluster, "zoomies")
    named.approve((first.cluster, second.cluster), "either")
    after, _ = mg.load_ethogram(found)
    assert "zoomies" in after.labels
    assert not {first.name, second.name, third.name} & set(after.labels)
    for name in ("a1", "a2"):
        old, new = (one.to_frames(name, FRAMES, "m1") for one in (before, after))
        swap = {first.name: "either", second.name: "either", third.name: "zoomies"}
        assert new.tolist() == [swap.get(label, label) for label in old]
        merged = after.bouts.select(recording=name, label="either")
        # Touching bouts of what is one behaviour now are one bout.
        assert not set(merged.start) & set(merged.stop)
    named.undo()
    named.undo()
    assert mg.load_ethogram(found)[0] == before


def test_labels_by_a_map_of_others_have_its_names(found: Path, tmp_path: Path) -> None:
    write_parquet(windows_of("b1", 60)[0].to_table(), tmp_path / "b1.parquet")
    here = mg.vector_stream([tmp_path / "b1.parquet"])
    mg.apply_map(found, here, out=tmp_path / "applied")
    mg.NamedMap.open(found, who="KM").rename(0, "zoomies")
    bouts, clocks = mg.load_ethogram(tmp_path / "applied")
    assert set(bouts.bouts.recording) == {"b1"}
    assert "zoomies" in bouts.labels
    rows = read_parquet(tmp_path / "applied" / "result" / "assignments.parquet")
    frames = bouts.to_frames("b1", FRAMES, "m1")
    zoomies = rows[rows["cluster"] == 0]
    assert (frames == "zoomies").sum() == (zoomies["stop"] - zoomies["start"]).sum()
    assert clocks == {}
    found.rename(tmp_path / "away")
    with pytest.raises(InputError, match=r"found\b.*: expected the map that .*applied"):
        mg.load_ethogram(tmp_path / "applied")


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="finished run, study or 'cluster'"):
        mg.load_ethogram(tmp_path / "empty")


def test_labels_are_never_called_by_another_map_that_took_the_place_of_theirs(
    found: Path, made: Path, tmp_path: Path
) -> None:
    write_parquet(windows_of("b1", 60)[0].to_table(), tmp_path / "b1.parquet")
    here = mg.vector_stream([tmp_path / "b1.parquet"])
    mg.apply_map(found, here, out=tmp_path / "applied")
    before, _ = mg.load_ethogram(tmp_path / "applied")
    of_one = mg.vector_stream([made / "a2.parquet"])
    mg.cluster(of_one, None, QUICK, out=found, overwrite=True)
    with pytest.raises(MismatchError, match=r"found another map, whose ids.*Apply the map of now"):
        mg.load_ethogram(tmp_path / "applied")
    # Done as it says, it can be read; so can it when the map of before is made again.
    mg.apply_map(found, here, out=tmp_path / "applied", overwrite=True)
    mg.load_ethogram(tmp_path / "applied")
    both = mg.vector_stream([made / "home", made / "a2.parquet"])
    mg.cluster(both, None, QUICK, out=found, overwrite=True)
    mg.apply_map(found, here, out=tmp_path / "applied", overwrite=True)
    assert mg.load_ethogram(tmp_path / "applied")[0] == before
