"""Drawing rows at random so that every animal and recording has its part."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.core.tables import text_cells
from napari_mousegpt.errors import InputError, MismatchError

__all__ = ["animal_names", "draw_order", "in_turn"]


def animal_names(
    table: pd.DataFrame, animals: Mapping[str, str] | ArrayLike | None
) -> NDArray[np.object_]:
    """Return the animal of each row, shape (n,); empty text where it is not known.

    Parameters
    ----------
    table : DataFrame
        With a column ``recording``.
    animals : mapping of str to str, array_like of shape (n,), or None
        Animal by recording, or of each row.
    """
    if animals is None:
        return text_cells(np.full(len(table), "", dtype=object))
    if isinstance(animals, Mapping):
        known = {str(name): str(animal) for name, animal in animals.items()}
        names = [known.get(str(name), "") for name in table["recording"]]
        return np.array(names, dtype=object)
    found = text_cells(animals)
    if found.shape != (len(table),):
        raise MismatchError(
            "animals", expected=f"{len(table)}, one for each row", found=str(found.shape)
        )
    return found


def draw_order(range_ids: Sequence[str], seed: int, purpose: str = "") -> NDArray[np.int64]:
    """Return the place of each row in a random order, shape (n,).

    It hangs on the ids, the seed and the purpose, never on the order of the rows, so that the same
    rows are drawn however a table is sorted.
    """
    if len(set(range_ids)) < len(range_ids):
        raise InputError(
            "range_id", expected="each once", found="some twice", remedy="Drop doubled rows first."
        )
    keys = [
        hashlib.blake2b(f"{seed}\0{purpose}\0{name}".encode(), digest_size=8).digest()
        for name in range_ids
    ]
    place = np.empty(len(keys), dtype=np.int64)
    place[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return place


def in_turn(
    n: int,
    place: NDArray[np.int64],
    animals: NDArray[np.object_],
    recordings: NDArray[np.object_],
) -> NDArray[np.intp]:
    """Return ``n`` row numbers, each animal in turn, and each of its recordings in turn.

    Parameters
    ----------
    n : int
        At most so many.
    place : ndarray of int, shape (m,)
        What goes first within a recording.
    animals, recordings : ndarray of str, shape (m,)
    """
    table = pd.DataFrame({"place": place, "animal": animals, "recording": recordings})
    table = table.sort_values("place", kind="stable")
    # First the turn of a row within its recording, then of the recording within its animal.
    table["turn"] = table.groupby(["animal", "recording"], sort=False).cumcount()
    table = table.sort_values(["turn", "place"], kind="stable")
    table["turn"] = table.groupby("animal", sort=False).cumcount()
    table = table.sort_values(["turn", "place"], kind="stable")
    return np.asarray(table.index[:n], dtype=np.intp)
