"""What is no readable video is refused with its name, what was found and what to do."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import pytest

from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.video import VideoReader
from support.painted import ClipBox, cut_by_copy, damage, read_number, write_clip, x264


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipBox:
    return ClipBox(tmp_path_factory.mktemp("clips"))


def refusal(path: Path) -> str:
    with pytest.raises(FormatError) as caught:
        VideoReader(path)
    assert str(caught.value).startswith(str(path))
    assert caught.value.remedy
    return str(caught.value)


def test_a_missing_path_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"absent\.mp4: expected a video file, found nothing there"
    ):
        VideoReader(tmp_path / "absent.mp4")
    with pytest.raises(InputError, match=r"found a folder\. Name the video inside it"):
        VideoReader(tmp_path)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    assert "found an empty file (0 bytes). Copy it again" in refusal(path)


@pytest.mark.parametrize("name", ["pose.mp4", "pose.csv", "notes.txt"])
def test_text_whatever_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("scorer,nose,nose\nbodyparts,x,y\n" * 50)
    assert "found text. Choose the video file itself" in refusal(path)


def test_bytes_without_a_format(tmp_path: Path) -> None:
    path = tmp_path / "noise.avi"
    path.write_bytes(bytes(range(256)) * 40)
    assert "found data that no video format fits" in refusal(path)


def test_a_play_list_is_not_followed(tmp_path: Path, clips: ClipBox) -> None:
    path = tmp_path / "list.m3u8"
    clip = clips["transport"].path
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{clip}\n#EXT-X-ENDLIST\n")
    assert "found text" in refusal(path)


def test_a_raw_stream_names_the_remux_command(clips: ClipBox) -> None:
    path = clips["raw"].path
    message = refusal(path)
    assert "pictures without any, so that a frame cannot be found again" in message
    target = path.with_name("raw_remuxed.mp4")
    command = f'ffmpeg -fflags +genpts -r 30 -i "{path}" -c copy -use_editlist 0 "{target}"'
    assert command in message


def test_an_mp4_without_its_index_names_the_way_out(clips: ClipBox, tmp_path: Path) -> None:
    data = clips["constant"].path.read_bytes()
    path = tmp_path / "crash.mp4"
    path.write_bytes(data[: data.index(b"moov") - 4])
    message = refusal(path)
    assert "expected an MP4 file with its index (the moov box)" in message
    assert "untrunc good.mp4 broken.mp4" in message
    assert "ffmpeg -i fixed.mp4 -c copy clip.mp4" in message


def test_an_index_without_pictures(clips: ClipBox, tmp_path: Path) -> None:
    data = clips["fast_start"].path.read_bytes()
    path = tmp_path / "header.mp4"
    path.write_bytes(data[: data.index(b"mdat") + 4])
    assert "expected pictures, found none" in refusal(path)


def test_stamps_that_jump_back(tmp_path: Path) -> None:
    first = write_clip(tmp_path / "a.ts", range(40), options={"g": "20"})
    path = tmp_path / "joined.ts"
    path.write_bytes(first.read_bytes() * 2)
    message = refusal(path)
    assert "a jump back, as when two recordings are joined" in message
    assert "-c copy" in message


def test_pictures_of_which_some_have_no_stamp(clips: ClipBox, tmp_path: Path) -> None:
    path = cut_by_copy(clips["b_frames"].path, tmp_path / "cut.mkv", 37)
    assert "expected a container with time stamps" in refusal(path)


def test_sound_and_single_pictures(tmp_path: Path) -> None:
    sound = tmp_path / "squeaks.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack("<2000h", *range(2000)))
    assert "found a wav file without a video stream that can be read" in refusal(sound)
    picture = tmp_path / "frame.png"
    from PIL import Image

    Image.new("RGB", (32, 32)).save(picture)
    assert "found a single picture (png). Open pictures and stacks as" in refusal(picture)


def test_packets_that_no_decoder_takes(clips: ClipBox, tmp_path: Path) -> None:
    path = tmp_path / "wiped.mp4"
    damage(clips["constant"].path, path, range(100))
    assert "h264 packets, none of which can be decoded" in refusal(path)


@pytest.mark.parametrize(("options", "opens"), [("", True), (":open-gop=1", False)])
def test_counting_needs_closed_groups(tmp_path: Path, options: str, opens: bool) -> None:
    """AVI keeps no true stamps of B-frames; with open groups counting would be off by some."""
    path = write_clip(tmp_path / "camera.avi", range(60), options=x264(20, 3, options))
    if opens:
        with VideoReader(path) as video:
            assert [read_number(video[row]) for row in (21, 59, 40)] == [21, 59, 40]
    else:
        said = refusal(path)
        assert "groups that are open" in said
        assert "-fps_mode passthrough -c:v libx264" in said
