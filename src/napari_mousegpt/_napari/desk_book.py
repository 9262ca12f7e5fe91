"""The bouts of one recording in one viewer, and the file in which their corrections are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from napari_mousegpt._napari.correction_settings import correction_settings
from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import LockedError, MouseGPTError, StorageError

if TYPE_CHECKING:
    from napari_mousegpt._napari.blind_opening import KeptUnderCode
    from napari_mousegpt.core.edits import Edit
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.store.corrections import CorrectionsFile

__all__ = ["DeskBook", "corrections_file_path", "joined"]


def corrections_file_path(recording: Recording) -> Path:
    """Return where the corrections of a recording are or will be."""
    from napari_mousegpt.store.corrections_place import corrections_path

    return corrections_path(recording, correction_settings().path)


def joined(ethograms: Sequence[Ethogram]) -> Ethogram | None:
    """Return the bouts of several ethograms as one; of a bout that comes twice the first counts."""
    filled = [ethogram for ethogram in ethograms if len(ethogram)]
    if len(filled) < 2:
        return filled[0] if filled else None
    table = Intervals.concat([ethogram.bouts for ethogram in filled]).to_pandas()
    bouts = Intervals(table[~table["bout_id"].duplicated()])
    notes = dict.fromkeys(note for ethogram in filled for note in ethogram.notes)
    observed = Intervals.concat([ethogram.observed for ethogram in filled])
    return Ethogram(bouts, observed, notes=tuple(notes))


class DeskBook:
    """Bouts as corrected, and what is told of them.

    Parameters
    ----------
    recording : Recording
        Whose.
    tell : callable
        Gets the error when corrections cannot be read; edits are refused with it from then on.
    keeper : callable, optional
        Gives the corrections of a recording, where they are not in the usual file.
    """

    def __init__(
        self,
        recording: Recording,
        tell: Callable[[Exception], None],
        keeper: Callable[[Recording], KeptUnderCode] | None = None,
    ) -> None:
        self._known: dict[str, tuple[NDArray[Any], NDArray[Any], frozenset[str]]] = {}
        self._below: tuple[Ethogram, ...] = ()
        self._stale = False
        self._refusal: MouseGPTError | None = None
        self._file: CorrectionsFile | KeptUnderCode | None = None
        self._book = BoutBook(recording.id, recording.n_frames)
        #: What people should know of the file of corrections, such as lines that were set aside.
        self.notes: tuple[str, ...] = ()
        try:
            self._file = (keeper or _usual)(recording)
            self.notes = self._file.notes
            if keeper is None:
                self.notes += _elsewhere(recording)
            for edit in self._file.edits:
                self._take(edit)
        except MouseGPTError as error:
            self._refusal = _with_remedy(error)
            tell(self._refusal)

    @property
    def who(self) -> str:
        """Who corrects: a scorer has a name of their own."""
        return getattr(self._file, "who", "") or correction_settings().name

    @property
    def book(self) -> BoutBook:
        """All bouts, with the ethograms below that are shown now."""
        if self._stale:
            self._stale = False
            self._book.set_base(joined(self._below))
        return self._book

    @property
    def labels(self) -> frozenset[str]:
        """Every label of a bout."""
        return self._values("label")

    @property
    def labels_to_give(self) -> frozenset[str]:
        """Every label that somebody else than a clustering gave."""
        return self._values("label", without="cluster")

    @property
    def individuals(self) -> frozenset[str]:
        """Everybody who has a bout."""
        return self._values("individual")

    def below(self, ethograms: Sequence[Ethogram]) -> bool:
        """Say what is shown below the corrections; False when that is what it was before."""
        filled = tuple(ethogram for ethogram in ethograms if len(ethogram))
        if [id(ethogram) for ethogram in filled] == [id(known) for known in self._below]:
            return False
        # They are joined when somebody asks: often several layers come or go at once.
        self._below, self._stale = filled, True
        return True

    def catch_up(self) -> list[Edit]:
        """Take over what others have corrected in the meantime, and return it.

        Raises
        ------
        MouseGPTError
            When the file cannot be read any more.
        """
        if self._file is None:
            return []
        return [edit for edit in self._file.refresh() if self._take(edit)]

    def do(self, plan: Callable[[BoutBook], Edit]) -> list[Edit]:
        """Plan an edit, keep it on disk, then let it take effect.

        Returns
        -------
        list of Edit
            What has changed: edits that others made in the meantime, then this one.

        Raises
        ------
        MouseGPTError
            When it makes no sense or cannot be kept; nothing is changed then.
        """
        if self._file is None:
            assert self._refusal is not None
            raise self._refusal
        book = self.book
        book.who = self.who
        edit = plan(book)
        try:
            edits = [*self._file.append(edit), edit]
        except StorageError as error:
            raise _with_remedy(error) from error
        for one in edits:
            self._take(one)
        return edits

    def _take(self, edit: Edit) -> bool:
        """Let an edit take effect; False when it has done so before."""
        return self._book.apply(edit)

    def _values(self, name: str, without: str = "") -> frozenset[str]:
        """Return the different values of a column, looked up once until the bouts change.

        Bouts of one source can be left out.
        """
        columns = self.book.columns()
        values, source = columns[name], columns["source"]
        known = self._known.get(name + without)
        if known is None or known[0] is not values or known[1] is not source:
            chosen = values[source != without] if without else values
            known = self._known[name + without] = (values, source, frozenset(chosen.tolist()))
        return known[2]


def _usual(recording: Recording) -> CorrectionsFile:
    from napari_mousegpt.store.corrections import CorrectionsFile

    return CorrectionsFile.of_recording(recording, correction_settings().path)


def _elsewhere(recording: Recording) -> tuple[str, ...]:
    from napari_mousegpt.store.corrections_place import kept_elsewhere

    return kept_elsewhere(recording, correction_settings().path)


def _with_remedy(error: MouseGPTError) -> MouseGPTError:
    """Return an error of the disk with what to do in the viewer, others as they are.

    Whoever corrects in the viewer never named the folder.
    """
    if not isinstance(error, StorageError) or isinstance(error, LockedError):
        return error
    return StorageError(
        error.subject,
        expected=error.expected,
        found=error.found,
        remedy="Nothing was changed. Make room, or allow writing there, or choose another folder "
        "for corrections in File > Preferences > MouseGPT.",
    )
