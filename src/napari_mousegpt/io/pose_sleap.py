"""SLEAP: projects and predictions (.slp, through sleap-io) and analysis files (.h5).

The analysis file is a few plain arrays and is read as such: building one object per animal and
frame, as the general reader does, takes minutes for an hour-long recording.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import DependencyError, FormatError
from napari_mousegpt.io.delimited import Head
from napari_mousegpt.io.hdf5_guard import DAMAGE, check_size, read_numbers, read_texts
from napari_mousegpt.io.tracks import ONLY, Tracks

if TYPE_CHECKING:
    import h5py

__all__ = ["read_sleap", "sniff_sleap"]

SOURCE = "SLEAP"
_PROJECT = {"frames", "instances", "metadata"}
_ANALYSIS = {"tracks", "node_names"}


def sniff_sleap(head: Head) -> bool:
    """Whether a file is a SLEAP project or analysis file."""
    return bool(head.is_hdf5 and _kind(head.path))


def read_sleap(path: Path) -> Tracks:
    """Read a SLEAP .slp or analysis .h5 file.

    Parameters
    ----------
    path : Path
        File of one video.

    Returns
    -------
    Tracks
        Row ``i`` is frame ``i`` of the video; frames without an animal are NaN. Where a frame has
        a manual and a predicted instance of one track, the manual one counts.

    Raises
    ------
    FormatError
        When it is another file, damaged, covers several videos, or holds several animals that
        were not tracked, so that nobody knows which is which.
    """
    kind = _kind(path)
    if kind == "":
        raise FormatError(
            path,
            expected="a SLEAP .slp or analysis .h5 file",
            found="something else",
            remedy="Check the file, or name its format.",
        )
    try:
        return _read_project(path) if kind == "project" else _read_analysis(path)
    except DAMAGE as error:
        raise FormatError(
            path,
            expected="a whole SLEAP file",
            found=str(error) or type(error).__name__,
            remedy="Was the copy cut off? Copy or export it again.",
        ) from error


def _kind(path: Path) -> str:
    """Return ``"project"``, ``"analysis"`` or, for anything else, an empty text."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            names = set(file)
    except DAMAGE:
        return ""
    return "project" if names >= _PROJECT else "analysis" if names >= _ANALYSIS else ""


def _read_project(path: Path) -> Tracks:
    import h5py

    try:
        import sleap_io
    except ImportError as error:
        raise DependencyError(
            path,
            expected="the library sleap-io to read .slp files",
            remedy="Install it with: pip install sleap-io",
        ) from error

    with h5py.File(path, "r") as file:
        frames = file["frames"]["frame_idx"].astype(np.int64)
        videos = np.unique(file["frames"]["video"])
        track = file["instances"]["track"]
        untracked, points = int(np.sum(track < 0)), len(file["instances"])
    if len(videos) > 1:
        raise FormatError(
            path,
            expected="labels of one video",
            found=f"of {len(videos)} videos",
            remedy="Export the predictions of each video as a file of its own.",
        )
    if not len(frames):
        raise FormatError(path, expected="at least one labelled frame", found="none")
    if frames.min() < 0:
        raise ValueError(f"a frame number of {frames.min()}")
    people = max(1, len(np.unique(track[track >= 0])))
    check_size((int(frames.max()) + 1, people, 3), path.stat().st_size, f"{points} instances")
    # The quick reader counts from the first labelled frame, the thorough one from frame 0.
    labels = sleap_io.load_slp(str(path), open_videos=False, lazy=bool(frames.min() == 0))
    values = labels.numpy(video=int(videos[0]), return_confidence=True).astype(np.float64)
    nodes = tuple(str(name) for name in labels.skeletons[-1].node_names)
    names = tuple(str(track.name) for track in labels.tracks)
    people = values.shape[1]
    if people == 0:
        raise FormatError(
            path,
            expected="a track for each animal",
            found="several animals without tracks",
            remedy="Run tracking in SLEAP and export again.",
        )
    notes = []
    if people > 1 and untracked:
        notes.append(f"{untracked} instances belong to no track and are left out.")
    seldom = len(values) - len(np.unique(frames))
    if seldom:
        notes.append(f"{seldom} of {len(values)} frames have no labels; they are empty.")
    if people != len(names):
        # One animal per frame: pieces of tracks are the same animal.
        names = (names[0] if len(names) == 1 else ONLY,)
    return _tracks(path, values[..., :2], values[..., 2], nodes, names, tuple(notes))


def _read_analysis(path: Path) -> Tracks:
    import h5py

    with h5py.File(path, "r") as file:
        nodes = read_texts(file["node_names"])
        names = read_texts(file["track_names"]) if "track_names" in file else ()
        dims = ("track", "xy", "node", "frame")
        position = _ordered(file["tracks"], dims, ("frame", "track", "node", "xy"))
        confidence = None
        if "point_scores" in file:
            confidence = _ordered(
                file["point_scores"], ("track", "node", "frame"), ("frame", "track", "node")
            )
    if not names:
        names = tuple(f"track_{i}" for i in range(position.shape[1]))
    return _tracks(path, position, confidence, nodes, names, ())


def _ordered(
    dataset: h5py.Dataset, usual: tuple[str, ...], wanted: tuple[str, ...]
) -> NDArray[np.float64]:
    """Return an array with its axes as wanted; newer files say how theirs are ordered."""
    stored = tuple(json.loads(dataset.attrs["dims"])) if "dims" in dataset.attrs else usual
    axes = [stored.index(name) for name in wanted]
    values: NDArray[np.float64] = np.transpose(read_numbers(dataset), axes).astype(
        np.float64, copy=False
    )
    return values


def _tracks(
    path: Path,
    position: NDArray[np.float64],
    confidence: NDArray[np.float64] | None,
    nodes: tuple[str, ...],
    names: tuple[str, ...],
    notes: tuple[str, ...],
) -> Tracks:
    """Turn (frames, animals, nodes, xy) into tracks."""
    if position.shape[1:] != (len(names), len(nodes), 2):
        raise FormatError(
            path, expected=f"{len(names)} tracks of {len(nodes)} nodes", found=str(position.shape)
        )
    scores = None if confidence is None else confidence.transpose(0, 2, 1)
    return Tracks(position.transpose(0, 3, 2, 1), scores, nodes, names, SOURCE, notes=notes)
