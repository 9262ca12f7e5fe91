"""Corrections on disk: a file for each recording that is only ever added to.

The first line says whose corrections these are, every further line is one edit as JSON::

    {"schema": "napari-mousegpt corrections", "version": 1, "recording": "m3", "n_frames": 9000}
    {"edit": "5f0c", "when": "2026-03-01T10:22:31.250+00:00", "who": "KM", "action": "relabel", ...}

An edit is on the disk before :meth:`CorrectionsFile.append` returns. A program that is killed while
it writes leaves at most a piece of a last line. The next writer ends that line; readers set it
aside and say so. Nothing that was written is ever changed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from napari_mousegpt.core.edits import Corrections, Edit
from napari_mousegpt.core.files import make_folder, remedy_for, replacing
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import (
    FormatError,
    InputError,
    LockedError,
    MismatchError,
    StorageError,
)
from napari_mousegpt.store.edit_lines import EditLines, first_line, line_of

__all__ = [
    "CORRECTIONS_VARIABLE",
    "CorrectionsFile",
    "corrections_folder",
    "corrections_path",
    "load_corrections",
]

#: Environment variable with the folder of all corrections.
CORRECTIONS_VARIABLE = "NAPARI_MOUSEGPT_CORRECTIONS"
SUFFIX = ".corrections.jsonl"
# Writing a line takes milliseconds; whoever holds the lock for longer hangs.
_PATIENCE_S = 5.0


def corrections_folder() -> Path:
    """Return the folder of all corrections.

    It is ``NAPARI_MOUSEGPT_CORRECTIONS`` where that is set, else in the user's data.
    """
    chosen = os.environ.get(CORRECTIONS_VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_data_path

    return user_data_path("napari-mousegpt", appauthor=False) / "corrections"


def corrections_path(recording: Recording, folder: str | os.PathLike[str] | None = None) -> Path:
    """Return where the corrections of a recording are or will be.

    The name is made from its id and from the content of its video (without one, of its pose), so
    that files which were moved keep their corrections.

    Parameters
    ----------
    recording : Recording
        Opened.
    folder : path-like, optional
        See :func:`corrections_folder` for the default.
    """
    place = corrections_folder() if folder is None else Path(folder)
    name = re.sub(r"[^\w.-]+", "_", recording.id, flags=re.ASCII)[:60]
    if name != recording.id:
        # Ids that look alike without their odd signs are still different recordings.
        name += (
            "~" + blake2b(recording.id.encode(errors="surrogatepass"), digest_size=3).hexdigest()
        )
    return place / f"{name}-{_content_hash(recording)}{SUFFIX}"


def _content_hash(recording: Recording) -> str:
    known = recording.primary.fingerprints
    found = known.get("video") or known.get("pose") or ""
    if not found:
        # Arrays without a file: at least the clock must be the same.
        clock = json.dumps(recording.timebase.to_dict(), sort_keys=True, default=str)
        found = blake2b(clock.encode(), digest_size=16).hexdigest()
    return found.rpartition(":")[2][:12]


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
        data = b"".join(map(line_of, edits))
        make_folder(self.path.parent)
        with self._locked():
            try:
                self._begin()
                others = self.refresh()
                self._write(data)
            except OSError as error:
                raise self._failed(error, "a file that can be written") from error
            # Read back what stands there now, so that file and memory cannot part.
            self.refresh()
        return others

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        # Whoever may write into the folder may lock.
        place = self.path.with_name(f".{self.path.name}.lock")
        lock = FileLock(place, timeout=_PATIENCE_S, mode=0o666)
        try:
            lock.acquire()
        except Timeout as error:
            raise LockedError(
                self.path,
                expected="to write a correction",
                found=f"another program that has been writing for {_PATIENCE_S:g} s",
                remedy="Close the other viewer, or wait, and correct again. Nothing was changed.",
            ) from error
        except OSError as error:
            raise self._failed(error, "a folder that can be written to") from error
        try:
            yield
        finally:
            lock.release()

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

    def _write(self, data: bytes) -> None:
        """Add bytes to the file, all of them or none."""
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0))
        try:
            size = os.fstat(handle).st_size
            # A line that another program could not finish is ended here; readers set it aside.
            os.lseek(handle, -1, os.SEEK_END)
            left = memoryview(data if os.read(handle, 1) == b"\n" else b"\n" + data)
            try:
                while left:
                    left = left[os.write(handle, left) :]
                os.fsync(handle)
            except OSError:
                # Where even this fails, the next writer ends the piece of a line.
                with suppress(OSError):
                    os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)

    def _failed(self, error: OSError, expected: str) -> StorageError:
        return StorageError(
            self.path,
            expected=expected,
            found=os.strerror(error.errno) if error.errno else str(error),
            remedy=f"{remedy_for(error)} The correction was not made. The folder of all "
            f"corrections can be named in {CORRECTIONS_VARIABLE}.",
        )


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
        Where the corrections of a recording are looked for; see :func:`corrections_folder`.

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
