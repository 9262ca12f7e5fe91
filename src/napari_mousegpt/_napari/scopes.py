"""What a panel works on: a marked interval, what the timeline shows, a recording, a study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt.core.intervals import Intervals

if TYPE_CHECKING:
    from napari_mousegpt._napari.state import ViewerState
    from napari_mousegpt.core.recording import Recording

__all__ = ["SCOPES", "Scope", "scope_of"]

#: What can be chosen, and what to call it.
SCOPES = {
    "recording": "the whole recording",
    "interval": "the selected interval",
    "visible": "what the timeline shows",
    "study": "a whole study",
}


@dataclass(frozen=True, eq=False)
class Scope:
    """What is to be worked on.

    Parameters
    ----------
    kind : str
        One of :data:`SCOPES`.
    text : str
        What it is, or what is missing, as a sentence.
    ready : bool
        Whether work can begin.
    recording : Recording or None
        The recording, unless it is a study.
    within : Intervals or None
        Which stretches of it; None for all.
    study : Path or None
        Study table.
    """

    kind: str
    text: str
    ready: bool = False
    recording: Recording | None = None
    within: Intervals | None = None
    study: Path | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scope) and self._key == other._key

    def __hash__(self) -> int:
        return hash((self.kind, self.text))

    @property
    def _key(self) -> tuple[object, ...]:
        ids = None if self.within is None else tuple(self.within.range_ids())
        return self.kind, self.text, self.ready, id(self.recording), ids, self.study


def scope_of(state: ViewerState, kind: str, study: str = "") -> Scope:
    """Return what a choice means now.

    Parameters
    ----------
    state : ViewerState
        Of the viewer.
    kind : str
        One of :data:`SCOPES`.
    study : str
        Path of the study table.
    """
    if kind == "study":
        if state.blind is not None and state.blind.locked:
            return Scope(kind, "A study is scored blind here: unlock it, or use another viewer.")
        return _study(study)
    recording = state.recording
    if recording is None:
        if state.tags():
            return Scope(
                kind,
                "This pose has no frame rate. Open it with its frames per second under "
                '"Open recording".',
            )
        return Scope(kind, 'Open a recording first: under "Open recording", or drop a video.')
    if kind == "interval":
        return _interval(state, recording)
    if kind == "visible":
        return _visible(state, recording)
    from napari_mousegpt._napari.opening import about

    return Scope(kind, about(recording), True, recording)


def _interval(state: ViewerState, recording: Recording) -> Scope:
    desk = state.desk(recording.id)
    if desk.interval is not None:
        start, stop = desk.interval
        return _stretch("interval", recording, Intervals.build(recording.id, start, stop))
    rows = [desk.book.get(bout) for bout in desk.selection if bout in desk.book]
    if rows:
        within = Intervals.build(
            recording.id,
            [row.start for row in rows],
            [row.stop for row in rows],
            [row.individual for row in rows],
        )
        return _stretch("interval", recording, within)
    return Scope(
        "interval",
        f"Nothing is selected in {recording.id}. Mark an interval or choose a bout: on the "
        "timeline, or with the keys.",
    )


def _visible(state: ViewerState, recording: Recording) -> Scope:
    shown = state.visible(recording.id)
    if shown is None:
        return Scope("visible", "The timeline is not open: open it to choose what it shows.")
    start, stop = max(0, shown[0]), min(recording.n_frames, shown[1])
    if start >= stop:
        return Scope("visible", f"The timeline shows nothing of {recording.id}.")
    return _stretch("visible", recording, Intervals.build(recording.id, start, stop))


def _stretch(kind: str, recording: Recording, within: Intervals) -> Scope:
    spans = within.merge()
    clock = recording.timebase
    seconds = float(sum(clock.time(span.stop) - clock.time(span.start) for span in spans))
    if len(spans) == 1:
        first, last = int(spans.start[0]), int(spans.stop[0]) - 1
        text = f"{recording.id}: frames {first} to {last}, {seconds:.1f} s"
    else:
        text = f"{recording.id}: {len(spans)} stretches, {seconds:.1f} s in all"
    who = sorted(set(spans.individual) - {""})
    if who and len(recording.individuals) > 1:
        text += f", {', '.join(who)}"
    return Scope(kind, f"{text}.", True, recording, within)


def _study(path: str) -> Scope:
    if not path:
        return Scope("study", "Choose a study table: csv, xlsx or toml, a row for each recording.")
    table = Path(path)
    if not table.is_file():
        return Scope("study", f"There is no file {table}.")
    return Scope("study", f"Every recording of {table.name}, in turn.", True, study=table)
