"""Keys of a viewer: what each does to the desk of the active recording.

Keys are bound through the viewer's own keymap. napari uses none of them for the viewer; where a
kind of layer uses one (brackets size the brush of a Labels layer), that goes first while such a
layer is active. Layers of ours have nothing to draw in, so there the keys of labels go first.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_mousegpt._napari.jobs import report_error
from napari_mousegpt.errors import MouseGPTError

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_mousegpt._napari.desk import Desk
    from napari_mousegpt._napari.state import ViewerState

__all__ = ["COMMANDS", "Command", "Keys", "command_keys"]


@dataclass(frozen=True)
class Command:
    """What some keys do.

    Parameters
    ----------
    name : str
        In words, for the list of keys.
    keys : tuple of str
        As napari writes them; any of them will do.
    do : callable
        Gets the desk.
    """

    name: str
    keys: tuple[str, ...]
    do: Callable[[Desk], object]


def _escape(desk: Desk) -> None:
    """Stop what goes on: the loop first, then the marks, then the selection."""
    if desk.loop_span is not None:
        desk.stop_loop()
    elif desk.interval is not None or desk.begun is not None:
        desk.clear_interval()
    else:
        desk.select()


def _bound(desk: Desk, end: str) -> None:
    """Let the chosen bout begin or end with the frame on screen."""
    if end == "start":
        desk.trim(start=desk.frame)
    else:
        desk.trim(stop=desk.frame + 1)


COMMANDS = (
    Command("Mark the first frame", ("[", ","), lambda desk: desk.mark_in()),
    Command("Mark the last frame", ("]", "."), lambda desk: desk.mark_out()),
    Command("Next bout", ("N",), lambda desk: desk.next()),
    Command("Previous bout", ("Shift-N",), lambda desk: desk.next(back=True)),
    Command("Next unsure bout", ("U",), lambda desk: desk.next("low confidence")),
    Command("Previous unsure bout", ("Shift-U",), lambda desk: desk.next("low confidence", True)),
    Command("Next disagreement", ("W",), lambda desk: desk.next("disagreement")),
    Command("Previous disagreement", ("Shift-W",), lambda desk: desk.next("disagreement", True)),
    Command("Accept", ("G",), lambda desk: desk.accept()),
    Command("Reject", ("Q",), lambda desk: desk.reject()),
    Command("Remove", ("Shift-Q",), lambda desk: desk.remove()),
    Command("Begin the bout with this frame", ("Shift-I",), lambda desk: _bound(desk, "start")),
    Command("End the bout with this frame", ("Shift-O",), lambda desk: _bound(desk, "stop")),
    Command("Split before this frame", ("K",), lambda desk: desk.split()),
    Command("Join the chosen bouts", ("J",), lambda desk: desk.merge()),
    Command("Play the bout again and again", ("H",), lambda desk: desk.loop()),
    Command("Undo", ("Ctrl-Z",), lambda desk: desk.undo()),
    Command("Redo", ("Ctrl-Shift-Z",), lambda desk: desk.redo()),
    Command("Stop the loop, forget the marks", ("Escape",), _escape),
)


def command_keys() -> dict[str, str]:
    """Return what each key does that is no label key."""
    return {key: command.name for command in COMMANDS for key in command.keys}


class Keys:
    """The keys of one viewer.

    Parameters
    ----------
    state : ViewerState
        Of the viewer; held weakly.
    """

    def __init__(self, state: ViewerState) -> None:
        self._state = weakref.ref(state)
        self._commands: dict[str, Callable[[Any], None]] = {}
        self._labels: dict[str, Callable[[Any], None]] = {}
        self._layers: weakref.WeakSet[Layer] = weakref.WeakSet()
        #: Keys that somebody else has in this viewer; they stay theirs.
        self.taken: frozenset[str] = frozenset()

    @property
    def bound(self) -> bool:
        """Whether the keys do anything."""
        return bool(self._commands)

    def bind(self) -> None:
        """Bind the keys, once; keys that are taken in this viewer stay as they are."""
        state = self._state()
        viewer = None if state is None else state.viewer
        if state is None or viewer is None or self.bound:
            return
        taken = set()
        for command in COMMANDS:
            for key in command.keys:
                if _has(viewer.keymap, key) or _has(viewer.class_keymap, key):
                    taken.add(key)
                    continue
                self._commands[key] = self._doing(command.do)
                viewer.bind_key(key, self._commands[key])
        self.taken = frozenset(taken)
        state.label_keys.changed.connect(self._bind_labels)
        self._bind_labels()

    def unbind(self) -> None:
        """Give all keys back."""
        state = self._state()
        viewer = None if state is None else state.viewer
        if state is None or not self.bound:
            return
        state.label_keys.changed.disconnect(self._bind_labels)
        self._unbind_labels()
        if viewer is not None:
            for key, task in self._commands.items():
                _free(viewer, key, task)
        self._commands = {}

    def meet(self, layer: Layer) -> None:
        """Let the keys of labels work while a layer of ours is active, too."""
        self._layers.add(layer)
        for key, task in self._labels.items():
            layer.bind_key(key, task, overwrite=True)

    def leave(self, layer: Layer) -> None:
        """Give the keys of a layer back."""
        self._layers.discard(layer)
        for key, task in self._labels.items():
            _free(layer, key, task)

    def press_label(self, label: str) -> None:
        """Label the chosen bouts, else what is marked."""
        state = self._state()
        desk = None if state is None else state.desk_of_active()
        if state is None or desk is None:
            return
        if desk.relabel(label) if desk.selection else desk.mark(label):
            try:
                state.label_keys.keep()
            except MouseGPTError as error:
                report_error(error)

    def _bind_labels(self) -> None:
        state = self._state()
        viewer = None if state is None else state.viewer
        if state is None or viewer is None:
            return
        self._unbind_labels()
        for key, label in state.label_keys.by_key.items():
            if _has(viewer.keymap, key) or _has(viewer.class_keymap, key):
                continue
            self._labels[key] = _task(lambda label=label: self.press_label(label))
            viewer.bind_key(key, self._labels[key])
        for layer in self._layers:
            self.meet(layer)

    def _unbind_labels(self) -> None:
        state = self._state()
        viewer = None if state is None else state.viewer
        for key, task in self._labels.items():
            for owner in (viewer, *self._layers):
                _free(owner, key, task)
        self._labels = {}

    def _doing(self, do: Callable[[Desk], object]) -> Callable[[Any], None]:
        def press() -> None:
            state = self._state()
            desk = None if state is None else state.desk_of_active()
            if desk is not None:
                do(desk)

        return _task(press)


def _task(press: Callable[[], None]) -> Callable[[Any], None]:
    """Return a function as napari calls it, with the owner of the key."""

    def pressed(owner: Any) -> None:
        press()

    return pressed


def _has(keymap: Any, key: str) -> bool:
    from napari.utils.key_bindings import coerce_keybinding

    return coerce_keybinding(key) in keymap


def _free(owner: Any, key: str, task: Callable[[Any], None]) -> None:
    """Unbind a key if it still does what was bound here."""
    from napari.utils.key_bindings import coerce_keybinding

    if owner is not None and owner.keymap.get(coerce_keybinding(key)) is task:
        owner.bind_key(key, None)
