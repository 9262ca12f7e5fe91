"""How much a slider step costs with pose and labels, against the step with the video alone.

100,000 frames of 12 keypoints, over real pictures (the example video, repeated). Every case is
shown in one window and stepped in turn, round after round, so that the load of the machine falls
on all of them alike. A ratio is the median over the rounds; only ratios mean something on another
machine. The check goes by processor time of the whole process (drawing and decoding threads are in
it), as waiting times on a busy machine say little; both are printed.

    xvfb-run -a python benchmarks/slider.py            # a table
    xvfb-run -a python benchmarks/slider.py --json     # the same as JSON
    xvfb-run -a python benchmarks/slider.py --check    # exit 1 when the ratio is above 1.3
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from napari_mousegpt._napari.corner_text import OVERLAY
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.io.video import VideoReader

#: Most a step with the pose and label layers may cost, as a multiple of the video alone.
LIMIT = 1.3
VIDEO = Path(__file__).parents[1] / "examples" / "data" / "openfield.mp4"
FRAMES, KEYPOINTS = 100_000, 12
NAMES = (
    "nose", "left_ear", "right_ear", "neck", "left_shoulder", "right_shoulder", "center",
    "left_hindpaw", "right_hindpaw", "tail_base", "tail_mid", "tail_tip",
)  # fmt: skip
NAIVE = "whole pose in one Points layer"
#: Layers that are visible in each case beside the video, and whether the corner text is.
CASES: dict[str, tuple[str, ...]] = {
    "video": (),
    "pose": ("pose",),
    "pose + labels": ("pose", "labels"),
    "pose + labels, corner text": ("pose", "labels", "corner"),
    "pose + labels + clusters": ("pose", "labels", "clusters", "corner"),
    "all, with skeleton": ("pose", "labels", "clusters", "skeleton", "corner"),
    NAIVE: ("whole",),
}


class Repeated:
    """A video, repeated until it has so many frames."""

    def __init__(self, video: VideoReader, n_frames: int) -> None:
        self._video = video
        self.shape = (n_frames, *video.shape[1:])
        self.dtype, self.ndim = video.dtype, video.ndim
        self.size = int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        first, *rest = key if isinstance(key, tuple) else (key,)
        index = np.arange(len(self))[first] % len(self._video)
        rows = self._video[index.tolist() if np.ndim(index) else int(index)]
        return rows[(slice(None), *rest)] if np.ndim(index) else rows[tuple(rest)]


def long_recording(frames: int) -> tuple[Recording, Ethogram, Ethogram]:
    """Return a recording of so many frames with made-up pose, labels and clusters."""
    rng = np.random.default_rng(0)
    clock = Timebase.constant(30, frames)
    middle = 240 + 100 * np.sin(np.arange(frames) / 200)
    position = middle[:, None, None, None] + rng.normal(0, 30, (frames, 2, KEYPOINTS, 1))
    pose = make_pose(position, np.full((frames, KEYPOINTS, 1), 0.9), NAMES, ["m1"], clock)
    video = Repeated(VideoReader(VIDEO), frames)
    recording = Recording("long", (View("main", clock, video=video, pose=pose),))
    behaviours = np.array(["still", "walking", "rearing", "grooming"])
    groups = np.array(["walking, head up", "slow turn", "moving in place"])
    labels = Ethogram.from_frames(
        behaviours[np.arange(frames) // 45 % 4], "long", "m1", source="model"
    )
    clusters = Ethogram.from_frames(
        groups[np.arange(frames) // 70 % 3], "long", "m1", source="cluster"
    )
    return recording, labels, clusters


def measure(frames: int = FRAMES, rounds: int = 12, steps: int = 25) -> dict[str, dict[str, float]]:
    """Return the step of each case in ms, its ratio to the video alone, and its rows."""
    import napari
    from qtpy.QtWidgets import QApplication

    viewer = napari.Viewer()
    viewer.window.resize(1400, 900)
    recording, labels, clusters = long_recording(frames)
    show(viewer, recording, labels, clusters)
    rows = np.nonzero(np.isfinite(recording.pose["position"].values[:, 0, :, 0]))
    xy = recording.pose["position"].values[..., 0]
    whole = np.column_stack([rows[0], xy[rows[0], 1, rows[1]], xy[rows[0], 0, rows[1]]])
    pose = viewer.layers["pose"]
    viewer.add_points(
        whole, name="whole", size=6, scale=pose.scale, units=pose.units,
        axis_labels=pose.axis_labels, visible=False,
    )  # fmt: skip
    viewer.layers.selection = {viewer.layers["long"]}
    state, times = state_of(viewer), {name: [] for name in CASES}
    app = QApplication.instance()
    for turn in range(rounds):
        for name, visible in CASES.items():
            for layer in list(viewer.layers)[1:]:
                layer.visible = layer.name in visible
            viewer.canvas.overlays[OVERLAY].visible = "corner" in visible
            # Away from frames that another case has left in the cache of the decoder.
            start = 1000 + 7919 * turn
            state.go_to("long", start)
            for _ in range(3):
                app.processEvents()
            wall, processor = [], []
            for step in range(1, (5 if name == NAIVE else steps) + 1):
                begun, used = time.perf_counter(), time.process_time()
                viewer.dims.set_current_step(0, start + step)
                app.processEvents()
                wall.append(time.perf_counter() - begun)
                processor.append(time.process_time() - used)
            times[name].append((np.median(wall), np.mean(processor)))
    counts = {layer.name: len(layer.data) for layer in list(viewer.layers)[1:]}
    viewer.close()
    alone = np.array(times["video"])
    found = {}
    for name, values in times.items():
        ratio = np.median(np.array(values) / alone, axis=0)
        ms = 1000 * np.median(np.array(values), axis=0)
        found[name] = {
            "wall_ms": float(ms[0]),
            "wall_ratio": float(ratio[0]),
            "cpu_ms": float(ms[1]),
            "cpu_ratio": float(ratio[1]),
            "rows": sum(counts.get(layer, 0) for layer in CASES[name]),
        }
    return found


def main(arguments: list[str] | None = None) -> int:
    """Print the table or JSON; with ``--check`` fail above the limit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--check", action="store_true", help=f"fail above {LIMIT}")
    parser.add_argument("--frames", type=int, default=FRAMES)
    chosen = parser.parse_args(arguments)
    found = measure(chosen.frames)
    ratio = found["pose + labels"]["cpu_ratio"]
    if chosen.json:
        print(json.dumps({"frames": chosen.frames, "limit": LIMIT, "cases": found}, indent=2))
    else:
        print(f"slider step, {chosen.frames} frames x {KEYPOINTS} keypoints, 640 x 480 video")
        print(f"{'':34}{'wall':>9}{'ratio':>8}{'cpu':>12}{'ratio':>8}{'rows':>12}")
        for name, values in found.items():
            print(
                f"  {name:32}{values['wall_ms']:>6.1f} ms{values['wall_ratio']:>8.2f}"
                f"{values['cpu_ms']:>9.1f} ms{values['cpu_ratio']:>8.2f}{values['rows']:>12,}"
            )
    if chosen.check and ratio > LIMIT:
        print(f"pose + labels: x {ratio:.2f} is above the limit of {LIMIT}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
