from __future__ import annotations

from typing import Any

import numpy as np

from napari_mousegpt._napari.panel_work import Shown, joined_outside
from napari_mousegpt._napari.show import show
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording


def words(*bouts: tuple[int, int, str, str], source: str = "model") -> Ethogram:
    start, stop, who, label = zip(*bouts, strict=True)
    return Ethogram(Intervals.build("rec", start, stop, who, label=label), source=source)


def rows(ethogram: Ethogram) -> list[tuple[int, int, str, str]]:
    bouts = ethogram.bouts
    return [
        (int(a), int(b), str(who), str(label))
        for a, b, who, label in zip(
            bouts.start, bouts.stop, bouts.individual, bouts.column("label"), strict=True
        )
    ]


def test_old_bouts_are_cut_where_there_are_new_ones() -> None:
    old = words((0, 100, "m1", "walk"), (100, 150, "m1", "rest"), (0, 200, "m2", "rest"))
    new = words((60, 120, "m1", "turn"))
    found = joined_outside(old, new, Intervals.build("rec", 50, 130, "m1"))
    assert rows(found) == [
        (0, 50, "m1", "walk"),
        (60, 120, "m1", "turn"),
        (130, 150, "m1", "rest"),
        (0, 200, "m2", "rest"),
    ]
    assert len(set(found.bouts.column("bout_id"))) == 4
    everybody = joined_outside(old, new, Intervals.build("rec", 50, 130))
    assert (130, 200, "m2", "rest") in rows(everybody)
    assert (0, 50, "m2", "rest") in rows(everybody)


def test_what_is_found_again_is_there_once() -> None:
    old = words((0, 100, "m1", "walk"), (100, 150, "m1", "rest"))
    assert rows(joined_outside(old, old, Intervals.build("rec", 120, 150))) == rows(old)


def test_clusters_of_another_fit_are_not_kept() -> None:
    old = words((0, 100, "m1", "walk"), source="cluster")
    new = words((200, 300, "m1", "turn"), source="cluster")
    assert joined_outside(old, new, Intervals.build("rec", 200, 300)) is new


def test_results_replace_those_before_and_leave_the_rest(viewer: Any, recording: Recording) -> None:
    shown = Shown(viewer)
    show(viewer, recording)
    names = [layer.name for layer in viewer.layers]
    viewer.layers.selection.active = viewer.layers["pose"]
    shown.begin(recording, None)
    assert shown.replace(recording, words((0, 100, "m1", "walk")))
    viewer.layers["labels"].visible = False
    assert shown.replace(recording, words((0, 100, "m1", "walk"), (200, 300, "m1", "rest")))
    assert [layer.name for layer in viewer.layers] == [*names, "labels"]
    assert not viewer.layers["labels"].visible
    assert viewer.layers.selection.active is viewer.layers["pose"]
    assert shown.replace(recording, Ethogram(Intervals.build([], [], [], [], label=[])))
    assert [layer.name for layer in viewer.layers] == names
    viewer.layers.clear()
    assert not shown.replace(recording, words((0, 100, "m1", "walk")))
    assert not len(viewer.layers)


def test_labels_stand_where_the_silhouette_was(viewer: Any, make_recording: Any) -> None:
    recording = make_recording(pose=False)
    show(viewer, recording)
    shown, places = Shown(viewer), []
    for x in (10.0, 50.0):
        middle = np.full((1000, 2), (30.0, x))
        shown.replace(recording, words((0, 1000, "", "walk")), {"": middle})
        places.append(viewer.layers["labels"].data[0])
    # It stands to the right of an animal on the left, and the other way round.
    assert places[0][2] > 10
    assert places[1][2] < 50
    assert places[0][1] == places[1][1]
