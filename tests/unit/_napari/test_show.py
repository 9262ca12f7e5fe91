from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari.show import by_source, ethogram_of, show, start
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError

Make = Callable[..., Recording]


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


def test_a_recording_is_shown_with_its_parts(
    viewer: Any, recording: Recording, ethogram: Ethogram
) -> None:
    added = show(viewer, recording, ethogram)
    assert names(viewer) == ["rec", "skeleton", "pose", "human", "labels"]
    assert added == list(viewer.layers)
    scales = {tuple(layer.scale) for layer in viewer.layers}
    units = {tuple(map(str, layer.units)) for layer in viewer.layers}
    assert len(scales) == len(units) == 1
    assert viewer.dims.axis_labels[0] == "time"


def test_what_is_shown_already_is_not_shown_twice(
    viewer: Any, recording: Recording, ethogram: Ethogram
) -> None:
    show(viewer, recording)
    assert [layer.name for layer in show(viewer, recording, ethogram)] == ["human", "labels"]
    assert show(viewer, recording) == []


def test_what_people_models_and_clusterings_say_is_a_layer_each(
    viewer: Any, recording: Recording, ethogram: Ethogram, clusters: Ethogram
) -> None:
    both = Ethogram(Intervals.concat([ethogram.bouts, clusters.bouts]))
    show(viewer, recording, both)
    assert names(viewer)[-3:] == ["human", "labels", "clusters"]
    human, labels, groups = (viewer.layers[name] for name in names(viewer)[-3:])
    # One above the other, not one on the other.
    assert len({layer.data[0, 1] for layer in (human, labels, groups)}) == 3
    assert human.data[0, 1] < labels.data[0, 1]
    assert [set(part.bouts.column("source")) for part in by_source(both)] == [
        {"human"},
        {"model"},
        {"cluster"},
    ]


def test_a_pose_joins_the_video_that_is_shown(viewer: Any, make_recording: Make) -> None:
    alone = make_recording(pose=False)
    show(viewer, alone)
    view = make_recording().primary
    joined = Recording(
        "rec", (type(view)("main", view.timebase, video=alone.video, pose=view.pose),)
    )
    assert [layer.name for layer in show(viewer, joined)] == ["skeleton", "pose"]


def test_a_long_pose_alone_has_a_slider_of_its_length(viewer: Any, make_recording: Make) -> None:
    show(viewer, make_recording(100_000, video=False))
    assert names(viewer) == ["rec (no video)", "skeleton", "pose"]
    assert viewer.dims.nsteps[0] == 100_000
    assert len(viewer.layers["pose"].data) == 400


def test_a_short_pose_alone_needs_no_backdrop(viewer: Any, make_recording: Make) -> None:
    show(viewer, make_recording(100, video=False))
    assert names(viewer) == ["skeleton", "pose"]
    assert viewer.dims.nsteps[0] == 100


@pytest.mark.parametrize("fps", ["25", "30", "30000/1001", "1000000/33333", "58.83"])
def test_the_slider_reaches_the_last_frame(viewer: Any, make_recording: Make, fps: str) -> None:
    # 1000 frames at 30 fps, for example, lose one when the scale is plainly 1 / 30.
    for n_frames in (2, 7, 1000, 1009, 2330, 10_007, 38_021, 99_991):
        show(viewer, make_recording(n_frames, fps=fps, pose=False))
        assert viewer.dims.nsteps[0] == n_frames
        viewer.dims.set_current_step(0, n_frames - 1)
        assert state_of(viewer).frame("rec") == n_frames - 1
        viewer.layers.clear()


def two_views(make_recording: Make, clock: Timebase) -> Recording:
    primary = make_recording(600).primary
    side = View("side", clock, video=np.zeros((clock.n_frames, 48, 30), np.uint8), offset=2)
    return Recording("rec", (primary, side))


def test_another_view_stands_beside_the_primary_one_in_its_time(
    viewer: Any, make_recording: Make
) -> None:
    show(viewer, two_views(make_recording, Timebase.constant(60, 1000)))
    assert names(viewer) == ["rec", "rec side", "skeleton", "pose"]
    side = viewer.layers["rec side"]
    assert tuple(side.translate) == (0.0, 0.0, 64.0)
    assert side.data.shape == (600, 48, 30)
    state = state_of(viewer)
    viewer.layers.move(1, 0)
    state.go_to("rec", 300)
    assert state.frame("rec") == 300
    assert round(side.world_to_data(viewer.dims.point)[0]) == 300


def test_a_view_of_variable_rate_stands_beside_the_primary_one_too(
    viewer: Any, make_recording: Make
) -> None:
    ticks = np.cumsum(np.r_[0, 1 + np.arange(99) % 2])
    uneven = Timebase(100, Timebase.constant(20, 2).rate, ticks, 1 / Timebase.constant(30, 2).rate)
    show(viewer, two_views(make_recording, uneven))
    assert names(viewer) == ["rec", "rec side", "skeleton", "pose"]
    assert viewer.layers["rec side"].data.shape == (600, 48, 30)


def test_wrong_arguments_are_named(
    viewer: Any, recording: Recording, ethogram: Ethogram, make_recording: Make
) -> None:
    with pytest.raises(InputError, match=r"expected a viewer, then a recording, found Ethogram"):
        show(viewer, ethogram)
    with pytest.raises(InputError, match=r"expected ethograms after the recording, found str"):
        show(viewer, recording, "labels.csv")
    with pytest.raises(InputError, match=r"bouts of recording 'other', found bouts of rec"):
        show(viewer, make_recording(id="other"), ethogram)
    with pytest.raises(InputError, match=r"verb 'fly': expected one of run, run_study, describe"):
        start(viewer, "fly", recording)


def test_nothing_is_added_when_an_ethogram_is_refused(
    viewer: Any, make_recording: Make, ethogram: Ethogram
) -> None:
    with pytest.raises(InputError):
        show(viewer, make_recording(id="other"), ethogram)
    assert names(viewer) == []


def test_the_ethogram_of_a_result_is_found(ethogram: Ethogram) -> None:
    class Result:
        def __init__(self, found: object) -> None:
            self.ethogram = found

    assert ethogram_of(ethogram) is ethogram
    assert ethogram_of(Result(ethogram)) is ethogram
    assert ethogram_of(Result("none")) is None
    assert ethogram_of(None) is None
