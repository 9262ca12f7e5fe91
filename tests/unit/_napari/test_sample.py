from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import napari_mousegpt._napari.readers as readers
from napari_mousegpt._napari.layers import layer_tag
from napari_mousegpt._napari.sample import open_field_sample
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.io import samples


@pytest.fixture
def quick_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the sample short and small, in a cache of its own."""
    make = samples.make_sample
    monkeypatch.setattr(
        samples, "make_sample", lambda folder: make(folder, seconds=14, size=(96, 128))
    )
    monkeypatch.setenv(samples.CACHE_VARIABLE, str(tmp_path))


def test_the_sample_shows_video_pose_and_the_truth(
    viewer: Any, quick_sample: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari.layers import Layer

    monkeypatch.setattr(readers, "_current_viewer", lambda: viewer)
    for item in open_field_sample():
        viewer.add_layer(Layer.create(*item))
    assert [layer.name for layer in viewer.layers] == [
        "openfield_sample",
        "skeleton",
        "pose",
        "human",
    ]
    assert viewer.dims.current_step[0] == 0
    truth = layer_tag(viewer.layers["human"].metadata).ethogram
    assert len(truth.labels) >= 2
    assert state_of(viewer).recording.timebase.fps == 30
