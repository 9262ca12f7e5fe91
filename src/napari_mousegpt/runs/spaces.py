"""Fused vectors of a run: kinematics, a video encoder, and the words by rules, in one space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from napari_mousegpt.clusters import fuse, word_vectors
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FrameFeatures
from napari_mousegpt.store import Job
from napari_mousegpt.vectors import KINEMATIC, project_kinematic

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.runs.params import RunParams

__all__ = ["SPACES", "check_spaces", "fusing_jobs"]

#: What can be fused, by the names that weights use.
SPACES = ("kinematic", "video", "words")


def check_spaces(params: RunParams) -> None:
    """Raise InputError when a run cannot fuse what its weights name."""
    names = [space for space, _ in params.clusters.weights]
    if not names:
        return
    base = _base(params)
    unknown = [name for name in names if name not in SPACES]
    said, remedy = "", "Write for example kinematic 0.7 and words 0.3."
    if unknown:
        said = ", ".join(unknown)
    elif len(names) < 2:
        said = f"{names[0]} alone"
    elif base not in names:
        said = f"{' and '.join(names)}, while the encoder makes {base} vectors"
        remedy = f"Give {base} a weight, or choose another encoder."
    elif "video" in names and base != "video":
        said = "video without a video encoder"
        remedy = "Choose a video encoder, or leave video out."
    if said:
        raise InputError(
            "weights of the spaces to fuse",
            expected=f"two or more of {', '.join(SPACES)}",
            found=said,
            remedy=remedy,
        )


def fusing_jobs(
    vectors: Vectors, measured: Mapping[str, FrameFeatures], params: RunParams
) -> list[Job]:
    """Return the piece of work that fuses vectors with the other spaces that have a weight.

    Parameters
    ----------
    vectors : Vectors
        What the encoder made; its intervals are those of the result.
    measured : mapping of str to FrameFeatures
        Measures by individual.
    params : RunParams
        Whose weights name the spaces.
    """
    base = _base(params)

    def compute() -> pd.DataFrame:
        spaces = {base: vectors}
        for space, _ in params.clusters.weights:
            if space == "words":
                spaces[space] = word_vectors(measured, vectors.intervals, params.rules)
            elif space == "kinematic" and base != "kinematic":
                spaces[space] = project_kinematic(measured, vectors.intervals, params.kinematic)
        return fuse(spaces).to_table()

    return [Job("vectors", "fused", compute)]


def _base(params: RunParams) -> str:
    return "kinematic" if params.encoder == KINEMATIC else "video"
