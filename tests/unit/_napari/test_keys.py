from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from napari.layers import Image, Labels, Points, Shapes, Tracks, Vectors
from napari.utils.key_bindings import KeymapHandler, coerce_keybinding
from napari.utils.notifications import notification_manager
from napari.utils.shortcuts import default_shortcuts

from napari_mousegpt._napari.desk import Desk
from napari_mousegpt._napari.keys import COMMANDS, command_keys
from napari_mousegpt._napari.label_keys import LabelKeys
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording

Press = Callable[..., None]

#: Keys of napari that belong to one kind of layer we never make, and go first there.
OF_LABELS_OR_SHAPES = {"[", "]", "Escape", "Ctrl+Z", "Ctrl+Shift+Z"}


@pytest.fixture
def desk(viewer: Any, recording: Recording, ethogram: Ethogram) -> Desk:
    show(viewer, recording, ethogram)
    return state_of(viewer).desk("rec")


@pytest.fixture
def press(viewer: Any) -> Press:
    """Press keys as the canvas of napari does, with a layer active."""

    def pressing(*keys: str, active: str = "rec") -> None:
        handler = KeymapHandler()
        handler.keymap_providers = [viewer.layers[active], viewer]
        for key in keys:
            assert handler.press_key(key), key

    return pressing


def id_of(desk: Desk, label: str) -> str:
    return next(row.bout_id for row in desk.book.rows if row.label == label)


def test_no_key_of_napari_is_taken() -> None:
    used = {str(key) for keys in default_shortcuts.values() for key in keys}
    for kind in (Image, Points, Vectors, Tracks, Shapes, Labels):
        used |= {str(key) for base in kind.__mro__ for key in getattr(base, "class_keymap", {})}
    mine = {str(coerce_keybinding(key)) for key in command_keys()}
    assert len(mine) == len(command_keys()) == sum(len(command.keys) for command in COMMANDS)
    assert mine & used <= OF_LABELS_OR_SHAPES
    # In menus.
    assert not mine & {"Ctrl+U", "Ctrl+N", "Ctrl+O", "Ctrl+S", "Ctrl+W", "Ctrl+Q", "Ctrl+,"}


def test_marks_and_labels_go_by_keys(desk: Desk, viewer: Any, press: Press) -> None:
    desk.go_to(100)
    press("[")
    desk.go_to(120)
    press("]")
    assert desk.interval == (100, 121)
    key = next(key for key, label in state_of(viewer).label_keys.by_key.items() if label == "still")
    press(key)
    row = desk.book.get(desk.selection[0])
    assert (row.label, row.start, row.stop) == ("still", 100, 121)
    # The bout is chosen, so another key mends its label.
    press(desk.labels["walking"])
    assert desk.book.get(row.bout_id).label == "walking"
    press("Ctrl-Z")
    assert desk.book.get(row.bout_id).label == "still"
    press("Ctrl-Z")
    assert row.bout_id not in desk.book
    press("Ctrl-Shift-Z")
    assert desk.book.get(row.bout_id).label == "still"
    # What was used is remembered.
    assert LabelKeys(lambda error: None).by_key[key] == "still"


def test_bouts_are_looked_through_by_keys(desk: Desk, press: Press) -> None:
    desk.select(id_of(desk, "walking"), jump=True)
    press("G")
    assert desk.book.get(id_of(desk, "walking")).status == "accepted"
    press("Q")
    assert desk.book.get(id_of(desk, "walking")).status == "rejected"
    press("Shift-Q")
    assert "rejected already" in notification_manager.records[-1].message
    press("Ctrl-Z", "Ctrl-Z")
    desk.go_to(200)
    press("K")
    assert [row.start for row in desk.book.rows if row.label == "walking"] == [0, 200]
    desk.select(*(row.bout_id for row in desk.book.rows if row.label == "walking"))
    press("J")
    assert [row.stop for row in desk.book.rows if row.label == "walking"] == [400]
    desk.go_to(50)
    press("Shift-I")
    desk.go_to(300)
    press("Shift-O")
    row = desk.book.get(desk.selection[0])
    assert (row.start, row.stop) == (50, 301)
    press("H")
    assert desk.loop_span == (50, 301)


def test_next_and_previous_go_by_keys(
    desk: Desk, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []
    monkeypatch.setattr(desk, "next", lambda kind="bout", back=False: asked.append((kind, back)))
    press("N", "Shift-N", "U", "Shift-U", "W", "Shift-W")
    assert asked == [
        (kind, back)
        for kind in ("bout", "low confidence", "disagreement")
        for back in (False, True)
    ]


def test_escape_ends_one_thing_after_the_other(desk: Desk, press: Press) -> None:
    desk.set_interval(10, 20)
    desk.loop()
    press("Escape")
    assert (desk.loop_span, desk.interval) == (None, (10, 20))
    press("Escape")
    assert desk.interval is None
    desk.select(id_of(desk, "still"))
    press("Escape")
    assert desk.selection == ()


def test_keys_of_labels_work_whichever_layer_of_ours_is_active(
    desk: Desk, viewer: Any, press: Press
) -> None:
    # napari has digits for the modes of layers; ours have nothing to draw in.
    key = desk.labels["still"]
    for layer in viewer.layers:
        desk.set_interval(10, 20)
        press(key, active=layer.name)
        assert desk.book.get(desk.selection[0]).label == "still"
    other = viewer.add_shapes()
    assert coerce_keybinding(key) not in other.keymap
    keys = state_of(viewer).label_keys
    keys.assign("7", "still")
    assert coerce_keybinding(key) not in viewer.layers["rec"].keymap
    assert coerce_keybinding("7") in viewer.layers["rec"].keymap


def test_keys_come_with_the_first_desk_and_go_with_the_last_recording(
    viewer: Any, recording: Recording, ethogram: Ethogram
) -> None:
    viewer.bind_key("N", lambda viewer: None)
    theirs = dict(viewer.keymap)
    show(viewer, recording, ethogram)
    layer = viewer.layers["rec"]
    assert viewer.keymap == theirs
    desk = state_of(viewer).desk("rec")
    keys = state_of(viewer).keys
    assert keys.bound
    assert keys.taken == {"N"}
    assert len(viewer.keymap) == len(command_keys()) + len(desk.labels)
    # A key that somebody took over meanwhile is theirs.
    viewer.bind_key("H", lambda viewer: None, overwrite=True)
    viewer.layers.clear()
    assert not keys.bound
    assert set(map(str, viewer.keymap)) == {"N", "H"}
    assert layer.keymap == {}
    show(viewer, recording, ethogram)
    state_of(viewer).desk("rec")
    assert keys.bound
    assert keys.taken == {"N", "H"}


def test_without_a_recording_keys_do_nothing(viewer: Any) -> None:
    state = state_of(viewer)
    state.keys.bind()
    handler = KeymapHandler()
    handler.keymap_providers = [viewer]
    assert handler.press_key("G")
    state.keys.press_label("still")
    state.keys.unbind()
    assert viewer.keymap == {}


def test_a_label_key_that_cannot_be_kept_is_told(
    desk: Desk, press: Press, viewer: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    state_of(viewer).label_keys._path = tmp_path / "file" / "label_keys.json"
    key = desk.labels["still"]
    desk.set_interval(10, 20)
    press(key)
    assert desk.book.get(desk.selection[0]).label == "still"
    assert str(tmp_path / "file") in notification_manager.records[-1].message
