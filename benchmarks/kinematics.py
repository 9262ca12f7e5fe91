"""Cost of pose kinematics: ten hours at 30 frames per second, twelve keypoints, three dimensions.

Limits: 30 s of processor time and 1.5 GB peak memory of the whole process, with the making of the
synthetic pose inside. Also: the same measures by plain loops on a short piece, with equal values.

Run ``python benchmarks/kinematics.py``; ``--json`` prints figures, ``--check`` fails on a miss.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.features import kinematics, window_features
from support.loop_kinematics import loop_kinematics
from support.walking_mouse import PARTS, walking_mouse

FPS = 30
KEYPOINTS = (*PARTS, "left_ear", "right_ear", "center")
LIMITS = {"cpu_s": 30.0, "peak_gb": 1.5, "largest_difference": 1e-4}


def figures(hours: float = 10.0, loop_seconds: float = 60.0) -> dict[str, Any]:
    """Measure and return the figures; values are seconds, gigabytes and ratios."""
    begin = time.process_time()
    n = round(hours * 3600 * FPS)
    clock = Timebase.constant(FPS, n)
    pose = make_pose(*_long_pose(n), KEYPOINTS, ("mouse",), clock)
    made = time.process_time()
    features = kinematics(pose, clock)["mouse"]
    measured = time.process_time()
    start = np.arange(0, n - FPS, FPS // 2)
    names, _ = window_features(features, start, start + FPS)
    windowed = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "hours": hours,
        "frames": n,
        "keypoints": len(KEYPOINTS),
        "measures": len(features.names),
        "cpu_s": windowed - begin,
        "cpu_s_pose": made - begin,
        "cpu_s_kinematics": measured - made,
        "cpu_s_windows": windowed - measured,
        "windows": len(start),
        "window_features": len(names),
        "peak_gb": peak / 1e6 if sys.platform != "darwin" else peak / 1e9,
        **_against_loops(loop_seconds),
    }


def _long_pose(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Ten minutes of a walking mouse, laid end to end, with noise and lost points."""
    rng = np.random.default_rng(0)
    piece = walking_mouse(min(600.0, n / FPS), FPS, noise=0.005)
    ears = piece[:, :, [0, 0]] + np.array([[[-0.8, -0.8], [0.5, -0.5], [0.4, 0.4]]])[..., None]
    centre = 0.5 * (piece[:, :, 2:3] + piece[:, :, 3:4])
    piece = np.concatenate([piece, ears, centre], axis=2)
    position = np.empty((n, *piece.shape[1:]))
    for start in range(0, n, len(piece)):
        position[start : start + len(piece)] = piece[: n - start]
    confidence = rng.beta(20, 1, size=(n, len(KEYPOINTS), 1))
    position[rng.integers(0, n, n // 100), :, rng.integers(0, len(KEYPOINTS), n // 100)] = np.nan
    return position, confidence


def _against_loops(seconds: float) -> dict[str, float]:
    xyz = walking_mouse(seconds, FPS, noise=0.005)
    score = np.random.default_rng(1).beta(8, 1, size=(len(xyz), len(PARTS)))
    clock = Timebase.constant(FPS, len(xyz))
    pose = make_pose(xyz, score[..., None], PARTS, ("mouse",), clock)
    begin = time.process_time()
    rows = loop_kinematics(
        {part: xyz[:, :, k, 0].tolist() for k, part in enumerate(PARTS)},
        {part: score[:, k].tolist() for k, part in enumerate(PARTS)},
        FPS,
    )[1]
    by_loops = time.process_time() - begin
    begin = time.process_time()
    features = kinematics(pose, clock)["mouse"]
    vectorised = time.process_time() - begin
    expected = np.array([[row[name] for name in features.names] for row in rows])
    if not np.array_equal(np.isnan(expected), np.isnan(features.values)):
        raise SystemExit("loops and vectors disagree about what was seen")
    difference = np.abs(expected - features.values) / np.maximum(1.0, np.abs(expected))
    return {
        "loop_piece_s": seconds,
        "cpu_s_loops": by_loops,
        "cpu_s_vectorised": vectorised,
        "times_faster_than_loops": by_loops / vectorised,
        "largest_difference": float(np.nanmax(difference)),
    }


def misses(found: dict[str, Any]) -> list[str]:
    """Return a sentence for every limit that is missed."""
    return [
        f"{name} is {found[name]:.3g}, limit {limit:g}"
        for name, limit in LIMITS.items()
        if not found[name] <= limit
    ]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--check", action="store_true", help="exit 1 when a limit is missed")
    arguments = parser.parse_args()
    found = figures(arguments.hours)
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        print(
            f"{found['hours']:g} h, {found['frames']} frames, {found['keypoints']} keypoints, 3-D: "
            f"{found['cpu_s']:.1f} CPU s (pose {found['cpu_s_pose']:.1f}, kinematics "
            f"{found['cpu_s_kinematics']:.1f}, {found['windows']} windows "
            f"{found['cpu_s_windows']:.1f}), peak {found['peak_gb']:.2f} GB\n"
            f"{found['times_faster_than_loops']:.0f} times faster than loops on "
            f"{found['loop_piece_s']:g} s; largest difference {found['largest_difference']:.1e}"
        )
    missed = misses(found)
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
