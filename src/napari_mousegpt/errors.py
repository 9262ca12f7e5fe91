"""The errors this package raises on purpose.

Each message names the input, what was expected, what was found and what to do, in that order. The
class decides the exit code of the command line: 2 for an input the user can mend, 1 for a failure.
"""

from __future__ import annotations

__all__ = [
    "DependencyError",
    "FormatError",
    "InputError",
    "LockedError",
    "MismatchError",
    "MouseGPTError",
    "OutputExistsError",
    "StorageError",
]


class MouseGPTError(Exception):
    """Base of all errors of this package.

    Parameters
    ----------
    subject : str
        The input or object the message is about, usually a path or a column.
    expected, found : str
        What would have been right and what was met; either may be empty.
    remedy : str
        What the user can do about it, as a sentence.
    """

    exit_code = 1

    def __init__(
        self, subject: object, *, expected: str = "", found: str = "", remedy: str = ""
    ) -> None:
        self.subject = str(subject)
        self.expected = expected
        self.found = found
        self.remedy = remedy
        facts = ", ".join(
            f"{word} {text}" for word, text in (("expected", expected), ("found", found)) if text
        )
        message = f"{self.subject}: {facts}" if facts else self.subject
        if remedy:
            message = f"{message.rstrip('.')}. {remedy}"
        super().__init__(message)


class InputError(MouseGPTError):
    """An input, parameter or command the user can mend."""

    exit_code = 2


class FormatError(InputError):
    """A file is not what its name or the chosen format says."""


class MismatchError(InputError):
    """Two inputs do not belong together (pose and video of different length, mixed models)."""


class OutputExistsError(InputError):
    """The output holds something else, and nothing is overwritten unasked."""


class StorageError(MouseGPTError):
    """A result could not be kept: full disk, read-only folder, damaged part."""


class LockedError(StorageError):
    """Another process is writing to the same run folder."""


class DependencyError(MouseGPTError):
    """An optional library is absent; the message gives the extra that brings it."""

    exit_code = 2
