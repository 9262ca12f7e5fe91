"""A quick fingerprint of a file: enough to notice that a path now holds something else.

It reads at most 128 KiB, so it costs the same for one megabyte and for ten hours of video. It
verifies; it is no key and no proof: two files that differ only in their middle look alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from napari_mousegpt.errors import InputError

__all__ = ["file_fingerprint", "sequence_fingerprint"]

_PART = 64 * 1024
#: Images of a sequence whose content is looked at.
_SAMPLED = 16


def file_fingerprint(path: str | Path) -> str:
    """Return a hash of the size, the first 64 KiB and the last 64 KiB of a file.

    Parameters
    ----------
    path : str or Path
        A file.

    Returns
    -------
    str
        ``"blake2b-64k:"`` and 32 hexadecimal digits.

    Raises
    ------
    InputError
        When there is no such file, or it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "a.bin"
    ...     _ = path.write_bytes(b"mouse")
    ...     file_fingerprint(path)
    'blake2b-64k:c88b4a91cb31ea331f0d9361f71c6330'
    """
    try:
        with Path(path).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            digest = blake2b(size.to_bytes(8, "little"), digest_size=16)
            digest.update(file.read(_PART))
            file.seek(max(_PART, size - _PART))
            digest.update(file.read(_PART))
    except OSError as error:
        raise InputError(
            path,
            expected="a readable file",
            found=error.strerror or type(error).__name__,
            remedy="Check the path, and that the drive is mounted.",
        ) from error
    return f"blake2b-64k:{digest.hexdigest()}"


def sequence_fingerprint(paths: Sequence[str | Path]) -> str:
    """Return a hash of the names and sizes of many files, and of the content of 16 of them.

    Parameters
    ----------
    paths : sequence of str or Path
        Files in the order of their frames; folders in their paths do not count.

    Returns
    -------
    str
        ``"blake2b-files:"`` and 32 hexadecimal digits.

    Raises
    ------
    InputError
        When there are none, or one cannot be read.
    """
    files = [Path(path) for path in paths]
    if not files:
        raise InputError("images", expected="at least one file", found="none")
    digest = blake2b(digest_size=16)
    for file in files:
        try:
            size = file.stat().st_size
        except OSError as error:
            raise InputError(
                file, expected="a readable file", found=error.strerror or str(error)
            ) from error
        digest.update(f"{file.name}\x1f{size}\x1e".encode(errors="surrogateescape"))
    step = max(1, (len(files) - 1) // (_SAMPLED - 1))
    for file in [*files[::step], files[-1]]:
        digest.update(file_fingerprint(file).encode())
    return f"blake2b-files:{digest.hexdigest()}"
