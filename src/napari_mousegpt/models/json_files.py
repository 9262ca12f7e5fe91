"""The settings beside weights: JSON files that may be damaged, and are never trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from napari_mousegpt.errors import FormatError

__all__ = ["read_object"]

_LARGEST = 64 * 2**20


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Raises
    ------
    FormatError
        When there is no such file, or it holds something else.
    """
    remedy = "Copy or download the model again."
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError("much more than such a file holds")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(
            path,
            expected="a JSON file",
            found=str(error) or type(error).__name__,
            remedy=remedy,
        ) from error
    if not isinstance(content, dict):
        raise FormatError(
            path, expected="a JSON object", found=type(content).__name__, remedy=remedy
        )
    return content
