"""Beginning to score a study blind, or going on with it. No window is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt._napari.blind_guard import BlindGuard
from napari_mousegpt._napari.blind_session import BlindSession
from napari_mousegpt.io.study import load_study
from napari_mousegpt.store.blinding import blind_study, load_blind_study

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["begin", "resume"]


def begin(
    viewer: ViewerModel,
    table: str | Path,
    folder: str | Path,
    who: str,
    *,
    seed: int | None = None,
) -> BlindSession:
    """Blind a study, and score it in this viewer.

    Parameters
    ----------
    viewer : ViewerModel
    table : path
        Study table.
    folder : path
        Where key and log are written.
    who : str
        Who blinds it.
    seed : int, optional
        See :func:`napari_mousegpt.core.blinding.blind`.

    Raises
    ------
    InputError
        When a recording of the study is open in the viewer, or the table is wrong.
    OutputExistsError
        When something is blinded in the folder already.
    """
    study = load_study(table)
    guard = BlindGuard(viewer, study)
    guard.check_viewer()
    return BlindSession(viewer, study, blind_study(study, folder, who, seed=seed), who)


def resume(viewer: ViewerModel, table: str | Path, folder: str | Path, who: str) -> BlindSession:
    """Go on with scoring a study that was blinded before; parameters as for :func:`begin`.

    Raises
    ------
    InputError
        When nothing is blinded in the folder, or another study.
    """
    study = load_study(table)
    blinded = load_blind_study(folder)
    blinded.table(study)
    if blinded.locked:
        BlindGuard(viewer, study).check_viewer()
    return BlindSession(viewer, study, blinded, who)
