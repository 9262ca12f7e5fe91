"""The reader as an array: indexing, cost, memory, threads, jobs, words about the file."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from napari_mousegpt.core.recording import FrameSource
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.video import VideoReader
from support.painted import HEIGHT, N_FRAMES, WIDTH, ClipBox, read_number, write_clip, x264


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipBox:
    return ClipBox(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def reader(clips: ClipBox) -> Iterator[VideoReader]:
    with VideoReader(clips["b_frames"].path) as reader:
        yield reader


@pytest.fixture
def grey(clips: ClipBox) -> Iterator[VideoReader]:
    with VideoReader(clips["grey"].path) as reader:
        yield reader


def test_it_is_a_frame_source(reader: VideoReader, grey: VideoReader) -> None:
    assert isinstance(reader, FrameSource)
    assert reader.shape == (N_FRAMES, HEIGHT, WIDTH, 3)
    assert grey.shape == (N_FRAMES, HEIGHT, WIDTH)
    assert (reader.ndim, grey.ndim) == (4, 3)
    assert reader.dtype == np.uint8
    assert reader.size == N_FRAMES * HEIGHT * WIDTH * 3
    assert repr(reader) == "<VideoReader 'b_frames.mp4' (100, 128, 192, 3)>"


KEYS: list[Any] = [
    5,
    np.int64(5),
    np.uint8(5),
    -1,
    slice(3, 6),
    slice(None, None, -30),
    slice(90, 200),
    slice(7, 7),
    [4, 2, -3, 2],
    np.array([1, 50]),
    [],
    np.arange(N_FRAMES) % 40 == 3,
    (slice(8, 9), slice(None), slice(None)),
    (8, slice(None), slice(None)),
    (8, 10, 20),
    (slice(2, 4), slice(5, 9), slice(None, None, 2), 0),
    (Ellipsis, 0),
    (3, Ellipsis),
    (slice(3, 5), Ellipsis, 1),
    (3, Ellipsis, slice(0, 2)),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_indexing_is_that_of_numpy(reader: VideoReader, clips: ClipBox, key: Any) -> None:
    array = np.asarray(VideoReader(clips["b_frames"].path))
    if isinstance(key, list) and not key:
        key, expected = key, array[:0]
    else:
        expected = array[key]
    found = reader[key]
    assert found.shape == expected.shape
    assert found.dtype == np.uint8
    assert np.array_equal(found, expected)


def test_the_slice_that_napari_asks_for_keeps_its_axis(
    reader: VideoReader, grey: VideoReader
) -> None:
    step = (slice(8, 9), slice(None), slice(None))
    assert reader[step].shape == (1, HEIGHT, WIDTH, 3)
    assert grey[step].shape == (1, HEIGHT, WIDTH)


@pytest.mark.parametrize("frame", [N_FRAMES, -N_FRAMES - 1, np.int64(N_FRAMES), [0, N_FRAMES]])
def test_frames_outside_are_refused(reader: VideoReader, frame: Any) -> None:
    with pytest.raises(IndexError, match="out of bounds for a video of 100 frames"):
        reader[frame]


@pytest.mark.parametrize("kind", ["b_frames", "grey"])
def test_changing_a_picture_does_not_change_the_next_one(clips: ClipBox, kind: str) -> None:
    reader = VideoReader(clips[kind].path)
    picture = reader[3]
    before = picture.copy()
    picture[:] = 0
    assert np.array_equal(reader[3], before)


def test_frames_are_iterated_in_order(reader: VideoReader) -> None:
    assert [read_number(picture) for picture in reader] == list(range(N_FRAMES))
    assert [read_number(p) for p in reader.iter_frames(90, None, 4)] == [90, 94, 98]
    assert [read_number(p) for p in reader.iter_frames(-2)] == [98, 99]
    assert list(reader.iter_frames(5, 5)) == []
    with pytest.raises(InputError, match="step 0: expected 1 or more"):
        next(reader.iter_frames(step=0))


def test_iterating_bears_other_requests_in_between(reader: VideoReader) -> None:
    numbers = []
    for picture in reader.iter_frames(0, 60):
        numbers.append(read_number(picture))
        if len(numbers) % 10 == 0:
            assert read_number(reader[99 - len(numbers)]) == 99 - len(numbers)
    assert numbers == list(range(60))


def test_a_clip_keeps_order_and_repeats(reader: VideoReader) -> None:
    clip = reader.clip([70, 3, -1, 70])
    assert clip.shape == (4, HEIGHT, WIDTH, 3)
    assert [read_number(picture) for picture in clip] == [70, 3, 99, 70]
    assert reader.clip([]).shape == (0, HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(("size", "shape"), [(64, (64, 96)), (256, (256, 384)), (128, (128, 192))])
def test_a_clip_is_sized_by_its_shorter_side(
    reader: VideoReader, grey: VideoReader, size: int, shape: tuple[int, int]
) -> None:
    for source in (reader, grey):
        clip = source.clip(iter([5, 60]), size)
        assert clip.shape == (2, *shape, 3)
        assert [read_number(picture) for picture in clip] == [5, 60]


def test_grey_clips_have_three_equal_channels(grey: VideoReader) -> None:
    clip = grey.clip([4], 64)
    assert np.ptp(clip, axis=-1).max() == 0


def test_a_clip_that_cannot_be_is_refused(reader: VideoReader) -> None:
    with pytest.raises(InputError, match="clip size 0: expected 1 pixel or more"):
        reader.clip([1], 0)
    with pytest.raises(IndexError, match="frame 100 is out of bounds"):
        reader.clip([1, 100])


def test_skipping_pictures_saves_work_and_changes_none(clips: ClipBox) -> None:
    """A jump into a long group decodes its window and the pictures that others lean on."""
    full, skipping = (VideoReader(clips["long_group"].path) for _ in range(2))
    expected = list(full.iter_frames())[95]
    assert np.array_equal(skipping[95], expected)
    assert skipping.n_decoded < 0.75 * full.n_decoded
    sparse = VideoReader(clips["long_group"].path)
    clip = sparse.clip(range(1, 100, 14))
    assert [read_number(picture) for picture in clip] == list(range(1, 100, 14))
    assert sparse.n_decoded < 0.75 * full.n_decoded


def test_playing_decodes_each_picture_once(clips: ClipBox) -> None:
    for kind in ("b_frames", "open_gop", "h264_avi", "mjpeg_avi", "transport"):
        reader = VideoReader(clips[kind].path)
        at_open = reader.n_decoded
        for frame in range(N_FRAMES):
            reader[frame]
        assert reader.n_decoded - at_open <= N_FRAMES, kind


def test_stepping_back_is_nearly_free(clips: ClipBox) -> None:
    for kind in ("b_frames", "long_group", "variable_mkv", "h264_avi"):
        reader = VideoReader(clips[kind].path)
        for frame in reversed(range(N_FRAMES)):
            reader[frame]
        assert reader.n_decoded < 2 * N_FRAMES, kind
    small = VideoReader(clips["long_group"].path, cache_bytes=24 * 40_000)
    for frame in reversed(range(N_FRAMES)):
        small[frame]
    assert small.n_decoded < 6 * N_FRAMES


def test_memory_stays_bounded(clips: ClipBox) -> None:
    limit = 2 << 20
    reader = VideoReader(clips["mjpeg_avi"].path, cache_bytes=limit)
    random = np.random.default_rng(2)
    for frame in random.integers(0, N_FRAMES, 300):
        reader[frame]
    before = psutil.Process().memory_info().rss
    for frame in random.integers(0, N_FRAMES, 1000):
        reader[frame]
        assert reader.cached_bytes <= limit
    assert psutil.Process().memory_info().rss - before < 32 << 20


def test_a_picture_larger_than_the_cache_is_still_shown(clips: ClipBox) -> None:
    reader = VideoReader(clips["b_frames"].path, cache_bytes=0)
    assert [read_number(reader[frame]) for frame in (40, 39, 41)] == [40, 39, 41]


def test_threads_share_a_reader_and_a_job_has_its_own(clips: ClipBox) -> None:
    expected = list(VideoReader(clips["b_frames"].path))
    reader = VideoReader(clips["b_frames"].path, cache_bytes=1 << 20)
    job = reader.reopen()
    wrong: list[Any] = []

    def ask(seed: int) -> None:
        source = job if seed == 0 else reader
        for frame in np.random.default_rng(seed).integers(0, N_FRAMES, 25):
            if not np.array_equal(source[frame], expected[frame]):
                wrong.append((seed, frame))

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_reopening_does_not_move_the_first_reader(reader: VideoReader) -> None:
    reader[10]
    before = reader.n_decoded
    other = reader.reopen()
    assert [read_number(p) for p in other.iter_frames(0, 30)] == list(range(30))
    assert reader.n_decoded == before
    other.close()
    assert read_number(reader[11]) == 11


def test_a_pickled_reader_opens_the_file_again(reader: VideoReader) -> None:
    data = pickle.dumps(reader)
    assert len(data) < 1000
    with pickle.loads(data) as other:
        assert other.shape == reader.shape
        assert np.array_equal(other[42], reader[42])


def test_a_closed_reader_says_so(clips: ClipBox) -> None:
    reader = VideoReader(clips["constant"].path)
    reader[1]
    reader.close()
    reader.close()
    for use in (lambda: reader[1], lambda: reader.clip([1]), lambda: next(iter(reader))):
        with pytest.raises(InputError, match=r"found a closed one\. Open it again"):
            use()


def test_a_rotation_tag_is_told_and_not_applied(clips: ClipBox) -> None:
    reader = VideoReader(clips["rotated"].path)
    assert reader.info.rotation == 90
    assert reader.shape[1:3] == (HEIGHT, WIDTH)
    assert any("turn the picture by 90 degrees" in line for line in reader.describe())


def test_the_decoder_is_recorded(reader: VideoReader) -> None:
    assert reader.info.codec == "h264"
    assert reader.info.pix_fmt == "yuv420p"
    assert "mp4" in reader.info.container
    assert reader.info.decoder.startswith("h264 (libavcodec ")
    assert reader.info.decoder.endswith(", software)")


@pytest.mark.parametrize(
    ("kind", "sentences"),
    [
        (
            "constant",
            [
                "constant.mp4: 100 frames of 192 x 128 pixels, 4.000 s.",
                "Constant rate, 25 frames per second.",
                "4 key frames, at most 25 frames apart.",
            ],
        ),
        ("mjpeg_avi", ["Every frame is a key frame."]),
        ("variable_mkv", ["Variable rate, 25.1205 frames per second on average"]),
        ("edit_list", ["announces 100 pictures, the file holds 63", "An edit list hides 12"]),
        ("h264_avi", ["counted from key frames"]),
    ],
)
def test_a_file_is_described_in_sentences(clips: ClipBox, kind: str, sentences: list[str]) -> None:
    lines = VideoReader(clips[kind].path).describe()
    for sentence in sentences:
        assert any(sentence in line for line in lines), lines
    assert all(line.endswith(".") for line in lines)


def test_a_path_object_and_a_relative_path_are_taken(
    clips: ClipBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clips["constant"].path
    monkeypatch.chdir(path.parent)
    reader = VideoReader(path.name)
    monkeypatch.chdir(Path(path.anchor))
    assert reader.path == str(path)
    assert read_number(reader.reopen()[9]) == 9


def test_playing_on_keeps_a_bounded_way_back(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "play.mp4", range(200), options=x264(50))
    with VideoReader(path) as video:
        for row in range(200):
            assert read_number(video[row]) == row
        played = video.cached_bytes
        with VideoReader(path) as other:
            assert read_number(other[49]) == 49
            per_picture = other.cached_bytes / 33  # the row and the window before it
        assert played < 70 * per_picture
        before = video.n_decoded
        for row in range(199, 140, -1):
            assert read_number(video[row]) == row
        assert video.n_decoded == before, "the way back was decoded again"
        assert read_number(video[60]) == 60
