"""Edits as lines of JSON, read piece by piece as they come from the disk."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_mousegpt.core.edits import Edit
from napari_mousegpt.errors import FormatError, MismatchError

__all__ = ["EditLines", "first_line", "line_of"]

_SCHEMA = "napari-mousegpt corrections"
_VERSION = 1


def first_line(recording: str, n_frames: int, fingerprints: Mapping[str, str]) -> bytes:
    """Return the line that says whose corrections follow."""
    head = {
        "schema": _SCHEMA,
        "version": _VERSION,
        "recording": recording,
        "n_frames": n_frames,
        "fingerprints": dict(fingerprints),
    }
    return json.dumps(head).encode("ascii") + b"\n"


def line_of(edit: Edit) -> bytes:
    """Return the line of an edit."""
    return json.dumps(edit.to_dict(), separators=(",", ":")).encode("ascii") + b"\n"


class EditLines:
    """What the lines of one file say.

    Parameters
    ----------
    path : path-like
        The file, for messages.
    recording : str
        Whose it must be; empty takes what the first line says.
    n_frames : int
        How long it must be; 0 takes what the first line says.

    Attributes
    ----------
    offset : int
        Bytes that were read and need not be read again.
    fingerprints : dict of str to str
        As the first line says.
    """

    def __init__(
        self, path: str | os.PathLike[str], recording: str = "", n_frames: int = 0
    ) -> None:
        self.path = Path(path)
        self.recording = recording
        self.n_frames = n_frames
        self.fingerprints: dict[str, str] = {}
        self.edits: list[Edit] = []
        self._known: set[str] = set()
        self._here: set[str] = set()
        self.restart()

    def restart(self) -> None:
        """Expect the file from its beginning; edits that are known are not taken twice."""
        self.offset = 0
        self._number = 1
        self._set_aside: dict[int, str] = {}
        self._cut_off = False
        self._here.clear()

    def missing(self) -> tuple[Edit, ...]:
        """Return edits that were read once and are not in the file any more, in order."""
        return tuple(edit for edit in self.edits if edit.edit_id not in self._here)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was set aside, for people."""
        found = [f"{self.path.name}, line {n}: {text}" for n, text in self._set_aside.items()]
        if self._cut_off:
            found.append(
                f"{self.path.name}, line {self._number}: set aside, since it is cut off. A program "
                "was stopped while it wrote this line; every line before it is whole."
            )
        return tuple(found)

    def take(self, data: bytes) -> tuple[Edit, ...]:
        """Read bytes that stand behind :attr:`offset`, and return the new edits.

        Raises
        ------
        FormatError
            When the first line is that of no file of corrections, or of a later version.
        MismatchError
            When it names another recording or another length.
        """
        *lines, tail = data.split(b"\n")
        before = len(self.edits)
        for line in lines:
            self._read(line)
            self.offset += len(line) + 1
            self._number += 1
        # A whole edit without the end of its line counts: an editor may have taken that away.
        self._cut_off = bool(tail.strip()) and _parsed(tail) is None
        if tail and not self._cut_off:
            self._read(tail)
            self.offset += len(tail)
        return tuple(self.edits[before:])

    def _read(self, line: bytes) -> None:
        if not line.strip():
            return
        if not self.offset:
            self._check_head(line)
            return
        values = _parsed(line)
        if values is None:
            self._set_aside[self._number] = "set aside, since it is no whole correction."
            return
        try:
            edit = Edit.from_dict(values, self.recording)
        except FormatError as error:
            self._set_aside[self._number] = f"set aside, since it is no whole correction ({error})."
            return
        self._here.add(edit.edit_id)
        if edit.edit_id not in self._known:
            self._known.add(edit.edit_id)
            self.edits.append(edit)

    def _check_head(self, line: bytes) -> None:
        head = _parsed(line) or {}
        if head.get("schema") != _SCHEMA:
            raise FormatError(
                self.path,
                expected="a file of corrections",
                found="something else",
                remedy="Choose another file; this one is left as it is.",
            )
        if head.get("version") != _VERSION:
            raise FormatError(
                self.path,
                expected=f"corrections of version {_VERSION}",
                found=f"version {head.get('version')}",
                remedy="Update napari-mousegpt to read them.",
            )
        recording, n_frames = head.get("recording"), head.get("n_frames")
        if not (isinstance(recording, str) and recording and isinstance(n_frames, int)):
            raise FormatError(
                self.path,
                expected="id and length of the recording in the first line",
                found=f"{recording!r} and {n_frames!r}",
                remedy="Was the file edited? Put the first line back as it was.",
            )
        mine = (self.recording or recording, self.n_frames or n_frames)
        if mine != (recording, n_frames):
            raise MismatchError(
                self.path,
                expected=f"corrections of {mine[0]!r}, {mine[1]} frames",
                found=f"those of {recording!r}, {n_frames} frames",
                remedy="Open the recording as it was when it was corrected, or keep its new "
                "corrections in another folder (NAPARI_MOUSEGPT_CORRECTIONS).",
            )
        self.recording, self.n_frames = mine
        found = head.get("fingerprints")
        if isinstance(found, dict):
            self.fingerprints = {str(role): str(value) for role, value in found.items()}


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return the object of a line, None when it is none."""
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None
