"""How often words that were carried are those that the model gives when it is asked."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.study_checks import same_word
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.errors import InputError
from napari_mousegpt.words.shares import animal_interval, clopper_pearson

__all__ = ["Agreement", "Row", "agreement", "answers_by_id", "audit_table", "same_label"]

#: A row of a table, by column.
Row = dict[Any, Any]


@dataclass(frozen=True)
class Agreement:
    """Audited agreement with its intervals.

    Parameters
    ----------
    n, hits : int
        Audited stretches, and those that agree.
    share : float
        Estimated share that agrees, each cluster weighted by its stretches; NaN without an audit.
    low, high : float
        95 % interval of Clopper and Pearson, for these recordings. Over several clusters it is
        taken at the effective size of the sample (Korn and Graubard 1998). It takes stretches as
        independent, which those of one animal are not.
    n_animals : int
        Animals among the audited stretches, 0 where none are known.
    animal_low, animal_high : float
        95 % interval when animals are drawn again: for animals like these. NaN with fewer than two
        animals or one that is not known, or where all stretches agree (or none): then the
        bootstrap sees no spread.
    """

    n: int
    hits: int
    share: float
    low: float
    high: float
    n_animals: int
    animal_low: float
    animal_high: float

    def __str__(self) -> str:
        if not self.n:
            return "not audited"
        text = f"{self.share:.0%} [{self.low:.0%}, {self.high:.0%}], {self.n} audited"
        if not math.isnan(self.animal_low):
            text += (
                f"; over {self.n_animals} animals [{self.animal_low:.0%}, {self.animal_high:.0%}]"
            )
        return text


def answers_by_id(said: pd.DataFrame, asked: Collection[str]) -> dict[str, Row]:
    """Return what a model said, by ``range_id``.

    Raises
    ------
    InputError
        When it has stretches that were not asked for, or one of them twice.
    """
    answer = DESCRIPTIONS.check(said)
    ids = answer["range_id"]
    strange, doubled = (~ids.isin(list(asked))).sum(), ids.duplicated().sum()
    if strange or doubled:
        raise InputError(
            "what the describer gave back",
            expected=f"each of the {len(asked)} stretches it was asked for at most once",
            found=f"{strange} others, {doubled} twice",
        )
    return {str(row["range_id"]): row for row in answer.to_dict("records")}


def audit_table(rows: list[Row]) -> pd.DataFrame:
    """Return audited stretches as a table, also when there are none.

    Columns are ``range_id``, ``cluster``, ``animal``, ``carried`` (the label that was audited),
    ``said`` (the label of the model) and ``agrees`` (bool).
    """
    names = ["range_id", "cluster", "animal", "carried", "said", "agrees"]
    return pd.DataFrame(rows, columns=names).astype({"cluster": np.int64, "agrees": bool})


def same_label(one: str, other: str) -> bool:
    """Whether two labels are one, but for letter case and blanks."""
    return same_word(one) == same_word(other)


def agreement(audit: pd.DataFrame, sizes: dict[int, int] | None = None, seed: int = 0) -> Agreement:
    """Return the agreement of audited stretches.

    Parameters
    ----------
    audit : DataFrame
        Columns ``cluster``, ``animal`` (empty where unknown) and ``agrees`` (bool).
    sizes : dict of int to int, optional
        Stretches that each cluster stands for; without it all rows count alike. Clusters without
        an audited stretch are left out.
    seed : int
        Of the bootstrap.
    """
    agrees = audit["agrees"].to_numpy(dtype=bool)
    cluster = audit["cluster"].to_numpy()
    strata = np.unique(cluster) if sizes is not None else np.zeros(1, dtype=np.int64)
    if sizes is None:
        cluster = np.zeros(len(agrees), dtype=np.int64)
    weight = np.array([1.0 if sizes is None else sizes.get(int(c), 0) for c in strata])
    strata, weight = strata[weight > 0], weight[weight > 0]
    inside = np.isin(cluster, strata)
    agrees, cluster = agrees[inside], cluster[inside]
    animal = audit["animal"].to_numpy(dtype=object)[inside]
    n, hits = len(agrees), int(agrees.sum())
    if not n:
        return Agreement(0, 0, math.nan, 0.0, 1.0, 0, math.nan, math.nan)
    weight = weight / weight.sum()
    count = np.array([(cluster == c).sum() for c in strata], dtype=float)
    share = float((weight * [agrees[cluster == c].mean() for c in strata]).sum())
    # What a simple random sample would need to be as sure: many strata of few are worth less.
    size = 1.0 / (weight**2 / count).sum()
    low, high = clopper_pearson(min(share, 1.0) * size, size)
    names = sorted({name for name in animal.tolist() if name})
    known = np.array([bool(name) for name in animal], dtype=bool)
    by_animal: tuple[float, float] = (math.nan, math.nan)
    if known.all() and len(names) > 1:
        by_animal = animal_interval(
            _table(animal, cluster, names, strata, agrees),
            _table(animal, cluster, names, strata, np.ones_like(agrees)),
            weights=weight,
            seed=seed,
        )
    return Agreement(n, hits, share, float(low), float(high), len(names), *by_animal)


def _table(
    animal: NDArray[np.object_],
    cluster: NDArray[np.int64],
    names: list[str],
    strata: NDArray[np.int64],
    values: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Sums by animal and cluster."""
    table = np.zeros((len(names), len(strata)))
    rows = np.searchsorted(np.array(names, dtype=str), animal.astype(str))
    np.add.at(table, (rows, np.searchsorted(strata, cluster)), values.astype(float))
    return table
