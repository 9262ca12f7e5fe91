"""The sampler gives the reader's pictures, and decodes little for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.errors import InputError
from napari_mousegpt.io import video_sampler
from napari_mousegpt.io.array_frames import ArrayFrames
from napari_mousegpt.io.video import VideoReader
from napari_mousegpt.io.video_frames import FrameStore
from napari_mousegpt.io.video_sampler import sample
from support.painted import HEIGHT, N_FRAMES, WIDTH, ClipBox, damage, paint, read_number
from support.threads import Threads


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipBox:
    return ClipBox(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def reader(clips: ClipBox) -> Iterator[VideoReader]:
    """Groups of 30 with three B-frames."""
    with VideoReader(clips["b_frames"].path) as reader:
        yield reader


@pytest.fixture(scope="module")
def small(reader: VideoReader) -> Any:
    """Every frame, decoded in full and shrunk."""
    return reader.clip(range(N_FRAMES), 64)


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> list[FrameStore]:
    """The stores the sampler opens."""
    opened: list[FrameStore] = []

    class Watched(FrameStore):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            opened.append(self)

        def close(self) -> None:
            self.decoded = self.n_decoded
            super().close()

    monkeypatch.setattr(video_sampler, "FrameStore", Watched)
    return opened


def decoded(stores: list[Any]) -> int:
    return sum(store.decoded for store in stores)


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, N_FRAMES - 1), max_size=30), st.integers(1, 3))
def test_any_rows_equal_a_full_decode(
    reader: VideoReader, small: Any, rows: set[int], threads: int
) -> None:
    found = list(sample(reader, rows, 64, threads=threads))
    assert [one.row for one in found] == sorted(rows)
    for one in found:
        assert np.array_equal(one.picture, small[one.row])
        assert one.seconds == one.row / 30
        assert one.damaged is False


@pytest.mark.parametrize("kind", ["open_gop", "h264_avi", "transport", "grey", "variable_mkv"])
@pytest.mark.parametrize("threads", [1, 2])
def test_pictures_of_other_files_are_those_of_the_reader(
    clips: ClipBox, kind: str, threads: int
) -> None:
    with VideoReader(clips[kind].path) as reader:
        full = reader.clip(range(N_FRAMES))
        found = list(sample(reader, range(0, N_FRAMES, 7), threads=threads))
        times = [reader.timebase.time(one.row) for one in found]
    assert all(np.array_equal(one.picture, full[one.row]) for one in found)
    assert [one.seconds for one in found] == times
    assert found[0].picture.shape == (HEIGHT, WIDTH, 3)


def test_rows_come_rising_and_once(reader: VideoReader) -> None:
    found = list(sample(reader, [50, 3, -1, 3, 99]))
    assert [one.row for one in found] == [3, 50, 99]
    assert [read_number(one.picture) for one in found] == [3, 50, 99]
    assert list(sample(reader, [])) == []


def test_pictures_nobody_wants_are_not_decoded(
    reader: VideoReader, stores: list[FrameStore]
) -> None:
    list(sample(reader, range(0, N_FRAMES, 8), threads=1))
    assert 0 < decoded(stores) < 0.7 * N_FRAMES


def test_groups_nobody_wants_are_jumped_over(reader: VideoReader, stores: list[FrameStore]) -> None:
    list(sample(reader, [2, 94], threads=1))
    assert decoded(stores) <= 16


def test_nothing_is_decoded_behind_the_last_row(
    reader: VideoReader, stores: list[FrameStore]
) -> None:
    list(sample(reader, range(4), threads=1))
    assert decoded(stores) <= 12


def test_each_group_is_read_once(reader: VideoReader, stores: list[FrameStore]) -> None:
    list(sample(reader, range(N_FRAMES), threads=3))
    assert 1 < len(stores) <= 3
    assert N_FRAMES <= decoded(stores) <= 1.3 * N_FRAMES  # a few of the next group are in the pipe


def test_finished_pictures_wait_within_their_room(
    clips: ClipBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    class Counting(video_sampler.Converter):
        def __call__(self, frame: Any) -> Any:
            made.append(1)
            return super().__call__(frame)

    monkeypatch.setattr(video_sampler, "Converter", Counting)
    monkeypatch.setattr(video_sampler, "_AHEAD_BYTES", 6 * HEIGHT * WIDTH * 3)
    with VideoReader(clips["mjpeg_avi"].path) as reader:
        parts = sample(reader, range(N_FRAMES), threads=2)
        for taken in range(1, 31):
            next(parts)
            settle(made)
            assert len(made) <= taken + 6 + 2  # the room, and one in each thread's hands
        assert len(list(parts)) == N_FRAMES - 30
    assert len(made) == N_FRAMES


def settle(made: list[int]) -> None:
    """Wait until the threads have nothing more that they may do."""
    before, pause = -1, threading.Event()
    while before != len(made):
        before = len(made)
        pause.wait(0.01)


def test_who_stops_early_leaves_no_thread(
    reader: VideoReader, stores: list[FrameStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_sampler, "_AHEAD_BYTES", 1)  # so that they have to wait
    threads = Threads()
    parts = sample(reader, range(N_FRAMES), threads=3)
    next(parts)
    assert len(threads.new()) == 3
    parts.close()  # type: ignore[attr-defined]
    assert not threads.new()
    assert all(store._closed for store in stores)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_hole_shows_the_picture_before_it_and_says_so(
    clips: ClipBox, tmp_path: Path, threads: int
) -> None:
    (hole,) = damage(clips["mjpeg_avi"].path, tmp_path / "a.avi", [50])
    found = list(sample(tmp_path / "a.avi", [10, hole, hole + 1, 90], threads=threads))
    assert [read_number(one.picture) for one in found] == [10, 49, 51, 90]
    assert [one.damaged for one in found] == [False, True, False, False]


@pytest.mark.parametrize("kind", ["b_frames", "h264_avi", "mjpeg_avi", "open_gop"])
@pytest.mark.parametrize("packets", [(40, 41, 60), (1, 2), (30, 63)])
@pytest.mark.parametrize("threads", [1, 3])
def test_of_damaged_files_nothing_is_wrong_that_is_not_flagged(
    clips: ClipBox, tmp_path: Path, kind: str, packets: tuple[int, ...], threads: int
) -> None:
    source = clips[kind].path
    path = tmp_path / f"damaged{source.suffix}"
    damage(source, path, packets)
    with VideoReader(path) as whole:
        full, flags = list(whole), whole.damaged
    assert flags.any()
    for step in (1, 3, 11):
        with VideoReader(path) as reader:
            for one in sample(reader, range(0, N_FRAMES, step), threads=threads):
                assert one.damaged <= flags[one.row]
                assert one.damaged <= reader.damaged[one.row]
                assert one.damaged or read_number(one.picture) == one.row, step
                assert flags[one.row] or np.array_equal(one.picture, full[one.row])


def test_holes_at_the_start_show_the_first_picture_there_is(clips: ClipBox, tmp_path: Path) -> None:
    damage(clips["mjpeg_avi"].path, tmp_path / "a.avi", [0, 1])
    found = list(sample(tmp_path / "a.avi", [0, 1, 2, 3]))
    assert [read_number(one.picture) for one in found] == [2, 2, 2, 3]
    assert [one.damaged for one in found] == [True, True, False, False]


@pytest.mark.parametrize("packets", [(30,), (30, 31, 32, 33, 35, 37, 41)])
def test_a_group_full_of_holes_costs_little(
    clips: ClipBox, tmp_path: Path, stores: list[FrameStore], packets: tuple[int, ...]
) -> None:
    """Every wanted row may be missing there: they must not make the file be read again each."""
    damage(clips["b_frames"].path, tmp_path / "a.mp4", packets)
    found = list(sample(tmp_path / "a.mp4", range(0, N_FRAMES, 3), threads=1))
    assert [one.row for one in found if one.damaged][:3] == [30, 33, 36]
    assert decoded(stores) < 2.5 * N_FRAMES


@pytest.mark.parametrize(
    ("size", "shape"), [(None, (128, 192)), (64, (64, 96)), ((40, 50), (40, 50)), (200, (200, 300))]
)
def test_sizes(reader: VideoReader, size: Any, shape: tuple[int, int]) -> None:
    (one,) = sample(reader, [37], size)
    assert one.picture.shape == (*shape, 3)
    assert one.picture.dtype == np.uint8
    assert read_number(one.picture) == 37


def test_a_box_is_cut_exactly(reader: VideoReader) -> None:
    full = reader[40]
    (one,) = sample(reader, [40], crop=(33, 17, 70, 51))
    assert np.array_equal(one.picture, full[17:68, 33:103])
    assert one.picture.base is None or one.picture.flags["C_CONTIGUOUS"]


def test_a_box_may_move_and_be_shrunk(reader: VideoReader) -> None:
    found = list(sample(reader, [10, 60], 24, crop=lambda row: (row, row // 3, 48, 96)))
    for one in found:
        assert one.picture.shape == (48, 24, 3)
        x, y = one.row, one.row // 3
        direct = reader[one.row][y : y + 96, x : x + 48].reshape(48, 2, 24, 2, 3).mean(axis=(1, 3))
        assert np.abs(one.picture - direct).max() < 3


@pytest.mark.parametrize("box", [(-1, 0, 5, 5), (0, 0, 193, 5), (0, 100, 10, 29), (5, 5, 0, 5)])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_box_outside_the_picture_is_refused(
    reader: VideoReader, box: tuple[int, int, int, int], threads: int
) -> None:
    with pytest.raises(InputError, match=r"box of frame 7.*within 192 x 128 pixels.*Shift it"):
        list(sample(reader, range(7, 90), crop=box, threads=threads))


def test_a_fault_in_a_thread_comes_in_its_place(reader: VideoReader) -> None:
    def box(row: int) -> tuple[int, int, int, int]:
        if row == 70:
            raise RuntimeError("no animal there")
        return (0, 0, WIDTH, HEIGHT)

    parts = sample(reader, range(100), crop=box, threads=3)
    assert [next(parts).row for _ in range(70)] == list(range(70))
    with pytest.raises(RuntimeError, match="no animal there"):
        next(parts)


def test_arrays_are_sampled_too() -> None:
    pictures = np.stack([paint(number) for number in range(12)])
    found = list(sample(ArrayFrames(pictures), [9, 2], 64))
    assert [read_number(one.picture) for one in found] == [2, 9]
    assert found[0].picture.shape == (64, 96, 3)
    assert all(np.isnan(one.seconds) and not one.damaged for one in found)
    (grey,) = sample(ArrayFrames(pictures[..., 0]), [5], crop=(0, 0, 96, 96))
    assert np.array_equal(grey.picture, np.repeat(pictures[5, :96, :96, :1], 3, axis=2))
    grey.picture[:] = 0
    assert pictures[5].any()


def test_an_array_of_other_numbers_is_refused() -> None:
    with pytest.raises(InputError, match=r"picture 1: expected uint8.*found float64"):
        list(sample(np.zeros((3, 8, 8)), [1]))


def test_bad_requests_are_refused_before_anything_is_read(reader: VideoReader) -> None:
    with pytest.raises(IndexError, match="frame 100 is out of bounds for a video of 100 frames"):
        sample(reader, [3, 100])
    with pytest.raises(InputError, match="sample size 0"):
        sample(reader, [3], 0)
    with pytest.raises(InputError, match=r"sample size \(10, 0\)"):
        sample(reader, [3], (10, 0))
    with pytest.raises(InputError, match="threads -1"):
        sample(reader, [3], threads=-1)


def test_a_closed_reader_is_refused(clips: ClipBox) -> None:
    reader = VideoReader(clips["b_frames"].path)
    reader.close()
    with pytest.raises(InputError, match="a closed one"):
        list(sample(reader, [3]))


def test_the_reader_can_be_used_meanwhile(clips: ClipBox) -> None:
    with VideoReader(clips["b_frames"].path) as reader:
        for one in sample(reader, range(0, 90, 5)):
            assert read_number(reader[99 - one.row]) == 99 - one.row
            assert read_number(one.picture) == one.row
