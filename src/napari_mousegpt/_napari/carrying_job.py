"""Words for clusters, asked for from a panel: the price is known first, then one job at a time."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_mousegpt._napari.carried_words import told
from napari_mousegpt._napari.carrying import STEPS, Clustered, Price, carry_parts, price_parts
from napari_mousegpt._napari.extras import take_words
from napari_mousegpt._napari.job_progress import JobProgress
from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.panel_work import Shown
from napari_mousegpt._napari.run_settings import run_settings
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.clusters import ethogram

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.runs.some_words import SomeWords
    from napari_mousegpt.words import DescribeParams
    from napari_mousegpt.words.representatives import PropagateParams

__all__ = ["Carrying"]


class Carrying:
    """Prices, runs and shows words for the clusters that a panel has in hand.

    Parameters
    ----------
    viewer : ViewerModel
        Where the words are shown.

    Attributes
    ----------
    clustered : Clustered or None
        The clusters.
    price : Price, Exception or None
        What is known of what the last choice would cost; None while that is worked out.
    job : Job or None
        The one that goes on, or the last one.
    text : str
        Where it is, or what came of it.
    words : SomeWords or None
        What came of the last one.
    """

    #: Emitted when there is another text or price, or more is done.
    changed = Signal()
    #: Emitted when there are words.
    found = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._shown = Shown(viewer)
        self._progress = JobProgress()
        self._pricing: Job | None = None
        self._asked: tuple[Any, ...] | None = None
        self._priced: tuple[Any, ...] | None = None
        self.clustered: Clustered | None = None
        self.price: Price | Exception | None = None
        self.job: Job | None = None
        self.text = ""
        self.words: SomeWords | None = None

    @property
    def busy(self) -> bool:
        """Whether words are being made."""
        return self.job is not None and not self.job.done

    @property
    def pricing(self) -> bool:
        """Whether the price is being worked out."""
        return self._pricing is not None

    @property
    def share(self) -> float | None:
        """How much is done, 0 to 1; None while it cannot be said."""
        return self._progress.share

    def take(self, clustered: Clustered | None) -> None:
        """Take other clusters in hand; work on those before is ended, and kept on disk."""
        self.cancel()
        self.clustered, self.job, self.words = clustered, None, None
        self.price, self._asked, self._priced = None, None, None
        self.text = ""
        self.changed.emit()

    def choose(self, describing: DescribeParams | None, params: PropagateParams) -> None:
        """Work out what a choice would cost, beside the viewer; None for no describer yet."""
        if self.clustered is None or describing is None:
            self._asked, self.price = None, None
            self.changed.emit()
            return
        wanted = (self.clustered, describing, params)
        if wanted == self._asked:
            return
        self._asked, self.price = wanted, None
        self._begin_pricing()
        self.changed.emit()

    def _begin_pricing(self) -> None:
        """Price the last choice; one at a time, as a look at a long recording cannot be stopped."""
        if self._pricing is not None or self._asked is None:
            return
        self._priced = self._asked
        self._pricing = start_job(
            self._viewer, price_parts, *self._asked, title="Estimate", notify=False
        )
        # A method is held weakly: a job that ends late keeps nobody alive.
        self._pricing.ended.connect(self._on_priced)

    def _on_priced(self, job: Job) -> None:
        if job is not self._pricing:
            return
        self._pricing = None
        if self._priced != self._asked:
            self._begin_pricing()
        elif job.error is not None:
            self.price = job.error
        elif job.state == "finished":
            self.price = job.result
        self.changed.emit()

    def start(self, describing: DescribeParams, params: PropagateParams, out: str = "") -> None:
        """Describe examples and an audit, and carry the words.

        Parameters
        ----------
        describing : DescribeParams
            Who describes, and what it is asked.
        params : PropagateParams
            How many of each cluster.
        out : str
            Folder for results; empty for one of its own.
        """
        if self.clustered is None or self.busy:
            return
        self.words = None
        self._progress = JobProgress(STEPS)
        self._shown.begin(self.clustered.opened, None)
        self.job = start_job(
            self._viewer,
            carry_parts,
            self.clustered,
            describing,
            params,
            Path(out) if out else None,
            run_settings().path,
            self.price.calls if isinstance(self.price, Price) else 0,
            title="Words for clusters",
            on_done=partial(self._on_done, self.clustered),
            notify=False,
        )
        self.job.progressed.connect(self._on_part)
        self.job.ended.connect(self._on_ended)
        self._say("Starting ...")

    def cancel(self) -> None:
        """Stop within the clip that is being described; a new start goes on from there."""
        if self.busy and self.job is not None:
            self.job.cancel()
            self._say("Stopping ...")

    def give_up(self) -> None:
        """End all work: nobody looks at it any more."""
        self._asked = None
        for job in (self.job, self._pricing):
            if job is not None:
                job.cancel()

    def tick(self) -> None:
        """Tell the time left again, as time goes on."""
        if self.busy and self.job is not None and not self.job.cancelling:
            self._say(self._progress.text())

    def _say(self, text: str) -> None:
        self.text = text
        self.changed.emit()

    def _on_part(self, part: Any) -> None:
        self._progress.note(part)
        self.tick()

    def _on_done(self, clustered: Clustered, words: SomeWords) -> None:
        if clustered is not self.clustered:
            return  # others are in hand by now
        self.words = words
        lines = told(words)
        opened = clustered.opened
        if opened is not None:
            mine = words.words[words.words["recording"] == opened.id]
            if self._shown.replace(opened, ethogram(mine), clustered.centroids):
                take_words(state_of(self._viewer), opened.id, mine)
            else:
                lines.append(f"{opened.id} is not open any more, so nothing is shown on it.")
        self.text = "\n".join(lines)
        self.found.emit()

    def _on_ended(self, job: Job) -> None:
        if job is not self.job:
            return  # the clusters it was about are not in hand any more
        if job.state == "cancelled":
            self.text = "Cancelled. What was described is kept; Describe goes on from there."
        self.changed.emit()
