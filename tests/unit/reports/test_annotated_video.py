"""The video with everything drawn on it, read back picture by picture."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, OutputExistsError
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.video import VideoReader
from napari_mousegpt.reports.annotated_video import (
    AnnotateParams,
    annotate_video,
    iter_annotate_video,
)
from napari_mousegpt.reports.frame_drawing import lanes_of
from napari_mousegpt.reports.frame_painter import FramePainter
from support.arrow import arrow_pose, arrow_recording, read_count, write_arrow

SIZE = (96, 160)
COLOURS = {"walking": "#e69f00", "still": "#cc79a7", "turning": "#f0e442"}
ORANGE, PINK, WHITE = (230, 159, 0), (204, 121, 167), (255, 255, 255)


@pytest.fixture
def ethogram() -> Ethogram:
    """Walking, a gap, still; a rejected bout over all; one of another recording."""
    return Ethogram(
        Intervals.build(
            ["arrow", "arrow", "arrow", "other"],
            [0, 60, 0, 0],
            [40, 100, 100, 100],
            "m1",
            label=["walking", "still", "turning", "turning"],
            status=["proposed", "accepted", "rejected", "proposed"],
            confidence=[0.8, np.nan, 1, 1],
        )
    )


@pytest.fixture
def recording() -> Recording:
    return arrow_recording(100, size=SIZE)


def painter(recording: Recording, ethogram: Ethogram, **values: object) -> FramePainter:
    params = AnnotateParams(**values)  # type: ignore[arg-type]
    return FramePainter(recording, ethogram.select(recording="arrow"), params, (0, 100), COLOURS)


def has(picture: np.ndarray, colour: tuple[int, int, int], tolerance: int = 4) -> bool:
    return bool((np.abs(picture.astype(int) - colour).max(axis=-1) <= tolerance).any())


def test_the_line_above_says_what_goes_on(recording: Recording, ethogram: Ethogram) -> None:
    made = painter(recording, ethogram, skeleton=False)
    above = {
        frame: made.paint(frame, recording.video[frame])[: made._top] for frame in (0, 39, 40, 60)
    }  # type: ignore[index]
    assert has(above[0], ORANGE)
    assert has(above[39], ORANGE)
    assert not has(above[40], ORANGE)
    assert not has(above[40], PINK)
    assert has(above[60], PINK)
    assert not any(has(picture, (240, 228, 66)) for picture in above.values())


def test_the_skeleton_has_the_colour_of_the_label(recording: Recording, ethogram: Ethogram) -> None:
    made = painter(recording, ethogram)
    for frame, colour in ((10, ORANGE), (70, PINK)):
        plain = np.zeros_like(recording.video[frame])  # type: ignore[index]
        picture = made.paint(frame, plain)[made._top : made._top + SIZE[0]]
        drawn = np.argwhere(np.abs(picture.astype(int) - colour).max(axis=-1) <= 4)
        x, y, _ = recording.video.walk[frame]  # type: ignore[union-attr]
        assert drawn.mean(axis=0) == pytest.approx((y, x), abs=3)


def test_the_strip_below_holds_all_bouts_and_the_line_moves(
    recording: Recording, ethogram: Ethogram
) -> None:
    made = painter(recording, ethogram)
    picture = made.paint(30, recording.video[30])[made._top + SIZE[0] :]  # type: ignore[index]
    assert (picture[4, 20] == ORANGE).all()
    assert (picture[4, 130] == PINK).all()
    assert (picture[4, 80] < 100).all()
    assert (picture[4, 48] == WHITE).all()  # 30 of 100 frames on 160 pixels
    later = made.paint(99, recording.video[99])[made._top + SIZE[0] :]  # type: ignore[index]
    assert (later[4, 158] == WHITE).all()
    assert (later[4, 48] == ORANGE).all()


def test_parts_can_be_left_out(recording: Recording, ethogram: Ethogram) -> None:
    bare = painter(recording, ethogram, labels=False, skeleton=False, timeline=False)
    assert (bare.paint(5, recording.video[5]) == recording.video[5]).all()  # type: ignore[index]


def test_every_frame_comes_out_once_in_order(
    recording: Recording, ethogram: Ethogram, tmp_path: Path
) -> None:
    path = annotate_video(
        recording, ethogram, tmp_path / "a.mp4", AnnotateParams(start=7, stop=93), colours=COLOURS
    )
    top = painter(recording, ethogram)._top
    with av.open(str(path)) as file:
        assert not file.streams.audio
        pictures = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    counts = [read_count(picture[top : top + SIZE[0]]) for picture in pictures]
    off = counts - np.arange(7, 93) % 50  # the codec blurs them a little
    assert len(counts) == 86
    assert np.abs(off).max() < 2
    assert abs(off.mean()) < 0.4
    with VideoReader(path) as made:
        assert made.timebase == Timebase.constant(30, 86)


def test_the_times_of_a_variable_rate_are_kept(ethogram: Ethogram, tmp_path: Path) -> None:
    stamps = np.cumsum(np.random.default_rng(0).integers(20, 60, 100))
    clock = Timebase.from_pts(stamps, Fraction(1, 1000))
    recording = arrow_recording(100, size=SIZE, clock=clock)
    path = annotate_video(
        recording, ethogram, tmp_path / "a.mp4", AnnotateParams(start=10, stop=60)
    )
    with VideoReader(path) as made:
        frames = np.arange(50)
        assert not made.timebase.is_constant
        assert np.allclose(made.timebase.time(frames), clock.time(frames + 10) - clock.time(10))


def test_a_real_video_is_scaled(ethogram: Ethogram, tmp_path: Path) -> None:
    source = write_arrow(tmp_path / "arrow.mp4", 40, (192, 320))
    pose = arrow_pose(Timebase.constant(30, 40), (192, 320))
    recording = open_recording(source, pose, id="arrow")
    short = ethogram.select(label="walking")
    path = annotate_video(recording, short, tmp_path / "a.mp4", AnnotateParams(scale=0.5))
    with VideoReader(path) as made:
        assert made.shape[2] == 160
        assert len(made) == 40
    for wrong in (source, tmp_path / "b.gif"):
        with pytest.raises(InputError):
            annotate_video(recording, short, wrong, overwrite=True)
    recording.video.close()  # type: ignore[union-attr]


def test_stopping_leaves_what_was_there(
    recording: Recording, ethogram: Ethogram, tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"as it was")
    with pytest.raises(OutputExistsError):
        annotate_video(recording, ethogram, path)
    parts = iter_annotate_video(recording, ethogram, path, overwrite=True)
    assert [next(parts).done for _ in range(3)] == [1, 2, 3]
    parts.close()
    assert path.read_bytes() == b"as it was"
    assert list(tmp_path.iterdir()) == [path]


def test_senseless_parts_are_refused(
    recording: Recording, ethogram: Ethogram, tmp_path: Path
) -> None:
    for start, stop in ((-1, 5), (5, 5), (0, 101)):
        with pytest.raises(InputError, match="part of the video"):
            annotate_video(recording, ethogram, tmp_path / "a.mp4", AnnotateParams(start, stop))
    blind = replace(recording, views=(replace(recording.primary, video=None),))
    with pytest.raises(InputError, match="a video to draw on"):
        annotate_video(blind, ethogram, tmp_path / "a.mp4")
    with pytest.raises(InputError, match="scale"):
        AnnotateParams(scale=0)
    assert not list(tmp_path.iterdir())


def test_lanes_know_what_goes_on_in_any_order() -> None:
    rng = np.random.default_rng(0)
    start = rng.integers(0, 200, 60)
    stop = start + rng.integers(0, 40, 60)
    names = [f"b{i}" for i in range(60)]
    (lane,) = lanes_of(Ethogram(Intervals.build("arrow", start, stop, "m1", label=names)))
    for frame in [*range(0, 240, 3), 5, 100, 17]:
        true = {n for n, a, b in zip(names, start, stop, strict=True) if a <= frame < max(b, a + 1)}
        assert {said.label for said in lane.at(frame)} == true


def test_clusters_have_lanes_of_their_own() -> None:
    table = Intervals.build("arrow", [0, 0, 9], [9, 9, 12], ["m1", "m1", "m2"],
                            label=["walking", "fast", "still"],
                            source=["model", "cluster", "human"])  # fmt: skip
    assert [lane.title for lane in lanes_of(Ethogram(table))] == ["m1", "m2", "m1 cluster"]
    alone = Ethogram(table.select(individual="m1"))
    assert [lane.title for lane in lanes_of(alone)] == ["", "cluster"]
