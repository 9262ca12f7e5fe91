"""What is flagged where nothing is new, and the threshold that follows from it.

Some animals of the reference play the new ones, the others the reference: nothing is new, so every
flag is a false alarm. Whatever is learnt (scale, components, neighbours) is learnt anew in each
draw from those that play the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.neighbours import spread_rows
from napari_mousegpt.clusters.two_sample import Shares, Side

__all__ = [
    "Rate",
    "control_shares",
    "flag_rate",
    "is_matched",
    "players",
    "pool_sizes",
    "threshold_of",
    "thresholds",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Animals that a control needs: two that play the new ones, one for the reference.
LEAST = 3
#: Consecutive blocks that a recording is cut into for the interval of its rate.
_BLOCKS = 20
_Z = 1.959963984540054


class Rate(NamedTuple):
    """Share of flagged windows and its 95 % interval."""

    rate: float
    low: float
    high: float


def players(n_reference: int, n_new: int) -> int:
    """Return how many animals of the reference play the new ones; 0 when there are too few.

    The fewer animals, the more they differ by chance. So many are taken that the spread of the
    comparison (one over the new animals that a window is held against, plus one over the
    reference) comes closest to that of the real question.
    """
    if n_reference < LEAST:
        return 0
    real = 1 / max(n_new - 1, 1) + 1 / n_reference
    counts = range(2, n_reference)
    return min(counts, key=lambda n: (abs(1 / (n - 1) + 1 / (n_reference - n) - real), n))


def pool_sizes(known: tuple[int, int], fresh: tuple[int, int], most: int) -> tuple[int, int]:
    """Return how many windows of the reference and of the new side form the pool.

    Parameters
    ----------
    known, fresh : (int, int)
        Animals and windows of either side.
    most : int
        Windows of a pool.

    Returns
    -------
    int, int
        As many as on each side of the control: what is learnt from more windows fits those it has
        not seen better, and that alone would move every score. A reference that is too small to be
        like the question gives all it has.
    """
    if not is_matched(known[0], fresh[0]):
        half = most // 2
        return min(known[1], half), min(fresh[1], half)
    playing = players(known[0], fresh[0]) / known[0]
    total = min(most, known[1])
    return round(total * (1 - playing)), min(fresh[1], round(total * playing))


def is_matched(n_reference: int, n_new: int) -> bool:
    """Whether the reference is large enough for a control with as many animals as the question."""
    return n_reference >= n_new + 2


def control_shares(
    reference: Side,
    n_new: int,
    ask: Callable[[Side, Side, Side], Shares],
    *,
    draws: int,
    most: int,
    seed: int,
) -> pd.DataFrame:
    """Hold animals of the reference against each other.

    Parameters
    ----------
    reference : Side
        Windows of the reference.
    n_new : int
        Animals on the new side of the real question.
    ask : callable
        Takes those that play the reference, those that play the new side, and whom to answer for.
    draws : int
        Draws at least; more where some animal had no turn.
    most : int
        Windows that take part in a draw.
    seed : int
        Start of the draws.

    Returns
    -------
    DataFrame
        ``draw``, ``row`` (of the reference), ``animal``, ``share``, ``times``; empty with fewer
        than three animals.
    """
    animals = np.unique(reference.animal_of)
    n_playing = players(len(animals), n_new)
    tables = []
    if n_playing:
        rows = spread_rows(reference.animal_of, most)
        side = reference[rows]
        for draw, chosen in enumerate(_turns(animals, n_playing, draws, seed)):
            plays = np.isin(side.animal_of, chosen)
            found = ask(side[~plays], side[plays], side[plays])
            tables.append(
                pd.DataFrame(
                    {
                        "draw": draw,
                        "row": rows[plays],
                        "animal": side.animal_of[plays],
                        "share": found.share,
                        "times": found.times,
                    }
                )
            )
    if tables:
        return pd.concat(tables, ignore_index=True)
    empty = {"draw": np.int64, "row": np.int64, "animal": np.int64, "share": float, "times": float}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in empty.items()})


def _turns(animals: Ints, n_playing: int, draws: int, seed: int) -> Iterator[Ints]:
    """Yield who plays the new side: everybody about equally often, nobody never."""
    random = np.random.default_rng(seed)
    turns = np.zeros(len(animals), dtype=np.int64)
    made = 0
    while made < draws or not turns.all():
        order = np.lexsort((random.random(len(animals)), turns))
        turns[order[:n_playing]] += 1
        made += 1
        yield animals[np.sort(order[:n_playing])]


def thresholds(scores: Floats, unit_of: Ints, false_alarms: float) -> Floats:
    """Return for each recording the score that a stated share of its windows exceeds.

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
        Scores of the control.
    unit_of : ndarray of int, shape (n,)
        Recording of each, or recording within a draw.
    false_alarms : float
        Stated share.

    Returns
    -------
    ndarray of float64, shape (units,)
        In the order of the sorted units; at most the stated share of a unit is above its own.
    """
    order = np.lexsort((-scores, unit_of))
    _, first, count = np.unique(unit_of[order], return_index=True, return_counts=True)
    # A window is flagged above the threshold, so the first score that is one too many is not.
    place = np.minimum(np.floor(false_alarms * count + 1e-9).astype(np.intp), count - 1)
    return np.asarray(scores[order[first + place]], dtype=np.float64)


def threshold_of(scores: Floats, unit_of: Ints, false_alarms: float) -> float:
    """Return the threshold at which the median recording flags the stated share.

    Windows of a recording depend on each other and recordings differ, so what can be exchanged is
    recordings, not windows (conformal prediction with grouped data: Dunn, Wasserman and Ramdas
    2023, Lee, Barber and Willett 2023). A bound on the *mean* false-alarm rate of a new recording
    would need 1 / ``false_alarms`` - 1 recordings of the reference, 19 at 5 %; with fewer it is
    infinite. The *median* can be had from a few: of K exchangeable recordings and a new one, the
    threshold that belongs to the new one is at most the one of rank (K + 1) / 2, rounded up, with
    a chance of one half or more. So half of the recordings flag less than stated; the others more,
    and a few much more.

    Parameters are those of :func:`thresholds`; NaN when there are no scores.
    """
    if not len(scores):
        return float("nan")
    each = thresholds(scores, unit_of, false_alarms)
    return float(np.quantile(each, 0.5, method="higher"))


def flag_rate(flagged: NDArray[np.bool_] | Floats) -> Rate:
    """Return the share of flagged windows of one recording, with an interval.

    Windows in a row are much alike, so they do not count as so many: the spread between twenty
    consecutive blocks says how many independent ones they are worth, and Wilson's interval is
    taken for those.

    Parameters
    ----------
    flagged : ndarray of bool, or of float64, shape (n,)
        In the order of time; numbers from 0 to 1 are shares of several answers.
    """
    n = len(flagged)
    if not n:
        return Rate(float("nan"), 0.0, 1.0)
    rate = float(flagged.mean())
    blocks = [float(block.mean()) for block in np.array_split(flagged, min(_BLOCKS, n))]
    spread = float(np.var(blocks, ddof=1)) / len(blocks) if len(blocks) > 1 else 0.0
    worth = float(n) if n <= _BLOCKS else float(len(blocks))
    if spread > 0 and 0 < rate < 1:
        worth = float(np.clip(rate * (1 - rate) / spread, 1.0, n))
    middle = (rate + _Z**2 / (2 * worth)) / (1 + _Z**2 / worth)
    half = (
        _Z
        / (1 + _Z**2 / worth)
        * float(np.sqrt(rate * (1 - rate) / worth + _Z**2 / (4 * worth**2)))
    )
    return Rate(rate, max(0.0, min(rate, middle - half)), min(1.0, max(rate, middle + half)))
