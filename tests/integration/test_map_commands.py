"""From vectors on disk to a published map that another lab applies, compares and goes on from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.clusters.named_map import NamedMap
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import write_parquet
from napari_mousegpt.core.vectors import Vectors


def _project(place: Path, name: str, seed: int, model: str = "made", windows: int = 900) -> str:
    """Write vectors as ``project`` does, of a mouse that does five things."""
    draw = np.random.default_rng(seed)
    places = np.random.default_rng(99).normal(0, 3, (5, 10))
    states = np.repeat(draw.integers(0, 5, windows), draw.integers(6, 20, windows))[:windows]
    values = (places[states] + draw.normal(0, 0.5, (windows, 10))).astype(np.float32)
    start = np.arange(windows) * 3
    seconds = {"start_s": start / 30, "stop_s": (start + 3) / 30}
    ranges = Intervals.build(name, start, start + 3, "m", **seconds)
    vectors = Vectors(ranges, values, tuple(f"n{i}" for i in range(10)), model, "1")
    folder = place / name / "result"
    folder.mkdir(parents=True)
    write_parquet(vectors.to_table(), folder / "vectors.parquet")
    return str(place / name)


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return a clustered and published lab, and recordings of another one."""
    place = tmp_path_factory.mktemp("labs")
    found = {name: _project(place, name, seed) for seed, name in enumerate(("a1", "a2", "a3"))}
    found |= {name: _project(place, name, 10 + i) for i, name in enumerate(("b1", "b2"))}
    found["strange"] = _project(place, "strange", 20, model="video")
    mine = [found["a1"], found["a2"], found["a3"]]
    found["run"], found["map"] = str(place / "run"), str(place / "published")
    assert main(["cluster", *mine, "-o", found["run"], "-q"]) == 0
    view = NamedMap.open(found["run"], who="KM")
    view.rename(0, "tail chase")
    about = ["--title", "Mice", "--author", "A. Person", "--licence", "CC-BY-4.0"]
    published = ["map", "publish", found["run"], "--vectors", *mine, *about, "-o", found["map"]]
    assert main(published) == 0
    return found


def test_inspect_names_it_and_says_what_fits(
    labs: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["map", "inspect", labs["map"], "--vectors", labs["b1"]]) == 0
    said = capsys.readouterr().out
    assert "0  tail chase" in said
    assert "7 files whole" in said
    assert "These vectors can be used with it." in said
    assert main(["map", "inspect", labs["map"], "--vectors", labs["strange"], "--json"]) == 2
    facts = json.loads(capsys.readouterr().out)
    assert "expected model made 1, found video 1" in facts["problems"][0]


def test_apply_gives_own_recordings_their_labels_of_record(
    labs: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = [labs["a1"], labs["a2"], labs["a3"]]
    assert main(["apply", labs["map"], *mine, "-o", str(tmp_path / "own"), "-q", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {row["verdict"] for row in facts["recordings"]} == {"own"}
    record = pd.read_parquet(Path(labs["run"]) / "result" / "assignments.parquet")
    told = pd.read_parquet(tmp_path / "own" / "result" / "assignments.parquet")
    joined = record.merge(told, on="range_id")
    assert len(joined) == len(record)
    np.testing.assert_array_equal(joined["cluster_x"], joined["cluster_y"])
    assert set(told.loc[told["cluster"] == 0, "name"]) == {"tail chase"}


def test_apply_to_others_and_refuse_what_does_not_fit(
    labs: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new"
    assert main(["apply", labs["map"], labs["b1"], labs["b2"], "-o", str(out), "-q"]) == 0
    said = capsys.readouterr().out
    assert "tail chase" in said
    assert "publisher (range)" in said
    bad = tmp_path / "bad"
    assert main(["apply", labs["map"], labs["strange"], "-o", str(bad)]) == 2
    message = capsys.readouterr().err
    assert "Traceback" not in message
    assert "expected model made 1, found video 1" in message
    assert not bad.exists()


def test_refit_keeps_ids_and_the_name_a_person_gave(
    labs: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "again"
    words = ["refit", labs["run"], labs["b1"], labs["b2"], "-o", str(out), "-q", "--json"]
    assert main(words) == 0
    facts = json.loads(capsys.readouterr().out)
    decisions = [row["decision"] for row in facts["matches"] if row["old_id"] == 0]
    assert decisions == ["kept"]
    name = NamedMap.open(out).name(0)
    assert (name.name, name.source, name.who) == ("tail chase", "user", "KM")
    # Done again, nothing is doubled.
    assert main(words) == 0
    assert len(NamedMap.open(out).history) == 1
    capsys.readouterr()
    assert main(["map", "compare", labs["run"], str(out), "--vectors", labs["b1"]]) == 0
    said = capsys.readouterr().out
    assert "adjusted mutual information 0.9" in said or "information 1.00" in said
    assert "tail chase | tail chase" in said


def test_publishing_twice_is_refused(
    labs: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    about = ["--title", "Mice", "--author", "A. Person", "--licence", "CC0"]
    words = ["map", "publish", labs["run"], "--vectors", labs["a1"], *about, "-o", labs["map"]]
    assert main(words) == 2
    assert "a published map is never changed" in capsys.readouterr().err
