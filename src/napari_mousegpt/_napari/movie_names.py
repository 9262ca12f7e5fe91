"""What files of a recording are called by default, and where they go. No window is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_mousegpt.core.recording import Recording

__all__ = ["beside", "safe"]


def beside(recording: Recording | None, name: str) -> Path:
    """Return a path in the folder of a recording's files, named after it.

    Without a recording, or for one of arrays, it is the user's home folder.
    """
    if recording is None:
        return Path.home() / name
    sources = recording.primary.sources
    source = sources.get("video") or sources.get("pose")
    folder = Path(source).parent if source else Path.home()
    return folder / f"{safe(recording.id)}_{name}"


def safe(label: str) -> str:
    """Return a label as a part of a file name, on any system.

    Examples
    --------
    >>> safe("walking, fast / turning")
    'walking_fast_turning'
    """
    kept = "".join(c if c.isalnum() or c in "-." else " " for c in label)
    return "_".join(kept.split()) or "unnamed"
