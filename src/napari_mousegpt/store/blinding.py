"""Blinding on disk: the key, and a log of everybody who looked.

::

    FOLDER/blinding.key.json    which recording hides behind which code; not to be opened by hand
    FOLDER/blinding.log.jsonl   who did what and when, one line each, only ever added to

The key guards against seeing what one did not ask for, not against somebody who opens it on
purpose. The log begins with the hash of the key, so that a key that was changed later is noticed,
and the line of an unlocking is on the disk before anything is revealed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt.core.blinding import Blinding, blind
from napari_mousegpt.core.files import make_folder
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.study import Study
from napari_mousegpt.errors import (
    FormatError,
    InputError,
    OutputExistsError,
)
from napari_mousegpt.store.blinding_key import KEY_NAME, read_key, write_key
from napari_mousegpt.store.blinding_log import LogEntry, add_entry, entry_of_now, read_log
from napari_mousegpt.store.coded_corrections import CodedCorrections, discreet

if TYPE_CHECKING:
    import pandas as pd

    from napari_mousegpt.core.ethogram import Ethogram

__all__ = ["LOG_NAME", "BlindStudy", "blind_study", "load_blind_study"]

LOG_NAME = "blinding.log.jsonl"


class BlindStudy:
    """A study whose recordings are scored under codes, until somebody unlocks it.

    Parameters
    ----------
    folder : path-like
        Where :meth:`start` has put key and log.

    Raises
    ------
    InputError
        When nothing was blinded there.
    FormatError
        When the key or the beginning of the log is damaged, or the key is another one.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._blinding, key = read_key(self.folder)
        log = self.log
        if not log or log[0].what != "blinded" or log[0].facts.get("key") != key:
            raise FormatError(
                self.folder / LOG_NAME,
                expected="a log that begins with the blinding by this key",
                found="another key" if log else "none",
                remedy="Get both files from a backup. Without them it cannot be told whether the "
                "study is still blinded.",
            )

    @classmethod
    def start(
        cls,
        folder: str | os.PathLike[str],
        study: Study,
        who: str,
        *,
        seed: int | None = None,
        show: Sequence[str] = (),
    ) -> BlindStudy:
        """Blind a study: write its key and begin its log.

        Parameters
        ----------
        folder : path-like
            Made when absent; one blinding each.
        study, seed, show
            See :func:`napari_mousegpt.core.blinding.blind`.
        who : str
            Who blinds it.

        Raises
        ------
        OutputExistsError
            When something is blinded there already.
        StorageError
            When it cannot be written.
        """
        name = _named(who)
        made = blind(study, seed, show=show)
        place = make_folder(folder)
        key, log = place / KEY_NAME, place / LOG_NAME
        if key.exists() or log.exists():
            raise OutputExistsError(
                place, expected="a folder without a blinding", found=f"{KEY_NAME} or {LOG_NAME}",
                remedy="Choose another folder; a blinding is never overwritten.",
            )  # fmt: skip
        entry = entry_of_now(name, "blinded", items=len(made.order), hidden=list(made.hidden))
        written = write_key(place, made, name, entry.when)
        add_entry(log, replace(entry, facts={"key": written, **entry.facts}))
        return cls(place)

    # --- while it is blinded

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the recordings in the order of scoring."""
        return self._blinding.codes

    @property
    def log(self) -> tuple[LogEntry, ...]:
        """Everything that was done, in order; read anew each time."""
        return read_log(self.folder / LOG_NAME)

    @property
    def locked(self) -> bool:
        """Whether nobody has unlocked it yet."""
        return all(entry.what != "unlocked" for entry in self.log)

    @property
    def opened(self) -> tuple[str, ...]:
        """Codes that were opened, each once, in order."""
        items = (str(e.facts.get("item")) for e in self.log if e.what == "opened item")
        return tuple(dict.fromkeys(items))

    def table(self, study: Study) -> pd.DataFrame:
        """Return the study as it may be shown; see :meth:`Blinding.table`."""
        return self._blinding.table(study)

    def open_item(self, code: str, who: str, opener: Callable[[str], Recording]) -> Recording:
        """Open the recording behind a code, and write down that it was opened.

        Parameters
        ----------
        code : str
            One of :attr:`codes`.
        who : str
            Who scores it.
        opener : callable
            Gets the id of the recording, returns it opened. An error of it tells the code only.

        Returns
        -------
        Recording
            Under its code, without file names; see :meth:`Blinding.hide`.
        """
        name = _named(who)
        self._blinding.recording_of(code)  # says so where there is no such item
        add_entry(self.folder / LOG_NAME, entry_of_now(name, "opened item", item=code))
        return self.item(code, opener)

    def item(self, code: str, opener: Callable[[str], Recording]) -> Recording:
        """Return an item that nobody will see, as to count its bouts: that is not written down.

        Parameters and what is returned are as for :meth:`open_item`.
        """
        recording = self._blinding.recording_of(code)
        with discreet(code, recording):
            opened = opener(recording)
        if opened.id != recording:
            raise InputError(code, expected="the recording of this code", found="another one")
        return self._blinding.hide(opened)

    def corrections(
        self, item: Recording, folder: str | os.PathLike[str] | None = None
    ) -> CodedCorrections:
        """Return the corrections of an item that is open, as edits of its code.

        They are kept in the file of the recording itself, under its own id.

        Parameters
        ----------
        item : Recording
            From :meth:`open_item`.
        folder : path-like, optional
            See :func:`~napari_mousegpt.store.corrections_place.corrections_folder`.
        """
        return CodedCorrections(self._blinding, item, folder)

    # --- looking

    def unlock(self, who: str, reason: str) -> Blinding:
        """Reveal which recording hides behind which code.

        It is written down before, and for ever.

        Parameters
        ----------
        who : str
            Who wants to know.
        reason : str
            Why, such as ``"scoring is finished"``.

        Raises
        ------
        InputError
            When a name or a reason is missing.
        StorageError
            When it cannot be written down; then nothing is revealed.
        """
        name, why = _named(who), " ".join(reason.split())
        if not why:
            raise InputError(
                "unlocking", expected="a reason", found="none", remedy="Say why it is unlocked."
            )
        add_entry(self.folder / LOG_NAME, entry_of_now(name, "unlocked", reason=why))
        return self._blinding

    @property
    def key(self) -> Blinding:
        """Which recording hides behind which code.

        Raises
        ------
        InputError
            While it is locked.
        """
        if self.locked:
            raise InputError(
                self.folder, expected="an unlocked study", found="one that is still blinded",
                remedy="Unlock it with your name and a reason; that is written down.",
            )  # fmt: skip
        return self._blinding

    def reveal(self, ethogram: Ethogram) -> Ethogram:
        """Return bouts that were scored under codes as bouts of the recordings, once unlocked."""
        return self.key.reveal_ethogram(ethogram)


def blind_study(
    study: Study,
    out: str | os.PathLike[str],
    who: str,
    *,
    seed: int | None = None,
    show: Sequence[str] = (),
) -> BlindStudy:
    """Blind a study for scoring: write its key into a folder, and begin its log.

    Parameters
    ----------
    study, seed, show
        See :func:`napari_mousegpt.core.blinding.blind`.
    out : path-like
        Folder, made when absent; one blinding each.
    who : str
        Who blinds it.

    Raises
    ------
    InputError
        When a column to show is not there, or nobody is named.
    OutputExistsError
        When something is blinded there already.
    StorageError
        When it cannot be written.
    """
    return BlindStudy.start(out, study, who, seed=seed, show=show)


def load_blind_study(folder: str | os.PathLike[str]) -> BlindStudy:
    """Return the study that was blinded in a folder; see :class:`BlindStudy`.

    Raises
    ------
    InputError
        When nothing was blinded there.
    FormatError
        When key or log are damaged.
    """
    return BlindStudy(folder)


def _named(who: str) -> str:
    name = " ".join(who.split())
    if not name:
        raise InputError("who", expected="a name", found="none", remedy="Say who you are.")
    return name
