"""Measures of a whole recording: from its pose, or from its pictures when there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from napari_mousegpt.core.body import BodyMap
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError
from napari_mousegpt.features.frame_features import FrameFeatures
from napari_mousegpt.features.pose_kinematics import KinematicsParams, kinematics
from napari_mousegpt.features.silhouettes import SilhouetteParams, silhouette

__all__ = ["FeatureParams", "LazyFeatures", "check_ranges", "measure_recording"]


@dataclass(frozen=True)
class FeatureParams:
    """How a recording is measured.

    Parameters
    ----------
    kinematics : KinematicsParams
        For recordings with a pose.
    silhouette : SilhouetteParams
        For recordings without one.
    body : mapping of str to str
        Body part to keypoint name where names do not tell, see
        :meth:`napari_mousegpt.core.body.BodyMap.from_names`.
    """

    kinematics: KinematicsParams = field(default_factory=KinematicsParams)
    silhouette: SilhouetteParams = field(default_factory=SilhouetteParams)
    body: Mapping[str, str] = field(default_factory=dict)


def measure_recording(
    recording: Recording, params: FeatureParams | None = None
) -> dict[str, FrameFeatures]:
    """Measure every individual of a recording, frame by frame.

    Parameters
    ----------
    recording : Recording
        Its pose is used; without one, the silhouette of the one animal in its pictures.
    params : FeatureParams, optional
        Settings of both ways.

    Returns
    -------
    dict of str to FrameFeatures
        By individual; the key is empty for a silhouette.

    Raises
    ------
    InputError
        When there is neither pose nor video.
    """
    settings = params or FeatureParams()
    if recording.pose is not None:
        names = [str(name) for name in recording.pose["keypoints"].values]
        body = BodyMap.from_names(names, settings.body)
        return kinematics(recording.pose, recording.timebase, body=body, params=settings.kinematics)
    if recording.video is None:
        raise InputError(
            f"recording {recording.id!r}",
            expected="a pose or a video to measure",
            found="neither",
            remedy="Open it with a pose file or a video.",
        )
    # A reader of its own: whoever looks at the video meanwhile keeps the place in it.
    reopen = getattr(recording.video, "reopen", None)
    pictures: Any = recording.video if reopen is None else reopen()
    try:
        found = silhouette(pictures, recording.timebase, params=settings.silhouette)
    finally:
        if reopen is not None:
            pictures.close()
    return {found.individual: found}


class LazyFeatures(Mapping[str, FrameFeatures]):
    """Measures taken when somebody first asks: a run that is resumed may need none.

    Parameters
    ----------
    recording : Recording
        What to measure.
    params : FeatureParams
        How.
    """

    def __init__(self, recording: Recording, params: FeatureParams) -> None:
        self._recording = recording
        self._params = params
        self._measured: dict[str, FrameFeatures] | None = None

    def _measure(self) -> dict[str, FrameFeatures]:
        if self._measured is None:
            self._measured = measure_recording(self._recording, self._params)
        return self._measured

    def __getitem__(self, individual: str) -> FrameFeatures:
        return self._measure()[individual]

    def __iter__(self) -> Iterator[str]:
        return iter(self._measure())

    def __len__(self) -> int:
        return len(self._measure())


def check_ranges(recording: Recording, ranges: Intervals) -> None:
    """Refuse ranges of another recording or outside this one.

    Raises
    ------
    InputError
        Naming the first that does not fit.
    """
    strangers = sorted(set(ranges.recording) - {recording.id})
    if strangers:
        raise InputError(
            "ranges",
            expected=f"ranges of recording {recording.id!r}",
            found=f"ranges of {strangers[0]!r}",
            remedy="Make them with windows(recording, ...), or open the recording they belong to.",
        )
    outside = (ranges.start < 0) | (ranges.stop > recording.n_frames)
    if outside.any():
        row = int(outside.argmax())
        raise InputError(
            f"range [{ranges.start[row]}, {ranges.stop[row]})",
            expected=f"frames 0 to {recording.n_frames} of recording {recording.id!r}",
            remedy="Clip it: ranges.clip(0, recording.n_frames).",
        )
