"""Pictures that were measured once are not measured again for another question."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_mousegpt.core.provenance import RunCard, plain
from napari_mousegpt.errors import StorageError
from napari_mousegpt.store import Job, RunFolder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["measured_before"]

#: What a run hangs on that says nothing of its measures.
_NO_MEASURES = (
    "ranges", "encoder", "weights", "numbers", "prompt", "vocabulary", "calibration",
)  # fmt: skip


def measured_before(folder: RunFolder) -> Callable[[Job], pd.DataFrame | None]:
    """Return a function that looks a piece of measuring up in the runs beside a folder.

    Runs that name no folder stand side by side. Those about the same recording, measured the same
    way by the same software, have the same pieces: words first and clusters later look at each
    picture once.

    Parameters
    ----------
    folder : RunFolder
        Of the run that needs the pieces.

    Returns
    -------
    callable
        Gets a job and returns its table, None where nobody has it.
    """
    kin = []
    for plan in sorted(folder.path.parent.glob("run-*/plan.json")):
        if plan.parent == folder.path:
            continue
        try:
            card = RunCard.from_json(plan.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            continue  # no run, or one that is just being removed: then it is measured here
        if _measures(card) == _measures(folder.card):
            kin.append(RunFolder(plan.parent, card))

    def found(job: Job) -> pd.DataFrame | None:
        for other in kin:
            try:
                if other.has(job.step, job.name):
                    return other.read(job.step, job.name)
            except (OSError, StorageError):
                continue  # removed meanwhile
        return None

    return found


def _measures(card: RunCard) -> tuple[object, ...]:
    """Return all that the measures of a run hang on; stretches, encoder and model do not count."""
    inputs = {name: value for name, value in card.inputs.items() if name not in _NO_MEASURES}
    decoders = {name: value for name, value in card.models.items() if name.endswith("/decoder")}
    return inputs, plain(card.params).get("features"), decoders, dict(card.software)
