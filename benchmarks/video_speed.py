"""Processor time of our video reader against OpenCV, decord2 and the ``ffmpeg`` program.

Every comparison is run in turns, ours and theirs, and a ratio is the median over the turns: above 1
means that ours takes less. Processor time counts all threads of the process, or of the child.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_mousegpt.io.video import VideoReader
from napari_mousegpt.io.video_decoder import Decoder
from napari_mousegpt.io.video_sampler import sample
from video_files import GROUP, RATE, arena_clip, long_clip, repeat_clip

SIZE = 224
#: Pictures of the encoded piece that the main clip repeats.
_PIECE = 2 * GROUP


@dataclass(frozen=True)
class Figure:
    """One measured number and what it has to reach; ``value`` is None where it was left out."""

    name: str
    value: float | None
    unit: str = "x"
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def missed(self) -> bool:
        """Whether it was measured and does not reach its limit."""
        if self.value is None:
            return False
        low = self.at_least is not None and not self.value >= self.at_least
        return low or (self.at_most is not None and not self.value <= self.at_most)


def library(name: str) -> Any:
    """Return a module, or None where it is not installed."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def _processor_s(job: Callable[..., object], *given: object) -> float:
    begin = time.process_time()
    job(*given)
    return time.process_time() - begin


def _turns(ours: Callable[[int], object], theirs: Callable[[int], object], turns: int) -> float:
    """Return the median over the turns of their processor time as a multiple of ours."""
    ratios = []
    for turn in range(turns):
        pair = [(ours, 0), (theirs, 1)]
        took = [0.0, 0.0]
        for job, which in pair[:: 1 if turn % 2 else -1]:
            took[which] = _processor_s(job, turn)
        ratios.append(took[1] / took[0])
    return float(np.median(ratios))


def main_clip(folder: Path, repeats: int = 36) -> Path:
    """Write the clip that time is measured on: 640 x 480, groups of 250, 18,000 pictures."""
    piece = arena_clip(folder / "piece.mp4", _PIECE)
    return repeat_clip(piece, folder / "main.mp4", repeats)


class _OpenCV:
    """Pictures by frame number as OpenCV gives them, with its cheapest calls."""

    def __init__(self, cv2: Any, path: Path) -> None:
        self.cv2 = cv2
        self.capture = cv2.VideoCapture(str(path))
        self.next = 0

    def picture(self, row: int) -> Any:
        """Return a picture; the one that is next is read without a seek."""
        if row != self.next:
            self.capture.set(self.cv2.CAP_PROP_POS_FRAMES, row)
        good, picture = self.capture.read()
        if not good:
            raise SystemExit(f"OpenCV gives no frame {row}")
        self.next = row + 1
        return picture

    def small(self, picture: Any) -> Any:
        """Return a picture in the size a model wants, RGB."""
        height, width = picture.shape[:2]
        scale = SIZE / min(height, width)
        size = round(width * scale), round(height * scale)
        shrunk = self.cv2.resize(picture, size, interpolation=self.cv2.INTER_AREA)
        return self.cv2.cvtColor(shrunk, self.cv2.COLOR_BGR2RGB)


def _visit(picture: Callable[[int], object], rows: list[int]) -> None:
    for row in rows:
        picture(row)  # and let go of it, as a viewer does


@contextmanager
def _both(cv2: Any, path: Path) -> Iterator[tuple[VideoReader, _OpenCV]]:
    reader, other = VideoReader(path), _OpenCV(cv2, path)
    try:
        yield reader, other
    finally:
        reader.close()
        other.capture.release()


def _ways(n: int, steps: int, turn: int) -> dict[str, list[int]]:
    """Return the rows each way of looking visits; another stretch in every turn."""
    rng = np.random.default_rng(turn)
    middle = n // 3 + 977 * turn
    return {
        "back by 1": [middle - step for step in range(steps)],
        "back by 5": [middle - 5 * step for step in range(steps)],
        "forward by 5": [middle + 5 * step for step in range(steps)],
        "forward by 1": [middle + step for step in range(10 * steps)],
        "random": rng.choice(n, steps // 2, replace=False).tolist(),
    }


_STEPS_AT_LEAST = {
    "back by 1": 10.0,
    "back by 5": 5.0,
    "forward by 5": 15.0,
    "forward by 1": 1.0,
    "random": 1.0,
}


def against_opencv(path: Path, *, steps: int, turns: int, thorough: bool) -> Iterator[Figure]:
    """Yield the ratios of looking at single frames and of reading everything."""
    names = [*_STEPS_AT_LEAST, "random, 224 px", "sequential RGB"]
    cv2 = library("cv2")
    if cv2 is None:
        yield from (_left_out(f"{name} / OpenCV", "opencv-python-headless") for name in names)
        return
    n = len(VideoReader(path))
    _same_pictures(cv2, path, n)
    for name, least in _STEPS_AT_LEAST.items():
        ratios = []
        for turn in range(turns):
            rows = _ways(n, steps, turn)[name]
            with _both(cv2, path) as (reader, other):
                if name.startswith("forward"):  # both stand where the way begins
                    reader[rows[0] - 1], other.picture(rows[0] - 1)
                mine = _processor_s(_visit, reader.__getitem__, rows)
                theirs = _processor_s(_visit, other.picture, rows)
                ratios.append(theirs / mine)
        yield Figure(f"{name} / OpenCV", float(np.median(ratios)), at_least=least)
    with _both(cv2, path) as (reader, other):
        ways = [_ways(n, steps, turn)["random"] for turn in range(turns)]
        ratio = _turns(
            lambda turn: _visit(lambda row: reader.clip([row], SIZE), ways[turn]),
            lambda turn: _visit(lambda row: other.small(other.picture(row)), ways[turn]),
            turns,
        )
        yield Figure("random, 224 px / OpenCV", ratio, at_least=1.4)
    with _both(cv2, path) as (reader, other):
        count = GROUP * (1 + 20 * steps // GROUP)

        def through(turn: int) -> None:
            for _ in reader.iter_frames(turn * count, (turn + 1) * count):
                pass

        def read(turn: int, colour: int | None = None) -> None:
            other.picture(turn * count)
            for _ in range(count - 1):
                picture = other.capture.read()[1]
                if colour is not None:
                    cv2.cvtColor(picture, colour)
            other.next = (turn + 1) * count

        swapped = _turns(through, lambda turn: read(turn, cv2.COLOR_BGR2RGB), turns)
        yield Figure("sequential RGB / OpenCV", swapped, at_least=1.25)
        if thorough:
            yield Figure("sequential RGB / OpenCV left in BGR", _turns(through, read, turns))


def _same_pictures(cv2: Any, path: Path, n: int) -> None:
    """Fail unless both give the same pictures: a ratio between wrong ones says nothing."""
    with _both(cv2, path) as (reader, other):
        for row in (0, n // 2 + 3, n - 1):
            theirs = other.picture(row)[..., ::-1].astype(int)
            if np.abs(theirs - reader[row]).mean() > 2:
                raise SystemExit(f"OpenCV and ours differ at frame {row}")


def clip_rows(first: int, stop: int) -> list[list[int]]:
    """Return eight rows of each window of 1.5 s."""
    window = round(1.5 * RATE)
    inside = np.linspace(0, window - 1, 8).round().astype(int)
    return [(start + inside).tolist() for start in range(first, stop - window + 1, window)]


def clip_sampling(path: Path, *, count: int, turns: int, thorough: bool) -> Iterator[Figure]:
    """Yield the ratios of sampling clips for a model, 8 frames of each 1.5 s at 224 px."""
    cv2, decord = library("cv2"), library("decord")
    reader = VideoReader(path)
    # Stretches begin at key frames, so that nobody has to decode what lies before.
    places = [clip_rows(turn * count, (turn + 1) * count) for turn in range(turns)]
    rng = np.random.default_rng(3)
    starts = [np.sort(rng.choice(len(reader) - 45, 16, replace=False)) for _ in range(turns)]
    scattered = [[clip_rows(at, at + 45)[0] for at in some] for some in starts]

    def ours(windows: list[list[int]]) -> None:
        for _ in sample(reader, sorted({row for rows in windows for row in rows}), SIZE):
            pass

    if cv2 is None:
        for name in ("reading all", "grab and retrieve", "reading all, scattered"):
            yield _left_out(f"clips / OpenCV, {name}", "opencv-python-headless")
    else:
        other = _OpenCV(cv2, path)

        def read_all(windows: list[list[int]]) -> None:
            for rows in windows:
                for row in range(rows[0], rows[-1] + 1):
                    picture = other.picture(row)
                    if row in rows:
                        other.small(picture)

        def grab(windows: list[list[int]]) -> None:
            for rows in windows:
                if rows[0] != other.next:
                    other.capture.set(cv2.CAP_PROP_POS_FRAMES, rows[0])
                for row in range(rows[0], rows[-1] + 1):
                    other.capture.grab()
                    if row in rows:
                        other.small(other.capture.retrieve()[1])
                other.next = rows[-1] + 1

        ways = (
            ("reading all", read_all, places, 1.8),
            ("grab and retrieve", grab, places, None),
            ("reading all, scattered", read_all, scattered, None),
        )
        for name, theirs, windows, least in ways if thorough else ways[:1]:
            ratio = _turns(
                lambda turn: ours(windows[turn]),  # noqa: B023
                lambda turn: theirs(windows[turn]),  # noqa: B023
                turns,
            )
            yield Figure(f"clips / OpenCV, {name}", ratio, at_least=least)
    if decord is None:
        yield _left_out("clips / decord2", "decord2")
        return
    ratios = []
    for windows in places:
        # While a reader of decord2 is open its threads spin: ours must not pay for that. With one
        # thread it takes least.
        batch = decord.VideoReader(str(path), width=299, height=SIZE, num_threads=1)
        begin = time.process_time()
        for rows in windows:
            batch.get_batch(rows)
        theirs = time.process_time() - begin
        del batch
        ratios.append(theirs / _processor_s(ours, windows))
    yield Figure("clips / decord2", float(np.median(ratios)), at_least=1.5)


def whole_file(path: Path, *, turns: int) -> Iterator[Figure]:
    """Yield the cost of the index, and of plain decoding against the ``ffmpeg`` program."""
    n = len(VideoReader(path))
    piece = path.with_name("piece.mp4")
    shares, ratios = [], []
    program = shutil.which("ffmpeg")
    for _ in range(turns):
        with _fresh_cache(path.parent):
            opening = _processor_s(lambda: VideoReader(path))
        reader = VideoReader(piece)
        run = Decoder(reader._index, threads=1)
        took = _processor_s(lambda run=run: [None for _ in run.pictures(range(_PIECE))])  # type: ignore[misc]
        shares.append(100 * opening / (took * n / _PIECE))
        if program:
            before = _child_s()
            plain = [program, "-v", "error", "-threads", "1", "-i", str(piece)]
            subprocess.run([*plain, "-f", "null", "-"], check=True)
            ratios.append(took / (_child_s() - before))
    note = f"{n} frames; decoding of {_PIECE} scaled, as the rest repeats them"
    yield Figure("index of a full decode", float(np.median(shares)), "%", at_most=3, note=note)
    name = "sequential decode as a multiple of ffmpeg -threads 1"
    if program:
        yield Figure(name, float(np.median(ratios)), at_most=1.1)
    else:
        yield _left_out(name, "the ffmpeg program")


def _child_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _fresh_cache(folder: Path) -> Iterator[None]:
    """Let an index be made as if the file had never been seen."""
    before = os.environ.get("NAPARI_MOUSEGPT_CACHE")
    empty = folder / f"cache{time.monotonic_ns()}"
    os.environ["NAPARI_MOUSEGPT_CACHE"] = str(empty)
    try:
        yield
    finally:
        if before is None:
            del os.environ["NAPARI_MOUSEGPT_CACHE"]
        else:
            os.environ["NAPARI_MOUSEGPT_CACHE"] = before
        shutil.rmtree(empty, ignore_errors=True)


def long_index(folder: Path, hours: float) -> Iterator[Figure]:
    """Yield how long a long file takes to open, for the first time and from then on."""
    path = long_clip(folder / "long.mp4", hours)
    minute_ago = time.time() - 60
    os.utime(path, (minute_ago, minute_ago))  # the list of a file still being written is not kept
    waits = []
    for _ in range(4):
        begin = time.perf_counter()
        VideoReader(path).close()
        waits.append(time.perf_counter() - begin)
    path.unlink()
    scale = 10 / hours
    note = "" if hours == 10 else f"measured on {hours:g} h, times {scale:g}"
    yield Figure("first opening of 10 h", waits[0] * scale, "s", note=note)
    yield Figure(
        "opening 10 h again", float(np.median(waits[1:])) * scale, "s", at_most=0.3, note=note
    )


_MEMORY = """
import sys
import numpy as np
import napari_mousegpt.io.video as video
def resident(word):
    with open("/proc/self/status") as lines:
        return next(int(l.split()[1]) / 1024 for l in lines if l.startswith(word))
video.VideoReader  # the libraries are loaded: what follows is the reader's own
before = resident("VmRSS")
reader = video.VideoReader(sys.argv[1])
for row in np.random.default_rng(0).integers(0, len(reader), int(sys.argv[2])):
    reader[row]
print(resident("VmHWM") - before - reader.cached_bytes / 2**20, reader.cached_bytes / 2**20)
"""


def memory(path: Path, *, requests: int) -> Figure:
    """Return the peak memory of a reader less its full cache, from a process of its own."""
    name = "memory of a reader without its cache"
    if not Path("/proc/self/status").exists():
        return _left_out(name, "/proc (Linux)")
    command = [sys.executable, "-c", _MEMORY, str(path), str(requests)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Figure(
        name, float(out[0]), "MB", at_most=100, note=f"with {float(out[1]):.0f} MB of pictures kept"
    )


def _left_out(name: str, lacking: str) -> Figure:
    return Figure(name, None, note=f"{lacking} is not here")
