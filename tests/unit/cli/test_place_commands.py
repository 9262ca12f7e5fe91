"""The commands ``zones`` and ``epochs``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import napari_mousegpt as mg
from napari_mousegpt.cli.main import main
from napari_mousegpt.core.polygons import points_inside
from napari_mousegpt.errors import InputError

HALVES = (
    ("left", [[0, 0], [50, 0], [50, 99], [0, 99]]),
    ("right", [[50, 0], [99, 0], [99, 99], [50, 99]]),
)


@pytest.fixture
def pose(tmp_path: Path) -> Path:
    """Twenty frames: ten on the left, ten on the right."""
    rows = "".join(f"{i},{10 if i < 10 else 80},20,0.9\n" for i in range(20))
    path = tmp_path / "m1.csv"
    path.write_text("scorer,S,S,S\nbodyparts,center,center,center\ncoords,x,y,likelihood\n" + rows)
    return path


@pytest.fixture
def arena(tmp_path: Path) -> Path:
    path = tmp_path / "arena.json"
    zones = tuple(mg.Zone(name, polygon) for name, polygon in HALVES)  # type: ignore[arg-type]
    mg.save_arenas(path, [mg.Arena("box", zones)])
    return path


def test_zones_are_measured_and_written(
    pose: Path, arena: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "visits.csv"
    words = ["zones", "--pose", str(pose), "--fps", "10", "--arena", str(arena), "-o", str(out)]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "individual_0, left (box): 1 visits, 1.0 s, 50% of 2.0 s observed" in printed
    written = out.read_text().splitlines()
    assert [line.split(",")[3:8] for line in written[1:]] == [
        ["0", "10", "0.0", "1.0", "left"],
        ["10", "20", "1.0", "2.0", "right"],
    ]
    assert main(words) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert out.read_text().splitlines() == written


def test_zones_as_json_has_no_nan(
    pose: Path, arena: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["zones", "--pose", str(pose), "--fps", "10", "--arena", str(arena), "--json"]) == 0
    zones = json.loads(capsys.readouterr().out)["zones"]
    assert [zone["entries"] for zone in zones] == [1, 1]
    assert zones[0]["distance_cm"] is None


def test_zones_without_an_arena_say_where_to_get_one(
    pose: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["zones", "--pose", str(pose), "--fps", "10"]) == 2
    assert "panel Arena" in capsys.readouterr().err


def test_epochs(pose: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "cues.csv"
    table.write_text("label,onset_s\ninjection,1.0\n")
    words = ["epochs", "--pose", str(pose), "--fps", "10", "--table", str(table)]
    assert main([*words, "--duration", "0.5"]) == 0
    assert "injection: frames 10 to 15 (not included), 1.000 to 1.500 s" in capsys.readouterr().out
    out = tmp_path / "epochs.csv"
    around = ["--around", "before:-1:0", "--around", "after:0:0.5", "-o", str(out)]
    assert main([*words, *around]) == 0
    assert "before: frames 0 to 10" in capsys.readouterr().out
    assert len(out.read_text().splitlines()) == 3
    assert main([*words, "--around", "soon"]) == 2
    assert "LABEL:FROM:TO" in capsys.readouterr().err
    assert main([*words, "--around", "after:0:60"]) == 2
    assert "inside the video" in capsys.readouterr().err


def test_several_arenas_give_their_animals_back(tmp_path: Path, arena: Path) -> None:
    zones = [mg.Arena(name, outline=polygon) for name, polygon in HALVES]  # type: ignore[arg-type]
    path = tmp_path / "two.json"
    mg.save_arenas(path, zones)
    rows = "".join(f"{i},80,20,0.9,10,20,0.9\n" for i in range(5))
    pose = tmp_path / "two.csv"
    pose.write_text(
        "scorer,S,S,S,S,S,S\nindividuals,a,a,a,b,b,b\nbodyparts,center,center,center,center,center,"
        "center\ncoords,x,y,likelihood,x,y,likelihood\n" + rows
    )
    recording = mg.open_recording(None, pose, fps=10, arena=path, split_arenas=True)
    assert recording.individuals == ("left", "right")
    assert recording.pose is not None
    left = recording.pose["position"].sel(individuals="left", keypoints="center").values
    assert points_inside(left, HALVES[0][1]).all()
    assert "10 detections changed their animal" in recording.pose.attrs["split_by_arena"]
    opening = dict(recording.metadata["opening"])
    again = mg.open_recording(None, opening.pop("pose"), **opening)
    assert again.individuals == ("left", "right")
    with pytest.raises(InputError, match="no arenas"):
        mg.open_recording(None, pose, fps=10, split_arenas=True)
