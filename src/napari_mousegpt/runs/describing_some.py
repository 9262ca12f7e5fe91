"""The verb ``describe_some``: a model describes some stretches of a run, all of them get words."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import LazyFeatures
from napari_mousegpt.runs.asked_stretches import described_strength, joined_windows
from napari_mousegpt.runs.clustered import FinishedRuns, finished_runs
from napari_mousegpt.runs.describing_runs import described_card, iter_described, model_of
from napari_mousegpt.runs.places import recording_folder
from napari_mousegpt.runs.some_words import SomeWords, load_some_words, write_some_words
from napari_mousegpt.store import Job, Part, iter_parts, run_folder, table_fingerprint
from napari_mousegpt.words import DescribeParams
from napari_mousegpt.words.gate import Gate, GateParams, open_gate
from napari_mousegpt.words.gated_words import Gated, gated_words
from napari_mousegpt.words.model_parts import checked_words
from napari_mousegpt.words.propagation import Propagated, propagate
from napari_mousegpt.words.representatives import Plan, PropagateParams, plan_propagation

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.runs.results import RunResult
    from napari_mousegpt.runs.study_results import StudyResult
    from napari_mousegpt.words.find_describer import Recordings

__all__ = [
    "DescribeSomeParams",
    "SomePlan",
    "describe_some",
    "iter_describe_some",
    "plan_describe_some",
]


@dataclass(frozen=True)
class DescribeSomeParams:
    """Which stretches a model describes, and what becomes of the others.

    Parameters
    ----------
    choose : {"clusters", "doubtful"}
        Examples and an audit of every cluster, whose words are carried to the rest of it; or the
        stretches of which rules are unsure, and an audit: the rest keeps the words of the rules.
    window_s : float
        With ``"clusters"``: clustered pieces that are shorter are joined into windows of this many
        seconds, so that there is something to see.
    propagate : PropagateParams
        With ``"clusters"``: how many, and what an audit may disagree on.
    gate : GateParams
        With ``"doubtful"``: what counts as unsure.
    """

    choose: Literal["clusters", "doubtful"] = "clusters"
    window_s: float = 1.0
    propagate: PropagateParams = field(default_factory=PropagateParams)
    gate: GateParams = field(default_factory=GateParams)

    def __post_init__(self) -> None:
        if self.choose not in ("clusters", "doubtful"):
            raise InputError(f"choose={self.choose!r}", expected="'clusters' or 'doubtful'")
        if not self.window_s > 0:
            raise InputError(f"window_s={self.window_s}", expected="seconds above 0")


@dataclass(frozen=True, eq=False)
class SomePlan:
    """What a model would be asked, before anything is spent.

    Parameters
    ----------
    intervals : Intervals
        What it describes, sorted.
    total : int
        Stretches in all.
    price : str
        Model calls, as a sentence.
    fingerprint : str
        Of all that the choice hangs on.
    finish : callable
        Takes what the model said and returns the words for all.
    """

    intervals: Intervals
    total: int
    price: str
    fingerprint: str
    finish: Callable[[pd.DataFrame], Propagated | Gated]

    @property
    def calls(self) -> int:
        """Stretches that a model describes."""
        return len(self.intervals)


def plan_describe_some(
    run: str | os.PathLike[str] | RunResult | StudyResult,
    params: DescribeSomeParams | None = None,
) -> SomePlan:
    """Say what :func:`describe_some` would ask, and spend nothing.

    Parameters
    ----------
    run : path-like, RunResult or StudyResult
        A finished run or study.
    params : DescribeSomeParams, optional
        Which stretches.

    Raises
    ------
    InputError
        When there is no finished run, or it has no clusters (or no words) to choose by.
    """
    return _plan(finished_runs(run), params or DescribeSomeParams())


def iter_describe_some(
    run: str | os.PathLike[str] | RunResult | StudyResult,
    describing: DescribeParams,
    params: DescribeSomeParams | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    study: Study | None = None,
    recordings: Mapping[str, Recording] | None = None,
    examples: Recordings | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    root: str | os.PathLike[str] | None = None,
) -> Generator[Part, None, SomeWords | None]:
    """Describe some stretches of a finished run and carry the words, one part after the other.

    Parameters
    ----------
    run : path-like, RunResult or StudyResult
        A finished run or study.
    describing : DescribeParams
        Model or server, prompt, labels, clips.
    params : DescribeSomeParams, optional
        Which stretches.
    out : path-like, optional
        Run folder; by default one of its own in the user's cache.
    overwrite : bool
        Replace another run that stands in ``out``.
    study : Study, optional
        Whose groups and animals must not be in a prompt; that of a study by default.
    recordings : mapping of str to Recording, optional
        Those that are open, by id. Others are opened again, one after the other.
    examples, progress, cancelled
        See :func:`napari_mousegpt.words.iter_describe`, where ``examples`` are ``recordings``; by
        default they are those of the run.
    root : path-like, optional
        Folder of runs that name no ``out``; the user's cache by default.

    Yields
    ------
    Part
        ``words`` as the model describes them, then ``carried``, the words of all stretches of a
        recording; on disk already. The same call goes on where a stopped one ended.

    Returns
    -------
    SomeWords or None
        What came of it, where the generator ends; None when it was stopped.

    Raises
    ------
    ConsentError
        When weights would be downloaded, or frames sent to another machine, and nobody agreed.
    InputError
        As for :func:`plan_describe_some` and :func:`napari_mousegpt.words.iter_describe`.
    """
    settings, runs = params or DescribeSomeParams(), finished_runs(run, recordings)
    plan = _plan(runs, settings)
    model = model_of(describing, plan.calls, progress)
    inputs = {"stretches": plan.fingerprint}
    card = described_card("describe_some", settings, inputs, runs, describing, model)
    stopped = cancelled or (lambda: False)
    if out is None and root is not None:
        out = Path(root) / f"{card.verb}-{card.run_id}"
    with run_folder(card, out, overwrite=overwrite) as folder:
        told = []
        for part in iter_described(
            runs, plan.intervals, describing, folder, model=model, overwrite=overwrite,
            study=study, examples=examples, progress=progress, cancelled=stopped,
        ):  # fmt: skip
            told.append(part.table)
            yield part
        said = _joined(told)
        if len(said) < plan.calls or stopped():
            return None
        problem = said["problem"] if "problem" in said else said["label"].map(lambda _: "")
        failed = problem.str.startswith("not described")
        found = plan.finish(said[~failed])
        words = []
        for part in iter_parts(folder, _checks(runs, found.words, describing)):
            words.append(part.table)
            yield part
            if stopped():
                return None
        notes = [f"Not described: {text}." for text in dict.fromkeys(problem[failed])]
        write_some_words(folder, found, _joined(words), tuple(notes[:3]), runs)
        return load_some_words(folder.path)


def describe_some(
    run: str | os.PathLike[str] | RunResult | StudyResult,
    describing: DescribeParams,
    params: DescribeSomeParams | None = None,
    *,
    out: str | os.PathLike[str],
    overwrite: bool = False,
    study: Study | None = None,
    recordings: Mapping[str, Recording] | None = None,
    examples: Recordings | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SomeWords:
    """Describe some stretches of a finished run and return words for all of them.

    Parameters are those of :func:`iter_describe_some`.

    Returns
    -------
    SomeWords
        The words, where each are from, and how often an audit agreed with those that were carried.
    """
    for _ in iter_describe_some(
        run, describing, params, out=out, overwrite=overwrite, study=study,
        recordings=recordings, examples=examples, progress=progress,
    ):  # fmt: skip
        pass
    return load_some_words(out)


def _plan(runs: FinishedRuns, params: DescribeSomeParams) -> SomePlan:
    return (_by_clusters if params.choose == "clusters" else _by_doubt)(runs, params)


def _by_clusters(runs: FinishedRuns, params: DescribeSomeParams) -> SomePlan:
    pieces = runs.assignments()
    if pieces is None:
        raise InputError(
            runs.path,
            expected="a run with clusters",
            found="none",
            remedy="Run it with clusters, or choose the doubtful stretches of its words.",
        )
    clocks = {name: runs.clock(name) for name in runs.folders}
    points = runs.points(pieces["range_id"].tolist())
    table, middles = joined_windows(pieces, points, clocks, params.window_s)
    plan = plan_propagation(table, params.propagate, points=middles, animals=runs.animals or None)
    return SomePlan(
        plan.intervals,
        len(table),
        plan.price,
        _fingerprint(plan.table.drop(columns="from_row")),
        partial(_carry, plan),
    )


def _carry(plan: Plan, said: pd.DataFrame) -> Propagated:
    return propagate(plan, lambda _: said)


def _by_doubt(runs: FinishedRuns, params: DescribeSomeParams) -> SomePlan:
    words = runs.words().drop_duplicates("range_id").reset_index(drop=True)
    pieces = runs.assignments()
    gate = open_gate(
        words,
        assignments=None if pieces is None else described_strength(words, pieces),
        animals=runs.animals or None,
        params=params.gate,
    )
    asked = Intervals(gate.table.loc[gate.asked, list(KEYS)]).sort()
    seed = params.gate.seed
    return SomePlan(
        asked,
        len(words),
        gate.summary,
        digest([_fingerprint(words), _fingerprint(gate.table)]),
        partial(_gated, words, gate, seed),
    )


def _gated(words: pd.DataFrame, gate: Gate, seed: int, said: pd.DataFrame) -> Gated:
    return gated_words(words, gate, said, seed=seed)


def _checks(runs: FinishedRuns, words: pd.DataFrame, describing: DescribeParams) -> list[Job]:
    """Hold the words of each recording against the measures of the very frames they stand at."""

    def check(name: str, rows: pd.DataFrame) -> pd.DataFrame:
        with runs.recording(name) as recording:
            posed = any(view.pose is not None for view in recording.views)
            features = LazyFeatures(recording, describing.features) if posed else None
            records = [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]
            found = checked_words(records, features, describing.rules)
            for bound in ("start", "stop"):
                found[f"{bound}_s"] = recording.timebase.time(found[bound].to_numpy())
            return DESCRIPTIONS.check(found)

    jobs = []
    for name, own in words.groupby("recording", sort=False):
        # Other words are another part, whatever was checked before.
        part = f"{recording_folder(str(name))}-{_fingerprint(own)[:12]}"
        jobs.append(Job("carried", part, partial(check, str(name), own)))
    return jobs


def _fingerprint(table: pd.DataFrame) -> str:
    return table_fingerprint(table.reset_index(drop=True))


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(tables, ignore_index=True) if tables else DESCRIPTIONS.empty()
