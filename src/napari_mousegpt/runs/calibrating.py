"""The verb ``calibrate_model``: how far a model is to be believed, from labels people accepted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt.errors import InputError
from napari_mousegpt.reports.reliability import draw_reliability
from napari_mousegpt.runs.accepted_clips import accepted_clips, without_shown
from napari_mousegpt.runs.clustered import FinishedRuns, finished_runs
from napari_mousegpt.runs.describing_runs import described_card, iter_described, model_of
from napari_mousegpt.store import Part, RunFolder, run_folder, table_fingerprint, write_table
from napari_mousegpt.words import DescribeParams
from napari_mousegpt.words.calibration import Calibration, calibrate, vocabulary_hash
from napari_mousegpt.words.calibration_files import (
    calibration_file,
    load_calibration,
    save_calibration,
)
from napari_mousegpt.words.prompts import Prompt
from napari_mousegpt.words.scoring import LabelScores, ScoringParams
from napari_mousegpt.words.vocabulary import Vocabulary

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.runs.results import RunResult
    from napari_mousegpt.runs.study_results import StudyResult

__all__ = ["CalibrateParams", "calibrate_model", "calibration_of", "iter_calibrate_model"]


@dataclass(frozen=True)
class CalibrateParams:
    """Which clips a calibration is made from.

    Parameters
    ----------
    window_s : float
        Length of the clips, in seconds: as long as those that are going to be described. A shorter
        bout is one clip.
    most_of_a_bout : int
        Clips that are cut from one bout, spread over it.
    bins : int
        Of the reliability.
    """

    window_s: float = 1.0
    most_of_a_bout: int = 3
    bins: int = 10

    def __post_init__(self) -> None:
        if not self.window_s > 0:
            raise InputError(f"window_s={self.window_s}", expected="seconds above 0")
        for name in ("most_of_a_bout", "bins"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)}", expected="1 or more")


def iter_calibrate_model(
    run: str | os.PathLike[str] | RunResult | StudyResult,
    describing: DescribeParams,
    params: CalibrateParams | None = None,
    *,
    out: str | os.PathLike[str],
    overwrite: bool = False,
    study: Study | None = None,
    recordings: Mapping[str, Recording] | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Part]:
    """Score the clips that people labelled and fit a temperature, part by part.

    Parameters
    ----------
    run : path-like, RunResult or StudyResult
        A finished run or study, of which bouts were accepted or corrected. Which bouts are looked
        at must not hang on how sure this model was.
    describing : DescribeParams
        Model, prompt, labels and clips, as they are going to be used.
    params : CalibrateParams, optional
        Which clips.
    out : path-like
        Run folder. In ``result``: the calibration under the name of the model, ``reliability.png``,
        and ``clips`` with every clip, its label, and the probability of each label.
    overwrite : bool
        Replace another run that stands in ``out``.
    study : Study, optional
        Whose groups and animals must not be in a prompt; that of a study by default.
    recordings : mapping of str to Recording, optional
        Those that are open, by id.
    progress, cancelled
        See :func:`napari_mousegpt.words.iter_describe`.

    Yields
    ------
    Part
        As the clips are scored; on disk already. The same call goes on where a stopped one ended.

    Raises
    ------
    ConsentError
        When weights would be downloaded and nobody agreed.
    InputError
        When labels are not scored by this describer, or too few were accepted.
    """
    settings, runs = params or CalibrateParams(), finished_runs(run, recordings)
    asking, vocabulary = _asking(describing)
    accepted = accepted_clips(runs, vocabulary, settings.window_s, settings.most_of_a_bout)
    assert isinstance(asking.prompt, Prompt)
    accepted = without_shown(accepted, asking.prompt.examples)
    clips = accepted.clips
    model = model_of(asking, len(clips), progress)
    inputs = {"clips": table_fingerprint(clips.to_pandas())}
    card = described_card("calibrate_model", settings, inputs, runs, asking, model)
    stopped = cancelled or (lambda: False)
    with run_folder(card, out, overwrite=overwrite) as folder:
        tables = []
        for part in iter_described(
            runs, clips, asking, folder, model=model,
            overwrite=overwrite, study=study, progress=progress, cancelled=stopped,
        ):  # fmt: skip
            tables.append(part.table)
            yield part
        if sum(map(len, tables)) < len(clips):
            return
        _write(folder, runs, clips, tables, asking, settings, accepted.notes)


def calibrate_model(
    run: str | os.PathLike[str] | RunResult | StudyResult,
    describing: DescribeParams,
    params: CalibrateParams | None = None,
    *,
    out: str | os.PathLike[str],
    overwrite: bool = False,
    study: Study | None = None,
    recordings: Mapping[str, Recording] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Score the clips that people labelled, fit a temperature and keep it.

    Parameters are those of :func:`iter_calibrate_model`.

    Returns
    -------
    Calibration
        For :class:`~napari_mousegpt.words.DescribeParams`; its file is that of
        :func:`calibration_of`.
    """
    for _ in iter_calibrate_model(
        run, describing, params, out=out, overwrite=overwrite, study=study,
        recordings=recordings, progress=progress,
    ):  # fmt: skip
        pass
    return load_calibration(calibration_of(out))


def calibration_of(out: str | os.PathLike[str]) -> Path:
    """Return the file of a calibration in the run folder where it was made.

    Raises
    ------
    InputError
        When there is none.
    """
    files = sorted((Path(out) / "result").glob("*.calibration.json"))
    if not files:
        raise InputError(
            out,
            expected="the folder of a finished calibration",
            found="none in it",
            remedy="If it was stopped, start it again to finish.",
        )
    return files[0]


def _asking(describing: DescribeParams) -> tuple[DescribeParams, Vocabulary]:
    """Return how clips are scored: nothing left open, no more text than must be."""
    if describing.by_rules or describing.server is not None or describing.vocabulary is None:
        raise InputError(
            "calibration",
            expected="labels that are scored: a vocabulary, and a model on this machine",
            found="rules" if describing.by_rules else "a describer that writes its labels",
            remedy="Name a model and its labels.",
        )
    assert isinstance(describing.vocabulary, Vocabulary)
    how = describing.scoring
    scoring = ScoringParams(how.prior_weight, how.length_power)
    asking = replace(describing, scoring=scoring, calibration=None, max_tokens=1)
    return asking, describing.vocabulary


def _write(
    folder: RunFolder,
    runs: FinishedRuns,
    clips: Intervals,
    tables: list[pd.DataFrame],
    describing: DescribeParams,
    params: CalibrateParams,
    notes: tuple[str, ...],
) -> None:
    import pandas as pd

    assert isinstance(describing.vocabulary, Vocabulary)
    said = pd.concat(tables, ignore_index=True)
    truth = dict(zip(clips.range_ids(), clips.column("label"), strict=True))
    failed = said["problem"].str.startswith("not described")
    if failed.any():
        notes = (*notes, f"{int(failed.sum())} clips could not be scored.")
    said = said[~failed].reset_index(drop=True)
    labels = tuple(describing.vocabulary.labels)
    scores = _log_probabilities(said["raw"].tolist(), labels)
    accepted = [str(truth[key]) for key in said["range_id"]]
    animals = [runs.animals.get(str(name), "") for name in said["recording"]]
    model, prompt_id = str(said["model"].iloc[0]), str(said["prompt_id"].iloc[0])
    found = calibrate(
        # What the prior and the length take off is off already.
        LabelScores(labels, scores),
        accepted,
        animals=animals if all(animals) else None,
        params=ScoringParams(prior_weight=0.0),
        model=model,
        prompt_id=prompt_id,
        vocabulary=vocabulary_hash(describing.vocabulary),
        clips=describing.clips,
        seconds=said["stop_s"] - said["start_s"],
        quantised=describing.quantised,
        bins=params.bins,
    )
    found = replace(
        found,
        prior_weight=describing.scoring.prior_weight,
        length_power=describing.scoring.length_power,
        notes=(*found.notes, *notes),
    )
    keys = ["range_id", "recording", "individual", "start", "stop"]
    shares = {f"p_{label}": np.exp(scores[:, i]) for i, label in enumerate(labels)}
    table = said[keys].assign(accepted=accepted, said=said["label"], **shares)
    write_table(table, folder.result / "clips", run_id=folder.card.run_id)
    draw_reliability(folder.result / "reliability.png", found)
    for old in folder.result.glob("*.calibration.json"):
        old.unlink()
    place = calibration_file(folder.result, model, prompt_id, found.vocabulary)
    save_calibration(found, place)
    folder.finish(
        clips=len(table),
        temperature=found.temperature,
        ece_before=found.ece_before,
        ece_after=found.ece_after,
        calibration=place.name,
    )


def _log_probabilities(raw: list[str], labels: tuple[str, ...]) -> np.ndarray:
    """Return the log-probabilities of the labels, shape (n, K), from what rows keep of them."""
    shares = [json.loads(text)["label"]["of"] for text in raw]
    values = np.array([[float(row[label]) for label in labels] for row in shares])
    return np.asarray(np.log(np.maximum(values, np.finfo(float).tiny)))
