"""Pictures as a dask array, for those who want one; the program itself reads without dask.

Images of a sequence are read by dask-image where it gives the very same pictures, everything else
by the source itself. dask-image is never used for videos: it opens the file anew for each chunk and
gives wrong pictures at variable rates.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.recording import FrameSource
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.image_folder import ImageFolder
from napari_mousegpt.io.image_names import matches

__all__ = ["as_dask"]

#: Bytes of one chunk: few tasks for long videos, and a picture is still read quickly.
_CHUNK_BYTES = 16 << 20


def as_dask(source: FrameSource, *, frames_per_chunk: int | None = None) -> Any:
    """Return pictures as a dask array.

    Parameters
    ----------
    source : FrameSource
        A video, a stack, a folder of images, an array.
    frames_per_chunk : int, optional
        By default as many pictures as fit 16 MiB. An image sequence that dask-image reads has one.

    Returns
    -------
    dask.array.Array, shape (T, Y, X) or (T, Y, X, 3), uint8
        Chunks reach over whole pictures. They are read from a source of their own, so that the one
        given may be closed.

    Raises
    ------
    InputError
        For fewer than one frame in a chunk.
    """
    import dask.array as da

    if frames_per_chunk is not None and frames_per_chunk < 1:
        raise InputError(f"frames_per_chunk={frames_per_chunk}", expected="1 or more")
    if isinstance(source, ImageFolder) and frames_per_chunk in (None, 1):
        array = _by_dask_image(source)
        if array is not None:
            return array
    per_picture = max(1, int(np.prod(source.shape[1:])))
    n = frames_per_chunk or max(1, _CHUNK_BYTES // per_picture)
    own = source.reopen() if hasattr(source, "reopen") else source
    # The source has a lock of its own; its name is new each time, since a file may change.
    return da.from_array(
        own,
        chunks=(min(n, max(1, len(source))), *source.shape[1:]),
        name=False,
        asarray=True,
        lock=False,
        meta=np.empty((0,) * source.ndim, dtype=np.uint8),
    )


def _by_dask_image(folder: ImageFolder) -> Any | None:
    """Return the images through dask-image; None where it would not give the same pictures."""
    pattern = folder.pattern
    if pattern is None or sorted(map(os.path.abspath, matches(pattern))) != sorted(folder.paths):
        return None
    if folder.damaged.any() or folder.scale.policy != "stored":
        return None
    from dask_image.imread import imread

    with warnings.catch_warnings():
        # PIMS, beneath it, still calls scikit-image by a way that will go.
        warnings.simplefilter("ignore", FutureWarning)
        # More than one image in a chunk would give the first of them only (dask-image 2026.5).
        array = imread(pattern, nframes=1)
        if array.shape != folder.shape or array.dtype != folder.dtype:
            return None
        # Its order and its reader are not ours: the ends and the middle tell whether they agree.
        for row in sorted({0, len(folder) // 2, len(folder) - 1}):
            if not np.array_equal(_computed(array[row]), folder[row]):
                return None
    return array


def _computed(picture: Any) -> NDArray[Any]:
    return np.asarray(picture.compute(scheduler="synchronous"))
