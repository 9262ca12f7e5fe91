"""The verb ``run``: from a recording to described, clustered, exported behaviour."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt.clusters import Groups, cluster_steps
from napari_mousegpt.clusters.name_sheet import Said
from napari_mousegpt.core.intervals import Intervals, windows
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FrameFeatures, check_ranges
from napari_mousegpt.runs.asking import Asking, without_slivers
from napari_mousegpt.runs.measuring import Measuring
from napari_mousegpt.runs.params import RunParams
from napari_mousegpt.runs.rates import Work, remember
from napari_mousegpt.runs.results import RunResult, load_run, write_results
from napari_mousegpt.runs.sharing import measured_before
from napari_mousegpt.runs.spaces import fusing_jobs
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
from napari_mousegpt.vectors import (
    FoundEncoder,
    Projected,
    project_jobs,
    video_windows,
)
from napari_mousegpt.words import (
    KinematicDescriber,
    describe_jobs,
    segments,
    stack_descriptions,
)

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.core.study import Study
    from napari_mousegpt.words.find_describer import Recordings
    from napari_mousegpt.words.found_model import FoundModel

__all__ = [
    "Gathered",
    "described_ranges",
    "gather",
    "iter_run",
    "naming_words",
    "run",
    "run_card",
]


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
    projected : Projected or None
        The same with what a video encoder says about actions; None without one. Of fused vectors
        it is the part that the encoder made.
    files : tuple of Path
        Finished parts that hold the vectors.
    """

    measured: dict[str, FrameFeatures]
    descriptions: pd.DataFrame | None
    vectors: Vectors | None
    projected: Projected | None = None
    files: tuple[Path, ...] = ()


def iter_run(
    recording: Recording,
    out: str | os.PathLike[str] | None = None,
    params: RunParams | None = None,
    *,
    within: Intervals | None = None,
    overwrite: bool = False,
    study: Study | None = None,
    examples: Recordings | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
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
    study : Study, optional
        Whose groups, treatments and animals must not be in the prompt of a model.
    examples : mapping of str to Recording or callable, optional
        Where the in-context examples of a prompt are cut from; by default this recording.
    progress : callable, optional
        Called with bytes done and bytes in all while the weights of a model that makes words are
        downloaded.
    cancelled : callable, optional
        Whether to stop within a part; a video encoder asks before each batch, a model that makes
        words before each token.

    Yields
    ------
    Part
        Steps ``features``, ``words``, ``vectors``, ``clusters``, ``results``, as far as they are
        wanted; each on disk already. The same call goes on where a stopped one ended, and asks
        again where the server or the memory failed a model.

    Raises
    ------
    ConsentError
        When weights would be downloaded, or frames sent to another machine, and nobody agreed.
    InputError
        When ``within`` holds nothing of this recording, the encoder or the model cannot be used
        here, or the prompt tells whose recording it is. All this is told before anything is
        measured.
    Cancelled
        When it was, within a part; what was encoded or described by then is kept.
    """
    settings = params or RunParams()
    asked = _asked(recording, within)
    encoder, model = settings.find_encoder(), settings.find_model(progress)
    asking = None if model is None else Asking(model, study, examples)
    card = run_card(recording, settings, asked, encoder=encoder, model=model)
    if asking is not None:
        asking.check(recording)
    with run_folder(card, out, overwrite=overwrite) as folder:
        yield from _steps(recording, settings, folder, asked, encoder, asking, cancelled)


def run(
    recording: Recording,
    out: str | os.PathLike[str] | None = None,
    params: RunParams | None = None,
    *,
    within: Intervals | None = None,
    overwrite: bool = False,
    study: Study | None = None,
    examples: Recordings | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RunResult:
    """Do the whole chain and return its results. Parameters are those of :func:`iter_run`."""
    settings = params or RunParams()
    place = out
    if place is None:
        place = run_folder(run_card(recording, settings, _asked(recording, within))).path
    parts = iter_run(
        recording, place, settings, within=within, overwrite=overwrite,
        study=study, examples=examples, progress=progress,
    )  # fmt: skip
    for _ in parts:
        pass
    return load_run(place, recording)


def run_card(
    recording: Recording,
    params: RunParams,
    within: Intervals | None = None,
    verb: str = "run",
    encoder: FoundEncoder | None = None,
    model: FoundModel | None = None,
) -> RunCard:
    """Return the plan of a run, before it is done.

    Encoder and model are looked for if they are not given; a server is not asked anything.
    """
    inputs = recording_inputs(recording, _asked(recording, within))
    planned = params.planned()
    models = {"describer": "kinematic", "encoder": "kinematic", **recording_decoders(recording)}
    found = encoder or params.find_encoder()
    if found is not None:
        # By name and content: where its folder lies makes no other run, other weights there do.
        inputs["encoder"] = found.identity
        models |= found.provenance()
        planned["encoder"] = found.weights.name
    describer = model or params.find_model(look=False)
    if describer is not None:
        inputs |= describer.inputs
        models |= describer.provenance()
        planned["describer"]["model"] = describer.name
    return RunCard(verb, planned, inputs, recording_sources(recording), models)


def gather(
    recording: Recording,
    params: RunParams,
    folder: RunFolder,
    within: Intervals | None = None,
    encoder: FoundEncoder | None = None,
    asking: Asking | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    *,
    again: bool = True,
) -> Generator[Part, None, Gathered]:
    """Measure, describe and project a recording; parts are yielded, the whole is returned.

    Parameters
    ----------
    recording, params, within
        As for :func:`iter_run`.
    folder : RunFolder
        Open folder the parts go to.
    encoder : FoundEncoder, optional
        What ``params.find_encoder()`` returned.
    asking : Asking, optional
        With what ``params.find_model()`` returned.
    cancelled
        As for :func:`iter_run`.
    again : bool
        Ask a model again where the server or the memory failed it.
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
        ranges = described_ranges(recording, params, measured, within)
        said = []
        with ExitStack() as stack:
            if asking is None:
                jobs = describe_jobs(recording, ranges, params.describing, measured)
            else:
                made = asking.jobs(recording, ranges, measured, folder, cancelled, again=again)
                jobs = stack.enter_context(made)
            for part in iter_parts(folder, jobs):
                said.append(part.table)
                yield part
        descriptions = stack_descriptions(said)
    if not params.clusters_too:
        return Gathered(measured, descriptions, None)
    tables, files = [], []
    jobs = _projecting(recording, params, measured, within, encoder, cancelled)
    for part in iter_parts(folder, jobs):
        tables.append(part.table)
        files.append(folder.part_path(part.step, part.name))
        yield part
    projected = None
    if encoder is None:
        vectors = Vectors.concat([Vectors.from_table(table) for table in tables])
    else:
        projected = Projected.concat([Projected.from_table(table) for table in tables])
        vectors = projected.vectors
    if params.clusters.weights:
        for part in iter_parts(folder, fusing_jobs(vectors, measured, params)):
            vectors = Vectors.from_table(part.table)
            files = [folder.part_path(part.step, part.name)]
            yield part
    return Gathered(measured, descriptions, vectors, projected, tuple(files))


def _projecting(
    recording: Recording,
    params: RunParams,
    measured: dict[str, FrameFeatures],
    within: Intervals | None,
    encoder: FoundEncoder | None,
    cancelled: Callable[[], bool],
) -> list[Job]:
    """The pieces of work of projecting what is wanted."""
    if encoder is None:
        pieces = windows(recording, params.bin_s, within=within)
    else:
        pieces = video_windows(recording, encoder, params.video, within=within)
    return project_jobs(recording, pieces, params.projecting, measured, encoder, cancelled)


def _steps(
    recording: Recording,
    params: RunParams,
    folder: RunFolder,
    within: Intervals | None,
    encoder: FoundEncoder | None,
    asking: Asking | None,
    cancelled: Callable[[], bool],
) -> Iterator[Part]:
    usual = Work.of(recording, params, within).seconds(params)
    spent: dict[str, float] = {}
    parts = _parts(recording, params, folder, within, encoder, asking, cancelled)
    for part in parts:
        took = float("nan") if part.resumed else part.seconds
        spent[part.step] = spent.get(part.step, 0.0) + took
        yield part
    # How fast this machine is, for the next estimate.
    remember(usual, spent)


def _parts(
    recording: Recording,
    params: RunParams,
    folder: RunFolder,
    within: Intervals | None,
    encoder: FoundEncoder | None,
    asking: Asking | None,
    cancelled: Callable[[], bool],
) -> Iterator[Part]:
    known = yield from gather(recording, params, folder, within, encoder, asking, cancelled)
    groups: Groups | str = "They were not asked for."
    if known.vectors is not None:
        # Names come from the clusters' own bouts: a stretch of words may reach over several.
        name_by = partial(naming_words, KinematicDescriber(params.rules), known)
        try:
            groups = yield from cluster_steps(folder, known.vectors, name_by, params.clusters)
        except InputError as error:
            # A recording too short or too still to cluster still has its words.
            groups = str(error)
            warnings.warn(f"no clusters: {error}", stacklevel=2)
    yield from write_results(folder, recording, known, groups)


def naming_words(
    describer: KinematicDescriber, known: Gathered, members: Intervals
) -> pd.DataFrame:
    """Return the words that name clusters: the rules of their bouts, and what a model said."""
    words = describer.describe(known.measured, members)
    spoken = Said(known.descriptions).spoken
    return words if spoken is None else stack_descriptions([words, spoken])


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


def described_ranges(
    recording: Recording,
    params: RunParams,
    measured: Mapping[str, FrameFeatures],
    within: Intervals | None,
) -> Intervals:
    """Return the stretches that a run describes.

    Parameters
    ----------
    recording, params, within
        As for :func:`iter_run`.
    measured : mapping of str to FrameFeatures
        Measures by individual; windows need none.
    """
    if params.segments == "windows":
        return windows(recording, params.window_s, params.step_s or None, within=within)
    found = segments(
        recording.id,
        measured,
        KinematicDescriber(params.rules),
        shortest_s=params.shortest_s,
        longest_s=params.longest_s,
    )
    if within is None:
        return found
    cut = found.intersect(within).sort()
    if params.describer.by_rules:
        return cut
    return without_slivers(cut, recording.timebase.frames(Fraction(str(params.shortest_s))))
