"""Events of SLEAP projects (.slp from format 2.6 on): behaviours with first and last frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.bout_bounds import fit_bouts, look_of_bounds
from napari_mousegpt.io.hdf5_heaps import refuse_endless_heaps
from napari_mousegpt.io.label_options import LabelOptions

__all__ = ["has_sleap_events", "read_sleap_events"]

#: Most bytes that the events of a project may take.
_LIMIT = 1 << 28


def has_sleap_events(path: Path) -> bool:
    """Whether an HDF5 file holds events as SLEAP writes them."""
    import h5py

    try:
        refuse_endless_heaps(path)
        with h5py.File(path, "r") as file:
            return isinstance(file.get("events"), h5py.Group) and "event_types" in file
    except (OSError, RuntimeError, ValueError, KeyError):
        return False


def read_sleap_events(path: Path, options: LabelOptions) -> Ethogram:
    """Read the events of a SLEAP project of one video.

    Parameters
    ----------
    path : Path
        The .slp file.
    options : LabelOptions

    Returns
    -------
    Ethogram
        Events made by hand have source ``"human"`` and are accepted; predicted ones have source
        ``"model"`` and their score as confidence. Subjects are individuals; targets stand in the
        column ``target``. SLEAP counts the last frame in, so one is added to it.

    Raises
    ------
    FormatError
        When there are no events, they are of several videos, or the file is damaged.
    """
    from sleap_io.io.slp import (
        read_event_types,
        read_events,
        read_identities,
        read_tracks,
        read_videos,
    )

    try:
        refuse_endless_heaps(path)
        _check_size(path)
        name = str(path)
        videos = read_videos(name, open_backend=False)
        events = read_events(
            name, videos, read_event_types(name), read_tracks(name), read_identities(name)
        )
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, IndexError, AttributeError,
            MemoryError, UnicodeDecodeError) as error:  # fmt: skip
        raise FormatError(
            path,
            expected="a SLEAP project with events",
            found=str(error) or type(error).__name__,
            remedy="Save it again in SLEAP.",
        ) from error
    if len({id(event.video) for event in events}) > 1:
        raise FormatError(
            path,
            expected="events of one video",
            found=f"of {len({id(event.video) for event in events})}",
            remedy="Save one project for each video.",
        )
    return _ethogram(events, path, options)


def _ethogram(events: list[Any], path: Path, options: LabelOptions) -> Ethogram:
    recording = options.recording_of(path)
    scores = [getattr(event, "score", None) for event in events]
    hands = [not event.is_predicted for event in events]
    bouts = Intervals.build(
        recording,
        np.asarray([event.start_frame for event in events], dtype=np.int64),
        np.asarray([event.end_frame for event in events], dtype=np.int64) + 1,
        [_name(event.subject) or options.individual or "" for event in events],
        label=[event.type.name for event in events],
        source=["human" if hand else "model" for hand in hands],
        status=["accepted" if hand else "proposed" for hand in hands],
        confidence=np.asarray([np.nan if s is None else np.clip(s, 0, 1) for s in scores], float),
        target=[_name(event.target) for event in events],
    )
    if not any(event.target is not None for event in events):
        bouts = Intervals(bouts.to_pandas().drop(columns="target"))
    bouts, cut = fit_bouts(bouts, options.clocks, path, options.mismatch)
    notes = ["SLEAP counts the last frame of an event in; one was added.", *cut]
    notes += look_of_bounds(bouts, inclusive=True)
    return Ethogram(bouts, source=options.source, notes=notes)


def _check_size(path: Path) -> None:
    import h5py

    with h5py.File(path, "r") as file:
        for group in ("events", "event_types"):
            for item in file[group].values():
                if item.size * item.dtype.itemsize > _LIMIT:
                    raise ValueError(f"{item.name} of {item.size} values")


def _name(participant: Any) -> str:
    return "" if participant is None else str(participant.name)
