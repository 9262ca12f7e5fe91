"""MATLAB files of version 5 to 7: numbers and words, read element by element.

scipy reads the same arrays, but a damaged file of 1 kB made its reader crash the interpreter, and
a few bytes can claim arrays of terabytes or nest a hundred thousand deep. Here every element lies
inside the one that holds it, an array has no more cells than bytes, and depth is bounded.

Layout after "MAT-File Format", MathWorks, R2019b.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Leaves", "read_five"]

Leaves = dict[str, NDArray[Any]]
_MATRIX, _COMPRESSED = 14, 15
_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CELL, _STRUCT, _CHAR, _NUMBERS = 1, 2, 4, range(6, 16)
#: Largest size of an unpacked file in bytes, and depth of structures.
_BYTES, _DEPTH = 1 << 29, 24
#: Most elements of a structure array, and of a file.
_RECORDS, _ELEMENTS = 1000, 2_000_000


@dataclass(frozen=True)
class _Element:
    kind: int
    data: memoryview


class _Reader:
    """Reads one file; ``count`` is the number of elements so far."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.count = 0

    def elements(self, data: memoryview) -> Iterator[_Element]:
        """Yield the elements that lie one behind the other."""
        place = 0
        while place + 8 <= len(data):
            self.count += 1
            if self.count > _ELEMENTS:
                raise ValueError(f"more than {_ELEMENTS} elements")
            kind, length = struct.unpack_from(f"{self.order}II", data, place)
            if kind >> 16:  # a small element: kind, length and content in eight bytes
                kind, length = kind & 0xFFFF, kind >> 16
                if length > 4:
                    raise ValueError(f"a small element of {length} bytes")
                yield _Element(kind, data[place + 4 : place + 4 + length])
                place += 8
                continue
            if place + 8 + length > len(data):
                left = len(data) - place - 8
                raise ValueError(f"an element of {length} bytes where {left} are left")
            yield _Element(kind, data[place + 8 : place + 8 + length])
            place += 8 + length + (0 if kind == _COMPRESSED else -length % 8)

    def matrix(self, data: memoryview, name: str, leaves: Leaves, depth: int) -> None:
        """Add the arrays of one matrix, which may be a structure, under their dotted names."""
        if depth > _DEPTH:
            raise ValueError(f"structures nested more than {_DEPTH} deep")
        parts = self.elements(data)
        kind = self._class(parts)
        if kind is None:
            return
        dims = self._dims(next(parts), len(data))
        said = bytes(next(parts).data).decode("latin-1")
        name = name or said
        if kind == _STRUCT:
            self._structure(parts, dims, name, leaves, depth)
        elif kind == _CELL:
            words = [self._text_cell(part) for part in parts]
            if words and len(words) == _size(dims) and all(word is not None for word in words):
                leaves[name] = np.asarray(words, dtype=object)
        elif kind == _CHAR:
            leaves[name] = np.asarray(self._rows(next(parts, None), dims), dtype=object)
        elif kind in _NUMBERS:
            leaves[name] = self._numbers(next(parts), dims)

    def _class(self, parts: Iterator[_Element]) -> int | None:
        flags = next(parts, None)
        if flags is None:
            return None
        if len(flags.data) < 8:
            raise ValueError("an array without flags")
        return int(struct.unpack_from(f"{self.order}I", flags.data)[0]) & 0xFF

    def _dims(self, element: _Element, length: int) -> tuple[int, ...]:
        dims = tuple(int(value) for value in self._values(element))
        if element.kind != 5 or len(dims) < 2 or min(dims) < 0 or _size(dims) > length:
            raise ValueError(f"an array of {' x '.join(map(str, dims[:8]))} in {length} bytes")
        return dims

    def _values(self, element: _Element) -> NDArray[Any]:
        if element.kind not in _TYPES:
            raise ValueError(f"numbers of kind {element.kind}")
        return np.frombuffer(element.data, dtype=self.order + _TYPES[element.kind])

    def _numbers(self, element: _Element, dims: tuple[int, ...]) -> NDArray[np.float64]:
        return self._values(element).astype(np.float64).reshape(dims, order="F")

    def _rows(self, element: _Element | None, dims: tuple[int, ...]) -> list[str]:
        """Return the texts of an array of characters, one for each of its rows."""
        if element is None or not _size(dims):
            return [""]
        encoding = _TEXTS.get(element.kind)
        if encoding is None:
            raise ValueError(f"characters of kind {element.kind}")
        if encoding.startswith("utf-") and encoding != "utf-8":
            encoding += "-le" if self.order == "<" else "-be"
        letters = bytes(element.data).decode(encoding, "replace")
        return [letters[row :: dims[0]].strip() for row in range(dims[0])]

    def _text_cell(self, element: _Element) -> str | None:
        """Return a cell that holds a text; an empty cell is an empty text."""
        if element.kind != _MATRIX:
            raise ValueError(f"a cell of kind {element.kind}")
        parts = self.elements(element.data)
        kind = self._class(parts)
        if kind is None:
            return ""
        dims = self._dims(next(parts), len(element.data))
        next(parts)
        if _size(dims) == 0:
            return ""
        return self._rows(next(parts, None), dims)[0] if kind == _CHAR and dims[0] == 1 else None

    def _structure(
        self,
        parts: Iterator[_Element],
        dims: tuple[int, ...],
        name: str,
        leaves: Leaves,
        depth: int,
    ) -> None:
        width = int(self._values(next(parts))[0])
        text = bytes(next(parts).data)
        if not 0 < width <= 256:
            raise ValueError(f"names of {width} letters")
        fields = [
            text[i : i + width].split(b"\x00")[0].decode("latin-1")
            for i in range(0, len(text), width)
        ]
        for record in range(min(_size(dims), _RECORDS)):
            place = name if _size(dims) == 1 else f"{name}[{record}]"
            for field in fields:
                element = next(parts)
                if element.kind != _MATRIX:
                    raise ValueError(f"a field of kind {element.kind}")
                self.matrix(element.data, f"{place}.{field}", leaves, depth + 1)


def read_five(data: bytes) -> Leaves:
    """Return the arrays of a file of version 5 to 7 by their dotted names.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    dict of str to ndarray
        Numbers as float64 in the shape MATLAB shows (real parts), words as object arrays of shape
        (n,): the rows of an array of characters, or a cell array of texts. Functions, objects and
        sparse arrays are left out.

    Raises
    ------
    ValueError
        When an element cannot be what it claims.
    """
    reader = _Reader(">" if data[126:128] == b"MI" else "<")
    leaves: Leaves = {}
    size = 0
    try:
        for element in reader.elements(memoryview(data)[128:]):
            inner = element
            if element.kind == _COMPRESSED:
                unpacked = _unpacked(element.data, _BYTES - size)
                inner = next(reader.elements(memoryview(unpacked)), element)
            size += len(inner.data)
            if inner.kind != _MATRIX:
                raise ValueError(f"an element of kind {inner.kind}")
            reader.matrix(inner.data, "", leaves, 0)
    except StopIteration as error:
        raise ValueError("an array that is cut off") from error
    return leaves


def _unpacked(payload: memoryview, limit: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(payload, max(1, limit))
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if unpacker.unconsumed_tail:
        raise ValueError(f"more than {_BYTES >> 20} MiB when unpacked")
    return data


def _size(dims: tuple[int, ...]) -> int:
    size = 1
    for dim in dims:
        size *= dim
    return size
