"""What is said about a file: what it is, what is wrong with it, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_mousegpt.errors import MouseGPTError

__all__ = ["FileReport", "Problem", "problem_of"]


@dataclass(frozen=True)
class Problem:
    """Something wrong with a file, and what to do about it."""

    what: str
    remedy: str = ""


@dataclass(frozen=True)
class FileReport:
    """What a file is.

    Parameters
    ----------
    path : Path
    kind : str
        ``"video"``, ``"pose"``, ``"labels"``, ``"study"``, ``"table"``, ``"folder"``, ``"empty"``
        or ``"unknown"``.
    format : str
        Format within its kind; empty when not known.
    sentences : tuple of str
        What it is, for people.
    problems : tuple of Problem
        What is wrong with it; empty when it can be used as it is.
    numbers : mapping
        The same facts as plain values, for programs.
    """

    path: Path
    kind: str
    format: str
    sentences: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        found = [f"! {p.what} {p.remedy}".rstrip() for p in self.problems]
        return [*self.sentences, *found]

    def facts(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "file": self.path.as_posix(),
            "kind": self.kind,
            "format": self.format,
            "sentences": list(self.sentences),
            "problems": [{"what": p.what, "remedy": p.remedy} for p in self.problems],
            **self.numbers,
        }


def problem_of(error: Exception) -> Problem:
    """Return an error as a problem of a report."""
    if isinstance(error, MouseGPTError):
        facts = " ".join(
            f"{word} {text}."
            for word, text in (("Expected", error.expected), ("Found", error.found))
            if text
        )
        return Problem(f"{error.subject}: {facts}" if facts else error.subject, error.remedy)
    return Problem(
        f"{type(error).__name__}: {error}",
        "If other programs open the file, this is a fault of napari-mousegpt: please report it.",
    )
