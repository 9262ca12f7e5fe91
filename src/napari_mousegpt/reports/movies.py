"""Movies written picture by picture, whole or not at all.

mp4 is H.264 where the encoder is there, else MPEG-4 part 2; GIF has one palette for all pictures.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.files import replacing
from napari_mousegpt.errors import DependencyError, InputError, OutputExistsError, StorageError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL.Image import Image as PilImage

    from napari_mousegpt.core.recording import Recording

__all__ = ["ENDINGS", "MovieClock", "MoviePart", "check_target", "movie_writer"]

#: What a movie file may be called.
ENDINGS = (".mp4", ".gif")

Picture = NDArray[np.uint8]

#: Pictures looked at to choose the colours of a GIF.
_PALETTE_PICTURES = 24
#: Most colours of a GIF that can be asked for.
_NAMED = 100
#: mpeg4 counts time in at most so many parts of a second.
_FINEST = 65_535
# Few pictures ahead, so that large grids do not fill memory; players want 4:2:0.
_H264 = {"preset": "veryfast", "crf": "20", "x264-params": "rc-lookahead=10:keyint=60"}
_MPEG4 = {"qmin": "2", "qmax": "6", "g": "30"}


@dataclass(frozen=True)
class MoviePart:
    """How far a movie is.

    Parameters
    ----------
    step : str
        What is being done: ``"read"`` or ``"write"``.
    done, total : int
        Pictures that were read or written, of all that there are to read and to write.
    seconds : float
        Time since the part before.
    """

    step: str
    done: int
    total: int
    seconds: float
    resumed: bool = False


@dataclass(frozen=True, eq=False)
class MovieClock:
    """When each picture of a movie is shown.

    Parameters
    ----------
    rate : Fraction
        Pictures per second; of a variable rate the mean.
    stamps : ndarray of int64, optional
        Rising times of the pictures in units of ``unit``; None means a constant rate.
    unit : Fraction
        Seconds.
    """

    rate: Fraction
    stamps: NDArray[np.int64] | None = None
    unit: Fraction = Fraction(1)

    def time(self, number: int) -> Fraction:
        """Return the seconds from the first picture to another one."""
        if self.stamps is None:
            return number / self.rate
        return int(self.stamps[number] - self.stamps[0]) * self.unit

    def tick(self, finest: int) -> Fraction:
        """Return the unit of the times, or the shortest one that is allowed."""
        exact = 1 / self.rate if self.stamps is None else self.unit
        return exact if exact.denominator <= finest else Fraction(1, finest)


def check_target(
    path: str | os.PathLike[str],
    *,
    overwrite: bool,
    endings: Sequence[str] = ENDINGS,
    recordings: Iterable[Recording] = (),
) -> Path:
    """Return where a movie goes.

    Raises
    ------
    InputError
        When its ending is not known, or it would replace a file of the recordings it shows.
    OutputExistsError
        When something is there, and it must not be replaced.
    StorageError
        When its folder is not there.
    """
    target = Path(path)
    if target.suffix.lower() not in endings:
        raise InputError(
            target,
            expected=f"a name ending in {' or '.join(endings)}",
            found=repr(target.suffix) if target.suffix else "no ending",
            remedy="The ending says what kind of movie is written.",
        )
    if target.exists() and not overwrite:
        raise OutputExistsError(
            target,
            expected="a new file",
            found="one that is there already",
            remedy="Choose another name, or replace it: --overwrite (overwrite=True).",
        )
    views = (view for recording in recordings for view in recording.views)
    files = (Path(file) for view in views for file in view.sources.values())
    if target.exists() and any(file.exists() and target.samefile(file) for file in files):
        raise InputError(
            target,
            expected="another file",
            found="one of the recording itself",
            remedy="Choose another name.",
        )
    if not target.parent.is_dir():
        raise StorageError(
            target, expected="a folder to write in", found="none", remedy="Make the folder first."
        )
    return target


@contextmanager
def movie_writer(
    path: str | os.PathLike[str], clock: MovieClock, *, colours: Sequence[str] = ()
) -> Iterator[Callable[[Picture], None]]:
    """Give a function that adds a picture; on leaving without an error the movie is there, whole.

    Parameters
    ----------
    path : path-like
        ``.mp4`` or ``.gif``.
    clock : MovieClock
        When each picture is shown.
    colours : sequence of str
        ``"#rrggbb"`` that a GIF must hold, however rare.

    Yields
    ------
    callable
        Takes RGB pictures, uint8 (Y, X, 3), all of one size. An odd row or column at the edge is
        left out of an mp4.

    Raises
    ------
    InputError
        When no picture was added.
    StorageError
        When the movie cannot be written. Then, and when the ``with`` block is left early, ``path``
        is as it was before.
    """
    target = Path(path)
    with replacing(target) as aside:
        kind = _Gif if target.suffix.lower() == ".gif" else _Mp4
        encoder = kind(aside, clock, colours)
        try:
            yield encoder.add
            encoder.finish()
        finally:
            encoder.close()
        if not encoder.count:
            raise InputError(target, expected="at least one picture", found="none")


class _Encoder:
    """Writes frames of PyAV with their times."""

    container, codec, pix_fmt, finest = "mp4", "libx264", "yuv420p", 1_000_000
    options: Mapping[str, str] = {}

    def __init__(self, path: Path, clock: MovieClock, colours: Sequence[str]) -> None:
        import av

        self._clock, self._colours = clock, tuple(colours)
        self._tick = clock.tick(self.finest)
        self._out = av.open(str(path), "w", format=self.container)
        self._stream: VideoStream | None = None
        self._before = -1
        self.count = 0

    def add(self, picture: Picture) -> None:
        """Write one picture."""
        raise NotImplementedError

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if self._stream is not None:
            self._out.mux(self._stream.encode(None))

    def close(self) -> None:
        """Close the file."""
        self._out.close()

    def _write(self, frame: VideoFrame) -> None:
        if self._stream is None:
            rate = self._clock.rate.limit_denominator(1001)
            self._stream = self._out.add_stream(self.codec, rate=rate, options=dict(self.options))
            self._stream.height, self._stream.width = frame.height, frame.width
            self._stream.pix_fmt = self.pix_fmt
            self._stream.codec_context.time_base = self._tick
        # Times that fall on one tick would be refused: the later one waits for the next.
        wanted = round(self._clock.time(self.count) / self._tick)
        self._before = frame.pts = max(wanted, self._before + 1)
        frame.time_base = self._tick
        self._out.mux(self._stream.encode(frame))
        self.count += 1


class _Mp4(_Encoder):
    def __init__(self, path: Path, clock: MovieClock, colours: Sequence[str]) -> None:
        self.codec, self.options = _best_codec()
        if self.codec == "mpeg4":
            self.finest = _FINEST
        super().__init__(path, clock, colours)

    def add(self, picture: Picture) -> None:
        from av.video.frame import VideoFrame

        height, width = (size // 2 * 2 for size in picture.shape[:2])
        even = np.ascontiguousarray(picture[:height, :width])
        self._write(VideoFrame.from_ndarray(even, format="rgb24"))


class _Gif(_Encoder):
    """Waits for some pictures, which decide upon the 256 colours of all."""

    container, codec, pix_fmt, finest = "gif", "gif", "pal8", 100

    def __init__(self, path: Path, clock: MovieClock, colours: Sequence[str]) -> None:
        super().__init__(path, clock, colours)
        self._early: list[Picture] = []
        self._palette: PilImage | None = None

    def add(self, picture: Picture) -> None:
        if self._palette is not None:
            self._write(self._few_colours(picture, self._palette))
            return
        self._early.append(picture)
        if len(self._early) == _PALETTE_PICTURES:
            self._begin()

    def finish(self) -> None:
        if self._early:
            self._begin()
        super().finish()

    def _begin(self) -> None:
        palette = self._palette = _palette(self._early, self._colours)
        while self._early:
            self._write(self._few_colours(self._early.pop(0), palette))

    @staticmethod
    def _few_colours(picture: Picture, palette: PilImage) -> VideoFrame:
        from av.video.frame import VideoFrame
        from PIL import Image

        found = np.asarray(palette.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
        # The table of the encoder is opacity, red, green, blue.
        table = np.full((256, 4), 255, dtype=np.uint8)
        table[: len(found), 1:] = found
        few = Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE)
        return VideoFrame.from_ndarray((np.asarray(few), table), format="pal8")


def _palette(early: Sequence[Picture], colours: Sequence[str]) -> PilImage:
    """Return an image that holds the 256 colours of a movie.

    They are those that were named, a coarse grid of all colours for pictures that are still to
    come, and for the rest those of the first pictures.
    """
    from PIL import Image, ImageColor

    thinned = [picture[:: 1 + picture.shape[0] // 160, :: 1 + picture.shape[1] // 160]
               for picture in early]  # fmt: skip
    seen = np.concatenate([picture.reshape(-1, 3) for picture in thinned])
    named = [ImageColor.getrgb(name) for name in colours][:_NAMED]
    cube = product(range(0, 256, 85), repeat=3)
    greys = ((level, level, level) for level in range(0, 256, 17))
    kept = np.array(list(dict.fromkeys([*named, *cube, *greys])), dtype=np.uint8)
    most = 256 - len(kept)
    chosen = Image.fromarray(seen[None]).quantize(most, method=Image.Quantize.MEDIANCUT)
    found = np.asarray(chosen.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)[:most]
    both = np.concatenate([kept, found])
    holder = Image.new("P", (1, 1))
    holder.putpalette(both.tobytes())
    return holder


def _best_codec() -> tuple[str, dict[str, str]]:
    """Name and options of the best encoder that this PyAV has."""
    import av

    for name, options in (("libx264", _H264), ("mpeg4", _MPEG4)):
        if name in av.codecs_available:
            return name, options
    raise DependencyError(
        "mp4 movies",
        expected="an encoder for H.264 or MPEG-4 in PyAV",
        found="neither",
        remedy="Install the wheels of PyAV (pip install av), or write a .gif.",
    )
