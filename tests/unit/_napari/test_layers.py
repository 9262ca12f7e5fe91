from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from napari_mousegpt._napari.layers import (
    KEY,
    LayerTag,
    arena_size,
    backdrop_layer,
    layer_tag,
    tag_metadata,
    video_layer,
)
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

Make = Callable[..., Recording]


def test_a_video_layer_is_lazy_and_in_seconds(recording: Recording) -> None:
    data, attributes, kind = video_layer(recording)
    assert kind == "image"
    assert data is recording.video
    assert data.reads == 0
    assert attributes["rgb"] is True
    assert attributes["axis_labels"] == ("time", "y", "x")
    assert attributes["scale"] == pytest.approx((1 / 30, 1.0, 1.0), rel=1e-14)
    assert attributes["units"] == ("second", "pixel", "pixel")
    facts = attributes["metadata"][KEY]
    assert (facts["id"], facts["fps"], facts["timebase"]) == ("rec", 30.0, recording.timebase)


def test_a_grey_video_keeps_its_range() -> None:
    clock = Timebase.constant(30, 5)
    grey = Recording("g", (View("main", clock, video=np.zeros((5, 4, 6), np.uint8)),))
    _, attributes, _ = video_layer(grey)
    assert attributes["rgb"] is False
    assert attributes["contrast_limits"] == (0, 255)


def test_a_recording_without_video_has_no_video_layer(make_recording: Make) -> None:
    with pytest.raises(InputError, match=r"'rec': expected a video, found a pose only"):
        video_layer(make_recording(5, video=False))


def test_the_backdrop_is_as_long_and_as_large_as_the_tracks(make_recording: Make) -> None:
    tracks = make_recording(100_000, video=False)
    black, attributes, _ = backdrop_layer(tracks, clocked=False)
    assert black.shape == (100_000, *arena_size(tracks))
    assert black.strides == (0, 0, 0)
    assert attributes["axis_labels"][0] == "frame"
    assert arena_size(tracks) == (14, 39)
    assert arena_size(make_recording(5)) == (48, 64)


def test_tags_come_back_from_metadata_and_others_are_no_tags(recording: Recording) -> None:
    tag = LayerTag("pose", recording)
    assert layer_tag(tag_metadata(tag)) is tag
    for other in (None, {}, {KEY: 3}, {KEY: {"tag": "x"}}, {"else": tag}):
        assert layer_tag(other) is None
    unclocked = tag_metadata(LayerTag("pose", recording, clocked=False))
    assert unclocked[KEY]["fps"] is None
