"""The verb ``run``: from a recording to described, clustered, exported behaviour."""

from __future__ import annotations

import os
import warnings
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

from napari_mousegpt.clusters import ClusterParams, Groups, cluster_jobs, groups_of
from napari_mousegpt.core.intervals import Intervals, windows
from napari_mousegpt.core.provenance import RunCard, plain
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FeatureParams, FrameFeatures, check_ranges
from napari_mousegpt.runs.measuring import Measuring
from napari_mousegpt.runs.rates import Work, remember
from napari_mousegpt.runs.results import RunResult, load_run, write_results
from napari_mousegpt.runs.sharing import measured_before
from napari_mousegpt.store import (
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

__all__ = ["MAKES", "Gathered", "RunParams", "gather", "iter_run", "run", "run_card"]

#: What a run can be asked for.
MAKES = ("words and clusters", "words", "clusters")


@dataclass(frozen=True)
class RunParams:
    """What the whole chain does.

    Parameters
    ----------
    make : {"words and clusters", "words", "clusters"}
        What is wanted.
    segments : {"behaviour", "windows"}
        Describe stretches cut where the behaviour changes, or windows of equal length.
    window_s, step_s : float
        Length and step of the windows, in seconds; used with ``segments="windows"``. A step of 0
        is the length of a window, so that they do not overlap.
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

    make: Literal["words and clusters", "words", "clusters"] = "words and clusters"
    segments: Literal["behaviour", "windows"] = "behaviour"
    window_s: float = 1.0
    step_s: float = 0.0
    shortest_s: float = 0.2
    longest_s: float = 5.0
    bin_s: float = BIN_S
    features: FeatureParams = field(default_factory=FeatureParams)
    rules: KinematicRules = field(default_factory=KinematicRules)
    encoder: KinematicEncoder = field(default_factory=KinematicEncoder)
    clusters: ClusterParams = field(default_factory=ClusterParams)

    def __post_init__(self) -> None:
        if self.make not in MAKES:
            raise InputError(f"make={self.make!r}", expected=f"one of {', '.join(MAKES)}")
        if self.segments not in ("behaviour", "windows"):
            raise InputError(f"segments={self.segments!r}", expected="'behaviour' or 'windows'")
        for name in ("window_s", "longest_s", "bin_s"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name}={getattr(self, name)}", expected="seconds above 0")
        if not self.step_s >= 0:
            raise InputError(f"step_s={self.step_s}", expected="seconds, 0 or more")

    @property
    def describes(self) -> bool:
        """Whether words are wanted."""
        return "words" in self.make

    @property
    def clusters_too(self) -> bool:
        """Whether clusters are wanted."""
        return "clusters" in self.make


@dataclass(frozen=True, eq=False)
class Gathered:
    """What a run knows of a recording before anything is clustered.

    Parameters
    ----------
    measured : dict of str to FrameFeatures
        Measures by individual.
    descriptions : DataFrame or None
        Words, :data:`napari_mousegpt.core.tables.DESCRIPTIONS`; None when not wanted.
    vectors : Vectors or None
        Pieces to cluster; None when not wanted.
    """

    measured: dict[str, FrameFeatures]
    descriptions: pd.DataFrame | None
    vectors: Vectors | None


def iter_run(
    recording: Recording,
    out: str | os.PathLike[str] | None = None,
    params: RunParams | None = None,
    *,
    within: Intervals | None = None,
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
    within : Intervals, optional
        Only these stretches of the recording, of these individuals (``""`` for all); everything by
        default.
    overwrite : bool
        Replace another run that stands in ``out``.

    Yields
    ------
    Part
        Steps ``features``, ``words``, ``vectors``, ``clusters``, ``results``, as far as they are
        wanted; each on disk already. The same call goes on where a stopped one ended.

    Raises
    ------
    InputError
        When ``within`` holds nothing of this recording.
    """
    settings = params or RunParams()
    asked = _asked(recording, within)
    card = run_card(recording, settings, asked)
    with run_folder(card, out, overwrite=overwrite) as folder:
        yield from _steps(recording, settings, folder, asked)


def run(
    recording: Recording,
    out: str | os.PathLike[str] | None = None,
    params: RunParams | None = None,
    *,
    within: Intervals | None = None,
    overwrite: bool = False,
) -> RunResult:
    """Do the whole chain and return its results. Parameters are those of :func:`iter_run`."""
    settings = params or RunParams()
    folder = run_folder(run_card(recording, settings, _asked(recording, within)), out)
    for _ in iter_run(recording, folder.path, settings, within=within, overwrite=overwrite):
        pass
    return load_run(folder.path, recording)


def run_card(
    recording: Recording, params: RunParams, within: Intervals | None = None, verb: str = "run"
) -> RunCard:
    """Return the plan of a run, before it is done."""
    return RunCard(
        verb,
        plain(params),
        recording_inputs(recording, _asked(recording, within)),
        recording_sources(recording),
        {"describer": "kinematic", "encoder": "kinematic", **recording_decoders(recording)},
    )


def gather(
    recording: Recording, params: RunParams, folder: RunFolder, within: Intervals | None = None
) -> Generator[Part, None, Gathered]:
    """Measure, describe and project a recording; parts are yielded, the whole is returned.

    Parameters
    ----------
    recording, params, within
        As for :func:`iter_run`.
    folder : RunFolder
        Open folder the parts go to.
    """
    with Measuring(recording, params.features, within) as measuring:
        tables = []
        # A pose takes seconds; looking at pictures takes hours.
        known = None if recording.pose is not None else measured_before(folder)
        for part in iter_parts(folder, measuring.jobs(), known):
            tables.append(part.table)
            yield part
        measured = measuring.joined(tables)
    del tables
    descriptions = None
    if params.describes:
        ranges = _ranges(recording, params, measured, within)
        describing = DescribeParams(rules=params.rules, features=params.features)
        said = []
        for part in iter_parts(folder, describe_jobs(recording, ranges, describing, measured)):
            said.append(part.table)
            yield part
        descriptions = stack_descriptions(said)
    vectors = None
    if params.clusters_too:
        projecting = ProjectParams(kinematic=params.encoder, features=params.features)
        bins = windows(recording, params.bin_s, within=within)
        pieces = []
        for part in iter_parts(folder, project_jobs(bins, projecting, measured)):
            pieces.append(Vectors.from_table(part.table))
            yield part
        vectors = Vectors.concat(pieces)
    return Gathered(measured, descriptions, vectors)


def _steps(
    recording: Recording, params: RunParams, folder: RunFolder, within: Intervals | None
) -> Iterator[Part]:
    usual = Work.of(recording, params, within).seconds(params)
    spent: dict[str, float] = {}
    for part in _parts(recording, params, folder, within):
        took = float("nan") if part.resumed else part.seconds
        spent[part.step] = spent.get(part.step, 0.0) + took
        yield part
    # How fast this machine is, for the next estimate.
    remember(usual, spent)


def _parts(
    recording: Recording, params: RunParams, folder: RunFolder, within: Intervals | None
) -> Iterator[Part]:
    known = yield from gather(recording, params, folder, within)
    groups: Groups | str = "They were not asked for."
    if known.vectors is not None:
        found: dict[str, pd.DataFrame] = {}
        # Names come from the clusters' own bouts: a stretch of words may reach over several.
        name_by = partial(KinematicDescriber(params.rules).describe, known.measured)
        jobs = cluster_jobs(folder, known.vectors, name_by, params.clusters)
        try:
            for part in iter_parts(folder, jobs):
                found[part.name] = part.table
                yield part
            groups = groups_of(folder.path, found["assignments"], found["names"])
        except InputError as error:
            # A recording too short or too still to cluster still has its words.
            groups = str(error)
            warnings.warn(f"no clusters: {error}", stacklevel=2)
    yield from write_results(folder, recording, known, groups)


def _asked(recording: Recording, within: Intervals | None) -> Intervals | None:
    """Return the stretches that are wanted, in order and without overlaps."""
    if within is None:
        return None
    check_ranges(recording, within)
    asked = within.merge()
    asked = asked[asked.length > 0]
    if not len(asked):
        raise InputError(
            f"stretches of {recording.id!r}",
            expected="at least one frame",
            found="none",
            remedy="Mark an interval, or take the whole recording.",
        )
    return asked


def _ranges(
    recording: Recording,
    params: RunParams,
    measured: dict[str, FrameFeatures],
    within: Intervals | None,
) -> Intervals:
    if params.segments == "windows":
        return windows(recording, params.window_s, params.step_s or None, within=within)
    found = segments(
        recording.id,
        measured,
        KinematicDescriber(params.rules),
        shortest_s=params.shortest_s,
        longest_s=params.longest_s,
    )
    return found if within is None else found.intersect(within).sort()
