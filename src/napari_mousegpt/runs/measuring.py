"""Measuring a recording as pieces of work: each is on disk before the next one begins."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.core.body import BodyMap
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.features import (
    SHAPE,
    FeatureParams,
    FrameFeatures,
    Silhouettes,
    features_from_table,
    features_to_table,
    kinematics,
    silhouette_features,
)
from napari_mousegpt.store import Job

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["PIECE", "Measuring"]

#: Pictures looked at in one piece of work: some seconds at most, so that a run stops soon.
PIECE = 250
#: Seconds around what was asked for that the measures, their smoothing and the contexts of the
#: vectors look at.
_MARGIN_S = 5.0


class Measuring:
    """Measures a recording piece by piece. Use it as a context manager: it reads the video.

    A pose is measured whole, one individual at a time: that takes seconds. Pictures are looked at
    only where somebody asks.

    Parameters
    ----------
    recording : Recording
        With a pose or pictures.
    params : FeatureParams
        How.
    within : Intervals, optional
        Where measures are wanted; everywhere by default. Elsewhere they may be NaN.
    """

    def __init__(
        self, recording: Recording, params: FeatureParams, within: Intervals | None = None
    ) -> None:
        self._recording = recording
        self._params = params
        self._within = within
        self._pictures: Any = None
        self._silhouettes: Silhouettes | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pictures is not None and self._pictures is not self._recording.video:
            self._pictures.close()
        self._pictures = self._silhouettes = None

    def jobs(self) -> list[Job]:
        """Return the pieces of work.

        Raises
        ------
        InputError
            From the work itself, when there is neither pose nor video, or no body length.
        """
        if self._recording.pose is not None:
            people = range(len(self._recording.individuals))
            return [Job("features", f"{who:03d}", partial(self._track, who)) for who in people]
        if self._recording.video is None:
            # The verb of the features says what is missing.
            return [Job("features", "000", self._nothing)]
        return [
            Job("features", f"{start:08d}", partial(self._look, start, stop))
            for start, stop in self.pieces()
        ]

    def joined(self, tables: Iterable[pd.DataFrame]) -> dict[str, FrameFeatures]:
        """Return the measures of all individuals, from the tables of the jobs."""
        clock = self._recording.timebase
        if self._recording.pose is not None:
            return {
                name: found
                for table in tables
                for name, found in features_from_table(table, clock).items()
            }
        shapes = np.full((clock.n_frames, len(SHAPE)), np.nan)
        for table in tables:
            shapes[table["frame"].to_numpy()] = table[list(SHAPE)].to_numpy()
        found = silhouette_features(shapes, clock, self._params.silhouette)
        return {found.individual: found}

    def _nothing(self) -> pd.DataFrame:
        from napari_mousegpt.features import measure_recording

        return features_to_table(measure_recording(self._recording, self._params))

    def _track(self, who: int) -> pd.DataFrame:
        pose = self._recording.pose
        assert pose is not None
        names = [str(name) for name in pose["keypoints"].values]
        found = kinematics(
            pose.isel(individuals=[who]),
            self._recording.timebase,
            body=BodyMap.from_names(names, self._params.body),
            params=self._params.kinematics,
        )
        return features_to_table(found)

    def _look(self, start: int, stop: int) -> pd.DataFrame:
        if self._silhouettes is None:
            # A reader of its own: whoever looks at the video meanwhile keeps the place in it.
            reopen = getattr(self._recording.video, "reopen", None)
            self._pictures = self._recording.video if reopen is None else reopen()
            self._silhouettes = Silhouettes(
                self._pictures, self._recording.timebase, self._params.silhouette
            )
        shapes = self._silhouettes.shapes(start, stop)
        return pd.DataFrame(
            {"frame": np.arange(start, stop), **dict(zip(SHAPE, shapes.T, strict=True))}
        )

    def pieces(self) -> list[tuple[int, int]]:
        """Return first frame and end of each stretch of pictures that is looked at."""
        n = self._recording.n_frames
        starts = np.arange(0, n, PIECE)
        wanted = self._wanted(starts)
        return [(int(start), int(min(start + PIECE, n))) for start in starts[wanted]]

    def _wanted(self, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
        if self._within is None:
            return np.ones(len(starts), dtype=bool)
        margin = round(_MARGIN_S * self._recording.timebase.fps)
        wanted = np.zeros(len(starts), dtype=bool)
        for span in self._within.merge():
            wanted |= (starts < span.stop + margin) & (starts + PIECE > span.start - margin)
        return wanted
