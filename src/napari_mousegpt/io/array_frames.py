"""Pictures that are already an array: NumPy, dask, zarr, or a layer of another program."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import InputError

__all__ = ["ArrayFrames"]


class ArrayFrames:
    """A lazy array as a source of pictures: what is asked for, and only that, is computed.

    Parameters
    ----------
    array : array, shape (T, Y, X) or (T, Y, X, 3), uint8
        Anything with a shape, a dtype and indexing.

    Raises
    ------
    InputError
        When it has another shape or type.
    """

    def __init__(self, array: Any) -> None:
        shape = tuple(int(n) for n in getattr(array, "shape", ()))
        dtype = np.dtype(getattr(array, "dtype", object))
        if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 3):
            raise InputError(
                "pictures",
                expected="a path, or an array of shape (time, y, x) or (time, y, x, 3)",
                found=f"shape {shape}" if shape else type(array).__name__,
                remedy="Give the whole stack of pictures; drop an alpha channel with [..., :3].",
            )
        if dtype != np.uint8:
            raise InputError(
                "pictures",
                expected="uint8 values from 0 to 255",
                found=str(dtype),
                remedy='Scale them first, for example (array / array.max() * 255).astype("uint8").',
            )
        self._array = array
        self.shape = shape
        self.dtype = dtype

    @property
    def ndim(self) -> int:
        """Number of axes, 3 or 4."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        """Return the chosen pictures as a NumPy array."""
        return np.asarray(self._array[key])
