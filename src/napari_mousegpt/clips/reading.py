"""Clips of many intervals of one recording: each picture read once, a little ahead of the model."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clips.cameras import Camera
from napari_mousegpt.clips.crops import Window
from napari_mousegpt.clips.passes import Need, read_passes
from napari_mousegpt.clips.sampling import ClipParams, clip_rows
from napari_mousegpt.clips.tiles import tile, tile_side
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.sample_lanes import in_lanes

__all__ = ["Clip", "iter_clips"]

#: Bytes of cut pictures in memory at most, for clips that are not finished or wait for their turn.
_ROOM_BYTES = 256 << 20


@dataclass(frozen=True, eq=False)
class Clip:
    """What a model sees of one interval.

    Parameters
    ----------
    row : int
        Which row of the intervals.
    start, stop : int
        That interval, in frames.
    frames : ndarray of uint8, shape (T, size, size, 3)
        RGB; grey pictures have three equal channels.
    rows : ndarray of int64, shape (T,)
        Frames of the recording that they show.
    seconds : ndarray of float64, shape (T,)
        When these begin, in seconds of the recording.
    source_fps : float
        Frames of the recording per second; of a variable rate, its mean in the interval.
    damaged : bool
        One of the pictures is missing in the file (then the one before it is shown), or may carry
        traces of damage.
    """

    row: int
    start: int
    stop: int
    frames: NDArray[np.uint8]
    rows: NDArray[np.int64]
    seconds: NDArray[np.float64]
    source_fps: float
    damaged: bool


def iter_clips(
    recording: Recording,
    intervals: Intervals,
    params: ClipParams | None = None,
    *,
    ahead: int = 2,
    threads: int = 0,
    least: int = 1,
) -> Iterator[Clip]:
    """Yield the clips of intervals in their order.

    Parameters
    ----------
    recording : Recording
        With a video. Where the clip follows the animal, its pose says where that is; without one
        the shape that differs from the background is followed.
    intervals : Intervals
        Of this recording.
    params : ClipParams, optional
        Which pictures, and what of them.
    ahead : int
        Clips read ahead, by a thread that ends with the iterator; it holds one more in its hands.
        0 reads when asked, without a thread.
    threads : int
        Threads that decode, see :func:`napari_mousegpt.io.video_sampler.sample`.
    least : int
        Pictures that the model needs at least.

    Returns
    -------
    iterator of Clip
        Nothing is read before the first one is asked for. Close it to stop early.

    Raises
    ------
    InputError
        At once: for an interval of another recording, without length, beyond the video or with too
        few pictures; for a camera that is not there.

    Notes
    -----
    Overlapping intervals share pictures: each is decoded once, and cut out once for each animal.
    For this the intervals should begin in order of time, as ``Intervals.sort`` has those of one
    animal; a few may come in any order. Where finished clips would have to wait for others with
    more than 256 MiB, reading starts anew at that interval. Following a shape instead of a pose
    takes each frame once more, small.
    """
    settings = params or ClipParams()
    plans = _plans(recording, intervals, settings, least)
    names = settings.cameras or (recording.primary.name,)
    side = tile_side(len(names), settings.size)
    cameras = [Camera(recording, name, settings.crop, side) for name in names]
    read = partial(_read, recording.timebase, cameras, settings, threads)
    if ahead < 0:
        raise InputError(f"ahead={ahead}", expected="0 or more clips")
    return in_lanes([plans], lambda: nullcontext(read), 1, ahead) if ahead else read(plans)


class _Plan(NamedTuple):
    """One clip to make."""

    row: int
    individual: str
    start: int
    stop: int
    rows: NDArray[np.int64]


@dataclass(eq=False)
class _Started:
    """A clip of which some pictures are there."""

    plan: _Plan
    windows: list[tuple[Window | None, ...]]
    pictures: list[NDArray[np.uint8]] = field(default_factory=list)
    damaged: bool = False


def _plans(
    recording: Recording, intervals: Intervals, params: ClipParams, least: int
) -> list[_Plan]:
    clock = recording.timebase
    plans = []
    for row, (name, individual, start, stop) in enumerate(
        zip(
            intervals.recording, intervals.individual, intervals.start.tolist(),
            intervals.stop.tolist(), strict=True,
        )
    ):  # fmt: skip
        called = f"interval {row}, [{start}, {stop}), of recording {recording.id!r}"
        if name != recording.id:
            raise InputError(
                f"interval {row}",
                expected=f"one of recording {recording.id!r}",
                found=f"one of {name!r}",
                remedy="Open the recording it belongs to.",
            )
        rows = clip_rows(clock, start, stop, params, least=least, name=called)
        plans.append(_Plan(row, individual, start, stop, rows))
    _check_stride(plans, params)
    return plans


def _check_stride(plans: Sequence[_Plan], params: ClipParams) -> None:
    """Refuse a stride that leaves one picture of every interval, when clips were wanted."""
    if params.still or params.frames == 1 or params.stride_s == 0 or not plans:
        return
    if all(len(plan.rows) == 1 < plan.stop - plan.start for plan in plans):
        raise InputError(
            f"stride_s={params.stride_s:g}",
            expected="shorter than the intervals, so that clips have more than one picture",
            found="one picture of each",
            remedy="Give a shorter stride, or 0 to spread the pictures; or ask for one: still.",
        )


def _read(
    clock: Timebase,
    cameras: Sequence[Camera],
    params: ClipParams,
    threads: int,
    plans: Sequence[_Plan],
) -> Iterator[Clip]:
    follows = params.crop is None or params.crop.follow == "animal"
    animals = len({plan.individual for plan in plans})
    needs = (Need(int(plan.rows[0]), int(plan.rows[-1]), len(plan.rows)) for plan in plans)
    room = max(1, _ROOM_BYTES // (3 * params.size**2))
    for part in read_passes(needs, room, animals if follows else 0):
        yield from _pass(clock, cameras, params, threads, plans[part.start : part.stop])


def _pass(
    clock: Timebase,
    cameras: Sequence[Camera],
    params: ClipParams,
    threads: int,
    plans: Sequence[_Plan],
) -> Iterator[Clip]:
    """Read some clips from front to back, each frame once."""
    rows = np.unique(np.concatenate([plan.rows for plan in plans])).tolist()
    waiting = deque(sorted(range(len(plans)), key=lambda number: int(plans[number].rows[0])))
    started: dict[int, _Started] = {}
    takers: defaultdict[int, list[_Started]] = defaultdict(list)
    due = 0
    with ExitStack() as stack:
        readers = [stack.enter_context(camera.reading(rows, threads)) for camera in cameras]
        for row in rows:
            while waiting and plans[waiting[0]].rows[0] == row:
                number = waiting.popleft()
                started[number] = _start(plans[number], cameras)
                for later in plans[number].rows.tolist():
                    takers[later].append(started[number])
            shown = [read(row) for read in readers]
            damaged = any(found is not None and found.damaged for found in shown)
            made: dict[tuple[Window | None, ...], NDArray[np.uint8]] = {}
            for clip in takers.pop(row):
                windows = clip.windows[len(clip.pictures)]
                if windows not in made:
                    cut = [
                        None if found is None else camera.cut(found, window)
                        for camera, found, window in zip(cameras, shown, windows, strict=True)
                    ]
                    made[windows] = _joined(cut, params.size)
                clip.pictures.append(made[windows])
                clip.damaged |= damaged
            while due in started and len(started[due].pictures) == len(plans[due].rows):
                yield _finished(started.pop(due), clock)
                due += 1


def _start(plan: _Plan, cameras: Sequence[Camera]) -> _Started:
    windows = [camera.windows(plan.individual, plan.rows, plan.start) for camera in cameras]
    return _Started(plan, list(zip(*windows, strict=True)))


def _joined(pictures: list[NDArray[np.uint8] | None], side: int) -> NDArray[np.uint8]:
    if len(pictures) == 1 and pictures[0] is not None:
        return pictures[0]
    return tile(pictures, side)


def _finished(clip: _Started, clock: Timebase) -> Clip:
    plan = clip.plan
    lasts = clock.time(plan.stop) - clock.time(plan.start)
    return Clip(
        plan.row,
        plan.start,
        plan.stop,
        np.stack(clip.pictures),
        plan.rows,
        clock.time(plan.rows),
        clock.fps if clock.is_constant else (plan.stop - plan.start) / lasts,
        clip.damaged,
    )
