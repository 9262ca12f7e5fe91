"""Going to a frame of a recording that a result tells of, opening the recording where need be."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_mousegpt._napari.state import ViewerState
    from napari_mousegpt.runs import RunResult

__all__ = ["Going"]

#: Layers that were hidden to show another recording in their place.
_HIDDEN: weakref.WeakKeyDictionary[ViewerState, weakref.WeakSet[Layer]] = (
    weakref.WeakKeyDictionary()
)


class Going:
    """Shows frames of recordings in a viewer.

    Parameters
    ----------
    viewer : ViewerModel
    start : callable
        Starts a job.
    """

    #: Emitted with a sentence, or with the error that keeps a recording closed.
    told = Signal(object)

    def __init__(self, viewer: ViewerModel, start: Callable[..., Job] = start_job) -> None:
        self._viewer, self._start = viewer, start
        self._state = state_of(viewer)
        self.job: Job | None = None
        self._wanted: tuple[str, int] | None = None

    def go(self, recording: str, frame: int, runs: Mapping[str, Path]) -> bool:
        """Show a frame; a recording that is not open is opened first, beside the viewer.

        Parameters
        ----------
        recording : str
            Its id.
        frame : int
            The frame.
        runs : mapping of str to Path
            Run folder of each recording, which knows where its files are.

        Returns
        -------
        bool
            Whether the frame is shown already.
        """
        self._wanted = (recording, frame)
        opening = self.job is not None and not self.job.done
        if self.job is not None and opening:
            self.job.cancel()
        if recording in self._state.open_recordings:
            if opening:
                self.told.emit("")
            self._show()
            return True
        if recording not in runs:
            self.told.emit(
                InputError(
                    f"recording {recording!r}",
                    expected="one that is open, or has results in this folder",
                    found="neither",
                    remedy='Open it under "Open recording", then click again.',
                )
            )
            return False
        self.told.emit(f"Opening {recording} ...")
        self.job = self._start(
            self._viewer, _opened, runs[recording], title=f"Open {recording}",
            on_done=self._on_opened, notify=False,
        )  # fmt: skip
        self.job.ended.connect(self._on_ended)
        return False

    def cancel(self) -> None:
        """Open nothing any more."""
        self._wanted = None
        if self.job is not None and not self.job.done:
            self.job.cancel()

    def _on_opened(self, found: RunResult) -> None:
        if self._wanted is None or self._wanted[0] != found.recording.id:
            return
        if found.recording.id not in self._state.open_recordings:
            show(self._viewer, found.recording, found.ethogram)
        self.told.emit("")
        self._show(opened=True)

    def _on_ended(self, job: Job) -> None:
        if job is self.job and job.error is not None and not job.cancelling:
            self.told.emit(job.error)

    def _show(self, *, opened: bool = False) -> None:
        assert self._wanted is not None
        recording, frame = self._wanted
        layers = self._state.layers_of(recording)
        active = self._viewer.layers.selection.active
        if active not in layers:
            # The panels follow the recording of the active layer.
            self._viewer.layers.selection.active = layers[0]
        uncovered = self._uncover(recording, layers)
        self._state.desk(recording).go_to(frame)
        if opened or uncovered or active not in layers:
            # Recordings differ in size, and the view is still that of another one.
            seen = [layer for layer in layers if layer.visible]
            self._viewer.fit_to_view(layers=seen or layers)

    def _uncover(self, recording: str, layers: list[Layer]) -> bool:
        """Hide recordings that lie in the same place; returns whether anything changed.

        What was hidden so comes back when somebody goes there; what the user has hidden does not.
        """
        hidden = _HIDDEN.setdefault(self._state, weakref.WeakSet())
        back = [layer for layer in layers if layer in hidden]
        for layer in back:
            hidden.discard(layer)
            layer.visible = True
        others: list[Layer] = []
        for other in self._state.open_recordings:
            theirs = self._state.layers_of(other)
            # Side by side in a grid nothing is covered.
            if (
                other != recording
                and not self._viewer.canvas.grid.enabled
                and _overlap(theirs, layers)
            ):
                others += [layer for layer in theirs if layer.visible]
        for layer in others:
            hidden.add(layer)
            layer.visible = False
        return bool(back or others)


def _overlap(some: list[Layer], others: list[Layer]) -> bool:
    """Whether layers take some of the place that others take."""
    low, high = _place(some)
    least, most = _place(others)
    return bool((low < most).all() and (least < high).all())


def _place(layers: list[Layer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the first and the last corner (y, x) of the place that layers take."""
    corners = [layer.extent.world[:, -2:] for layer in layers]
    # A layer of points may have none just now.
    known = np.array([one for one in corners if np.isfinite(one).all()])
    if not len(known):
        return np.full(2, np.nan), np.full(2, np.nan)
    return known[:, 0].min(axis=0), known[:, 1].max(axis=0)


def _opened(folder: Path) -> Generator[None, None, RunResult]:
    """Open the recording of a run with its results."""
    from napari_mousegpt.runs import load_run

    yield None
    return load_run(folder)
