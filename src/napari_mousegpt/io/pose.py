"""One door to every pose format: find out which it is, read it, put it on a clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt.core.pose import fit_length, make_pose
from napari_mousegpt.core.timebase import Timebase, as_rate
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.delimited import Head, read_head
from napari_mousegpt.io.pose_deeplabcut import read_deeplabcut, sniff_deeplabcut
from napari_mousegpt.io.pose_plain import PlainLayout, is_bare_numbers, read_plain, sniff_plain
from napari_mousegpt.io.pose_sleap import read_sleap, sniff_sleap
from napari_mousegpt.io.tracks import Tracks, choose_individuals

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["POSE_FORMATS", "PlainLayout", "PoseFormat", "PoseSniff", "load_pose", "sniff_pose"]


@dataclass(frozen=True)
class PoseOptions:
    """What readers may need to know beyond the file."""

    layout: PlainLayout | None = None
    manual_labels: bool = False


@dataclass(frozen=True)
class PoseFormat:
    """A pose format this package reads.

    Parameters
    ----------
    name : str
        What to call it in ``pose_format=``.
    suffixes : tuple of str
        Endings its files usually have.
    sniff : callable
        Whether the beginning of a file is of this format; never raises on content.
    read : callable
        Reader of a path and options.
    meaning : str
        One line for the user.
    """

    name: str
    suffixes: tuple[str, ...]
    sniff: Callable[[Head], bool]
    read: Callable[[Path, PoseOptions], Tracks]
    meaning: str


def _deeplabcut(path: Path, options: PoseOptions) -> Tracks:
    return read_deeplabcut(path, manual_labels=options.manual_labels)


#: Formats by name, in the order they are asked.
POSE_FORMATS: dict[str, PoseFormat] = {
    entry.name: entry
    for entry in (
        PoseFormat(
            "DeepLabCut", (".csv", ".h5", ".hdf5"), sniff_deeplabcut, _deeplabcut,
            "DeepLabCut table: one or several animals, 2-D or 3-D",
        ),
        PoseFormat(
            "LightningPose", (".csv",), lambda head: False, _deeplabcut,
            "Lightning Pose table, which is written as DeepLabCut's",
        ),
        PoseFormat(
            "SLEAP", (".slp", ".h5", ".hdf5"), sniff_sleap, lambda path, _: read_sleap(path),
            "SLEAP predictions (.slp) or analysis file (.h5)",
        ),
        PoseFormat(
            "plain", (".csv", ".tsv", ".txt"), sniff_plain,
            lambda path, options: read_plain(path, options.layout),
            "plain table with columns such as nose_x, nose_y, or with a stated layout",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class PoseSniff:
    """What a look at the beginning of a file says.

    Parameters
    ----------
    format : str or None
        Name of the format, None when unsure.
    candidates : tuple of str
        Formats it could be, judged by the ending of the name.
    reason : str
        Why, in words that can go into a message.
    """

    format: str | None
    candidates: tuple[str, ...]
    reason: str


def sniff_pose(path: str | os.PathLike[str]) -> PoseSniff:
    """Find out the pose format of a file from its first bytes. Never raises."""
    path = Path(path)
    suffix = path.suffix.lower()
    candidates = tuple(f.name for f in POSE_FORMATS.values() if suffix in f.suffixes)
    try:
        if path.is_dir():
            return PoseSniff(None, (), "a folder")
        head = read_head(path)
    except OSError as error:
        return PoseSniff(None, (), error.strerror or str(error))
    if not head.data.strip():
        return PoseSniff(None, candidates, "an empty file")
    for entry in POSE_FORMATS.values():
        if entry.sniff(head):
            return PoseSniff(entry.name, (entry.name,), entry.meaning)
    return PoseSniff(None, candidates, _unknown(head))


def load_pose(
    path: str | os.PathLike[str],
    clock: Timebase | float | str | Fraction,
    *,
    format: str | None = None,
    layout: PlainLayout | None = None,
    individuals: Sequence[str] | Mapping[str, str] | None = None,
    manual_labels: bool = False,
    mismatch: str = "error",
) -> xr.Dataset:
    r"""Read a pose file.

    Parameters
    ----------
    path : path-like
        File of any format in :data:`POSE_FORMATS`.
    clock : Timebase or frames per second
        Clock of the video; with a bare rate the pose is as long as the file.
    format : str, optional
        Name of the format, in any case; found out from the content by default.
    layout : PlainLayout, optional
        What the columns of a plain table are; implies ``format="plain"``.
    individuals : sequence of str, or mapping of str to str, optional
        Animals to keep; a mapping gives new names.
    manual_labels : bool
        Accept manual labels, whose rows are single pictures; their names are then the coordinate
        ``image`` on ``time``.
    mismatch : {"error", "trim", "pad"}
        What to do when file and clock differ in length, see
        :func:`napari_mousegpt.core.pose.fit_length`.

    Returns
    -------
    xarray.Dataset
        Schema of :mod:`napari_mousegpt.core.pose`. Row ``i`` is picture ``i``; cells that the file
        leaves empty are NaN. The attribute ``notes`` tells what the reader left aside or filled.

    Raises
    ------
    InputError
        When the file is missing, or an individual is not in it.
    FormatError
        When it cannot be read; the message names the formats it could be, or the line at fault.
    MismatchError
        When file and clock differ in length and ``mismatch="error"``.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "m1.csv"
    >>> _ = file.write_text("nose_x,nose_y,tail_x,tail_y\n1,2,3,4\n5,6,7,8\n")
    >>> pose = load_pose(file, 30)
    >>> pose["position"].sel(keypoints="tail", individuals="individual_0").values.tolist()
    [[3.0, 4.0], [7.0, 8.0]]
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            path,
            expected="a pose file",
            found="a folder" if path.is_dir() else "nothing there",
            remedy="Check the path.",
        )
    entry = _choose(path, "plain" if layout is not None and format is None else format)
    tracks = entry.read(path, PoseOptions(layout, manual_labels))
    if not len(tracks):
        raise FormatError(path, expected="at least one row of points", found="a header only")
    tracks = choose_individuals(tracks, individuals, str(path))
    rate = clock.rate if isinstance(clock, Timebase) else as_rate(clock)
    pose = make_pose(
        tracks.position,
        tracks.confidence,
        tracks.keypoints,
        tracks.individuals,
        Timebase.constant(rate, len(tracks)),
        source="LightningPose" if entry.name == "LightningPose" else tracks.source,
        unit=tracks.unit,
    )
    pose.attrs["source_file"] = path.as_posix()
    pose.attrs["notes"] = " ".join(tracks.notes)
    if tracks.images:
        return pose.assign_coords(image=("time", list(tracks.images)))
    return fit_length(pose, clock, mismatch, str(path)) if isinstance(clock, Timebase) else pose


def _choose(path: Path, name: str | None) -> PoseFormat:
    if name is not None:
        for entry in POSE_FORMATS.values():
            if entry.name.lower() == name.lower().replace(" ", ""):
                return entry
        raise InputError(
            f"pose format {name!r}",
            expected=f"one of {', '.join(POSE_FORMATS)}",
            remedy="Leave it out to let the content decide.",
        )
    guess = sniff_pose(path)
    if guess.format is None:
        names = ", ".join(guess.candidates or POSE_FORMATS)
        raise FormatError(
            path,
            expected="a pose file of a known format",
            found=guess.reason,
            remedy=f"If you know what it is, give its format: {names}.",
        )
    return POSE_FORMATS[guess.format]


def _unknown(head: Head) -> str:
    """Say what a file is that no pose format claims."""
    if head.is_hdf5:
        return _unknown_hdf5(head.path)
    if not head.is_text:
        return "binary data of no known kind"
    first = head.lines()[0][:60]
    if first.lower().replace(" ", "").startswith("track,frame_idx"):
        return "a SLEAP csv table (export the analysis file .h5 or .slp instead)"
    if is_bare_numbers(head):
        return "numbers without a header (a plain table needs layout=PlainLayout(...))"
    return f"text that begins with {first!r}"


def _unknown_hdf5(path: Path) -> str:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            names, attributes = sorted(file), set(file.attrs)
    except OSError:
        return "a damaged or cut HDF5 file"
    if "nwb_version" in attributes:
        return "an NWB file (this version reads no pose from it)"
    if "poseest" in names:
        return "a JABS pose file (this version does not read it)"
    return f"an HDF5 file with {', '.join(names[:6]) or 'nothing in it'}"
