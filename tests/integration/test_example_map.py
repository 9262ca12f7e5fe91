"""The published map among the examples: whole, small, and honest about a real mouse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.clusters.published import inspect_map
from napari_mousegpt.core.parquet import read_parquet

EXAMPLES = Path(__file__).parents[2] / "examples"
MAP = EXAMPLES / "maps" / "drawn_mice"


def test_it_is_whole_and_small() -> None:
    found = inspect_map(MAP)
    assert found.problems == []
    assert sum(file.stat().st_size for file in MAP.iterdir()) < 300_000


def test_it_labels_the_example_recording_and_says_that_it_does_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video, pose = (str(EXAMPLES / "data" / f"openfield.{kind}") for kind in ("mp4", "csv"))
    projected, labelled = str(tmp_path / "projected"), tmp_path / "labelled"
    assert main(["project", video, "--pose", pose, "-o", projected, "-q"]) == 0
    capsys.readouterr()
    assert main(["map", "inspect", str(MAP), "--vectors", projected]) == 0
    assert "These vectors can be used with it." in capsys.readouterr().out
    assert main(["apply", str(MAP), projected, "-o", str(labelled), "-q"]) == 0
    assert "shifted" in capsys.readouterr().out
    labels = read_parquet(labelled / "result" / "assignments.parquet")
    known = {one["id"] for one in json.loads((MAP / "behaviours.json").read_text("utf-8"))}
    assert len(labels) > 700
    assert set(labels["cluster"]) <= known | {-1}
