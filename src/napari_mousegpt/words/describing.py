"""The verb ``describe``: words for any stretch of a recording."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_mousegpt.core.intervals import Intervals, windows
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.features import FrameFeatures, LazyFeatures, check_ranges
from napari_mousegpt.store import (
    Job,
    Part,
    iter_parts,
    recording_decoders,
    recording_inputs,
    recording_sources,
    run_folder,
    write_table,
)
from napari_mousegpt.words.describe_params import DescribeParams
from napari_mousegpt.words.kinematic import KinematicDescriber

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.core.study import Study
    from napari_mousegpt.store import RunFolder
    from napari_mousegpt.words.described import Describer
    from napari_mousegpt.words.find_describer import Found, Recordings
    from napari_mousegpt.words.found_model import FoundModel
    from napari_mousegpt.words.model_parts import ModelParts

__all__ = [
    "DescribeParams",
    "describe",
    "describe_jobs",
    "iter_describe",
    "model_words",
    "stack_descriptions",
]


def iter_describe(
    recording: Recording,
    ranges: Intervals | None = None,
    params: DescribeParams | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    study: Study | None = None,
    recordings: Recordings | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    model: FoundModel | None = None,
) -> Iterator[Part]:
    """Describe stretches of a recording, one finished part after the other.

    Parameters
    ----------
    recording : Recording
        With a pose; without one its pictures are measured by their silhouette. Models need its
        video.
    ranges : Intervals, optional
        What to describe; by default windows of one second.
    params : DescribeParams, optional
        Describer and its settings.
    out : path-like, optional
        Run folder; by default one of its own in the user's cache, so that the same question asked
        again is answered from there.
    overwrite : bool
        Replace another run that stands in ``out``.
    study : Study, optional
        Whose groups, treatments and animals must not be in a prompt. Without it those of the
        recording's own metadata, and the names of its files.
    recordings : mapping of str to Recording or callable, optional
        Where the in-context examples of a prompt are cut from; by default this recording.
    progress : callable, optional
        Called with bytes done and bytes in all while weights are downloaded.
    cancelled : callable, optional
        Asked before every clip and every token, also in other threads. Once it returns True no
        further part comes, and the run is unfinished: what was described is kept, and the same
        call goes on after it.
    model : FoundModel, optional
        See :func:`napari_mousegpt.words.find_describer.find_describer`.

    Yields
    ------
    Part
        Rows of :data:`napari_mousegpt.core.tables.DESCRIPTIONS`; already on disk. Rows of models
        also have ``contradiction`` and ``contradiction_words`` where pose or silhouette were
        measured, see :mod:`napari_mousegpt.words.contradiction`.

    Raises
    ------
    ConsentError
        When weights would be downloaded, or frames sent to another machine, and nobody agreed.
    InputError
        When the ranges belong to another recording, no clip can be cut of one, the model cannot be
        used here, or the prompt tells whose recording it is.
    """
    settings = params or DescribeParams()
    chosen = windows(recording) if ranges is None else ranges.sort()
    check_ranges(recording, chosen)
    features = LazyFeatures(recording, settings.features)
    found: Found | None = None
    if not settings.by_rules:
        from napari_mousegpt.words.find_describer import find_describer
        from napari_mousegpt.words.prompts import Prompt

        found = find_describer(
            recording, chosen, settings, features,
            study=study, recordings=recordings, progress=progress, model=model,
        )  # fmt: skip
    models = {"describer": settings.model} if found is None else found.models
    card = RunCard(
        "describe",
        # By name and version: where its folder lies makes no other run.
        {**settings.planned(), "model": models["describer"]},
        {**recording_inputs(recording, chosen), **({} if found is None else found.inputs)},
        recording_sources(recording),
        {**models, **recording_decoders(recording)},
    )
    stopped = cancelled or (lambda: False)
    with run_folder(card, out, overwrite=overwrite) as folder, ExitStack() as stack:
        if found is None:
            jobs = describe_jobs(recording, chosen, settings, features)
        else:
            assert isinstance(settings.prompt, Prompt)
            # Without a pose every frame would have to be looked at, only to doubt the words.
            posed = any(view.pose is not None for view in recording.views)
            held = features if posed or settings.prompt.facts else None
            made = model_words(found.describer, chosen, settings, held, folder, stopped)
            jobs = stack.enter_context(closing(made)).jobs
        tables = []
        for part in _until(stopped, iter_parts(folder, jobs)):
            tables.append(part.table)
            yield part
        if len(tables) < len(jobs):
            return
        table = stack_descriptions(tables)
        write_table(table, folder.result / "descriptions")
        folder.finish(ranges=len(chosen), **_counts(table))


def describe(
    recording: Recording,
    ranges: Intervals | None = None,
    params: DescribeParams | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    study: Study | None = None,
    recordings: Recordings | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Describe stretches of a recording and return the whole table.

    Parameters are those of :func:`iter_describe`.

    Returns
    -------
    DataFrame
        Rows of :data:`napari_mousegpt.core.tables.DESCRIPTIONS`, sorted by individual and start.
    """
    parts = iter_describe(
        recording, ranges, params, out=out, overwrite=overwrite,
        study=study, recordings=recordings, progress=progress,
    )  # fmt: skip
    return stack_descriptions([part.table for part in parts])


def stack_descriptions(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several parts as one table; no parts give a table without rows."""
    import pandas as pd

    if not tables:
        return DESCRIPTIONS.empty()
    return pd.concat(tables, ignore_index=True)


def describe_jobs(
    recording: Recording,
    ranges: Intervals,
    params: DescribeParams,
    features: Mapping[str, FrameFeatures],
) -> list[Job]:
    """Return the pieces of work that describing these ranges by rules takes."""
    describer = KinematicDescriber(params.rules)

    def compute(rows: Intervals) -> pd.DataFrame:
        table = describer.describe(features, rows)
        for name in ("start", "stop"):
            table[f"{name}_s"] = recording.timebase.time(table[name].to_numpy())
        return DESCRIPTIONS.check(table)

    size = params.part_size
    pieces = [ranges[first : first + size] for first in range(0, len(ranges), size)]
    return [
        Job("words", f"{number:05d}", partial(compute, piece))
        for number, piece in enumerate(pieces)
    ]


def model_words(
    describer: Describer,
    ranges: Intervals,
    params: DescribeParams,
    features: Mapping[str, FrameFeatures] | None,
    folder: RunFolder,
    cancelled: Callable[[], bool],
    *,
    again: bool = True,
) -> ModelParts:
    """Return the pieces of work that describing these ranges by a model takes. Close it at the end.

    Parameters
    ----------
    describer : Describer
        Asked when the first piece that is not finished is wanted.
    ranges, params
        See :func:`napari_mousegpt.words.find_describer.find_describer`.
    features : mapping of str to FrameFeatures, optional
        Measures that words are held against.
    folder : RunFolder
        Open.
    cancelled : callable
        Whether to stop.
    again : bool
        Ask again where server or memory failed in finished parts.
    """
    from napari_mousegpt.words.model_parts import ModelParts, checked_words, pieces_of

    finish = partial(checked_words, features=features, rules=params.rules)
    pieces = pieces_of(ranges, params.part_size)
    return ModelParts(describer, folder, pieces, finish, cancelled, again=again)


def _until(stopped: Callable[[], bool], parts: Iterator[Part]) -> Iterator[Part]:
    """Yield parts until somebody wants no more."""
    from napari_mousegpt.models.engine import Cancelled

    try:
        for part in parts:
            yield part
            if stopped():
                return
    except Cancelled:
        return


def _counts(table: pd.DataFrame) -> dict[str, Any]:
    """Return what a run card tells of rows that are not as they should be."""
    if "problem" not in table:
        return {}
    said = table["problem"].fillna("").astype(str)
    failed = int(said.str.startswith("not described").sum())
    return {"failed": failed, "with_problems": int((said != "").sum()) - failed}
