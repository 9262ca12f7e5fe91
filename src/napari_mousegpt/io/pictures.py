"""One door to recordings: videos, TIFF stacks, and folders, patterns or lists of images."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mousegpt.errors import InputError
from napari_mousegpt.io.image_names import IMAGE_SUFFIXES, TIFF_SUFFIXES, find_images, is_pattern

if TYPE_CHECKING:
    from napari_mousegpt.io.image_folder import ImageFolder
    from napari_mousegpt.io.image_stack import ImageStack
    from napari_mousegpt.io.video import VideoReader

    PathInput = str | os.PathLike[str]

__all__ = ["is_pictures", "open_pictures"]


def is_pictures(given: Any) -> bool:
    """Return whether something names images rather than a video file; looks at no file's content.

    Parameters
    ----------
    given : object
        A path, a pattern, a folder, or a list of paths.
    """
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        return path.is_dir() or is_pattern(given) or path.suffix.lower() in IMAGE_SUFFIXES
    return (
        isinstance(given, list | tuple)
        and bool(given)
        and all(isinstance(item, str | os.PathLike) for item in given)
    )


def open_pictures(
    given: PathInput | Sequence[PathInput],
    *,
    fps: float | str | Fraction | None = None,
    cache_bytes: int = 256 << 20,
    need_rate: bool = True,
    limits: tuple[float, float] | None = None,
    series: int | None = None,
    axes: str | None = None,
    planes: Mapping[str, int] | None = None,
) -> VideoReader | ImageStack | ImageFolder:
    """Open whatever holds the pictures of a recording.

    Parameters
    ----------
    given : path, folder, pattern or sequence of paths
        A video file; a TIFF stack; or single images: a folder, a pattern such as
        ``"frames/*.png"`` or a list, taken in natural order (frame2 before frame10).
    fps : float, str or Fraction, optional
        Frames per second. Needed for single images, and for stacks that state none; replaces the
        rate of a stack. A video keeps its own clock.
    cache_bytes : int
        Memory for pictures that were read.
    need_rate : bool
        Refuse pictures without a frame rate; else their ``timebase`` is None.
    limits : (low, high), optional
        Values shown as 0 and 255, for images and stacks.
    series, axes, planes
        For TIFF stacks, see :class:`napari_mousegpt.io.image_stack.ImageStack`.

    Returns
    -------
    VideoReader, ImageStack or ImageFolder
        All are indexed in the same way.

    Raises
    ------
    InputError
        When there is nothing to open, or something has to be given: a rate, which axis is time.
    FormatError
        When a file is not what it should be.
    """
    if not is_pictures(given):
        from napari_mousegpt.io.video import VideoReader

        if not isinstance(given, str | os.PathLike):
            raise InputError(
                "pictures", expected="a path or a list of paths", found=type(given).__name__
            )
        return VideoReader(given, cache_bytes=cache_bytes)
    source: ImageStack | ImageFolder
    stack = _stack(given)
    if stack is not None:
        from napari_mousegpt.io.image_stack import ImageStack

        source = ImageStack(
            stack,
            fps=fps,
            series=series,
            axes=axes,
            planes=planes,
            limits=limits,
            cache_bytes=cache_bytes,
        )
    else:
        from napari_mousegpt.io.image_folder import ImageFolder

        for name, value in (("series", series), ("axes", axes), ("planes", planes)):
            if value is not None:
                raise InputError(f"{name}={value!r}", expected="a TIFF stack", found=_called(given))
        source = ImageFolder(given, fps=fps, limits=limits, cache_bytes=cache_bytes)
    if need_rate and source.timebase is None:
        source.close()
        raise InputError(
            _called(given),
            expected="their frame rate, since nothing in these pictures states it",
            found="none",
            remedy="Give fps=..., the rate of the camera.",
        )
    return source


def _stack(given: PathInput | Sequence[PathInput]) -> str | None:
    """Return the path of the TIFF stack that is meant, None for a sequence of images."""
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        if not path.is_dir() and not is_pattern(given):
            if path.suffix.lower() in TIFF_SUFFIXES:
                return os.fspath(given)
            raise InputError(
                given,
                expected="a recording",
                found="one image" if path.is_file() else "no such file",
                remedy='Give the folder of the images, or a pattern such as "frames/*.png".',
            )
    found = find_images(given).paths
    if len(found) == 1 and Path(found[0]).suffix.lower() in TIFF_SUFFIXES:
        return found[0]
    return None


def _called(given: Any) -> str:
    return os.fspath(given) if isinstance(given, str | os.PathLike) else f"list of {len(given)}"
