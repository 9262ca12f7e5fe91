"""Words for the clusters of a run, made beside the viewer: what it costs, and the work itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt._napari.carried_words import percent
from napari_mousegpt._napari.job_progress import about
from napari_mousegpt._napari.jobs import own_reader
from napari_mousegpt._napari.panel_work import Outcome, PanelPart, StudyOutcome
from napari_mousegpt.models.engine import Cancelled

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.runs import RunResult, StudyResult
    from napari_mousegpt.runs.some_words import SomeWords
    from napari_mousegpt.words import DescribeParams
    from napari_mousegpt.words.representatives import PropagateParams

__all__ = ["STEPS", "Clustered", "Price", "carry_parts", "price_parts"]

#: How the time is shared by the steps.
STEPS = {"words": 0.95, "checking": 0.05}


@dataclass(frozen=True, eq=False)
class Clustered:
    """Clusters that words are wanted for.

    Parameters
    ----------
    result : RunResult or StudyResult
        Where they were found.
    opened : Recording or None
        The recording in the viewer that they can be shown on.
    clusters : DataFrame
        :data:`napari_mousegpt.core.tables.CLUSTERS`.
    centroids : dict of str to ndarray
        See :func:`napari_mousegpt._napari.show.show`.
    """

    result: RunResult | StudyResult
    opened: Recording | None
    clusters: pd.DataFrame
    centroids: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @classmethod
    def of(cls, outcome: Outcome | StudyOutcome) -> Clustered | None:
        """Return the clusters of what a panel has run; None where none were found."""
        if isinstance(outcome, StudyOutcome):
            clusters = outcome.result.clusters
            opened = None if outcome.found is None else outcome.opened
            return None if clusters is None else cls(outcome.result, opened, clusters)
        groups = outcome.result.groups
        if groups is None:
            return None
        found = outcome.result
        return cls(found, found.recording, groups.clusters, outcome.centroids)

    @property
    def names(self) -> dict[int, str]:
        """Name of each cluster, the one with most time first."""
        table = self.clusters.sort_values("seconds", ascending=False)
        named = table[["cluster", "name"]].to_numpy().tolist()
        return {int(cluster): str(name) for cluster, name in named}


@dataclass(frozen=True)
class Price:
    """What a describer would be asked, before anything is spent.

    Parameters
    ----------
    calls, total : int
        Stretches that are described, and all of them.
    by : {"rules", "model", "server"}
        Who describes.
    seconds : float
        How long it takes; NaN where nobody knows.
    """

    calls: int
    total: int
    by: str
    seconds: float = math.nan

    def lines(self) -> list[str]:
        """Return it for people."""
        who = _WHO[self.by]
        share = percent(self.calls / max(1, self.total))
        said = [f"{who} would describe {self.calls} of {self.total} stretches ({share} %)."]
        if self.calls >= self.total:
            said.append("That is all of them: nothing is left to carry words to. Choose fewer.")
        if not math.isnan(self.seconds):
            said.append(f"It takes {about(self.seconds)}, by the trials of the model here.")
        else:
            said.append(_UNKNOWN[self.by])
        return said


_WHO = {"rules": "Rules", "model": "The model", "server": "The server"}
_UNKNOWN = {
    "rules": "No model is needed: it takes about as long as measuring the video or pose.",
    "model": "How long it takes is not known: the model was never tried on this machine "
    "(napari-mousegpt certify).",
    "server": "How long the server takes shows when it answers.",
}


def price_parts(
    clustered: Clustered, describing: DescribeParams, params: PropagateParams
) -> Generator[None, None, Price]:
    """Work out what would be asked, and for how long; nothing is asked, loaded or fetched."""
    from napari_mousegpt.runs import RunParams
    from napari_mousegpt.runs.describing_some import DescribeSomeParams, plan_describe_some
    from napari_mousegpt.runs.model_speed import known_model, model_speed

    yield None
    plan = plan_describe_some(clustered.result, DescribeSomeParams(propagate=params))
    if describing.by_rules:
        return Price(plan.calls, plan.total, "rules")
    yield None
    by = "model" if describing.server is None else "server"
    model = known_model(RunParams(make="words", describer=describing))
    speed = {} if model is None else model_speed(model)
    if "ask_s" not in speed:
        return Price(plan.calls, plan.total, by)
    seconds = speed["model_loading"] + plan.calls * speed["ask_s"]
    return Price(plan.calls, plan.total, by, seconds)


def carry_parts(
    clustered: Clustered,
    describing: DescribeParams,
    params: PropagateParams,
    out: Path | None = None,
    root: Path | None = None,
    calls: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[PanelPart, None, SomeWords]:
    """Describe examples and an audit of every cluster, carry the words; returns what came of it.

    The open recording is read through decoders of its own. Without ``out`` the run goes to a
    folder of its own below ``root``. With the number of ``calls`` that the price told, what is
    done is counted in stretches.
    """
    from napari_mousegpt.runs.describing_some import DescribeSomeParams, iter_describe_some

    with ExitStack() as readers:
        opened = clustered.opened
        own = None if opened is None else {opened.id: own_reader(opened, readers)}
        parts = iter_describe_some(
            clustered.result,
            describing,
            DescribeSomeParams(propagate=params),
            out=out,
            root=root,
            recordings=own,
            cancelled=cancelled,
        )
        found = yield from _steps(parts, calls)
    if found is None:
        raise Cancelled
    return found


def _steps(
    parts: Generator[Any, None, SomeWords | None], calls: int
) -> Generator[PanelPart, None, SomeWords | None]:
    described = 0
    try:
        while True:
            try:
                part = next(parts)
            except StopIteration as end:
                found: SomeWords | None = end.value
                return found
            step, done, total = part.step, part.done, part.total
            if step == "carried":
                step = "checking"
            elif calls:
                described += len(part.table)
                done, total = described, calls
            yield PanelPart(step, done, total, part.resumed)
    finally:
        parts.close()
