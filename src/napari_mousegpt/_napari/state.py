"""What this plugin knows about each viewer. It lives as long as the viewer does."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_mousegpt._napari.arena_layer import with_arenas
from napari_mousegpt._napari.corner_text import CornerText
from napari_mousegpt._napari.desk import Desk
from napari_mousegpt._napari.desk_book import corrections_file_path
from napari_mousegpt._napari.follow import Follower
from napari_mousegpt._napari.hands import QtHands
from napari_mousegpt._napari.jobs import report_error
from napari_mousegpt._napari.keys import Keys, command_keys
from napari_mousegpt._napari.label_keys import LabelKeys
from napari_mousegpt._napari.label_layer import LabelWindow
from napari_mousegpt._napari.label_roles import CORRECTED, ROLES
from napari_mousegpt._napari.layers import LayerData, LayerTag, layer_tag, tag_metadata
from napari_mousegpt._napari.scrubbing import Scrubber
from napari_mousegpt._napari.settings import settings_section
from napari_mousegpt._napari.time_axis import current_frame, go_to_frame, time_axis
from napari_mousegpt.core.colours import palette
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_mousegpt._napari.blind_session import BlindSession
    from napari_mousegpt.core.arena import Arena
    from napari_mousegpt.core.ethogram import Ethogram
    from napari_mousegpt.core.recording import Recording

__all__ = ["ViewerState", "state_of", "was_adopted"]

#: Tags of layers that follow the slider of some viewer.
_ADOPTED: weakref.WeakSet[LayerTag] = weakref.WeakSet()
_STATES: weakref.WeakKeyDictionary[Any, ViewerState] = weakref.WeakKeyDictionary()


def was_adopted(tag: LayerTag) -> bool:
    """Whether the layer of a tag came into a viewer that is watched."""
    return tag in _ADOPTED


def state_of(viewer: ViewerModel) -> ViewerState:
    """Return what is known about a viewer, beginning to watch it on the first call."""
    # Panels get a proxy that would die before the viewer does.
    viewer = getattr(viewer, "__wrapped__", viewer)
    if viewer not in _STATES:
        _STATES[viewer] = ViewerState(viewer)
    return _STATES[viewer]


class ViewerState:
    """Watches the layers of one viewer and makes ours follow the slider.

    What is open is read from the layers themselves, so it is right whatever the user removes.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    """

    #: Emitted when a recording or an ethogram was added, removed or chosen.
    changed = Signal()
    #: Emitted when scoring a study blind begins: whoever shows names or groups drops them.
    blinded = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self.follower = Follower(viewer)
        self.hands = QtHands(viewer)
        self.scrubber = Scrubber(viewer, self.hands, lambda: self.corner.update())
        self.corner = CornerText(viewer, lambda: self.scrubber.lines)
        #: Running jobs of this viewer; a job that nobody holds would stop reporting.
        self.jobs: set[Any] = set()
        self._desks: dict[str, Desk] = {}
        self._looked: set[str] = set()
        self._colours: dict[str, dict[str, str]] = {}
        self._visible: dict[str, tuple[int, int]] = {}
        self._label_keys: LabelKeys | None = None
        #: The study that is scored blind in this viewer, if there is one.
        self.blind: BlindSession | None = None
        self.keys = Keys(self)
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.layers.selection.events.active.connect(self._on_active)
        viewer.dims.events.current_step.connect(self._on_step)
        self.hands.on_front(self.catch_up)
        section = settings_section()
        if section is not None:
            section.events.connect(self._on_settings)
        for layer in viewer.layers:
            self._adopt(layer)

    @property
    def viewer(self) -> ViewerModel | None:
        """The viewer, None when it is gone."""
        return self._viewer()

    def tags(self) -> list[tuple[Layer, LayerTag]]:
        """Return our layers with their tags, in the order of the layer list."""
        viewer = self._viewer()
        layers = [] if viewer is None else list(viewer.layers)
        return [(layer, tag) for layer in layers if (tag := layer_tag(layer.metadata)) is not None]

    @property
    def recordings(self) -> dict[str, Recording]:
        """The open recordings with a known frame rate by id, each with its pose if it has one."""
        found: dict[str, Recording] = {}
        for _, tag in self.tags():
            known = found.get(tag.recording.id)
            # The layer of a pose that was attached later knows both the video and the pose.
            if tag.clocked and (known is None or known.pose is None):
                found[tag.recording.id] = tag.recording
        return found

    @property
    def open_recordings(self) -> dict[str, Recording]:
        """All open recordings by id, also those without a known frame rate."""
        ids = dict.fromkeys(tag.recording.id for _, tag in self.tags())
        known = {name: self._tag_of(name) for name in ids}
        return {name: tag.recording for name, tag in known.items() if tag is not None}

    @property
    def recording(self) -> Recording | None:
        """The recording of the active layer, else the one opened last; None when none is open."""
        recordings = self.recordings
        viewer = self._viewer()
        active = None if viewer is None else viewer.layers.selection.active
        tag = None if active is None else layer_tag(active.metadata)
        if tag is not None and tag.recording.id in recordings:
            return recordings[tag.recording.id]
        return list(recordings.values())[-1] if recordings else None

    def ethograms(self, recording: str) -> dict[str, Ethogram]:
        """Return the ethograms shown with a recording, by the name of their layer."""
        return {
            layer.name: tag.ethogram
            for layer, tag in self.tags()
            if tag.ethogram is not None and tag.recording.id == recording
        }

    def layers_of(self, recording: str, *roles: str) -> list[Layer]:
        """Return the layers of a recording that have one of these roles; of all by default."""
        return [
            layer
            for layer, tag in self.tags()
            if tag.recording.id == recording and (not roles or tag.role in roles)
        ]

    def frame(self, recording: str) -> int | None:
        """Return the frame of a recording on screen, None when it is not open."""
        viewer = self._viewer()
        for layer, tag in self.tags():
            if viewer is not None and tag.recording.id == recording and tag.role != "view":
                return current_frame(viewer, layer, tag.recording.n_frames)
        return None

    def go_to(self, recording: str, frame: int) -> bool:
        """Show a frame of a recording; False when it is not open."""
        viewer = self._viewer()
        for layer, tag in self.tags():
            if viewer is not None and tag.recording.id == recording and tag.role != "view":
                go_to_frame(viewer, layer, frame)
                return True
        return False

    def set_arenas(self, recording: str, arenas: Sequence[Arena]) -> None:
        """Give a recording that is open other arenas; whatever uses it next has them."""
        new: dict[int, Recording] = {}
        for layer, tag in self.tags():
            if tag.recording.id == recording:
                known = new.setdefault(id(tag.recording), with_arenas(tag.recording, arenas))
                changed = replace(tag, recording=known)
                _ADOPTED.add(changed)
                layer.metadata = {**layer.metadata, **tag_metadata(changed)}
        self._tell_desk(recording)
        self.changed.emit()

    # --- marking and correcting

    def desk(self, recording: str) -> Desk:
        """Return the desk of a recording that is open, with its corrections.

        Raises
        ------
        InputError
            When no such recording is open.
        """
        if recording not in self._desks:
            tag = self._tag_of(recording)
            if tag is None:
                raise InputError(
                    f"recording {recording!r}",
                    expected="one that is open in this viewer",
                    found=", ".join(dict.fromkeys(t.recording.id for _, t in self.tags()))
                    or "none",
                    remedy="Open it first.",
                )
            desk = Desk(self, tag.recording, clocked=tag.clocked)
            self._desks[recording] = desk
            desk.layers_changed(self._bases(recording))
            desk.show_corrections()
            self.keys.bind()
        return self._desks[recording]

    def desk_of_active(self) -> Desk | None:
        """Return the desk of the recording of the active layer, else of the one opened last."""
        viewer, tags = self._viewer(), self.tags()
        active = None if viewer is None else viewer.layers.selection.active
        tag = None if active is None else layer_tag(active.metadata)
        if tag is None:
            tag = tags[-1][1] if tags else None
        return None if tag is None else self.desk(tag.recording.id)

    def look_for_corrections(self, recording: str) -> None:
        """Show the corrections of a recording that is open, if there are any from before."""
        tag = self._tag_of(recording)
        if tag is None or recording in self._desks or recording in self._looked:
            return
        self._looked.add(recording)
        if corrections_file_path(tag.recording).exists():
            self.desk(recording)

    def fillers(self, recording: str, roles: Iterable[str]) -> list[Layer]:
        """Return layers that hold corrections only, and give way to others of these roles."""
        desk = self._desks.get(recording)
        return [] if desk is None else desk.fillers(roles)

    @property
    def label_keys(self) -> LabelKeys:
        """Hot keys of labels."""
        if self._label_keys is None:
            self._label_keys = LabelKeys(report_error, command_keys())
        return self._label_keys

    def colours(self, recording: str) -> dict[str, str]:
        """Return the colour of every label of a recording, the same in every layer and panel.

        A label keeps its colour as long as the viewer is open, whatever labels come later.
        """
        desk = self._desks.get(recording)
        if desk is not None:
            # Labels that are there come first, then those that only have a key.
            self.colour(recording, desk.all_labels)
            return dict(self.colour(recording, desk.labels))
        bases = self._bases(recording)
        return dict(self.colour(recording, {name for base in bases for name in base.labels}))

    def colour(self, recording: str, labels: Iterable[str]) -> dict[str, str]:
        """Give colours to labels that have none yet; the answer gets those of later ones, too."""
        colours = self._colours.setdefault(recording, {})
        if not colours.keys() >= set(labels):
            colours.update(palette(labels, colours))
        return colours

    def visible(self, recording: str) -> tuple[int, int] | None:
        """Return the frames ``[start, stop)`` the timeline shows, None where there is none."""
        return self._visible.get(recording)

    def set_visible(
        self, recording: str, start: int | None = None, stop: int | None = None
    ) -> None:
        """Say which frames the timeline shows; none when it is closed."""
        if start is None or stop is None:
            self._visible.pop(recording, None)
        else:
            self._visible[recording] = (int(start), int(stop))

    def say(self, text: str) -> None:
        """Show a short text in the status bar."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.status = text

    def add_quietly(self, layer_data: LayerData) -> None:
        """Add a layer; those that are chosen stay chosen."""
        from napari.layers import Layer

        viewer = self._viewer()
        if viewer is None:
            return
        active = viewer.layers.selection.active
        viewer.add_layer(Layer.create(*layer_data))
        if active is not None:
            viewer.layers.selection.active = active

    def _tag_of(self, recording: str) -> LayerTag | None:
        """Return the tag that knows most of a recording, None when it is not open."""
        tags = [tag for _, tag in self.tags() if tag.recording.id == recording]
        posed = (tag for tag in tags if tag.recording.pose is not None)
        return next(posed, tags[0] if tags else None)

    def _bases(self, recording: str) -> list[Ethogram]:
        """Return what the label layers of a recording hold, without corrections and zones."""
        return [
            tag.ethogram
            for _, tag in self.tags()
            if tag.ethogram is not None and tag.role in CORRECTED and tag.recording.id == recording
        ]

    def _tell_desk(self, recording: str) -> None:
        """Let the desk of a recording know that its layers are others now."""
        desk, tag = self._desks.get(recording), self._tag_of(recording)
        if tag is None:
            self._looked.discard(recording)
            self._visible.pop(recording, None)
            if desk is not None:
                del self._desks[recording]
                desk.stop_loop()
            if not self.tags():
                self.keys.unbind()
        elif desk is not None:
            desk.recording = tag.recording
            desk.layers_changed(self._bases(recording))

    # --- layers

    def _adopt(self, layer: Layer) -> None:
        tag = layer_tag(layer.metadata)
        if tag is None:
            return
        _ADOPTED.add(tag)
        recording = tag.recording.id
        if isinstance(tag.window, LabelWindow):
            labels = () if tag.ethogram is None else tag.ethogram.labels
            tag.window.colours = self.colour(recording, labels)
        self._tell_desk(recording)
        if tag.window is not None:
            self.follower.add(layer, tag.window)
        self.scrubber.add(layer)
        if tag.role in ROLES:
            layer.events.visible.connect(self.corner.update)
            layer.events.name.connect(self.corner.update)
            self.corner.update()
        self.keys.meet(layer)
        # Other layers of the same file come first.
        self.hands.after(0, lambda: self.look_for_corrections(recording))
        self.changed.emit()

    def _on_inserted(self, event: Any) -> None:
        layer, viewer = event.value, self._viewer()
        tag = layer_tag(layer.metadata)
        if viewer is not None and tag is not None and len(viewer.layers) == 1:
            # napari opens a stack in its middle; a video begins at the beginning.
            axis = time_axis(viewer, layer)
            if axis is not None:
                viewer.dims.set_point(axis, 0)
        self._adopt(layer)

    def _on_removed(self, event: Any) -> None:
        layer = event.value
        tag = layer_tag(layer.metadata)
        if tag is None:
            return
        if tag.window is not None:
            self.follower.remove(layer)
        self.scrubber.remove(layer)
        if tag.role in ROLES:
            layer.events.visible.disconnect(self.corner.update)
            layer.events.name.disconnect(self.corner.update)
            self.corner.update()
        self.keys.leave(layer)
        self._tell_desk(tag.recording.id)
        self.changed.emit()

    def _on_active(self, event: Any = None) -> None:
        self.catch_up()
        self.changed.emit()

    def catch_up(self) -> None:
        """Take over what was corrected elsewhere in the meantime."""
        for desk in list(self._desks.values()):
            desk.catch_up()

    def _on_step(self, event: Any = None) -> None:
        for desk in list(self._desks.values()):
            if desk.loop_span is not None:
                desk.moved()

    def _on_settings(self, event: Any = None) -> None:
        self.follower.refill()
        self.corner.update()
