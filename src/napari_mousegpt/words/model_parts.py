"""The parts of a run with a model: one stream of descriptions, cut into parts as they come.

The engine reads, prepares and computes ahead across the ends of parts. Each row is on disk before
the next one is taken, so that a run that was stopped goes on with the next stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.models.engine import Cancelled
from napari_mousegpt.store import Job
from napari_mousegpt.words.contradiction import ContradictionParams, check_words
from napari_mousegpt.words.described import worth_asking_again
from napari_mousegpt.words.row_journal import RowJournal

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.features import FrameFeatures
    from napari_mousegpt.store import RunFolder
    from napari_mousegpt.words.described import Described, Describer
    from napari_mousegpt.words.rules import KinematicRules

__all__ = ["STEP", "ModelParts", "checked_words", "pieces_of"]

STEP = "words"
#: Columns that :func:`checked_words` adds.
_CHECKED = ("contradiction", "contradiction_words")
#: So many failures in a row, all of a part among them, are no matter of single clips.
_HOPELESS = 8


def pieces_of(ranges: Intervals, size: int) -> dict[str, Intervals]:
    """Return the ranges of each part by its name, ``size`` in each."""
    return {
        f"{number:05d}": ranges[first : first + size]
        for number, first in enumerate(range(0, len(ranges), size))
    }


class ModelParts:
    """Makes the unfinished parts of one run, in their order. Close it at the end.

    Parameters
    ----------
    describer : Describer
    folder : RunFolder
        Open.
    pieces : mapping of str to Intervals
        All parts of the run.
    finish : callable
        Takes the rows of a part and returns its table.
    cancelled : callable
        Whether to stop.
    again : bool
        Ask again about the stretches of finished parts where server or memory failed.
    """

    def __init__(
        self,
        describer: Describer,
        folder: RunFolder,
        pieces: Mapping[str, Intervals],
        finish: Callable[[list[dict[str, Any]]], pd.DataFrame],
        cancelled: Callable[[], bool],
        *,
        again: bool = True,
    ) -> None:
        self._describer, self._folder, self._finish = describer, folder, finish
        self._cancelled = cancelled
        self._pieces = dict(pieces)
        for name in pieces if again else ():
            self._reopen(name)
        self._todo = [name for name in pieces if not folder.has(STEP, name)]
        self._stream: Iterator[Described] | None = None
        self._kept: dict[str, dict[str, dict[str, Any]]] = {}
        self._in_a_row = 0

    @property
    def jobs(self) -> list[Job]:
        """All pieces of work, for :func:`napari_mousegpt.store.iter_parts`."""
        return [Job(STEP, name, partial(self._table, name)) for name in self._pieces]

    def close(self) -> None:
        """End the threads, and remove the rows that stand in finished parts by now."""
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()
        for name in self._pieces:
            journal = self._journal(name)
            if journal.path.is_file() and self._folder.has(STEP, name):
                journal.clear()

    def _table(self, name: str) -> pd.DataFrame:
        if self._stream is None:
            self._stream = self._begin()
        journal, kept = self._journal(name), self._kept[name]
        rows: list[dict[str, Any]] = []
        error: Exception | None = None
        failed = 0
        for range_id in self._pieces[name].range_ids():
            if (known := kept.get(str(range_id))) is not None:
                rows.append(known)
                continue
            made = next(self._stream, None)
            if made is None:
                raise Cancelled
            journal.add(made.row)
            rows.append(made.row)
            error = error or made.error
            failed += made.error is not None
            self._in_a_row = self._in_a_row + 1 if made.error is not None else 0
        if error is not None and failed == len(rows) and self._is_hopeless():
            # It is better told once than in every row. These are tried again by the next run.
            journal.clear()
            raise error
        self._folder.outdate()
        return self._finish(rows)

    def _reopen(self, name: str) -> None:
        """Take the rows that are worth asking again out of a finished part, if it has any."""
        if not self._folder.has(STEP, name):
            return
        table = self._folder.read(STEP, name)
        failed = table["evidence"].map(worth_asking_again).astype(bool)
        if not failed.any():
            return
        journal = self._journal(name)
        journal.clear()
        for row in table[~failed].drop(columns=list(_CHECKED), errors="ignore").to_dict("records"):
            journal.add({str(key): value for key, value in row.items()})
        self._folder.reopen(STEP, name)

    def _is_hopeless(self) -> bool:
        """Whether nothing works: many failures in a row, or nothing else in the whole run."""
        return self._in_a_row >= min(_HOPELESS, sum(map(len, self._pieces.values())))

    def _begin(self) -> Iterator[Described]:
        """Start the stream of all that is not described yet."""
        left = []
        for name in self._todo:
            piece = self._pieces[name]
            ids = [str(each) for each in piece.range_ids()]
            known = self._kept[name] = self._journal(name).read(ids)
            left.append(piece[[each not in known for each in ids]])
        return self._describer.rows(Intervals.concat(left), self._cancelled)

    def _journal(self, name: str) -> RowJournal:
        return RowJournal(self._folder.part_path(STEP, name).with_suffix(".jsonl"))


def checked_words(
    rows: list[dict[str, Any]], features: Mapping[str, FrameFeatures] | None, rules: KinematicRules
) -> pd.DataFrame:
    """Return rows as a table, held against the measures of the same frames where there are any.

    Rows of a whole picture with several animals cannot be: whose words they are is not known.
    """
    import pandas as pd

    table = DESCRIPTIONS.check(pd.DataFrame(rows))
    if features is None:
        return table
    whole = (table["individual"] == "") & (len(features) > 1)
    judged = (
        check_words(table[~whole], features, ContradictionParams(rules))
        if len(table[~whole])
        else table.assign(contradiction=float("nan"), contradiction_words="")
    )
    if not whole.any():
        return judged
    apart = table[whole].assign(
        contradiction=float("nan"),
        contradiction_words="not checked: the whole picture shows several animals",
    )
    return pd.concat([judged, apart]).sort_index() if not whole.all() else apart
