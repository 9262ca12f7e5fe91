from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from napari_mousegpt._napari.label_layer import LabelWindow, free_slots, label_layer
from napari_mousegpt._napari.label_roles import role_of
from napari_mousegpt._napari.layers import layer_tag
from napari_mousegpt._napari.settings import DisplaySettings
from napari_mousegpt.core.colours import palette
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording

Make = Callable[..., Recording]


def test_one_row_for_each_animal_and_frame(make_recording: Make) -> None:
    recording = make_recording(1000, individuals=("a", "b"))
    bouts = Intervals.build(
        "rec", [0, 100], [1000, 150], ["a", "b"], label=["still", "rearing"], confidence=[0.7, 0.8]
    )
    rows = LabelWindow(Ethogram(bouts, source="model"), recording).attributes(90, 200)
    features = rows["features"]
    assert len(rows["data"]) == 110 + 110
    assert rows["shown"].sum() == 110 + 50
    assert list(features) == ["label", "confidence", "individual", "source"]
    assert (features["individual"] == "a").sum() == 110
    frames = rows["data"][(features["individual"] == "b") & rows["shown"], 0]
    assert (frames.min(), frames.max()) == (100, 149)
    assert set(features["label"][~rows["shown"]]) == {""}
    for name in ("size", "face_color", "texts", "inks"):
        assert len(rows[name]) == len(rows["data"])
    assert set(features["confidence"][rows["shown"]]) == {0.7, 0.8}


def test_each_label_has_its_colour_and_joined_ones_the_first(
    recording: Recording, ethogram: Ethogram
) -> None:
    rows = LabelWindow(ethogram, recording).attributes(299, 301)
    assert list(rows["features"]["label"]) == ["walking", "walking + still"]
    assert rows["face_color"] == [palette(ethogram.labels)["walking"]] * 2


def test_tags_follow_the_animal_and_hold_still_with_it(make_recording: Make) -> None:
    recording = make_recording(400)
    frozen = recording.pose.copy(deep=True)
    frozen["position"][:] = frozen["position"].isel(time=0)
    frozen["position"].loc[{"space": "x"}] += np.where(np.arange(400) < 200, 0.0, 8.0)[
        :, None, None
    ]
    view = type(recording.primary)("main", recording.timebase, video=recording.video, pose=frozen)
    moved = Recording("rec", (view,))
    bouts = Intervals.build("rec", [0], [400], "m1", label=["x"])
    places = LabelWindow(Ethogram(bouts), moved).attributes(0, 400)["data"][:, 1:]
    assert len({tuple(place) for place in places[:150].round(6)}) == 1
    assert places[300, 1] > places[100, 1]


def test_windows_join_without_a_jump(recording: Recording, ethogram: Ethogram) -> None:
    window = LabelWindow(ethogram, recording)
    whole = window.attributes(100, 300)["data"]
    left, right = window.attributes(100, 200)["data"], window.attributes(200, 300)["data"]
    np.testing.assert_allclose(np.concatenate([left, right]), whole, atol=1e-9)


def test_without_a_pose_text_stands_in_the_corner_or_at_the_centroid(make_recording: Make) -> None:
    recording = make_recording(100, pose=False)
    bouts = Intervals.build("rec", [0], [100], "", label=["x"])
    ethogram = Ethogram(bouts)
    corner = LabelWindow(ethogram, recording).attributes(0, 10)["data"]
    assert np.ptp(corner[:, 1:], axis=0).tolist() == [0, 0]
    assert corner[0, 1] < 48 / 2
    path = np.column_stack([np.full(100, 24.0), np.linspace(0, 60, 100)])
    along = LabelWindow(ethogram, recording, centroids={"": path}).attributes(0, 100)["data"]
    assert np.ptp(along[:, 2]) > 0


def test_labels_of_the_picture_go_to_the_only_animal(recording: Recording) -> None:
    bouts = Intervals.build("rec", [0], [100], "", label=["x"])
    named = Intervals.build("rec", [0], [100], "m1", label=["x"])
    nameless, by_name = (
        LabelWindow(Ethogram(item), recording).attributes(0, 100)["data"] for item in (bouts, named)
    )
    assert nameless.tolist() == by_name.tolist()


def test_people_models_and_clusterings_have_layers_of_their_own_kind(
    recording: Recording, ethogram: Ethogram, clusters: Ethogram
) -> None:
    people = ethogram.select(source="human")
    kinds = [role_of(part) for part in (people, ethogram.select(source="model"), clusters)]
    assert kinds == ["human", "labels", "clusters"]
    assert role_of(ethogram) == "labels"  # a mixture
    data, attributes, kind = label_layer(clusters, recording, slot=1)
    assert kind == "points"
    assert attributes["name"] == "clusters"
    assert len(data) == DisplaySettings().window_frames
    assert set(attributes["features"]["cluster"]) == {"slow turn"}
    tag = layer_tag(attributes["metadata"])
    assert tag is not None
    assert tag.ethogram is not None
    assert len(tag.ethogram) == 2


def test_a_window_without_bouts_is_empty_and_fills_up_later(
    viewer: Any, recording: Recording
) -> None:
    from napari.layers import Layer

    bouts = Intervals.build("rec", [900], [950], "m1", label=["rearing"])
    data, attributes, kind = label_layer(Ethogram(bouts), recording)
    layer = viewer.add_layer(Layer.create(data, attributes, kind))
    window = layer_tag(layer.metadata).window
    assert not layer.shown.any()
    for start, stop, count in ((800, 1000, 50), (0, 100, 0), (940, 1000, 10)):
        window.fill(layer, start, stop)
        assert len(layer.data) == len(layer.features) == len(layer.text.values) == stop - start
        assert layer.shown.sum() == count
        assert list(layer.text.values[layer.shown]) == ["rearing"] * count
    assert layer.editable is False


def test_lines_for_the_corner(recording: Recording, ethogram: Ethogram) -> None:
    window = LabelWindow(ethogram, recording)
    assert window.lines_at(10) == ["walking (90%)"]
    assert window.lines_at(350) == ["walking + still (50%)"]


def test_an_empty_ethogram_shows_nothing(recording: Recording) -> None:
    empty = Ethogram(Intervals.empty().assign(label=[]))
    data, attributes, _ = label_layer(empty, recording)
    assert len(data) == 0
    assert attributes["name"] == "labels"


def test_layers_of_one_recording_stand_in_places_of_their_own(
    viewer: Any, recording: Recording, ethogram: Ethogram
) -> None:
    from napari.layers import Layer

    for _ in range(3):
        slot = next(free_slots(viewer.layers))
        viewer.add_layer(Layer.create(*label_layer(ethogram, recording, slot=slot)))
    viewer.layers.pop(1)
    assert [slot for slot, _ in zip(free_slots(viewer.layers), "ab", strict=False)] == [1, 3]
