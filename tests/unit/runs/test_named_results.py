"""Results of a run by the names of now: bouts keep their ids, merged ones become one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import napari_mousegpt as mg
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.io.labels import write_bouts
from napari_mousegpt.runs.named_results import groups_in_run
from support.mapped import mapped_run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = mapped_run(tmp_path_factory.mktemp("results") / "run")
    groups = groups_in_run(run)
    assert groups is not None
    found = mg.ethogram(groups)
    said = Ethogram(Intervals.build("rec", [0], [30], "m1", label=["rears"]), source="model")
    both = Ethogram(Intervals.concat([said.bouts, found.bouts]), found.observed)
    write_bouts(run / "result" / "ethogram.parquet", both)
    return run


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def test_a_bout_that_is_called_otherwise_keeps_its_id(run: Path) -> None:
    before, _ = mg.load_ethogram(run)
    named = mg.NamedMap.open(run, who="KM")
    first, second, *_ = (one.cluster for one in named.names())
    names = {one.cluster: one.name for one in named.names()}
    # Two names that change places are a change, though no name is new.
    named.rename(first, "for a moment")
    named.rename(second, names[first])
    named.rename(first, names[second])
    after, clocks = mg.load_ethogram(run)
    called = {names[first]: names[second], names[second]: names[first]}
    old, new = before.bouts.to_pandas(), after.bouts.to_pandas()
    assert set(old["bout_id"]) == set(new["bout_id"])
    labels = dict(zip(new["bout_id"], new["label"], strict=True))
    for row in old.to_dict("records"):
        assert labels[row["bout_id"]] == called.get(row["label"], row["label"])
    assert list(new.columns) == list(old.columns)
    assert after.observed == before.observed
    assert list(clocks) == ["rec"]


def test_what_was_merged_is_one_behaviour_in_what_is_exported(run: Path, tmp_path: Path) -> None:
    before, _ = mg.load_ethogram(run)
    named = mg.NamedMap.open(run, who="KM")
    first, second, *_ = named.names()
    named.approve((first.cluster, second.cluster), "both")
    after, _ = mg.load_ethogram(run)
    parts = before.bouts.to_pandas()
    parts = parts[parts["label"].isin([first.name, second.name])]
    whole = after.bouts.to_pandas()
    whole = whole[whole["label"] == "both"]
    assert (whole["stop"] - whole["start"]).sum() == (parts["stop"] - parts["start"]).sum()
    assert len(whole) < len(parts)
    # All that the parts held is in it, and nothing else.
    held = Intervals(parts[["recording", "individual", "start", "stop"]]).merge()
    assert held == Intervals(whole[["recording", "individual", "start", "stop"]]).merge()
    assert set(after.labels) == {*before.labels, "both"} - {first.name, second.name}
    # Whatever the merge does not touch is as it was, to the last cell.
    ours = before.bouts.to_pandas()
    ours = ours[~ours["label"].isin([first.name, second.name])].reset_index(drop=True)
    theirs = after.bouts.to_pandas()
    theirs = theirs[theirs["label"] != "both"].reset_index(drop=True)
    pd.testing.assert_frame_equal(ours, theirs)
    assert set(ours["label"]) > {"rears"}
    table = mg.export(after, tmp_path / "bouts.csv")
    assert "both" in table.read_text(encoding="utf-8")
    named.undo()
    again, _ = mg.load_ethogram(run)
    assert again == before
