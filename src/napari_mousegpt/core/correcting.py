"""The function ``corrected``: an ethogram as people corrected it."""

from __future__ import annotations

from collections.abc import Iterable

from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.core.edits import Corrections
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import MismatchError

__all__ = ["corrected"]


def corrected(ethogram: Ethogram, corrections: Corrections | Iterable[Corrections]) -> Ethogram:
    """Return an ethogram with the corrections of its recordings applied.

    Parameters
    ----------
    ethogram : Ethogram
        Bouts of one or more recordings.
    corrections : Corrections or iterable of Corrections
        For example from :func:`napari_mousegpt.load_corrections`. Those of recordings that the
        ethogram does not know are left out.

    Raises
    ------
    MismatchError
        When there are corrections, and none is of a recording of the ethogram.
    """
    given = [corrections] if isinstance(corrections, Corrections) else list(corrections)
    known = [*ethogram.bouts.recording, *ethogram.observed.recording]
    recordings = list(dict.fromkeys(map(str, known)))
    mine = [item for item in given if item.recording in recordings]
    if given and not mine:
        raise MismatchError(
            "corrections",
            expected=f"some of {', '.join(map(repr, recordings[:5])) or 'a recording'}",
            found=", ".join(repr(item.recording) for item in given[:5]),
            remedy="Name the ethogram of the same recordings.",
        )
    done = [item.recording for item in mine]
    doubled = {name for name in done if done.count(name) > 1}
    if doubled:
        raise MismatchError(
            f"corrections of {sorted(doubled)[0]!r}",
            expected="one file of them",
            found="several",
            remedy="Name the file that is meant, not the folder.",
        )
    rest = [name for name in recordings if name not in done]
    parts = [
        BoutBook(item.recording, item.n_frames, ethogram, item.edits).ethogram() for item in mine
    ]
    parts.append(ethogram.select(recording=rest))
    return Ethogram(
        Intervals.concat([part.bouts for part in parts]),
        Intervals.concat([part.observed for part in parts]),
        notes=ethogram.notes,
    )
