"""Corrections on disk: a file for each recording that is only ever added to.

The first line says whose corrections these are, every further line is one edit as JSON::

    {"schema": "napari-mousegpt corrections", "version": 1, "recording": "m3", "n_frames": 9000}
    {"edit": "5f0c", "when": "2026-03-01T10:22:31.250+00:00", "who": "KM", "action": "relabel", ...}

An edit is on the disk before :meth:`CorrectionsFile.append` returns. A program that is killed while
it writes leaves at most a piece of a last line. The next writer ends that line; readers set it
aside and say so. Nothing that was written is ever changed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from napari_mousegpt.core.edits import Corrections, Edit
from napari_mousegpt.core.files import make_folder, replacing
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import (
    FormatError,
    InputError,
    MismatchError,
    StorageError,
)
from napari_mousegpt.store.appending import add_lines, only_writer
from napari_mousegpt.store.corrections_place import (
    CORRECTIONS_VARIABLE,
    SUFFIX,
    corrections_folder,
    corrections_path,
)
from napari_mousegpt.store.edit_lines import EditLines, first_line, line_of

__all__ = ["CorrectionsFile", "load_corrections"]


class CorrectionsFile:
    """The corrections of one recording, shared by all programs that have it open.

    Nothing is made on disk before the first edit.

    Parameters
    ----------
    path : path-like
        File, there already or not.
    recording : str
        Id of the recording; may be empty for a file that is there.
    n_frames : int
        Its length; 0 takes that of the file.
    fingerprints : mapping of str to str, optional
        Content hash of each of its files, written into a new file.

    Raises
    ------
    FormatError
        When the file holds something else, or comes from a later version.
    MismatchError
        When it is about another recording, or one of another length.
    StorageError
        When it cannot be read.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        recording: str = "",
        n_frames: int = 0,
        fingerprints: Mapping[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        self._fingerprints = dict(fingerprints or {})
        self._lines = EditLines(self.path, recording, n_frames)
        self._identity = (0, 0)
        self.refresh()

    @classmethod
    def of_recording(
        cls, recording: Recording, folder: str | os.PathLike[str] | None = None
    ) -> CorrectionsFile:
        """Return the corrections of a recording, from their usual place or another folder."""
        return cls(
            corrections_path(recording, folder),
            recording.id,
            recording.n_frames,
            recording.fingerprints,
        )

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits read or written so far, in their order on disk."""
        return tuple(self._lines.edits)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was set aside while reading, for people."""
        return self._lines.notes

    @property
    def corrections(self) -> Corrections:
        """All that is known now."""
        lines = self._lines
        return Corrections(
            lines.recording, lines.n_frames, self.edits, dict(lines.fingerprints), lines.notes
        )

    def refresh(self) -> tuple[Edit, ...]:
        """Read what another program added since, and return its edits in order.

        Raises
        ------
        StorageError
            When the file cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                facts = os.fstat(file.fileno())
                identity = (facts.st_dev, facts.st_ino)
                if identity != self._identity or facts.st_size < self._lines.offset:
                    # Another file was put in its place (by a backup or a synchronised folder).
                    self._lines.restart()
                    self._identity = identity
                file.seek(self._lines.offset)
                data = file.read(facts.st_size - self._lines.offset)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StorageError(
                self.path,
                expected="a file that can be read",
                found=error.strerror or str(error),
                remedy="Check that you may read it, and that its drive is there.",
            ) from error
        return self._lines.take(data)

    def append(self, *edits: Edit) -> tuple[Edit, ...]:
        """Write edits to the disk and return those that another program added before them.

        Parameters
        ----------
        *edits : Edit
            Written together: all of them or none.

        Returns
        -------
        tuple of Edit
            Edits of others, new since the last reading; they stand before the ones written.

        Raises
        ------
        StorageError
            When the disk is full, the folder is read-only or the like; the file is as it was.
        LockedError
            When another program holds the file for longer than five seconds.
        """
        rows = (row for e in edits for c in e.changes for row in (c.old, c.new) if row is not None)
        recording = self._lines.recording
        foreign = {row.recording for row in rows} - {recording}
        if foreign:
            raise MismatchError(
                self.path, expected=f"an edit of {recording!r}", found=f"one of {foreign.pop()!r}"
            )
        make_folder(self.path.parent)
        undone = (
            "The correction was not made. The folder of all corrections can be named in "
            f"{CORRECTIONS_VARIABLE}."
        )
        with only_writer(self.path, doing="to write a correction", undone=undone):
            self._begin()
            others = self.refresh()
            # Edits that somebody's copy of the file did not bring along are written again.
            add_lines(self.path, b"".join(map(line_of, (*self._lines.missing(), *edits))))
            # Read back what stands there now, so that file and memory cannot part.
            self.refresh()
        return others

    def _begin(self) -> None:
        """Make the file, unless it is there, with all that was read or written before."""
        if self.path.exists() and self.path.stat().st_size:
            return
        lines = self._lines
        if not lines.recording or lines.n_frames <= 0:
            raise InputError(
                self.path, expected="id and length of the recording, to begin its corrections"
            )
        with replacing(self.path) as part:
            head = first_line(lines.recording, lines.n_frames, self._fingerprints)
            part.write_bytes(head + b"".join(map(line_of, lines.edits)))


def load_corrections(
    source: str | os.PathLike[str] | Recording | None = None,
    *,
    folder: str | os.PathLike[str] | None = None,
) -> tuple[Corrections, ...]:
    """Read what people corrected.

    Parameters
    ----------
    source : path-like or Recording, optional
        A file of corrections, a folder of them (by default the one of all corrections), or a
        recording.
    folder : path-like, optional
        Where the corrections of a recording are looked for; see
        :func:`~napari_mousegpt.store.corrections_place.corrections_folder`.

    Returns
    -------
    tuple of Corrections
        One for each file; none for a recording that nobody corrected.

    Raises
    ------
    InputError
        When there is no such file or folder.
    FormatError
        When a file holds something else.
    """
    if isinstance(source, Recording):
        kept = CorrectionsFile.of_recording(source, folder)
        return (kept.corrections,) if kept.edits else ()
    place = corrections_folder() if source is None else Path(source)
    if not place.exists():
        raise InputError(
            place,
            expected="a file of corrections or a folder of them",
            found="nothing there",
            remedy="Check the path; a file is made with the first correction.",
        )
    files = sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else [place]
    return tuple(_whole_file(path) for path in files)


def _whole_file(path: Path) -> Corrections:
    found = CorrectionsFile(path).corrections
    if not found.recording:
        raise FormatError(path, expected="a file of corrections", found="an empty file")
    return found
