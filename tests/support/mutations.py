"""Damage to files, the same for the same seed: what disks, copies and ill will do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

_HEAD = 2048
_HUGE = (b"\xff" * 8, b"\xff\xff\xff\x7f", b"\x00" * 8, (10**12).to_bytes(8, "little"))
_WORDS = (b"99999999999999999999", b"-1", b"nan", b"\x00", b"'\"", b",,,,", b"\n", b"1e999", b"{[")


def mutations(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield damaged copies of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    count : int
        Number of copies; the kinds of damage take turns.
    seed : int
        Same seed, same damage.
    """
    kinds: tuple[Callable[[np.random.Generator, bytearray], bytearray], ...] = (
        _cut, _flip_head, _claim, _flip_anywhere, _word, _remove, _repeat, _blank,
    )  # fmt: skip
    for number in range(count):
        random = np.random.default_rng((seed, number))
        yield bytes(kinds[number % len(kinds)](random, bytearray(data)))


def _place(random: np.random.Generator, data: bytearray, head: bool = True) -> int:
    stop = min(len(data), _HEAD) if head else len(data)
    return int(random.integers(0, max(1, stop)))


def _cut(random: np.random.Generator, data: bytearray) -> bytearray:
    return data[: _place(random, data, head=bool(random.integers(2)))]


def _flip_head(random: np.random.Generator, data: bytearray) -> bytearray:
    for _ in range(int(random.integers(1, 9))):
        if data:
            data[_place(random, data)] ^= int(random.integers(1, 256))
    return data


def _flip_anywhere(random: np.random.Generator, data: bytearray) -> bytearray:
    for _ in range(int(random.integers(1, 65))):
        if data:
            data[_place(random, data, head=False)] ^= int(random.integers(1, 256))
    return data


def _claim(random: np.random.Generator, data: bytearray) -> bytearray:
    """Overwrite a number of the header with one that is far too large."""
    place, value = _place(random, data), _HUGE[int(random.integers(len(_HUGE)))]
    data[place : place + len(value)] = value
    return data


def _word(random: np.random.Generator, data: bytearray) -> bytearray:
    """Put a word that means trouble into a text."""
    place, value = _place(random, data), _WORDS[int(random.integers(len(_WORDS)))]
    data[place:place] = value
    return data


def _remove(random: np.random.Generator, data: bytearray) -> bytearray:
    place = _place(random, data)
    del data[place : place + int(random.integers(1, 257))]
    return data


def _repeat(random: np.random.Generator, data: bytearray) -> bytearray:
    place, length = _place(random, data), int(random.integers(1, 257))
    data[place:place] = data[place : place + length] * int(random.integers(1, 9))
    return data


def _blank(random: np.random.Generator, data: bytearray) -> bytearray:
    place, length = _place(random, data, head=False), int(random.integers(1, 1025))
    data[place : place + length] = bytes(len(data[place : place + length]))
    return data
