"""Whether safetensors files are whole, without reading their tensors.

A file is 8 bytes with the length of its header, the header in JSON, and the tensors end to end.
Source: the format description of the safetensors library.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from math import prod
from pathlib import Path
from typing import Any

from napari_mousegpt.errors import FormatError, InputError

__all__ = ["TensorFile", "content_hash", "read_header"]

_LONGEST_HEADER = 100_000_000
_WHOLE = 32 * 2**20
_PIECE = 4096
_BITS = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "U16": 16, "I16": 16, "F16": 16, "BF16": 16,
    "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64, "C64": 64,
}  # fmt: skip
_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class TensorFile:
    """What the header of one safetensors file says.

    Parameters
    ----------
    path : Path
    header_bytes : int
        Bytes before the first tensor.
    spans : dict of str to (int, int)
        First byte and end of each tensor, counted from the first tensor.
    half_bytes : int
        Bytes of all tensors when those of 32 and 64 bits are loaded in 16, as on cards.
    """

    path: Path
    header_bytes: int
    spans: dict[str, tuple[int, int]]
    half_bytes: int


def read_header(path: Path) -> TensorFile:
    """Read the header of a safetensors file and hold it against the length of the file.

    Raises
    ------
    InputError
        When there is no such file or it cannot be read.
    FormatError
        When it is cut, longer than its header says, or no safetensors file.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            start = file.read(8)
            if start + file.read(len(_POINTER) - 8) == _POINTER:
                raise _refused(path, "a pointer of git-lfs", "Fetch the file itself: git lfs pull.")
            length = int.from_bytes(start, "little")
            if len(start) < 8 or length < 2 or length > _LONGEST_HEADER:
                raise _refused(path, f"{size} bytes that begin with no length of a header")
            if length > size - 8:
                raise _cut(path, size, 8 + length, "its header")
            file.seek(8)
            text = file.read(length)
    except OSError as error:
        raise InputError(
            path,
            expected="a file with weights",
            found=error.strerror or type(error).__name__,
            remedy="Copy or download the whole model again.",
        ) from error
    try:
        header = json.loads(text)
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        tensors = {name: _Tensor.of(entry) for name, entry in entries.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _refused(path, f"a header that is none ({type(error).__name__})") from error
    _check_spans(path, tensors, size - 8 - length)
    return TensorFile(
        path,
        8 + length,
        {name: (tensor.start, tensor.stop) for name, tensor in tensors.items()},
        sum(tensor.half_bytes for tensor in tensors.values()),
    )


def content_hash(paths: list[Path]) -> str:
    """Return a hash of the content of the files of a model, wherever they lie.

    Files up to 32 MiB are read whole. Of larger ones the length, the header, and the begin, middle
    and end of every tensor are read (4 KiB each), so that it takes no minutes on a network drive.
    That tells apart any two models that were trained differently; it is no proof against a single
    changed number.

    Parameters
    ----------
    paths : list of Path
        Files; their names count, their folders do not.

    Returns
    -------
    str
        ``"blake2b-weights:"`` and 32 hexadecimal digits.
    """
    digest = blake2b(digest_size=16)
    for path in sorted(paths, key=lambda path: path.name):
        size = path.stat().st_size
        digest.update(f"{path.name}\x1f{size}\x1e".encode())
        with path.open("rb") as file:
            if size <= _WHOLE or path.suffix != ".safetensors":
                while block := file.read(2**20):
                    digest.update(block)
                continue
            known = read_header(path)
            digest.update(file.read(known.header_bytes))
            for start, stop in sorted(known.spans.values()):
                for place in sorted({start, (start + stop) // 2, max(start, stop - _PIECE)}):
                    file.seek(known.header_bytes + place)
                    digest.update(file.read(min(_PIECE, stop - place)))
    return f"blake2b-weights:{digest.hexdigest()}"


@dataclass(frozen=True)
class _Tensor:
    dtype: str
    numbers: int
    start: int
    stop: int

    @property
    def half_bytes(self) -> int:
        wide = self.dtype in ("F32", "F64")
        return self.numbers * 2 if wide else self.stop - self.start

    @classmethod
    def of(cls, entry: dict[str, Any]) -> _Tensor:
        start, stop = (int(value) for value in entry["data_offsets"])
        shape = [int(value) for value in entry["shape"]]
        if min((*shape, 0)) < 0 or entry["dtype"] not in _BITS:
            raise ValueError(entry["dtype"])
        return cls(entry["dtype"], prod(shape), start, stop)


def _check_spans(path: Path, tensors: dict[str, _Tensor], data: int) -> None:
    if not tensors:
        raise _refused(path, "a header without tensors")
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].stop)):
        bits = tensor.numbers * _BITS[tensor.dtype]
        if tensor.start != end or (tensor.stop - tensor.start) * 8 != bits:
            raise _refused(path, f"a header that puts the tensor {name!r} in the wrong place")
        end = tensor.stop
    if data < end:
        raise _cut(path, data, end, "its tensors")
    if data > end:
        raise _refused(path, f"{data - end} bytes more than its header lists")


def _cut(path: Path, found: int, expected: int, what: str) -> FormatError:
    return FormatError(
        path,
        expected=f"{expected:,} bytes of {what}",
        found=f"{found:,}: the file is cut off",
        remedy="Copy or download it again.",
    )


def _refused(path: Path, found: str, remedy: str = "Copy or download it again.") -> FormatError:
    return FormatError(path, expected="a whole safetensors file", found=found, remedy=remedy)
