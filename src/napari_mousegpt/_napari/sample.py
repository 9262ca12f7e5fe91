"""Sample data for the viewer."""

from __future__ import annotations

from pathlib import Path

from napari_mousegpt._napari.layers import LayerData

__all__ = ["open_field_sample"]


def open_field_sample() -> list[LayerData]:
    """Return a generated open-field mouse with its pose and its known behaviours.

    It is a drawing, made on the first call (some seconds) and kept in the user's cache.
    """
    from napari_mousegpt._napari.label_layer import label_layer
    from napari_mousegpt._napari.readers import checked, load_labels, watch_current_viewer
    from napari_mousegpt._napari.show import recording_layers
    from napari_mousegpt.io.samples import SampleFiles, sample

    watch_current_viewer()
    recording = sample()
    files = SampleFiles.inside(Path(recording.primary.sources["video"]).parent)
    truth = load_labels(files.bouts, recording)
    return checked([*recording_layers(recording), label_layer(truth, recording)])
