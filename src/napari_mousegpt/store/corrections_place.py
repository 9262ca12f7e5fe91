"""Where corrections lie: a file for each recording, named by id and content of its video."""

from __future__ import annotations

import json
import os
import re
from hashlib import blake2b
from pathlib import Path

from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.store.edit_lines import EditLines

__all__ = [
    "CORRECTIONS_VARIABLE",
    "SUFFIX",
    "corrections_folder",
    "corrections_path",
    "kept_elsewhere",
]

#: Environment variable with the folder of all corrections.
CORRECTIONS_VARIABLE = "NAPARI_MOUSEGPT_CORRECTIONS"
SUFFIX = ".corrections.jsonl"
# The first line of a file is far shorter than this.
_HEAD_BYTES = 1 << 16


def corrections_folder() -> Path:
    """Return the folder of all corrections.

    It is ``NAPARI_MOUSEGPT_CORRECTIONS`` where that is set, else in the user's data.
    """
    chosen = os.environ.get(CORRECTIONS_VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_data_path

    return user_data_path("napari-mousegpt", appauthor=False) / "corrections"


def corrections_path(recording: Recording, folder: str | os.PathLike[str] | None = None) -> Path:
    """Return where the corrections of a recording are or will be.

    The name is made from its id and from the content of its video (without one, of its pose), so
    that files which were moved keep their corrections. One video may hold several recordings, as
    of several arenas: the id keeps them apart.

    Parameters
    ----------
    recording : Recording
        Opened.
    folder : path-like, optional
        See :func:`corrections_folder` for the default.
    """
    place = corrections_folder() if folder is None else Path(folder)
    return place / f"{_plain(recording.id)}-{_content_hash(recording)}{SUFFIX}"


def kept_elsewhere(
    recording: Recording, folder: str | os.PathLike[str] | None = None
) -> tuple[str, ...]:
    """Say which files may hold corrections of a recording that has none of its own yet.

    They are those of the same video under another id, as when a recording that is called after its
    file was renamed, and those under the same id of a video of other content but the same length,
    as when it was encoded again. Whether they fit is for people to say.

    Returns
    -------
    tuple of str
        Sentences with a remedy, none when the recording has corrections.
    """
    path = corrections_path(recording, folder)
    if path.exists() or not path.parent.is_dir():
        return ()
    name, content = _plain(recording.id), _content_hash(recording)
    files = [Path(file) for file in recording.primary.sources.values()]
    # An id that was chosen may stand for one of several recordings of a video.
    after_file = recording.id in {called for file in files for called in (file.stem, file.name)}
    found = []
    for other in sorted(path.parent.glob(f"*{SUFFIX}")):
        known, _, kind = other.name.removesuffix(SUFFIX).rpartition("-")
        if (known == name) == (kind == content):
            continue
        head = _head(other)
        if head is None:
            continue
        if kind == content and after_file:
            found.append(
                f"{recording.id!r} has no corrections, but the same video has some under the id "
                f"{head.recording!r}. Was it renamed? Then open it with that id."
            )
        elif head.recording == recording.id and head.n_frames == recording.n_frames:
            found.append(
                f"{recording.id!r} has no corrections, but another video of this id and length has "
                f"some. Was it encoded again? Then open the earlier one, or copy {other.name} to "
                f"{path.name}."
            )
    return tuple(found)


def _plain(recording_id: str) -> str:
    name = re.sub(r"[^\w.-]+", "_", recording_id, flags=re.ASCII)[:60]
    if name != recording_id:
        # Ids that look alike without their odd signs are still different recordings.
        digest = blake2b(recording_id.encode(errors="surrogatepass"), digest_size=3)
        name += f"~{digest.hexdigest()}"
    return name


def _content_hash(recording: Recording) -> str:
    known = recording.primary.fingerprints
    found = known.get("video") or known.get("pose") or ""
    if not found:
        # Arrays without a file: at least the clock must be the same.
        clock = json.dumps(recording.timebase.to_dict(), sort_keys=True, default=str)
        found = blake2b(clock.encode(), digest_size=16).hexdigest()
    return found.rpartition(":")[2][:12]


def _head(path: Path) -> EditLines | None:
    """Return what the first line of a file says; None where it is none of ours."""
    lines = EditLines(path)
    try:
        with path.open("rb") as file:
            lines.take(file.readline(_HEAD_BYTES))
    except (OSError, MouseGPTError):
        # It is not the file of this recording: whoever opens it is told.
        return None
    return lines if lines.recording else None
