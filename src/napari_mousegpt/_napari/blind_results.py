"""Results of runs tell names and groups: none are shown while a study is scored blind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt._napari.state import ViewerState

__all__ = ["check_not_blind"]


def check_not_blind(state: ViewerState, what: str) -> None:
    """Refuse to show results in a viewer where a study is scored blind.

    What is shown already is dropped when scoring begins, see :attr:`ViewerState.blinded`.

    Parameters
    ----------
    state : ViewerState
    what : str
        What is refused, for example ``"map"``.

    Raises
    ------
    InputError
        When a study is scored blind there, and nobody has unlocked it.
    """
    if state.blind is not None and state.blind.locked:
        raise InputError(
            what,
            expected="a viewer in which nothing is scored blind",
            found="a blind study",
            remedy="Results tell names and groups: unlock the study, or use another viewer.",
        )
