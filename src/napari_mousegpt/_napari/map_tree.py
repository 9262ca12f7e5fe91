"""A tree of behaviours as lines on a plane: which join first. No window is needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["TreeLines", "tree_lines"]


@dataclass(frozen=True)
class TreeLines:
    """A dendrogram that lies on its side.

    Parameters
    ----------
    order : tuple of int
        Leaves (rows of what was linked) from top to bottom; leaf i of this order is at height i.
    lines : tuple of (float, float, float, float)
        x1, y1, x2, y2 of each line: x 0 at the leaves to 1 where all have joined.
    most : float
        The distance at x = 1.
    """

    order: tuple[int, ...]
    lines: tuple[tuple[float, float, float, float], ...]
    most: float


def tree_lines(linkage: NDArray[np.float64], n_leaves: int) -> TreeLines:
    """Return the lines of a tree.

    Parameters
    ----------
    linkage : ndarray of float, shape (n_leaves - 1, 4)
        As of ``scipy.cluster.hierarchy``.
    n_leaves : int
        What was linked.
    """
    children = {n_leaves + row: (int(a), int(b)) for row, (a, b, _, _) in enumerate(linkage)}
    order: list[int] = []
    waiting = [n_leaves + len(linkage) - 1] if len(linkage) else list(range(n_leaves))
    while waiting:
        node = waiting.pop()
        if node in children:
            waiting.extend(reversed(children[node]))
        else:
            order.append(node)
    most = max((float(row[2]) for row in linkage), default=0.0) or 1.0
    at = {leaf: (0.0, float(place)) for place, leaf in enumerate(order)}
    lines: list[tuple[float, float, float, float]] = []
    for row, (_, _, distance, _) in enumerate(linkage):
        one, other = children[n_leaves + row]
        x = float(distance) / most
        (x1, y1), (x2, y2) = at[one], at[other]
        lines += [(x1, y1, x, y1), (x2, y2, x, y2), (x, y1, x, y2)]
        at[n_leaves + row] = (x, (y1 + y2) / 2)
    return TreeLines(tuple(order), tuple(lines), most)
