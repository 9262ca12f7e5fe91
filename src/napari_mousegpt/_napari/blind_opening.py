"""An item of a blinded study: opened under its code, its corrections kept with the recording."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_mousegpt._napari.coded_frames import coded, discreetly
from napari_mousegpt.core.concealing import concealed
from napari_mousegpt.errors import MismatchError
from napari_mousegpt.runs.blind_scores import told_of
from napari_mousegpt.runs.study_opening import open_of_study

if TYPE_CHECKING:
    from napari_mousegpt.core.edits import Edit
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.store.blinding import BlindStudy
    from napari_mousegpt.store.coded_corrections import CodedCorrections

__all__ = ["KeptUnderCode", "open_coded"]


def open_coded(blinded: BlindStudy, study: Study, code: str, who: str) -> Recording:
    """Open an item under its code; neither errors nor warnings tell which recording it is.

    Raises
    ------
    MouseGPTError
        When it cannot be opened, or when that cannot be written down.
    """
    told: tuple[str, ...] = ()

    def opener(name: str) -> Recording:
        nonlocal told
        told = told_of(study, name)
        opened: Recording = discreetly(lambda: _opened(study, name, code, told), code, told)
        return opened

    item = blinded.open_item(code, who, opener)
    return coded(item, told)


def _opened(study: Study, name: str, code: str, told: tuple[str, ...]) -> Recording:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            recording = open_of_study(study, name)
        except MismatchError as error:
            raise _as_in_table(error) from error
    for warning in said:
        text = concealed(str(warning.message), told)
        warnings.warn(f"{code}: {text}", warning.category, stacklevel=2)
    return recording


def _as_in_table(error: MismatchError) -> MismatchError:
    """Return the error with the choice where it is for a study: in a column of its table."""
    column = r'write \1 in the column "mismatch" of the study table'
    remedy = re.sub(r"open it with mismatch=(\S+)", column, error.remedy)
    return MismatchError(error.subject, expected=error.expected, found=error.found, remedy=remedy)


class KeptUnderCode:
    """Corrections of an item, and who makes them; otherwise as those of its file.

    Parameters
    ----------
    kept : CodedCorrections
        Writes into the file of the recording.
    who : callable
        Returns the name of the scorer.
    """

    def __init__(self, kept: CodedCorrections, who: Callable[[], str]) -> None:
        self._kept = kept
        self._who = who

    @property
    def who(self) -> str:
        """Name that stands beside every correction."""
        return self._who()

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits read or written so far."""
        return self._kept.edits

    @property
    def notes(self) -> tuple[str, ...]:
        """What was set aside while reading; it does not tell which recording it is."""
        return self._kept.notes

    def refresh(self) -> tuple[Edit, ...]:
        """Read what another program added since."""
        return self._kept.refresh()

    def append(self, *edits: Edit) -> tuple[Edit, ...]:
        """Write edits to the disk and return those that another program added before."""
        return self._kept.append(*edits)
