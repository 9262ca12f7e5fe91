"""Which axis of the viewer is time, and which frame is on screen. All such questions stand here.

napari lines layers up by their last axes, so the place of the time axis depends on what else is
open: it is found from the labels of the layer, never assumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

__all__ = ["TIME_LABELS", "current_frame", "go_to_frame", "is_within", "time_axis"]

#: Labels of an axis that counts seconds or frames.
TIME_LABELS = ("time", "frame")


def time_axis(viewer: ViewerModel, layer: Layer) -> int | None:
    """Return the axis of the viewer that is time for this layer, None when the layer has none."""
    for place, label in enumerate(layer.axis_labels):
        if label in TIME_LABELS:
            return int(viewer.dims.ndim - layer.ndim + place)
    return None


def current_frame(viewer: ViewerModel, layer: Layer, n_frames: int) -> int | None:
    """Return the frame of a layer that the viewer shows.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    layer : Layer
        A layer with a time axis.
    n_frames : int
        Length of the recording; the answer lies inside it.
    """
    frame = _frame(viewer, layer)
    if frame is None or n_frames < 1:
        return None
    return int(np.clip(frame, 0, n_frames - 1))


def is_within(viewer: ViewerModel, layer: Layer, n_frames: int) -> bool:
    """Whether the viewer shows a time at which a recording of that length goes on."""
    frame = _frame(viewer, layer)
    return frame is not None and 0 <= frame < n_frames


def go_to_frame(viewer: ViewerModel, layer: Layer, frame: int) -> None:
    """Show a frame of a layer."""
    axis = time_axis(viewer, layer)
    if axis is None:
        return
    place = axis - viewer.dims.ndim + layer.ndim
    world = frame * layer.scale[place] + layer.translate[place]
    viewer.dims.set_point(axis, world * _units_per_world(viewer, layer, axis, place))


def _frame(viewer: ViewerModel, layer: Layer) -> float | None:
    """Return the frame of a layer that the viewer shows, as if it had no ends."""
    axis = time_axis(viewer, layer)
    if axis is None:
        return None
    place = axis - viewer.dims.ndim + layer.ndim
    world = viewer.dims.point[axis] / _units_per_world(viewer, layer, axis, place)
    return float(np.rint((world - layer.translate[place]) / layer.scale[place]))


def _units_per_world(viewer: ViewerModel, layer: Layer, axis: int, place: int) -> float:
    """Units of the viewer in one unit of the layer: another layer may count in milliseconds."""
    units = viewer.dims.units
    if units is None or units[axis] is None or units[axis] == layer.units[place]:
        return 1.0
    here, there = layer.units[place], units[axis]
    if here.dimensionality != there.dimensionality:
        return 1.0
    return float((1 * here).to(there).magnitude)
