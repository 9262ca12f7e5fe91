"""Damaged and hostile pose files: our errors or a valid pose, in time and within memory.

Blind damage: seeded mutations of a small file of each format. Aimed damage: files made to be huge,
deep, wide or of other types. Both run in a process of its own with a memory limit.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.inspect import inspect_file
from napari_mousegpt.io.pose import POSE_FORMATS, load_pose, sniff_pose
from support.pose_files import N, anipose, jabs, nwb, sleap_table, via

WORKER = Path(__file__).parents[2] / "support" / "load_damaged_poses.py"
#: Memory beyond what the program takes with all its libraries loaded.
LIMIT_MB = 1024
SLOWEST_S = 10.0

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the memory limit is set the Linux way"
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Small whole files, at least one of each format."""
    folder = tmp_path_factory.mktemp("whole")
    random = np.random.default_rng(0)
    points = random.random((N, 2, 2, 1))
    columns = pd.MultiIndex.from_product(
        [["S"], ["nose", "tail"], ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )
    table = pd.DataFrame(random.random((N, 6)), columns=columns)
    table.to_csv(folder / "deeplabcut.csv")
    for layout in ("fixed", "table"):
        table.to_hdf(folder / f"deeplabcut_{layout}.h5", key="df_with_missing", format=layout)
    for version in (2, 3, 6):
        jabs(folder / f"m_pose_est_v{version}.h5", version)
    stamped = {
        "data": points[:, :, 0, 0],
        "timestamps": np.arange(N) / 25,
        "confidence": np.ones(N),
    }
    animals = {
        name: {"nose": stamped, "tail": {**stamped, "data": points[:, :, 1, 0]}}
        for name in ("m1", "m2")
    }
    nwb(folder / "m.nwb", animals, nodes=["tail", "nose"], source_software="SLEAP")
    pose = make_pose(points, None, ["nose", "tail"], ["m"], Timebase.constant(30, N))
    for engine in ("h5netcdf", "scipy"):
        pose.to_netcdf(folder / f"movement_{engine}.nc", engine=engine)
    anipose(folder / "anipose.csv", random.random((N, 2, 3)), ["nose", "tail"])
    via(folder / "via.csv", [(i, t, (1, 2, 3, 4)) for i in range(N) for t in (0, 1)])
    rows = [(f"t{i % 2}", i // 2, (1.0, 2.0, 0.5, 3.0, 4.0, 0.5)) for i in range(2 * N)]
    sleap_table(folder / "sleap.csv", rows)
    with h5py.File(folder / "sleap.analysis.h5", "w") as file:
        file["node_names"], file["track_names"] = [b"nose", b"tail"], [b"a"]
        file["tracks"] = random.random((1, 2, 2, N))
        file["point_scores"] = random.random((1, 2, N))
    _project(folder / "sleap.slp")
    (folder / "plain.csv").write_text(
        "frame,nose_x,nose_y,tail_x,tail_y\n" + "".join(f"{i},1.5,2.5,{i},4\n" for i in range(N))
    )
    return sorted(folder.iterdir())


def _project(path: Path) -> None:
    sleap_io = pytest.importorskip("sleap_io")
    skeleton = sleap_io.Skeleton(nodes=["nose", "tail"])
    film = sleap_io.Video(filename="v.mp4", open_backend=False)
    track = sleap_io.Track("a")
    frames = [
        sleap_io.LabeledFrame(
            video=film,
            frame_idx=i,
            instances=[
                sleap_io.PredictedInstance.from_numpy(
                    np.ones((2, 2)), skeleton=skeleton, point_scores=np.ones(2), score=1.0,
                    track=track,
                )
            ],
        )
        for i in range(3)
    ]  # fmt: skip
    labels = sleap_io.Labels(frames, videos=[film], skeletons=[skeleton], tracks=[track])
    sleap_io.save_slp(labels, str(path))


def run(files: list[Path], scratch: Path, count: int, seed: int) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(WORKER), str(scratch), str(count), str(seed), str(LIMIT_MB)]
        + [str(file) for file in files],
        capture_output=True,
        text=True,
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"file"')]
    next_file = files[len(answers)].name if len(answers) < len(files) else ""
    assert done.returncode == 0, f"{next_file}: {done.stderr[-3000:]}"
    assert [answer["file"] for answer in answers] == [file.name for file in files]
    assert not {answer["file"]: answer["faults"] for answer in answers if answer["faults"]}
    assert not {a["file"]: a["slowest_s"] for a in answers if a["slowest_s"] > SLOWEST_S}
    return answers


def test_there_is_a_file_of_every_format(whole: list[Path]) -> None:
    found = {sniff_pose(path).format for path in whole}
    assert found == set(POSE_FORMATS) - {"LightningPose"}  # which is DeepLabCut's table
    for path in whole:
        assert load_pose(path, 30).sizes["time"] > 2, path.name


def test_blind_damage(whole: list[Path], tmp_path: Path) -> None:
    answers = run(whole, tmp_path, count=80, seed=1)
    assert sum(answer["refused"] for answer in answers) > 10 * len(whole)
    assert sum(answer["read"] for answer in answers) > 0


@pytest.mark.slow
def test_blind_damage_many_times(whole: list[Path], tmp_path: Path) -> None:
    run(whole, tmp_path, count=2000, seed=2)


def _wide_csv(path: Path) -> None:
    names = [f"k{i}_{axis}" for i in range(500_000) for axis in "xy"]
    path.write_text(",".join(names) + "\n" + ",".join(["1"] * len(names)) + "\n")


def _wide_dlc(path: Path) -> None:
    count = 300_000
    rows = (("scorer", "S"), ("bodyparts", "n"), ("coords", "x"), ("0", "1"))
    path.write_text("\n".join(",".join([first, *[cell] * count]) for first, cell in rows) + "\n")


def _hdf5(fill: Callable[[h5py.File], None]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with h5py.File(path, "w") as file:
            fill(file)

    return write


def _claim(name: str, shape: tuple[int, ...], dtype: str = "f8") -> Callable[[Path], None]:
    """Write a JABS, SLEAP or NWB file whose array claims far more than there is."""

    def fill(file: h5py.File) -> None:
        file.create_dataset(name, shape, dtype, chunks=tuple(min(n, 64) for n in shape))
        if name.startswith("poseest"):
            file["poseest/confidence"] = np.ones((1, 12))
        elif name == "tracks":
            file["node_names"] = [b"nose"]
        else:
            file.attrs["nwb_version"] = "2"
            group = file["a"]
            group.attrs["neurodata_type"] = "PoseEstimation"
            group["nose"].attrs["neurodata_type"] = "PoseEstimationSeries"
            start = group["nose"].create_dataset("starting_time", data=0.0)
            start.attrs["rate"] = 30.0

    return _hdf5(fill)


def _objects(file: h5py.File) -> None:
    file["poseest/points"] = np.array([b"x"] * 24, dtype=object).reshape(1, 12, 2)
    file["poseest/confidence"] = np.ones((1, 12))


def _bomb(file: h5py.File) -> None:
    """Numbers that pack well: 2 GB in a few thousand bytes are refused, not unpacked."""
    points = file.create_dataset(
        "poseest/points", (10_000_000, 12, 2), "u2", chunks=(1_000_000, 12, 2), compression="gzip"
    )
    points[:1_000_000] = 0
    file["poseest/confidence"] = np.ones((1, 12))


def _late_identity(file: h5py.File) -> None:
    file["poseest/points"] = np.ones((3, 1, 12, 2), np.uint16)
    file["poseest/confidence"] = np.ones((3, 1, 12))
    file["poseest/instance_embed_id"] = np.array([[1], [2**31], [2]], dtype=np.uint32)
    file["poseest/id_mask"] = np.zeros((3, 1), dtype=bool)
    file["poseest/instance_id_center"] = np.zeros((10**6, 0))
    file["poseest"].attrs["version"] = np.array([4, 0])


#: File name and what to write.
AIMED: dict[str, Callable[[Path], None]] = {
    "million_columns.csv": _wide_csv,
    "wide_deeplabcut.csv": _wide_dlc,
    "one_line_of_50_mb.csv": lambda path: path.write_text("nose_x,nose_y," + "a" * 50_000_000),
    "one_cell_of_20_mb.csv": lambda path: path.write_text(
        'nose_x,nose_y\n"' + "1" * 20_000_000 + '",2\n'
    ),
    "nul.csv": lambda path: path.write_bytes(b"nose_x,nose_y\n1,2\x00\n\x003,4\n"),
    "nul_later.csv": lambda path: path.write_bytes(
        b"nose_x,nose_y\n" + b"1,2\n" * 8000 + b"\x00\x00,4\n"
    ),
    "bom.csv": lambda path: path.write_bytes(b"\xef\xbb\xbfnose_x,nose_y\n1,2\n"),
    "two_boms.csv": lambda path: path.write_bytes(b"\xef\xbb\xbf\xef\xbb\xbfnose_x,nose_y\n1,2\n"),
    "utf16.csv": lambda path: path.write_text("nose_x,nose_y\n1,2\n", encoding="utf-16"),
    "utf16_without_bom.csv": lambda path: path.write_text("nose_x,nose_y\n", encoding="utf-16-le"),
    "far_frame.csv": lambda path: path.write_text("frame,nose_x,nose_y\n0,1,2\n99999999999,1,2\n"),
    "huge_number.csv": lambda path: path.write_text("nose_x,nose_y\n1e999,2\n"),
    "far_frame_via.csv": lambda path: _via_with(path, "frame", "99999999999999"),
    "endless_number_via.csv": lambda path: _via_with(path, "frame", "9" * 5000),
    "deep_json_via.csv": lambda path: _via_with(path, "x", "[" * 50_000),
    "claims_jabs.h5": _claim("poseest/points", (10**9, 12, 2), "u2"),
    "claims_sleap.h5": _claim("tracks", (1, 2, 1, 10**12)),
    "claims_nwb.nwb": _claim("a/nose/data", (10**11, 2)),
    "objects_jabs.h5": _hdf5(_objects),
    "bomb_jabs.h5": _hdf5(_bomb),
    "identities_jabs.h5": _hdf5(_late_identity),
    "deep.h5": _hdf5(lambda file: file.create_group("/".join("a" * 500))),
    "empty.h5": _hdf5(lambda file: None),
    "empty_datasets.h5": _hdf5(
        lambda file: [file.create_dataset(f"poseest/{n}", data=h5py.Empty("f4"))
                      for n in ("points", "confidence")]
    ),
    "no_rows_jabs.h5": _hdf5(
        lambda file: [file.create_dataset(f"poseest/{n}", shape, "f4")
                      for n, shape in (("points", (0, 12, 2)), ("confidence", (0, 12)))]
    ),
}  # fmt: skip


def _via_with(path: Path, key: str, value: str) -> None:
    via(path, [(0, 0, (1, 2, 3, 4))])
    old = '""frame"": ""0""' if key == "frame" else '""x"": 1'
    quotes = '""' if key == "frame" else ""
    path.write_text(path.read_text().replace(old, f'""{key}"": {quotes}{value}{quotes}'))


def test_aimed_damage(tmp_path: Path) -> None:
    files = []
    for name, write in AIMED.items():
        write(tmp_path / name)
        files.append(tmp_path / name)
    answers = {answer["file"]: answer for answer in run(files, tmp_path, count=0, seed=0)}
    read = {name for name, answer in answers.items() if answer["read"]}
    assert read == {"bom.csv", "identities_jabs.h5"}
    assert "at most 20000 columns, found 1000000" in answers["million_columns.csv"]["message"]
    assert "UTF-16" in answers["utf16.csv"]["message"]


class Harm:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("format_", [None, *POSE_FORMATS])
def test_no_door_runs_a_program_in_a_file(
    whole: list[Path], tmp_path: Path, format_: str | None
) -> None:
    trap, path = tmp_path / "harm", tmp_path / "m.h5"
    data = pickle.dumps(Harm(trap), 0)
    source = next(file for file in whole if file.name == "deeplabcut_table.h5")
    path.write_bytes(source.read_bytes())
    with h5py.File(path, "r+") as file:
        group = file["df_with_missing"]
        for item, names in (
            (group, ("non_index_axes", "info", "values_cols", "data_columns")),
            (group["table"], ("values_block_0_kind", "index_kind")),
        ):
            for name in names:
                item.attrs[name] = np.bytes_(data)
    sniff_pose(path)
    inspect_file(path)
    with pytest.raises(FormatError):
        load_pose(path, 30, format=format_)
    raw = tmp_path / "m.pickle"
    raw.write_bytes(pickle.dumps(Harm(trap)))
    with pytest.raises(FormatError):
        load_pose(raw, 30, format=format_)
    assert not trap.exists()
    pickle.loads(data)
    assert trap.exists()  # the trap does work
