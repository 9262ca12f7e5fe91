from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt._napari.layers import view_layers
from napari_mousegpt._napari.preview import PreviewFrames
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.view_frames import ViewFrames, no_picture
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from support.keyed_video import KeyedVideo


def numbered(n_frames: int) -> np.ndarray:
    """Pictures of 4 x 6 whose values say which one they are (up to 250)."""
    return np.broadcast_to(
        np.arange(1, n_frames + 1, dtype=np.uint8)[:, None, None], (n_frames, 4, 6)
    )


def two_cameras(first: Timebase, second: Timebase, offset: Fraction = Fraction(0)) -> Recording:
    return Recording(
        "rec",
        (
            View("top", first, video=numbered(first.n_frames)),
            View("side", second, video=numbered(second.n_frames), offset=offset),
        ),
    )


def uneven(n_frames: int, seed: int) -> Timebase:
    steps = np.random.default_rng(seed).integers(1, 90, n_frames - 1)
    return Timebase.from_pts(np.r_[0, np.cumsum(steps)], Fraction(1, 1000))


def is_blank(picture: np.ndarray) -> bool:
    return bool(np.array_equal(picture, no_picture(picture.shape, picture.dtype)))


clocks = st.one_of(
    st.builds(
        Timebase.constant,
        st.sampled_from(["25", "29.97", "30", "59.94", "120", "7.5"]),
        st.integers(1, 120),
    ),
    st.builds(uneven, st.integers(2, 120), st.integers(0, 99)),
)


@given(clocks, clocks, st.fractions(-2, 2, max_denominator=1001))
@settings(max_examples=60, deadline=None)
def test_every_row_is_the_picture_of_that_moment(
    first: Timebase, second: Timebase, offset: Fraction
) -> None:
    recording = two_cameras(first, second, offset)
    frames = ViewFrames(recording, "side")
    assert frames.shape == (first.n_frames, 4, 6)
    stack = np.asarray(frames)
    for frame in range(recording.n_frames):
        row = recording.frame_in("side", frame)
        assert np.array_equal(frames[frame], stack[frame])
        if row is None:
            assert is_blank(stack[frame])
        else:
            assert stack[frame, 0, 0] == row + 1


def test_keys_are_those_of_an_array() -> None:
    frames = ViewFrames(two_cameras(Timebase.constant(30, 60), Timebase.constant(45, 90)), "side")
    stack = np.asarray(frames)
    for key in (
        7,
        -1,
        np.int64(3),
        slice(3, 20, 4),
        [5, 2, 2],
        (slice(8, 9), slice(None), slice(None)),
        (8, slice(1, 3)),
        (..., slice(2)),
        (slice(None, None, -7), 2, 3),
    ):
        assert np.array_equal(frames[key], stack[key]), key
    assert len(frames) == 60
    with pytest.raises(IndexError):
        frames[60]


def test_where_a_camera_has_no_picture_a_cross_is_drawn() -> None:
    clock = Timebase.constant(30, 30)
    frames = ViewFrames(two_cameras(clock, clock, Fraction(1, 3)), "side")
    assert [is_blank(frames[i]) for i in (0, 9, 10, 29)] == [True, True, False, False]
    cross = no_picture((480, 640, 3), np.dtype(np.uint8))
    assert len(np.unique(cross)) == 2
    assert (cross[0, 0] == cross[-1, -1]).all()
    assert (cross[0, -1] == cross[0, 0]).all()
    assert (cross[0, 320] != cross[0, 0]).all()


def test_a_view_without_pictures_is_refused() -> None:
    clock = Timebase.constant(30, 3)
    blind = Recording("rec", (View("top", clock, video=numbered(3)), View("side", clock)))
    with pytest.raises(InputError, match="view 'side' of recording 'rec': expected pictures"):
        ViewFrames(blind, "side")
    assert view_layers(blind) == []


@pytest.fixture
def keyed() -> Recording:
    clock = Timebase.constant(30, 100)
    return Recording(
        "rec",
        (
            View("top", clock, video=KeyedVideo(100)),
            View("side", Timebase.constant(60, 200), video=KeyedVideo(200)),
        ),
    )


def test_a_view_is_previewed_as_a_video_is(keyed: Recording) -> None:
    (frames, attributes, _), = view_layers(keyed)  # fmt: skip
    assert isinstance(frames, PreviewFrames)
    assert attributes["name"] == "rec side"
    # Frame 33 shows row 66; at hand is row 60, the picture of frame 30.
    found, picture = frames.nearest(33)
    assert (found, int(picture[0, 0, 0])) == (30, 60)
    assert frames.nearest(30)[0] == 30
    frames.video.read_ahead = True
    assert keyed.views[1].video.read_ahead is True
    again = pickle.loads(pickle.dumps(frames))
    assert int(again[33][0, 0, 0]) == 66


def test_a_preview_within_the_same_frame_is_still_a_preview() -> None:
    class Later(KeyedVideo):
        def nearest(self, frame: int) -> tuple[int, Any]:
            return frame + 1, np.zeros(self.shape[1:], np.uint8)

    recording = Recording(
        "rec",
        (
            View("top", Timebase.constant(30, 100), video=KeyedVideo(100)),
            View("side", Timebase.constant(60, 200), video=Later(200)),
        ),
    )
    assert ViewFrames(recording, "side").nearest(33)[0] == 34


def test_plain_arrays_have_no_preview() -> None:
    clock = Timebase.constant(30, 5)
    frames = ViewFrames(two_cameras(clock, clock), "side")
    assert not hasattr(frames, "nearest")
    assert not hasattr(frames, "read_ahead")


def test_cameras_are_locked_in_the_viewer(viewer: Any) -> None:
    first, second = uneven(80, 1), uneven(120, 2)
    recording = two_cameras(first, second, Fraction(1, 5))
    show(viewer, recording)
    side = viewer.layers["rec side"]
    assert tuple(side.translate) == (0, 0, 6)
    assert viewer.dims.nsteps[0] == 80
    for frame in range(80):
        viewer.dims.set_current_step(0, frame)
        row = recording.frame_in("side", frame)
        shown = side.get_value((viewer.dims.point[0], 1, 8), world=True)
        blank = no_picture((4, 6), np.dtype(np.uint8))[1, 2]
        assert shown == (blank if row is None else row + 1), frame
