"""One door to all formats of labels: the same bouts from each, and words where it stays shut."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.label_formats import LABEL_FORMATS, load_labels, sniff_labels
from support import label_files
from support.label_files import BOUTS, CLOCK, FRAMES

SUPPORT = Path(__file__).parents[2] / "support"
FORMATS = {
    "bouts.csv": "bouts", "bouts.parquet": "bouts", "ours.csv": "frames", "ours.parquet": "frames",
    "words.csv": "frames", "onehot.csv": "frames", "timed.tsv": "frames", "aggregated.csv": "BORIS",
    "tabular.csv": "BORIS", "project.boris": "BORIS project", "binary.tsv": "BORIS binary",
    "v5.mat": "MATLAB", "v7.mat": "MATLAB", "hdf5.mat": "MATLAB", "flags.nc": "netCDF",
    "classic.nc": "netCDF", "events.slp": "SLEAP events",
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {path.name: path for path in label_files.write_all(tmp_path_factory.mktemp("labels"))}


def bouts_of(labels: Ethogram) -> list[tuple[str, int, int]]:
    return sorted(((b.label, b.start, b.stop) for b in labels.bouts), key=lambda b: b[1:])


def test_all_formats_are_written(files: dict[str, Path]) -> None:
    assert set(files) == set(FORMATS)
    assert set(FORMATS.values()) == set(LABEL_FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_bouts(files: dict[str, Path], name: str) -> None:
    found = sniff_labels(files[name])
    assert found.format == FORMATS[name]
    assert found.candidates == (found.format,)
    assert found.reason == LABEL_FORMATS[found.format].meaning
    labels = load_labels(files[name], clocks=CLOCK)
    assert bouts_of(labels) == list(BOUTS)
    again = load_labels(files[name], format=found.format.upper(), clocks={"m1": CLOCK})
    assert bouts_of(again) == list(BOUTS)
    assert set(again.bouts.recording) == {"m1"}
    whole = 0 if name in ("bouts.csv", "events.slp") else FRAMES
    assert not whole or labels.observed.length.max() == whole


def test_the_caller_names_recording_individual_and_source(files: dict[str, Path]) -> None:
    for name in ("words.csv", "onehot.csv", "binary.tsv", "v7.mat", "flags.nc"):
        found = load_labels(
            files[name], recording="r", individual="w", clocks={"r": CLOCK}, source="human"
        )
        assert {*found.bouts.recording, *found.observed.recording} == {"r"}, name
        assert {*found.bouts.individual, *found.observed.individual} == {"w"}, name
        assert set(found.bouts.column("source")) == {"human"}, name


def test_a_netcdf_file_has_labels_for_each_individual(files: dict[str, Path]) -> None:
    found = load_labels(files["classic.nc"], clocks=CLOCK)
    assert set(found.bouts.individual) == {"black"}
    assert found.observed.select(individual="white").stop.tolist() == [FRAMES]
    with pytest.raises(FormatError, match=r"one variable.*found fur\. Choose it: column"):
        load_labels(files["classic.nc"], column="fur", clocks=CLOCK)


def test_labels_of_another_length_are_refused_or_fitted(
    files: dict[str, Path], tmp_path: Path
) -> None:
    short, long = Timebase.constant(25, FRAMES - 1), Timebase.constant(25, FRAMES + 1)
    path = tmp_path / "w.csv"
    words = label_files.ethogram().to_frames("m1", FRAMES, "black", unlabelled="None")
    path.write_text("behaviour\n" + "\n".join(words) + "\n")
    for file in (path, files["v5.mat"]):
        with pytest.raises(MismatchError, match=r'labels for 199 frames.*1 frame.*mismatch="trim"'):
            load_labels(file, clocks=short)
        with pytest.raises(MismatchError, match=r'201 rows.*found 200.*mismatch="pad"'):
            load_labels(file, clocks=long)
        with pytest.raises(MismatchError, match="201 rows"):
            load_labels(file, clocks=long, mismatch="trim")
        cut = load_labels(file, clocks=short, mismatch="trim")
        assert bouts_of(cut)[-1] == ("groom", 150, 199)
        assert cut.observed.stop.tolist() == [199]
        assert any("trim: 1 frame(s) behind the 199" in note for note in cut.notes)
        padded = load_labels(file, clocks=long, mismatch="pad")
        assert padded.observed.stop.tolist() == [200]
        assert "Frames 200 to 201 have no row: not scored." in padded.notes
    with pytest.raises(InputError, match="mismatch='stretch': expected one of error, trim, pad"):
        load_labels(path, clocks=short, mismatch="stretch")


def test_bouts_behind_the_video_are_refused_or_cut(files: dict[str, Path]) -> None:
    short = {"m1": Timebase.constant(25, 160)}
    with pytest.raises(MismatchError, match=r"inside its 160 frames, found \[150, 200\)"):
        load_labels(files["bouts.csv"], clocks=short)
    cut = load_labels(files["bouts.csv"], clocks=short, mismatch="trim")
    assert bouts_of(cut)[-1] == ("groom", 150, 160)
    assert any("1 bouts of 'm1' reach behind its 160 frames; 0 were left" in n for n in cut.notes)
    shorter = load_labels(
        files["bouts.csv"], clocks={"m1": Timebase.constant(25, 140)}, mismatch="trim"
    )
    assert bouts_of(shorter) == list(BOUTS[:-1])


def test_own_tables_keep_their_individuals_under_options(files: dict[str, Path]) -> None:
    found = load_labels(
        files["ours.csv"], clocks=Timebase.constant(25, FRAMES - 1), mismatch="trim"
    )
    assert set(found.bouts.individual) == {"black"}
    assert bouts_of(found)[-1] == ("groom", 150, 199)


def test_ones_behind_frame_and_time_are_behaviours(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("frame,time_s,rear,groom\n0,0.0,1,0\n1,0.04,1,1\n2,0.08,0,0\n")
    assert bouts_of(load_labels(path)) == [("rear", 0, 2), ("groom", 1, 2)]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.csv", b"", "an empty file"),
        ("a.mat", b"\x00" * 300, "no known kind of labels"),
        ("a.csv", b"a,b\n1.5,2\n2.5,3\n", "columns a, b"),
        ("a.h5", b"\x89HDF\r\n\x1a\n" + b"\xff" * 500, "no known kind"),
        ("a.parquet", b"PAR1" + b"\xff" * 50, "no known kind"),
    ],
)
def test_what_is_no_labels_is_said_in_words(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    found = sniff_labels(path)
    assert found.format is None
    assert reason in found.reason
    with pytest.raises(FormatError, match=r"labels of a known format, found .*give its format"):
        load_labels(path)


def test_sniffing_never_raises(tmp_path: Path) -> None:
    assert sniff_labels(tmp_path).reason == "a folder"
    assert "No such file" in sniff_labels(tmp_path / "none.csv").reason
    assert sniff_labels("bad\x00name.csv").format is None
    with pytest.raises(InputError, match="a file of labels, found nothing there"):
        load_labels(tmp_path / "none.csv")
    with pytest.raises(InputError, match="found a folder"):
        load_labels(tmp_path)
    path = tmp_path / "a.csv"
    path.write_text("a\n")
    with pytest.raises(InputError, match=r"label format 'excel': expected one of BORIS project"):
        load_labels(path, format="excel")


def test_poses_and_studies_are_not_taken_for_labels(tmp_path: Path) -> None:
    numbers = np.round(np.random.default_rng(1).random((40, 4)), 3)
    for name, header, rows in (
        ("pose.csv", "nose_x,nose_y,tail_x,tail_y", [",".join(map(str, row)) for row in numbers]),
        ("study.csv", "recording,animal,group", [f"r{i},a{i},{'ab'[i % 2]}" for i in range(40)]),
        ("events.csv", "frame,cue", [f"{i * 7},{'xyz'[i % 3]}" for i in range(40)]),
    ):
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n")
        assert sniff_labels(path).format is None, name


@pytest.mark.slow
def test_damaged_files_are_refused_or_read(files: dict[str, Path], tmp_path: Path) -> None:
    """100 damaged copies of each of the 17 files under a memory limit."""
    done = subprocess.run(
        [sys.executable, SUPPORT / "load_damaged_labels.py", tmp_path, "100", "7", "1500",
         str(FRAMES), *files.values()],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(files)
    for one in found:
        assert one["refused"] + one["read"] == 100, one
        assert not one["faults"], one
        assert one["slowest_s"] < 20, one
