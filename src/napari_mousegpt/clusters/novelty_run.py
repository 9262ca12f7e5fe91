"""The verb ``novel``: one question about novelty as a run folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from napari_mousegpt.clusters.novelty import Novelty, Question
from napari_mousegpt.clusters.novelty_params import NoveltyParams
from napari_mousegpt.core.provenance import RunCard, plain
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.store import Job, Part, iter_parts, run_folder, table_fingerprint, write_table

__all__ = ["iter_novel", "novel", "novelty_folder"]


def iter_novel(
    reference: Vectors,
    new: Vectors,
    params: NoveltyParams | None = None,
    *,
    animals: Mapping[str, str] | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Part]:
    """Find what is new in new recordings, one finished part after the other.

    Parameters
    ----------
    reference, new : Vectors
        From one model; see :func:`~napari_mousegpt.clusters.novelty.novel_against`.
    params : NoveltyParams, optional
        Method, neighbours, false-alarm rate.
    animals : mapping of str to str, optional
        Animal of each recording.
    out : path-like, optional
        Run folder; by default one of its own in the user's cache.
    overwrite : bool
        Replace another run that stands in ``out``.
    cancelled : callable, optional
        Tells whether to stop within a part.

    Yields
    ------
    Part
        ``control`` (the reference against itself), then ``windows``; already on disk. ``result``
        holds ``windows``, ``recordings``, ``candidates`` and ``control``.

    Raises
    ------
    MismatchError, InputError
        As :func:`~napari_mousegpt.clusters.novelty.novel_against`.
    """
    settings = params or NoveltyParams()
    question = Question(reference, new, settings, animals, cancelled=cancelled)
    with run_folder(_card(reference, new, settings, animals), out, overwrite=overwrite) as folder:
        jobs = [
            Job("novelty", "control", question.control),
            Job("novelty", "windows", question.windows),
        ]
        tables = {}
        for part in iter_parts(folder, jobs):
            tables[part.name] = part.table
            yield part
        answer = question.answer(tables["control"], tables["windows"])
        for name in ("windows", "recordings", "candidates", "control"):
            write_table(getattr(answer, name), folder.result / name)
        folder.finish(
            threshold=None if answer.threshold != answer.threshold else answer.threshold,
            flagged=int(answer.windows["flagged"].sum()),
            candidates=len(answer.candidates),
            problems=list(answer.problems),
        )


def novel(
    reference: Vectors,
    new: Vectors,
    params: NoveltyParams | None = None,
    *,
    animals: Mapping[str, str] | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Novelty:
    """Find what is new in new recordings. Parameters are those of :func:`iter_novel`.

    Returns
    -------
    Novelty
        Scores, flags, rates beside their control, candidate behaviours.
    """
    settings = params or NoveltyParams()
    place = novelty_folder(reference, new, settings, animals, out)
    parts = iter_novel(reference, new, settings, animals=animals, out=place, overwrite=overwrite)
    tables = {part.name: part.table for part in parts}
    question = Question(reference, new, settings, animals)
    return question.answer(tables["control"], tables["windows"])


def novelty_folder(
    reference: Vectors,
    new: Vectors,
    params: NoveltyParams,
    animals: Mapping[str, str] | None = None,
    out: str | os.PathLike[str] | None = None,
) -> Path:
    """Return the run folder of a question; parameters are those of :func:`iter_novel`."""
    return run_folder(_card(reference, new, params, animals), out).path


def _card(
    reference: Vectors, new: Vectors, params: NoveltyParams, animals: Mapping[str, str] | None
) -> RunCard:
    inputs = {
        "reference": table_fingerprint(reference.to_table()),
        "new": table_fingerprint(new.to_table()),
    }
    planned = {**plain(params), "animals": dict(sorted((animals or {}).items()))}
    return RunCard(
        "novel", planned, inputs, models={"encoder": f"{new.model} {new.revision}".strip()}
    )
