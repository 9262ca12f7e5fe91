"""The corner of the canvas calls a layer by the name it has now."""

from __future__ import annotations

from typing import Any

from napari_mousegpt._napari.corner_text import OVERLAY
from napari_mousegpt._napari.show import show
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording


def test_a_layer_that_is_renamed(viewer: Any, recording: Recording, ethogram: Ethogram) -> None:
    layer = show(viewer, recording, ethogram)[-1]
    viewer.dims.set_current_step(0, 0)
    corner = viewer.canvas.overlays[OVERLAY]
    assert "labels: " in corner.text
    layer.name = "first try"
    assert "first try: " in corner.text
    viewer.layers.remove(layer)
    assert "first try" not in corner.text
