"""Trail and heading of the animals: asked for by the user, as each makes a step cost more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_mousegpt._napari.heading_layer import HEADING, heading_layer
from napari_mousegpt._napari.jobs import report_error
from napari_mousegpt._napari.layers import LayerData, LayerTag, layer_tag
from napari_mousegpt._napari.show import add_layer_data
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.trail_layer import TRAIL, trail_layer
from napari_mousegpt.errors import InputError, MouseGPTError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer
    from napari.viewer import Viewer

    from napari_mousegpt.core.recording import Recording

__all__ = ["show_heading", "show_trail", "toggle_heading", "toggle_trail"]


def show_trail(
    viewer: ViewerModel, recording: Recording | None = None, *, seconds: float = 2.0
) -> Layer:
    """Show where each individual of a recording has been in the last seconds.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the recording is open.
    recording : Recording, optional
        The one of the active layer, else the one opened last, by default.
    seconds : float
        Length of the trail.

    Returns
    -------
    Layer
        The Tracks layer; its controls change the length.

    Raises
    ------
    InputError
        When no recording with a pose is open.
    """
    tag = _tag_with_pose(viewer, recording)
    layer = _shown(viewer, tag, TRAIL, lambda: trail_layer(
        tag.recording, seconds, clocked=tag.clocked
    ))  # fmt: skip
    if tag.clocked:
        layer.tail_length = tag.recording.timebase.frames(max(seconds, 0.0))
        state_of(viewer).follower.refill([layer])
    return layer


def show_heading(viewer: ViewerModel, recording: Recording | None = None) -> Layer:
    """Show an arrow for each individual of a recording, from its rear to its nose.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the recording is open.
    recording : Recording, optional
        The one of the active layer, else the one opened last, by default.

    Returns
    -------
    Layer
        The Vectors layer.

    Raises
    ------
    InputError
        When no recording with a pose is open, or its pose has no front or no rear.
    """
    tag = _tag_with_pose(viewer, recording)
    return _shown(viewer, tag, HEADING, lambda: heading_layer(tag.recording, clocked=tag.clocked))


def toggle_trail(viewer: Viewer) -> None:
    """Show the trail of each animal, or hide it."""
    _toggle(viewer, TRAIL, show_trail)


def toggle_heading(viewer: Viewer) -> None:
    """Show the heading of each animal, or hide it."""
    _toggle(viewer, HEADING, show_heading)


def _toggle(viewer: ViewerModel, role: str, show: Callable[[ViewerModel], Layer]) -> None:
    try:
        tag = _tag_with_pose(viewer, None)
        seen = [layer for layer in _layers(viewer, tag, role) if layer.visible]
        if not seen:
            show(viewer)
        for layer in seen:
            layer.visible = False
    except MouseGPTError as error:
        report_error(error)


def _shown(viewer: ViewerModel, tag: LayerTag, role: str, make: Callable[[], LayerData]) -> Layer:
    """Return the layer of a role, made if there is none, and visible."""
    layers = _layers(viewer, tag, role)
    if not layers:
        active = viewer.layers.selection.active
        layers = [add_layer_data(viewer, make())]
        if active is not None:
            # The user goes on with what was chosen before.
            viewer.layers.selection.active = active
    layers[0].visible = True
    return layers[0]


def _layers(viewer: ViewerModel, tag: LayerTag, role: str) -> list[Layer]:
    return state_of(viewer).layers_of(tag.recording.id, role)


def _tag_with_pose(viewer: ViewerModel, recording: Recording | None) -> LayerTag:
    """Return the tag of a recording with a pose: the given one, the active one or the last."""
    tags = [tag for _, tag in state_of(viewer).tags() if tag.recording.pose is not None]
    if recording is not None:
        tags = [tag for tag in tags if tag.recording.id == recording.id]
    active = viewer.layers.selection.active
    chosen = None if active is None else layer_tag(active.metadata)
    if chosen is not None:
        tags += [tag for tag in tags if tag.recording.id == chosen.recording.id]
    if not tags:
        raise InputError(
            "trail and heading",
            expected="a recording with a pose in this viewer",
            found="none",
            remedy="Open a pose file, or a video together with its pose.",
        )
    return tags[-1]
