"""What it costs to paint the timeline: 100,000 bouts and two curves over 1,000,000 frames.

The canvas is painted into a picture of 1600 x 300 pixels, as Qt would paint it on the screen, at
full zoom-out, in the middle and close by. Every repaint shows another stretch, so nothing is kept
from the one before. Then only the current frame moves, as it does in playing. Times are processor
time of the process: medians over many repaints, in the best of three rounds, as neighbours on the
machine only add to them. Limits of time are those of a quiet machine: elsewhere they grow by what a
fixed task takes longer. Memory is what showing the timeline adds to the process beside the tracks
themselves, its peak over all repaints.

    xvfb-run -a python benchmarks/viewer_timeline.py            # a table
    xvfb-run -a python benchmarks/viewer_timeline.py --json     # the same as JSON
    xvfb-run -a python benchmarks/viewer_timeline.py --check    # exit 1 above a limit
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.tracks import BoutTrack, CurveTrack, Track
from napari_mousegpt.core.colours import palette
from napari_mousegpt.core.timebase import Timebase
from support.pace import slowness

#: Seconds that the fixed task takes on the quiet machine.
QUIET_S = 0.00104
#: Most milliseconds of a repaint, of a moved frame, and most megabytes.
LIMITS = {"repaint_ms": 8.0, "frame_ms": 2.0, "memory_mb": 50.0}
BOUTS, FRAMES, SIZE = 100_000, 1_000_000, (1600, 300)
LABELS = ("walking", "still", "turning", "grooming", "running", "rearing", "sniffing", "noise")
#: Frames in view; the closest shows single bouts with their labels.
ZOOMS = {"whole recording": FRAMES - 10, "100,000 frames": 100_000, "2,000 frames": 2_000}
#: A repaint with overview and headings too, as when colours or tracks have changed.
EVERYTHING = "whole recording, all anew"


def long_tracks(bouts: int = BOUTS, frames: int = FRAMES) -> list[Track]:
    """Return tracks of two animals: human, model, clusters and zones, and two curves."""
    rng = np.random.default_rng(0)
    tracks: list[Track] = []
    each = bouts // 8
    for who in ("mouse 1", "mouse 2"):
        for kind in ("human", "model", "cluster", "zone"):
            edges = np.sort(rng.choice(frames, 2 * each, replace=False))
            start, stop = edges[::2], edges[1::2].copy()
            if kind == "human":
                # Some bouts last into the next ones.
                stop[::5] = np.minimum(stop[::5] + 80, frames)
            tracks.append(
                BoutTrack(
                    *(f"{kind}/{who}", kind.capitalize(), kind, who, start, stop),
                    np.array(LABELS, dtype=object)[rng.integers(0, len(LABELS), each)],
                    confidence=rng.random(each),
                    status=np.array(["proposed", "accepted", "rejected"], dtype=object)[
                        rng.choice(3, each, p=(0.7, 0.2, 0.1))
                    ],
                    bout_id=[f"{kind}{who}{i}" for i in range(each)],
                    editable=kind == "human",
                )
            )
    for kind, who in (("confidence", "mouse 1"), ("kinematic", "mouse 2")):
        values = np.abs(np.cumsum(rng.normal(0, 0.01, frames)) % 2 - 1).astype(np.float32)
        tracks.append(CurveTrack(f"{kind}/{who}", kind.capitalize(), kind, who, values))
    return tracks


def measure(repaints: int = 40) -> dict[str, Any]:
    """Return milliseconds for each zoom and for a moved frame, and megabytes.

    Parameters
    ----------
    repaints : int
        How many are painted in each case.
    """
    from qtpy.QtCore import QPoint
    from qtpy.QtGui import QImage, QRegion
    from qtpy.QtWidgets import QApplication

    from napari_mousegpt._napari.timeline.canvas import TimelineCanvas

    application = QApplication.instance() or QApplication([])
    model = TimelineModel(FRAMES, Timebase.constant(30, FRAMES))
    tracks = long_tracks()
    # A canvas of a short recording first, so that fonts and Qt itself are not counted.
    warm = TimelineCanvas(TimelineModel(100, Timebase.constant(30, 100)))
    warm.resize(*SIZE)
    picture = QImage(*SIZE, QImage.Format.Format_RGB32)
    warm.render(picture)
    process, peak = psutil.Process(), 0.0
    gc.collect()
    before = process.memory_info().rss

    canvas = TimelineCanvas(model)
    canvas.resize(*SIZE)
    model.set_colours(palette(LABELS))
    model.set_compact(True)
    model.set_tracks(tracks)
    application.processEvents()
    found: dict[str, Any] = {"repaint_ms": {}, "shown_rows": len(canvas.rows)}
    pace = [_slowness()]

    def render(region: QRegion | None = None) -> None:
        nonlocal peak
        if region is None:
            canvas.render(picture)
        else:
            canvas.render(picture, region.boundingRect().topLeft() - QPoint(0, 0), region)
        peak = max(peak, process.memory_info().rss)

    rng = np.random.default_rng(1)
    begin = time.process_time()
    render()
    found["first_ms"] = 1000 * (time.process_time() - begin)
    for name, span in {EVERYTHING: FRAMES, **ZOOMS}.items():

        def turn(span: int = span) -> None:
            start = rng.uniform(0, FRAMES - span)
            model.set_view(start, start + span)
            if span == FRAMES:
                model.colours_changed.emit()

        found["repaint_ms"][name] = _median(turn, render, repaints)
        pace.append(_slowness())

    model.set_view(400_000, 404_000)
    model.set_frame(400_100)
    render()
    moved: list[QRegion] = []

    def step() -> None:
        frame = model.frame + 1
        before = canvas.current_region()
        model.set_frame(frame)
        moved[:] = [before.united(canvas.current_region())]

    found["frame_ms"] = _median(step, lambda: render(moved[0]), repaints)
    found["memory_mb"] = (peak - before) / 1e6
    pace.append(_slowness())
    found["slowness"] = float(np.mean(pace))
    for widget in (canvas, warm):
        widget.close()
        widget.deleteLater()
    application.processEvents()
    return found


def _slowness() -> float:
    edges = np.sort(np.random.default_rng(0).integers(0, FRAMES, (8, 25_000)))
    columns = np.linspace(0, FRAMES - 1, SIZE[0], dtype=int)

    def task() -> None:
        for row in edges:
            sums = np.add.reduceat(np.diff(row), np.searchsorted(row[1:-1], columns))
            np.stack([np.minimum(sums, 9), np.maximum.accumulate(row[:1600])]).astype(float)
        np.maximum.reduceat(edges.ravel() * 0.5, np.arange(0, edges.size, 125))

    return slowness(time.process_time, task, QUIET_S)


def _median(turn: Callable[[], None], render: Callable[[], None], repaints: int) -> float:
    times = np.empty((3, repaints))
    for i in np.ndindex(times.shape):
        turn()
        begin = time.process_time()
        render()
        times[i] = time.process_time() - begin
    return 1000 * float(np.median(times, axis=1).min())


def too_much(found: dict[str, Any]) -> list[str]:
    """Return what is above its limit."""
    values = {f"repaint, {name}": ms for name, ms in found["repaint_ms"].items()}
    wrong = [
        f"{name}: {ms:.1f} ms is above {LIMITS['repaint_ms']:g} ms"
        for name, ms in values.items()
        if ms > LIMITS["repaint_ms"] * found["slowness"]
    ]
    if found["frame_ms"] > LIMITS["frame_ms"] * found["slowness"]:
        wrong.append(f"moved frame: {found['frame_ms']:.1f} ms is above {LIMITS['frame_ms']:g} ms")
    if found["memory_mb"] > LIMITS["memory_mb"]:
        wrong.append(f"memory: {found['memory_mb']:.0f} MB is above {LIMITS['memory_mb']:g} MB")
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Print the table or JSON; with ``--check`` fail above a limit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--check", action="store_true", help="fail above a limit")
    parser.add_argument("--repaints", type=int, default=40)
    chosen = parser.parse_args(arguments)
    found = measure(chosen.repaints)
    if chosen.json:
        print(json.dumps({"bouts": BOUTS, "frames": FRAMES, "limits": LIMITS, **found}, indent=2))
    else:
        print(f"timeline, {BOUTS:,} bouts and 2 curves over {FRAMES:,} frames, {SIZE} pixels")
        for name, ms in found["repaint_ms"].items():
            print(f"  repaint, {name:26}{ms:>8.2f} ms cpu")
        print(f"  only the frame moves              {found['frame_ms']:>9.2f} ms cpu")
        print(f"  first repaint                     {found['first_ms']:>9.2f} ms cpu")
        print(f"  memory                            {found['memory_mb']:>9.1f} MB")
        print(f"  the machine's slowness            {found['slowness']:>9.2f} x")
    wrong = too_much(found)
    if chosen.check and wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
