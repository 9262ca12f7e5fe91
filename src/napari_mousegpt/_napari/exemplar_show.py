"""Exemplars of a label for a panel: chosen, read beside the viewer, played. No window is needed."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_mousegpt._napari.jobs import Job, own_reader, start_job
from napari_mousegpt._napari.picture_loop import PictureLoop
from napari_mousegpt.reports.exemplar_movie import ExemplarParams, iter_exemplars, plan_exemplars
from napari_mousegpt.reports.grid_movie import GridPage
from napari_mousegpt.reports.grid_plan import Cell

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.core.ethogram import Ethogram
    from napari_mousegpt.core.recording import Recording

__all__ = ["ExemplarShow", "exemplar_labels", "movie_parts", "paced"]

#: Seconds between two reports of a job that has many small parts.
_REPORT_S = 0.05


def paced(parts: Iterable[Any], every: float = _REPORT_S) -> Generator[Any, None, Any]:
    """Pass on the parts of a job, but not more than some a second; return what it returned.

    The last part of each step always comes.
    """
    last, source = 0.0, iter(parts)
    while True:
        try:
            part = next(source)
        except StopIteration as end:
            return end.value
        now = time.monotonic()
        if now - last >= every or part.done == part.total:
            last = now
            yield part


def movie_parts(
    recordings: Mapping[str, Recording],
    ethogram: Ethogram,
    labels: Mapping[str, Path],
    params: ExemplarParams,
    colours: Mapping[str, str],
    *,
    overwrite: bool,
) -> Generator[Any, None, list[Path]]:
    """Write a movie for each label, with decoders of its own; return the files."""
    with ExitStack() as readers:
        own = [own_reader(recording, readers) for recording in recordings.values()]
        for label, path in labels.items():
            yield from paced(
                iter_exemplars(
                    own, ethogram, label, path, params, colours=colours, overwrite=overwrite
                )
            )
    return list(labels.values())


def exemplar_labels(ethograms: Iterable[Ethogram]) -> dict[str, int]:
    """Return how many bouts each label has that are not rejected, by label; none without any."""
    counts: dict[str, int] = {}
    for ethogram in ethograms:
        kept = ethogram.bouts.column("status") != "rejected"
        names, numbers = np.unique(
            ethogram.bouts.column("label")[kept].astype(str), return_counts=True
        )
        for name, number in zip(names.tolist(), numbers.tolist(), strict=True):
            counts[name] = counts.get(name, 0) + number
    return dict(sorted(counts.items()))


class ExemplarShow:
    """The page of clips that a panel plays.

    Parameters
    ----------
    viewer : ViewerModel
        Whose window stays usable while clips are read.
    """

    #: Emitted when reading has begun, went on, or has ended.
    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self.job: Job | None = None
        self.page: GridPage | None = None
        self.loop: PictureLoop | None = None
        self._begun: float | None = None
        self._asked: object = None

    @property
    def ready(self) -> bool:
        """Whether all clips are read."""
        return self.loop is not None

    @property
    def error(self) -> Exception | None:
        """Why nothing is played any more, None while all is well."""
        return None if self.loop is None else self.loop.error

    @property
    def rate(self) -> float:
        """Pictures per second."""
        return 30.0 if self.page is None else float(self.page.plan.rate)

    def open(
        self,
        recordings: Mapping[str, Recording],
        ethogram: Ethogram,
        label: str,
        params: ExemplarParams,
        colours: Mapping[str, str],
        columns: int = 0,
    ) -> None:
        """Choose bouts and begin to read their clips, unless they are shown or read already.

        What was shown before is dropped.

        Parameters
        ----------
        recordings, ethogram, label, params, colours
            See :func:`~napari_mousegpt.reports.exemplar_movie.exemplars`.
        columns : int
            Clips in a row; 0 chooses.

        Raises
        ------
        InputError
            When there is no such bout, or a recording has no video.
        """
        one_page = replace(params, grid=replace(params.grid, per_page=params.n, columns=columns))
        chosen, plan = plan_exemplars(recordings, ethogram, label, one_page)
        sources = {name: recordings[name].video for name in set(chosen.bouts.recording)}
        asked = (chosen, one_page, sources, colours.get(label))
        if asked == self._asked and (self.ready or (self.job is not None and not self.job.done)):
            return
        self.close()
        self._asked = asked
        page = self.page = GridPage(plan, 0, colours)
        self.job = start_job(
            self._viewer,
            _read,
            page,
            recordings,
            title="Read exemplars",
            on_done=lambda _: self._ready(page),
            notify=False,
        )
        self.job.progressed.connect(lambda _: self.changed.emit())
        self.job.ended.connect(self._on_ended)
        self.changed.emit()

    def play(self) -> None:
        """Go on, or begin; nothing happens while clips are read."""
        if self.loop is not None and not self.loop.running:
            self.loop.start()
            self._begun = time.monotonic()

    def pause(self) -> None:
        """Stop; the thread that paints is gone then."""
        if self.loop is not None:
            self.loop.stop()
        self._begun = None

    def take(self) -> NDArray[np.uint8] | None:
        """Return the picture that is due by the clock, None if there is no new one."""
        if self.loop is None or self._begun is None:
            return None
        return self.loop.take(int((time.monotonic() - self._begun) * self.rate))

    def still(self) -> NDArray[np.uint8] | None:
        """Return the picture in which the bouts begin, with the clips read so far."""
        return None if self.page is None else self.page.picture(self.page.plan.begin)

    def cell_at(self, x: float, y: float) -> Cell | None:
        """Return the clip at a place of the picture."""
        return None if self.page is None else self.page.cell_at(x, y)

    def close(self, *_: Any) -> None:
        """Stop reading and playing, and drop the clips."""
        self.pause()
        if self.job is not None and not self.job.done:
            self.job.cancel()
        elif self.page is not None:
            # A page that is still read is closed by its job.
            self.page.close()
        self.job = self.page = self.loop = self._asked = None

    def _ready(self, page: GridPage) -> None:
        if page is not self.page:
            page.close()  # another one was asked for meanwhile
        else:
            self.loop = PictureLoop(page.picture, page.n_pictures)

    def _on_ended(self, job: Job) -> None:
        if job is self.job:
            self.changed.emit()


def _read(page: GridPage, recordings: Mapping[str, Recording]) -> Iterator[Any]:
    """Read the clips of a page with decoders of its own."""
    read = False
    try:
        with ExitStack() as readers:
            own = {name: own_reader(one, readers) for name, one in recordings.items()}
            yield from paced(page.load(own))
        read = True
    finally:
        if not read:
            page.close()
