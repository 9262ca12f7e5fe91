"""Settings of the two questions about novelty."""

from __future__ import annotations

from dataclasses import dataclass

from napari_mousegpt.clusters.params import ClusterParams
from napari_mousegpt.errors import InputError

__all__ = ["ODD_SCORES", "NoveltyParams", "OddParams"]

#: Scores of ``odd_within``, the default first.
ODD_SCORES = ("distance_ratio", "isolation_forest", "lof", "distance")
_METHODS = ("density", "classifier", "both")


@dataclass(frozen=True)
class NoveltyParams:
    """How new recordings are held against a reference.

    Parameters
    ----------
    method : str
        ``"density"`` (share of neighbours from new recordings), ``"classifier"`` (reference
        against new, scored on recordings it has not seen) or ``"both"`` (their mean, the default;
        in wide vectors it takes several times as long as ``"density"``).
    k : int
        Neighbours that are asked, 30 to 100; never windows of the own recording or animal of who
        asks.
    steps : int
        How often the question is passed on: neighbours of neighbours count 2, and so on. 1 asks
        the neighbours alone.
    false_alarms : float
        Stated share of windows of a recording without anything new that may be flagged.
    batch_share : float
        A recording with at least this share of its windows flagged is called a batch effect.
    variance : float
        Share of variance that the principal components keep.
    max_components : int
        At most so many of them.
    clip, min_seen : float
        See :class:`~napari_mousegpt.clusters.params.ClusterParams`.
    max_pool : int
        Windows that neighbours are sought among, as many of each recording, for the question and
        for each draw of the control. Every window gets its score.
    max_reference : int
        Windows of the reference that are kept, as many of each animal and evenly over it; nothing
        is drawn at random. Bounds the memory: 50,000 windows of 384 numbers are 77 MB.
    draws : int
        How often reference recordings are set against each other, at least; each recording gets
        its turn.
    min_recordings : int
        New recordings (animals where they are named) that a candidate behaviour must occur in.
    min_candidate : int
        Flagged windows that a candidate must have.
    seed : int
        Start of all random choices.
    """

    method: str = "both"
    k: int = 60
    steps: int = 10
    false_alarms: float = 0.05
    batch_share: float = 0.5
    variance: float = 0.9
    max_components: int = 50
    clip: float = 6.0
    min_seen: float = 0.5
    max_pool: int = 8_000
    max_reference: int = 50_000
    draws: int = 6
    min_recordings: int = 2
    min_candidate: int = 15
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("method", self.method, _METHODS)
        _between("false_alarms", self.false_alarms, 0.001, 0.5)
        _between("batch_share", self.batch_share, 0.05, 1)
        for name, least in (
            ("k", 5),
            ("steps", 1),
            ("max_pool", 200),
            ("max_reference", 200),
            ("draws", 1),
            ("min_recordings", 1),
            ("min_candidate", 2),
            ("seed", 0),
        ):
            _between(name, getattr(self, name), least, float("inf"))
        self.projection  # noqa: B018 - checks the rest

    @property
    def projection(self) -> ClusterParams:
        """How vectors are standardised and projected; checks the values."""
        return _projection(self)


@dataclass(frozen=True)
class OddParams:
    """How windows are found that are unlike all others.

    Parameters
    ----------
    score : str
        ``"distance_ratio"`` (distance to the k-th neighbour over what its neighbours have),
        ``"isolation_forest"``, ``"lof"`` (local outlier factor) or ``"distance"`` (to the k-th
        neighbour).
    k : int
        Which neighbour; the local outlier factor takes twice as many.
    false_alarms : float
        Share of windows of an ordinary recording that may be flagged.
    batch_share, variance, max_components, clip, min_seen, max_pool, seed
        As in :class:`NoveltyParams`.
    """

    score: str = "distance_ratio"
    k: int = 10
    false_alarms: float = 0.05
    batch_share: float = 0.5
    variance: float = 0.9
    max_components: int = 50
    clip: float = 6.0
    min_seen: float = 0.5
    max_pool: int = 20_000
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("score", self.score, ODD_SCORES)
        _between("false_alarms", self.false_alarms, 0.001, 0.5)
        _between("batch_share", self.batch_share, 0.05, 1)
        for name, least in (("k", 1), ("max_pool", 200), ("seed", 0)):
            _between(name, getattr(self, name), least, float("inf"))
        self.projection  # noqa: B018 - checks the rest

    @property
    def projection(self) -> ClusterParams:
        """How vectors are standardised and projected; checks the values."""
        return _projection(self)


def _projection(params: NoveltyParams | OddParams) -> ClusterParams:
    return ClusterParams(
        seed=params.seed,
        variance=params.variance,
        min_components=min(8, params.max_components),
        max_components=params.max_components,
        clip=params.clip,
        min_seen=params.min_seen,
    )


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(f"{name}={value!r}", expected=f"one of {', '.join(known)}")


def _between(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        most = f" and at most {high:g}" if high < float("inf") else ""
        raise InputError(
            f"{name}={value}", expected=f"at least {low:g}{most}", remedy="Change this parameter."
        )
