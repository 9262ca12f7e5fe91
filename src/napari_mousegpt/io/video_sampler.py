"""Pictures of chosen frames for a model: rising, small, with as little decoding as can be.

Each group of pictures is read once, groups that nobody wants are jumped over, pictures that nobody
wants and no other picture needs are not decoded, nothing is decoded behind the last wanted row of a
run, and pictures are shrunk in the decoder's own format. What comes out equals the frames of
:class:`~napari_mousegpt.io.video.VideoReader` to the last bit.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import InputError
from napari_mousegpt.io.frame_key import frame_number
from napari_mousegpt.io.pictures import open_pictures
from napari_mousegpt.io.sample_lanes import in_lanes
from napari_mousegpt.io.video import VideoReader
from napari_mousegpt.io.video_cache import Converter
from napari_mousegpt.io.video_frames import FrameStore

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from napari_mousegpt.core.recording import FrameSource
    from napari_mousegpt.core.timebase import Timebase

__all__ = ["Box", "Sampled", "sample"]

#: (x, y, width, height) in pixels of the stored picture.
Box = tuple[int, int, int, int]

_MOST_THREADS = 4
# Wanted rows a thread takes at once, so that short groups are not a job each.
_JOB_ROWS = 16
# Pictures that wait for whoever takes them, over all threads.
_AHEAD_BYTES = 64 << 20
# Decoded pictures kept to find the one before a missing row.
_KEPT_BYTES = 16 << 20


class Sampled(NamedTuple):
    """One picture that was asked for.

    Parameters
    ----------
    row : int
        Frame number.
    seconds : float
        When the frame begins, by the clock of the source; NaN if it has none.
    picture : ndarray of uint8, shape (height, width, 3)
        RGB; grey pictures have three equal channels.
    damaged : bool
        The frame is missing (then it shows the picture before it) or may carry traces of damage.
    """

    row: int
    seconds: float
    picture: NDArray[np.uint8]
    damaged: bool


def sample(
    source: VideoReader | FrameSource | str | os.PathLike[str],
    rows: Iterable[int],
    size: int | tuple[int, int] | None = None,
    *,
    threads: int = 0,
    crop: Box | Callable[[int], Box] | None = None,
) -> Iterator[Sampled]:
    """Yield the pictures of chosen frames in rising order.

    Parameters
    ----------
    source : VideoReader, FrameSource, str or Path
        A video, which gets decoders of its own beside the reader's; or any other source of
        pictures, which is indexed picture by picture. A path is opened by
        :func:`~napari_mousegpt.io.pictures.open_pictures`.
    rows : iterable of int
        Frames in any order; repeats are left out, negative ones count from the end.
    size : int or (int, int), optional
        Pixels of the shorter side, where the aspect is kept; or height and width. The stored size
        (or that of the box) if left out. Shrinking averages over areas.
    threads : int
        Threads that decode different groups of one video, each with one decoder; 0 takes up to
        four. They read ahead by 64 MiB of finished pictures, or by one each. The result is the
        same for any number.
    crop : (x, y, width, height) or callable from row to such a box, optional
        What to take from each stored picture before it is shrunk.

    Yields
    ------
    Sampled

    Raises
    ------
    IndexError
        For a frame outside the source, before anything is read.
    InputError
        For a size or a number of threads below what makes sense, or a box that does not lie within
        the picture.

    Notes
    -----
    Decoding that ends in damage is done again with all pictures of the group. A damaged picture
    that is left out, since no other needs it, does no harm and may pass unseen. Where frames are
    counted from key frames (a note of the file says so), it stays unknown which picture of a group
    is missing: those that came before it was noticed are flagged in the reader only.
    """
    if threads < 0:
        raise InputError(f"threads {threads}", expected="0 (as many as help) or more")
    if size is not None and min(size if isinstance(size, tuple) else (size,)) < 1:
        raise InputError(f"sample size {size}", expected="1 pixel or more")
    if isinstance(source, str | os.PathLike):
        own = open_pictures(source)
        parts = _sample(own, _rising(rows, len(own)), size, threads, crop)
        return _closing(own, parts) if isinstance(own, VideoReader) else parts
    return _sample(source, _rising(rows, len(source)), size, threads, crop)


def _rising(rows: Iterable[int], n_rows: int) -> list[int]:
    return sorted({frame_number(int(row), n_rows) for row in rows})


def _closing(reader: VideoReader, parts: Iterator[Sampled]) -> Iterator[Sampled]:
    with closing(reader):
        yield from parts


def _sample(
    source: VideoReader | FrameSource,
    rows: list[int],
    size: int | tuple[int, int] | None,
    threads: int,
    crop: Box | Callable[[int], Box] | None,
) -> Iterator[Sampled]:
    height, width = source.shape[1:3]
    box = crop if callable(crop) or crop is None else lambda _row: crop
    clock: Timebase | None = getattr(source, "timebase", None)

    def shrinker() -> _Shrinker:
        return _Shrinker(height, width, size, box)

    if not isinstance(source, VideoReader):
        yield from _from_pictures(source, rows, shrinker(), clock)
        return
    store = source._store
    store.refuse_if_closed()
    jobs = list(_jobs(rows, store.index.key_rows))
    workers = threads or min(_MOST_THREADS, os.cpu_count() or 1)
    workers = 1 if store.hardware else min(workers, len(jobs))

    @contextmanager
    def open_one() -> Iterator[Callable[[Sequence[int]], Iterator[Sampled]]]:
        decoding = 1 if workers > 1 else threads
        known = store.missing, store.damaged  # what is found out here, the reader knows
        own = FrameStore(store.index, *known, _KEPT_BYTES, decoding, store.hardware)
        shrink = shrinker()

        def read(job: Sequence[int]) -> Iterator[Sampled]:
            for row, picture in _from_store(own, job, shrink):
                yield Sampled(row, source.timebase.time(row), picture, bool(own.damaged[row]))

        try:
            yield read
        finally:
            own.close()

    if workers > 1:
        room = max(1, _AHEAD_BYTES // (3 * int(np.prod(shrinker().shape_of(rows[0])))))
        yield from in_lanes(jobs, open_one, workers, room)
    elif rows:
        with open_one() as read:
            yield from read(rows)


def _jobs(rows: list[int], key_rows: NDArray[np.int64]) -> Iterator[list[int]]:
    """Split rising rows between groups of pictures, into parts of some length."""
    groups = np.searchsorted(key_rows, rows, side="right")
    edges = [*(np.flatnonzero(np.diff(groups)) + 1).tolist(), len(rows)]
    start = 0
    for edge in edges:
        if edge - start >= _JOB_ROWS or (edge == len(rows) and edge > start):
            yield rows[start:edge]
            start = edge


def _from_store(
    store: FrameStore, rows: Sequence[int], shrink: _Shrinker
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the pictures of rising rows; for a missing one the nearest before it, or else after."""
    wanted, todo = frozenset(rows), list(rows)
    near, frame = -1, None  # the last picture that came, and its row
    while todo:
        with closing(_decoded(store, todo)) as events:
            for row, came in events:
                if came is not None:
                    near, frame = row, came
                elif row not in wanted:
                    continue
                elif frame is None or not store.missing[near + 1 : row].all():
                    break  # a nearer picture, which nobody asked for, may stand for this one
                if row in wanted:
                    yield row, shrink(row, frame)
            else:
                return
        near, frame = store.shown(row)
        yield row, shrink(row, frame)
        # From here to the end of the group all rows are read, so that no other one is looked for.
        dense = range(row + 1, min(store.index.group(row).stop, rows[-1] + 1))
        todo = sorted({*dense, *(later for later in rows if later > row)})


def _decoded(
    store: FrameStore, rows: list[int]
) -> Generator[tuple[int, VideoFrame | None], None, None]:
    """Yield rising rows with their pictures, None for a missing one."""
    gone = deque(row for row in rows if store.missing[row])
    for row, frame in store.decode([row for row in rows if not store.missing[row]]):
        while gone and gone[0] < row:
            yield gone.popleft(), None
        yield row, frame
    yield from ((row, None) for row in gone)


def _from_pictures(
    source: FrameSource, rows: list[int], shrink: _Shrinker, clock: Timebase | None
) -> Iterator[Sampled]:
    """Yield pictures of a source that is no video, one index after the other."""
    for row in rows:
        picture = np.asarray(source[row])
        seconds = float("nan") if clock is None else clock.time(row)
        damaged = getattr(source, "damaged", None)  # known once the picture was read
        flag = damaged is not None and bool(damaged[row])
        yield Sampled(row, seconds, shrink.array(row, picture), damaged=flag)


class _Shrinker:
    """Turns pictures of one source into RGB arrays of the size that is wanted.

    Not thread-safe: one for each thread.
    """

    def __init__(
        self,
        height: int,
        width: int,
        size: int | tuple[int, int] | None,
        box: Callable[[int], Box] | None,
    ) -> None:
        self._height, self._width = height, width
        self._size, self._box = size, box
        self._converters: dict[tuple[int, int, bool], Converter] = {}

    def shape_of(self, row: int) -> tuple[int, int]:
        """Return height and width of the array of a row."""
        if self._box is None:
            return self._wanted(self._height, self._width)
        _, _, width, height = self._checked_box(row, self._box)
        return self._wanted(height, width)

    def __call__(self, row: int, frame: VideoFrame) -> NDArray[np.uint8]:
        """Return a decoded picture as an array (height, width, 3)."""
        if self._box is None:
            return self._convert(frame, *self._wanted(self._height, self._width))
        return self.array(row, self._convert(frame, self._height, self._width))

    def array(self, row: int, picture: NDArray[Any]) -> NDArray[np.uint8]:
        """Return a picture that is an array already in the box and size that are wanted."""
        from av.video.frame import VideoFrame

        if picture.dtype != np.uint8:
            raise InputError(
                f"picture {row}",
                expected="uint8 values from 0 to 255",
                found=str(picture.dtype),
                remedy="Scale them first.",
            )
        if picture.ndim == 2:
            picture = np.repeat(picture[..., None], 3, axis=2)
        if self._box is not None:
            x, y, width, height = self._checked_box(row, self._box)
            picture = picture[y : y + height, x : x + width]
        wanted = self._wanted(*picture.shape[:2])
        if picture.shape[:2] == wanted:
            return np.array(picture, dtype=np.uint8)
        return self._convert(
            VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24"), *wanted
        )

    def _checked_box(self, row: int, box: Callable[[int], Box]) -> Box:
        x, y, width, height = box(row)
        if not (0 <= x < x + width <= self._width and 0 <= y < y + height <= self._height):
            raise InputError(
                f"box of frame {row}",
                expected=f"(x, y, width, height) within {self._width} x {self._height} pixels",
                found=str((x, y, width, height)),
                remedy="Shift it, or cut it to the picture.",
            )
        return x, y, width, height

    def _wanted(self, height: int, width: int) -> tuple[int, int]:
        if self._size is None:
            return height, width
        if isinstance(self._size, tuple):
            return self._size
        short = min(height, width)
        return max(1, round(height * self._size / short)), max(1, round(width * self._size / short))

    def _convert(self, frame: VideoFrame, height: int, width: int) -> NDArray[np.uint8]:
        grey = frame.format.name.startswith("gray")
        key = height, width, grey
        if key not in self._converters:
            self._converters[key] = Converter(width, height, grey=grey)
        array = self._converters[key](frame)
        return np.repeat(array[..., None], 3, axis=2) if grey else array
