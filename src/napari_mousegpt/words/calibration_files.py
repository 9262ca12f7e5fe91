"""Calibrations on disk: JSON, under the name of their model."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from napari_mousegpt.core.files import make_folder, replacing
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.words.calibration import Calibration
from napari_mousegpt.words.confidence_bins import Bin

__all__ = ["calibration_file", "load_calibration", "save_calibration"]

_SCHEMA = "calibration/2"


def save_calibration(calibration: Calibration, path: str | os.PathLike[str]) -> Path:
    """Write a calibration as JSON and return the path; see :func:`calibration_file` for its name.

    Raises
    ------
    StorageError
        When it cannot be written; what was there before is untouched.
    """
    target = Path(path)
    make_folder(target.parent)
    content = {"schema": _SCHEMA, **asdict(calibration)}
    for name in ("before", "after"):
        content[name] = [row._asdict() for row in getattr(calibration, name)]
    text = json.dumps(_without_nan(content), indent=1, allow_nan=False, ensure_ascii=False)
    with replacing(target) as part:
        part.write_text(text + "\n", encoding="utf-8")
    return target


def calibration_file(
    folder: str | os.PathLike[str], model: str, prompt_id: str, vocabulary: str
) -> Path:
    """Return where the calibration of a model for a prompt and a vocabulary is kept."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", model.replace("\\", "/").rsplit("/", 1)[-1])
    whole = "\0".join((model, prompt_id, vocabulary)).encode()
    tail = hashlib.blake2b(whole, digest_size=6).hexdigest()
    return Path(folder) / f"{readable.strip('-')[:60] or 'model'}-{tail}.calibration.json"


def load_calibration(path: str | os.PathLike[str]) -> Calibration:
    """Read a calibration that was saved.

    Raises
    ------
    InputError
        When there is no such file.
    FormatError
        When it is no calibration.
    """
    source = Path(path)
    if not source.is_file():
        raise InputError(
            source,
            expected="a saved calibration",
            found="a folder" if source.is_dir() else "no file",
            remedy="Name the file in it, result/NAME.calibration.json."
            if source.is_dir()
            else "Accept some labels and fit it first: napari-mousegpt calibrate.",
        )
    try:
        content = json.loads(source.read_text(encoding="utf-8"))
        if content.pop("schema") != _SCHEMA or set(content) != {
            f.name for f in fields(Calibration)
        }:
            raise KeyError(_SCHEMA)
        content = _with_nan(content)
        for name in ("before", "after"):
            content[name] = tuple(Bin(**_with_nan(row)) for row in content[name])
        content["notes"] = tuple(content["notes"])
        found = Calibration(**content)
        if not 0 < float(found.temperature) < math.inf:
            raise ValueError("temperature")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            source,
            expected=f"JSON of a calibration ({_SCHEMA})",
            found="something else",
            remedy="Name NAME.calibration.json in the folder result of napari-mousegpt calibrate; "
            "one of an earlier version must be fitted again.",
        ) from error
    return found


def _without_nan(value: Any) -> Any:
    """Return JSON values with null where a number is not known."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _with_nan(row: dict[str, Any]) -> dict[str, Any]:
    return {key: math.nan if value is None else value for key, value in row.items()}
