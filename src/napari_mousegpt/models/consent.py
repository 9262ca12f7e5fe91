"""What a person agreed to: downloads of weights, and servers that may see frames.

Agreements are kept in one JSON file of the user, so that each is asked for once. The file also
notes which commit of a model was taken, so that the same model is found again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from napari_mousegpt.core.files import make_folder, replacing
from napari_mousegpt.errors import FormatError, InputError, StorageError

__all__ = ["CONSENT_VARIABLE", "Consent", "ConsentError", "consent_path"]

Kind = Literal["download", "server"]

#: Environment variable with the path of the file.
CONSENT_VARIABLE = "NAPARI_MOUSEGPT_CONSENT"
_KINDS = ("download", "server")
_PATIENCE_S = 10.0


class ConsentError(InputError):
    """Something would be downloaded or sent, and nobody agreed to it yet.

    Parameters
    ----------
    kind : {"download", "server"}
        What was not agreed to.
    subject : str
        Id of the model, or host of the server.
    found : str
        What would go where, as a clause.
    remedy : str
        How to agree.
    """

    def __init__(self, kind: Kind, subject: str, *, found: str, remedy: str) -> None:
        super().__init__(subject, expected="your agreement, given once", found=found, remedy=remedy)
        self.kind = kind


def consent_path() -> Path:
    """Return the file: ``NAPARI_MOUSEGPT_CONSENT`` if set, else in the user's settings."""
    chosen = os.environ.get(CONSENT_VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("napari-mousegpt", appauthor=False) / "consent.json"


class Consent:
    """The agreements of one user.

    Parameters
    ----------
    path : path-like, optional
        The file; see :func:`consent_path` for the default. It need not exist.

    Examples
    --------
    >>> import tempfile
    >>> consent = Consent(Path(tempfile.mkdtemp()) / "consent.json")
    >>> consent.agreed("download", "owner/model")
    False
    >>> consent.agree("download", "owner/model", who="Ada")
    >>> consent.agreed("download", "owner/model"), consent.agreed("server", "owner/model")
    (True, False)
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = consent_path() if path is None else Path(path)

    def agreed(self, kind: Kind, subject: str) -> bool:
        """Return whether a person agreed to this.

        Raises
        ------
        FormatError
            When the file is damaged.
        """
        return any(
            entry["kind"] == kind and entry["subject"] == subject
            for entry in self._read()["agreements"]
        )

    def agree(self, kind: Kind, subject: str, who: str) -> None:
        """Write down that a person agreed; a second time changes nothing.

        Parameters
        ----------
        kind : {"download", "server"}
        subject : str
            Id of the model, or host of the server.
        who : str
            The person.

        Raises
        ------
        InputError
            When the kind is unknown, or subject or person are empty.
        StorageError
            When it cannot be written.
        """
        if kind not in _KINDS or not subject.strip() or not who.strip():
            raise InputError(
                f"agreement of {who!r} to {kind} {subject!r}",
                expected=f"one of {', '.join(_KINDS)}, a subject and a person",
                remedy="Name all three.",
            )
        entry = {
            "kind": kind,
            "subject": subject,
            "who": who,
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with self._changing() as content:
            if not self.agreed(kind, subject):
                content["agreements"].append(entry)

    def taken(self, subject: str, revision: str = "") -> str:
        """Return the commit of a model that was taken for a branch; empty if none was."""
        return str(self._read()["taken"].get(f"{subject}@{revision}", ""))

    def note_taken(self, subject: str, revision: str, commit: str) -> None:
        """Write down which commit of a model was taken for a branch."""
        with self._changing() as content:
            content["taken"][f"{subject}@{revision}"] = commit

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """Give the content under a lock; it is written on leaving without an error."""
        from filelock import FileLock, Timeout

        make_folder(self.path.parent)
        lock = FileLock(f"{self.path}.lock")
        try:
            lock.acquire(timeout=_PATIENCE_S)
        except Timeout as error:
            raise StorageError(
                self.path,
                expected="to write down an agreement",
                found=f"another program that has held it for {_PATIENCE_S} s",
                remedy=f"Close that program, or remove {lock.lock_file} if there is none.",
            ) from error
        try:
            content = self._read()
            yield content
            with replacing(self.path) as part:
                part.write_text(json.dumps(content, indent=1), encoding="utf-8")
        finally:
            lock.release()

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"schema": 1, "agreements": [], "taken": {}}
        except (OSError, ValueError) as error:
            raise self._damaged(str(error)) from error
        if not _is_whole(content):
            raise self._damaged("something else")
        return dict(content)

    def _damaged(self, found: str) -> FormatError:
        return FormatError(
            self.path,
            expected="the list of what you agreed to",
            found=found,
            remedy="Remove the file; you will be asked again.",
        )


def _is_whole(content: Any) -> bool:
    return (
        isinstance(content, dict)
        and isinstance(content.get("taken"), dict)
        and isinstance(content.get("agreements"), list)
        and all(
            isinstance(entry, dict) and {"kind", "subject", "who", "when"} <= set(entry)
            for entry in content["agreements"]
        )
    )
