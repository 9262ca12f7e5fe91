"""What a run was made from, as content hashes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.pose import pose_fingerprint
from napari_mousegpt.core.recording import FrameSource, Recording

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "recording_decoders",
    "recording_inputs",
    "recording_sources",
    "table_fingerprint",
]

_SAMPLED_PICTURES = 16


def recording_inputs(recording: Recording, ranges: Intervals | None = None) -> dict[str, str]:
    """Return a content hash for everything a result about this recording hangs on.

    Parameters
    ----------
    recording : Recording
        Files have the fingerprints they were opened with; a pose that came as an array is hashed
        whole, pictures that did are hashed by shape and 16 of them.
    ranges : Intervals, optional
        The intervals the result is about.
    """
    inputs = {"recording": recording.id, "clock": str(recording.timebase.to_dict())}
    for view in recording.views:
        # A pose file is read in many ways (format, trimming, individuals): hash what came of it.
        if view.pose is not None:
            inputs[f"{view.name}/pose"] = pose_fingerprint(view.pose)
        if view.video is not None:
            known = view.fingerprints.get("video")
            inputs[f"{view.name}/video"] = known or _pictures_fingerprint(view.video)
    if ranges is not None:
        joined = "".join(ranges.range_ids())
        inputs["ranges"] = hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()
    return inputs


def recording_sources(recording: Recording) -> dict[str, str]:
    """Return the paths of the files of a recording, for people to read."""
    return {
        f"{view.name}/{role}": path
        for view in recording.views
        for role, path in sorted(view.sources.items())
    }


def recording_decoders(recording: Recording) -> dict[str, str]:
    """Return what made pictures and pose of a recording from its files, for provenance."""
    found = {}
    for view in recording.views:
        info = getattr(view.video, "info", None)
        if info is not None:
            found[f"{view.name}/decoder"] = str(info.decoder)
        if view.pose is not None and view.pose.attrs.get("steps"):
            found[f"{view.name}/pose_steps"] = json.dumps(view.pose.attrs["steps"])
    return found


def table_fingerprint(table: pd.DataFrame) -> str:
    """Return a content hash of a table: column names and every value, in order."""
    import pandas as pd

    digest = hashlib.blake2b("\x1f".join(map(str, table.columns)).encode(), digest_size=16)
    digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _pictures_fingerprint(pictures: FrameSource) -> str:
    digest = hashlib.blake2b(repr((pictures.shape, str(pictures.dtype))).encode(), digest_size=16)
    count = min(len(pictures), _SAMPLED_PICTURES)
    for index in np.linspace(0, len(pictures) - 1, count).astype(int):
        digest.update(np.ascontiguousarray(pictures[int(index)]).tobytes())
    return digest.hexdigest()
