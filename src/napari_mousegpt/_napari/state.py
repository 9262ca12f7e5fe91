"""What this plugin knows about each viewer. It lives as long as the viewer does."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_mousegpt._napari.arena_layer import with_arenas
from napari_mousegpt._napari.corner_text import CornerText
from napari_mousegpt._napari.follow import Follower
from napari_mousegpt._napari.hands import QtHands
from napari_mousegpt._napari.label_layer import ROLES
from napari_mousegpt._napari.layers import LayerTag, layer_tag, tag_metadata
from napari_mousegpt._napari.scrubbing import Scrubber
from napari_mousegpt._napari.settings import settings_section
from napari_mousegpt._napari.time_axis import current_frame, go_to_frame, time_axis

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

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

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self.follower = Follower(viewer)
        self.scrubber = Scrubber(viewer, QtHands(viewer), lambda: self.corner.update())
        self.corner = CornerText(viewer, lambda: self.scrubber.lines)
        #: Running jobs of this viewer; a job that nobody holds would stop reporting.
        self.jobs: set[Any] = set()
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.layers.selection.events.active.connect(self._on_active)
        section = settings_section()
        if section is not None:
            section.events.connect(self._on_settings)
        for layer in viewer.layers:
            self._adopt(layer)

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
        self.changed.emit()

    def _adopt(self, layer: Layer) -> None:
        tag = layer_tag(layer.metadata)
        if tag is None:
            return
        _ADOPTED.add(tag)
        if tag.window is not None:
            self.follower.add(layer, tag.window)
        self.scrubber.add(layer)
        if tag.role in ROLES:
            layer.events.visible.connect(self.corner.update)
            self.corner.update()
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
            self.corner.update()
        self.changed.emit()

    def _on_active(self, event: Any = None) -> None:
        self.changed.emit()

    def _on_settings(self, event: Any = None) -> None:
        self.follower.refill()
        self.corner.update()
