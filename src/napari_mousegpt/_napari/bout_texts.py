"""What an ethogram says about each frame of a stretch, as text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.errors import InputError

__all__ = ["JOINT", "BoutTexts", "FrameTexts", "of_recording"]

#: Stands between the labels of bouts that overlap.
JOINT = " + "


@dataclass(frozen=True)
class FrameTexts:
    """What is said of one individual in each frame of a stretch; all arrays of its length.

    Parameters
    ----------
    label : ndarray of str
        Labels of the bouts that hold the frame, joined; empty where none does.
    source : ndarray of str
        Who says so, joined.
    confidence : ndarray of float
        The lowest confidence of these bouts, NaN where none is given.
    """

    label: NDArray[np.object_]
    source: NDArray[np.object_]
    confidence: NDArray[np.float64]


def of_recording(ethogram: Ethogram, recording: str) -> Ethogram:
    """Return the bouts of one recording.

    An ethogram of a single recording under another name is taken as this one's if the name is
    empty only: labels of another animal must not slip in.

    Raises
    ------
    InputError
        When there are bouts, but none of this recording.
    """
    names = sorted(set(ethogram.bouts.recording))
    if names == [""]:
        bouts = ethogram.bouts.assign(recording=recording)
        observed = ethogram.observed.assign(recording=recording)
        return Ethogram(bouts, observed)
    if names and recording not in names:
        raise InputError(
            "ethogram",
            expected=f"bouts of recording {recording!r}",
            found=f"bouts of {', '.join(names[:4])}{', ...' if len(names) > 4 else ''}",
            remedy="Show it with its own recording, or rename the recording column.",
        )
    return ethogram.select(recording=recording)


class BoutTexts:
    """Looks up the bouts of one recording by frame, without going through all of them.

    Parameters
    ----------
    ethogram : Ethogram
        Bouts of one recording; rejected ones are left out.
    """

    def __init__(self, ethogram: Ethogram) -> None:
        table = ethogram.bouts.to_pandas()
        table = table[table["status"] != "rejected"].sort_values("start", kind="stable")
        self._start = table["start"].to_numpy(dtype=np.int64)
        self._stop = table["stop"].to_numpy(dtype=np.int64)
        self._individual = table["individual"].to_numpy(dtype=object)
        self._label = table["label"].to_numpy(dtype=object)
        self._source = table["source"].to_numpy(dtype=object)
        self._confidence = table["confidence"].to_numpy(dtype=np.float64)
        self.individuals = tuple(dict.fromkeys(self._individual))

    def between(self, individual: str, start: int, stop: int) -> FrameTexts:
        """Return what is said of an individual in the frames ``[start, stop)``."""
        size = max(0, stop - start)
        label, source = (np.full(size, "", dtype=object) for _ in range(2))
        confidence = np.full(size, np.nan)
        here = (self._start < stop) & (self._stop > start) & (self._individual == individual)
        for row in np.flatnonzero(here):
            part = slice(max(self._start[row], start) - start, min(self._stop[row], stop) - start)
            label[part] = _each(label[part], str(self._label[row]))
            source[part] = _each(source[part], str(self._source[row]))
            confidence[part] = np.fmin(confidence[part], self._confidence[row])
        return FrameTexts(label, source, confidence)


def _each(texts: NDArray[np.object_], more: str) -> NDArray[np.object_]:
    """Add a text to each of many, which are mostly alike."""
    joined = {text: _join(text, more) for text in set(texts)}
    return np.array([joined[text] for text in texts], dtype=object)


def _join(text: str, more: str) -> str:
    if not text:
        return more
    return text if more in text.split(JOINT) else f"{text}{JOINT}{more}"
