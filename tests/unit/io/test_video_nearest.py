"""A picture at once while the slider moves: it says which frame it is, and is that frame's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.errors import InputError
from napari_mousegpt.io.video import VideoReader
from napari_mousegpt.io.video_decoder import Decoder
from support.painted import EXACT, N_FRAMES, ClipBox, damage, read_number


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipBox:
    return ClipBox(tmp_path_factory.mktemp("clips"))


@pytest.mark.parametrize("kind", EXACT)
def test_it_is_the_picture_of_the_frame_it_names(clips: ClipBox, kind: str) -> None:
    with VideoReader(clips[kind].path) as scan:
        pictures = list(scan.iter_frames())
    reader = VideoReader(clips[kind].path, cache_bytes=12 * 40_000)
    random = np.random.default_rng(4)
    for frame in random.integers(0, len(pictures), 30).tolist():
        found, picture = reader.nearest(frame)
        assert np.array_equal(picture, pictures[found]), (frame, found)
        if random.random() < 0.3:  # and the exact one at rest is not disturbed
            assert np.array_equal(reader[frame], pictures[frame]), frame
    assert not reader.damaged.any()


@pytest.mark.parametrize("kind", ["constant", "b_frames", "open_gop", "mpeg4_avi", "h264_avi"])
def test_a_jump_costs_one_picture(
    clips: ClipBox, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def feed(self: Decoder) -> None:
        raise AssertionError("more than the packet of the key frame was decoded")

    reader = VideoReader(clips[kind].path)
    monkeypatch.setattr(Decoder, "_feed", feed)
    keys = reader._index.key_rows.tolist()
    for frame in (97, 3, keys[1], keys[2] - 1):
        before = reader.n_decoded
        found, _ = reader.nearest(frame)
        assert found == max(key for key in keys if key <= frame)
        assert reader.n_decoded - before <= 1


def test_reading_on_after_a_glance_finds_no_damage(clips: ClipBox) -> None:
    """A decoder that was told of an end must seek, or it takes the next packet for a broken one."""
    reader = VideoReader(clips["b_frames"].path)
    for frame in (35, 70, 95):
        found, _ = reader.nearest(frame)
        assert read_number(reader[found + 2]) == found + 2
    assert not reader._store._own()._bad


def test_a_nearer_picture_at_hand_is_taken(clips: ClipBox) -> None:
    reader = VideoReader(clips["long_group"].path)
    reader[80]  # and the 32 before it
    before = reader.n_decoded
    assert [reader.nearest(frame)[0] for frame in (80, 85, 70, 45, 99)] == [80, 80, 70, 48, 80]
    assert reader.n_decoded == before
    assert reader.nearest(10)[0] == 0  # the key frame is nearer
    assert reader.n_decoded == before + 1


def test_frames_are_counted_from_the_end_and_refused_outside(clips: ClipBox) -> None:
    reader = VideoReader(clips["mjpeg_avi"].path)
    found, picture = reader.nearest(-1)
    assert found == read_number(picture) == N_FRAMES - 1
    with pytest.raises(IndexError, match="frame 100 is out of bounds"):
        reader.nearest(N_FRAMES)
    reader.close()
    with pytest.raises(InputError, match="found a closed one"):
        reader.nearest(3)


def test_before_a_damaged_key_frame_stands_the_picture_before_it(
    clips: ClipBox, tmp_path: Path
) -> None:
    path = tmp_path / "a.avi"
    damage(clips["mjpeg_avi"].path, path, [30])
    reader = VideoReader(path)
    found, picture = reader.nearest(30)
    assert found == read_number(picture) == 29
    assert np.flatnonzero(reader.damaged).tolist() == [30]


def test_without_a_first_key_frame_the_first_picture_serves(clips: ClipBox, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    damage(clips["b_frames"].path, path, [0])
    found, picture = VideoReader(path).nearest(12)
    assert found == read_number(picture) == 30
