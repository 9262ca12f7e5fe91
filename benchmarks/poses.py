"""Time to open pose files of ten hours: 30 frames per second, 12 keypoints, 2 animals.

Limits, each as a ratio within one run: DeepLabCut csv at most 1.3 times ``pandas.read_csv`` of the
same file with its header, DeepLabCut h5 at most 2 times a bare h5py read of the same numbers.
Ours parses text in three threads: time on the clock must hold the limit, processor time (which
threads that wait for the same memory inflate) 1.5 times. SLEAP and plain csv are shown beside.

Every read is a process of its own, after a small file has brought in the libraries; ours and the
other take turns and the least time counts. Run ``python benchmarks/poses.py``; ``--json`` prints
figures, ``--check`` fails on a miss, ``--quick`` takes half an hour of recording.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from napari_mousegpt.io.pose import load_pose

FPS = 30
#: In shorter files what does not grow with them weighs too much; only the numbers are checked.
LEAST_HOURS = 5
KEYPOINTS = [f"point{number}" for number in range(12)]
ANIMALS = ["one", "two"]
COLUMNS = pd.MultiIndex.from_product(
    [["DLC_resnet50"], ANIMALS, KEYPOINTS, ["x", "y", "likelihood"]],
    names=["scorer", "individuals", "bodyparts", "coords"],
)


def _h5py(*names: str) -> Callable[[Path], Any]:
    def read(path: Path) -> list[np.ndarray]:
        with h5py.File(path, "r") as file:
            return [file[name][:] for name in names]

    return read


#: What is read: file name, the other way to read it, limit of the ratios.
KINDS: dict[str, tuple[str, Callable[[Path], Any], float | None]] = {
    "DeepLabCut csv": (
        "dlc.csv", lambda path: pd.read_csv(path, header=[0, 1, 2, 3], index_col=0), 1.3
    ),
    "DeepLabCut h5, table": ("table.h5", _h5py("df_with_missing/table"), 2.0),
    "DeepLabCut h5, fixed": ("fixed.h5", _h5py("df_with_missing/block0_values"), 2.0),
    "SLEAP analysis h5": ("sleap.h5", _h5py("tracks", "point_scores"), None),
    "plain csv": ("plain.csv", pd.read_csv, None),
}  # fmt: skip


def write_files(folder: Path, n: int) -> None:
    """Write the same tracks in every format."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    values = np.cumsum(rng.normal(0, 0.5, (n, len(COLUMNS))), axis=0) % 600
    values[:, 2::3] = rng.beta(20, 1, (n, len(COLUMNS) // 3))
    levels = zip(COLUMNS.names, zip(*COLUMNS, strict=True), strict=True)
    header = [",".join([name, *cells]) for name, cells in levels]
    _write_csv(folder / "dlc.csv", header, {"": np.arange(n)}, values)
    names = [f"{point}_{part}" for _, animal, point, part in COLUMNS if animal == "one"]
    _write_csv(folder / "plain.csv", [",".join(names)], {}, values[:, : len(names)])
    with h5py.File(folder / "sleap.h5", "w") as file:
        points = values.reshape(n, len(ANIMALS), len(KEYPOINTS), 3)
        file["tracks"] = points[..., :2].transpose(1, 3, 2, 0)
        file["point_scores"] = points[..., 2].transpose(1, 2, 0)
        file["node_names"] = np.array(KEYPOINTS, dtype="S")
        file["track_names"] = np.array(ANIMALS, dtype="S")
    frame = pd.DataFrame(values, columns=COLUMNS, copy=False)
    for layout in ("table", "fixed"):
        frame.to_hdf(folder / f"{layout}.h5", key="df_with_missing", format=layout, mode="w")


def _write_csv(
    path: Path, header: list[str], index: dict[str, np.ndarray], values: np.ndarray
) -> None:
    columns = {**index, **{str(number): column for number, column in enumerate(values.T)}}
    with path.open("wb") as file:
        file.write(("\n".join(header) + "\n").encode())
        csv.write_csv(pa.table(columns), file, csv.WriteOptions(include_header=False))


def measure_one(kind: str, ours: bool, folder: Path, small: Path) -> dict[str, float]:
    """Read one file in this process and return seconds and gigabytes."""
    name, other, _ = KINDS[kind]

    def read(path: Path) -> Any:
        return load_pose(path, FPS) if ours else other(path)

    read(small / name)
    wall, cpu = time.perf_counter(), time.process_time()
    found = read(folder / name)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    del found
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"wall": wall, "cpu": cpu, "gb": peak / (1e6 if sys.platform != "darwin" else 1e9)}


def largest_difference(folder: Path) -> float:
    """Return by how much our numbers differ from those of pandas, relatively; NaN if in place."""
    worst = 0.0
    expected = pd.read_csv(folder / "dlc.csv", header=[0, 1, 2, 3], index_col=0).to_numpy()
    for name in ("dlc.csv", "table.h5", "fixed.h5", "sleap.h5"):
        pose = load_pose(folder / name, FPS)
        xy = pose["position"].values.transpose(0, 3, 2, 1)
        score = pose["confidence"].values.transpose(0, 2, 1)[..., None]
        ours = np.concatenate([xy, score], axis=-1).reshape(expected.shape)
        worst = max(worst, float(np.max(np.abs(ours / expected - 1))))
    return worst


def figures(hours: float, rounds: int, folder: Path) -> dict[str, Any]:
    """Write the files, measure and return the figures."""
    large, small = folder / "large", folder / "small"
    n = round(hours * 3600 * FPS)
    write_files(small, 2000)
    # Its memory would count for every process that is started from here.
    _child("--write", str(large), str(n))
    result: dict[str, Any] = {
        "hours": hours, "frames": n, "rounds": rounds, "pandas": pd.__version__,
        "largest_difference": largest_difference(small), "kinds": {},
    }  # fmt: skip
    for kind, (name, _, limit) in KINDS.items():
        least: dict[str, dict[str, float]] = {}
        # The short ones are at the mercy of how fast the system hands out memory.
        for _ in range(rounds if name.endswith("csv") else 2 * rounds + 1):
            for way in ("other", "ours"):
                _touch_memory()
                one = json.loads(_child("--one", kind, way, str(large), str(small)))
                old = least.get(way, one)
                least[way] = {key: min(old[key], one[key]) for key in one}
        result["kinds"][kind] = {
            "file_gb": (large / name).stat().st_size / 1e9,
            **least,
            "cpu_ratio": least["ours"]["cpu"] / least["other"]["cpu"],
            "wall_ratio": least["ours"]["wall"] / least["other"]["wall"],
            "limit": limit,
            "cpu_limit": None if limit is None else max(limit, 1.5),
        }
    return result


def _touch_memory() -> None:
    """Take and give back memory: virtual machines are slow to hand out what nobody has used."""
    # In a process of its own: a child begins with its parent's peak.
    code = "import numpy; numpy.ones(200_000_000)"
    subprocess.run([sys.executable, "-c", code], check=True)


def _child(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, __file__, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


def misses(found: dict[str, Any]) -> list[str]:
    """Return a sentence for every limit that is missed."""
    missed = [
        f"{kind}: {ratio} is {one[ratio]:.2f}, limit {limit:g}"
        for kind, one in found["kinds"].items()
        for ratio, limit in (("wall_ratio", one["limit"]), ("cpu_ratio", one["cpu_limit"]))
        if limit is not None and not one[ratio] <= limit
    ]
    if found["hours"] < LEAST_HOURS:
        missed = []
    if not found["largest_difference"] <= 1e-14:
        missed.append(f"numbers differ from those of pandas by {found['largest_difference']:.1e}")
    return missed


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="half an hour of recording")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--check", action="store_true", help="exit 1 when a limit is missed")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        kind, way, folder, small = arguments.one
        print(json.dumps(measure_one(kind, way == "ours", Path(folder), Path(small))))
        return 0
    if arguments.write:
        write_files(Path(arguments.write[0]), int(arguments.write[1]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        hours = 0.5 if arguments.quick else arguments.hours
        found = figures(hours, arguments.rounds, Path(folder))
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        print(f"{found['hours']:g} h, {found['frames']} rows; s on the clock, CPU s, peak GB")
        for kind, one in found["kinds"].items():
            ours, other = one["ours"], one["other"]
            print(
                f"{kind:21} {one['file_gb']:5.2f} GB   ours {ours['wall']:5.2f} "
                f"{ours['cpu']:5.2f} {ours['gb']:5.2f}   other {other['wall']:5.2f} "
                f"{other['cpu']:5.2f} {other['gb']:5.2f}   ratio {one['wall_ratio']:.2f} "
                f"{one['cpu_ratio']:.2f}" + (f" (limit {one['limit']:g})" if one["limit"] else "")
            )
    missed = misses(found)
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
