"""Arenas drawn in a viewer without a window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari.arena_desk import ArenaDesk
from napari_mousegpt._napari.arena_layer import (
    arena_layer,
    drawn_in,
    facts_of,
    set_feature,
    tidy,
    with_arenas,
)
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.zone_visits import first_frames, measure, rows, write
from napari_mousegpt.core.arena import Arena, Zone
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import FormatError, InputError, MismatchError, StorageError
from napari_mousegpt.features.zones import ZoneParams
from napari_mousegpt.io.arenas import load_arenas, save_arenas
from napari_mousegpt.io.labels import read_bouts

# The nose of the fixture runs from x = 10 to 29 and back, every 20 frames, at y = 10.
LEFT = np.array([[0.0, 0], [0, 24], [40, 24], [40, 0]])
RIGHT = np.array([[0.0, 24], [0, 60], [40, 60], [40, 24]])
BOWTIE = np.array([[0.0, 0], [20, 20], [20, 0], [0, 20]])


def ended(parts: Any) -> Any:
    while True:
        try:
            next(parts)
        except StopIteration as end:
            return end.value


@pytest.fixture
def desk(viewer: Any, recording: Recording) -> ArenaDesk:
    show(viewer, recording)
    return ArenaDesk(viewer)


def test_without_a_recording_it_is_said_what_to_do(viewer: Any) -> None:
    desk = ArenaDesk(viewer)
    assert "Open a recording first" in desk.look()[0].sentences[0]
    with pytest.raises(InputError, match="expected an open recording to draw on, found none"):
        desk.add_layer()


def test_shapes_get_names_and_become_zones(desk: ArenaDesk) -> None:
    layer = desk.add_layer()
    assert "Draw the zones" in desk.look()[0].sentences[0]
    layer.add_rectangles(LEFT)
    layer.add_ellipses(RIGHT)
    layer.add_lines(np.array([[5.0, 5], [5, 45]]))
    said, _ = desk.look()
    assert [(d.name, d.what, d.kind) for d in drawn_in(layer)] == [
        ("zone 1", "zone", "rectangle"),
        ("zone 2", "zone", "ellipse"),
        ("length 1", "length", "line"),
    ]
    assert said.problems[0].what.startswith("line 'length 1': Expected its length in cm")
    set_feature(layer, 2, "cm", 20.0)
    set_feature(layer, 0, "name", "left")
    said, arenas = desk.look()
    assert said.sentences == ("rec: 2 zones in 1 arena(s).",)
    assert arenas[0].pixels_per_cm == pytest.approx(2.0)
    assert np.array_equal(arenas[0].zone("left").polygon, LEFT[:, ::-1])
    # napari gives a new shape the features of the last one; it is a new zone all the same.
    layer.add_polygons(LEFT + 3)
    layer.add_lines(np.array([[5.0, 5], [5, 25]]))
    desk.look()
    assert [d.name for d in drawn_in(layer)][3:] == ["zone 1", "length 2"]
    assert np.isnan(drawn_in(layer)[4].cm)


def test_a_border_that_crosses_itself_is_told_and_nothing_is_lost(desk: ArenaDesk) -> None:
    layer = desk.add_layer()
    layer.add_rectangles(LEFT)
    layer.add_polygons(BOWTIE)
    said, arenas = desk.look()
    assert arenas == ()
    assert "zone 'zone 2': Expected a border that does not cross itself" in said.problems[0].what
    assert "Move the corners" in said.problems[0].remedy
    with pytest.raises(InputError, match="zone 'zone 2'"):
        desk.drawn()
    assert len(layer.data) == 2
    layer.data = [layer.data[0], LEFT + 30]
    assert len(desk.look()[1][0].zones) == 2


def test_doubled_names_and_half_sorted_arenas_are_told(desk: ArenaDesk) -> None:
    layer = desk.add_layer()
    layer.add_rectangles([LEFT, RIGHT])
    desk.look()
    set_feature(layer, 1, "name", "zone 1")
    assert "several called zone 1" in desk.look()[0].problems[0].what
    set_feature(layer, 1, "arena", "cage B")
    said, _ = desk.look()
    assert "shape 'zone 1': Expected an arena, as others have one: cage B" in said.problems[0].what
    set_feature(layer, 0, "what", "outline")
    set_feature(layer, 1, "what", "outline")
    set_feature(layer, 1, "arena", "")
    assert "Expected one outline. Found 2: zone 1, zone 1" in desk.look()[0].problems[0].what


def test_several_arenas_have_each_their_animal_and_scale(
    viewer: Any, make_recording: Callable[..., Recording], tmp_path: Path
) -> None:
    show(viewer, make_recording(individuals=("m1", "m2")))
    desk = ArenaDesk(viewer)
    layer = desk.add_layer()
    layer.add_rectangles([LEFT, RIGHT, LEFT * 0.5, RIGHT * [0.5, 0.9]])
    layer.add_lines([np.array([[5.0, 5], [5, 25]]), np.array([[5.0, 30], [5, 50]])])
    desk.look()
    for row, (name, what, arena, cm) in enumerate(
        [
            ("west", "outline", "A", np.nan),
            ("east", "outline", "B", np.nan),
            ("nest", "zone", "A", np.nan),
            ("nest", "zone", "B", np.nan),
            ("wall", "length", "A", 10.0),
            ("wall", "length", "B", 5.0),
        ]
    ):
        for column, value in (("name", name), ("what", what), ("arena", arena), ("cm", cm)):
            set_feature(layer, row, column, value)
    desk.own("A", "m1")
    desk.own("B", "m2")
    _, arenas = desk.look()
    assert [(a.name, a.individual, a.pixels_per_cm) for a in arenas] == [
        ("A", "m1", 2.0),
        ("B", "m2", 4.0),
    ]
    desk.save(str(tmp_path / "two.json"))
    again = desk.load(str(tmp_path / "two.json"))
    assert again is not layer
    # The lines are not kept, their scale is.
    assert [a.to_dict() for a in desk.look()[1]] == [a.to_dict() for a in arenas]
    assert {d.what for d in drawn_in(again)} == {"zone", "outline"}


def test_a_scaled_video_keeps_arenas_in_its_own_pixels(
    desk: ArenaDesk, viewer: Any, tmp_path: Path
) -> None:
    viewer.layers["rec"].scale = (viewer.layers["rec"].scale[0], 0.05, 0.05)
    viewer.layers["rec"].translate = (0, 3, 7)
    layer = desk.add_layer()
    assert tuple(layer.scale) == (0.05, 0.05)
    layer.add_rectangles(LEFT)
    _, (arena,) = desk.look()
    assert np.allclose(arena.zones[0].polygon, LEFT[:, ::-1])
    # Drawn in a layer of another plugin, in world units.
    foreign = viewer.add_shapes([LEFT * 0.05 + [3, 7]], shape_type="rectangle")
    desk.layer = foreign
    _, (same,) = desk.look()
    assert np.allclose(same.zones[0].polygon, LEFT[:, ::-1])
    desk.save(str(tmp_path / "a.json"))
    assert np.allclose(load_arenas(tmp_path / "a.json")[0].zones[0].polygon, LEFT[:, ::-1])


def test_the_open_recording_has_the_arenas_from_then_on(
    desk: ArenaDesk, viewer: Any, tmp_path: Path
) -> None:
    desk.add_layer().add_rectangles(LEFT)
    before = state_of(viewer).recording
    assert before is not None
    desk.save(str(tmp_path / "a.json"))
    after = state_of(viewer).recording
    assert after is not None
    assert [arena.name for arena in after.primary.arenas] == ["arena"]
    assert after.video is before.video
    assert after.pose is before.pose
    # The layers are the same ones, and still follow the slider.
    viewer.dims.set_current_step(0, 900)
    assert 900 in set(viewer.layers["pose"].data[:, 0])
    assert [layer.name for layer in show(viewer, after)] == []


def test_a_recording_with_an_arena_shows_it_once(viewer: Any, recording: Recording) -> None:
    placed = with_arenas(recording, [Arena("arena", (Zone("left", LEFT[:, ::-1]),))])
    show(viewer, placed)
    assert [layer.name for layer in viewer.layers] == ["rec", "skeleton", "pose", "rec arena"]
    show(viewer, placed)
    assert len(viewer.layers) == 4
    layer = viewer.layers["rec arena"]
    assert np.array_equal(layer.data[0], LEFT)
    desk = ArenaDesk(viewer)
    desk.layer = layer
    assert desk.look()[1][0].to_dict() == placed.primary.arenas[0].to_dict()
    # Seen in every frame, and the slider is not longer for it.
    assert layer.ndim == 2
    assert viewer.dims.nsteps[0] == recording.n_frames


def test_files_that_do_not_fit_are_refused(desk: ArenaDesk, viewer: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    with pytest.raises(FormatError):
        desk.load(str(bad))
    save_arenas(bad, [Arena("a", (Zone("left", LEFT[:, ::-1]),))], (640, 480))
    with pytest.raises(MismatchError, match="64 x 48 pixels, found 640 x 480"):
        desk.load(str(bad))
    assert [layer.name for layer in viewer.layers] == ["rec", "skeleton", "pose"]
    desk.add_layer().add_rectangles(LEFT)
    with pytest.raises(StorageError, match="The folder does not exist"):
        desk.save(str(tmp_path / "none" / "a.json"))
    assert len(desk.layer.data) == 1  # type: ignore[union-attr]


def test_any_layer_of_shapes_can_be_used(desk: ArenaDesk, viewer: Any) -> None:
    mine = viewer.add_shapes(
        [LEFT, RIGHT], shape_type="polygon", features={"name": ["a", None], "weight": [1, 2]}
    )
    tidy(mine)
    assert list(mine.features["name"]) == ["a", "zone 1"]
    assert list(mine.features["weight"]) == [1, 2]
    assert facts_of(mine)["known"] == 2
    desk.layer = mine
    assert [zone.name for zone in desk.look()[1][0].zones] == ["a", "zone 1"]


def test_visits_are_measured_told_and_written(recording: Recording, tmp_path: Path) -> None:
    arena = Arena("arena", (Zone("left", LEFT[:, ::-1]), Zone("far", RIGHT[:, ::-1] + 500)))
    found = ended(measure(recording, [arena], ZoneParams(point="nose")))
    # The nose is left of x = 24 in 14 of 20 frames, 50 times.
    assert len(found.ethogram) == 50
    assert set(found.ethogram.bouts.length) == {14}
    assert rows(found.summary) == [
        ("left", "50", "23.3 s (70%)", "0.0 s"),
        ("far", "0", "0.0 s (0%)", "never"),
    ]
    assert first_frames(found) == [0, None]
    assert found.recording.primary.arenas == (arena,)
    bouts, summary = write(tmp_path / "visits.csv", found)
    assert len(read_bouts(bouts)) == 50
    assert summary.name == "visits_summary.csv"
    assert summary.read_text().splitlines()[0].startswith("recording,individual,arena,zone,entries")
    with pytest.raises(StorageError):
        write(tmp_path / "none" / "visits.csv", found)


def test_visits_need_a_pose(make_recording: Callable[..., Recording]) -> None:
    arena = Arena("arena", (Zone("left", LEFT[:, ::-1]),), individual="m9")
    with pytest.raises(InputError, match="arena 'arena': expected an individual of the pose"):
        ended(measure(make_recording(), [arena], ZoneParams()))


def test_layer_data_needs_no_viewer(recording: Recording) -> None:
    data, attributes, kind = arena_layer(
        recording, [Arena("A", (Zone("left", LEFT[:, ::-1]),), individual="m1", pixels_per_cm=3)]
    )
    assert kind == "shapes"
    assert np.array_equal(data[0], LEFT)
    assert attributes["features"]["arena"].tolist() == ["A"]
    assert attributes["metadata"]["napari_mousegpt"]["scales"] == {"A": 3}
