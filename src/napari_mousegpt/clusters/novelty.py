"""New against a reference: what new recordings hold that the reference does not.

The question is a two-sample one, see :mod:`napari_mousegpt.clusters.two_sample`. Beside the answer
stands always the same answer where nothing is new: recordings of the reference held against each
other. The threshold comes from there, and so does what is called a batch effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.cluster_map import key_order
from napari_mousegpt.clusters.flagged import DENSER, candidate_table, chance_share, group_flagged
from napari_mousegpt.clusters.neighbours import spread_rows
from napari_mousegpt.clusters.novelty_calibration import (
    LEAST,
    control_shares,
    flag_rate,
    is_matched,
    pool_sizes,
    threshold_of,
    thresholds,
)
from napari_mousegpt.clusters.novelty_params import NoveltyParams
from napari_mousegpt.clusters.novelty_tables import BATCH, recording_row, window_keys
from napari_mousegpt.clusters.share_scale import standing
from napari_mousegpt.clusters.two_sample import Shares, Side, shares_of
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.models.engine import Cancelled

__all__ = ["Novelty", "Question", "novel_against"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Windows looked at at a time: bounds the memory, not the result.
_CHUNK = 65_536


@dataclass(frozen=True, eq=False)
class Novelty:
    """What is new, and what is flagged where nothing is.

    Parameters
    ----------
    windows : DataFrame
        One row for each new window: keys, ``share`` (0 to 1, .5 where reference and new recordings
        are equally dense; NaN where too little was seen), ``times`` (how many times denser the new
        recordings are there), ``standing`` (of the share among all of this question),
        ``flagged``, ``candidate`` (-1: none).
    recordings : DataFrame
        One row for each recording, ``role`` being ``new`` or ``control``: ``windows``,
        ``flagged``, ``rate`` with its interval ``low`` to ``high``, ``verdict``.
    candidates : DataFrame
        Candidate behaviours, see
        :data:`~napari_mousegpt.clusters.novelty_tables.CANDIDATE_COLUMNS`.
    control : DataFrame
        Shares where nothing is new: ``draw``, ``row`` (of the windows of the reference that were
        seen, by key), ``recording``, ``animal``, ``share``, ``times``, ``standing``, ``flagged``
        (by the threshold that the other animals give: none is judged by what it set itself).
    threshold : float
        Windows whose ``standing`` is above it are flagged; NaN when it could not be calibrated.
    params : NoveltyParams
        Settings.
    problems : tuple of str
        What could not be said, as sentences.
    """

    windows: pd.DataFrame
    recordings: pd.DataFrame
    candidates: pd.DataFrame
    control: pd.DataFrame
    threshold: float
    params: NoveltyParams
    problems: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"<Novelty: {int(self.windows['flagged'].sum())} of {len(self.windows)} windows "
            f"flagged, {len(self.candidates)} candidate behaviours>"
        )


def novel_against(
    reference: Vectors,
    new: Vectors,
    params: NoveltyParams | None = None,
    *,
    animals: Mapping[str, str] | None = None,
) -> Novelty:
    """Find windows of new recordings that the reference has no like of.

    Parameters
    ----------
    reference, new : Vectors
        From one model. Two new recordings at least: a window is held against the others. Three
        recordings of the reference at least for a threshold; the more, the better it holds.
    params : NoveltyParams, optional
        Method, neighbours, false-alarm rate.
    animals : mapping of str to str, optional
        Animal of each recording. Windows are then held against other animals only.

    Returns
    -------
    Novelty
        Windows in the order of ``new``.

    Raises
    ------
    MismatchError
        When the vectors are of different models.
    InputError
        When a recording is on both sides, there is one new recording only, there are fewer windows
        than neighbours, or no column varies.
    """
    asked = Question(reference, new, params or NoveltyParams(), animals)
    return asked.answer(asked.control(), asked.windows())


class Question:
    """One question in its pieces, so that each can be kept when it is done.

    Parameters and errors are those of :func:`novel_against`. ``cancelled`` is asked between two
    draws of the control; when it says so, :class:`~napari_mousegpt.models.engine.Cancelled` is
    raised.
    """

    def __init__(
        self,
        reference: Vectors,
        new: Vectors,
        params: NoveltyParams,
        animals: Mapping[str, str] | None = None,
        *,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._cancelled = cancelled
        Vectors.concat([reference[:0], new[:0]])  # raises when they are of different models
        self.params = params
        self.problems: list[str] = []
        self._order = key_order(new.intervals)
        sorted_already = bool((np.diff(self._order) == 1).all())
        self.new = new if sorted_already else new[self._order]
        both = sorted(set(reference.intervals.recording) & set(self.new.intervals.recording))
        if both:
            raise InputError(
                f"recording {both[0]!r}",
                expected="either in the reference or among the new recordings",
                found=f"{len(both)} on both sides",
                remedy="Take it out of one of them: a recording is never new against itself.",
            )
        self._animals = animals or {}
        known, fresh = (_animals_of(side, self._animals) for side in (reference, self.new))
        names, numbers = np.unique(np.concatenate([known, fresh]), return_inverse=True)
        self._names = names.astype(object)
        self._new_names = fresh
        # Vectors of a large study fill the memory once, so only what is used of them is copied.
        rows = key_order(reference.intervals)
        rows = rows[_seen(reference.values, params)[rows]]
        rows = rows[spread_rows(numbers[rows], params.max_reference)]
        self._known_recording = reference.intervals.recording[rows].astype(object)
        self._known = Side(reference.values[rows], numbers[rows], reference.names)
        self._new_seen = _seen(self.new.values, params)
        self._asked = Side(self.new.values, numbers[len(known) :], self.new.names)
        self._check()

    def control(self) -> pd.DataFrame:
        """Hold recordings of the reference against each other; see :func:`control_shares`."""
        found = control_shares(
            self._known,
            self._n_new,
            self._shares,
            draws=self.params.draws,
            most=self.params.max_pool,
            seed=self.params.seed,
        )
        return pd.DataFrame(
            {
                "draw": found["draw"],
                "row": found["row"],
                "recording": self._known_recording[found["row"].to_numpy()],
                "animal": self._names[found["animal"].to_numpy()],
                "share": found["share"],
                "times": found["times"],
            }
        )

    def windows(self) -> pd.DataFrame:
        """Score the new windows, sorted by key: keys, ``share``, ``times``."""
        seen = np.flatnonzero(self._new_seen)
        of = (self._known.animal_of, self._asked.animal_of[seen])
        counts = [(len(np.unique(one)), len(one)) for one in of]
        sizes = pool_sizes(counts[0], counts[1], self.params.max_pool)
        rows = [spread_rows(one, size) for one, size in zip(of, sizes, strict=True)]
        found = self._shares(self._known[rows[0]], self._asked[seen[rows[1]]], self._asked)
        share, times = (np.where(self._new_seen, one, np.nan) for one in (found.share, found.times))
        return window_keys(self.new.intervals).assign(share=share, times=times)

    def answer(self, control: pd.DataFrame, windows: pd.DataFrame) -> Novelty:
        """Put control and scores together: threshold, rates, candidates."""
        stated = self.params.false_alarms
        # Recordings of one animal are alike, so they are one unit where animals are named.
        units = control.groupby(["draw", "animal"], observed=True).ngroup()
        of: Ints = np.asarray(units, dtype=np.int64)
        each = control.groupby("draw")["share"].transform(lambda one: standing(one.to_numpy()))
        control = control.assign(standing=each.to_numpy(dtype=np.float64))
        threshold = threshold_of(control["standing"].to_numpy(), of, stated)
        over = control["standing"] > threshold
        control["flagged"] = _held_out(control, of, stated)
        share = windows["share"].to_numpy()
        windows = windows.assign(standing=standing(share))
        flagged = windows["standing"].to_numpy() > threshold
        # What stands out from its own question cannot tell that a whole recording is elsewhere, so
        # a recording is also held against the farthest one of the control.
        farthest = thresholds(control["share"].to_numpy(), of, stated).max(initial=-np.inf)
        outside = share > (farthest if np.isfinite(farthest) else np.inf)
        recording = windows["recording"].to_numpy()
        for name in np.unique(recording.astype(str)):
            mine = (recording == name) & self._new_seen
            if mine.any() and outside[mine].mean() >= self.params.batch_share:
                flagged[mine] = outside[mine]
        rows = self._rates(control, flagged, threshold)
        chance = chance_share(self._known.values, control.assign(flagged=over), self.params)
        candidate = self._candidates(windows, flagged, rows, chance)
        windows = windows.assign(flagged=flagged, candidate=candidate)
        table = candidate_table(self.new, windows, self._new_names, self.params)
        back = np.empty(len(self._order), dtype=np.intp)
        back[self._order] = np.arange(len(self._order))
        return Novelty(
            windows.iloc[back].reset_index(drop=True),
            rows,
            table,
            control,
            threshold,
            self.params,
            tuple(self.told(rows)),
        )

    def told(self, rows: pd.DataFrame) -> list[str]:
        """Return what could not be said, or only with a warning."""
        told = []
        n_known = len(np.unique(self._known.animal_of))
        if n_known < LEAST:
            told.append(
                f"{n_known} recordings in the reference: with fewer than {LEAST} (of different "
                "animals) there is no control and no threshold, so nothing is flagged. Shares "
                "still rank the windows."
            )
        elif not is_matched(n_known, self._n_new):
            told.append(
                f"{n_known} recordings in the reference for {self._n_new} new ones: in the control "
                "fewer of them stand on each side than in the question, so the threshold is "
                "rougher and may flag too little or too much. Add recordings to the reference."
            )
        wholesale = rows[(rows["role"] == "new") & (rows["verdict"] == BATCH)]["recording"]
        if len(wholesale):
            told.append(
                f"flagged wholesale: {', '.join(wholesale)}. That is how another camera, light, "
                "tracker or age looks like; no behaviour is claimed from them."
            )
        return told

    def _rates(
        self, control: pd.DataFrame, flagged: NDArray[np.bool_], threshold: float
    ) -> pd.DataFrame:
        known = np.isfinite(threshold)
        # A window that had several turns counts once, with the share of turns it was flagged in.
        turns = control.groupby(["recording", "animal", "row"], observed=True, as_index=False)
        once = turns["flagged"].mean()
        rows = []
        sides = [
            (
                "new",
                self.new.intervals.recording[self._new_seen].astype(object),
                self._new_names[self._new_seen],
                flagged[self._new_seen],
            ),
            (
                "control",
                once["recording"].to_numpy(dtype=object),
                once["animal"].to_numpy(dtype=object),
                once["flagged"].to_numpy(dtype=np.float64),
            ),
        ]
        for role, recording, animal, over in sides:
            for name in sorted(set(recording)):
                mine = recording == name
                rows.append(
                    recording_row(
                        str(name),
                        str(animal[mine][0]),
                        role,
                        flag_rate(over[mine]),
                        int(mine.sum()),
                        self.params.false_alarms,
                        self.params.batch_share,
                        calibrated=bool(known),
                    )
                )
        return pd.DataFrame(rows)

    def _candidates(
        self,
        windows: pd.DataFrame,
        flagged: NDArray[np.bool_],
        rows: pd.DataFrame,
        chance: float,
    ) -> Ints:
        """Cluster what is flagged, recordings that are flagged wholesale left out."""
        found = np.full(len(windows), -1, dtype=np.int64)
        whole = rows[(rows["role"] == "new") & (rows["verdict"] == BATCH)]["recording"]
        denser = windows["times"].to_numpy() >= DENSER
        asked = np.flatnonzero(flagged & denser & ~windows["recording"].isin(whole).to_numpy())
        _, animal_of = np.unique(self._new_names[asked].astype(str), return_inverse=True)
        found[asked] = group_flagged(
            self.new.values[asked],
            animal_of.astype(np.int64),
            windows["share"].to_numpy()[asked],
            self.params,
            chance,
        )
        return found

    def _shares(self, known: Side, fresh: Side, asked: Side) -> Shares:
        if self._cancelled is not None and self._cancelled():
            raise Cancelled
        return shares_of(known, fresh, asked, self.params)

    @property
    def _n_new(self) -> int:
        return len(np.unique(self._asked.animal_of[self._new_seen]))

    def _check(self) -> None:
        if self._n_new < 2:
            what = "animal" if self._animals else "recording"
            raise InputError(
                f"new {what}s",
                expected="at least 2: each is held against the others, never against itself",
                found=str(self._n_new),
                remedy="Add one, or ask what is odd within all of them (odd_within).",
            )
        known = np.unique(self._known.animal_of)
        if len(known) == 1 and known[0] in self._asked.animal_of[self._new_seen]:
            raise InputError(
                f"reference of animal {self._names[known[0]]!r} alone, which is new, too",
                expected="another animal in the reference: none is held against itself",
                remedy="Add recordings of other animals to the reference.",
            )
        counts = {"reference": len(self._known.values), "new recordings": self._new_seen.sum()}
        for name, count in counts.items():
            if count < self.params.k:
                raise InputError(
                    f"windows of the {name}",
                    expected=f"at least {self.params.k}, as many as neighbours (k)",
                    found=f"{count} with enough seen",
                    remedy="Give more or shorter intervals, or lower k.",
                )


def _held_out(control: pd.DataFrame, of: Ints, stated: float) -> NDArray[np.bool_]:
    """Return what is flagged in the control, each animal by the threshold of the others."""
    score, animal = control["standing"].to_numpy(), control["animal"].to_numpy(dtype=object)
    flagged = np.zeros(len(control), dtype=bool)
    for name in set(animal):
        mine = animal == name
        flagged[mine] = score[mine] > threshold_of(score[~mine], of[~mine], stated)
    return flagged


def _seen(values: NDArray[np.float32], params: NoveltyParams) -> NDArray[np.bool_]:
    """Return which rows hold enough numbers, looking at some at a time."""
    share = np.empty(len(values))
    for first in range(0, len(values), _CHUNK):
        some = slice(first, first + _CHUNK)
        share[some] = np.isfinite(values[some]).mean(axis=1)
    return np.asarray((share > 0) & (share >= params.min_seen))


def _animals_of(vectors: Vectors, animals: Mapping[str, str]) -> NDArray[np.object_]:
    """Return the animal of each window; a recording without one is an animal of its own."""
    names = [animals.get(str(name), str(name)) for name in vectors.intervals.recording]
    return np.asarray(names, dtype=object)
