"""Frame lists of long videos, kept in the user's cache folder.

Listing the packets of ten hours takes seconds, and on a network disk minutes. So the list is kept
aside, one file for each video, and taken again as long as the video is the same: its size, its
time of change to the nanosecond, its first and last 64 KiB, and the version of the libraries that
listed it. Whatever is wrong with a kept list, it is made anew; that it cannot be kept is no error.

The folder is ``video-index`` in the user's cache, or in the folder that ``NAPARI_MOUSEGPT_CACHE``
names; with the value ``off`` nothing is kept. Only what stands in the packets is kept: the end of
a file that may be cut is looked at each time it is opened.
"""

from __future__ import annotations

import io
import json
import os
import time
from contextlib import suppress
from dataclasses import asdict
from fractions import Fraction
from hashlib import blake2b
from pathlib import Path
from typing import Any

import av
import numpy as np

from napari_mousegpt.core.files import make_folder, replacing
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, StorageError
from napari_mousegpt.io.fingerprint import file_fingerprint
from napari_mousegpt.io.video_index import VideoIndex, VideoInfo, read_index

__all__ = ["CACHE_VARIABLE", "cached_index", "index_folder"]

CACHE_VARIABLE = "NAPARI_MOUSEGPT_CACHE"
_FORMAT = 1
# Lists of fewer pictures are made again as fast as they are found.
_LEAST_ROWS = 1000
_MOST_FILES = 1000
_MOST_BYTES = 512 << 20
# A file that changed so shortly ago may change again without its time showing it.
_SETTLED_NS = 2_000_000_000
_DIGEST = 16
_FLAGS = ("check_tail", "stamps_rise", "by_dts", "counted", "strict")


def index_folder() -> Path | None:
    """Return the folder of the kept lists; None when none are to be kept."""
    chosen = os.environ.get(CACHE_VARIABLE, "")
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen) / "video-index"
    from platformdirs import user_cache_path

    return user_cache_path("napari-mousegpt", appauthor=False) / "video-index"


def cached_index(path: str) -> VideoIndex:
    """Return the frame list of a video file, from the cache where it is kept there.

    Parameters
    ----------
    path : str
        Absolute path.

    Raises
    ------
    InputError, FormatError
        As :func:`napari_mousegpt.io.video_index.read_index`.
    """
    folder = index_folder()
    identity = None if folder is None else _identity(path)
    if folder is None or identity is None:
        return read_index(path)
    kept = folder / f"{blake2b(os.fsencode(path), digest_size=_DIGEST).hexdigest()}.index"
    found = _load(kept, path, identity)
    if found is not None:
        return found
    index = read_index(path)
    settled = time.time_ns() - int(identity["mtime_ns"]) > _SETTLED_NS
    if index.n_frames >= _LEAST_ROWS and settled and _identity(path) == identity:
        with suppress(StorageError, OSError):  # a full or read-only disk: the list is made again
            _store(kept, index, identity)
            _drop_oldest(folder)
    return index


def _identity(path: str) -> dict[str, Any] | None:
    """Return what a file has to share with the one that was listed; None if it is no file."""
    try:
        facts = Path(path).stat()
        fingerprint = file_fingerprint(path)
    except (OSError, InputError):
        return None  # opening the video says what is wrong
    return {
        "format": _FORMAT,
        "av": av.__version__,
        "libraries": {name: list(version) for name, version in av.library_versions.items()},
        "size": facts.st_size,
        "mtime_ns": facts.st_mtime_ns,
        "fingerprint": fingerprint,
    }


def _store(kept: Path, index: VideoIndex, identity: dict[str, Any]) -> None:
    clock = index.timebase
    text = json.dumps(
        {
            "identity": identity,
            "info": asdict(index.info),
            "rate": str(clock.rate),
            "tick": str(clock.tick),
            "cut_rows": index.cut_rows,
            **{flag: getattr(index, flag) for flag in _FLAGS},
        }
    )
    arrays: dict[str, Any] = {
        "text": np.frombuffer(text.encode(), dtype=np.uint8),
        "stamps": index.stamps,
        "key_stamps": index.key_stamps,
        "key_rows": index.key_rows,
    }
    if clock.ticks is not None:
        arrays["ticks"] = clock.ticks
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **arrays)
    data = packed.getbuffer()
    make_folder(kept.parent)
    with replacing(kept) as part, part.open("wb") as file:
        file.write(blake2b(data, digest_size=_DIGEST).digest())
        file.write(data)


def _load(kept: Path, path: str, identity: dict[str, Any]) -> VideoIndex | None:
    """Return a kept list; None if there is none, or it is damaged or of another state."""
    try:
        data = memoryview(kept.read_bytes())
    except OSError:
        return None
    digest, packed = data[:_DIGEST], data[_DIGEST:]
    if blake2b(packed, digest_size=_DIGEST).digest() != digest:
        return None
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        facts = json.loads(arrays["text"].tobytes())
        if facts["identity"] != identity:
            return None
        stamps = arrays["stamps"]
        ticks = arrays.get("ticks")
        keys = {name: arrays[name] for name in ("key_stamps", "key_rows")}
    with suppress(OSError):
        os.utime(kept)  # used now: others are dropped before it
    info = {**facts["info"], "notes": tuple(facts["info"]["notes"])}
    return VideoIndex(
        path=path,
        info=VideoInfo(**info),
        timebase=Timebase(len(stamps), Fraction(facts["rate"]), ticks, Fraction(facts["tick"])),
        stamps=stamps,
        cut_rows=tuple(facts["cut_rows"]),
        **keys,
        **{flag: facts[flag] for flag in _FLAGS},
    )


def _drop_oldest(folder: Path) -> None:
    """Keep the lists used last, bounded in number and bytes."""
    files = sorted(((f.stat(), f) for f in folder.iterdir()), key=lambda item: -item[0].st_mtime_ns)
    total = 0
    for place, (facts, file) in enumerate(files):
        total += facts.st_size
        if place >= _MOST_FILES or total > _MOST_BYTES:
            file.unlink(missing_ok=True)
