"""Frame i is the i-th picture, at its own time, on every way to it, in every kind of file."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from napari_mousegpt.io import video_index
from napari_mousegpt.io.video import VideoReader
from support.painted import EXACT, N_FRAMES, ClipBox, paint, read_number, write_clip, x264

SMALL = 12 * 40_000  # bytes of about twelve pictures


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipBox:
    return ClipBox(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module", params=EXACT)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def scan(clips: ClipBox, kind: str) -> list[Any]:
    """Every picture of a clip, read from first to last."""
    with VideoReader(clips[kind].path) as reader:
        return list(reader.iter_frames())


@pytest.fixture
def reader(clips: ClipBox, kind: str) -> Iterator[VideoReader]:
    """A fresh reader with room for a dozen pictures only, so that it has to seek."""
    with VideoReader(clips[kind].path, cache_bytes=SMALL) as reader:
        yield reader


def test_frame_i_is_picture_i(clips: ClipBox, kind: str, scan: list[Any]) -> None:
    assert [read_number(picture) for picture in scan] == list(clips[kind].numbers)


def test_the_count_is_that_of_a_full_decode(clips: ClipBox, kind: str, reader: VideoReader) -> None:
    with av.open(str(clips[kind].path)) as container:
        decoded = sum(len(packet.decode()) for packet in container.demux(video=0))
    assert len(reader) == decoded == len(clips[kind].numbers)


def test_times_are_exact(clips: ClipBox, kind: str, reader: VideoReader) -> None:
    times = [reader.timebase.exact_time(frame) for frame in range(len(reader))]
    assert times == list(clips[kind].times)


def test_random_access_gives_the_pictures_of_the_scan(reader: VideoReader, scan: list[Any]) -> None:
    for frame in np.random.default_rng(0).integers(0, len(scan), 25):
        assert np.array_equal(reader[frame], scan[frame]), frame


def test_walking_back_gives_the_pictures_of_the_scan(reader: VideoReader, scan: list[Any]) -> None:
    for frame in reversed(range(len(scan))):
        assert np.array_equal(reader[frame], scan[frame]), frame


def test_jumps_give_the_pictures_of_the_scan(reader: VideoReader, scan: list[Any]) -> None:
    last = len(scan) - 1
    for frame in (last, 0, 1, last // 2, last // 2 + 7, last // 2 + 1, last, last - 1, 29, 30, 31):
        assert np.array_equal(reader[frame], scan[frame]), frame


def test_clips_and_strides_give_the_pictures_of_the_scan(
    reader: VideoReader, scan: list[Any]
) -> None:
    wanted = [50, 3, len(scan) - 1, 3, 28, 31]
    expected = np.stack([scan[frame] for frame in wanted])
    clip = reader.clip(wanted)
    assert np.array_equal(clip[..., 0], expected if expected.ndim == 3 else expected[..., 0])
    strided = list(reader.iter_frames(2, 60, 7))
    assert np.array_equal(np.stack(strided), np.stack(scan[2:60:7]))


def test_nothing_sound_is_called_damaged(reader: VideoReader) -> None:
    assert len(list(reader)) == len(reader)
    assert not reader.damaged.any()


@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001", "5883/100", "250"])
@pytest.mark.parametrize("suffix", ["mp4", "avi"])
def test_constant_rates_are_exact(tmp_path: Path, rate: str, suffix: str) -> None:
    exact = Fraction(rate)
    codec, pix_fmt = ("libx264", "yuv420p") if suffix == "mp4" else ("mjpeg", "yuvj420p")
    path = write_clip(tmp_path / f"a.{suffix}", range(5), rate=exact, codec=codec, pix_fmt=pix_fmt)
    clock = VideoReader(path).timebase
    assert clock.is_constant
    assert clock.rate == exact
    assert clock.exact_time(3) == 3 / exact


def test_pictures_that_share_a_time_stamp_stay_apart(tmp_path: Path) -> None:
    """Matroska counts milliseconds: at 2000 pictures a second two share each stamp."""
    numbers = range(60)
    path = write_clip(
        tmp_path / "fast.mkv", numbers, codec="mjpeg", pix_fmt="yuvj420p", rate=Fraction(2000)
    )
    reader = VideoReader(path)
    assert [read_number(reader[frame]) for frame in reversed(range(60))] == list(reversed(numbers))
    assert reader.timebase.duration == pytest.approx(60 / 2000, abs=1e-3)
    assert any("share a time stamp" in line for line in reader.describe())


def test_a_single_picture_takes_the_rate_of_the_header(tmp_path: Path) -> None:
    reader = VideoReader(write_clip(tmp_path / "one.mp4", [7], rate=Fraction(50)))
    assert reader.shape[0] == 1
    assert reader.timebase.rate == 50
    assert read_number(reader[0]) == 7


def test_false_stamps_are_noticed_at_open(clips: ClipBox) -> None:
    reader = VideoReader(clips["h264_avi"].path)
    assert any("counted from key frames" in note for note in reader.info.notes)
    assert not VideoReader(clips["b_frames"].path).info.notes


def test_false_stamps_are_noticed_when_the_first_pictures_look_right(
    clips: ClipBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_index, "_TRUST_PICTURES", 1)
    reader = VideoReader(clips["h264_avi"].path)
    assert not reader.info.notes
    assert [read_number(reader[frame]) for frame in (50, 3, 51, 99)] == [50, 3, 51, 99]
    assert any("counted from key frames" in note for note in reader.info.notes)
    assert not reader.damaged.any()


def test_files_with_decoding_stamps_only_are_counted(
    clips: ClipBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = video_index._packet_table

    def without_pts(*args: Any) -> Any:
        table, notes = whole(*args)
        return [(None, *row[1:]) for row in table], notes

    monkeypatch.setattr(video_index, "_packet_table", without_pts)
    reader = VideoReader(clips["h264_avi"].path)
    assert [read_number(reader[frame]) for frame in (50, 3, 51, 99)] == [50, 3, 51, 99]


@pytest.mark.parametrize("name", ["a b.mp4", "Mäuse 鼠.mp4", "c%03d.mp4", "d:e.mp4"])
def test_any_file_name_opens(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(tmp_path / "plain.mp4", range(3)).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    reader = VideoReader(name)
    assert read_number(reader[2]) == 2
    assert Path(reader.path) == tmp_path / name


@pytest.mark.parametrize(
    ("suffix", "codec", "pix_fmt"),
    [
        ("mp4", "libx264", "yuv444p"),
        ("mp4", "libx264", "yuv420p"),
        ("avi", "mpeg4", "yuv420p"),
        ("avi", "mjpeg", "yuvj420p"),
        ("mkv", "ffv1", "bgr0"),
    ],
)
def test_colours_are_right(tmp_path: Path, suffix: str, codec: str, pix_fmt: str) -> None:
    options = {"crf": "4"} if codec == "libx264" else {"b": "4000000"}
    path = tmp_path / f"a.{suffix}"
    write_clip(path, range(4), codec=codec, pix_fmt=pix_fmt, options=options)
    difference = VideoReader(path)[3].astype(int) - paint(3)
    patches = difference[104:120].reshape(16, 4, 48, 3)[:, :, 8:40]
    assert np.abs(patches.mean(axis=(0, 2))).max() < 4


def test_the_painted_number_survives_and_a_torn_picture_is_noticed() -> None:
    for number in (0, 1, 2047, 4095, N_FRAMES):
        assert read_number(paint(number)) == number
        assert read_number(paint(number)[::2, ::2]) == number
    torn = paint(5)
    torn[30:] = paint(6)[30:]
    with pytest.raises(ValueError, match="disagree"):
        read_number(torn)


def test_the_test_clips_are_as_hard_as_their_names_say(clips: ClipBox) -> None:
    def stamps(kind: str) -> list[Any]:
        with av.open(str(clips[kind].path)) as container:
            return [p.pts for p in container.demux(video=0) if p.size]

    assert stamps("b_frames") != sorted(stamps("b_frames"))
    assert stamps("h264_avi") == sorted(stamps("h264_avi"))
    assert any("edit list" in note for note in VideoReader(clips["edit_list"].path).info.notes)
    assert x264(30)["x264-params"].count("bframes=3") == 1
