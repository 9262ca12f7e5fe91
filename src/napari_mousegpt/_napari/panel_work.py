"""What the panels run in their thread, and how results come onto the screen as they are made."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt._napari.jobs import own_reader
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.runs import RunParams, RunResult, StudyResult
    from napari_mousegpt.runs.estimates import Estimate

__all__ = [
    "Outcome",
    "PanelPart",
    "Shown",
    "StudyOutcome",
    "estimate_parts",
    "joined_outside",
    "run_parts",
    "study_parts",
]


@dataclass(frozen=True, eq=False)
class PanelPart:
    """A finished part, with what can be shown of it already.

    Parameters
    ----------
    step, done, total, resumed
        As of a :class:`napari_mousegpt.store.Part`.
    preview : Ethogram or None
        All bouts so far, when the part brought new ones.
    centroids : dict of str to ndarray
        Where the animal was, where no pose tells.
    """

    step: str
    done: int
    total: int
    resumed: bool
    preview: Ethogram | None = None
    centroids: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of a run, and where the animal was where no pose tells.

    Parameters
    ----------
    result : RunResult
        What came of it.
    centroids : dict of str to ndarray
        See :func:`napari_mousegpt._napari.show.show`.
    """

    result: RunResult
    centroids: dict[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class StudyOutcome:
    """What came of a study.

    Parameters
    ----------
    result : StudyResult
        Of all recordings.
    found : RunResult or None
        Of the recording that is open in the viewer, if it is one of the study.
    opened : Recording or None
        That recording.
    """

    result: StudyResult
    found: RunResult | None
    opened: Recording | None


def run_parts(
    recording: Recording,
    out: Path | None,
    params: RunParams,
    within: Intervals | None = None,
    root: Path | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[PanelPart, None, Outcome]:
    """Run on a recording through its own decoders; yields parts, returns the outcome.

    Without ``out`` it goes to a folder of its own below ``root``. Finding that takes a look at the
    weights of a video encoder, so it is done here, beside the viewer.
    """
    from napari_mousegpt.runs import iter_run, load_run
    from napari_mousegpt.runs.places import run_place

    out = out or run_place(recording, params, within, root)
    centroids: dict[str, NDArray[np.float64]] = {}
    bouts: list[Intervals] = []
    with ExitStack() as readers:
        own = own_reader(recording, readers)
        for part in iter_run(own, out, params, within=within, cancelled=cancelled):
            preview = None
            if part.step == "features" and {"row", "column"} <= set(part.table.columns):
                shape = recording.n_frames, 2
                middle = centroids.setdefault("", np.full(shape, np.nan))
                middle[part.table["frame"].to_numpy()] = part.table[["row", "column"]].to_numpy()
            elif part.step == "words":
                preview = _preview(bouts, part.table)
            yield PanelPart(part.step, part.done, part.total, part.resumed, preview, centroids)
    result = load_run(out, recording)
    _ = result.projected  # read here, beside the viewer
    return Outcome(result, centroids)


def study_parts(
    table: Path,
    out: Path | None,
    params: RunParams,
    opened: Recording | None,
    root: Path | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[Any, None, StudyOutcome]:
    """Run on every recording of a study; yields parts, returns what came of it."""
    from napari_mousegpt.runs import iter_run_study, load_run, load_study_run
    from napari_mousegpt.runs.places import study_place

    out = out or study_place(table, params, root)
    yield from iter_run_study(table, out, params, cancelled=cancelled)
    result, found = load_study_run(out), None
    done = result.outcomes[result.outcomes["state"] == "done"]
    if opened is not None:
        mine = done[(done["recording"] == opened.id) & (done["frames"] == opened.n_frames)]
        if len(mine):
            found = load_run(out / str(mine["folder"].iloc[0]), opened)
            _ = found.projected
    return StudyOutcome(result, found, opened)


def estimate_parts(
    recording: Recording | None, study: Path | None, params: RunParams
) -> Iterator[Any]:
    """Look at a little of a recording, or of a study; returns a probe, or an estimate."""
    from napari_mousegpt.io.study import load_study
    from napari_mousegpt.runs.estimates import probe
    from napari_mousegpt.runs.study_estimates import estimate_study

    yield None
    found: Estimate | Mapping[str, float] = {}
    if study is not None:
        found = estimate_study(load_study(study), params)
    elif recording is not None:
        found = probe(recording, params)
    return found


class Shown:
    """The layers that a panel has put into a viewer; new ones take the place of the old.

    Parameters
    ----------
    viewer : ViewerModel
        Where.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._layers: list[Layer] = []
        self._of = ""
        self._now: Ethogram | None = None
        self._before: Ethogram | None = None

    def begin(self, recording: Recording | None, within: Intervals | None) -> None:
        """Take note that results for these stretches will come; words elsewhere stay."""
        same = recording is not None and recording.id == self._of and within is not None
        self._before = self._now if same else None

    def replace(
        self,
        recording: Recording,
        ethogram: Ethogram,
        centroids: Mapping[str, NDArray[np.floating[Any]]] | None = None,
        within: Intervals | None = None,
    ) -> bool:
        """Show an ethogram instead of what was shown before; False when it is not open any more."""
        state = state_of(self._viewer)
        if not state.layers_of(recording.id):
            self._layers = []
            return False
        active = self._viewer.layers.selection.active
        hidden = {layer.name for layer in self._layers if not layer.visible}
        self._clear()
        if self._before is not None and within is not None:
            ethogram = joined_outside(self._before, ethogram, within)
        if len(ethogram):
            mine = [tag.recording for _, tag in state.tags() if tag.recording.id == recording.id]
            self._layers = show(self._viewer, mine[0], ethogram, centroids=centroids)
        for layer in self._layers:
            layer.visible = layer.name not in hidden
        self._of, self._now = recording.id, ethogram
        # A panel does not take the tool out of somebody's hand.
        if active is not None and active in self._viewer.layers:
            self._viewer.layers.selection.active = active
        return True

    def _clear(self) -> None:
        """Take the layers away that are still there."""
        for layer in self._layers:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
        self._layers = []


def joined_outside(old: Ethogram, new: Ethogram, within: Intervals) -> Ethogram:
    """Return the new bouts, and the old ones as far as they lie outside some stretches.

    Clusters of two fits mean different things, so old clusters are left out altogether.
    """
    kept = old.select(source=["model", "human", "import"]).bouts.to_pandas()
    kept = kept[~kept["bout_id"].isin(new.bouts.column("bout_id"))]
    for span in within.merge():
        mine = (kept["individual"] == span.individual) | (span.individual == "")
        inside = mine & (kept["start"] < span.stop) & (kept["stop"] > span.start)
        left, right = kept[inside].copy(), kept[inside].copy()
        left["stop"], right["start"] = span.start, span.stop
        pieces = pd.concat([left, right])
        # A piece of a bout is another bout, with an id of its own.
        pieces["bout_id"] = ""
        kept = pd.concat([kept[~inside], pieces[pieces["start"] < pieces["stop"]]])
    if not len(kept):
        return new
    bouts = Intervals(pd.concat([kept, new.bouts.to_pandas()], ignore_index=True))
    return Ethogram(bouts, Intervals.concat([old.observed, new.observed]))


def _preview(bouts: list[Intervals], table: Any) -> Ethogram | None:
    """Return the bouts of all parts so far; one that goes on in the next part is still in two."""
    from napari_mousegpt.clusters import ethogram

    found = ethogram(table)
    if len(found):
        bouts.append(found.bouts)
    return Ethogram(Intervals.concat(bouts), source="model") if bouts else None
