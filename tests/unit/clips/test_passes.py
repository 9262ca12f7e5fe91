"""Clips that are read together: all of them in order, within the room, and few passes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.clips.passes import Need, read_passes


def windows(count: int, length: int, step: int, begin: int = 0) -> list[Need]:
    return [Need(begin + n * step, begin + n * step + length - 1, length) for n in range(count)]


def most_held(needs: list[Need], *, shared: bool) -> int:
    """Read a part and count what is in memory, the plain way."""
    until, ends = [], -1
    for need in needs:
        ends = max(ends, need.last)
        until.append(ends)
    most = 0
    for row in range(max(until) + 1):
        live = [n for n, end in zip(needs, until, strict=True) if n.first <= row <= end]
        low = min((n.first for n in live), default=row)
        held = sum(n.pictures for n in live)
        ends = max((end for n, end in zip(needs, until, strict=True) if n in live), default=row)
        most = max(most, min(held, ends - low + 1) if shared else held)
    return most


needs = st.lists(
    st.builds(
        lambda first, length, share: Need(first, first + length, max(1, min(length, share))),
        st.integers(0, 60), st.integers(0, 40), st.integers(1, 8),
    ),
    max_size=25,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(needs, st.integers(1, 60), st.integers(0, 1))
def test_every_clip_once_and_within_the_room(clips: list[Need], room: int, sharing: int) -> None:
    parts = list(read_passes(clips, room, sharing))
    assert [number for part in parts for number in part] == list(range(len(clips)))
    for part in parts:
        inside = clips[part.start : part.stop]
        allowed = max([room, *(need.pictures for need in inside)])  # one alone may need more
        assert most_held(inside, shared=bool(sharing)) <= allowed


def test_windows_of_hours_are_one_pass() -> None:
    assert list(read_passes(windows(5000, 30, 15), 70)) == [range(5000)]


def test_dense_windows_share_pictures() -> None:
    dense = windows(500, 60, 1)
    assert len(list(read_passes(dense, 200))) > 1
    assert list(read_passes(dense, 200, 1)) == [range(500)]


def test_a_few_in_any_order_are_one_pass() -> None:
    few = [Need(first, first + 9, 8) for first in (50, 10, 90, 12, 0, 55)]
    assert list(read_passes(few, 48)) == [range(6)]
    assert len(list(read_passes(few, 47))) == 2


def test_one_animal_after_the_other_is_two_passes() -> None:
    both = windows(1000, 30, 30) + windows(1000, 30, 30)
    assert list(read_passes(both, 300)) == [range(1000), range(1000, 2000)]


def test_who_waits_for_a_long_one_does_not_fill_the_memory() -> None:
    long = [Need(0, 100_000, 8), *windows(1000, 30, 30)]
    parts = list(read_passes(long, 100))
    assert parts[0] == range(4)
    assert parts[1:] == [range(4, 1001)]
