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
#: Files up to this size are looked through as a whole; blocks below are not worth leaving out.
_LARGE, _BLOCK = 1 << 22, 1 << 16
#: Groups and datasets that are asked for their blocks.
_MOST_OBJECTS = 2000


def refuse_endless_heaps(path: Path) -> None:
    """Raise where a heap of texts cannot be walked through.

    Raises
    ------
    OSError
        When a heap is damaged so that the library would not come to its end.
    """
    if path.stat().st_size == 0:
        return
    numbers = _number_blocks(path) if path.stat().st_size > _LARGE else []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        begin = 0
        for start, stop in [*numbers, (len(data), len(data))]:
            place = data.find(_SIGNATURE, begin, start + len(_SIGNATURE) - 1)
            while place >= 0:
                if place + _HEADER <= len(data) and data[place + 4] == 1:
                    _walk(data, place)
                place = data.find(_SIGNATURE, place + 4, start + len(_SIGNATURE) - 1)
            begin = max(begin, stop)


def _number_blocks(path: Path) -> list[tuple[int, int]]:
    """Return where large blocks of plain numbers lie, sorted: no heap is looked for in them.

    They are nearly all of a large file, and looking through them would cost more than reading it.
    Where the file does not tell them in short, there are none, and everything is looked through.
    """
    import h5py

    found: list[tuple[int, int]] = []
    seen = 0

    def visit(_: str, item: object) -> bool | None:
        nonlocal seen
        seen += 1
        if isinstance(item, h5py.Dataset) and not item.dtype.hasobject:
            if item.chunks is None:
                offset = item.id.get_offset()
                if offset is not None:
                    found.append((offset, offset + item.id.get_storage_size()))
            else:
                item.id.chunk_iter(
                    lambda chunk: found.append((chunk.byte_offset, chunk.byte_offset + chunk.size))
                )
        return True if seen >= _MOST_OBJECTS else None

    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError):
        return []  # damaged: look through everything
    return sorted(block for block in found if block[1] - block[0] >= _BLOCK)


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
