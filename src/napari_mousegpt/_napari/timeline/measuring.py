"""What the timeline shows and somebody has to compute first: measures and visits to zones."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_mousegpt.core.body import BodyMap
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.features import MEASURES, FeatureParams, FrameFeatures
from napari_mousegpt.features.measures import Body, measure
from napari_mousegpt.features.silhouettes import NAMES

if TYPE_CHECKING:
    from napari_mousegpt._napari.extras import Extras
    from napari_mousegpt._napari.jobs import Job
    from napari_mousegpt.core.recording import Recording

__all__ = ["TrackJobs", "measures_of"]


def measures_of(recording: Recording) -> dict[str, str]:
    """Return the measures a recording allows and what they mean, before it is measured."""
    pose = recording.pose
    if pose is None:
        return {name: MEASURES[name].meaning for name in NAMES if recording.video is not None}
    parts = BodyMap.from_names([str(name) for name in pose["keypoints"].values]).roles
    if not parts:
        return {}
    nothing = {role: np.full((pose.sizes["space"], 1), np.nan) for role in parts}
    return {name: MEASURES[name].meaning for name in measure(Body(nothing, np.zeros(1), 1, 1.0))}


@dataclass(frozen=True)
class _Step:
    """How far a job is."""

    done: int
    total: int
    step: str = ""


class TrackJobs:
    """Computes what tracks need, each thing once, beside the viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Whose jobs these are; held weakly.
    start : callable, optional
        Starts a job, as :func:`napari_mousegpt._napari.jobs.start_job` does.
    """

    #: Emitted with a sentence when something cannot be computed.
    failed = Signal(str)

    def __init__(self, viewer: Any, start: Callable[..., Job] | None = None) -> None:
        self._viewer = weakref.ref(viewer)
        self._start = start
        self._busy: dict[tuple[str, str], Job] = {}

    def want(self, recording: Recording, extras: Extras) -> None:
        """Begin what is needed for a recording and neither known nor on its way."""
        zones = any(arena.zones for arena in recording.primary.arenas)
        measured = extras.measured
        if zones and recording.pose is not None and measured.zones(recording) is None:
            nowhere = Intervals.empty().assign(label=np.array([], dtype=object))
            self._begin(
                "Zones of the timeline", recording, extras, _visits, measured.keep_zones, nowhere
            )
        if extras.traces and measured.features(recording) is None:
            self._begin(
                "Traces of the timeline", recording, extras, _features, measured.keep_features, {}
            )

    def cancel(self) -> None:
        """Give up what is going on; what is known stays."""
        for job in list(self._busy.values()):
            job.cancel()

    def _begin(
        self,
        title: str,
        recording: Recording,
        extras: Extras,
        parts: Callable[[Recording], Generator[_Step, None, Any]],
        keep: Callable[[Recording, Any], None],
        nothing: Any,
    ) -> None:
        from napari_mousegpt._napari.jobs import start_job

        viewer, key = self._viewer(), (recording.id, title)
        if viewer is None or key in self._busy:
            return

        def done(found: Any) -> None:
            keep(recording, found)

        def ended(job: Job) -> None:
            self._busy.pop(key, None)
            if isinstance(job.error, MouseGPTError):
                # The same question is not asked again: it has the same answer.
                keep(recording, nothing)
                self.failed.emit(str(job.error))
            if job.state != "cancelled":
                extras.changed.emit()

        start = self._start or start_job
        job = start(viewer, parts, recording, title=title, on_done=done, notify=False)
        self._busy[key] = job
        job.ended.connect(ended)


def _visits(recording: Recording) -> Generator[_Step, None, Intervals]:
    from napari_mousegpt.features.zones import zone_entries

    yield _Step(0, 1)
    return zone_entries(recording)


def _features(recording: Recording) -> Generator[_Step, None, dict[str, FrameFeatures]]:
    from napari_mousegpt.runs.measuring import Measuring

    if recording.pose is None and recording.video is None:
        raise InputError(
            f"recording {recording.id!r}",
            expected="a pose or a video to measure",
            found="neither",
            remedy="Open it with a pose file or a video.",
        )
    with Measuring(recording, FeatureParams()) as measuring:
        pieces, tables = measuring.jobs(), []
        for number, piece in enumerate(pieces):
            yield _Step(number, len(pieces), "measuring")
            tables.append(piece.compute())
        return measuring.joined(tables)
