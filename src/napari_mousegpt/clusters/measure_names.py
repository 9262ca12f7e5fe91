"""Names from what was measured, for clusters of which nobody said a word.

The frozen map alone tells how far a cluster lies from everything it was fitted on, in each named
measure of movement. That needs neither pose nor words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_mousegpt.clusters.map_edits import Group
from napari_mousegpt.clusters.merge_tree import group_centres
from napari_mousegpt.vectors import KINEMATIC

if TYPE_CHECKING:
    from napari_mousegpt.clusters.cluster_map import ClusterMap

__all__ = ["Measured", "measured"]

#: A measure is told from this many standard deviations on, and at most so many of them.
_TOLD, _MOST = 0.5, 3


class Measured(NamedTuple):
    """What sets a cluster apart in its measures.

    Parameters
    ----------
    terms : tuple of str
        ``"high nose height"``, the most telling first.
    sentence : str
        The same with numbers.
    """

    terms: tuple[str, ...]
    sentence: str


def measured(found: ClusterMap, groups: Iterable[Group]) -> dict[Group, Measured]:
    """Return what sets behaviours apart; only those of a map of kinematic vectors.

    Parameters
    ----------
    found : ClusterMap
        Frozen map.
    groups : iterable of Group
        Behaviours, each of one or more clusters of the map.
    """
    listed = list(groups)
    if found.model != KINEMATIC or not found.names or not listed:
        return {}
    kept = np.asarray(found.names, dtype=object)[found.projection.kept]
    # Further columns hold the same measures over longer times.
    plain = np.asarray([" " not in name for name in kept])
    off = (group_centres(found, listed) @ found.projection.axes.T)[:, plain]
    names = [str(name).replace("_", " ") for name in kept[plain]]
    result = {}
    for group, values in zip(listed, off, strict=True):
        told = _telling(names, values.tolist())
        if told:
            terms = tuple(f"{'high' if value > 0 else 'low'} {name}" for name, value in told)
            numbers = ", ".join(f"{name} {value:+.1f}" for name, value in told)
            sentence = f"Against all moments of the map, in standard deviations: {numbers}."
            result[group] = Measured(terms, sentence)
    return result


def _telling(names: list[str], values: list[float]) -> list[tuple[str, float]]:
    """Return the measures that differ most, one of a kind: heights go together."""
    found: dict[str, tuple[str, float]] = {}
    for value, name in sorted(
        zip(values, names, strict=True), key=lambda one: (-abs(one[0]), one[1])
    ):
        if abs(value) >= _TOLD and len(found) < _MOST:
            found.setdefault(name.split()[-1], (name, value))
    return list(found.values())
