"""Which clips are read together, so that pictures are read once and memory stays bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

__all__ = ["Need", "read_passes"]


class Need(NamedTuple):
    """What one clip takes.

    Parameters
    ----------
    first, last : int
        Its first and its last frame.
    pictures : int
        How many it is made of.
    """

    first: int
    last: int
    pictures: int


class _Live(NamedTuple):
    until: int
    first: int
    pictures: int


def read_passes(needs: Iterable[Need], room: int, sharing: int = 0) -> Iterator[range]:
    """Split clips, in the order in which they are given out, into parts read front to back.

    Parameters
    ----------
    needs : iterable of Need
        In the order in which the clips are given out. A clip that is finished before one that
        stands before it waits in memory.
    room : int
        Pictures that may be in memory at once; a clip that needs more is read by itself.
    sharing : int
        Clips share what shows the same frame, in at most this many forms (one for each animal);
        0 when they share nothing.

    Yields
    ------
    range
        Numbers of the clips of one part. Clips whose starts rise, and whose ends do not run far
        ahead, come in one part however many they are; so do any few that fit into the room.
    """
    live: deque[_Live] = deque()
    begin = number = 0
    held = 0
    until = left = -1  # last frame of any clip of this part; of those that are not held any more
    for number, need in enumerate(needs):
        ends = max(until, need.last)
        if number > begin:
            full = held + need.pictures > room
            while full and live and live[0].until < need.first:
                gone = live.popleft()
                held, left = held - gone.pictures, gone.until
            load = held + need.pictures
            if load > room and sharing:
                low = min(need.first, min((one.first for one in live), default=need.first))
                load = min(load, sharing * (ends - low + 1))
            # One that starts before those would have been held beside them.
            if load > room or need.first <= left:
                yield range(begin, number)
                live.clear()
                begin, held, ends, left = number, 0, need.last, -1
        live.append(_Live(ends, need.first, need.pictures))
        held, until = held + need.pictures, ends
    if live:
        yield range(begin, number + 1)
