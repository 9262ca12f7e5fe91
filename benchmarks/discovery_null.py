"""False alarms of novelty where nothing is new: groups of recordings split within themselves.

A question is one split: a few animals are the reference, a few others are called new. What it flags
are false alarms. Recordings of one question share a reference and go together, so intervals are by
bootstrap over questions, not recordings. Questions of one data set share their animals in turn (the
six mice give 20 questions, a group of the formalin study 30), so even these are rather narrow.

The unit of a split, and of the control within, is the animal where it is known: the group studies
and the mice have one recording of each animal, but for one number that occurs twice. Synthetic
recordings are drawn anew for every question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from discovery_worlds import World
from napari_mousegpt.clusters.novelty import novel_against
from napari_mousegpt.clusters.novelty_params import NoveltyParams
from napari_mousegpt.core.vectors import Vectors
from null_recordings import one_animal_each, random_splits

__all__ = ["nothing_new", "resampled", "show_rates"]

Asked = tuple[str, Vectors, Vectors, dict[str, str]]
_BOOTSTRAP = 2000
#: Splits of a data set for each of ``repeats``: the mice have 20 in all.
_MADE, _LARGE, _SMALL = 4, 2, 6


def nothing_new(
    vectors: Vectors,
    groups: Mapping[str, list[Vectors]],
    method: str,
    *,
    repeats: int = 5,
    every: int = 1,
) -> dict[str, Any]:
    """Count what is flagged where nothing is new.

    Rates of one question are near nothing or far above what is stated, so that a median over few
    questions says little: small groups are split more often.

    Parameters
    ----------
    vectors : Vectors
        Of the six mice.
    groups : mapping of str to list of Vectors
        See :func:`null_recordings.null_groups`.
    method : str
        Of :class:`~napari_mousegpt.clusters.novelty_params.NoveltyParams`.
    repeats, every : int
        More splits, and one mouse split in so many.
    """
    params = NoveltyParams(method=method)
    answers: dict[str, list[list[float]]] = {}
    candidates: dict[str, int] = {}
    for name, reference, new, animals in _questions(vectors, groups, repeats, every):
        answer = novel_against(reference, new, params, animals=animals)
        rates = answer.recordings.query("role == 'new'")["rate"].tolist()
        answers.setdefault(name, []).append(rates)
        candidates[name] = candidates.get(name, 0) + len(answer.candidates)
    together = [one for found in answers.values() for one in found]
    return {
        "stated": params.false_alarms,
        "rates": {
            name: _rates(found, params.false_alarms)
            for name, found in {**answers, "all": together}.items()
        },
        "candidates": {**candidates, "all": sum(candidates.values())},
        "answers": answers,
    }


def _questions(
    vectors: Vectors, groups: Mapping[str, list[Vectors]], repeats: int, every: int
) -> Iterator[Asked]:
    world = World(7)
    for repeat in range(_MADE * repeats):
        seeds = iter(range(10_000 * (repeat + 1), 10_000 * (repeat + 1) + 100, 2))
        reference = Vectors.concat([world.draw(f"r{i}", 500, next(seeds))[0] for i in range(12)])
        new = Vectors.concat([world.draw(f"n{i}", 500, next(seeds))[0] for i in range(4)])
        yield "synthetic, 12 against 4", reference, new, {}
    mouse = vectors.intervals.recording.astype(str)
    for half in list(combinations(sorted(set(mouse)), 3))[::every]:
        old = np.isin(mouse, half)
        yield "six mice, 3 against 3", vectors[old], vectors[~old], {}
    for name, pieces in groups.items():
        large = len(pieces) > 20
        n_reference, splits = (10, _LARGE * repeats) if large else (6, _SMALL * repeats)
        for reference, new in random_splits(pieces, n_reference, 4, splits):
            yield name, reference, new, one_animal_each(pieces)


def _rates(answers: list[list[float]], stated: float) -> dict[str, Any]:
    """Return what the rates of recordings are like, intervals by bootstrap over questions."""
    rates = np.concatenate(answers)
    return {
        "median": float(np.median(rates)),
        "median_interval": resampled(answers, np.median),
        "mean": float(rates.mean()),
        "most": float(rates.max()),
        "at_or_below": float((rates <= stated).mean()),
        "at_or_below_interval": resampled(answers, lambda one: float((one <= stated).mean())),
        "twice_stated": float((rates > 2 * stated).mean()),
        "recordings": len(rates),
        "questions": len(answers),
    }


def resampled(groups: list[Any], summary: Any) -> tuple[float, float]:
    """Return the 95 % interval of a summary of pooled numbers, drawing whole groups anew."""
    random = np.random.default_rng(0)
    arrays = [np.asarray(one, dtype=np.float64) for one in groups]
    found = []
    for _ in range(_BOOTSTRAP):
        drawn = random.integers(0, len(arrays), len(arrays))
        found.append(summary(np.concatenate([arrays[one] for one in drawn])))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def show_rates(null: Mapping[str, Any], method: str) -> None:
    """Print the table of false alarms of one method."""
    print(f"\nnothing new, {method}, stated {null['stated']:.0%}")
    print(
        f"{'':24s} median  [95 % interval]  mean   most   at or below stated      > twice   "
        "recordings  questions  candidates"
    )
    for name, one in null["rates"].items():
        low, high = one["median_interval"]
        few, many = one["at_or_below_interval"]
        print(
            f"{name:24s} {one['median']:6.1%}  [{low:5.1%}, {high:5.1%}]  {one['mean']:6.1%} "
            f"{one['most']:6.1%}  {one['at_or_below']:4.0%} [{few:4.0%}, {many:4.0%}]      "
            f"{one['twice_stated']:7.0%} {one['recordings']:11d} {one['questions']:10d} "
            f"{null['candidates'][name]:11d}"
        )
