"""Questions about novelty for a panel: asked beside the viewer, shown, accepted. No window here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from psygnal import Signal

from napari_mousegpt._napari.blind_results import check_not_blind
from napari_mousegpt._napari.extras import add_curve, extras_of
from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.map_acts import highlight
from napari_mousegpt._napari.map_source import RunFolders, find_runs
from napari_mousegpt._napari.novelty_source import (
    ROLES,
    FoundNew,
    FoundOdd,
    accept_parts,
    new_parts,
    odd_parts,
)
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.clusters.novelty_params import NoveltyParams, OddParams
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.clusters.accepted import Accepted
    from napari_mousegpt.clusters.growing import GrowingMap
    from napari_mousegpt.core.recording import Recording

__all__ = ["CANDIDATE", "CURVES", "NoveltyShow"]

#: What the timeline calls the scores of either question.
CURVES = {"new": "novelty", "odd": "novelty: odd within"}
#: What it calls the stretches of the candidate that is looked at.
CANDIDATE = "candidate"
#: What the questions are called while they are asked.
_TITLES = {"new": "New against a reference", "odd": "Odd within"}
#: Values of a column that recordings can be chosen by, at most.
_MOST_VALUES = 12
#: Recordings that a sentence names, at most.
_NAMED = 3


class NoveltyShow:
    """What is asked, and what was found.

    Parameters
    ----------
    viewer : ViewerModel
        Whose timeline shows the scores.
    start : callable
        Starts a job.

    Attributes
    ----------
    source : RunFolders or None
        What the question is asked of.
    roles : dict of str to str
        Role of each recording, one of :data:`~napari_mousegpt._napari.novelty_source.ROLES`.
    job : Job or None
        The question that is asked, or was asked last; None when that was stopped.
    found : FoundNew, FoundOdd or None
        The answer.
    accepted : dict of int to Accepted
        Candidates of this answer that are in the map.
    """

    #: Emitted when there are other roles, or more of a question is done.
    changed = Signal()
    #: Emitted when there is another answer, or something was accepted or taken back.
    answered = Signal()

    def __init__(self, viewer: ViewerModel, start: Callable[..., Job] = start_job) -> None:
        self._viewer, self._start = viewer, start
        self._state = state_of(viewer)
        self.source: RunFolders | None = None
        self.roles: dict[str, str] = {}
        self.job: Job | None = None
        self.found: FoundNew | FoundOdd | None = None
        self.accepted: dict[int, Accepted] = {}
        self._undone: dict[int, Accepted] = {}
        self._growing: GrowingMap | None = None
        # How often it was stopped: what comes of a question asked before that counts no more.
        self._stopped = 0
        self._state.changed.connect(self.show_curves)
        self._state.blinded.connect(self.forget)

    # --- what is asked

    def open(self, folder: Path) -> None:
        """Take the recordings of a run or study; all are the reference at first.

        Raises
        ------
        InputError, FormatError
            When it is none; what was open before stays.
        """
        check_not_blind(self._state, "novelty")
        source = find_runs(folder)
        self.drop()
        self.source = source
        self.roles = dict.fromkeys(sorted(source.runs), ROLES[0])
        self.changed.emit()

    @property
    def groupings(self) -> dict[tuple[str, str], str]:
        """Values of the study table that tell recordings apart, and what to call them."""
        found = {}
        for column, values in ({} if self.source is None else self.source.facts).items():
            several = sorted({values.get(name, "") for name in self.roles} - {""})
            if column != "animal" and 2 <= len(several) <= _MOST_VALUES:
                found.update({(column, value): f"{column}: {value}" for value in several})
        return found

    def facts(self, recording: str) -> str:
        """Return what the study table says of a recording."""
        known = {} if self.source is None else self.source.facts
        said = [values.get(recording, "") for values in known.values()]
        return ", ".join(one for one in said if one and one != recording)

    def give(self, recordings: Iterable[str], role: str) -> None:
        """Give recordings another role.

        Raises
        ------
        InputError
            When there is no such role.
        """
        if role not in ROLES:
            raise InputError(f"role {role!r}", expected=f"one of {', '.join(ROLES)}")
        self.roles.update({name: role for name in recordings if name in self.roles})
        self.changed.emit()

    def choose_new(self, column: str, value: str) -> None:
        """Take recordings with a value for new, those with another one for the reference."""
        values = {} if self.source is None else self.source.facts[column]
        for name in self.roles:
            said = values.get(name, "")
            self.roles[name] = "new" if said == value else "reference" if said else "left out"
        self.changed.emit()

    def problem(self, question: str) -> str:
        """Return why a question cannot be asked, empty when it can."""
        if self.source is None:
            return "Choose the folder of a study that was clustered, or of its results."
        count = {role: sum(one == role for one in self.roles.values()) for role in ROLES}
        if question == "odd":
            both = count["reference"] + count["new"]
            return "" if both >= 2 else "At least two recordings are needed."
        if count["new"] < 2:
            return "Choose at least two new recordings: each is held against the others."
        if not count["reference"]:
            return "Leave at least one recording in the reference, better six or more."
        return ""

    @property
    def note(self) -> str:
        """What people should know about the source, in a sentence; empty for nothing."""
        names = () if self.source is None else self.source.without_run
        if not names:
            return ""
        more = len(names) - _NAMED
        told = ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        return f"These have vectors but no run of their own, so they cannot take part: {told}."

    @property
    def busy(self) -> bool:
        """Whether a question is being asked."""
        return self.job is not None and not self.job.done

    def ask(self, params: NoveltyParams | OddParams) -> None:
        """Ask what is new against the reference, or what is odd within all that take part.

        Raises
        ------
        InputError
            When the recordings do not suffice, see :meth:`problem`.
        """
        if isinstance(params, NoveltyParams):
            # The panel that asked may be closed by now.
            mine = [job for job in self._state.jobs if job.title == _TITLES["new"]]
            stopping = [job for job in mine if job.cancelling]
            self._ask("new", new_parts, params, self.growing(), stopping)
        else:
            self._ask("odd", odd_parts, params)

    def cancel(self) -> None:
        """Ask no more; the answer before stays."""
        self._stopped += 1
        if self.job is not None and not self.job.done:
            self.job.cancel()
            self.changed.emit()

    # --- what was found

    def stretches(self, candidate: int) -> Any:
        """Return the stretches of a candidate, and show them on the timeline."""
        assert isinstance(self.found, FoundNew)
        stretches = self.found.stretches(candidate)
        highlight(self._state, stretches, CANDIDATE)
        return stretches

    def typical(self, candidate: int) -> tuple[str, int]:
        """Return recording and frame of the typical window of a candidate."""
        assert isinstance(self.found, FoundNew)
        (row,) = self.found.answer.candidates.query("candidate == @candidate").to_dict("records")
        return str(row["medoid_recording"]), int(row["medoid_start"])

    def show_curves(self) -> None:
        """Show the scores on the timelines of open recordings that lack them."""
        if self.found is None:
            return
        kind, column = ("new", "share") if isinstance(self.found, FoundNew) else ("odd", "score")
        table = self.found.answer.windows
        for name, recording in self._state.open_recordings.items():
            mine = table[table["recording"] == name]
            known = {curve.name for curve in extras_of(self._state, name).curves}
            if not len(mine) or CURVES[kind] in known:
                continue
            for who, rows in mine.groupby("individual"):
                values = _per_frame(rows, column, recording)
                add_curve(self._state, CURVES[kind], values, str(who), recording=name)

    # --- what is accepted

    def growing(self) -> GrowingMap | None:
        """Return the map that candidates are accepted into, None where there is none."""
        if self._growing is None and self.source is not None:
            from napari_mousegpt.clusters.applied_map import map_applied
            from napari_mousegpt.clusters.growing import GrowingMap
            from napari_mousegpt.clusters.named_files import map_folder

            groups = self.source.groups
            try:
                place = map_folder(groups if self.source.map is None else map_applied(groups))
            except InputError:  # vectors without clusters can be asked, too, or with a lost map
                return None
            self._growing = GrowingMap(place)
        return self._growing

    def accept(self, candidate: int, name: str) -> None:
        """Accept a candidate into the map, beside the viewer.

        Raises
        ------
        InputError
            When there is no map, no name, or it is accepted already.
        """
        growing, found = self.growing(), self.found
        if growing is None or not isinstance(found, FoundNew):
            raise InputError(
                "accept",
                expected="results with clusters: a behaviour gets its id in their map",
                found="no map",
                remedy='Cluster the recordings first, under "Project and cluster".',
            )
        if not name.strip():
            raise InputError("name", expected="a name for the new behaviour", found="none")
        if candidate in self.accepted:
            raise InputError(
                f"candidate {candidate}",
                expected="one that is not in the map yet",
                found=f"cluster {self.accepted[candidate].cluster}",
            )

        def done(behaviour: Accepted) -> None:
            # Told even when it was stopped too late: it is in the map then. Not of another answer.
            if self.found is found:
                self.accepted[candidate] = behaviour
                self.answered.emit()

        self._run(accept_parts, growing, found, candidate, name.strip(),
                  title="Accept a behaviour", on_done=done)  # fmt: skip

    def undo(self) -> Accepted:
        """Take back what was accepted last; its id rests.

        Raises
        ------
        InputError
            When nothing was accepted.
        """
        growing = self.growing()
        if growing is None:
            raise InputError("undo", expected="a behaviour that was accepted", found="none")
        gone = growing.undo()
        for key in [key for key, one in self.accepted.items() if one.cluster == gone.cluster]:
            self._undone[key] = self.accepted.pop(key)
        self.answered.emit()
        return gone

    def redo(self) -> Accepted:
        """Accept again what was taken back last, under the id it had.

        Raises
        ------
        InputError
            When nothing was taken back.
        """
        growing = self.growing()
        if growing is None:
            raise InputError("redo", expected="a behaviour that was taken back", found="none")
        again = growing.redo()
        self.accepted.update(
            {key: one for key, one in self._undone.items() if one.cluster == again.cluster}
        )
        self.answered.emit()
        return again

    def drop(self) -> None:
        """Forget the answer, with its curves and what is shown of it."""
        self.cancel()
        highlight(self._state, Intervals.empty(), CANDIDATE)
        for name in self._state.open_recordings:
            extras = extras_of(self._state, name)
            for curve in set(CURVES.values()) & {one.name for one in extras.curves}:
                extras.remove_curve(curve)
        self.found, self.accepted, self._undone, self._growing = None, {}, {}, None
        self.answered.emit()

    def forget(self) -> None:
        """Drop recordings and answer, as they must not be seen by who scores blind."""
        self.drop()
        self.source, self.roles = None, {}
        self.changed.emit()

    def close(self, *_: Any) -> None:
        """Ask no more and follow the viewer no more."""
        self._stopped += 1
        if self.job is not None and not self.job.done:
            self.job.cancel()
        self._state.changed.disconnect(self.show_curves, missing_ok=True)
        self._state.blinded.disconnect(self.forget, missing_ok=True)

    def _ask(self, kind: str, parts: Callable[..., Any], params: Any, *more: Any) -> None:
        problem = self.problem(kind)
        if problem or self.source is None:
            raise InputError("novelty", expected="recordings to compare", found=problem)
        stopped = self._stopped

        def done(found: FoundNew | FoundOdd) -> None:
            # One that is stopped after its last part still delivers its answer.
            asked_to_stop = self.job is not None and self.job.cancelling
            if stopped == self._stopped and not asked_to_stop:
                self._take(found)

        self._run(parts, self.source, dict(self.roles), params, *more,
                  title=_TITLES[kind], on_done=done)  # fmt: skip

    def _run(
        self, parts: Callable[..., Any], *args: Any, title: str, on_done: Callable[[Any], Any]
    ) -> None:
        if self.busy:
            return
        job = self.job = self._start(
            self._viewer, parts, *args, title=title, on_done=on_done, notify=False
        )
        job.progressed.connect(lambda _: self.changed.emit())
        job.ended.connect(self._on_ended)
        self.changed.emit()

    def _take(self, found: FoundNew | FoundOdd) -> None:
        growing = self._growing
        job, self.job = self.job, None
        self.drop()
        self.job, self._growing = job, growing
        self.found = found
        self.show_curves()
        self.answered.emit()

    def _on_ended(self, job: Job) -> None:
        if job is self.job:
            if job.cancelling:
                self.job = None  # nor does its error count
            self.changed.emit()


def _per_frame(rows: pd.DataFrame, column: str, recording: Recording) -> Any:
    """Return the score of the window that each frame is in, NaN where there is none."""
    values = np.full(recording.n_frames, np.nan, dtype=np.float32)
    for start, stop, score in zip(rows["start"], rows["stop"], rows[column], strict=True):
        values[start:stop] = score
    return values
