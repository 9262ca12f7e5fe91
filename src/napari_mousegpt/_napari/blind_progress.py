"""How far each item of a blinded study is, and what may be told of it. No window is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_mousegpt.core.study_checks import FILE_ROLES

if TYPE_CHECKING:
    from napari_mousegpt.core.blinding import Blinding
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.store.blinding import BlindStudy

__all__ = ["BlindItem", "BlindProgress"]


@dataclass(frozen=True)
class BlindItem:
    """One item of a blinded study as it may be shown now.

    Parameters
    ----------
    code : str
    state : str
        How far it is, in words.
    scored : bool
        Whether somebody marked or accepted a bout in it.
    shown : bool
        Whether it is open.
    facts : dict of str to str
        What is known of it: columns that are shown, and after unlocking everything.
    """

    code: str
    state: str
    scored: bool
    shown: bool
    facts: dict[str, str] = field(default_factory=dict)


class BlindProgress:
    """Knows which items were opened, and how many bouts were scored in each.

    Parameters
    ----------
    blinded : BlindStudy
        Key and log.
    study : Study
        The table that was blinded.
    """

    def __init__(self, blinded: BlindStudy, study: Study) -> None:
        self._study = study
        table = blinded.table(study).set_index("recording").astype(str)
        self._facts: dict[str, dict[str, str]] = table.to_dict("index")  # type: ignore[assignment]
        self._opened = set(blinded.opened)
        self._bouts: dict[str, int] = {}
        self._problems: dict[str, str] = {}

    def open(self, code: str) -> None:
        """Take note that an item was opened."""
        self._opened.add(code)

    def counted(self, code: str) -> bool:
        """Whether it is known how many bouts were scored in an item."""
        return code in self._bouts

    def count(self, code: str, bouts: int, problem: str = "") -> None:
        """Take note of how many bouts were scored in an item, or why that cannot be read."""
        self._bouts[code], self._problems[code] = bouts, problem

    def reveal(self, key: Blinding) -> None:
        """Tell all that the study knows of the items from now on."""
        for code, name in zip(key.codes, key.order, strict=True):
            row = self._study.row(name).items()
            self._facts[code] = {str(k): str(value) for k, value in row if k not in FILE_ROLES}

    def item(self, code: str, *, shown: bool) -> BlindItem:
        """Return an item as it may be told of now; one of them may be open."""
        count = self._bouts.get(code, 0)
        state = "no bouts" if code in self._opened else "not opened"
        if self._problems.get(code):
            state = "cannot be read"
        elif count:
            state = f"{count} bout{'s' if count > 1 else ''}"
        return BlindItem(code, state, count > 0, shown, self._facts[code])
