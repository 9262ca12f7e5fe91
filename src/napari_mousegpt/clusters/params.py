"""Parameters of a cluster fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from napari_mousegpt.core.provenance import plain
from napari_mousegpt.errors import InputError

__all__ = ["BALANCES", "ENGINES", "ClusterParams", "is_newer", "rule_params"]

#: What can decide how many clusters there are.
ENGINES = ("consensus", "density", "fast")
#: What gives the same number of rows to a fit that cannot look at all of them.
BALANCES = ("animals", "recordings")
#: Fields that maps of version 1 did not have, and what they were without them.
_NEWER = {"engine": "consensus", "weights": []}
#: Fields that play no part in what a map says.
_BESIDE = ("balance", "refits")


@dataclass(frozen=True)
class ClusterParams:
    """How vectors become clusters.

    Parameters
    ----------
    seed : int
        Start of all random choices.
    variance : float
        Share of variance the principal components keep.
    min_components, max_components : int
        At least and at most so many components, as far as there are columns. Partitions on few
        components agree too easily, and slice what belongs together.
    clip : float
        Standardised values beyond this many standard deviations are cut to it.
    min_seen : float
        Share of numbers that must be there for a row to be looked at; rows below are noise.
    bout_s : float
        Median length of the bouts that consecutive windows are joined to, in seconds; 0 leaves
        every window by itself.
    bout_windows : int
        The same in windows, for vectors whose intervals carry no ``start_s`` and ``stop_s``.
    max_rows : int
        Rows that the fit looks at, shared evenly among recordings. Every row gets its label.
    micro_clusters : int
        Small groups of bouts that the consensus is made of.
    partitions : int
        How many random partitions vote.
    partition_sizes : (int, int)
        Smallest and largest number of groups of a partition.
    partition_share : float
        Share of components that each partition sees, at least two of them.
    min_cluster_size : int
        Fewest micro-clusters of a cluster.
    min_cluster_share : float
        The same as a share of all micro-clusters; the larger of both counts.
    max_cluster_share : float
        When one cluster would hold more of the clustered time than this, clusters are sought again
        with at most a quarter of the micro-clusters each.
    abstain_below : float
        Bouts of less strength get the cluster -1 (noise); strength 1 is what the firmest tenth of
        a cluster's members reach.
    reach : float
        Bouts farther from every micro-cluster than this many times what was met in the fit are
        noise of strength 0; 0 switches this off.
    engine : str
        What decides how many clusters there are. ``"consensus"``: votes of random partitions, for
        what has no gaps (kinematics), and safe for everything. ``"density"``: HDBSCAN over the
        components, for what comes in separate crowds (embeddings of video or words). ``"fast"``:
        the same by ``fast-hdbscan`` (extra ``fast``). Where density collapses, the consensus is
        taken instead, with a warning.
    weights : tuple of (str, float)
        Share of variance of each fused space, see :func:`~napari_mousegpt.clusters.fusing.fuse`.
        Empty: every column counts the same.
    balance : str
        When there are more than ``max_rows``: ``"animals"`` share them evenly, and of each its
        recordings; or every one of the ``"recordings"`` gives the same number.
    refits : int
        The fit is repeated so many times with other seeds, and so many times on half of the data,
        to say how stable the clusters are; 0 leaves that out.
    """

    seed: int = 0
    variance: float = 0.9
    min_components: int = 8
    max_components: int = 50
    clip: float = 6.0
    min_seen: float = 0.5
    bout_s: float = 1.0
    bout_windows: int = 3
    max_rows: int = 60_000
    micro_clusters: int = 400
    partitions: int = 200
    partition_sizes: tuple[int, int] = (4, 20)
    partition_share: float = 0.5
    min_cluster_size: int = 5
    min_cluster_share: float = 0.0125
    max_cluster_share: float = 0.75
    abstain_below: float = 0.5
    reach: float = 2.0
    engine: str = "consensus"
    weights: tuple[tuple[str, float], ...] = ()
    balance: str = "animals"
    refits: int = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "partition_sizes", tuple(self.partition_sizes))
        pairs = tuple((str(space), float(weight)) for space, weight in self.weights)
        object.__setattr__(self, "weights", pairs)
        _within(self, "variance", 0, 1, open_low=True)
        for name in ("min_seen", "partition_share", "max_cluster_share"):
            _within(self, name, 0, 1, open_low=True)
        _within(self, "min_cluster_share", 0, 0.5)
        _within(self, "abstain_below", 0, 1)
        for name in ("bout_s", "reach", "seed"):
            _within(self, name, 0, float("inf"))
        _within(self, "clip", 0, float("inf"), open_low=True)
        for name, least in (
            ("min_components", 1),
            ("max_components", 1),
            ("bout_windows", 1),
            ("max_rows", 100),
            ("micro_clusters", 10),
            ("partitions", 10),
            ("min_cluster_size", 2),
            ("refits", 0),
        ):
            _within(self, name, least, float("inf"))
        if self.min_components > self.max_components:
            raise InputError(
                f"min_components={self.min_components}",
                expected=f"at most max_components={self.max_components}",
            )
        low, high = self.partition_sizes
        if not 2 <= low <= high:
            raise InputError(
                f"partition_sizes={self.partition_sizes}",
                expected="two numbers, the first at least 2 and not above the second",
            )
        if self.engine not in ENGINES:
            raise InputError(f"engine={self.engine!r}", expected=f"one of {', '.join(ENGINES)}")
        if self.balance not in BALANCES:
            raise InputError(f"balance={self.balance!r}", expected=f"one of {', '.join(BALANCES)}")
        twice = sorted({space for space, _ in pairs if [one for one, _ in pairs].count(space) > 1})
        if twice:
            raise InputError(f"weights of {', '.join(twice)}", expected="one for each space")
        for space, weight in self.weights:
            if not 0 < weight < float("inf"):
                raise InputError(
                    f"weight {weight} of {space!r}",
                    expected="more than 0",
                    remedy="Leave a space that must not count out of the fusion.",
                )


def is_newer(params: ClusterParams) -> bool:
    """Whether programs that know version 1 of maps only cannot read these parameters."""
    return not _NEWER.keys().isdisjoint(rule_params(params))


def rule_params(params: ClusterParams) -> dict[str, Any]:
    """Return what belongs to a frozen map, as plain values.

    What came after the first maps is left out where it is as it always was, so that those keep
    their ids, and older programs read maps that need nothing new.
    """
    kept: dict[str, Any] = plain(params)
    return {
        name: value
        for name, value in kept.items()
        if name not in _BESIDE and not (name in _NEWER and value == _NEWER[name])
    }


def _within(
    params: ClusterParams, name: str, low: float, high: float, *, open_low: bool = False
) -> None:
    value = getattr(params, name)
    if not (low < value or (value == low and not open_low)) or not value <= high:
        least = "above" if open_low else "at least"
        most = f" and at most {high:g}" if high < float("inf") else ""
        raise InputError(
            f"{name}={value}", expected=f"{least} {low:g}{most}", remedy="Change this parameter."
        )
