"""Vectors: one point in an action space for each interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.errors import MismatchError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Vectors"]

_SECONDS = ("start_s", "stop_s")


@dataclass(frozen=True, eq=False)
class Vectors:
    """One row of numbers for each interval, all from one model.

    Parameters
    ----------
    intervals : Intervals
        What each row is about; columns ``start_s`` and ``stop_s``, where there are any, are the
        same bounds in seconds.
    values : ndarray of float32, shape (n, d)
        The vectors; NaN where the model saw nothing.
    names : tuple of str
        Name of each dimension; empty when they have none.
    model, revision : str
        What made them. Vectors of different models are never mixed.
    """

    intervals: Intervals
    values: NDArray[np.float32]
    names: tuple[str, ...]
    model: str
    revision: str

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.values, dtype=np.float32)
        if values.ndim != 2 or len(values) != len(self.intervals):
            raise MismatchError(
                "vectors",
                expected=f"shape ({len(self.intervals)}, d), one row for each interval",
                found=str(values.shape),
            )
        if self.names and len(self.names) != values.shape[1]:
            raise MismatchError(
                "vector names", expected=f"{values.shape[1]} names", found=str(len(self.names))
            )
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.intervals)

    def __repr__(self) -> str:
        return f"<Vectors: {len(self)} x {self.values.shape[1]} from {self.model}>"

    def __getitem__(self, rows: slice | NDArray[np.generic]) -> Vectors:
        """Return the chosen rows: a slice, a boolean mask or row numbers."""
        return Vectors(
            self.intervals[rows], self.values[rows], self.names, self.model, self.revision
        )

    @staticmethod
    def concat(pieces: list[Vectors]) -> Vectors:
        """Return the rows of several sets, one below the other.

        Raises
        ------
        MismatchError
            When they come from different models or have other dimensions.
        """
        if not pieces:
            raise MismatchError("vectors", expected="at least one set", found="none")
        kinds = {(p.model, p.revision, p.names, p.values.shape[1]) for p in pieces}
        if len(kinds) > 1:
            found = sorted({f"{model} {revision} ({d} numbers)" for model, revision, _, d in kinds})
            raise MismatchError(
                "vectors",
                expected="all from one model and revision",
                found=", ".join(found),
                remedy="Project all recordings with the same model and parameters.",
            )
        first = pieces[0]
        return Vectors(
            Intervals.concat(p.intervals for p in pieces),
            np.concatenate([p.values for p in pieces]),
            first.names,
            first.model,
            first.revision,
        )

    def to_table(self) -> pd.DataFrame:
        """Return keys, ``range_id``, model, revision and one column ``v_<name>`` per dimension."""
        import pandas as pd

        table = self.intervals.to_pandas()
        table = table[[name for name in (*KEYS, *_SECONDS) if name in table.columns]]
        table.insert(0, "range_id", self.intervals.range_ids())
        names = self.names or tuple(f"{i:04d}" for i in range(self.values.shape[1]))
        numbers = pd.DataFrame(self.values, columns=[f"v_{name}" for name in names])
        return pd.concat([table.assign(model=self.model, revision=self.revision), numbers], axis=1)

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Vectors:
        """Read the vectors back from :meth:`to_table`."""
        columns = [name for name in table.columns if name.startswith("v_")]
        models = table[["model", "revision"]].drop_duplicates()
        if len(models) != 1 or not columns:
            raise MismatchError(
                "vector table",
                expected="one model and revision, and columns v_...",
                found=f"{len(models)} models, {len(columns)} such columns",
            )
        names = tuple(name.removeprefix("v_") for name in columns)
        return cls(
            Intervals(table[[name for name in (*KEYS, *_SECONDS) if name in table.columns]]),
            table[columns].to_numpy(dtype=np.float32),
            () if all(name.isdecimal() for name in names) else names,
            str(models["model"].iloc[0]),
            str(models["revision"].iloc[0]),
        )
