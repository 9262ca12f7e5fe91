"""What a video model is asked: frames with their times, and a text. Plain arrays, no model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.errors import InputError

__all__ = ["GREY", "Ask", "ClipFrames", "blank_ask"]

#: Brightness of a blank clip. The middle is no brighter or darker than what models expect.
GREY = 128


@dataclass(frozen=True, eq=False)
class ClipFrames:
    """Frames of one clip and where in the clip they stand.

    Parameters
    ----------
    frames : uint8 array (T, H, W, 3)
        The pictures, in order of time. Grey ones, (T, H, W) or (T, H, W, 1), get three equal
        channels.
    indices : int array (T,)
        Frame numbers of the pictures relative to the start of the clip, never falling.
    source_fps : float
        Frames per second of the recording the clip was cut from.
    source_frames : int
        Number of frames of the recording that the clip spans.
    seconds : float
        Duration that the clip spans.

    Raises
    ------
    InputError
        If the frames are not pictures of 8 bits, or do not go with the indices or the times.
    """

    frames: NDArray[np.uint8]
    indices: NDArray[np.int64]
    source_fps: float
    source_frames: int
    seconds: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", _three_channels(self.frames))
        object.__setattr__(self, "indices", _rising(self.indices, len(self.frames)))
        if not (np.isfinite(self.source_fps) and self.source_fps > 0):
            raise InputError("source_fps", expected="a positive number", found=str(self.source_fps))
        if not (np.isfinite(self.seconds) and self.seconds >= 0):
            raise InputError("seconds", expected="no negative number", found=str(self.seconds))
        if self.source_frames <= int(self.indices[-1]):
            raise InputError(
                "source_frames",
                expected=f"more than the last index, {int(self.indices[-1])}",
                found=str(self.source_frames),
                remedy="Indices count from the start of the clip, not of the file.",
            )

    @property
    def n_frames(self) -> int:
        """Number of pictures, T."""
        return len(self.frames)

    def reversed(self) -> ClipFrames:
        """Return the clip with its pictures in the opposite order, at the same times."""
        return replace(self, frames=self.frames[::-1])

    def blank(self) -> ClipFrames:
        """Return a clip of the same size and times that shows nothing but grey."""
        return replace(self, frames=np.full_like(self.frames, GREY))


@dataclass(frozen=True)
class Ask:
    """One question to a model about one or several clips.

    Parameters
    ----------
    clips : tuple of ClipFrames
        Shown in this order, all before ``text``.
    text : str
        What is asked.
    system : str
        The instruction that goes before everything; empty for none.
    captions : tuple of str
        What is said after each clip, such as the words of an example. Empty, or one for each clip.

    Raises
    ------
    InputError
        If there is no clip, or the captions are not as many as the clips.
    """

    clips: tuple[ClipFrames, ...]
    text: str
    system: str = ""
    captions: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.clips:
            raise InputError("ask", expected="at least one clip", found="none")
        if self.captions and len(self.captions) != len(self.clips):
            raise InputError(
                "captions",
                expected=f"one for each of the {len(self.clips)} clips, or none",
                found=str(len(self.captions)),
            )


def blank_ask(ask: Ask) -> Ask:
    """Return the same question about grey clips: what the text alone makes a model answer."""
    return replace(ask, clips=tuple(clip.blank() for clip in ask.clips))


def _three_channels(frames: ArrayLike) -> NDArray[np.uint8]:
    pictures = np.asarray(frames)
    if pictures.dtype != np.uint8:
        raise InputError("frames", expected="dtype uint8", found=f"dtype {pictures.dtype}")
    if pictures.ndim == 3:
        pictures = pictures[..., None]
    if pictures.ndim != 4 or pictures.shape[-1] not in (1, 3) or 0 in pictures.shape:
        raise InputError(
            "frames", expected="shape (T, H, W, 3) or grey (T, H, W)", found=f"{pictures.shape}"
        )
    if pictures.shape[-1] == 1:
        pictures = np.repeat(pictures, 3, axis=-1)
    return pictures


def _rising(indices: ArrayLike, n_frames: int) -> NDArray[np.int64]:
    numbers = np.asarray(indices, dtype=np.int64)
    if numbers.shape != (n_frames,):
        raise InputError("indices", expected=f"shape ({n_frames},)", found=f"{numbers.shape}")
    if numbers[0] < 0 or (np.diff(numbers) < 0).any():
        raise InputError(
            "indices",
            expected="numbers from 0 that never fall",
            found=", ".join(str(number) for number in numbers[:8]),
        )
    return numbers
