"""What a step of the slider costs with pose and labels, against the video alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from napari_mousegpt._napari.corner_text import OVERLAY
from napari_mousegpt._napari.motion_layers import show_heading, show_trail
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from viewer_recordings import Long, clusters_of, long_recording

LENGTHS = (1_000, 10_000, 100_000, 1_000_000)
#: Length at which the price of every further layer is taken, and that in a small window.
EXTRAS_AT = 10_000
#: A screen that most have, and a small one: the layers cost the same, drawing the video less.
SCREEN, SMALL = (1920, 1080), (1280, 800)
DEFAULT = "pose + labels"
NAIVE = "whole pose in one Points layer"
#: Layers that are visible beside the video; "corner" is the text in the corner of the canvas.
EXTRAS: dict[str, tuple[str, ...]] = {
    "pose": ("pose",),
    "labels": ("labels",),
    "pose + labels + corner text": ("pose", "labels", "corner"),
    "pose + labels + clusters": ("pose", "labels", "clusters"),
    "pose + labels + skeleton": ("pose", "labels", "skeleton"),
    "pose + labels + trail": ("pose", "labels", "trail"),
    "pose + labels + heading": ("pose", "labels", "heading"),
    NAIVE: ("whole",),
}


def measure(
    lengths: tuple[int, ...] = LENGTHS, rounds: int = 6, steps: int = 25
) -> dict[str, dict[str, dict[str, float]]]:
    """Return wall and CPU ms and ratios of each case at each length.

    Two windows of one process are stepped in turn through the same frames, each with its own
    decoder: one holds the video alone, the other what :func:`show` makes of pose and labels. The
    processor time is that of the whole process: drawing and decoding threads are in it. A round
    goes on where the last one ended, so that the windows of rows are filled again on the way, as
    often as for a user. Of each case the least of the rounds is taken, which other programs on the
    machine disturbed least.
    """
    found = {f"{length:,} frames": _one_length(length, rounds, steps) for length in lengths}
    if EXTRAS_AT in lengths:
        name = f"{EXTRAS_AT:,} frames, window of {SMALL[0]} x {SMALL[1]}"
        found[name] = _one_length(EXTRAS_AT, rounds, steps, SMALL)
    return found


def _one_length(
    length: int, rounds: int, steps: int, size: tuple[int, int] = SCREEN
) -> dict[str, dict[str, float]]:
    alone, full = _window(size), _window(size)
    bare, long = long_recording(length, pose=False), long_recording(length)
    show(alone, bare.recording)
    show(full, long.recording, long.labels)
    names = [DEFAULT]
    usual = tuple(layer.name for layer in full.layers if layer.visible)
    if length == EXTRAS_AT and size == SCREEN:
        names += list(EXTRAS)
        _add_extras(full, long)
    for viewer in (alone, full):
        viewer.layers.selection = {viewer.layers["long"]}
    taken: dict[str, list[tuple[float, float]]] = {"video": []} | {name: [] for name in names}
    first = min(length // 3, 5000)
    for turn in range(rounds):
        start = first + steps * turn
        taken["video"].append(_walk(alone, start, steps))
        for place, name in enumerate(names):
            chosen = (*EXTRAS[name], "long") if name in EXTRAS else usual
            for layer in full.layers:
                layer.visible = layer.name in chosen
            full.canvas.overlays[OVERLAY].visible = "corner" in chosen
            # Each case has frames of its own, as those of another would be in the decoder's cache.
            begin = start if name == DEFAULT else start + 300 * place
            taken[name].append(_walk(full, begin, 5 if name == NAIVE else steps))
    rows = {layer.name: len(layer.data) for layer in full.layers if layer.name != "long"}
    shown = {name: EXTRAS.get(name, usual) for name in names} | {"video": ()}
    for viewer in (alone, full):
        viewer.close()
    base = np.min(np.array(taken["video"]), axis=0)
    found = {}
    for name, values in taken.items():
        wall, cpu = 1000 * np.min(np.array(values), axis=0)
        found[name] = {
            "wall_ms": float(wall),
            "wall_ratio": float(wall / base[0] / 1000),
            "cpu_ms": float(cpu),
            "cpu_ratio": float(cpu / base[1] / 1000),
            "rows": sum(rows.get(layer, 0) for layer in shown[name]),
        }
    return found


def _window(size: tuple[int, int]) -> Any:
    import napari

    viewer = napari.Viewer()
    viewer.window.resize(*size)
    return viewer


def _add_extras(viewer: Any, long: Long) -> None:
    """Add clusters, skeleton, trail, heading, and the whole pose as other programs show it."""
    show(viewer, long.recording, clusters_of(long.recording))
    show_trail(viewer)
    show_heading(viewer)
    pose = viewer.layers["pose"]
    xy = long.recording.pose["position"].values
    frame, keypoint, animal = (index.ravel() for index in np.indices(xy[:, 0].shape))
    yx = [xy[frame, axis, keypoint, animal] for axis in (1, 0)]
    viewer.add_points(
        np.column_stack([frame, *yx]), name="whole", size=6, scale=pose.scale, units=pose.units,
        axis_labels=pose.axis_labels, visible=False,
    )  # fmt: skip


def _walk(viewer: Any, start: int, steps: int) -> tuple[float, float]:
    """Step on, frame by frame; return seconds of clock and of processor per step."""
    from qtpy.QtWidgets import QApplication

    events: Callable[[], None] = QApplication.processEvents
    state_of(viewer).go_to("long", start)
    for _ in range(3):
        events()
    begun, used = time.perf_counter(), time.process_time()
    for step in range(1, steps + 1):
        viewer.dims.set_current_step(0, start + step)
        events()
    return (time.perf_counter() - begun) / steps, (time.process_time() - used) / steps
