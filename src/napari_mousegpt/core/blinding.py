"""Blinding: recordings are scored under codes, so that nobody sees whose they are.

A blinding is the key: which recording hides behind which code, and what of the study is not shown.
Who may look into it, and that looking is written down, is the matter of
:mod:`napari_mousegpt.store.blinding`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import pandas as pd

from napari_mousegpt.core.concealing import tells
from napari_mousegpt.core.edits import Change, Edit
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.study import Study
from napari_mousegpt.core.tables import text_cells
from napari_mousegpt.errors import FormatError, InputError

__all__ = ["Blinding", "blind"]

#: The only column that stays by default: it names the animal in the pose, and bouts name it too.
_SHOWN = ("individual",)
_WORDS = ("item", "piece", "number")


@dataclass(frozen=True)
class Blinding:
    """Which recording hides behind which code.

    Parameters
    ----------
    order : tuple of str
        Ids of the recordings in the order of scoring; the first one is item 1.
    hidden : tuple of str
        Columns that the study had and that are not shown, for the record.
    shown : tuple of str
        Columns that are shown; one that is added to the study later is not.
    seed : int
        What the order was drawn with.
    word : str
        What the codes begin with.

    Raises
    ------
    InputError
        When no recording is named, one twice, or an id looks like a code.

    Examples
    --------
    >>> key = Blinding(("wt 3", "ko 1"), ("group",), (), seed=1)
    >>> key.codes, key.recording_of("item 02")
    (('item 01', 'item 02'), 'ko 1')
    """

    order: tuple[str, ...]
    hidden: tuple[str, ...]
    shown: tuple[str, ...]
    seed: int
    word: str = _WORDS[0]

    def __post_init__(self) -> None:
        if not self.order or len(set(self.order)) < len(self.order):
            raise InputError("blinding", expected="each recording once, at least one")
        clash = set(self.order) & set(self.codes)
        if clash:
            raise InputError(
                f"recording {clash.pop()!r}", expected="an id that is no code of the blinding"
            )

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes in the order of scoring."""
        wide = max(2, len(str(len(self.order))))
        return tuple(f"{self.word} {place + 1:0{wide}d}" for place in range(len(self.order)))

    def code_of(self, recording: str) -> str:
        """Return the code of a recording.

        Raises
        ------
        InputError
            When the study has no such recording.
        """
        return _looked_up(dict(zip(self.order, self.codes, strict=True)), recording)

    def recording_of(self, code: str) -> str:
        """Return the recording behind a code.

        Raises
        ------
        InputError
            When there is no such code.
        """
        return _looked_up(dict(zip(self.codes, self.order, strict=True)), code)

    def table(self, study: Study) -> pd.DataFrame:
        """Return the study as it may be shown: codes for recordings, no hidden columns.

        Raises
        ------
        InputError
            When the study has a recording that was not blinded, or lacks one.
        """
        table = study.to_pandas().set_index("recording")
        if set(table.index) != set(self.order):
            raise InputError(
                "study",
                expected=f"the {len(self.order)} recordings that were blinded",
                found=f"{len(table)}, others among them",
                remedy="Use the study table that was blinded, or blind this one anew.",
            )
        kept = [name for name in table.columns if name in self.shown]
        shown = table.loc[list(self.order), kept].reset_index(drop=True)
        shown.insert(0, "recording", self.codes)
        return shown

    def hide(self, recording: Recording) -> Recording:
        """Return a recording as it may be shown: its code for its id, and no file names.

        Pictures, pose, clock and fingerprints stay. What is known of the study is cut down to the
        columns that are shown; how the files were opened is left out.
        """
        code = self.code_of(recording.id)
        paths = [PurePath(path) for view in recording.views for path in view.sources.values()]
        told = {
            recording.id,
            *(word for path in paths for word in (str(path), path.name, path.stem)),
        }
        known = {
            name: recording.metadata[name] for name in self.shown if name in recording.metadata
        }
        views = tuple(_hidden_view(view, told) for view in recording.views)
        return replace(recording, id=code, views=views, metadata=known)

    def hide_edit(self, edit: Edit) -> Edit:
        """Return an edit of a recording as one of its code."""
        return _renamed_edit(edit, dict(zip(self.order, self.codes, strict=True)))

    def reveal_edit(self, edit: Edit) -> Edit:
        """Return an edit that was made under a code as one of the recording."""
        return _renamed_edit(edit, dict(zip(self.codes, self.order, strict=True)))

    def reveal_ethogram(self, ethogram: Ethogram) -> Ethogram:
        """Return bouts that were scored under codes as bouts of the recordings; bout ids stay.

        Raises
        ------
        InputError
            When a bout belongs to no code.
        """
        return _renamed(ethogram, dict(zip(self.codes, self.order, strict=True)))

    def to_dict(self) -> dict[str, Any]:
        """Return the key as JSON knows it."""
        return {
            "order": list(self.order),
            "hidden": list(self.hidden),
            "shown": list(self.shown),
            "seed": self.seed,
            "word": self.word,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Blinding:
        """Read :meth:`to_dict` back.

        Raises
        ------
        FormatError
            When it is no key of a blinding.
        """
        try:
            order, hidden, shown = (
                tuple(map(str, values[name])) for name in ("order", "hidden", "shown")
            )
            return cls(order, hidden, shown, int(values["seed"]), str(values["word"]))
        except (KeyError, TypeError, ValueError, InputError) as error:
            raise FormatError(
                "key of a blinding", expected="codes and recordings", found=str(error)
            ) from error


def blind(study: Study, seed: int | None = None, *, show: Sequence[str] = ()) -> Blinding:
    """Draw codes for the recordings of a study.

    Parameters
    ----------
    study : Study
        Its recordings, in whatever order.
    seed : int, optional
        The same seed and recordings give the same codes on every machine. By default nobody knows
        the seed beforehand.
    show : sequence of str
        Columns that may be seen, such as ``"day"``. By default everything but the name of the
        individual in the pose is hidden: group, treatment, dose and genotype, files, also the
        animal, as people know their animals.

    Raises
    ------
    InputError
        When a column to show is not there, or is the recording itself.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"recording": ["r1", "r2"], "animal": ["a", "b"], "group": ["wt", "ko"]}
    >>> key = blind(Study(pd.DataFrame(rows)), seed=7)
    >>> key.hidden, sorted(map(key.recording_of, key.codes))
    (('animal', 'group'), ['r1', 'r2'])
    """
    columns = [str(name) for name in study.to_pandas().columns if name != "recording"]
    wrong = [name for name in show if name not in columns]
    if wrong:
        raise InputError(f"column {wrong[0]!r} to show", expected=f"one of {', '.join(columns)}")
    drawn = secrets.randbelow(2**32) if seed is None else int(seed)
    order = sorted(study.recordings, key=lambda recording: _lot(drawn, recording))
    shown = tuple(name for name in columns if name in (*_SHOWN, *show))
    hidden = tuple(name for name in columns if name not in shown)
    # Somebody may have called recordings as we would call the codes.
    taken = {str(name).casefold().split(" ")[0] for name in order}
    word = next((word for word in _WORDS if word not in taken), _WORDS[0])
    return Blinding(tuple(order), hidden, shown, drawn, word)


def _lot(seed: int, recording: str) -> tuple[bytes, str]:
    text = f"{seed}\x1f{recording}".encode(errors="surrogatepass")
    return hashlib.blake2b(text, digest_size=16).digest(), recording


def _looked_up(names: Mapping[str, str], name: str) -> str:
    if name not in names:
        # What the others are called is not told: it could be more than the reader may know.
        raise InputError(repr(name), expected=f"one of the {len(names)} that were blinded")
    return names[name]


def _hidden_view(view: View, told: set[str]) -> View:
    """Return a view without the paths of its files, also where the pose has noted them."""
    pose = view.pose
    if pose is not None:
        known = {name: value for name, value in pose.attrs.items() if not tells(str(value), told)}
        pose = pose.copy(deep=False)
        pose.attrs = known
        # Here xarray notes the file that a Dataset was read from.
        pose.encoding = {}
    return replace(view, sources={}, pose=pose)


def _renamed_edit(edit: Edit, names: Mapping[str, str]) -> Edit:
    changes = tuple(
        Change(
            change.bout_id,
            *(
                None if row is None else replace(row, recording=_looked_up(names, row.recording))
                for row in (change.old, change.new)
            ),
        )
        for change in edit.changes
    )
    return replace(edit, changes=changes)


def _renamed(ethogram: Ethogram, names: Mapping[str, str]) -> Ethogram:
    def renamed(rows: Intervals) -> Intervals:
        cells = text_cells(rows.recording)
        known = {name: _looked_up(names, name) for name in dict.fromkeys(cells.tolist())}
        return rows.assign(recording=[known[name] for name in cells]) if len(rows) else rows

    return Ethogram(renamed(ethogram.bouts), renamed(ethogram.observed), notes=ethogram.notes)
