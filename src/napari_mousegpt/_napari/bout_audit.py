"""The audit trail of a recording: where its corrections are, and a table of them. No window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt._napari.correction_settings import correction_settings
from napari_mousegpt.core.audit_trail import audit_table
from napari_mousegpt.core.files import replacing
from napari_mousegpt.errors import InputError, StorageError
from napari_mousegpt.store.corrections_place import corrections_path

if TYPE_CHECKING:
    from napari_mousegpt.core.edit_book import BoutBook
    from napari_mousegpt.core.recording import Recording

__all__ = ["audit_folder", "write_audit"]


def audit_folder(recording: Recording) -> Path:
    """Return the folder in which the corrections of a recording are kept.

    Raises
    ------
    InputError
        When nothing was corrected yet, so that there is none.
    """
    folder = corrections_path(recording, correction_settings().path).parent
    if not folder.is_dir():
        raise InputError(
            folder, expected="a folder of corrections", found="none yet",
            remedy="It is made with the first correction.",
        )  # fmt: skip
    return folder


def write_audit(path: str | Path, book: BoutBook) -> int:
    """Write who changed what and when as a csv table; return how many edits it tells of.

    Raises
    ------
    InputError
        When nothing was corrected yet.
    StorageError
        When the file cannot be written; what was there before is as it was.
    """
    path = Path(path)
    if not book.edits:
        raise InputError(
            f"audit trail of {book.recording_id!r}", expected="at least one correction",
            found="none", remedy="Correct something first.",
        )  # fmt: skip
    if not path.parent.is_dir():
        raise StorageError(
            path, expected="a folder to write in", found="none", remedy="Make the folder first."
        )
    with replacing(path) as aside:
        audit_table(book.edits).to_csv(aside, index=False, lineterminator="\n")
    return len(book.edits)
