"""The command line: what it writes, what it says about bad input, and its exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from napari_mousegpt.cli.main import main
from napari_mousegpt.core.tables import ASSIGNMENTS, BOUTS, CLUSTERS, DESCRIPTIONS
from napari_mousegpt.io.samples import make_sample

RESULTS = {
    "assignments.csv",
    "assignments.parquet",
    "boris.csv",
    "boris_clusters.csv",
    "clusters.csv",
    "clusters.parquet",
    "descriptions.csv",
    "descriptions.parquet",
    "ethogram.csv",
    "ethogram.parquet",
    "ethogram.png",
    "map",
    "memberships.parquet",
    "naming_words.parquet",
    "recording.json",
    "report.md",
    "run_card.json",
    "stability.csv",
    "stability.parquet",
    "vectors.parquet",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    made = make_sample(tmp_path_factory.mktemp("mouse data"), seconds=20)
    return str(made.video), str(made.pose)


def _refused(capsys: pytest.CaptureFixture[str], *words: object, code: int = 2) -> str:
    """Run a command that must be refused and return its one message."""
    assert main([str(word) for word in words]) == code
    message = capsys.readouterr().err.strip().splitlines()
    assert message
    assert "Traceback" not in "\n".join(message)
    return message[-1]


def test_run_writes_every_result(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["run", files[0], "--pose", files[1], "-o", str(out), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {file.name for file in (out / "result").iterdir()} == RESULTS
    assert set(facts["files"]) == RESULTS
    assert facts["frames"] == 600
    for name, schema in (
        ("descriptions", DESCRIPTIONS),
        ("clusters", CLUSTERS),
        ("assignments", ASSIGNMENTS),
        ("ethogram", BOUTS),
    ):
        parquet = pd.read_parquet(out / "result" / f"{name}.parquet")
        schema.check(parquet)
        assert len(parquet) == len(pd.read_csv(out / "result" / f"{name}.csv")) > 0
    card = json.loads((out / "result" / "run_card.json").read_text())
    assert card["finished"]
    assert card["inputs"]["main/video"]
    assert "PyAV" in card["models"]["main/decoder"]
    assert str(tmp_path) not in json.dumps(card["inputs"])


def test_the_same_run_again_finds_everything_finished(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", files[0], "--pose", files[1], "-o", str(tmp_path / "out"), "--json"]
    assert main(command) == 0
    first = json.loads(capsys.readouterr().out)
    assert main(command) == 0
    again = capsys.readouterr()
    assert json.loads(again.out) == first
    assert "found finished" in again.err


def test_another_run_in_the_same_folder_is_refused_and_replaced_on_request(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["describe", files[0], "--pose", files[1], "-o", str(out), "-q"]
    assert main(command) == 0
    before = (out / "result" / "descriptions.csv").read_bytes()
    message = _refused(capsys, *command, "--window", "2s")
    assert "another run" in message
    assert "--overwrite" in message
    assert (out / "result" / "descriptions.csv").read_bytes() == before
    assert main([*command, "--window", "2s", "--overwrite"]) == 0
    assert (out / "result" / "descriptions.csv").read_bytes() != before


def test_one_step_after_the_other(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opening = [files[0], "--pose", files[1], "-q"]
    assert main(["describe", *opening, "-o", str(tmp_path / "words")]) == 0
    assert main(["project", *opening, "-o", str(tmp_path / "vectors")]) == 0
    names = ["--words", str(tmp_path / "words"), "-o", str(tmp_path / "groups"), "-q"]
    assert main(["cluster", str(tmp_path / "vectors"), *names]) == 0
    clusters = pd.read_csv(tmp_path / "groups" / "result" / "clusters.csv")
    assert len(clusters) >= 2
    assert clusters["name"].is_unique
    capsys.readouterr()


def test_export_in_every_format(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["run", files[0], "--pose", files[1], "-o", str(out), "-q"]) == 0
    for name, options, rows in (
        ("bouts.csv", [], None),
        ("bouts.parquet", [], None),
        ("frames.csv", ["--format", "frames", "--source", "model"], 600),
        ("boris.csv", ["--format", "boris", "--source", "cluster"], None),
    ):
        file = tmp_path / name
        assert main(["export", str(out), str(file), *options]) == 0
        table = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
        assert len(table) == rows if rows else len(table) > 0
    message = _refused(capsys, "export", out, tmp_path / "bouts.csv")
    assert "there already" in message
    message = _refused(capsys, "export", out, tmp_path / "bouts.xyz")
    assert ".parquet" in message
    assert not (tmp_path / "bouts.xyz").exists()


def test_a_reader_that_goes_away_is_no_failure(files: tuple[str, str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)  # as "| head" does
    words = [sys.executable, "-m", "napari_mousegpt", "info", files[1]]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=280)
    os.close(writer)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_doctor_says_which_device_will_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {"device", "torch build", "video", "run folder", "memory"} <= set(facts)
    assert facts["device"]["found"].startswith(("cpu", "cuda", "mps"))


class TestBadInput:
    """Each is one clear message, exit code 2, and nothing written."""

    def test_missing_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        message = _refused(capsys, "run", tmp_path / "no.mp4", "-o", tmp_path / "out")
        assert "no.mp4" in message
        assert not (tmp_path / "out").exists()

    def test_nothing_to_open(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "video or a pose" in _refused(capsys, "run", "-o", tmp_path / "out")

    def test_directory(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "folder" in _refused(capsys, "run", tmp_path, "-o", tmp_path / "out")

    def test_empty_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "empty.mp4").touch()
        assert "empty" in _refused(capsys, "run", tmp_path / "empty.mp4", "-o", tmp_path / "out")

    def test_text_named_mp4(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "notes.mp4").write_text("not a video at all\n" * 50)
        message = _refused(capsys, "run", tmp_path / "notes.mp4", "-o", tmp_path / "out")
        assert "notes.mp4" in message
        assert not (tmp_path / "out").exists()

    def test_ragged_csv(
        self, files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        lines = Path(files[1]).read_text().splitlines()
        lines[100] = lines[100].rsplit(",", 2)[0]
        ragged = tmp_path / "ragged.csv"
        ragged.write_text("\n".join(lines) + "\n")
        message = _refused(capsys, "run", files[0], "--pose", ragged, "-o", tmp_path / "out")
        assert "ragged.csv" in message
        assert "101" in message

    def test_pose_of_another_video(
        self, files: tuple[str, str], example_data: Path, tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        pose = example_data / "openfield.csv"
        message = _refused(capsys, "run", files[0], "--pose", pose, "-o", tmp_path / "out")
        assert "600" in message
        assert "2330" in message

    def test_unknown_h5(
        self, files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        import h5py

        with h5py.File(tmp_path / "other.h5", "w") as file:
            file["counts"] = [1, 2, 3]
        message = _refused(
            capsys, "run", files[0], "--pose", tmp_path / "other.h5", "-o", tmp_path / "out"
        )
        assert "other.h5" in message

    def test_output_folder_with_other_files(
        self, files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "thesis.txt").write_text("years of work")
        for extra in ([], ["--overwrite"]):
            message = _refused(capsys, "run", files[0], "--pose", files[1], "-o", tmp_path, *extra)
            assert "thesis.txt" in message
        assert (tmp_path / "thesis.txt").read_text() == "years of work"
        assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]

    def test_cluster_of_something_else(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        message = _refused(capsys, "cluster", tmp_path, "-o", tmp_path / "out")
        assert "vectors.parquet" in message

    @pytest.mark.parametrize("option", ["--step", "--window"])
    def test_windows_of_no_length(
        self,
        files: tuple[str, str],
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        option: str,
    ) -> None:
        out = tmp_path / "out"
        message = _refused(capsys, "describe", files[0], "--pose", files[1], "-o", out, option, "0")
        assert "more than 0 s" in message
        assert not out.exists()

    def test_unfinished_run(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        message = _refused(capsys, "export", tmp_path, tmp_path / "bouts.csv")
        assert "finished run" in message

    def test_errors_as_json(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["info", str(tmp_path / "no.csv"), "--json"]) == 2
        facts = json.loads(capsys.readouterr().out)
        assert facts["exit_code"] == 2
        assert "no.csv" in facts["error"]


def test_ctrl_c_keeps_finished_parts_and_the_same_command_goes_on(
    files: tuple[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [
        sys.executable, "-m", "napari_mousegpt", "run", files[0], "--pose", files[1], "-o", str(out)
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what runs in its background with this signal ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 280
    while not list((out / "parts" / "words").glob("*.sha256")) if out.exists() else True:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=280)
    assert process.returncode == 130, said
    assert "Finished parts are kept" in said
    assert not (out / "result" / "run_card.json").exists()
    kept = {p: p.stat().st_mtime_ns for p in (out / "parts").rglob("*.parquet")}
    assert kept
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "found finished" in again.stderr
    assert {p: p.stat().st_mtime_ns for p in kept} == kept
    assert (out / "result" / "run_card.json").exists()


def test_the_demo_needs_no_file_and_no_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[str, str]
) -> None:
    import napari_mousegpt

    opened = napari_mousegpt.open_recording(files[0], files[1])
    monkeypatch.setattr(napari_mousegpt, "sample", lambda: opened)
    try:
        assert main(["demo", "-o", str(tmp_path / "demo"), "-q"]) == 0
    finally:
        opened.video.close()  # type: ignore[union-attr]
    assert {path.name for path in (tmp_path / "demo" / "result").iterdir()} >= RESULTS
