"""Corrections made under a code: kept with the recording, seen as those of its code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from napari_mousegpt.core.blinding import Blinding
from napari_mousegpt.core.concealing import concealed
from napari_mousegpt.core.edits import Edit
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.store.corrections import CorrectionsFile

__all__ = ["CodedCorrections", "discreet"]


class CodedCorrections:
    """The corrections of a blinded recording; the same methods as those of its file.

    Parameters
    ----------
    blinding : Blinding
        Knows which recording it is.
    item : Recording
        Under its code; its fingerprints are those of the recording.
    folder : path-like, optional
        Of all corrections.
    """

    def __init__(
        self, blinding: Blinding, item: Recording, folder: str | os.PathLike[str] | None = None
    ) -> None:
        self._blinding = blinding
        self._code = item.id
        self._recording = blinding.recording_of(item.id)
        with self._discreet():
            known = replace(item, id=self._recording)
            self._file = CorrectionsFile.of_recording(known, folder)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits read or written so far, as edits of the code."""
        return tuple(map(self._blinding.hide_edit, self._file.edits))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was set aside while reading, for people."""
        name = self._file.path.name
        return tuple(note.replace(name, self._code) for note in self._file.notes)

    def refresh(self) -> tuple[Edit, ...]:
        """Read what another program added since; see :meth:`CorrectionsFile.refresh`."""
        with self._discreet():
            return tuple(map(self._blinding.hide_edit, self._file.refresh()))

    def append(self, *edits: Edit) -> tuple[Edit, ...]:
        """Write edits of the code to the disk; see :meth:`CorrectionsFile.append`."""
        with self._discreet():
            others = self._file.append(*map(self._blinding.reveal_edit, edits))
        return tuple(map(self._blinding.hide_edit, others))

    def _discreet(self) -> AbstractContextManager[None]:
        file = getattr(self, "_file", None)
        paths = () if file is None else (str(file.path), file.path.name)
        return discreet(f"corrections of {self._code!r}", *paths, self._recording)


@contextmanager
def discreet(subject: str, *told: str) -> Iterator[None]:
    """Let errors speak of a subject that may be known, without words that would tell more.

    Parameters
    ----------
    subject : str
        What errors are said to be about.
    *told : str
        What must not be told.
    """
    try:
        yield
    except MouseGPTError as error:
        expected, found, remedy = (
            concealed(text, told) for text in (error.expected, error.found, error.remedy)
        )
        # The first error would tell all in its traceback.
        raise type(error)(subject, expected=expected, found=found, remedy=remedy) from None
