"""The shared recordings, against a plain decode of each file from its first picture on."""

from __future__ import annotations

import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from napari_mousegpt.io.video import VideoReader

VIDEOS = {
    "open_field": ("video_openfield_dlc/m3v1mp4.mp4", 2330, Fraction(1_000_000, 33_333)),
    "bottom_view": ("video_bottomview_vame/cropped_video.mp4", 749, Fraction(25)),
    "mirror": ("video_mirror_lightningpose/test_vid.mp4", 994, Fraction(250)),
}


@pytest.fixture(scope="module", params=VIDEOS)
def video(request: pytest.FixtureRequest, shared_data: Path) -> tuple[Path, int, Fraction]:
    name, n_frames, rate = VIDEOS[request.param]
    return shared_data / name, n_frames, rate


@pytest.fixture(scope="module")
def truth(video: tuple[Path, int, Fraction]) -> tuple[list[Fraction], list[int]]:
    """Time and checksum of the luminance of each picture of a plain decode."""
    times, sums = [], []
    with av.open(str(video[0])) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            times.append(Fraction(frame.pts * stream.time_base))
            sums.append(zlib.crc32(np.frombuffer(frame.planes[0], np.uint8)))
    return times, sums


def test_count_rate_and_times(
    video: tuple[Path, int, Fraction], truth: tuple[list[Fraction], list[int]]
) -> None:
    path, n_frames, rate = video
    reader = VideoReader(path)
    assert len(reader) == n_frames == len(truth[0])
    assert reader.timebase.is_constant
    assert reader.timebase.rate == rate
    times = [reader.timebase.exact_time(frame) for frame in range(n_frames)]
    assert times == [time - truth[0][0] for time in truth[0]]
    assert reader.info.notes == ()


def test_random_access_gives_the_pictures_of_a_plain_decode(
    video: tuple[Path, int, Fraction], truth: tuple[list[Fraction], list[int]]
) -> None:
    """On its way to a key frame a reader must not miss what only the first packet tells."""
    path, n_frames, _ = video
    reader = VideoReader(path, cache_bytes=32 << 20)
    for frame in [n_frames - 1, 0, *np.random.default_rng(3).integers(0, n_frames, 12).tolist()]:
        picture = reader._frame(frame)
        assert zlib.crc32(np.frombuffer(picture.planes[0], np.uint8)) == truth[1][frame], frame
    assert not reader.damaged.any()


def test_a_jump_costs_one_group_at_most(video: tuple[Path, int, Fraction]) -> None:
    path, n_frames, _ = video
    reader = VideoReader(path)
    for frame in (n_frames - 1, n_frames // 3):
        before = reader.n_decoded
        reader[frame]
        assert reader.n_decoded - before <= 250


def test_colours_of_444_video_follow_its_planes(shared_data: Path) -> None:
    """BT.601 in limited range, computed here from the planes as they are decoded."""
    reader = VideoReader(shared_data / VIDEOS["open_field"][0])
    assert reader.info.pix_fmt == "yuv444p"
    planes = reader._frame(1000).to_ndarray(channel_last=True).astype(float)
    luma = (planes[..., 0] - 16) * 255 / 219
    blue, red = (planes[..., 1] - 128) * 255 / 224, (planes[..., 2] - 128) * 255 / 224
    rgb = np.stack(
        [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=-1
    )
    assert np.abs(reader[1000] - np.clip(rgb, 0, 255)).max() <= 2


def test_a_clip_for_a_model_shows_the_same_moments(shared_data: Path) -> None:
    reader = VideoReader(shared_data / VIDEOS["mirror"][0])
    frames = [10, 500, 993]
    clip = reader.clip(frames, 112)
    assert clip.shape == (3, 115, 112, 3)
    for small, frame in zip(clip, frames, strict=True):
        assert abs(float(small.mean()) - float(reader[frame].mean())) < 2
