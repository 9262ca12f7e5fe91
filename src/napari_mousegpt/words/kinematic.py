"""The describer that needs no weights: rules over pose kinematics."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FrameFeatures
from napari_mousegpt.words import sentences
from napari_mousegpt.words.facts import Facts, stretch_facts
from napari_mousegpt.words.individuals import features_of
from napari_mousegpt.words.rules import KinematicRules
from napari_mousegpt.words.sureness import halo_frames, labels_from, sureness

__all__ = ["MODEL", "KinematicDescriber"]

#: Name and version of this describer: the version rises when the same rules read differently.
MODEL = "kinematic/1"

_CHUNK = 65_536


class KinematicDescriber:
    """Describes what a pose (or a silhouette) shows, by thresholds.

    Deterministic; nothing is downloaded. It names walking, rearing, grooming and standing where
    heights are known; walking, turning, moving in place and still where they are not. Everything
    else stays without a label: an empty label means "cannot say", not "does nothing".
    Chewing, sniffing, licking, scratching and contact with other animals are never named.

    Parameters
    ----------
    rules : KinematicRules, optional
        Thresholds.

    Examples
    --------
    >>> KinematicDescriber().rules.min_bout_s
    0.3
    """

    def __init__(self, rules: KinematicRules | None = None) -> None:
        self.rules = rules or KinematicRules()

    def frame_labels(self, features: FrameFeatures) -> NDArray[np.object_]:
        """Return the label of every frame, shape (n_frames,); empty where it cannot be told."""
        n, halo = features.n_frames, halo_frames(features, self.rules)
        labels = np.full(n, "", dtype=object)
        for start in range(0, n, _CHUNK):
            stop = min(start + _CHUNK, n)
            wide = slice(max(0, start - halo), min(n, stop + halo))
            behaviours, sure = sureness(features, self.rules, wide)
            rows = labels_from(behaviours, sure, self.rules, features.timebase.fps)
            names = np.array([*behaviours, ""], dtype=object)
            labels[start:stop] = names[rows[start - wide.start : stop - wide.start]]
        return labels

    def describe(self, features: Mapping[str, FrameFeatures], intervals: Intervals) -> pd.DataFrame:
        """Describe stretches of one recording.

        Parameters
        ----------
        features : mapping of str to FrameFeatures
            Measures by individual.
        intervals : Intervals
            What to describe; a row of the whole picture (individual ``""``) takes the only
            individual there is. An event without length is described by its frame.

        Returns
        -------
        DataFrame
            Columns of :data:`napari_mousegpt.core.tables.DESCRIPTIONS`, one row per interval in
            the same order. ``evidence`` is a JSON object: seconds, the share of frames seen, the
            share of time and the sureness of each behaviour, and the mean of every measure under
            ``"<name> [<unit>]"``.

        Raises
        ------
        InputError
            When a row names an unknown individual or lies outside the recording.
        """
        rows: list[dict[str, object] | None] = [None] * len(intervals)
        for individual in dict.fromkeys(intervals.individual):
            measured = features_of(features, individual)
            chosen = np.flatnonzero(intervals.individual == individual)
            start, stop = intervals.start[chosen], intervals.stop[chosen]
            stop = np.maximum(stop, start + 1)
            _check(start, stop, measured)
            facts = stretch_facts(measured, start, stop, self.rules)
            for row, words in zip(chosen, self._words(measured, facts), strict=True):
                rows[row] = words
        table = pd.DataFrame(rows, index=range(len(intervals)), columns=list(_WORDS))
        table = table.assign(
            range_id=intervals.range_ids(),
            recording=intervals.recording,
            individual=intervals.individual,
            start=intervals.start,
            stop=intervals.stop,
            model=MODEL,
            prompt_id=self.rules.id,
        )
        return DESCRIPTIONS.check(table)

    def _words(self, measured: FrameFeatures, facts: Facts) -> list[dict[str, object]]:
        headers = [f"{n} [{u}]" for n, u in zip(measured.names, measured.units, strict=True)]
        means = np.stack([facts.means[name] for name in measured.names], axis=1).tolist()
        best = facts.shares.argmax(axis=1) if facts.behaviours else np.zeros(len(means), dtype=int)
        words = []
        for i, values in enumerate(means):
            numbers = dict(zip(measured.names, values, strict=True))
            shares = dict(zip(facts.behaviours, facts.shares[i].tolist(), strict=True))
            sure = dict(zip(facts.behaviours, facts.sure[i].tolist(), strict=True))
            label, confidence = "", 0.0
            if shares:
                leader = facts.behaviours[best[i]]
                unlabelled = 1.0 - sum(shares.values())
                if shares[leader] > 0 and shares[leader] >= unlabelled:
                    label, confidence = leader, 0.0 if math.isnan(sure[leader]) else sure[leader]
            seconds = float(facts.seconds[i])
            evidence = {
                "seconds": _short(seconds),
                "seen": _short(facts.seen[i]),
                "share": {k: _short(v) for k, v in shares.items() if v > 0},
                "sureness": {k: _short(v) for k, v in sure.items() if not math.isnan(v)},
                **{h: _short(v) for h, v in zip(headers, values, strict=True) if v == v},
            }
            words.append(
                {
                    "label": label,
                    "confidence": round(confidence, 4),
                    "overall": sentences.overall(label, shares, numbers, seconds),
                    "head": sentences.head(numbers),
                    "limb": sentences.limb(numbers),
                    "torso": sentences.torso(numbers),
                    "keywords": ";".join(sentences.keywords(label, numbers, seconds)),
                    "evidence": json.dumps(evidence),
                }
            )
        return words


_WORDS = ("label", "confidence", "overall", "head", "limb", "torso", "keywords", "evidence")


def _check(start: NDArray[np.int64], stop: NDArray[np.int64], measured: FrameFeatures) -> None:
    wrong = np.flatnonzero((start < 0) | (stop > measured.n_frames))
    if wrong.size:
        raise InputError(
            f"interval [{start[wrong[0]]}, {stop[wrong[0]]})",
            expected=f"frames 0 to {measured.n_frames}",
            remedy="Clip the intervals to the recording first.",
        )


def _short(value: float) -> float:
    """Three decimals are finer than any of these measures; no negative zero."""
    return round(float(value), 3) + 0.0
