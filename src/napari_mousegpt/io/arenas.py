"""Arenas in files: JSON with the size of the picture they were drawn on."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_mousegpt.core.arena import Arena, check_arenas
from napari_mousegpt.core.files import replacing
from napari_mousegpt.errors import FormatError, InputError, MismatchError

__all__ = ["load_arenas", "save_arenas"]

SCHEMA = "napari-mousegpt arenas"
VERSION = 1
#: An arena file is a few kilobytes; anything much larger is something else.
_MOST_BYTES = 16 << 20
_POLICIES = ("error", "scale")


def save_arenas(
    path: str | os.PathLike[str],
    arenas: Sequence[Arena],
    picture_size: tuple[int, int] | None = None,
) -> None:
    """Write the arenas of one view, whole or not at all.

    Parameters
    ----------
    path : path-like
        A .json file; an older one is replaced.
    arenas : sequence of Arena
    picture_size : (width, height), optional
        Pixels of the picture they were drawn on, so that a video of another size is noticed.

    Raises
    ------
    InputError
        When two arenas contradict each other.
    """
    facts = {
        "schema": SCHEMA,
        "version": VERSION,
        "picture_size": None if picture_size is None else [int(side) for side in picture_size],
        "arenas": [arena.to_dict() for arena in check_arenas(arenas)],
    }
    with replacing(Path(path)) as aside:
        aside.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def load_arenas(
    path: str | os.PathLike[str],
    *,
    picture_size: tuple[int, int] | None = None,
    size: str = "error",
) -> tuple[Arena, ...]:
    """Read the arenas of one view.

    Parameters
    ----------
    path : path-like
        A file that :func:`save_arenas` wrote.
    picture_size : (width, height), optional
        Pixels of the picture they are wanted for.
    size : {"error", "scale"}
        What to do when they were drawn on a picture of another size: refuse, or stretch them.

    Raises
    ------
    InputError
        When there is no such file, or ``size`` is unknown.
    FormatError
        When it is no arena file, or something in it is wrong; the place is named.
    MismatchError
        When it was drawn on a picture of another size and ``size="error"``.
    """
    path = Path(path)
    if size not in _POLICIES:
        raise InputError(f"size={size!r}", expected=f"one of {', '.join(_POLICIES)}")
    facts = _facts(path)
    try:
        arenas = check_arenas([Arena.from_dict(item) for item in facts["arenas"]])
    except InputError as error:
        raise FormatError(
            path,
            expected=f"{error.subject}: {error.expected}",
            found=error.found,
            remedy=error.remedy or "Draw the arenas again and save them.",
        ) from error
    drawn = _drawn_on(path, facts)
    if drawn is None or picture_size is None or drawn == tuple(picture_size):
        return arenas
    if size == "error":
        raise MismatchError(
            path,
            expected=f"arenas drawn on a picture of {picture_size[0]} x {picture_size[1]} pixels",
            found=f"{drawn[0]} x {drawn[1]}",
            remedy="Was the video cropped or scaled? If it was scaled as a whole, load them with "
            'load_arenas(..., picture_size=..., size="scale"); else draw them again.',
        )
    return tuple(
        arena.scaled(picture_size[0] / drawn[0], picture_size[1] / drawn[1]) for arena in arenas
    )


def is_arena_file(path: Path) -> bool:
    """Return whether a file says that it holds arenas; never raises on content."""
    try:
        _facts(path)
    except (FormatError, InputError):
        return False
    return True


def _facts(path: Path) -> dict[str, Any]:
    try:
        length = path.stat().st_size
        if length > _MOST_BYTES:
            raise FormatError(path, expected="an arena file", found=f"{length} bytes")
        facts = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(
            path, expected="an arena file", found=error.strerror or str(error)
        ) from error
    except (ValueError, RecursionError) as error:
        raise FormatError(
            path,
            expected="an arena file (JSON)",
            found=f"text that is none: {error}",
            remedy="Save the arenas again from the panel, or with save_arenas.",
        ) from error
    if not isinstance(facts, dict) or facts.get("schema") != SCHEMA:
        raise FormatError(path, expected=f"a file of {SCHEMA!r}", found="another JSON file")
    if facts.get("version") != VERSION:
        raise FormatError(
            path,
            expected=f"version {VERSION}",
            found=str(facts.get("version"))[:40],
            remedy="Update napari-mousegpt.",
        )
    if not isinstance(facts.get("arenas"), list):
        raise FormatError(path, expected="a list of arenas", found=str(facts.get("arenas"))[:40])
    return facts


def _drawn_on(path: Path, facts: dict[str, Any]) -> tuple[int, int] | None:
    given = facts.get("picture_size")
    if given is None:
        return None
    ok = isinstance(given, list) and len(given) == 2 and all(type(side) is int for side in given)
    if not ok or min(given) < 1:
        raise FormatError(path, expected="picture_size: width and height", found=str(given)[:40])
    return given[0], given[1]
