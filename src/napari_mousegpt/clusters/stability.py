"""Would the same clusters be found again? Other seeds, part of the recordings.

A map is fitted anew with other seeds, and on parts of the data; each time the frozen rule of the
new map labels the same rows, those it was fitted on among them. The adjusted Rand index compares
the two labellings as a whole; the Jaccard index of a cluster with what is most like it in the other
labelling says how well that cluster comes back (Hennig 2007, "Cluster-wise assessment of cluster
stability").
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters.cluster_map import NOISE, ClusterMap, key_order
from napari_mousegpt.clusters.finding import TooFewError
from napari_mousegpt.clusters.fitting import fit
from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.clusters.sampling import tracks
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

__all__ = ["Stability", "adjusted_rand", "jaccard", "measure_stability"]

Ints = NDArray[np.int64]

#: Jaccard from which a cluster counts as stable, and below which it is dissolved (Hennig 2007).
STABLE, DISSOLVED = 0.75, 0.5
#: Rows that are compared, and that each refit sees at most.
_ROWS = 60_000
#: Blocks that a single recording is cut to when parts of the data are drawn.
_BLOCKS = 10
_RUNS = ["kind", "number", "clusters", "ari", "ari_kept"]


@dataclass(frozen=True, eq=False)
class Stability:
    """How well the clusters of a map come back.

    Parameters
    ----------
    runs : DataFrame
        One row a refit: ``kind`` (``"seed"`` or ``"subsample"``), ``number``, ``clusters`` found,
        ``ari`` with the map over all rows (everything assigned), ``ari_kept`` over rows that
        neither calls noise.
    clusters : DataFrame
        One row a cluster: ``cluster``, ``jaccard_seed``, ``jaccard_subsample`` (means over refits),
        ``verdict`` (``"stable"``, ``"doubtful"`` or ``"dissolves"``, by the smaller of the two;
        ``"unknown"`` where too little was left for any refit).
    unit : str
        What subsamples leave out: ``"recordings"``, or ``"blocks of time"`` where there are few.
    """

    runs: pd.DataFrame
    clusters: pd.DataFrame
    unit: str

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        parts = []
        for kind, words in (("seed", "other seeds"), ("subsample", f"part of the {self.unit}")):
            mine = self.runs.loc[self.runs["kind"] == kind, "ari"]
            if len(mine):
                parts.append(f"ARI {mine.mean():.2f} ({mine.min():.2f} at worst) with {words}")
        counts = self.clusters["verdict"].value_counts()
        called = {"stable": "stable", "doubtful": "doubtful", "dissolves": "not coming back",
                  "unknown": "unknown, as too little was left to fit again"}  # fmt: skip
        said = ", ".join(
            f"{int(counts[verdict])} {words}"
            for verdict, words in called.items()
            if verdict in counts
        )
        return "; ".join([*parts, f"clusters: {said or 'none'}"]) + "."

    @property
    def means(self) -> dict[str, float]:
        """Mean adjusted Rand index by kind of refit."""
        return {str(k): float(v) for k, v in self.runs.groupby("kind")["ari"].mean().items()}

    def to_table(self) -> pd.DataFrame:
        """Return refits and clusters as one table, told apart by ``kind``."""
        clusters = self.clusters.rename(columns={"cluster": "number"}).assign(kind="cluster")
        table = pd.concat([self.runs, clusters], ignore_index=True).assign(unit=self.unit)
        table["verdict"] = table["verdict"].astype(object).where(table["verdict"].notna(), "")
        return table

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Stability:
        """Read it back from :meth:`to_table`."""
        of = table["kind"] == "cluster"
        runs = table.loc[~of, _RUNS]
        columns = [name for name in table.columns if name.startswith("jaccard_")]
        clusters = table.loc[of, ["number", *columns, "verdict"]]
        return cls(
            runs.astype({"clusters": np.int64}).reset_index(drop=True),
            clusters.rename(columns={"number": "cluster"}).reset_index(drop=True),
            str(table["unit"].iloc[0]),
        )


def measure_stability(
    found: ClusterMap,
    vectors: Vectors,
    *,
    seeds: int = 3,
    subsamples: int = 3,
    share: float = 0.5,
    animals: Mapping[str, str] | None = None,
) -> Stability:
    """Fit again with other seeds and on parts of the data, and compare.

    Parameters
    ----------
    found : ClusterMap
        The map of record.
    vectors : Vectors
        What it was fitted on, or a sample of it
        (:func:`~napari_mousegpt.clusters.streaming.sample_stream`).
    seeds, subsamples : int
        Refits of each kind; each costs about as much as the fit.
    share : float
        Share of the animals, recordings or blocks of time that a subsample keeps.
    animals : mapping of str to str, optional
        Animal by recording: animals are then left out as a whole.

    Raises
    ------
    InputError
        When there is nothing to do, or ``share`` is not between 0 and 1.
    """
    if seeds < 0 or subsamples < 0 or not seeds + subsamples or not 0 < share < 1:
        raise InputError(
            f"stability of {seeds} seeds and {subsamples} subsamples of {share:g}",
            expected="at least one refit, and a share between 0 and 1",
        )
    ordered = vectors[key_order(vectors.intervals)]
    units, unit = _units(ordered, animals)
    record = found.apply(ordered)
    # Behaviours that were accepted after the fit are not sought again.
    column = pd.Series(range(len(found)), index=list(found.fitted), dtype=np.int64)
    own = record["cluster"].map(column).fillna(NOISE).to_numpy(dtype=np.int64)
    runs = []
    seen: dict[str, list[NDArray[np.float64]]] = {"seed": [], "subsample": []}
    for kind, number, again in _refits(found, ordered, units, (seeds, subsamples), share, animals):
        table = again.apply(ordered)
        both = (record["cluster"].to_numpy() >= 0) & (table["cluster"].to_numpy() >= 0)
        near, other = record["nearest"].to_numpy(), table["nearest"].to_numpy()
        runs.append(
            {
                "kind": kind,
                "number": number,
                "clusters": len(again),
                "ari": adjusted_rand(near, other),
                "ari_kept": adjusted_rand(near[both], other[both]),
            }
        )
        seen[kind].append(jaccard(own, table["cluster"].to_numpy(), len(found)))
    columns = {f"jaccard_{kind}": _mean(rows, len(found)) for kind, rows in seen.items()}
    clusters = pd.DataFrame({"cluster": found.fitted, **columns})
    least = clusters[list(columns)].min(axis=1)
    clusters["verdict"] = np.select(
        [least.isna(), least >= STABLE, least >= DISSOLVED],
        ["unknown", "stable", "doubtful"],
        "dissolves",
    ).astype(object)
    return Stability(pd.DataFrame(runs, columns=_RUNS), clusters, unit)


def adjusted_rand(one: Ints, other: Ints) -> float:
    """Return the adjusted Rand index of two labellings of the same rows; NaN without rows."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, other)) if len(one) else float("nan")


def jaccard(
    one: NDArray[np.integer[Any]], other: NDArray[np.integer[Any]], n_clusters: int
) -> NDArray[np.float64]:
    """Return how well each cluster comes back in another labelling, shape (n_clusters,).

    The share of rows that a cluster and its best counterpart have in common among those that
    either has. Noise is no counterpart.
    """
    table = np.zeros((n_clusters + 1, int(other.max(initial=-1)) + 2))
    np.add.at(table, (one + 1, other + 1), 1)
    mine, theirs = table.sum(axis=1)[1:, None], table.sum(axis=0)[None, 1:]
    both = table[1:, 1:]
    either = mine + theirs - both
    if not both.size:
        return np.zeros(n_clusters)
    return np.asarray((both / np.maximum(either, 1)).max(axis=1))


def _units(vectors: Vectors, animals: Mapping[str, str] | None) -> tuple[Ints, str]:
    """Return what each row is left out with, and the word for it."""
    recording = vectors.intervals.recording
    named = np.asarray([(animals or {}).get(str(name), str(name)) for name in recording], object)
    codes, names = pd.factorize(named, sort=True)
    if len(names) >= 4:
        return codes.astype(np.int64), "animals" if animals else "recordings"
    # Few recordings: leave out stretches of each, long enough to hold whole bouts.
    units = np.empty(len(vectors), dtype=np.int64)
    for number, rows in enumerate(tracks(vectors.intervals).values()):
        blocks = np.arange(len(rows)) * _BLOCKS // max(len(rows), 1)
        units[rows.start : rows.stop] = number * _BLOCKS + blocks
    return units, "blocks of time"


def _refits(
    found: ClusterMap,
    vectors: Vectors,
    units: Ints,
    counts: tuple[int, int],
    share: float,
    animals: Mapping[str, str] | None,
) -> Iterator[tuple[str, int, ClusterMap]]:
    settings = replace(found.params, max_rows=min(found.params.max_rows, _ROWS))
    for number in range(counts[0]):
        other = replace(settings, seed=found.params.seed + 1 + number)
        if (again := _fitted(vectors, other, animals)) is not None:
            yield "seed", number, again
    names = np.unique(units)
    kept = min(max(1, round(share * len(names))), max(1, len(names) - 1))
    draw = np.random.default_rng([found.params.seed, len(vectors)])
    for number in range(counts[1]):
        chosen = np.isin(units, draw.choice(names, kept, replace=False))
        if (again := _fitted(vectors[chosen], settings, animals)) is not None:
            yield "subsample", number, again


def _fitted(
    vectors: Vectors, params: ClusterParams, animals: Mapping[str, str] | None
) -> ClusterMap | None:
    """Return another fit; None where too little is left for one: that says nothing of the first."""
    with warnings.catch_warnings():
        # What a refit warns of shows in its number of clusters.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return fit(vectors, params, animals=animals)
        except TooFewError:
            return None


def _mean(rows: Sequence[NDArray[np.float64]], n: int) -> NDArray[np.float64]:
    return np.mean(rows, axis=0) if rows else np.full(n, np.nan)
