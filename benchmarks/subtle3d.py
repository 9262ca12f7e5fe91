"""Read the six labelled mice of the subtle 3-D data set (folder ``labelled_subtle3d``).

Nine keypoints at 20 frames per second, about ten minutes a mouse, and one human label per frame:
``walking``, ``rearing``, ``grooming``, ``standing`` (motionless on all fours) or ``na`` (left
unassigned). Positions are in centimetres, z is the height.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.timebase import Timebase

if TYPE_CHECKING:
    import xarray as xr

KEYPOINTS = (
    "nose",
    "neck",
    "tail_base",
    "chest",
    "right_hindpaw",
    "left_hindpaw",
    "right_forepaw",
    "left_forepaw",
    "tail_tip",
)
FPS = 20
MICE = ("adult_6112", "adult_6115", "adult_6116", "young_8294", "young_8296", "young_8301")
TUNING_MICE = ("adult_6112", "adult_6115", "young_8294")
HELD_OUT_MICE = ("adult_6116", "young_8296", "young_8301")
BEHAVIOURS = ("walking", "rearing", "grooming", "standing")
#: What a person left unassigned.
UNASSIGNED = "na"


class Mouse(NamedTuple):
    """One mouse: its id, its pose, the clock and the human label of each frame."""

    id: str
    pose: xr.Dataset
    timebase: Timebase
    labels: NDArray[np.object_]


def default_data_root() -> Path:
    """Return the folder of shared data: the environment's, or the one beside this checkout."""
    given = os.environ.get("NAPARI_MOUSEGPT_SHARED_DATA")
    return Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data"


def load(data_root: Path | str | None = None, mice: tuple[str, ...] = MICE) -> list[Mouse]:
    """Read the labelled mice.

    Parameters
    ----------
    data_root : Path, optional
        The folder that holds ``labelled_subtle3d``; see :func:`default_data_root`.
    mice : tuple of str
        Which mice, in this order.

    Returns
    -------
    list of Mouse
        Each unpacks to ``(mouse id, pose Dataset, Timebase, labels)``; the pose has one individual
        called ``mouse``, labels has shape (n_frames,).
    """
    folder = Path(data_root or default_data_root()) / "labelled_subtle3d"
    found = []
    for mouse in mice:
        xyz = pd.read_csv(folder / "coords" / f"{mouse}.csv", header=None).to_numpy(np.float64)
        labels = pd.read_csv(folder / "annots" / f"{mouse}.csv", keep_default_na=False)
        timebase = Timebase.constant(FPS, len(xyz))
        position = xyz.reshape(len(xyz), len(KEYPOINTS), 3).transpose(0, 2, 1)[..., None]
        pose = make_pose(
            position, None, KEYPOINTS, ("mouse",), timebase, source="subtle3d", unit="cm"
        )
        found.append(Mouse(mouse, pose, timebase, labels.iloc[:, 1].to_numpy(dtype=object)))
    return found
