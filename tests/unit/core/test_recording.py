from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.recording import FrameSource, Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError

CLOCK = Timebase.constant(25, 10)


def pose_of(n_frames: int, individuals: tuple[str, ...] = ("a", "b")) -> object:
    clock = Timebase.constant(25, n_frames)
    return make_pose(
        np.zeros((n_frames, 2, 1, len(individuals))), None, ["nose"], individuals, clock
    )


def test_a_recording_shows_its_primary_view() -> None:
    video = np.zeros((10, 4, 6, 3), dtype=np.uint8)
    top = View("top", CLOCK, video, pose_of(10), fingerprints={"video": "v", "pose": "p"})  # type: ignore[arg-type]
    side = View(
        "side", Timebase.constant(50, 20), offset=Fraction(1, 10), fingerprints={"video": "w"}
    )
    rec = Recording("m1", (top, side), {"animal": "m1"})
    assert isinstance(video, FrameSource)
    assert rec.primary is top
    assert rec.video is video
    assert rec.pose is top.pose
    assert rec.timebase is CLOCK
    assert rec.n_frames == 10
    assert rec.individuals == ("a", "b")
    assert rec.view("side") is side
    assert rec.fingerprints == {"top/pose": "p", "top/video": "v", "side/video": "w"}
    assert Recording("m2", (View("top", CLOCK),)).individuals == ()


@pytest.mark.parametrize(
    ("views", "name", "message"),
    [
        ((View("top", CLOCK),), "", "recording: expected an id that is not empty"),
        ((), "m1", "recording 'm1': expected at least one view, found none"),
        ((View("top", CLOCK), View("top", CLOCK)), "m1", "expected unique view names"),
        (
            (View("top", CLOCK, offset=Fraction(1)),),
            "m1",
            "expected offset 0 of the primary view, found 1 s. Measure the other views' offsets",
        ),
    ],
)
def test_recordings_that_cannot_be(views: tuple[View, ...], name: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Recording(name, views)
    assert message in str(caught.value)


def test_view_refuses_a_pose_of_another_length() -> None:
    with pytest.raises(MismatchError, match=r"pose of view 'top': expected 10 frames.* found 9"):
        View("top", CLOCK, pose=pose_of(9))  # type: ignore[arg-type]
    with pytest.raises(MismatchError, match=r'video of view .* found 11.*mismatch="trim" or "pad"'):
        View("top", CLOCK, video=np.zeros((11, 2, 2), dtype=np.uint8))


def test_unknown_view() -> None:
    rec = Recording("m1", (View("top", CLOCK), View("side", CLOCK)))
    with pytest.raises(
        InputError, match=r"view 'back' of recording 'm1': expected one of top, side"
    ):
        rec.view("back")


@given(
    rate=st.sampled_from([14, 25, 29.97, 59.94, 250]),
    other=st.sampled_from([14, 25, 29.97, 58.83, 120]),
    delay=st.fractions(-1, 1),
    frame=st.integers(0, 299),
)
@settings(max_examples=100)
def test_frame_of_another_camera(rate: float, other: float, delay: Fraction, frame: int) -> None:
    clock, theirs = Timebase.constant(rate, 300), Timebase.constant(other, 200)
    rec = Recording("m", (View("top", clock), View("side", theirs, offset=delay)))
    moment = clock.exact_time(frame) - delay
    # The oracle looks at every picture; the half microsecond is the documented tie-break.
    moment += Fraction(1, 2_000_000)
    shown = [i for i in range(200) if theirs.exact_time(i) <= moment < theirs.exact_time(i + 1)]
    assert rec.frame_in("side", frame) == (shown[0] if shown else None)


def test_cameras_of_one_rate_show_the_same_frame() -> None:
    rec = Recording(
        "m",
        (View("top", Timebase.constant(29.97, 1000)), View("side", Timebase.constant(29.97, 1000))),
    )
    assert [rec.frame_in("side", i) for i in range(1000)] == list(range(1000))


def test_a_recording_is_shown_in_one_line() -> None:
    shown = repr(Recording("m1", (View("top", Timebase.constant(25, 50)),)))
    assert shown == "<Recording 'm1': 50 frames, 25 fps, views top; no pose>"
