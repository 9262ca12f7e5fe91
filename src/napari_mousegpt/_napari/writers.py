"""Writers: the bouts of a label layer as a table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_mousegpt._napari.label_layer import LabelWindow
from napari_mousegpt._napari.layers import layer_tag
from napari_mousegpt.errors import InputError

__all__ = ["write_boris", "write_bouts"]


def write_bouts(
    path: str | os.PathLike[str], data: Any, attributes: Mapping[str, Any]
) -> list[str]:
    """Write all bouts of a label or cluster layer, not only those of the window on screen.

    Parameters
    ----------
    path : path-like
        ``.csv``, ``.tsv`` or ``.parquet``; only parquet keeps the observed spans.
    data : array
        Points of the layer; not used.
    attributes : mapping
        Attributes of the layer; its metadata refer to the ethogram.

    Returns
    -------
    list of str
        The file, complete.

    Raises
    ------
    InputError
        When the layer holds no bouts.
    StorageError
        When it cannot be written; what was there before is as it was.
    """
    from napari_mousegpt.io.labels import write_bouts as write

    ethogram, recording = _bouts_of(attributes)
    write(
        path,
        ethogram,
        clocks={recording.id: recording.timebase},
        fingerprints={recording.id: recording.fingerprints},
    )
    return [os.fspath(path)]


def write_boris(
    path: str | os.PathLike[str], data: Any, attributes: Mapping[str, Any]
) -> list[str]:
    """Write all bouts of a label or cluster layer as the aggregated events of BORIS."""
    from napari_mousegpt.io.boris import write_boris as write

    ethogram, recording = _bouts_of(attributes)
    video = recording.primary.sources.get("video")
    media = {} if video is None else {recording.id: Path(video).name}
    write(path, ethogram, {recording.id: recording.timebase}, media=media)
    return [os.fspath(path)]


def _bouts_of(attributes: Mapping[str, Any]) -> Any:
    tag = layer_tag(attributes.get("metadata"))
    if tag is None or tag.ethogram is None:
        raise InputError(
            f"layer {attributes.get('name', '')!r}",
            expected="labels or clusters of this plugin",
            found="another layer",
            remedy="Choose a layer named human, labels or clusters, or another file type.",
        )
    bouts = tag.window.ethogram() if isinstance(tag.window, LabelWindow) else tag.ethogram
    return bouts, tag.recording
