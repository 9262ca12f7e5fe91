"""Small pose files of each format, written as the descriptions of the formats say.

JABS version 4 to 8: after https://github.com/KumarLabJax/JABS-behavior-classifier (readers of each
version and docs/user-guide/file-formats.md); no sample files of these versions were at hand.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

#: Frames, keypoints and seed of the files.
N = 12


def nwb(
    path: Path,
    animals: dict[str, dict[str, Any]],
    *,
    subject: str = "",
    nodes: Sequence[str] = (),
    **about: Any,
) -> Path:
    """Write PoseEstimation containers.

    ``animals`` maps a container to its series, each the data (n, 2 or 3) or a dictionary with
    ``data`` and any of ``confidence``, ``timestamps``, ``rate``, ``start``, ``description``,
    ``unit``, ``conversion``, ``reference_frame``. ``about`` may set ``source_software``,
    ``original_videos``, ``description``.
    """
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.7.0"
        if subject:
            file["general/subject/subject_id"] = subject
        for place, series in animals.items():
            group = file.require_group(f"processing/behavior/{place}")
            group.attrs["neurodata_type"] = "PoseEstimation"
            for key, value in about.items():
                group[key] = [value] if key == "original_videos" else value
            if nodes:
                group["nodes"] = list(nodes)
            for name, given in series.items():
                _series(group, name, given if isinstance(given, dict) else {"data": given})
    return path


def _series(group: h5py.Group, name: str, given: dict[str, Any]) -> None:
    item = group.create_group(name)
    item.attrs["neurodata_type"] = "PoseEstimationSeries"
    item.attrs["description"] = given.get("description", "no description")
    data = item.create_dataset("data", data=np.asarray(given["data"], dtype=float))
    data.attrs["unit"] = given.get("unit", "pixels")
    for key in ("conversion", "offset"):
        if key in given:
            data.attrs[key] = given[key]
    if "confidence" in given:
        item["confidence"] = np.asarray(given["confidence"], dtype=float)
    if "reference_frame" in given:
        item["reference_frame"] = given["reference_frame"]
    if "timestamps" in given:
        item["timestamps"] = np.asarray(given["timestamps"], dtype=float)
    else:
        start = item.create_dataset("starting_time", data=float(given.get("start", 0)))
        start.attrs["rate"] = float(given.get("rate", 30))


def jabs(path: Path, version: int, frames: int = N, **changes: Any) -> tuple[Path, Any]:
    """Write a JABS file; returns it and the points (frames, animals, 12, xy) it holds.

    From version 3 on the animals change places in the file at frame 5. ``changes`` replace or add
    datasets of ``poseest`` (None leaves one out).
    """
    random = np.random.default_rng(version)
    people = 1 if version == 2 else 2
    xy = random.integers(1, 600, (frames, people, 12, 2)).astype(float)
    confidence = random.random((frames, people, 12)).astype(np.float32) * 0.5 + 0.5
    order = np.tile(np.arange(people), (frames, 1))
    order[5:] = order[5:, ::-1]
    rows = np.arange(frames)[:, None]
    stored = xy[rows, order][..., ::-1].astype(np.uint16)
    parts: dict[str, Any] = {"points": stored, "confidence": confidence[rows, order]}
    if version == 2:
        parts = {name: value[:, 0] for name, value in parts.items()}
    if version >= 3:
        parts["instance_count"] = np.full(frames, people, dtype=np.uint8)
        parts["instance_track_id"] = (order + 1).astype(np.uint32)
    if version >= 4:
        parts["instance_embed_id"] = (order + 1).astype(np.uint32)
        parts["id_mask"] = np.zeros((frames, people), dtype=bool)
        parts["instance_id_center"] = np.zeros((people, 4), dtype=np.float32)
    if version >= 6:
        parts["seg_data"] = np.full((frames, people, 1, 3, 2), -1, dtype=np.int32)
    with h5py.File(path, "w") as file:
        for name, value in {**parts, **changes}.items():
            if value is not None:
                file[f"poseest/{name}"] = value
        if version > 2:
            file["poseest"].attrs["version"] = np.array([version, 0], dtype=np.uint16)
            file["poseest"].attrs["cm_per_pixel"] = 0.0625
        if version >= 5:
            corners = np.array([[10, 20], [300, 20], [10, 310], [300, 310]], dtype=np.uint16)
            file["static_objects/corners"] = corners
            file["static_objects/lixit"] = np.array([[166.0, 62.0]], dtype=np.float32)
    return path, xy


def anipose(path: Path, points: Any, keypoints: Sequence[str], first: int = 0) -> Path:
    """Write an Anipose table of points (frames, keypoints, xyz)."""
    parts = ("x", "y", "z", "error", "ncams", "score")
    names = [f"{k}_{part}" for k in keypoints for part in parts]
    names += [f"M_{i}{j}" for i in range(3) for j in range(3)]
    names += ["center_0", "center_1", "center_2", "fnum"]
    lines = [",".join(names)]
    for frame, row in enumerate(points):
        cells = [
            text
            for k, (x, y, z) in enumerate(row)
            for text in (
                repr(float(x)),
                repr(float(y)),
                repr(float(z)),
                "0.5",
                "3.0",
                f"{0.9 - k / 10:.1f}",
            )
        ]
        cells += [f"{float(i == j)}" for i in range(3) for j in range(3)]
        lines.append(",".join([*cells, "0.0", "0.0", "0.0", str(frame + first)]))
    path.write_text("\n".join(lines).replace("nan", "") + "\n")
    return path


def via(path: Path, boxes: Sequence[tuple[Any, Any, Sequence[float]]], **region: Any) -> Path:
    """Write VIA tracks: (frame or name of the picture, track, (x, y, width, height))."""
    lines = [
        "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
        "region_attributes"
    ]
    for frame, track, (x, y, w, h) in boxes:
        named = isinstance(frame, str)
        about = {} if named else {"clip": 1, "frame": str(frame)}
        shape = {"name": "rect", "x": x, "y": y, "width": w, "height": h}
        dicts = [about, shape, {"track": track, **region}]
        a, s, r = ('"' + json.dumps(d).replace('"', '""') + '"' for d in dicts)
        lines.append(f"{frame if named else f'{frame:05d}.png'},99,{a},1,0,{s},{r}")
    path.write_text("\n".join(lines) + "\n")
    return path


def sleap_table(path: Path, rows: Sequence[tuple[str, int, Sequence[float]]]) -> Path:
    """Write SLEAP's table of the nodes nose and tail: (track, frame, x y score x y score)."""
    lines = ["track,frame_idx,instance.score,nose.x,nose.y,nose.score,tail.x,tail.y,tail.score"]
    lines += [
        ",".join([track, str(frame), "1.0", *("" if v != v else repr(float(v)) for v in values)])
        for track, frame, values in rows
    ]
    path.write_text("\n".join(lines) + "\n")
    return path
