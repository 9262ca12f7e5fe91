"""Reading ahead: the same pictures, no more work, a bounded lead, and nothing left behind."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest

from napari_mousegpt.errors import InputError
from napari_mousegpt.io import video_frames, video_index
from napari_mousegpt.io.video import VideoReader
from napari_mousegpt.io.video_decoder import Decoder
from support.painted import N_FRAMES, ClipBox, damage, read_number

PICTURE = 192 * 128 * 3 // 2
SMALL = 24 * PICTURE  # the lead is 12 at most, so that the thread does not come to the end


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipBox:
    return ClipBox(tmp_path_factory.mktemp("clips"))


#: Threads of readers that other tests have left open.
_OLDER: set[threading.Thread] = set()


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    _OLDER.clear()
    _OLDER.update(threading.enumerate())
    yield
    gc.collect()
    assert threads() == 0


def threads() -> int:
    return sum(
        thread.name == "video read-ahead" and thread not in _OLDER
        for thread in threading.enumerate()
    )


def playing(path: Path, **options: Any) -> VideoReader:
    reader = VideoReader(path, **options)
    reader.read_ahead = True
    return reader


def at_rest(reader: VideoReader) -> int:
    """Wait until the thread has read as far as it may, and return the last row kept."""
    ahead = reader._store.ahead
    until = time.monotonic() + 60
    while ahead.active and ahead._row < ahead._end:
        assert time.monotonic() < until
        time.sleep(0.005)
    with reader._store.lock:
        return max(row for row in range(len(reader)) if row in reader._store.cache)


@pytest.mark.parametrize(
    "kind", ["b_frames", "open_gop", "h264_avi", "mjpeg_avi", "transport", "variable_mkv", "grey"]
)
def test_pictures_are_the_same_and_each_is_decoded_once(clips: ClipBox, kind: str) -> None:
    expected = list(VideoReader(clips[kind].path))
    with playing(clips[kind].path) as reader:
        at_open = reader.n_decoded
        for frame in range(N_FRAMES):
            assert np.array_equal(reader[frame], expected[frame]), frame
        assert reader.n_decoded - at_open <= N_FRAMES
        assert reader._store.ahead.error is None


def test_it_is_off_unless_asked_for_and_starts_with_playing(clips: ClipBox) -> None:
    with VideoReader(clips["b_frames"].path, cache_bytes=SMALL) as reader:
        assert not reader.read_ahead
        for frame in range(10):
            reader[frame]
        assert threads() == 0
        reader.read_ahead = True
        for frame in (50, 20, 70, 71, 71):
            reader[frame]
        assert threads() == 0
        reader[72]
        reader[73]
        assert threads() == 1
        assert not reader.reopen().read_ahead


@pytest.mark.parametrize("room", [12, 24, 1000])
def test_the_lead_is_bounded_by_half_of_the_cache(clips: ClipBox, room: int) -> None:
    limit = room * PICTURE
    with playing(clips["long_group"].path, cache_bytes=limit) as reader:
        for frame in range(10):
            reader[frame]
        last = at_rest(reader)
        assert 9 + min(room // 8, 20) < last <= 9 + min(room // 2, video_frames._MOST_AHEAD)
        assert reader.cached_bytes <= limit
        before = reader.n_decoded
        for frame in range(10, last + 1):
            reader[frame]
        assert at_rest(reader) <= last + min(room // 2, video_frames._MOST_AHEAD)
        assert reader.n_decoded - before <= room // 2 + video_frames._MOST_AHEAD


def test_a_cache_without_room_reads_nothing_ahead(clips: ClipBox) -> None:
    with playing(clips["b_frames"].path, cache_bytes=0) as reader:
        assert [read_number(reader[frame]) for frame in range(30)] == list(range(30))
        assert threads() == 0


def test_a_jump_stops_it(clips: ClipBox) -> None:
    with playing(clips["long_group"].path, cache_bytes=SMALL) as reader:
        for frame in range(6):
            reader[frame]
        assert reader._store.ahead.active
        at_rest(reader)
        reader[3]  # at hand, but a jump
        assert not reader._store.ahead.active
        for frame in range(60, 66):
            reader[frame]
        assert reader._store.ahead.active
        assert read_number(reader[99]) == 99
        assert not reader._store.ahead.active
        for frame in range(40, 48):
            assert read_number(reader[frame]) == frame
        reader.nearest(80)
        assert not reader._store.ahead.active


def test_it_can_be_switched_off(clips: ClipBox) -> None:
    with playing(clips["long_group"].path) as reader:
        for frame in range(6):
            reader[frame]
        reader.read_ahead = False
        assert not reader.read_ahead
        assert reader._store.ahead._thread is None
        before = reader.n_decoded
        assert [read_number(reader[frame]) for frame in range(6, 99)] == list(range(6, 99))
        assert reader.n_decoded - before <= N_FRAMES


def test_closing_ends_the_thread_and_the_file(clips: ClipBox) -> None:
    path = clips["long_group"].path
    reader = playing(path)
    for frame in range(6):
        reader[frame]
    assert threads() == 1
    reader.close()
    assert threads() == 0
    assert str(path) not in [file.path for file in psutil.Process().open_files()]
    with pytest.raises(InputError, match="found a closed one"):
        reader[7]
    with pytest.raises(InputError, match="found a closed one"):
        reader.read_ahead = True


def test_a_reader_that_is_forgotten_takes_its_thread_along(clips: ClipBox) -> None:
    path = clips["long_group"].path
    reader = playing(path, cache_bytes=SMALL)
    for frame in range(6):
        reader[frame]
    at_rest(reader)
    assert threads() == 1
    del reader
    gc.collect()
    assert threads() == 0
    assert str(path) not in [file.path for file in psutil.Process().open_files()]


def test_python_ends_while_it_reads(clips: ClipBox) -> None:
    program = (
        "import atexit, threading\n"
        # Registered first, it runs last: when files are closed, nobody reads any more.
        "names = lambda: [thread.name for thread in threading.enumerate()]\n"
        "atexit.register(lambda: print('video read-ahead' in names()))\n"
        "from napari_mousegpt.io.video import VideoReader\n"
        f"reader = VideoReader({str(clips['long_group'].path)!r})\n"
        "reader.read_ahead = True\n"
        "for frame in range(6): reader[frame]\n"
        "print(reader._store.ahead.active)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=240, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\nFalse\n", "")


@pytest.mark.parametrize("kind", ["mjpeg_avi", "b_frames", "h264_avi"])
def test_damage_is_met_as_without_it(clips: ClipBox, tmp_path: Path, kind: str) -> None:
    path = tmp_path / clips[kind].path.name
    damage(clips[kind].path, path, [41, 70])
    with VideoReader(path) as plain:
        expected = [plain[frame] for frame in range(N_FRAMES)]
        flags = plain.damaged
    with playing(path) as reader:
        for frame in range(N_FRAMES):
            assert np.array_equal(reader[frame], expected[frame]), frame
        assert np.array_equal(reader.damaged, flags)


def test_false_stamps_are_noticed_in_the_thread(
    clips: ClipBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_index, "_TRUST_PICTURES", 1)
    monkeypatch.setattr(video_frames, "_PLAYING", 0)
    path = clips["h264_avi"].path
    with playing(path) as reader:
        monkeypatch.setattr(reader._store.cache, "rows_that_fit", lambda: 40)
        reader[0]
        while reader._store.ahead.active:
            time.sleep(0.005)
        assert reader._index.counted
        numbers = [read_number(reader[frame]) for frame in range(N_FRAMES)]
        assert any("counted from key frames" in note for note in reader.info.notes)
        assert numbers == list(range(N_FRAMES))
        assert not reader.damaged.any()


def test_an_error_is_raised_when_the_frame_is_asked_for(
    clips: ClipBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Decoder.pictures

    def broken(self: Decoder, wanted: Any) -> Any:
        for row, frame in whole(self, wanted):
            if row == 20:
                raise av.error.OSError(5, "the disk is gone")
            yield row, frame

    monkeypatch.setattr(Decoder, "pictures", broken)
    with playing(clips["b_frames"].path) as reader:
        for frame in range(20):
            assert read_number(reader[frame]) == frame
        with pytest.raises(OSError, match="the disk is gone"):
            reader[20]
        assert "the disk is gone" in str(reader._store.ahead.error)
        monkeypatch.undo()
        with monkeypatch.context() as changed:  # it stays off until it is asked for again
            changed.setattr(reader._store.ahead, "start", None)
            assert [read_number(reader[frame]) for frame in range(20, 60)] == list(range(20, 60))
        reader.read_ahead = True
        assert [read_number(reader[frame]) for frame in range(60, 70)] == list(range(60, 70))
        assert at_rest(reader) == N_FRAMES - 1


def test_threads_play_jump_and_glance_at_one_reader(clips: ClipBox) -> None:
    expected = list(VideoReader(clips["b_frames"].path))
    reader = playing(clips["b_frames"].path, cache_bytes=40 * PICTURE)
    wrong: list[Any] = []

    def ask(seed: int) -> None:
        random = np.random.default_rng(seed)
        try:
            for start in random.integers(0, N_FRAMES - 12, 8).tolist():
                if seed == 0:
                    reader.read_ahead = bool(start % 2)
                for frame in range(start, start + 12):
                    found, picture = (
                        reader.nearest(frame) if seed % 3 == 1 else (frame, reader[frame])
                    )
                    if not np.array_equal(picture, expected[found]):
                        wrong.append((seed, frame, found))
                for frame, picture in zip((90, 91), reader.iter_frames(90, 92), strict=True):
                    if not np.array_equal(picture, expected[frame]):
                        wrong.append((seed, "iterated", frame))
        except Exception as error:
            wrong.append((seed, error))

    asking = [threading.Thread(target=ask, args=(seed,), daemon=True) for seed in range(7)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(240)
    assert not any(thread.is_alive() for thread in asking)
    assert wrong == []
    reader.close()


def test_closing_while_others_play(clips: ClipBox) -> None:
    reader = playing(clips["long_group"].path)
    seen: list[Any] = []

    def play() -> None:
        try:
            for frame in range(N_FRAMES):
                seen.append(read_number(reader[frame]) == frame)
        except InputError as error:
            seen.append("found a closed one" in str(error))

    asking = [threading.Thread(target=play, daemon=True) for _ in range(3)]
    for thread in asking:
        thread.start()
    reader[50]
    reader.close()
    for thread in asking:
        thread.join(120)
    assert not any(thread.is_alive() for thread in asking)
    assert all(seen)
