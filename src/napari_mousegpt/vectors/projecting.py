"""The verb ``project``: any stretch of a recording as a point in an action space."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import pandas as pd

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

__all__ = ["BIN_S", "ProjectParams", "iter_project", "project", "project_jobs"]

#: Length of the windows that are projected when none are given, in seconds. Behaviour changes on
#: this scale; what happens around each window enters through the contexts of WindowParams.
BIN_S = 0.1


@dataclass(frozen=True)
class ProjectParams:
    """How stretches become vectors.

    Parameters
    ----------
    encoder : str
        ``"kinematic"`` takes pose kinematics at several time scales and needs no weights.
    kinematic : KinematicEncoder
        Measures and time scales of the kinematic encoder.
    features : FeatureParams
        How pose or picture is measured.
    ranges_per_part : int
        Stretches kept in one part of the run.
    """

    encoder: str = "kinematic"
    kinematic: KinematicEncoder = field(default_factory=KinematicEncoder)
    features: FeatureParams = field(default_factory=FeatureParams)
    ranges_per_part: int = 20_000

    def __post_init__(self) -> None:
        if self.encoder != "kinematic":
            raise InputError(
                f"encoder {self.encoder!r}", expected="'kinematic'", remedy="Leave encoder out."
            )
        if self.ranges_per_part < 1:
            raise InputError(f"ranges_per_part={self.ranges_per_part}", expected="1 or more")


def iter_project(
    recording: Recording,
    ranges: Intervals | None = None,
    params: ProjectParams | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Iterator[Part]:
    """Project stretches of a recording, one finished part after the other.

    Parameters
    ----------
    recording : Recording
        With a pose; without one its pictures are measured by their silhouette.
    ranges : Intervals, optional
        What to project; by default windows of a tenth of a second.
    params : ProjectParams, optional
        Encoder and its settings.
    out : path-like, optional
        Run folder; by default one of its own in the user's cache.
    overwrite : bool
        Replace another run that stands in ``out``.

    Yields
    ------
    Part
        Rows as :meth:`napari_mousegpt.core.vectors.Vectors.to_table` makes them; already on disk.

    Raises
    ------
    InputError
        When the ranges belong to another recording.
    """
    settings = params or ProjectParams()
    chosen = windows(recording, BIN_S) if ranges is None else ranges.sort()
    check_ranges(recording, chosen)
    if not len(chosen):
        raise InputError("ranges", expected="at least one to project", found="none")
    card = RunCard(
        "project",
        plain(settings),
        recording_inputs(recording, chosen),
        recording_sources(recording),
        {"encoder": settings.encoder, **recording_decoders(recording)},
    )
    with run_folder(card, out, overwrite=overwrite) as folder:
        features = LazyFeatures(recording, settings.features)
        tables = []
        jobs = project_jobs(chosen, settings, features)
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
    ranges: Intervals, params: ProjectParams, features: Mapping[str, FrameFeatures]
) -> list[Job]:
    """Return the pieces of work that projecting these ranges takes."""

    def compute(rows: Intervals) -> pd.DataFrame:
        return project_kinematic(features, rows, params.kinematic).to_table()

    size = params.ranges_per_part
    pieces = [ranges[first : first + size] for first in range(0, len(ranges), size)]
    return [
        Job("vectors", f"{number:05d}", partial(compute, piece))
        for number, piece in enumerate(pieces)
    ]
