"""The key of a blinding on disk: not encrypted, but not read at a glance either."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from napari_mousegpt.core.blinding import Blinding
from napari_mousegpt.core.files import replacing
from napari_mousegpt.errors import FormatError, InputError, StorageError

__all__ = ["KEY_NAME", "read_key", "write_key"]

KEY_NAME = "blinding.key.json"
_SCHEMA, _VERSION = "napari-mousegpt blinding", 1
_ABOUT = (
    "Which recording hides behind which code. It is written so that it is not read at a glance; it "
    "is not encrypted. To look into it, unlock the study: that is written down."
)


def write_key(folder: Path, blinding: Blinding, who: str, when: str) -> str:
    """Write a key into its folder and return its hash.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    head = {"schema": _SCHEMA, "version": _VERSION, "when": when, "who": who}
    # Nobody who opens the file by chance reads names in it. Whoever wants to, can.
    hidden = base64.b64encode(json.dumps(blinding.to_dict()).encode("ascii")).decode("ascii")
    data = json.dumps({**head, "about": _ABOUT, "key": hidden}, indent=1).encode("ascii")
    with replacing(folder / KEY_NAME) as part:
        part.write_bytes(data)
    return _hash(data)


def read_key(folder: Path) -> tuple[Blinding, str]:
    """Read a key and return it with its hash.

    Raises
    ------
    InputError
        When there is none.
    FormatError
        When it is damaged.
    StorageError
        When it cannot be read.
    """
    path = folder / KEY_NAME
    data = _read(path)
    return _key_of(path, data), _hash(data)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(
            path.parent, expected="a study that was blinded here", found=f"no {path.name}",
            remedy="Check the folder.",
        ) from error  # fmt: skip
    except OSError as error:
        raise StorageError(path, expected="a file that can be read", found=str(error)) from error


def _key_of(path: Path, data: bytes) -> Blinding:
    try:
        values = json.loads(data)
        if values["schema"] != _SCHEMA or values["version"] > _VERSION:
            raise FormatError(
                path, expected=f"a key of version {_VERSION}", found=f"version {values['version']}",
                remedy="Update this program.",
            )  # fmt: skip
        return Blinding.from_dict(json.loads(base64.b64decode(values["key"], validate=True)))
    except FormatError as error:
        raise FormatError(
            path, expected=error.expected, found=error.found, remedy=error.remedy
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(
            path, expected="the key of a blinding", found="something else",
            remedy="Get the file from a backup.",
        ) from error  # fmt: skip


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
