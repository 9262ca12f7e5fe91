"""Clips of many intervals: the reader's pictures, each decoded once, in bounded memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.clips import (
    ClipParams,
    CropParams,
    CropPaths,
    clip_rows,
    crop,
    iter_clips,
    reading,
)
from napari_mousegpt.clips.crops import BLANK
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.io import video_sampler
from napari_mousegpt.io.array_frames import ArrayFrames
from napari_mousegpt.io.video import VideoReader
from napari_mousegpt.io.video_frames import FrameStore
from support.arrow import LENGTH, ArrowVideo, arrow_recording, read_arrow
from support.painted import HEIGHT, N_FRAMES, WIDTH, ClipBox, damage, read_number
from support.threads import Threads

# The painted pictures fill a clip of their own width: bars above and below.
STORED = ClipParams(size=WIDTH)
TOP = (WIDTH - HEIGHT) // 2


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ClipBox:
    return ClipBox(tmp_path_factory.mktemp("painted"))


def opened(path: Path, name: str = "painted") -> Recording:
    reader = VideoReader(path)
    return Recording(name, (View("main", reader.timebase, reader),))


@pytest.fixture(scope="module")
def painted(files: ClipBox) -> Recording:
    """Groups of 30 with three B-frames."""
    return opened(files["b_frames"].path)


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    threads = Threads()
    yield
    assert not threads.new()


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pictures that each decoder of the sampler has decoded."""
    counts: list[int] = []

    class Watched(FrameStore):
        def close(self) -> None:
            counts.append(self.n_decoded)
            super().close()

    monkeypatch.setattr(video_sampler, "FrameStore", Watched)
    return counts


def of(recording: Recording, bounds: list[tuple[int, int]], who: str = "") -> Intervals:
    starts, stops = zip(*bounds, strict=True)
    return Intervals.build(recording.id, list(starts), list(stops), who)


def whole(frames: np.ndarray) -> np.ndarray:
    return frames[:, TOP : TOP + HEIGHT]


bounds = st.tuples(st.integers(0, N_FRAMES - 1), st.integers(1, 40)).map(
    lambda one: (one[0], min(N_FRAMES, one[0] + one[1]))
)


@settings(max_examples=15, deadline=None)
@given(st.lists(bounds, min_size=1, max_size=12), st.integers(1, 9), st.integers(0, 2))
def test_frames_are_those_of_the_reader(
    painted: Recording, chosen: list[tuple[int, int]], frames: int, ahead: int
) -> None:
    params = replace(STORED, frames=frames)
    found = list(iter_clips(painted, of(painted, chosen), params, ahead=ahead, threads=1))
    assert [(clip.row, (clip.start, clip.stop)) for clip in found] == list(enumerate(chosen))
    for clip in found:
        rows = clip_rows(painted.timebase, clip.start, clip.stop, params)
        assert clip.rows.tolist() == rows.tolist()
        assert clip.frames.shape == (len(rows), WIDTH, WIDTH, 3)
        assert np.array_equal(whole(clip.frames), painted.video[rows.tolist()])  # type: ignore[index]
        assert (clip.frames[:, :TOP] == BLANK).all()
        assert clip.seconds.tolist() == (rows / 30).tolist()
        assert clip.source_fps == 30
        assert clip.damaged is False


def test_smaller_clips_are_the_readers_too(painted: Recording) -> None:
    (clip,) = iter_clips(painted, of(painted, [(10, 50)]), ClipParams(size=96))
    small = painted.video.clip(clip.rows, 64)  # type: ignore[union-attr]
    assert np.array_equal(clip.frames[:, 16:80], small)


def test_overlapping_intervals_decode_each_picture_once(
    painted: Recording, decoded: list[int]
) -> None:
    windows = [(start, start + 30) for start in range(0, 70, 2)]
    params = replace(STORED, frames=30)
    assert len(list(iter_clips(painted, of(painted, windows), params, threads=1))) == 35
    overlapped = sum(decoded)
    decoded.clear()
    list(iter_clips(painted, of(painted, [(0, 98)]), replace(STORED, frames=98), threads=1))
    assert len(windows) * 30 > 10 * overlapped
    assert overlapped == sum(decoded) <= 104
    decoded.clear()
    # In any order, as long as they fit.
    list(iter_clips(painted, of(painted, windows[::-1]), params, threads=1))
    assert sum(decoded) == overlapped


def test_pictures_are_cut_once_for_clips_that_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = arrow_recording()
    cuts: list[int] = []
    real = reading.Camera.cut
    monkeypatch.setattr(
        reading.Camera, "cut", lambda own, *given: cuts.append(1) or real(own, *given)
    )
    windows = [(start, start + 30) for start in range(0, 270, 3)]
    params = ClipParams(frames=30, size=64, crop=CropParams())
    found = list(iter_clips(recording, of(recording, windows, "m1"), params))
    assert len(found) == 90
    assert len(cuts) == 297
    assert recording.video.reads == 297  # type: ignore[union-attr]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 280), min_size=1, max_size=5), st.sampled_from(["animal", "start"]))
def test_a_clip_does_not_depend_on_the_others(starts: list[int], follow: Any) -> None:
    recording = arrow_recording()
    chosen = [(start, min(300, start + 25)) for start in starts]
    params = ClipParams(frames=5, size=48, crop=CropParams(follow=follow))
    together = list(iter_clips(recording, of(recording, chosen, "m1"), params))
    for clip, one in zip(together, chosen, strict=True):
        (alone,) = iter_clips(recording, of(recording, [one], "m1"), params)
        assert np.array_equal(clip.frames, alone.frames)


def test_the_clip_follows_the_animal() -> None:
    recording = arrow_recording()
    params = ClipParams(size=96, crop=CropParams(smooth_s=0.05))
    (clip,) = iter_clips(recording, of(recording, [(30, 90)], "m1"), params)
    for picture in clip.frames:
        x, y, way = read_arrow(picture)
        assert (x, y) == pytest.approx((47.5, 47.5 - 2 * 0.1 * LENGTH), abs=2.5)
        assert way == pytest.approx(90, abs=4)
    # No more than rounding apart from what the window itself gives.
    windows = CropPaths(recording, CropParams(smooth_s=0.05)).windows("m1", clip.rows, 30)
    for row, window, picture in zip(clip.rows, windows, clip.frames, strict=True):
        plain = crop(recording.video[int(row)], window, 96)  # type: ignore[index]
        assert np.abs(plain.astype(int) - picture).max() <= 2


def test_without_a_pose_the_shape_is_followed_and_looked_at_once() -> None:
    recording = arrow_recording(pose=False, counts=False)
    params = ClipParams(size=96, crop=CropParams(pixels=48, smooth_s=0.0))
    windows = of(recording, [(start, start + 30) for start in range(60, 150, 5)])
    for clip in iter_clips(recording, windows, params):
        for picture in clip.frames:
            assert read_arrow(picture)[:2] == pytest.approx((47.5, 47.5), abs=4)
    # 31 for the background, each frame within a second once small, and once to cut it.
    assert recording.video.reads <= 31 + (115 + 2 * 30) + 115  # type: ignore[union-attr]


def test_a_still_is_one_picture(painted: Recording) -> None:
    (clip,) = iter_clips(painted, of(painted, [(20, 41)]), replace(STORED, still=True))
    assert clip.frames.shape == (1, WIDTH, WIDTH, 3)
    assert read_number(whole(clip.frames)[0]) == 30


def test_grey_cameras_have_three_equal_channels(files: ClipBox) -> None:
    grey = opened(files["grey"].path)
    (clip,) = iter_clips(grey, of(grey, [(20, 40)]), STORED)
    assert np.array_equal(whole(clip.frames)[..., 0], grey.video[clip.rows.tolist()])  # type: ignore[index]
    assert (clip.frames == clip.frames[..., :1]).all()
    followed = replace(STORED, crop=CropParams())
    (clip,) = iter_clips(grey, of(grey, [(20, 40)]), followed)
    assert clip.frames.shape == (8, WIDTH, WIDTH, 3)


def test_a_variable_rate_keeps_its_seconds(files: ClipBox) -> None:
    uneven = opened(files["variable_mp4"].path)
    truth = np.array([float(time) for time in files["variable_mp4"].times])
    for clip in iter_clips(uneven, of(uneven, [(0, 50), (40, 100)]), STORED):
        assert [read_number(picture) for picture in whole(clip.frames)] == clip.rows.tolist()
        assert clip.seconds == pytest.approx(truth[clip.rows], abs=1e-6)
        lasts = uneven.timebase.time(clip.stop) - truth[clip.start]
        assert clip.source_fps == pytest.approx((clip.stop - clip.start) / lasts)
        # Even in seconds, to half a picture of this video (20 to 59 ms).
        assert np.ptp(np.diff(clip.seconds)) < 0.12


def test_damaged_pictures_are_flagged(files: ClipBox, tmp_path: Path) -> None:
    path = tmp_path / "damaged.mp4"
    rows = damage(files["b_frames"].path, path, [35], "zeros")
    recording = opened(path)
    params = replace(STORED, frames=10)
    parts = [(0, 10), (rows[0], rows[0] + 10), (90, 100)]
    found = list(iter_clips(recording, of(recording, parts), params, threads=1))
    assert [clip.damaged for clip in found] == [False, True, False]
    assert [read_number(picture) for picture in whole(found[2].frames)] == list(range(90, 100))


def two_cameras(offset: Fraction) -> Recording:
    """The arrow from two cameras; the second one began later, and takes half as many pictures."""
    first = arrow_recording(90)
    clock = Timebase.constant(15, 45)
    other = ArrowVideo(45, (60, 60))
    return Recording("two", (first.primary, View("side", clock, other, offset=offset)))


def test_cameras_are_tiled_in_step() -> None:
    recording = two_cameras(Fraction(1))
    params = ClipParams(frames=30, size=128, cameras=("main", "side"))
    (clip,) = iter_clips(recording, of(recording, [(15, 45)]), params)
    assert clip.frames.shape == (30, 128, 128, 3)
    for row, picture in zip(clip.rows.tolist(), clip.frames, strict=True):
        left, right = picture[32:96, :64], picture[32:96, 64:]
        own = recording.frame_in("side", row)
        assert left[8, 2, 2] == pytest.approx(40 + 4 * (row % 50), abs=3)
        if own is None:
            assert row < 30
            assert (right == BLANK).all()
        else:
            assert own == (row - 30) // 2
            assert right[2, 2, 2] == pytest.approx(40 + 4 * own, abs=3)
    # Each picture of the slower camera was read once.
    assert recording.view("side").video.reads == 8  # type: ignore[union-attr]


def test_another_camera_may_be_the_only_one() -> None:
    recording = two_cameras(Fraction(0))
    params = ClipParams(frames=4, size=60, cameras=("side",))
    (clip,) = iter_clips(recording, of(recording, [(10, 30)]), params)
    for row, picture in zip(clip.rows.tolist(), clip.frames, strict=True):
        assert np.array_equal(picture, recording.view("side").video[row // 2])  # type: ignore[index]


def test_a_camera_follows_its_own_shape() -> None:
    recording = two_cameras(Fraction(1))
    params = ClipParams(frames=6, size=128, cameras=("main", "side"), crop=CropParams(pixels=40))
    clips = list(iter_clips(recording, of(recording, [(15, 45), (40, 80)]), params))
    assert [clip.frames.shape for clip in clips] == [(6, 128, 128, 3)] * 2
    for picture in clips[1].frames:
        assert read_arrow(picture[32:96, :64])[:2] == pytest.approx((31.5, 29), abs=4)


def test_a_part_of_a_picture_is_not_read_ahead_without_end(painted: Recording) -> None:
    made: list[int] = []
    real = reading._finished
    patch = pytest.MonkeyPatch()
    patch.setattr(reading, "_finished", lambda clip, clock: made.append(1) or real(clip, clock))
    with patch.context():
        clips = iter_clips(painted, of(painted, [(n, n + 10) for n in range(80)]), STORED, ahead=2)
        for taken, _ in enumerate(clips, start=1):
            # Those taken, two that wait, one in the hands of the thread.
            assert len(made) <= taken + 3
    patch.undo()


def test_the_thread_ends_with_the_iterator(painted: Recording) -> None:
    threads = Threads()
    clips = iter_clips(painted, of(painted, [(n, n + 10) for n in range(80)]), STORED)
    assert not threads.new()
    next(clips)
    assert threads.new()
    clips.close()  # type: ignore[attr-defined]
    assert not threads.new()


def test_what_goes_wrong_while_reading_is_raised_and_the_thread_ends() -> None:
    class Broken(ArrowVideo):
        def __getitem__(self, key: Any) -> Any:
            if key == 45:
                raise OSError("the disk is gone")
            return super().__getitem__(key)

    recording = arrow_recording(90)
    broken = replace(recording, views=(replace(recording.primary, video=Broken(90)),))
    chosen = of(broken, [(0, 20), (20, 40), (40, 60)])
    clips = iter_clips(broken, chosen, ClipParams(frames=20, size=32))
    assert [next(clips).row for _ in range(2)] == [0, 1]
    with pytest.raises(OSError, match="the disk is gone"):
        next(clips)


@pytest.mark.parametrize("ahead", [0, 2])
def test_memory_stays_bounded(ahead: int) -> None:
    """Hundreds of clips that overlap, and one that ends long after them."""
    # Not square: with their bars the pictures are arrays of NumPy, whose memory is traced.
    video = ArrayFrames(np.zeros((3000, 24, 32), np.uint8), fps=30)
    assert video.timebase is not None
    recording = Recording("long", (View("main", video.timebase, video),))
    params = ClipParams(frames=16, size=64)
    chosen = of(recording, [(0, 3000), *[(n, n + 60) for n in range(0, 2940, 5)]])
    patch = pytest.MonkeyPatch()
    room = 4 << 20
    patch.setattr(reading, "_ROOM_BYTES", room)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        n_clips = sum(1 for _ in iter_clips(recording, chosen, params, ahead=ahead))
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
        patch.undo()
    assert n_clips == 589
    one = 16 * 64 * 64 * 3
    # All clips would be 116 MB; the plan of 589 clips is small.
    assert peak < room + (ahead + 3) * one + (2 << 20)


@pytest.mark.parametrize(
    ("start", "stop", "found"),
    [
        (10, 10, r"interval 1, \[10, 10\), of recording 'painted': expected a length"),
        (90, 101, r"interval 1, \[90, 101\), of recording 'painted': expected frames 0 to 100"),
    ],
)
def test_intervals_that_cannot_be_read_are_named_at_once(
    painted: Recording, start: int, stop: int, found: str
) -> None:
    with pytest.raises(InputError, match=found):
        iter_clips(painted, of(painted, [(0, 5), (start, stop)]))


def test_other_input_that_does_not_fit_is_refused_at_once(painted: Recording) -> None:
    with pytest.raises(InputError, match="one of recording 'painted', found one of 'other'"):
        iter_clips(painted, Intervals.build("other", [0], [5]))
    with pytest.raises(InputError, match="view 'front'"):
        iter_clips(painted, of(painted, [(0, 5)]), ClipParams(cameras=("front",)))
    with pytest.raises(InputError, match="at least 2 pictures"):
        iter_clips(painted, of(painted, [(0, 1)]), least=2)
    with pytest.raises(InputError, match="0 or more clips"):
        iter_clips(painted, of(painted, [(0, 5)]), ahead=-1)
    blind = arrow_recording()
    blind = replace(blind, views=(replace(blind.primary, video=None),))
    with pytest.raises(InputError, match=r"view 'main'.* found only a pose"):
        iter_clips(blind, of(blind, [(0, 5)]))


def test_no_intervals_no_clips(painted: Recording) -> None:
    assert list(iter_clips(painted, Intervals.empty())) == []


def test_a_stride_that_leaves_one_picture_of_each_is_refused(painted: Recording) -> None:
    wide = ClipParams(frames=4, stride_s=2.0)
    short = Intervals.build(painted.id, [0, 30], [30, 60])
    with pytest.raises(InputError, match=r"stride_s=2: expected shorter than the intervals"):
        iter_clips(painted, short, wide)
    # Short ones among longer ones, and single pictures, are shown as they are.
    mixed = Intervals.build(painted.id, [0, 0], [30, 100])
    assert [len(clip.rows) for clip in iter_clips(painted, mixed, wide)] == [1, 2]
    for asked in (replace(wide, still=True), replace(wide, frames=1)):
        assert [len(clip.rows) for clip in iter_clips(painted, short, asked)] == [1, 1]
