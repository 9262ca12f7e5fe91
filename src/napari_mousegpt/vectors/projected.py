"""What a video encoder made of intervals: vectors, and probabilities of actions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import MismatchError

__all__ = ["Projected"]

_ACTION = "p_"


@dataclass(frozen=True, eq=False)
class Projected:
    """Vectors of intervals and how much each looks like an action.

    Parameters
    ----------
    vectors : Vectors
        Values are exactly those that two bytes hold.
    probabilities : ndarray of float32, shape (n, K), or None
        Mean over the clips of each interval; rows sum to 1. None when the encoder names no actions.
    actions : tuple of str
        Their names.
    clips : ndarray of int64, shape (n,)
        Clips that were averaged.
    damaged : ndarray of bool, shape (n,)
        Whether a picture was missing or carried traces of damage.
    """

    vectors: Vectors
    probabilities: NDArray[np.float32] | None
    actions: tuple[str, ...]
    clips: NDArray[np.int64]
    damaged: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.vectors)

    @staticmethod
    def concat(pieces: list[Projected]) -> Projected:
        """Return the rows of several, one below the other.

        Raises
        ------
        MismatchError
            When they come from different models, or their actions differ.
        """
        vectors = Vectors.concat([piece.vectors for piece in pieces])
        actions = {piece.actions for piece in pieces}
        if len(actions) > 1:
            raise MismatchError(
                "actions of video vectors", expected="the same in all", found=f"{len(actions)} sets"
            )
        shares = [piece.probabilities for piece in pieces if piece.probabilities is not None]
        return Projected(
            vectors,
            np.concatenate(shares) if shares else None,
            actions.pop(),
            np.concatenate([piece.clips for piece in pieces]),
            np.concatenate([piece.damaged for piece in pieces]),
        )

    def to_table(self) -> pd.DataFrame:
        """Return :meth:`Vectors.to_table` with float16 values, then ``clips``, ``damaged``, ``p_``.

        The probabilities are float32, one column ``p_<action>`` for each.
        """
        table = self.vectors.to_table()
        values = [name for name in table.columns if name.startswith("v_")]
        table = table.astype(dict.fromkeys(values, np.float16))
        table = table.assign(clips=self.clips, damaged=self.damaged)
        if self.probabilities is None:
            return table
        names = [f"{_ACTION}{name}" for name in self.actions]
        return pd.concat([table, pd.DataFrame(self.probabilities, columns=names)], axis=1)

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Projected:
        """Read it back from :meth:`to_table`.

        Raises
        ------
        MismatchError
            When the table is none of a video encoder.
        """
        lacking = [name for name in ("clips", "damaged") if name not in table.columns]
        if lacking:
            raise MismatchError(
                "table of a video encoder", expected="columns clips and damaged",
                found=f"no {' and '.join(lacking)}",
            )  # fmt: skip
        names = [name for name in table.columns if name.startswith(_ACTION)]
        return cls(
            Vectors.from_table(table),
            table[names].to_numpy(dtype=np.float32) if names else None,
            tuple(name.removeprefix(_ACTION) for name in names),
            table["clips"].to_numpy(dtype=np.int64),
            table["damaged"].to_numpy(dtype=bool),
        )
