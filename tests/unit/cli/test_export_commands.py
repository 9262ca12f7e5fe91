"""The command ``export`` on clusters: every format, a file for each recording, and clocks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import napari_mousegpt as mg
from napari_mousegpt.cli.main import main
from napari_mousegpt.core.parquet import read_parquet, write_parquet
from napari_mousegpt.io.label_formats import load_labels
from support.mapped import mapped_run, windows_of

QUICK = mg.ClusterParams(min_cluster_size=5, refits=0, micro_clusters=80, partitions=30)
FRAMES = 180

Told = Callable[..., str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clusters of a recording with a run and of one without."""
    place = tmp_path_factory.mktemp("clusters")
    mapped_run(place / "home", "a1", FRAMES // 3)
    write_parquet(windows_of("a2", FRAMES // 3)[0].to_table(), place / "a2.parquet")
    mg.cluster(mg.vector_stream([place / "home", place / "a2.parquet"]), None, QUICK,
               out=place / "found")  # fmt: skip
    return place


@pytest.fixture
def found(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "found", tmp_path / "found"))


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Told:
    def told(*words: object) -> str:
        capsys.readouterr()
        assert main(["export", *map(str, words)]) == 2
        return capsys.readouterr().err

    return told


@pytest.mark.parametrize(
    ("ending", "format_", "read_as"),
    [
        (".csv", "bouts", "bouts"),
        (".parquet", "frames", "frames"),
        (".csv", "boris", "BORIS"),
        (".boris", "boris-project", "BORIS project"),
        (".csv", "boris-binary", "BORIS binary"),
    ],
)
def test_every_format_has_the_edits_and_the_frames_of_now(
    found: Path, tmp_path: Path, ending: str, format_: str, read_as: str
) -> None:
    named = mg.NamedMap.open(found, who="KM")
    first, second, third, *_ = named.names()
    named.approve((first.cluster, second.cluster), "either")
    named.rename(third.cluster, "zoomies")
    words = ["export", str(found), str(tmp_path / f"e{ending}"), "--format", format_, "--each"]
    assert main([*words, "--clock", f"a2=30:{FRAMES}"]) == 0
    rows = read_parquet(found / "result" / "assignments.parquet")
    called = {first.cluster: "either", second.cluster: "either", third.cluster: "zoomies"}
    for name, clock in mg.load_ethogram(found)[1].items() | {
        ("a2", mg.Timebase.constant(30, FRAMES))
    }:
        path = tmp_path / f"e_{name}{ending}"
        back = load_labels(
            path, format=read_as, clocks={name: clock}, recording=name, individual="m1"
        )
        for window in rows[rows["recording"] == name].itertuples():
            if window.cluster in called:
                here = back.to_frames(name, FRAMES, "m1")[window.start : window.stop]
                assert set(here) == {called[window.cluster]}, (name, window)


def test_all_recordings_in_one_table_or_one_of_them(
    found: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: Told
) -> None:
    assert main(["export", str(found), str(tmp_path / "all.csv"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    table = pd.read_csv(tmp_path / "all.csv")
    assert set(table["recording"]) == {"a1", "a2"}
    assert facts["bouts"] == len(table)
    # Seconds where the clock is known, none where it is not.
    assert table.groupby("recording")["start_s"].count().to_dict() == {
        "a1": int((table["recording"] == "a1").sum()), "a2": 0,
    }  # fmt: skip
    assert main(["export", str(found), str(tmp_path / "a1.csv"), "--recording", "a1"]) == 0
    assert set(pd.read_csv(tmp_path / "a1.csv")["recording"]) == {"a1"}
    said = refused(found, tmp_path / "x.csv", "--recording", "a3")
    assert "--recording a3: expected one of a1, a2" in said
    assert "one of m1" in refused(found, tmp_path / "x.csv", "--individual", "m2")
    said = refused(found, tmp_path / "x.csv", "--format", "frames", "--clock", f"a2=30:{FRAMES}")
    assert "--recording NAME, or --each" in said
    assert not (tmp_path / "x.csv").exists()


def test_a_clock_that_is_not_known_is_named_and_can_be_given(
    made: Path, found: Path, tmp_path: Path, refused: Told
) -> None:
    target = tmp_path / "e.csv"
    for format_ in ("boris", "frames", "boris-binary"):
        said = refused(found, target, "--format", format_)
        assert "recording 'a2': expected its clock" in said
        assert "--clock a2=RATE:FRAMES" in said
    assert not target.exists()
    words = ["export", str(found), str(target), "--format", "boris"]
    assert main([*words, "--clock", f"a2=25:{FRAMES}"]) == 0
    table = pd.read_csv(target)
    # The same frames in the seconds of each camera.
    last = table.groupby("Observation id")["Stop (s)"].max()
    assert last["a1"] == pytest.approx(FRAMES / 30)
    assert last["a2"] == pytest.approx(FRAMES / 25)
    other = mapped_run(tmp_path / "later", "a2", FRAMES // 3)
    assert main([*words, "--overwrite", "--clock", str(other)]) == 0
    last = pd.read_csv(target).groupby("Observation id")["Stop (s)"].max()
    assert last["a2"] == pytest.approx(FRAMES / 30)
    for wrong in ("a2", "a2=soon", "a2=30:none", "a2=30:0", str(tmp_path)):
        assert f"--clock {wrong}" in refused(found, tmp_path / "x.csv", "--clock", wrong)
    # Frames that the clock does not have are not cut off in silence.
    said = refused(
        found, tmp_path / "x.csv", "--format", "frames", "--recording", "a2", "--clock", "a2=30:99"
    )
    assert "99 frames" in said


def test_a_file_for_each_refuses_before_it_writes(
    found: Path, tmp_path: Path, refused: Told
) -> None:
    (tmp_path / "e_a2.csv").write_text("mine", encoding="utf-8")
    assert "e_a2.csv" in refused(found, tmp_path / "e.csv", "--each")
    assert not (tmp_path / "e_a1.csv").exists()
    assert main(["export", str(found), str(tmp_path / "e.csv"), "--each", "--overwrite"]) == 0
    assert set(pd.read_csv(tmp_path / "e_a2.csv")["recording"]) == {"a2"}
