"""Writing the scores of a blinded study. No window is needed."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt._napari.correction_settings import correction_settings
from napari_mousegpt.errors import InputError
from napari_mousegpt.runs.blind_scores import ItemScores, iter_scores
from napari_mousegpt.runs.exporting import export

if TYPE_CHECKING:
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.store.blinding import BlindStudy

__all__ = ["ExportedScores", "export_parts"]


@dataclass(frozen=True)
class ExportedScores:
    """A table of scores that was written.

    Parameters
    ----------
    path : Path
    bouts : int
        Its rows.
    left_out : tuple of str
        A sentence for each item that could not be read.
    """

    path: Path
    bouts: int
    left_out: tuple[str, ...]


def export_parts(
    blinded: BlindStudy, study: Study, path: Path, *, overwrite: bool = False
) -> Generator[ItemScores, None, ExportedScores]:
    """Read the scores of every item and write them as one table of bouts.

    Raises
    ------
    InputError
        When there is no score, or the ending of the file is none of a table.
    """
    found = yield from iter_scores(blinded, study, correction_settings().path)
    if not len(found.ethogram):
        raise InputError(
            "scores", expected="at least one bout that was marked or accepted",
            found=" ".join(("none.", *found.left_out)), remedy="Score an item first.",
        )  # fmt: skip
    export(found.ethogram, path, found.clocks, format="bouts", overwrite=overwrite)
    return ExportedScores(path, len(found.ethogram), found.left_out)
