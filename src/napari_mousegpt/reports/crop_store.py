"""Clips of one page of a grid movie, packed, so that a page takes little memory."""

from __future__ import annotations

import io
import tempfile
import threading
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["CropStore"]

#: Bytes kept in memory; more goes to a file that vanishes with the store.
_IN_MEMORY = 24 << 20
#: Of JPEG without thinned colours: no difference is seen behind the video codec.
_QUALITY = 92


class CropStore:
    """Keeps small pictures by cell and number. Any thread may use it."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed below
        self._places: dict[tuple[int, int], tuple[int, int]] = {}
        self._end = 0
        self._lock = threading.Lock()

    def put(self, cell: int, frame: int, picture: NDArray[np.uint8]) -> None:
        """Keep a picture, uint8 (side, side, 3)."""
        from PIL import Image

        packed = io.BytesIO()
        Image.fromarray(picture).save(packed, "JPEG", quality=_QUALITY, subsampling=0)
        data = packed.getbuffer()
        with self._lock:
            self._file.seek(self._end)
            self._file.write(data)
            self._places[cell, frame] = (self._end, len(data))
            self._end += len(data)

    def get(self, cell: int, frame: int) -> NDArray[np.uint8] | None:
        """Return a picture, None if it is not there (yet)."""
        from PIL import Image

        with self._lock:
            place = self._places.get((cell, frame))
            if place is None:
                return None
            self._file.seek(place[0])
            data = self._file.read(place[1])
        return np.asarray(Image.open(io.BytesIO(data)))

    def close(self) -> None:
        """Drop all pictures; then none is there."""
        with self._lock:
            self._places.clear()
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
