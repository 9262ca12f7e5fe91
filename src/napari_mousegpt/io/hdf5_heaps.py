"""A look at HDF5 files before the library reads them: some damage makes it go round for ever.

Texts of variable length lie in heaps. The library (seen with HDF5 2.0.0) walks through a heap by
the sizes of its objects and does not end at an object of size zero, which damage can leave.
Layout after "HDF5 File Format Specification", version 3.0, III.E.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

__all__ = ["refuse_endless_heaps"]

_SIGNATURE, _HEADER = b"GCOL", 16


def refuse_endless_heaps(path: Path) -> None:
    """Raise where a heap of texts cannot be walked through.

    Raises
    ------
    OSError
        When a heap is damaged so that the library would not come to its end.
    """
    if path.stat().st_size == 0:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        place = data.find(_SIGNATURE)
        while place >= 0:
            if place + _HEADER <= len(data) and data[place + 4] == 1:
                _walk(data, place)
            place = data.find(_SIGNATURE, place + 4)


def _walk(data: mmap.mmap, begin: int) -> None:
    (length,) = struct.unpack_from("<Q", data, begin + 8)
    place, stop = begin + _HEADER, min(begin + length, len(data))
    while place + _HEADER <= stop:
        index, _, _, size = struct.unpack_from("<HHIQ", data, place)
        if index == 0:
            if size < _HEADER:
                raise OSError(f"a damaged heap of texts at byte {begin}")
            place += size
        else:
            place += _HEADER + size + (-size % 8)
