"""Damaged files of every format: a report comes back, in time, within memory, and of our making.

Each format's own tests damage it in ways that fit it. Here every format gets the same blind damage
through the one door that looks at anything, in a process of its own with a memory limit: a crash, a
hang or an error that is not one of ours turns the test red.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import openpyxl
import pandas as pd
import pytest
import scipy.io
import tifffile

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.io.labels import write_bouts
from support.painted import write_clip, x264

WORKER = Path(__file__).parents[1] / "support" / "inspect_damaged.py"
#: Memory beyond what the program takes with all its libraries loaded.
LIMIT_MB = 1024
SLOWEST_S = 30.0
KEYPOINTS = ("nose", "tail_base")


@pytest.fixture(scope="module")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One small whole file of each format that can be written here."""
    folder = tmp_path_factory.mktemp("whole")
    random = np.random.default_rng(3)
    for name in ("clip.mp4", "clip.mkv", "clip.ts"):
        write_clip(folder / name, range(30), options=x264(10))
    write_clip(folder / "clip.avi", range(10), codec="mjpeg", pix_fmt="yuvj420p")
    tifffile.imwrite(folder / "stack.tif", random.integers(0, 255, (6, 32, 48), dtype=np.uint8))
    ethogram = Ethogram(Intervals.build("m1", [0, 5], [3, 9], "a", label=["rear", "groom"]))
    write_bouts(folder / "bouts.csv", ethogram)
    write_bouts(folder / "bouts.parquet", ethogram)
    pose = make_pose(
        random.random((40, 2, 2, 1)), random.random((40, 2, 1)), KEYPOINTS, ["m1"],
        Timebase.constant(30, 40),
    )  # fmt: skip
    pose.to_netcdf(folder / "movement.nc", engine="h5netcdf")
    columns = pd.MultiIndex.from_product([["S"], KEYPOINTS, ["x", "y", "likelihood"]])
    columns.names = ["scorer", "bodyparts", "coords"]
    table = pd.DataFrame(random.random((40, 6)), columns=columns)
    table.to_hdf(folder / "deeplabcut.h5", key="df_with_missing", mode="w")
    table.to_csv(folder / "deeplabcut.csv")
    with h5py.File(folder / "jabs_pose_est_v2.h5", "w") as file:
        file["poseest/points"] = random.integers(0, 99, (40, 12, 2)).astype(np.uint16)
        file["poseest/confidence"] = random.random((40, 12)).astype(np.float32)
    scipy.io.savemat(folder / "bouts.mat", {"Freezing": np.array([[2, 9], [20, 31]])})
    (folder / "project.boris").write_text(
        json.dumps({"project_format_version": "7.0", "observations": {"o": {"events": []}}})
    )
    rows = "Observation id,o\n,\nTime,Media file path,Total length,FPS,Subject,Behavior,Status\n"
    (folder / "boris.csv").write_text(
        rows + "1.0,a.avi,9,30,m,rear,START\n2,a.avi,9,30,m,rear,STOP\n"
    )
    (folder / "frames.csv").write_text("frame,label\n0,rear\n1,rear\n2,groom\n")
    (folder / "plain.csv").write_text("nose_x,nose_y,tail_x,tail_y\n1,2,3,4\n5,6,7,8\n")
    (folder / "study.csv").write_text("recording,animal,group\nm1,1,drug\nm2,2,saline\n")
    (folder / "study.toml").write_text('[[recording]]\nrecording = "m1"\nanimal = "1"\n')
    book = openpyxl.Workbook()
    for row in (("recording", "animal"), ("m1", 1), ("m2", 2)):
        book.active.append(row)
    book.save(folder / "study.xlsx")
    return sorted(folder.iterdir())


def inspect_damaged(files: list[Path], scratch: Path, count: int, seed: int) -> None:
    done = subprocess.run(
        [sys.executable, str(WORKER), str(scratch), str(count), str(seed), str(LIMIT_MB)]
        + [str(file) for file in files],
        capture_output=True,
        text=True,
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"file"')]
    next_file = files[len(answers)].name if len(answers) < len(files) else ""
    assert done.returncode == 0, f"{next_file}: {done.stderr[-2000:]}"
    assert [answer["file"] for answer in answers] == [file.name for file in files]
    faults = {answer["file"]: answer["faults"] for answer in answers if answer["faults"]}
    assert not faults
    slow = {a["file"]: a["slowest_s"] for a in answers if a["slowest_s"] > SLOWEST_S}
    assert not slow


@pytest.mark.skipif(sys.platform != "linux", reason="the memory limit is set the Linux way")
def test_damaged_files_of_every_format(small_files: list[Path], tmp_path: Path) -> None:
    inspect_damaged(small_files, tmp_path, count=48, seed=1)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the memory limit is set the Linux way")
def test_damaged_files_of_every_format_many_times(small_files: list[Path], tmp_path: Path) -> None:
    inspect_damaged(small_files, tmp_path, count=1000, seed=2)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the memory limit is set the Linux way")
def test_damaged_copies_of_the_shared_files(shared_data: Path, tmp_path: Path) -> None:
    files = [
        path
        for path in sorted(shared_data.rglob("*"))
        if path.is_file()
        and path.stat().st_size < 600_000
        and path.suffix not in (".md", ".json")
        and path.parent.name not in ("LICENCES", "streams", "bouts")
    ]
    assert len(files) > 20
    inspect_damaged(files, tmp_path, count=40, seed=3)
