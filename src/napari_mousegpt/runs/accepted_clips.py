"""Clips whose label a person accepted: the ground that a calibration stands on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from napari_mousegpt.core.correcting import corrected
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.runs.clustered import FinishedRuns
from napari_mousegpt.store.corrections import load_corrections
from napari_mousegpt.words.examples import ExampleSource
from napari_mousegpt.words.vocabulary import Vocabulary

__all__ = ["AcceptedClips", "accepted_bouts", "accepted_clips", "without_shown"]


class AcceptedClips(NamedTuple):
    """Clips and the label of each.

    Parameters
    ----------
    clips : Intervals
        With a column ``label``: the label of the vocabulary. No stretch is there twice.
    notes : tuple of str
        What was left out, as sentences.
    """

    clips: Intervals
    notes: tuple[str, ...]


def accepted_bouts(ethogram: Ethogram) -> Intervals:
    """Return the bouts that a person marked, or accepted as they were."""
    bouts = ethogram.bouts
    status, source = bouts.column("status"), bouts.column("source")
    return bouts[(status == "accepted") | ((source == "human") & (status != "rejected"))]


def accepted_clips(
    runs: FinishedRuns, vocabulary: Vocabulary, window_s: float, most_of_a_bout: int
) -> AcceptedClips:
    """Cut clips out of the bouts that people accepted in the corrections of finished runs.

    Parameters
    ----------
    runs : FinishedRuns
    vocabulary : Vocabulary
        Bouts of other labels are left out.
    window_s : float
        Length of a clip, in seconds; a shorter bout is one clip.
    most_of_a_bout : int
        Clips that are cut from one bout, spread over it: those of one bout are alike.

    Raises
    ------
    InputError
        When nobody accepted a label of the vocabulary.
    """
    found, strange = [], Counter[str]()
    for name in runs.folders:
        with runs.recording(name) as recording:
            kept = load_corrections(recording)
            bouts = accepted_bouts(corrected(runs.ethogram(name), kept))
            labels = np.array([vocabulary.match(str(label)) for label in bouts.column("label")])
            known = (labels != "") & (bouts.length > 0)
            strange.update(str(label) for label in bouts.column("label")[labels == ""])
            mine = bouts[known].assign(label=labels[known].astype(object))
            found.append(_cut(mine, recording.timebase, window_s, most_of_a_bout))
    clips, doubled = _once(Intervals.concat(found))
    notes = []
    if strange:
        told = ", ".join(f"{label} ({count})" for label, count in strange.most_common(5))
        notes.append(f"Left out, as they are none of the labels: {told}")
    if doubled:
        notes.append(f"Left out, as two labels were accepted for the same stretch: {doubled}")
    if not len(clips):
        raise InputError(
            runs.path,
            expected="bouts that somebody accepted, with labels of the vocabulary",
            found=f"none; {notes[0]}" if notes else "none",
            remedy="Accept or correct bouts in the viewer first.",
        )
    return AcceptedClips(clips, tuple(f"{note}." for note in notes))


def without_shown(accepted: AcceptedClips, examples: Sequence[ExampleSource]) -> AcceptedClips:
    """Leave out clips that share a frame with an in-context example of the prompt.

    The model is told the label of these: what it makes of them says nothing of how often it is
    right.

    Parameters
    ----------
    accepted : AcceptedClips
    examples : sequence of ExampleSource

    Raises
    ------
    InputError
        When no clip is left.
    """
    clips, shown = accepted.clips, np.zeros(len(accepted.clips), dtype=bool)
    for one in examples:
        here = np.asarray(clips.column("recording") == one.recording)
        shown |= here & (clips.start < one.stop) & (clips.stop > one.start)
    if not shown.any():
        return accepted
    if shown.all():
        raise InputError(
            "accepted clips",
            expected="clips that the prompt does not show as examples",
            found="none",
            remedy="Accept bouts at other places, or take examples out of the prompt.",
        )
    note = f"Left out, as the prompt shows them as examples: {int(shown.sum())}."
    return AcceptedClips(clips[~shown], (*accepted.notes, note))


def _cut(bouts: Intervals, clock: Timebase, window_s: float, most: int) -> Intervals:
    """Return clips of equal length spread over each bout."""
    pieces = []
    for bout in bouts:
        first, last = float(clock.time(bout.start)), float(clock.time(bout.stop))
        count = min(most, max(1, int((last - first) / window_s + 1e-6)))
        spare = (last - first) - count * window_s
        starts, stops = np.array([bout.start]), np.array([bout.stop])
        if count > 1 or spare > 0:
            begin = first + spare * (np.arange(count) + 0.5) / count + window_s * np.arange(count)
            starts = clock.frame_at(begin, clip=True, side="nearest")
            stops = np.minimum(
                clock.frame_at(begin + window_s, clip=True, side="nearest"), bout.stop
            )
        pieces.append(
            Intervals.build(bout.recording, starts, stops, bout.individual).assign(
                label=np.full(len(starts), bout.label, dtype=object)
            )
        )
    return Intervals.concat(pieces) if pieces else bouts[:0]


def _once(clips: Intervals) -> tuple[Intervals, int]:
    """Leave out what is there twice, and stretches with two labels; return how many of these."""
    table = clips.to_pandas()[["recording", "individual", "start", "stop", "label"]]
    table = table.assign(range_id=clips.range_ids()).drop_duplicates(["range_id", "label"])
    doubled = table["range_id"].duplicated(keep=False)
    kept = Intervals(table[~doubled].drop(columns="range_id"))
    return kept.sort(), int(table.loc[doubled, "range_id"].nunique())
