"""Behaviours that were accepted into a frozen map after its fit.

The votes of a map know nothing that came later, so an accepted behaviour brings its own rule: a
bout is its own when it lies nearer to one of its examples than to every micro-cluster of the fit,
and no farther than the examples lie from each other. All other labels stay as they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clusters.consensus import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Accepted", "claim"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Accepted:
    """One accepted behaviour.

    Parameters
    ----------
    cluster : int
        Its id: new, and never given again.
    name : str
        What the user called it; may be empty.
    examples : ndarray of float64, shape (m, p)
        Bouts of it, as the map projects them.
    limit : float
        Farthest distance from an example.
    size : int
        Windows of the candidate.
    medoid : (str, str, int, int)
        Recording, individual, start and stop of its typical window.
    """

    cluster: int
    name: str
    examples: Floats
    limit: float
    size: int
    medoid: tuple[str, str, int, int]


def claim(
    accepted: Sequence[Accepted],
    points: Floats,
    micro: Floats,
    near: NDArray[np.int64],
    strength: Floats,
) -> tuple[NDArray[np.int64], Floats]:
    """Give bouts to accepted behaviours.

    Parameters
    ----------
    accepted : sequence of Accepted
        In the order of their ids; of equal distances the earlier one wins.
    points : ndarray of float64, shape (n, p)
        Bouts.
    micro : ndarray of float64, shape (m, p)
        Micro-clusters of the fit.
    near, strength : ndarray, shape (n,)
        What the votes say.

    Returns
    -------
    near, strength : ndarray, shape (n,)
        Strength of a claimed bout is .5 where an example and a micro-cluster are equally far, 1 on
        an example.
    """
    if not accepted or not len(points):
        return near, strength
    near, strength = near.copy(), strength.copy()
    _, closest = nearest(points, micro)
    usual = closest.copy()
    for one in accepted:
        _, distance = nearest(points, one.examples)
        mine = (distance < closest) & (distance <= one.limit)
        near[mine] = one.cluster
        strength[mine] = 1 - distance[mine] / (distance[mine] + usual[mine])
        closest[mine] = distance[mine]
    return near, strength
