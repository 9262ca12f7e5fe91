"""Exact nearest neighbours in windows of *other* recordings, in bounded memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["distances_to", "neighbours_elsewhere", "scales_of", "spread_rows"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Windows looked up at a time.
_CHUNK = 4096
#: Up to so many dimensions a tree is faster than comparing with everything.
_TREE = 30
#: Distances held at a time when everything is compared: 16 MB, and their ranks 32 MB.
_BLOCK = 4_000_000
#: More neighbours that are chosen by rough distances than are wanted.
_SPARE = 16


def neighbours_elsewhere(
    pool: Floats, pool_of: Ints, windows: Floats, windows_of: Ints, k: int
) -> Ints:
    """Return the ``k`` nearest rows of the pool for each window, none of its own animal.

    Parameters
    ----------
    pool : ndarray of float64, shape (m, p)
        Where neighbours are sought.
    pool_of : ndarray of int, shape (m,)
        Animal (or recording) of each row of the pool.
    windows : ndarray of float64, shape (n, p)
        What neighbours are sought for.
    windows_of : ndarray of int, shape (n,)
        Their animals.
    k : int
        At most so many as there are rows of other animals.

    Returns
    -------
    ndarray of int, shape (n, k)
        Rows of the pool, the nearest first.
    """
    found = np.empty((len(windows), k), dtype=np.int64)
    for animal in np.unique(windows_of):
        asked = np.flatnonzero(windows_of == animal)
        others = np.flatnonzero(pool_of != animal)
        found[asked] = others[_nearest(pool[others], windows[asked], k)[1]]
    return found


def distances_to(pool: Floats, windows: Floats, k: int) -> tuple[Floats, Ints]:
    """Return distances and rows of the ``k`` nearest of the pool, both of shape (n, k)."""
    return _nearest(pool, windows, k)


def _nearest(pool: Floats, windows: Floats, k: int) -> tuple[Floats, Ints]:
    distance = np.empty((len(windows), k))
    rows = np.empty((len(windows), k), dtype=np.int64)
    if pool.shape[1] <= _TREE:
        from scipy.spatial import cKDTree

        tree = cKDTree(pool)
        for first in range(0, len(windows), _CHUNK):
            some = slice(first, first + _CHUNK)
            # A list of ranks keeps the second axis also for one neighbour.
            distance[some], rows[some] = tree.query(windows[some], k=np.arange(1, k + 1))
        return distance, rows
    # Single precision halves the time; it only chooses a few more than are wanted, among which
    # exact distances decide. From the middle, where single precision is finest.
    middle = pool.mean(axis=0)
    rough, wider = (pool - middle).astype(np.float32), min(k + _SPARE, len(pool))
    size = max(1, _BLOCK // max(1, len(pool), wider * pool.shape[1]))
    norms = (rough**2).sum(axis=1)
    for first in range(0, len(windows), size):
        some = slice(first, first + size)
        block = norms - 2 * ((windows[some] - middle).astype(np.float32) @ rough.T)
        near = np.sort(np.argpartition(block, wider - 1, axis=1)[:, :wider], axis=1)
        exact = np.sqrt(((windows[some, None, :] - pool[near]) ** 2).sum(axis=2))
        order = np.argsort(exact, axis=1, kind="stable")[:, :k]
        distance[some] = np.take_along_axis(exact, order, axis=1)
        rows[some] = np.take_along_axis(near, order, axis=1)
    return distance, rows


def scales_of(names: tuple[str, ...]) -> list[NDArray[np.intp]]:
    """Return the columns of each time scale of kinematic vectors, and all columns last.

    ``"nose_height"`` is the window itself, ``"nose_height mean 3s"`` the three seconds around it.
    Vectors without such names have one scale: all their columns.
    """
    scale = [name.rpartition(" ")[2] if " " in name else "" for name in names]
    kinds = list(dict.fromkeys(scale))
    columns = [np.flatnonzero([one == kind for one in scale]) for kind in kinds]
    everything = np.arange(len(names))
    return [*columns, everything] if len(kinds) > 1 else [everything]


def spread_rows(animal_of: Ints, most: int) -> NDArray[np.intp]:
    """Choose at most ``most`` rows, as many of each animal, evenly over each.

    Parameters
    ----------
    animal_of : ndarray of int, shape (n,)
        Animal of each row.
    most : int
        How many rows at most; what short animals leave goes to the others.

    Returns
    -------
    ndarray of int
        Ascending row numbers; nothing is drawn at random.
    """
    animals, count = np.unique(animal_of, return_counts=True)
    left, chosen = most, []
    for rank, number in enumerate(np.argsort(count, kind="stable")):
        quota = min(int(count[number]), left // (len(animals) - rank))
        left -= quota
        rows = np.flatnonzero(animal_of == animals[number])
        chosen.append(rows[np.linspace(0, len(rows) - 1, quota).round().astype(np.intp)])
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, dtype=np.intp)
