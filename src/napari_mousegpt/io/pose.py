"""One door to every pose format: find out which it is, read it, put it on a clock."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt.core.pose import fit_length, make_pose
from napari_mousegpt.core.timebase import Timebase, as_rate
from napari_mousegpt.errors import FormatError, InputError, MismatchError
from napari_mousegpt.io.delimited import Head, read_head
from napari_mousegpt.io.hdf5_guard import DAMAGE, check_hdf5
from napari_mousegpt.io.pose_checks import rate_points
from napari_mousegpt.io.pose_formats import POSE_FORMATS, PoseFormat, PoseOptions
from napari_mousegpt.io.pose_other import describe_unknown
from napari_mousegpt.io.pose_plain import PlainLayout
from napari_mousegpt.io.row_times import frames_of_times
from napari_mousegpt.io.tracks import Tracks, choose_individuals

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["POSE_FORMATS", "PlainLayout", "PoseFormat", "PoseSniff", "load_pose", "sniff_pose"]


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
    try:
        if head.is_hdf5:
            check_hdf5(path)
    except FormatError as error:
        return PoseSniff(None, candidates, error.found)
    for entry in POSE_FORMATS.values():
        if _is(entry, head):
            return PoseSniff(entry.name, (entry.name,), entry.meaning)
    return PoseSniff(None, candidates, describe_unknown(head))


def _is(entry: PoseFormat, head: Head) -> bool:
    try:
        return entry.sniff(head)
    except (*DAMAGE, FormatError, csv.Error):
        return False  # damaged: no format claims it


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
        Animals to keep; a mapping gives new names. Of an NWB file with several recordings, the
        names of the containers to read.
    manual_labels : bool
        Accept manual labels, whose rows are single pictures; their names are then the coordinate
        ``image`` on ``time``.
    mismatch : {"error", "trim", "pad"}
        What to do when file and clock differ in length, see
        :func:`napari_mousegpt.core.pose.fit_length`. Where the file has uneven time stamps,
        ``"pad"`` puts the rows at their times instead of the empty rows at the end, and refuses
        where these do not fit the video.

    Returns
    -------
    xarray.Dataset
        Schema of :mod:`napari_mousegpt.core.pose`. Row ``i`` is picture ``i``; cells that the file
        leaves empty are NaN. Attributes: ``notes`` tells what the reader left aside or filled and
        what is doubtful, ``pose_format`` and ``source_file`` where it comes from, ``stated_fps``
        the rate that the file states, ``missing_share`` and ``doubtful_share`` see
        :func:`napari_mousegpt.io.pose_checks.rate_points`.

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
    wanted = None if individuals is None else _names(individuals)
    tracks = _read(entry, path, PoseOptions(layout, manual_labels, wanted))
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
    ).assign(tracks.extra)
    shares, said = rate_points(pose)
    pose.attrs |= {**tracks.attrs, **shares}
    pose.attrs |= {"source_file": path.as_posix(), "pose_format": entry.name}
    pose.attrs["notes"] = " ".join((*tracks.notes, *said))
    if tracks.rate is not None:
        pose.attrs["stated_fps"] = tracks.rate
    if tracks.images:
        return pose.assign_coords(image=("time", list(tracks.images)))
    if not isinstance(clock, Timebase):
        return pose
    if tracks.times is not None and mismatch == "pad" and len(tracks) < clock.n_frames:
        return _place_by_time(pose, tracks, clock, path)
    return fit_length(pose, clock, mismatch, str(path))


def _names(individuals: Sequence[str] | Mapping[str, str]) -> tuple[str, ...]:
    return (individuals,) if isinstance(individuals, str) else tuple(individuals)


def _read(entry: PoseFormat, path: Path, options: PoseOptions) -> Tracks:
    try:
        return entry.read(path, options)
    except (*DAMAGE, csv.Error) as error:
        raise FormatError(
            path,
            expected=f"a whole {entry.name} file",
            found=" ".join(str(error).split())[:300] or type(error).__name__,
            remedy="Was the copy cut off, or is it of another format? Copy or export it again.",
        ) from error


def _place_by_time(pose: xr.Dataset, tracks: Tracks, clock: Timebase, path: Path) -> xr.Dataset:
    """Put rows at the pictures of their times: at the end they would be in the wrong place."""
    assert tracks.times is not None
    frames = frames_of_times(tracks.times, clock)
    if frames is None:
        raise MismatchError(
            path,
            expected=f"{clock.n_frames} rows, one for each picture of the video",
            found=f"{len(tracks)} rows, whose time stamps are uneven and not those of the video",
            remedy="Rows are missing in between, so filling the end would shift them. Export the "
            "pose with a row for each picture.",
        )
    rows = pose.assign_coords(time=frames).reindex(time=np.arange(clock.n_frames))
    placed = fit_length(rows, clock, "error", str(path))
    return placed.assign_attrs(
        length_policy=f"pad: {len(tracks)} rows for {clock.n_frames} pictures, by their time stamps"
    )


def _choose(path: Path, name: str | None) -> PoseFormat:
    if name is not None:
        for entry in POSE_FORMATS.values():
            if entry.name.lower() == name.lower().replace(" ", ""):
                if read_head(path).is_hdf5:
                    check_hdf5(path)
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
