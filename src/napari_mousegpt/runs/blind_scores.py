"""Scores of a blinded study: what people marked or accepted in each of its items."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pandas as pd

from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.study_checks import FILE_ROLES
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.runs.study_opening import close_recording, open_of_study

if TYPE_CHECKING:
    from napari_mousegpt.core.edits import BoutRow, Edit
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.store.blinding import BlindStudy

__all__ = ["BlindScores", "ItemScores", "Score", "iter_scores", "scores_of", "told_of"]


@dataclass(frozen=True)
class Score:
    """A bout that a person marked or accepted.

    Parameters
    ----------
    bout : BoutRow
        As it is now.
    who, when : str
        Who made it what it is, and when (UTC); edits that were taken back do not count.
    """

    bout: BoutRow
    who: str
    when: str


@dataclass(frozen=True, eq=False)
class ItemScores:
    """What is known of the scores of one item; yielded as a part of the work.

    Parameters
    ----------
    code : str
    scores : tuple of Score
        By start.
    problem : str
        Why they cannot be read; empty where they can.
    done, total : int
        Items so far, and in all.
    clock : Timebase or None
        Of the recording, where it was asked for and there are scores.
    """

    code: str
    scores: tuple[Score, ...]
    problem: str
    done: int
    total: int
    clock: Timebase | None = None
    step: str = ""


@dataclass(frozen=True, eq=False)
class BlindScores:
    """The scores of all items.

    Parameters
    ----------
    ethogram : Ethogram
        By code while the study is locked; else by recording, with a column ``item`` and the
        columns of the study (those that bouts have too begin with ``study_``). Further columns:
        ``scored_by`` and ``scored_at``.
    clocks : dict of str to Timebase
        Of each recording that has scores.
    left_out : tuple of str
        A sentence for each item whose scores could not be read.
    """

    ethogram: Ethogram
    clocks: dict[str, Timebase]
    left_out: tuple[str, ...]


def scores_of(edits: Iterable[Edit]) -> tuple[Score, ...]:
    """Return the bouts that are accepted after all edits of one recording, by start.

    They are those that the viewer shows: an edit that somebody took back leaves what others did to
    the same bout in the meantime.
    """
    done = tuple(edits)
    changes = (change for edit in done for change in edit.changes)
    row = next((row for c in changes for row in (c.old, c.new) if row is not None), None)
    if row is None:
        return ()
    book = BoutBook(row.recording, 0, edits=done)
    return tuple(
        Score(bout, edit.who, edit.when)
        for bout in book.rows
        if bout.status == "accepted" and (edit := book.decided_by(bout.bout_id)) is not None
    )


def iter_scores(
    blinded: BlindStudy,
    study: Study,
    folder: str | os.PathLike[str] | None = None,
    *,
    clocks: bool = True,
) -> Generator[ItemScores, None, BlindScores]:
    """Read the scores of every item; nothing is written into the log.

    Parameters
    ----------
    blinded : BlindStudy
    study : Study
        The one that was blinded.
    folder : path-like, optional
        Of the corrections.
    clocks : bool
        Open the videos of items that have scores, to tell their times in seconds.

    Yields
    ------
    ItemScores
        After each item, in the order of scoring.
    """
    items = []
    for number, code in enumerate(blinded.codes):
        scores: tuple[Score, ...] = ()
        problem, clock = "", None
        try:
            item = blinded.item(code, lambda name: _unopened(study, name))
            scores = scores_of(blinded.corrections(item, folder).edits)
            if clocks and scores:
                clock = _clock(blinded, study, code)
        except MouseGPTError as error:
            problem = str(error)
        except OSError as error:
            problem = f"{code}: its files cannot be read ({error.strerror})."
        items.append(ItemScores(code, scores, problem, number + 1, len(blinded.codes), clock))
        yield items[-1]
    return _joined(blinded, study, items)


def told_of(study: Study, recording: str) -> tuple[str, ...]:
    """Return words that would tell which recording it is: its id, and names of its files."""
    words = [recording]
    for role in FILE_ROLES:
        file = study.path(recording, role)
        if file is None:
            continue
        for path in (file, file.absolute(), file.resolve()):
            words += [str(path), path.as_posix(), str(path.parent), path.name, path.stem]
    return tuple(dict.fromkeys(word for word in words if word not in ("", ".", "/")))


def _unopened(study: Study, name: str) -> Recording:
    """Return a recording of which only the content of its files is known, which is quick."""
    from napari_mousegpt.io.view_opening import fingerprint_of

    prints = {}
    for role in ("video", "pose"):
        file = study.path(name, role)
        if file is not None:
            if not file.exists():
                # The path is not told.
                raise InputError(
                    "item", expected=f"a {role} file", found="none where the study table says",
                    remedy="Ask whoever keeps the table to find it again with relocate.",
                )  # fmt: skip
            prints[role] = fingerprint_of(file)
    # No frames: how many there are does not matter to read what is written.
    return Recording(name, (View("main", Timebase.constant(1, 0), fingerprints=prints),))


def _clock(blinded: BlindStudy, study: Study, code: str) -> Timebase:
    opened = blinded.item(code, lambda name: open_of_study(study, name))
    close_recording(opened)
    return opened.timebase


def _joined(blinded: BlindStudy, study: Study, items: list[ItemScores]) -> BlindScores:
    rows, clocks = [], {}
    key = None if blinded.locked else blinded.key
    for item in items:
        name = item.code if key is None else key.recording_of(item.code)
        more = {} if key is None else {"item": item.code, **_facts(study, name)}
        if item.clock is not None:
            clocks[name] = item.clock
        for score in item.scores:
            bout = {**asdict(score.bout), "recording": name}
            rows.append({**bout, "scored_by": score.who, "scored_at": score.when, **more})
    left = tuple(item.problem for item in items if item.problem)
    table = pd.DataFrame(rows, columns=None if rows else [*KEYS, "label"])
    return BlindScores(Ethogram(Intervals(table)), clocks, left)


def _facts(study: Study, recording: str) -> dict[str, str]:
    """Return what the table knows of a recording, but for its files."""
    ours = {"item", "start_s", "stop_s", "scored_by", "scored_at", *KEYS}
    ours |= {"label", "source", "confidence", "status", "bout_id", "parent_id", "comment"}
    found = {}
    for name, value in study.row(recording).items():
        if name not in (*FILE_ROLES, "recording", "individual"):
            found[f"study_{name}" if name in ours else name] = str(value)
    return found
