"""The corner of the canvas calls a layer by the name it has now."""

from __future__ import annotations

from typing import Any

import numpy as np

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


def test_nothing_is_said_of_a_recording_that_has_ended(
    viewer: Any, recording: Recording, ethogram: Ethogram
) -> None:
    show(viewer, recording, ethogram)
    viewer.add_image(np.zeros((2 * recording.n_frames, 4, 4)), scale=viewer.layers[0].scale)
    viewer.dims.set_current_step(0, recording.n_frames - 1)
    assert ": still" in viewer.canvas.overlays[OVERLAY].text
    # A longer recording goes on.
    viewer.dims.set_current_step(0, recording.n_frames + 200)
    assert ": still" not in viewer.canvas.overlays[OVERLAY].text
