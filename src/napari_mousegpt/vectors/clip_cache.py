"""Encoded clips, kept aside: by video, way of cutting, and weights."""

from __future__ import annotations

import os
import secrets
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.files import make_folder, replacing

__all__ = ["CACHE_VARIABLE", "ClipCache", "ClipVector", "Span"]

CACHE_VARIABLE = "NAPARI_MOUSEGPT_CACHE"
#: Individual and the half-open frames of one clip.
Span = tuple[str, int, int]
# Results wait for this many to share a file; what a killed run loses is at most these.
_PER_FILE = 256
#: Bytes of all kept clips; beyond that the sets that were not written to for longest go.
_MOST_BYTES = 4 << 30


@dataclass(frozen=True, eq=False)
class ClipVector:
    """What came of one clip.

    Parameters
    ----------
    features : ndarray of float16, shape (D,)
    logits : ndarray of float32, shape (K,)
        Empty for a model that names no actions.
    damaged : bool
        Whether a picture of the clip is missing or carries traces of damage.
    """

    features: NDArray[np.float16]
    logits: NDArray[np.float32]
    damaged: bool


class ClipCache:
    """Encoded clips of one video, one way of cutting and one set of weights.

    Parameters
    ----------
    key : str
        Hash of video, parameters and weights.
    root : Path, optional
        Folder of the kept clips; by default ``video-vectors`` in the user's cache, or in the folder
        that ``NAPARI_MOUSEGPT_CACHE`` names. With the value ``off`` nothing is kept on disk.
    """

    def __init__(self, key: str, root: Path | None = None) -> None:
        base = _default_root() if root is None else root
        self._folder = None if base is None else base / key
        self._waiting: dict[Span, ClipVector] = {}
        self._known: dict[Span, ClipVector] = {}
        if self._folder is not None and self._folder.is_dir():
            for path in sorted(self._folder.glob("*.npz")):
                self._known.update(_read(path))

    def __contains__(self, span: object) -> bool:
        return span in self._known

    def __getitem__(self, span: Span) -> ClipVector:
        return self._known[span]

    def __len__(self) -> int:
        return len(self._known)

    def add(self, span: Span, vector: ClipVector) -> None:
        """Keep one clip; every few hundred are written together."""
        self._known[span] = vector
        self._waiting[span] = vector
        if len(self._waiting) >= _PER_FILE:
            self.flush()

    def flush(self) -> None:
        """Write what was not written yet.

        Raises
        ------
        StorageError
            When the disk is full or the folder cannot be written to.
        """
        if self._folder is not None and self._waiting:
            make_folder(self._folder)
            _write(self._folder / f"{secrets.token_hex(8)}.npz", self._waiting)
            _make_room(self._folder)
        self._waiting = {}


def _write(path: Path, clips: Mapping[Span, ClipVector]) -> None:
    individuals, starts, stops = zip(*clips, strict=True)
    vectors = clips.values()
    with replacing(path) as aside, aside.open("wb") as stream:
        np.savez(
            stream,
            individual=np.array(individuals, dtype=np.str_),
            start=np.array(starts, dtype=np.int64),
            stop=np.array(stops, dtype=np.int64),
            features=np.stack([clip.features for clip in vectors]),
            logits=np.stack([clip.logits for clip in vectors]),
            damaged=np.array([clip.damaged for clip in vectors]),
        )


def _read(path: Path) -> dict[Span, ClipVector]:
    """Return the clips of a file; none when it is damaged, then they are encoded anew."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as held:
            columns = {name: held[name] for name in held.files}
        spans = zip(
            columns["individual"].tolist(),
            columns["start"].tolist(),
            columns["stop"].tolist(),
            strict=True,
        )
        rows = zip(columns["features"], columns["logits"], columns["damaged"], strict=True)
        return {
            span: ClipVector(features, logits, bool(damaged))
            for span, (features, logits, damaged) in zip(spans, rows, strict=True)
        }
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


def _make_room(mine: Path) -> None:
    """Remove the oldest sets of clips when all take too much room; never the one in use."""
    sets = []
    for folder in mine.parent.iterdir():
        found = _facts(folder)
        if found and folder != mine:
            sets.append((max(s.st_mtime for s in found), sum(s.st_size for s in found), folder))
    total = sum(size for _, size, _ in sets) + sum(s.st_size for s in _facts(mine))
    for _, size, folder in sorted(sets):
        if total <= _MOST_BYTES:
            return
        shutil.rmtree(folder, ignore_errors=True)  # another process may have been quicker
        total -= size


def _facts(folder: Path) -> list[os.stat_result]:
    """Return size and time of the files of a set; another process may be removing them."""
    found = []
    for path in folder.glob("*.npz"):
        with suppress(FileNotFoundError):
            found.append(path.stat())
    return found


def _default_root() -> Path | None:
    chosen = os.environ.get(CACHE_VARIABLE, "")
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen) / "video-vectors"
    from platformdirs import user_cache_path

    return user_cache_path("napari-mousegpt", appauthor=False) / "video-vectors"
