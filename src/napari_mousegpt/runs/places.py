"""Where runs go that name no folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt.core.provenance import digest, plain
from napari_mousegpt.runs.chain import run_card
from napari_mousegpt.runs.params import RunParams
from napari_mousegpt.store import default_root

if TYPE_CHECKING:
    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.core.recording import Recording

__all__ = ["recording_folder", "run_place", "study_place"]


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
    describer = params.describer
    told = [plain(each) for each in (describer.prompt, describer.vocabulary, describer.calibration)]
    by_content = [] if describer.by_rules or not params.describes else [told]
    key = digest([table.absolute().as_posix(), params.planned(), *by_content])
    return (root or default_root()) / f"study-{table.stem}-{key}"


def recording_folder(name: str) -> str:
    """Return what the folder of a recording is called: its id, as far as it can name a folder."""
    plain_name = re.sub(r"[^\w.-]+", "_", name).strip(".") or "_"
    return plain_name if plain_name == name else f"{plain_name[:80]}-{digest(name, 3)}"
