"""Asking for a file."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QFileDialog, QWidget

__all__ = ["ask_open", "ask_save"]


def ask_open(parent: QWidget, filters: str, task: Callable[[str], None]) -> None:
    """Ask for a file that is there, and do something with it unless the user thinks again."""
    path, _ = QFileDialog.getOpenFileName(parent, "Choose a file", "", filters)
    if path:
        task(path)


def ask_save(parent: QWidget, filters: str, name: str, task: Callable[[str], None]) -> None:
    """Ask for a file to write, by default of this name; it gets its ending where none is given."""
    path, _ = QFileDialog.getSaveFileName(parent, "Save as", name, filters)
    if path:
        ending = name[name.rindex(".") :]
        task(path if "." in path.replace("\\", "/").rpartition("/")[2] else path + ending)
