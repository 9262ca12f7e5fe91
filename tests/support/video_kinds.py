"""Eighteen kinds of video files that readers stumble over, painted with their frame numbers.

The kinds are those that part readers of behaviour videos from each other: B-frames, open groups,
variable rates, stamps that lie, edit lists, files cut short, damaged packets. What is right is
known from the painting, not from any reader. PyAV writes all of them; no ``ffmpeg`` is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from support.painted import cut_by_copy, damage, truncate, write_clip, x264

RATE = Fraction(30)
_B = ":b-pyramid=normal"
_MJPEG = {"codec": "mjpeg", "pix_fmt": "yuvj420p"}
_MPEG4 = {"codec": "mpeg4", "options": {"bf": "2", "g": "24", "b": "2000000"}}
#: Part of the bytes that a file cut short keeps.
_KEPT = 0.61


@dataclass(frozen=True)
class KindOfFile:
    """One file and the truth about it.

    Parameters
    ----------
    path : Path
    numbers : tuple of int
        Painted into the pictures that lie in the file whole, in order of presentation.
    begun : tuple of int
        The same with the picture that the end of the file cuts through; else as ``numbers``.
    walk_from : int
        Row to walk backwards from: where the file is hard.
    """

    path: Path
    numbers: tuple[int, ...]
    begun: tuple[int, ...]
    walk_from: int

    def is_right(self, row: int, number: int) -> bool:
        """Return whether a painted number belongs to a row."""
        return any(row < len(held) and held[row] == number for held in (self.numbers, self.begun))

    def requests(self) -> list[int]:
        """Return 62 rows to ask for: 30 random ones, 30 walking backwards, the last, the first."""
        n = len(self.numbers)
        random = np.random.default_rng(0).integers(0, n, 30).tolist()
        back = [max(0, self.walk_from - step) for step in range(30)]
        return [*random, *back, n - 1, 0]


def _plain(
    path: Path, part: float, *, count: int, uneven: bool = False, **recipe: Any
) -> KindOfFile:
    n = round(count * part)
    if uneven:
        steps = np.random.default_rng(1).integers(20, 60, n)
        recipe.update(ticks=np.cumsum(steps).tolist(), tick=Fraction(1, 1000))
    write_clip(path, range(n), **recipe)
    return _whole(path, tuple(range(n)))


def _whole(path: Path, numbers: tuple[int, ...]) -> KindOfFile:
    return KindOfFile(path, numbers, numbers, 2 * len(numbers) // 3)


def _edit_list(path: Path, part: float, *, bframes: int) -> KindOfFile:
    n, hidden = round(1000 * part), round(100 * part) + 7
    source = write_clip(_beside(path, "uncut"), range(n), options=x264(30, bframes, _B))
    cut_by_copy(source, path, hidden)
    source.unlink()
    return _whole(path, tuple(range(hidden, n)))


def _cut_short(path: Path, part: float, **recipe: Any) -> KindOfFile:
    n = round(3000 * part)
    source = write_clip(_beside(path, "uncut"), range(n), **recipe)
    size = truncate(source, path, _KEPT).stat().st_size
    with av.open(str(source)) as container:
        table = [(p.pos, p.size, p.pts) for p in container.demux(video=0) if p.size]
    source.unlink()
    number = {pts: place for place, pts in enumerate(sorted(pts for *_, pts in table))}
    whole = tuple(sorted(number[pts] for at, long, pts in table if at + long <= size))
    begun = tuple(sorted(number[pts] for at, _, pts in table if at < size))
    return KindOfFile(path, whole, begun, len(whole) - 1)


def _damaged(path: Path, part: float) -> KindOfFile:
    """Wipe one P-frame and put noise into another, early in a long group each."""
    n = round(3000 * part)
    group = 75
    wipe, noise = n // 4 // group * group + 9, 3 * n // 4 // group * group + 17
    source = write_clip(_beside(path, "sound"), range(n), options=x264(group, 3, _B))
    wiped = _beside(path, "wiped")
    (row,) = damage(source, wiped, [wipe], "zeros")
    damage(wiped, path, [noise], "noise")
    source.unlink()
    wiped.unlink()
    return KindOfFile(path, tuple(range(n)), tuple(range(n)), row + 55)


def _beside(path: Path, word: str) -> Path:
    return path.with_name(f"{path.stem}_{word}{path.suffix}")


_H264 = {"options": x264()}
_FAST_START = {**_H264, "container_options": {"movflags": "faststart"}}
_FRAGMENTED = {**_H264, "container_options": {"movflags": "frag_keyframe+empty_moov"}}
_MAKERS: tuple[tuple[str, Callable[..., KindOfFile], dict[str, Any]], ...] = (
    ("mp4 no B", _plain, {"count": 3000, "options": x264(250, 0)}),
    ("mp4 B", _plain, {"count": 3000, "options": x264(30, 3, _B)}),
    ("mp4 open groups", _plain, {"count": 1500, "options": x264(24, 3, ":open-gop=1")}),
    ("mp4 variable rate", _plain, {"count": 1500, "uneven": True, **_H264}),
    ("mkv variable rate", _plain, {"count": 1500, "uneven": True, "suffix": "mkv", **_H264}),
    ("avi MJPEG", _plain, {"count": 3000, "suffix": "avi", **_MJPEG}),
    ("avi MPEG-4 B", _plain, {"count": 1500, "suffix": "avi", **_MPEG4}),
    ("avi H264 B", _plain, {"count": 3000, "suffix": "avi", "options": x264(30, 3, _B)}),
    ("ts H264", _plain, {"count": 3000, "suffix": "ts", **_H264}),
    ("mp4 edit list", _edit_list, {"bframes": 0}),
    ("mp4 edit list B", _edit_list, {"bframes": 3}),
    ("mp4 fast-start cut short", _cut_short, _FAST_START),
    ("mkv cut short", _cut_short, {"suffix": "mkv", **_H264}),
    ("avi MJPEG cut short", _cut_short, {"suffix": "avi", **_MJPEG}),
    ("mp4 fragmented cut short", _cut_short, _FRAGMENTED),
    ("mp4 damaged packets", _damaged, {}),
    ("mp4 rotation tag", _plain, {"count": 3000, "rotation": 90, **_H264}),
    ("raw H264", _plain, {"count": 1500, "suffix": "h264", **_H264}),
)
#: Names of all kinds, in the order of the table in docs/performance.md.
KINDS = tuple(name for name, *_ in _MAKERS)


def make_kind(name: str, folder: Path, part: float = 1.0) -> KindOfFile:
    """Write one kind of file.

    Parameters
    ----------
    name : str
        One of ``KINDS``.
    folder : Path
        Where to; it exists.
    part : float
        Length of the file, 1 for 1,000 to 3,000 pictures.
    """
    maker, recipe = next((maker, dict(made)) for known, maker, made in _MAKERS if known == name)
    suffix = recipe.pop("suffix", "mp4")
    return maker(folder / f"{name.replace(' ', '_')}.{suffix}", part, **recipe)
