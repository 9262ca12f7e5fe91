"""Scrubbing through ten hours: memory, and how long the event loop stands still because of us."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import viewer_recordings
from napari_mousegpt._napari.show import show

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.pace import slowness

#: Milliseconds between two beats of the event loop, and seconds of work between two looks.
BEAT, LOOK = 10, 0.004
#: Milliseconds after which the hand goes on, and rests after it has let go.
PAUSE, REST = 15, 250
DECODING = "napari_mousegpt/io/"
OURS = "napari_mousegpt/"


@dataclass
class Stay:
    """Milliseconds the event loop did not come round, and whose code ran meanwhile.

    ``cpu`` counts the processor time of the main thread by ``"decoding"``, ``"ours"``, ``"viewer"``
    (napari, Qt, drawing) and ``"garbage"`` (Python's collector).
    """

    wall: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    where: dict[str, float] = field(default_factory=dict)


class LoopWatch:
    """Interrupts the main thread every few milliseconds of work to see whose code it runs.

    A signal does it, in the thread itself: looking at its stack from another thread makes PySide6
    lose painters (6.11.3, Python 3.11).
    """

    def __init__(self) -> None:
        self._beat, self._used = time.perf_counter(), time.thread_time()
        self._begun = self._used
        self._now = Stay()
        self.stays: list[Stay] = []

    def start(self) -> None:
        """Begin to look."""
        gc.callbacks.append(self._collecting)
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, LOOK, LOOK)

    def stop(self) -> None:
        """Look no more."""
        gc.callbacks.remove(self._collecting)
        signal.setitimer(signal.ITIMER_PROF, 0)

    def beat(self) -> None:
        """Tell that the event loop came round; called by a timer of the main thread."""
        now = time.perf_counter()
        stay, self._now = self._now, Stay()
        stay.wall = 1000 * (now - self._beat) - BEAT
        self._beat = now
        if stay.wall > 20 or stay.cpu.get("ours", 0.0) > 20:
            self.stays.append(stay)

    def _collecting(self, phase: str, info: dict[str, int]) -> None:
        """Keep what the garbage collector takes apart: it goes through the objects of all."""
        used = time.thread_time()
        if phase == "stop":
            spent = 1000 * (used - self._begun)
            self._now.cpu["garbage"] = self._now.cpu.get("garbage", 0.0) + spent
            # Of the time until the next look this is no part.
            self._used += spent / 1000
        self._begun = used

    def _look(self, number: int, frame: FrameType | None) -> None:
        used = time.thread_time()
        spent, self._used = 1000 * (used - self._used), used
        whose, where = _whose(frame)
        self._now.cpu[whose] = self._now.cpu.get(whose, 0.0) + spent
        if whose == "ours":
            self._now.where[where] = self._now.where.get(where, 0.0) + spent


def _whose(frame: FrameType | None) -> tuple[str, str]:
    """Return whose code runs: decoding anywhere below counts as decoding, else as ours."""
    whose, where = "viewer", ""
    while frame is not None:
        name = frame.f_code.co_filename
        if DECODING in name:
            return "decoding", ""
        if OURS in name and whose == "viewer":
            whose, where = "ours", f"{Path(name).name}:{frame.f_code.co_qualname}"
        frame = frame.f_back
    return whose, where


class Hand:
    """A hand that drags the slider of a viewer about, driven by timers of a real event loop.

    Of ten moves eight are drags of the held slider, of which previews are shown; then it lets go
    and waits for the exact picture; the tenth is made by a script, which gets the exact picture.
    """

    def __init__(self, viewer: Any, moves: int) -> None:
        from qtpy.QtCore import QEventLoop

        self.viewer, self.moves = viewer, moves
        # Not that of the application, whose end would close the window.
        self.loop = QEventLoop()
        self.frames = np.random.default_rng(1).integers(0, viewer.dims.nsteps[0], moves)
        self.done = 0
        self.memory: list[float] = []
        self.resident = 0.0
        self.slider = _slider_of(viewer)

    def move(self) -> None:
        """Make the next move, and ask for the one after it."""
        import psutil
        from qtpy.QtCore import QTimer

        turn, frame = self.done % 10, int(self.frames[self.done])
        if turn == 9:
            self.viewer.dims.set_current_step(0, frame)
        else:
            self.slider.setSliderDown(True)
            self.slider.setSliderPosition(frame)
        if turn == 8:
            self.slider.setSliderDown(False)
        self.done += 1
        held = psutil.Process().memory_info()
        # Pages of programs and libraries are no part of it: they are shared, and dropped at need.
        self.memory.append((held.rss - held.shared) / 2**20)
        self.resident = max(self.resident, held.rss / 2**20)
        if self.done < self.moves:
            QTimer.singleShot(REST if turn == 8 else PAUSE, self.move)
        else:
            QTimer.singleShot(REST, self.loop.quit)


def _slider_of(viewer: Any) -> Any:
    from qtpy.QtWidgets import QApplication, QScrollBar

    return next(
        slider
        for top in QApplication.topLevelWidgets()
        for slider in top.findChildren(QScrollBar)
        if getattr(slider.parentWidget(), "dims", None) is viewer.dims
        and slider.parentWidget().axis == 0
        and slider.parentWidget() in slider.parentWidget().qt_dims.slider_widgets
    )


def measure(hours: float = 10.0, moves: int = 1000) -> dict[str, Any]:
    """Return memory in MB and stays of the event loop in ms over so many random moves."""
    import napari
    from qtpy.QtCore import QCoreApplication, Qt, QTimer

    with tempfile.TemporaryDirectory() as folder:
        # Written and indexed in another process: what that takes is not the viewer's memory.
        path = Path(folder, "long.mp4")
        subprocess.run([sys.executable, viewer_recordings.__file__, path, str(hours)], check=True)
        long = viewer_recordings.from_file(path)
        viewer = napari.Viewer()
        viewer.window.resize(1400, 900)
        show(viewer, long.recording, long.labels)
        for _ in range(5):
            QCoreApplication.processEvents()
        hand, watch, beats = Hand(viewer, moves), LoopWatch(), QTimer()
        beats.setTimerType(Qt.TimerType.PreciseTimer)
        beats.setInterval(BEAT)
        beats.timeout.connect(watch.beat)
        watch.start()
        beats.start()
        pace, begun = [slowness()], time.perf_counter()
        QTimer.singleShot(0, hand.move)
        hand.loop.exec()
        spent = time.perf_counter() - begun
        watch.stop()
        beats.stop()
        pace.append(slowness())
        frames = long.recording.n_frames
        viewer.close()
        long.recording.video.close()  # type: ignore[union-attr]
    return (
        {"frames": frames, "moves": hand.done, "seconds": spent, "resident_peak_mb": hand.resident}
        | {"slowness": float(np.mean(pace))}
        | _memory(hand.memory)
        | _stays(watch.stays)
    )


def _memory(samples: list[float]) -> dict[str, float]:
    half, last = np.array(samples[len(samples) // 2 :]), len(samples) // 10
    # The decoder keeps pictures up to its limit, so the first half is left out of the slope.
    return {
        "memory_start_mb": samples[0],
        "memory_peak_mb": max(samples),
        "memory_growth_mb": float(np.median(half[-last:]) - np.median(half[:last])),
    }


def _stays(stays: list[Stay]) -> dict[str, Any]:
    worst = max(stays, key=lambda stay: stay.cpu.get("ours", 0.0), default=Stay())
    where = max(worst.where, key=lambda name: worst.where[name], default="")
    longest = max(stays, key=lambda stay: stay.wall, default=Stay())
    return {
        "ours_longest_ms": worst.cpu.get("ours", 0.0),
        "ours_longest_where": where,
        "garbage_longest_ms": max((stay.cpu.get("garbage", 0.0) for stay in stays), default=0.0),
        "longest_wall_ms": longest.wall,
        "longest_cpu_ms": longest.cpu,
        "stays_above_100_ms": sum(stay.wall > 100 for stay in stays),
        "of_these_mostly_ours": sum(
            stay.wall > 100 and max(stay.cpu, key=lambda who: stay.cpu[who], default="") == "ours"
            for stay in stays
        ),
    }
