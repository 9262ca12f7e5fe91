"""Damaged files keep their frame numbers: a hole shows the picture before it, and is flagged."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from napari_mousegpt.io.video import VideoReader
from support.painted import N_FRAMES, Clip, ClipBox, damage, read_number, truncate


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipBox:
    return ClipBox(tmp_path_factory.mktemp("clips"))


def numbers(reader: VideoReader) -> list[int | None]:
    """Return the painted number of every frame, None where it is torn."""
    found: list[int | None] = []
    for picture in reader.iter_frames():
        try:
            found.append(read_number(picture))
        except ValueError:
            found.append(None)
    return found


def same_on_every_way(path: Path) -> None:
    """Fail unless scan, walking back and random access give the same bytes and flags."""
    with VideoReader(path) as first:
        scan = list(first.iter_frames())
        flags = first.damaged
    back, random = (VideoReader(path, cache_bytes=1 << 20) for _ in range(2))
    for frame in reversed(range(0, len(scan), 2)):
        assert np.array_equal(back[frame], scan[frame]), frame
    for frame in np.random.default_rng(0).permutation(len(scan))[:30]:
        assert np.array_equal(random[frame], scan[frame]), frame
    assert not np.any(back.damaged & ~flags)
    assert not np.any(random.damaged & ~flags)


@pytest.mark.parametrize("kind", ["b_frames", "open_gop", "variable_mkv", "mjpeg_avi", "hevc"])
def test_a_wiped_packet_is_a_hole(clips: ClipBox, tmp_path: Path, kind: str) -> None:
    source = clips[kind].path
    path = tmp_path / f"damaged{source.suffix}"
    # Both lie inside a group; noise in half of a packet keeps a Matroska file in step.
    holes = damage(source, path, [53, 80], "noise" if kind == "variable_mkv" else "zeros")
    reader = VideoReader(path)
    assert len(reader) == N_FRAMES
    assert reader.timebase == VideoReader(source).timebase
    found = numbers(reader)
    assert set(holes) <= set(np.flatnonzero(reader.damaged))
    touched = np.zeros(N_FRAMES, dtype=bool)
    for hole in holes:
        touched[reader._index.group(hole)] = True
    assert touched.sum() < 0.7 * N_FRAMES
    assert not reader.damaged[~touched].any()
    assert [found[frame] for frame in np.flatnonzero(~touched)] == np.flatnonzero(~touched).tolist()


@pytest.mark.parametrize(
    "kind", ["b_frames", "open_gop", "intra_refresh", "mpeg4_mp4", "mjpeg_avi", "hevc"]
)
@pytest.mark.parametrize("packets", [(53,), (30, 71), (1, 2), (0,)])
@pytest.mark.parametrize("how", ["zeros", "noise"])
def test_a_picture_that_is_not_flagged_is_the_right_one(
    clips: ClipBox, tmp_path: Path, kind: str, packets: tuple[int, ...], how: str
) -> None:
    if kind == "intra_refresh" and 0 in packets:
        packets = (1,)  # the one picture that decodes alone
    source = clips[kind].path
    path = tmp_path / f"damaged{source.suffix}"
    damage(source, path, packets, how)
    random = np.random.default_rng(6)
    for frames in (range(N_FRAMES), random.permutation(N_FRAMES)[:25], range(99, -1, -3)):
        reader = VideoReader(path, cache_bytes=1 << 20)
        for frame in frames:
            picture = reader[int(frame)]
            if not reader.damaged[frame]:
                assert read_number(picture) == frame


@pytest.mark.parametrize("kind", ["b_frames", "open_gop", "h264_avi", "mpeg4_mp4", "mjpeg_avi"])
@pytest.mark.parametrize("packets", [(40, 60, 70), (0, 1, 2), (24, 30, 48)])
def test_a_damaged_file_reads_the_same_on_every_way(
    clips: ClipBox, tmp_path: Path, kind: str, packets: tuple[int, ...]
) -> None:
    source = clips[kind].path
    path = tmp_path / f"damaged{source.suffix}"
    if kind == "h264_avi" and 0 in packets:
        packets = (1, 2)  # without its first packet the file has no format
    damage(source, path, packets)
    same_on_every_way(path)


def test_a_hole_repeats_the_picture_before_it(clips: ClipBox, tmp_path: Path) -> None:
    (hole,) = damage(clips["mjpeg_avi"].path, tmp_path / "a.avi", [50])
    reader = VideoReader(tmp_path / "a.avi")
    assert not reader.damaged.any()
    assert read_number(reader[50]) == 49
    assert np.array_equal(reader[50], reader[49])
    assert np.flatnonzero(reader.damaged).tolist() == [hole]
    assert [read_number(p) for p in reader.clip([49, 50, 51])] == [49, 49, 51]
    assert [read_number(p) for p in reader.iter_frames(49, 52)] == [49, 49, 51]
    assert read_number(reader.reopen()[51]) == 51
    assert reader.reopen().damaged[50]
    assert any("1 of the frames read so far are damaged (50)" in s for s in reader.describe())


def test_holes_at_the_start_show_the_first_picture_there_is(clips: ClipBox, tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    damage(clips["mjpeg_avi"].path, path, [0, 1])
    reader = VideoReader(path)
    assert [read_number(reader[frame]) for frame in (1, 0, 2)] == [2, 2, 2]
    assert np.flatnonzero(reader.damaged).tolist() == [0, 1]


def test_a_lost_first_key_frame_makes_its_whole_group_holes(clips: ClipBox, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    damage(clips["b_frames"].path, path, [0])
    reader = VideoReader(path)
    found = numbers(reader)
    assert reader.damaged[:30].all()
    assert not reader.damaged[30:].any()
    assert found == [30] * 30 + list(range(30, 100))


def test_the_made_up_part_of_a_picture_is_not_shown(clips: ClipBox, tmp_path: Path) -> None:
    """Noise in a packet: the decoder says so, and the picture counts as missing."""
    path = tmp_path / "a.avi"
    damage(clips["mjpeg_avi"].path, path, [50], "noise")
    reader = VideoReader(path)
    assert read_number(reader[50]) == 49
    assert reader.damaged[50]


def test_a_camera_that_breaks_the_rules_throughout_is_still_read(
    clips: ClipBox, tmp_path: Path
) -> None:
    path = tmp_path / "a.avi"
    damage(clips["mjpeg_avi"].path, path, range(N_FRAMES), "noise")
    reader = VideoReader(path)
    assert any("break the rules of their codec" in line for line in reader.describe())
    assert numbers(reader)[3] == 3
    assert reader.damaged.sum() < 0.3 * N_FRAMES


@pytest.mark.parametrize(
    "kind", ["fast_start", "fragmented", "variable_mkv", "mjpeg_avi", "transport"]
)
@pytest.mark.parametrize("part", [0.6, 0.83])
def test_a_truncated_file_is_flagged_at_open(
    clips: ClipBox, tmp_path: Path, kind: str, part: float
) -> None:
    clip: Clip = clips[kind]
    path = truncate(clip.path, tmp_path / f"cut{clip.path.suffix}", part)
    reader = VideoReader(path)
    flags = reader.damaged
    with av.open(str(path)) as container:
        packets = sum(packet.size > 0 for packet in container.demux(video=0))
    assert len(reader) == packets
    assert 0.4 * N_FRAMES < len(reader) < N_FRAMES
    found = numbers(reader)
    assert np.array_equal(reader.damaged, flags)
    assert not flags[: len(reader) - 5].any()
    whole = [number for number, bad in zip(found, flags, strict=True) if not bad]
    assert whole == sorted(set(whole))
    assert found[: len(reader) - 5] == list(range(len(reader) - 5))
    same_on_every_way(path)


def test_the_cut_packet_of_a_truncated_file_is_a_hole(clips: ClipBox, tmp_path: Path) -> None:
    path = truncate(clips["mjpeg_avi"].path, tmp_path / "cut.avi", 0.7)
    reader = VideoReader(path)
    last = len(reader) - 1
    assert np.flatnonzero(reader.damaged).tolist() == [last]
    assert read_number(reader[last]) == last - 1
    lines = " ".join(reader.describe())
    assert f"announces 100 pictures, the file holds {last + 1}" in lines
    assert f"damaged ({last})" in lines


def test_a_cut_packet_is_a_hole_also_where_broken_rules_are_let_pass(
    clips: ClipBox, tmp_path: Path
) -> None:
    noisy = tmp_path / "noisy.avi"
    damage(clips["mjpeg_avi"].path, noisy, range(N_FRAMES), "noise")
    reader = VideoReader(truncate(noisy, tmp_path / "cut.avi", 0.7))
    last = len(reader) - 1
    assert reader.damaged[last]
    assert np.array_equal(reader[last], reader[last - 1])


def test_in_count_mode_a_whole_group_is_in_doubt(clips: ClipBox, tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    damage(clips["h264_avi"].path, path, [45])
    reader = VideoReader(path)
    numbers(reader)
    assert np.flatnonzero(reader.damaged).tolist() == list(range(30, 60))
    assert [read_number(reader[frame]) for frame in (29, 60, 99)] == [29, 60, 99]
