"""The verb ``project``: any stretch of a recording as a point in an action space."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial

import pandas as pd

from napari_mousegpt.clips import ClipParams, iter_clips
from napari_mousegpt.core.intervals import Intervals, windows
from napari_mousegpt.core.parquet import write_parquet
from napari_mousegpt.core.provenance import RunCard, plain
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import (
    FeatureParams,
    FrameFeatures,
    LazyFeatures,
    check_ranges,
)
from napari_mousegpt.store import (
    Job,
    Part,
    iter_parts,
    recording_decoders,
    recording_inputs,
    recording_sources,
    run_folder,
)
from napari_mousegpt.vectors.kinematic import ProjectParams as KinematicEncoder
from napari_mousegpt.vectors.kinematic import project_kinematic
from napari_mousegpt.vectors.video import VideoProjector, video_windows
from napari_mousegpt.vectors.video_encoders import (
    KINEMATIC,
    FoundEncoder,
    VideoParams,
    find_encoder,
)

__all__ = ["BIN_S", "ProjectParams", "iter_project", "project", "project_jobs"]

#: Length of the windows that are projected when none are given, in seconds. Behaviour changes on
#: this scale; what happens around each window enters through the contexts of WindowParams.
BIN_S = 0.1
#: Stretches in one part of a run: what is lost when somebody pulls the plug.
_PER_PART = {True: 20_000, False: 500}


@dataclass(frozen=True)
class ProjectParams:
    """How stretches become vectors.

    Parameters
    ----------
    encoder : str
        ``"kinematic"`` takes pose kinematics at several time scales and needs no weights. Anything
        else is a video encoder: a preset, a folder, an id of the Hugging Face hub, or a released
        Video-Swin checkpoint.
    kinematic : KinematicEncoder
        Measures and time scales of the kinematic encoder.
    video : VideoParams
        Clips and device of a video encoder.
    features : FeatureParams
        How pose or picture is measured; used by the kinematic encoder.
    ranges_per_part : int
        Stretches kept in one part of the run; 0 is 20,000, or 500 for a video encoder.
    """

    encoder: str = KINEMATIC
    kinematic: KinematicEncoder = field(default_factory=KinematicEncoder)
    video: VideoParams = field(default_factory=VideoParams)
    features: FeatureParams = field(default_factory=FeatureParams)
    ranges_per_part: int = 0

    def __post_init__(self) -> None:
        if not self.encoder.strip():
            raise InputError(
                "encoder",
                expected="'kinematic', a preset, a folder or an id of the Hugging Face hub",
                found="nothing",
                remedy="Leave encoder out for 'kinematic'.",
            )
        if self.ranges_per_part < 0:
            raise InputError(f"ranges_per_part={self.ranges_per_part}", expected="0 or more")

    @property
    def is_kinematic(self) -> bool:
        """Whether no model is needed."""
        return self.encoder == KINEMATIC

    @property
    def part_size(self) -> int:
        """Stretches kept in one part."""
        return self.ranges_per_part or _PER_PART[self.is_kinematic]

    def find_encoder(self) -> FoundEncoder | None:
        """Find the video encoder; None where none is needed. Errors are those of find_encoder."""
        return None if self.is_kinematic else find_encoder(self.encoder, self.video)


def iter_project(
    recording: Recording,
    ranges: Intervals | None = None,
    params: ProjectParams | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Part]:
    """Project stretches of a recording, one finished part after the other.

    Parameters
    ----------
    recording : Recording
        With a pose; without one its pictures are measured by their silhouette. A video encoder
        needs pictures.
    ranges : Intervals, optional
        What to project; by default windows of a tenth of a second, or as long as a clip of the
        video encoder, each half a window after the one before.
    params : ProjectParams, optional
        Encoder and its settings.
    out : path-like, optional
        Run folder; by default one of its own in the user's cache.
    overwrite : bool
        Replace another run that stands in ``out``.
    cancelled : callable, optional
        Whether to stop within a part; a video encoder asks before each batch.

    Yields
    ------
    Part
        Rows as :meth:`napari_mousegpt.core.vectors.Vectors.to_table` makes them, with the columns
        of :meth:`napari_mousegpt.vectors.Projected.to_table` for a video encoder; already on disk.

    Raises
    ------
    InputError
        When the ranges belong to another recording, or the encoder cannot be used here.
    Cancelled
        When it was; clips that were encoded by then are kept for the next time.
    """
    settings = params or ProjectParams()
    encoder = settings.find_encoder()
    if ranges is not None:
        chosen = ranges.sort()
    elif encoder is None:
        chosen = windows(recording, BIN_S)
    else:
        chosen = video_windows(recording, encoder, settings.video)
    check_ranges(recording, chosen)
    if not len(chosen):
        raise InputError(
            "ranges",
            expected="at least one to project",
            found="none",
            remedy="Choose stretches of this recording.",
        )
    inputs, planned = recording_inputs(recording, chosen), plain(settings)
    models = {"encoder": settings.encoder, **recording_decoders(recording)}
    if encoder is not None:
        # By name and content: where its folder lies makes no other run, other weights there do.
        inputs["encoder"] = encoder.identity
        planned["encoder"] = encoder.weights.name
        models |= encoder.provenance()
        if recording.video is not None:
            clips = ClipParams(
                settings.video.frames or encoder.spec.frames,
                crop=settings.video.crop,
                cameras=settings.video.cameras,
            )
            iter_clips(recording, chosen, clips, ahead=0, least=clips.frames)  # reads nothing
    card = RunCard("project", planned, inputs, recording_sources(recording), models)
    with run_folder(card, out, overwrite=overwrite) as folder:
        features = LazyFeatures(recording, settings.features)
        tables = []
        jobs = project_jobs(recording, chosen, settings, features, encoder, cancelled)
        for part in iter_parts(folder, jobs):
            tables.append(part.table)
            yield part
        write_parquet(pd.concat(tables, ignore_index=True), folder.result / "vectors.parquet")
        folder.finish(ranges=len(chosen))


def project(
    recording: Recording,
    ranges: Intervals | None = None,
    params: ProjectParams | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Vectors:
    """Project stretches of a recording and return all vectors.

    Parameters are those of :func:`iter_project`.

    Returns
    -------
    Vectors
        Sorted by individual and start.
    """
    parts = iter_project(recording, ranges, params, out=out, overwrite=overwrite)
    return Vectors.concat([Vectors.from_table(part.table) for part in parts])


def project_jobs(
    recording: Recording,
    ranges: Intervals,
    params: ProjectParams,
    features: Mapping[str, FrameFeatures],
    encoder: FoundEncoder | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Job]:
    """Return the pieces of work that projecting these ranges takes.

    Parameters
    ----------
    recording, ranges, params
        As for :func:`iter_project`.
    features : mapping of str to FrameFeatures
        Measures by individual; used by the kinematic encoder.
    encoder : FoundEncoder, optional
        The video encoder, else kinematics; loaded when the first piece needs it.
    cancelled : callable, optional
        Whether to stop within a piece.

    Raises
    ------
    InputError
        When a video encoder is to see a recording without pictures.
    """
    if encoder is not None and recording.video is None:
        raise InputError(
            f"recording {recording.id!r}",
            expected=f"a video for the encoder {params.encoder}",
            found="a pose only",
            remedy="Open it with its video, or take the encoder 'kinematic'.",
        )

    @cache
    def projector() -> VideoProjector:
        assert encoder is not None
        return VideoProjector(recording, encoder.loaded, params.video)

    def compute(rows: Intervals) -> pd.DataFrame:
        if encoder is None:
            return project_kinematic(features, rows, params.kinematic).to_table()
        return projector().project(rows, cancelled=cancelled).to_table()

    size = params.part_size
    pieces = [ranges[first : first + size] for first in range(0, len(ranges), size)]
    return [
        Job("vectors", f"{number:05d}", partial(compute, piece))
        for number, piece in enumerate(pieces)
    ]
