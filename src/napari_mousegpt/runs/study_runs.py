"""The verb ``run_study``: every recording of a study in turn, and one map for all of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from napari_mousegpt.clusters import Groups, outcome_of
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.provenance import RunCard, digest
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.study import Study
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.io.study import load_study
from napari_mousegpt.models.engine import Cancelled
from napari_mousegpt.runs.asking import Asking
from napari_mousegpt.runs.chain import Gathered, gather, naming_words, run_card
from napari_mousegpt.runs.params import RunParams
from napari_mousegpt.runs.places import recording_folder
from napari_mousegpt.runs.results import write_results
from napari_mousegpt.runs.study_clusters import (
    StudyMap,
    fit_study,
    groups_in,
    misfits,
    place_map,
)
from napari_mousegpt.runs.study_opening import close_recording, open_of_study
from napari_mousegpt.runs.study_results import CLUSTERS, StudyPart, StudyResult, load_study_run
from napari_mousegpt.store import Part, RunFolder, run_folder, write_table
from napari_mousegpt.vectors import FoundEncoder
from napari_mousegpt.words import KinematicDescriber
from napari_mousegpt.words.found_model import FoundModel

__all__ = ["iter_run_study", "run_study"]

#: Folder of the runs of the recordings, in that of the study.
_RECORDINGS = "recordings"
#: Shares of the work: measuring and describing, clustering, writing.
_SHARES = (0.8, 0.1, 0.1)
#: Where each step of a recording begins, and how much of its work it is.
_STEPS = {"features": (0.0, 0.7), "words": (0.7, 0.1), "vectors": (0.8, 0.1), "results": (0.9, 0.1)}
_ASKING = {
    "features": (0.0, 0.1),
    "words": (0.1, 0.8),
    "vectors": (0.9, 0.05),
    "results": (0.95, 0.05),
}


def iter_run_study(
    study: Study | str | os.PathLike[str],
    out: str | os.PathLike[str],
    params: RunParams | None = None,
    *,
    opening: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[StudyPart]:
    """Run the whole chain on every recording of a study, one finished part after the other.

    A recording that fails does not stop the others: its part says why. Clusters are fitted once,
    over all recordings, and mean the same in each.

    Parameters
    ----------
    study : Study or path-like
        Study table. Its columns ``pose_format``, ``fps`` and ``mismatch``, if any, count before
        ``opening``.
    out : path-like
        Folder of the study: a run folder for each recording below ``recordings``, the fit in
        ``clusters``, the table of outcomes in ``result/study.csv``.
    params : RunParams, optional
        Settings, the same for all.
    opening : mapping, optional
        How recordings are opened: arguments of
        :func:`~napari_mousegpt.io.recordings.open_recording` such as ``pose_format`` and
        ``steps``.
    overwrite : bool
        Replace other runs that stand there.
    progress : callable, optional
        Called with bytes done and bytes in all while the weights of a model that makes words are
        downloaded.
    cancelled : callable, optional
        Whether to stop within a part; a video encoder asks before each batch, a model that makes
        words before each token.

    Yields
    ------
    StudyPart
        On disk already. The same call goes on where a stopped one ended, also with a table in
        which rows were mended or added, and asks again where the server or the memory failed a
        model.

    Raises
    ------
    ConsentError
        When weights would be downloaded, or frames sent to another machine, and nobody agreed.
    InputError
        When the table, the encoder or the model cannot be used.
    Cancelled
        When it was, within a part; what was encoded or described by then is kept.
    StorageError
        When ``out`` cannot be written to.
    """
    table = study if isinstance(study, Study) else load_study(study)
    settings = params or RunParams()
    run = _StudyRun(
        table,
        Path(out),
        settings,
        opening or {},
        overwrite,
        settings.find_encoder(),
        settings.find_model(progress),
        cancelled,
    )
    try:
        yield from run.parts()
    finally:
        run.close()


def run_study(
    study: Study | str | os.PathLike[str],
    out: str | os.PathLike[str],
    params: RunParams | None = None,
    *,
    opening: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> StudyResult:
    """Run the whole chain on every recording of a study; see :func:`iter_run_study`.

    Returns
    -------
    StudyResult
        With a row for each recording, also for those that failed.
    """
    parts = iter_run_study(
        study, out, params, opening=opening, overwrite=overwrite, progress=progress
    )
    for _ in parts:
        pass
    return load_study_run(out)


@dataclass
class _StudyRun:
    """One pass over a study; what is known of it so far."""

    study: Study
    out: Path
    params: RunParams
    opening: Mapping[str, Any]
    overwrite: bool
    encoder: FoundEncoder | None
    model: FoundModel | None
    cancelled: Callable[[], bool]
    failed: dict[str, Exception] = field(default_factory=dict)
    vectors: dict[str, Vectors] = field(default_factory=dict)
    files: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)
    frames: dict[str, int] = field(default_factory=dict)
    shown: dict[str, Recording] = field(default_factory=dict)

    @property
    def asking(self) -> Asking | None:
        """Who makes the words, where no rules do."""
        return None if self.model is None else Asking(self.model, self.study, self._example)

    def _example(self, name: str) -> Recording:
        """Open a recording of the study that a prompt has examples of; it stays open."""
        if name not in self.shown:
            self.shown[name] = open_of_study(self.study, name, self.opening)
        return self.shown[name]

    def close(self) -> None:
        """Close the recordings that examples were cut from."""
        while self.shown:
            close_recording(self.shown.popitem()[1])

    def parts(self) -> Iterator[StudyPart]:
        inputs = {"opening": digest(dict(self.opening))}
        models, planned = {}, self.params.planned()
        if self.encoder is not None:
            inputs["encoder"] = self.encoder.identity
            planned["encoder"] = self.encoder.weights.name
        if self.model is not None:
            inputs |= self.model.inputs
            models = self.model.provenance()
            planned["describer"]["model"] = self.model.name
        card = RunCard("run_study", planned, inputs, models=models)
        with run_folder(card, self.out, overwrite=self.overwrite) as folder:
            clusters: StudyMap | str = "They were not asked for."
            base, share = 0.0, _SHARES[0] if self.params.clusters_too else 1.0
            yield from self._each(self._first_pass, base, share)
            if self.params.clusters_too:
                clusters = yield from self._fit()
                base, share = _SHARES[0] + _SHARES[1], _SHARES[2]

                def write(opened: Recording, place: RunFolder) -> Iterator[Part]:
                    return self._second_pass(opened, place, clusters)

                yield from self._each(write, base, share)
            self._finish(folder, clusters)

    def _each(
        self,
        work: Callable[[Recording, RunFolder], Iterator[Part]],
        base: float,
        share: float,
    ) -> Iterator[StudyPart]:
        """Open every recording that has not failed and do some work on it."""
        names = self.study.recordings
        for number, name in enumerate(names, start=1):
            if name in self.failed:
                continue
            begun = time.perf_counter()
            before, step = base + share * (number - 1) / len(names), share / len(names)
            try:
                opened = open_of_study(self.study, name, self.opening)
                self.frames[name] = opened.n_frames
                try:
                    verb = "run_study" if self.params.clusters_too else "run"
                    card = self._card(opened, verb)
                    self.keys[name] = card.run_id
                    place = RunFolder(self.folder_of(name), card, overwrite=self.overwrite)
                    with place as folder:
                        for part in work(opened, folder):
                            at = before + step * _within(part, self.model is not None)
                            yield StudyPart(name, number, len(names), at, part, opened=opened)
                finally:
                    close_recording(opened)
            except Cancelled:
                raise
            except Exception as error:  # told of this recording; the others go on
                self.failed[name] = error
                problem = _sentence(error)
                yield StudyPart(name, number, len(names), before + step, problem=problem)
            self.spent[name] = self.spent.get(name, 0.0) + time.perf_counter() - begun

    def _card(self, opened: Recording, verb: str) -> RunCard:
        return run_card(opened, self.params, None, verb, self.encoder, self.model)

    def _gather(
        self, opened: Recording, folder: RunFolder, *, again: bool = False
    ) -> Generator[Part, None, Gathered]:
        return gather(
            opened, self.params, folder, None, self.encoder, self.asking, self.cancelled,
            again=again,
        )  # fmt: skip

    def _first_pass(self, opened: Recording, folder: RunFolder) -> Iterator[Part]:
        if self.asking is not None:
            self.asking.check(opened)
        known = yield from self._gather(opened, folder, again=True)
        if known.vectors is not None:
            # What they are, not the numbers: those of a study may not fit into the memory.
            self.vectors[opened.id] = known.vectors[:0]
            self.files[opened.id] = known.files
        else:
            yield from write_results(folder, opened, known, "They were not asked for.")

    def _fit(self) -> Generator[StudyPart, None, StudyMap | str]:
        n, describer = len(self.study), KinematicDescriber(self.params.rules)
        for name, why in misfits(self.vectors).items():
            self.failed[name] = InputError(why)
            del self.vectors[name], self.files[name]
            number = self.study.recordings.index(name) + 1
            yield StudyPart(name, number, n, _SHARES[0], problem=_sentence(self.failed[name]))

        def describe(name: str, mine: Intervals) -> pd.DataFrame:
            opened = open_of_study(self.study, name, self.opening)
            try:
                card = self._card(opened, "run_study")
                with RunFolder(self.folder_of(name), card) as folder:
                    known = _drained(self._gather(opened, folder))
            finally:
                close_recording(opened)
            return naming_words(describer, known, mine)

        if not self.vectors:
            return "No recording could be measured."
        animals = {str(row["recording"]): str(row["animal"]) for row in self.study}
        fitting = fit_study(
            self.out / CLUSTERS, self.params, self.files, self.keys, describe, animals
        )
        try:
            while True:
                try:
                    part = next(fitting)
                except StopIteration as end:
                    found: StudyMap = end.value
                    return found
                share = _SHARES[0] + _SHARES[1] * (part.done / part.total)
                yield StudyPart("", n, n, share, part)
        except InputError as error:
            # Recordings too short or too still to cluster still have their words.
            return str(error)
        finally:
            self.vectors.clear()

    def _second_pass(
        self, opened: Recording, folder: RunFolder, clusters: StudyMap | str
    ) -> Iterator[Part]:
        key = clusters if isinstance(clusters, str) else clusters.key
        if _written_for(folder, key):
            table = read_parquet(folder.result / "ethogram.parquet")
            yield Part("results", "ethogram", table, 1, 1, True, 0.0)
            return
        known = _drained(self._gather(opened, folder))
        groups: Groups | str
        if isinstance(clusters, StudyMap):
            place_map(clusters, folder.path, opened.id)
            groups = groups_in(clusters, opened.id)
        else:
            groups = clusters
        yield from write_results(folder, opened, known, groups, study_clusters=key)

    def _finish(self, folder: RunFolder, clusters: StudyMap | str) -> None:
        rows = [self._outcome(row) for row in self.study]
        write_table(pd.DataFrame(rows), folder.result / "study")
        kept: dict[str, Any] = {"done": sum(row["state"] == "done" for row in rows)}
        if isinstance(clusters, StudyMap):
            kept["clusters"] = len(clusters.groups.clusters)
            kept |= outcome_of(clusters.groups)
            write_table(clusters.groups.clusters, folder.result / "clusters")
        elif self.params.clusters_too:
            kept["clusters_problem"] = clusters
        folder.finish(recordings=len(rows), **kept)

    def _outcome(self, row: Mapping[str, Any]) -> dict[str, Any]:
        name = str(row["recording"])
        error = self.failed.get(name)
        place = self.folder_of(name)
        facts: Mapping[str, Any] = {}
        if error is None:
            text = (place / "result" / "run_card.json").read_text(encoding="utf-8")
            facts = RunCard.from_json(text).outcome
        return {
            **row,
            "state": "done" if error is None else "failed",
            "problem": "" if error is None else _sentence(error),
            "mendable": getattr(error, "exit_code", 1) == 2,
            "frames": self.frames.get(name, 0),
            "seconds": round(self.spent.get(name, 0.0), 2),
            "descriptions": int(facts.get("descriptions", 0)),
            "clusters": int(facts.get("clusters", 0)),
            "noise": float(facts.get("noise", float("nan"))),
            "warnings": "; ".join(facts.get("warnings", ())),
            "folder": place.relative_to(self.out).as_posix() if error is None else "",
        }

    def folder_of(self, name: str) -> Path:
        """Return the run folder of a recording."""
        return self.out / _RECORDINGS / recording_folder(name)


def _within(part: Part, asks: bool) -> float:
    """Return how much of a recording is done; asking a model takes most of the time."""
    begin, size = (_ASKING if asks else _STEPS)[part.step]
    return begin + size * part.done / part.total


def _sentence(error: Exception) -> str:
    if isinstance(error, MouseGPTError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error}. Please report it."


def _written_for(folder: RunFolder, key: str) -> bool:
    """Whether the results of a recording were written with these clusters."""
    path = folder.path / "result" / "run_card.json"
    try:
        card = RunCard.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False
    return card.run_id == folder.card.run_id and card.outcome.get("study_clusters") == key


def _drained(parts: Generator[Part, None, Gathered]) -> Gathered:
    while True:
        try:
            next(parts)
        except StopIteration as end:
            found: Gathered = end.value
            return found
