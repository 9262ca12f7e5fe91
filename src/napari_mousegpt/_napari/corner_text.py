"""What label layers, and a preview, say of the frame on screen, in the corner of the canvas."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_mousegpt._napari.label_layer import LabelWindow
from napari_mousegpt._napari.label_roles import CORRECTED, ROLES
from napari_mousegpt._napari.layers import layer_tag
from napari_mousegpt._napari.settings import display_settings
from napari_mousegpt._napari.time_axis import current_frame, is_within

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["OVERLAY", "CornerText"]

#: Our own key, so that we never fight other plugins over napari's text overlay.
OVERLAY = "mousegpt_label"
#: Stands where no layer says anything of the frame; layers that say nothing are left out.
NOTHING = "no label here"


class CornerText:
    """Keeps the corner text of one viewer, and removes it with the last label layer.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    first : callable
        Lines that stand above the labels, also where labels are not wanted as text.
    """

    def __init__(self, viewer: ViewerModel, first: Callable[[], list[str]] = list) -> None:
        self._viewer = weakref.ref(viewer)
        self._first = first
        viewer.dims.events.current_step.connect(self.update)

    def update(self, event: object = None) -> None:
        """Show what is said of the present frame."""
        viewer = self._viewer()
        if viewer is None:
            return
        overlays = viewer.canvas.overlays
        labels = corner_lines(viewer) if display_settings().corner_text else None
        first = self._first()
        if labels is None and not first:
            if OVERLAY in overlays:
                del overlays[OVERLAY]
            return
        if OVERLAY not in overlays:
            from napari.components.overlays import TextOverlay

            overlays[OVERLAY] = TextOverlay(
                visible=True, position="bottom_left", font_size=9, box=True
            )
        text = "\n".join([*first, *(labels or [])])
        if overlays[OVERLAY].text != text:
            overlays[OVERLAY].text = text


def corner_lines(viewer: ViewerModel) -> list[str] | None:
    """Return the lines for the present frame, None when no label layer is there."""
    clock: list[str] = []
    said: list[str] = []
    found = asked = False
    for layer in viewer.layers:
        tag = layer_tag(layer.metadata)
        if tag is None or tag.role not in ROLES or not isinstance(tag.window, LabelWindow):
            continue
        found = True
        frame = current_frame(viewer, layer, tag.window.n_frames)
        if frame is None or not layer.visible:
            continue
        if not is_within(viewer, layer, tag.window.n_frames):
            continue  # beside a longer recording, whose time goes on
        if not clock and tag.clocked and not tag.recording.timebase.is_constant:
            # The slider counts frames where the rate varies.
            clock.append(f"{tag.recording.timebase.time(frame):.2f} s")
        asked = asked or tag.role in CORRECTED  # most of the time no zone is visited
        said += [f"{layer.name}: {line}" for line in tag.window.lines_at(frame)]
    if asked and not said:
        said.append(NOTHING)
    return [*clock, *said] if found else None
