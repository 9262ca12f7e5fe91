"""The pose formats that are read, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_mousegpt.io.delimited import Head
from napari_mousegpt.io.pose_anipose import read_anipose, sniff_anipose
from napari_mousegpt.io.pose_deeplabcut import read_deeplabcut, sniff_deeplabcut
from napari_mousegpt.io.pose_jabs import read_jabs, sniff_jabs
from napari_mousegpt.io.pose_movement import read_movement, sniff_movement
from napari_mousegpt.io.pose_nwb import read_nwb, sniff_nwb
from napari_mousegpt.io.pose_plain import PlainLayout, read_plain, sniff_plain
from napari_mousegpt.io.pose_sleap import read_sleap, sniff_sleap
from napari_mousegpt.io.pose_sleap_table import read_sleap_table, sniff_sleap_table
from napari_mousegpt.io.pose_via import read_via, sniff_via
from napari_mousegpt.io.tracks import Tracks

__all__ = ["POSE_FORMATS", "PoseFormat", "PoseOptions"]


@dataclass(frozen=True)
class PoseOptions:
    """What readers may need to know beyond the file."""

    layout: PlainLayout | None = None
    manual_labels: bool = False
    individuals: tuple[str, ...] | None = None


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


def _sleap(path: Path, options: PoseOptions) -> Tracks:
    with path.open("rb") as file:
        is_hdf5 = file.read(8) == b"\x89HDF\r\n\x1a\n"
    return read_sleap(path) if is_hdf5 or path.suffix.lower() != ".csv" else read_sleap_table(path)


def _sniff_sleap(head: Head) -> bool:
    return sniff_sleap(head) or sniff_sleap_table(head)


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
            "SLEAP", (".slp", ".h5", ".hdf5", ".csv"), _sniff_sleap, _sleap,
            "SLEAP predictions (.slp), analysis file (.h5) or table (.csv)",
        ),
        PoseFormat(
            "NWB", (".nwb", ".h5"), sniff_nwb,
            lambda path, options: read_nwb(path, options.individuals),
            "NWB file with poses (ndx-pose)",
        ),
        PoseFormat(
            "JABS", (".h5", ".hdf5"), sniff_jabs, lambda path, _: read_jabs(path),
            "JABS pose file, version 2 to 8",
        ),
        PoseFormat(
            "movement", (".nc", ".nc4", ".netcdf"), sniff_movement,
            lambda path, _: read_movement(path),
            "netCDF file of poses that movement or xarray wrote",
        ),
        PoseFormat(
            "Anipose", (".csv",), sniff_anipose, lambda path, _: read_anipose(path),
            "Anipose table, 3-D",
        ),
        PoseFormat(
            "VIA", (".csv",), sniff_via, lambda path, _: read_via(path),
            "VIA tracks of boxes, read as their centres",
        ),
        PoseFormat(
            "plain", (".csv", ".tsv", ".txt"), sniff_plain,
            lambda path, options: read_plain(path, options.layout),
            "plain table with columns such as nose_x, nose_y, or with a stated layout",
        ),
    )
}  # fmt: skip
