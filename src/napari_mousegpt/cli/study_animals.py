"""The animal of each recording, by the study table that ``--study`` names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import napari_mousegpt as mg
from napari_mousegpt.errors import InputError

__all__ = ["animals_from"]


def animals_from(study: Path | None, recordings: Sequence[str]) -> dict[str, str] | None:
    """Return the animal by recording; None where no study table is given.

    Parameters
    ----------
    study : Path or None
        Study table; it may name more recordings, and some of these only.
    recordings : sequence of str
        Recordings that animals are asked for.

    Raises
    ------
    InputError
        When the table names none of the recordings.
    """
    if study is None:
        return None
    rows = mg.load_study(study)
    animals = {str(row["recording"]): str(row["animal"]) for row in rows}
    if not set(recordings) & animals.keys():
        raise InputError(
            study,
            expected=f"the recordings of these vectors, such as {recordings[0]!r}",
            found="none of them",
            remedy="Name its columns: recording and animal.",
        )
    return animals
