"""A search index on disk: plain arrays beside readable JSON, with hashes, without pickles.

::

    FOLDER/index.json        kind, version, counts, embedding, synonyms, sources with their hashes,
                             names of recordings, individuals and labels, the study table, and
                             type and shape of every array; written last, with a checksum
    FOLDER/clocks.json       clock of each recording
    FOLDER/terms.json        stems of all words, and the behaviours phrases mean (#rearing)
    FOLDER/NAME.npy          one array each, read from the disk as far as it is needed
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.files import PART_SUFFIX, make_folder, replacing
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.errors import FormatError, InputError, OutputExistsError, StorageError

__all__ = ["CARD", "VERSION", "Stored", "check_sources", "is_index", "read_index", "write_index"]

#: Raised when the meaning of a field or of an array changes.
VERSION = 1
CARD = "index.json"
_KIND = "napari-mousegpt search index"
_BESIDE = ("clocks", "terms")


@dataclass(frozen=True, eq=False)
class Stored:
    """What a folder holds: facts of the card, further facts, and arrays by name."""

    card: dict[str, Any]
    beside: dict[str, Any]
    arrays: Mapping[str, NDArray[Any]]


def is_index(folder: Path) -> bool:
    """Whether a folder holds a search index, of whatever version."""
    return (folder / CARD).is_file()


def write_index(stored: Stored, folder: Path, *, overwrite: bool = False) -> Path:
    """Write an index beside its place, and put it there when it is whole.

    Raises
    ------
    OutputExistsError
        When the folder holds something else, or an index and ``overwrite`` is False.
    StorageError
        When it cannot be written; an index that was there still is.
    """
    if is_index(folder):
        if not overwrite:
            raise OutputExistsError(
                folder,
                expected="a new or empty folder",
                found="a search index",
                remedy="Open it, or choose overwrite to build it anew.",
            )
    elif folder.exists() and not _is_unfinished(folder):
        raise OutputExistsError(
            folder,
            expected="a new or empty folder",
            found="other files",
            remedy="Choose another folder for the search index.",
        )
    place = Path(os.path.realpath(folder))
    make_folder(place.parent)
    aside = f".{place.name[:40]}.{secrets.token_hex(4)}"
    new, old = place.with_name(f"{aside}{PART_SUFFIX}"), place.with_name(f"{aside}.old")
    try:
        _write_into(make_folder(new), stored)
        if place.exists():
            place.rename(old)
        new.rename(place)
    except StorageError as error:
        raise StorageError(
            folder, expected=error.expected, found=error.found, remedy=error.remedy
        ) from error
    finally:
        for rest in (new, old):
            shutil.rmtree(rest, ignore_errors=True)
    return folder


def _write_into(folder: Path, stored: Stored) -> None:
    """Write the files of an index; the card goes last, so that half of one is never opened."""
    for name, array in stored.arrays.items():
        with replacing(folder / f"{name}.npy") as part, part.open("wb") as file:
            np.save(file, array, allow_pickle=False)
    for name in _BESIDE:
        _write_json(folder / f"{name}.json", stored.beside[name])
    body = {
        "kind": _KIND,
        "version": VERSION,
        **stored.card,
        "arrays": {
            name: [array.dtype.str, list(array.shape)] for name, array in stored.arrays.items()
        },
        "beside": {name: _file_hash(folder / f"{name}.json") for name in _BESIDE},
    }
    _write_json(folder / CARD, {**body, "checksum": digest(body, 16)})


def read_index(folder: Path) -> Stored:
    """Read an index; arrays stay on the disk until they are looked at.

    Raises
    ------
    InputError
        When there is none.
    FormatError
        When it is of another version, or damaged.
    """
    card = _read_json(folder / CARD, folder)
    if not isinstance(card, dict) or card.get("kind") != _KIND:
        raise FormatError(folder / CARD, expected=f'"kind": "{_KIND}"', found="another file")
    if card.get("version") != VERSION:
        raise FormatError(
            folder,
            expected=f"a search index of version {VERSION}",
            found=f"version {card.get('version')}",
            remedy="Build it again from the runs, or update napari-mousegpt.",
        )
    checksum = card.pop("checksum", "")
    if checksum != digest(card, 16):
        raise _damaged(folder / CARD, "contents that differ from their checksum")
    beside = {}
    for name, wanted in card["beside"].items():
        path = folder / f"{name}.json"
        beside[name] = _read_json(path, folder)
        if _file_hash(path) != wanted:
            raise _damaged(path, "contents that differ from their hash")
    arrays: dict[str, NDArray[Any]] = {}
    for name, (dtype, shape) in card["arrays"].items():
        path = folder / f"{name}.npy"
        try:
            # An array without numbers cannot be mapped.
            empty = 0 in shape
            array = np.load(path, mmap_mode=None if empty else "r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise _damaged(path, str(error)) from error
        if array.dtype.str != dtype or list(array.shape) != shape:
            raise _damaged(path, f"{array.dtype.str} {list(array.shape)}")
        arrays[name] = array
    return Stored(card, beside, arrays)


def fingerprint(path: Path) -> dict[str, Any]:
    """Return what tells whether a file is still the same: content hash, size and time."""
    stat = path.stat()
    return {"sha256": _file_hash(path), "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def check_sources(folder: Path, sources: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return sentences about files that are gone; they cannot be compared any more.

    Raises
    ------
    MismatchError
        When a file is there and holds something else than when the index was built.
    """
    from napari_mousegpt.errors import MismatchError

    notes = []
    for name, known in sources.items():
        path = Path(name)
        if not path.is_file():
            notes.append(f"{path} is no longer there: whether it changed cannot be told.")
            continue
        stat = path.stat()
        same = (stat.st_size, stat.st_mtime_ns) == (known["bytes"], known["mtime_ns"])
        if not same and _file_hash(path) != known["sha256"]:
            raise MismatchError(
                f"search index {folder}",
                expected=f"{path} as it was when the index was built",
                found="another content: the run was made again",
                remedy="Build the index again.",
            )
    return notes


def _is_unfinished(folder: Path) -> bool:
    """Whether a folder holds only what a broken-off build leaves."""
    ours = {f"{name}.json" for name in _BESIDE}
    return folder.is_dir() and all(
        path.suffix in (".npy", ".part") or path.name in ours for path in folder.iterdir()
    )


def _write_json(path: Path, value: Any) -> None:
    with replacing(path) as part:
        part.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _read_json(path: Path, folder: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            folder,
            expected=f"a folder with a search index ({path.name})",
            found="no such file",
            remedy="Name the folder that an index was saved to, or that of a finished run.",
        ) from error
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(path: Path, found: str) -> FormatError:
    return FormatError(
        path,
        expected="an undamaged search index",
        found=found,
        remedy="Build it again from the runs.",
    )
