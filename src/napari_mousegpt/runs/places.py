"""Where runs go that name no folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt.core.provenance import digest, plain
from napari_mousegpt.runs.chain import RunParams, run_card
from napari_mousegpt.store import default_root

if TYPE_CHECKING:
    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.core.recording import Recording

__all__ = ["run_place", "study_place"]


def run_place(
    recording: Recording,
    params: RunParams,
    within: Intervals | None = None,
    root: Path | None = None,
) -> Path:
    """Return the folder for a run: the same for the same question.

    Parameters
    ----------
    recording, params, within
        As for :func:`napari_mousegpt.runs.chain.iter_run`.
    root : Path, optional
        Folder for runs; the cache by default.
    """
    return (root or default_root()) / f"run-{run_card(recording, params, within).run_id}"


def study_place(table: Path, params: RunParams, root: Path | None = None) -> Path:
    """Return the folder for a study: the same for the same table and parameters.

    The path of the table counts, not what is in it, so that a mended table goes on where it was.
    """
    key = digest([table.absolute().as_posix(), plain(params)])
    return (root or default_root()) / f"study-{table.stem}-{key}"
