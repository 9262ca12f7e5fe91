"""The verb ``run``: from a recording to described, clustered, exported behaviour."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

from napari_mousegpt.clusters import ClusterParams, cluster_jobs
from napari_mousegpt.core.intervals import Intervals, windows
from napari_mousegpt.core.provenance import RunCard, plain
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import (
    FeatureParams,
    FrameFeatures,
    features_from_table,
    features_to_table,
    measure_recording,
)
from napari_mousegpt.runs.results import RunResult, load_run, write_results
from napari_mousegpt.store import (
    Job,
    Part,
    RunFolder,
    iter_parts,
    recording_decoders,
    recording_inputs,
    recording_sources,
    run_folder,
)
from napari_mousegpt.vectors import BIN_S, KinematicEncoder, ProjectParams, project_jobs
from napari_mousegpt.words import (
    DescribeParams,
    KinematicDescriber,
    KinematicRules,
    describe_jobs,
    segments,
    stack_descriptions,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunParams", "iter_run", "run"]


@dataclass(frozen=True)
class RunParams:
    """What the whole chain does.

    Parameters
    ----------
    segments : {"behaviour", "windows"}
        Describe stretches cut where the behaviour changes, or windows of equal length.
    window_s, step_s : float
        Length and step of the windows, in seconds; used with ``segments="windows"``.
    shortest_s, longest_s : float
        Bounds of the stretches, in seconds; used with ``segments="behaviour"``.
    bin_s : float
        Length of the pieces that are projected and clustered, in seconds.
    features : FeatureParams
        How pose or picture is measured.
    rules : KinematicRules
        Thresholds of the words.
    encoder : KinematicEncoder
        Measures and time scales of the vectors.
    clusters : ClusterParams
        How clusters are found.
    """

    segments: Literal["behaviour", "windows"] = "behaviour"
    window_s: float = 1.0
    step_s: float = 0.5
    shortest_s: float = 0.2
    longest_s: float = 5.0
    bin_s: float = BIN_S
    features: FeatureParams = field(default_factory=FeatureParams)
    rules: KinematicRules = field(default_factory=KinematicRules)
    encoder: KinematicEncoder = field(default_factory=KinematicEncoder)
    clusters: ClusterParams = field(default_factory=ClusterParams)

    def __post_init__(self) -> None:
        if self.segments not in ("behaviour", "windows"):
            raise InputError(f"segments={self.segments!r}", expected="'behaviour' or 'windows'")
        for name in ("window_s", "step_s", "longest_s", "bin_s"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name}={getattr(self, name)}", expected="seconds above 0")


def iter_run(
    recording: Recording,
    out: str | os.PathLike[str] | None = None,
    params: RunParams | None = None,
    *,
    overwrite: bool = False,
) -> Iterator[Part]:
    """Measure, describe, project and cluster a recording and write every result.

    Parameters
    ----------
    recording : Recording
        With a pose; without one the silhouette of the one animal is measured.
    out : path-like, optional
        Run folder. Results are in its ``result`` folder. By default it is one of its own in the
        user's cache.
    params : RunParams, optional
        Settings of all steps.
    overwrite : bool
        Replace another run that stands in ``out``.

    Yields
    ------
    Part
        Steps ``features``, ``words``, ``vectors``, ``clusters``, ``results``; each on disk already.
        The same call goes on where a stopped one ended.
    """
    settings = params or RunParams()
    card = run_card(recording, settings)
    with run_folder(card, out, overwrite=overwrite) as folder:
        yield from _steps(recording, settings, folder)


def run(
    recording: Recording,
    out: str | os.PathLike[str] | None = None,
    params: RunParams | None = None,
    *,
    overwrite: bool = False,
) -> RunResult:
    """Do the whole chain and return its results. Parameters are those of :func:`iter_run`."""
    settings = params or RunParams()
    folder = run_folder(run_card(recording, settings), out)
    for _ in iter_run(recording, folder.path, settings, overwrite=overwrite):
        pass
    return load_run(folder.path, recording)


def run_card(recording: Recording, params: RunParams) -> RunCard:
    """Return the plan of a run, before it is done."""
    return RunCard(
        "run",
        plain(params),
        recording_inputs(recording),
        recording_sources(recording),
        {"describer": "kinematic", "encoder": "kinematic", **recording_decoders(recording)},
    )


def _steps(recording: Recording, params: RunParams, folder: RunFolder) -> Iterator[Part]:
    measured: dict[str, FrameFeatures] = {}
    job = Job("features", "measures", lambda: _measure(recording, params.features))
    for part in iter_parts(folder, [job]):
        measured = features_from_table(part.table, recording.timebase)
        yield part

    ranges = _ranges(recording, params, measured)
    describing = DescribeParams(rules=params.rules, features=params.features)
    tables = []
    for part in iter_parts(folder, describe_jobs(recording, ranges, describing, measured)):
        tables.append(part.table)
        yield part
    descriptions = stack_descriptions(tables)

    projecting = ProjectParams(kinematic=params.encoder, features=params.features)
    bins = windows(recording, params.bin_s)
    pieces = []
    for part in iter_parts(folder, project_jobs(bins, projecting, measured)):
        pieces.append(Vectors.from_table(part.table))
        yield part
    vectors = Vectors.concat(pieces)

    found: dict[str, pd.DataFrame] = {}
    problem = ""
    # Names come from the clusters' own bouts: a stretch of words may reach over several clusters.
    name_by = partial(KinematicDescriber(params.rules).describe, measured)
    try:
        for part in iter_parts(folder, cluster_jobs(folder, vectors, name_by, params.clusters)):
            found[part.name] = part.table
            yield part
    except InputError as error:
        # A recording too short or too still to cluster still has its words.
        problem = str(error)
        warnings.warn(f"no clusters: {problem}", stacklevel=2)
    clusters = problem or (found["assignments"], found["names"])
    yield from write_results(folder, recording, descriptions, vectors, measured, clusters)


def _measure(recording: Recording, params: FeatureParams) -> pd.DataFrame:
    return features_to_table(measure_recording(recording, params))


def _ranges(
    recording: Recording, params: RunParams, measured: dict[str, FrameFeatures]
) -> Intervals:
    if params.segments == "windows":
        return windows(recording, params.window_s, params.step_s)
    return segments(
        recording.id,
        measured,
        KinematicDescriber(params.rules),
        shortest_s=params.shortest_s,
        longest_s=params.longest_s,
    )
