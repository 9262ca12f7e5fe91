"""Scoring a study blind in one viewer: items in shuffled order, shown under their codes.

Nothing on the screen, and nothing that is found by looking around in the viewer, tells which
recording an item is, until somebody unlocks the study. Then that is written into its log. No
window is needed.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_mousegpt._napari.blind_exporting import export_parts
from napari_mousegpt._napari.blind_guard import BlindGuard
from napari_mousegpt._napari.blind_opening import KeptUnderCode, open_coded
from napari_mousegpt._napari.blind_progress import BlindItem, BlindProgress
from napari_mousegpt._napari.correction_settings import correction_settings
from napari_mousegpt._napari.jobs import Job, start_job
from napari_mousegpt._napari.layers import KEY
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.errors import InputError
from napari_mousegpt.runs.blind_scores import ItemScores, iter_scores, scores_of
from napari_mousegpt.runs.study_opening import close_recording, open_of_study

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt.core.blinding import Blinding
    from napari_mousegpt.core.ethogram import Ethogram
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.store.blinding import BlindStudy
    from napari_mousegpt.store.blinding_log import LogEntry

__all__ = ["BlindSession"]


class BlindSession:
    """Items of a blinded study in one viewer, at most one of them open.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    study : Study
        The table that was blinded.
    blinded : BlindStudy
        Key and log.
    who : str
        Who scores; empty for the name of the preferences.

    Attributes
    ----------
    job : Job or None
        What is going on in a thread, or went on last.
    item : Recording or None
        The one that is open, under its code; after unlocking under its own name.
    """

    #: Emitted when anything that is shown of it is different.
    changed = Signal()

    def __init__(
        self, viewer: ViewerModel, study: Study, blinded: BlindStudy, who: str = ""
    ) -> None:
        viewer = getattr(viewer, "__wrapped__", viewer)
        self._viewer = weakref.ref(viewer)
        self._study, self._blinded = study, blinded
        self._progress = BlindProgress(blinded, study)
        self.who = who
        self.job: Job | None = None
        self.item: Recording | None = None
        self.code = ""
        self._key: Blinding | None = None
        if not blinded.locked:
            self._reveal(blinded.key)
        self._guard = BlindGuard(viewer, study)
        self._state = state_of(viewer)
        if self._state.blind is not None:
            self._state.blind.put_away()
        self._state.blind = self
        if self.locked:
            self._guard.watch()
            self._state.blinded.emit()

    def __repr__(self) -> str:
        return f"<scoring of {len(self.codes)} items, {'blind' if self.locked else 'unlocked'}>"

    # --- what is there

    @property
    def locked(self) -> bool:
        """Whether nobody has unlocked the study yet, as far as this session knows."""
        return self._key is None

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of all items in the order of scoring."""
        return self._blinded.codes

    @property
    def folder(self) -> Path:
        """Where key and log are."""
        return self._blinded.folder

    @property
    def log(self) -> tuple[LogEntry, ...]:
        """Who did what and when."""
        return self._blinded.log

    @property
    def busy(self) -> bool:
        """Whether a job is going on."""
        return self.job is not None and not self.job.done

    @property
    def name(self) -> str:
        """Who scores."""
        return self.who.strip() or correction_settings().name

    @property
    def items(self) -> tuple[BlindItem, ...]:
        """All items in the order of scoring, as they may be shown."""
        return tuple(self._progress.item(code, shown=code == self.code) for code in self.codes)

    # --- going through the items

    def open(self, code: str) -> Job | None:
        """Open an item beside the window; the one that is open is closed when this one is there.

        Returns
        -------
        Job or None
            None while another job is going on.
        """
        return self._start(f"Open {code}", self._opening(code), lambda item: self._take(code, item))

    def step(self, by: int) -> Job | None:
        """Open the next item (1) or the one before (-1); None where there is none."""
        place = self.codes.index(self.code) + by if self.code else 0
        if not 0 <= place < len(self.codes):
            return None
        return self.open(self.codes[place])

    def look(self) -> Job | None:
        """Read how far each item is."""
        folder = correction_settings().path
        work = iter_scores(self._blinded, self._study, folder, clocks=False)
        job = self._start("Look at scores", work, _nothing)
        if job is not None:
            job.progressed.connect(self._note)
        return job

    def export(self, path: str | Path, *, overwrite: bool = False) -> Job | None:
        """Write the scores of all items as a table of bouts, beside the window.

        It is by code while the study is locked, else by recording with the columns of the study.

        Returns
        -------
        Job or None
            Its result is of :class:`~napari_mousegpt._napari.blind_exporting.ExportedScores`.
            None while another job is going on.

        Raises
        ------
        InputError
            When the file is one of the study.
        """
        target = Path(path)
        self.check_target(target)
        return self._start(
            f"Export {target.name}",
            export_parts(self._blinded, self._study, target, overwrite=overwrite),
            _nothing,
        )

    def close_item(self) -> None:
        """Close the item that is open; what was scored is on disk already."""
        viewer, item = self._viewer(), self.item
        self.item, self.code = None, ""
        if viewer is None or item is None:
            return
        desk = self._state.desk(item.id) if self._state.layers_of(item.id) else None
        if desk is not None:
            desk.changed.disconnect(self._count, missing_ok=True)
        for layer in list(viewer.layers):
            if layer.metadata.get(KEY, {}).get("id") == item.id:
                viewer.layers.remove(layer)
        close_recording(item)
        self.changed.emit()

    def put_away(self) -> None:
        """End scoring in this viewer; the study stays as it is, blinded or not."""
        if self.job is not None:
            self.job.cancel()
        self.close_item()
        self._guard.rest()
        if self._state.blind is self:
            self._state.blind = None
        self.changed.emit()

    # --- looking behind the codes

    def unlock(self, who: str, reason: str) -> None:
        """Reveal which recording each item is; it is written into the log before.

        The item that is open is opened under its own name, with all that is shown on it.

        Raises
        ------
        InputError
            When a name or a reason is missing.
        StorageError
            When it cannot be written down; nothing is revealed then.
        """
        if self.busy:
            raise InputError(
                "unlocking", expected="no work that goes on", found="an item that is being opened",
                remedy="Wait a moment, and try again.",
            )  # fmt: skip
        key = self._blinded.unlock(who, reason)
        self._reveal(key)
        self._guard.rest()
        code, frame = self.code, self._state.frame(self.code)
        if code:
            found = [key.reveal_ethogram(e) for e in self._state.ethograms(code).values() if len(e)]
            self.close_item()
            self._start(
                f"Open {key.recording_of(code)}",
                self._opening(code),
                lambda item: self._take(code, item, *found, frame=frame or 0),
            )
        self.changed.emit()

    def _reveal(self, key: Blinding) -> None:
        self._key = key
        self._progress.reveal(key)

    # --- what the viewer asks

    def keeper(self, recording: str) -> Callable[[Recording], KeptUnderCode] | None:
        """Return what gives the corrections of an item; None for other recordings."""
        if recording not in self.codes:
            return None
        # Held weakly, as desks may outlive the session.
        session = weakref.ref(self)

        def who() -> str:
            alive = session()
            return correction_settings().name if alive is None else alive.name

        blinded = self._blinded
        return lambda item: KeptUnderCode(
            blinded.corrections(item, correction_settings().path), who
        )

    def check(self, recording: Recording) -> None:
        """Refuse a recording of the study under its own name.

        Raises
        ------
        InputError
            While the study is locked.
        """
        if self.locked:
            self._guard.check(recording)

    def check_target(self, path: Path) -> None:
        """Refuse to write over a file of the study, which nobody can see while it is blinded.

        Raises
        ------
        InputError
            When it is one.
        """
        self._guard.check_target(path)

    # --- jobs

    def _opening(self, code: str) -> Generator[None, None, Recording]:
        yield from ()
        if self._key is None:
            return open_coded(self._blinded, self._study, code, self.name)
        return open_of_study(self._study, self._key.recording_of(code))

    def _take(self, code: str, item: Recording, *found: Ethogram, frame: int = 0) -> None:
        """Show what was opened."""
        viewer = self._viewer()
        if viewer is None or self._state.blind is not self:
            close_recording(item)
            return
        self.close_item()
        self.item, self.code = item, code
        self._progress.open(code)
        if self.locked:
            self._guard.know(item)
        show(viewer, item, *found)
        self._state.go_to(item.id, frame)
        self._state.desk(item.id).changed.connect(self._count)
        self._count()

    def _count(self) -> None:
        """Take note of the scores of the item that is open."""
        if self.item is not None and self._state.layers_of(self.item.id):
            edits = self._state.desk(self.item.id).book.edits
            self._progress.count(self.code, len(scores_of(edits)))
        self.changed.emit()

    def _note(self, part: ItemScores) -> None:
        # The desk knows more of the item that is open.
        if part.code != self.code or not self._progress.counted(part.code):
            self._progress.count(part.code, len(part.scores), part.problem)
        self.changed.emit()

    def _start(
        self, title: str, work: Generator[Any, None, Any], done: Callable[[Any], object]
    ) -> Job | None:
        if self.busy:
            work.close()
            return None
        self.job = start_job(self._viewer(), lambda: work, title=title, on_done=done, notify=False)
        self.job.ended.connect(self._on_ended)
        self.changed.emit()
        return self.job

    def _on_ended(self, job: Job) -> None:
        self.changed.emit()


def _nothing(_: object) -> None:
    """What is done with a result that is read from the job."""
