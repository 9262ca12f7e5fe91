"""Everything somebody can read in a viewer: on its panels, in its layers, in the console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["Found", "reachable"]

#: Where a text stands, and the text.
Found = tuple[str, str]

_TEXTS = (
    "text", "toPlainText", "toHtml", "title", "windowTitle", "toolTip", "statusTip", "whatsThis",
    "placeholderText", "currentText", "objectName", "accessibleName", "accessibleDescription",
    "windowFilePath", "format", "prefix", "suffix",
)  # fmt: skip
_DEEP = 6


def reachable(viewer: Any, *more: Any) -> Iterator[Found]:
    """Yield every text of the widgets, the layers, the notifications, and of further objects."""
    yield from _widgets()
    yield from _layers(viewer)
    yield from _messages()
    yield "viewer", f"{viewer.title} {viewer.status} {viewer.help} {viewer!r}"
    for number, thing in enumerate(more):
        yield from _values(f"object {number}", thing)


def texts_in(folder: Path) -> Iterator[Found]:
    """Yield names and text of all files below a folder."""
    for path in sorted(folder.rglob("*")):
        yield "name of a file", path.relative_to(folder).as_posix()
        if path.is_file():
            yield f"inside {path.name}", path.read_bytes().decode("latin-1")


def _widgets() -> Iterator[Found]:
    from qtpy.QtGui import QAction
    from qtpy.QtWidgets import QAbstractItemView, QApplication, QComboBox, QTabWidget

    for widget in QApplication.allWidgets():
        where = type(widget).__name__
        yield from _said(where, widget)
        for action in widget.findChildren(QAction):
            yield from _said(f"action of {where}", action)
        models = []
        if isinstance(widget, QComboBox | QAbstractItemView) and widget.model() is not None:
            models.append(widget.model())
        if isinstance(widget, QTabWidget):
            for place in range(widget.count()):
                yield where, f"{widget.tabText(place)} {widget.tabToolTip(place)}"
        for model in models:
            yield from _cells(where, model)


def _said(where: str, thing: Any) -> Iterator[Found]:
    for name in _TEXTS:
        getter = getattr(thing, name, None)
        if callable(getter):
            try:
                text = getter()
            except TypeError:
                continue  # it takes arguments, and is something else
            if isinstance(text, str) and text:
                yield f"{where}.{name}", text


def _cells(where: str, model: Any) -> Iterator[Found]:
    from qtpy.QtCore import QAbstractListModel, Qt

    columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount()
    roles = [Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.UserRole]
    for row in range(min(model.rowCount(), 300)):
        for column in range(columns):
            for role in roles:
                yield f"cell of {where}", str(model.data(model.index(row, column), role))
    for column in range(columns):
        for role in roles[:2]:
            head = model.headerData(column, Qt.Orientation.Horizontal, role)
            yield f"header of {where}", str(head)


def _layers(viewer: Any) -> Iterator[Found]:
    for layer in viewer.layers:
        where = f"layer {layer.name!r}"
        yield where, f"{layer.name} {layer!r} {layer.help}"
        yield f"source of {where}", repr(layer.source)
        yield f"data of {where}", repr(layer.data)
        yield f"status of {where}", str(layer.get_status((0, 0, 0), world=True))
        if getattr(layer, "features", None) is not None:
            yield f"features of {where}", layer.features.to_csv()
        yield from _values(f"metadata of {where}", dict(layer.metadata))
        yield from _values(f"data of {where}", layer.data)


def _messages() -> Iterator[Found]:
    from napari.settings import get_settings
    from napari.utils.notifications import notification_manager

    for record in notification_manager.records:
        yield "notification", f"{record.message} {record!r}"
        yield from _errors("notification", getattr(record, "exception", None))
    settings = get_settings()
    yield (
        "recent files",
        str([settings.application.open_history, settings.application.save_history]),
    )


def _errors(where: str, error: BaseException | None) -> Iterator[Found]:
    while error is not None:
        yield where, f"{error} {error!r} {getattr(error, 'filename', '')}"
        error = error.__cause__ or error.__context__


def _values(
    where: str, thing: Any, depth: int = 0, seen: set[int] | None = None
) -> Iterator[Found]:
    """Yield what an object and its public attributes say of themselves."""
    seen = set() if seen is None else seen
    if id(thing) in seen or depth > _DEEP:
        return
    seen.add(id(thing))
    if isinstance(thing, BaseException):
        yield from _errors(where, thing)
    if isinstance(thing, pd.DataFrame):
        yield where, thing.to_csv()
    elif isinstance(thing, np.ndarray):
        yield where, str(np.unique(thing.astype(str))) if thing.dtype == object else ""
    elif isinstance(thing, str | bytes | Path | int | float | bool | type(None)):
        yield where, str(thing)
    elif isinstance(thing, dict):
        for key, value in thing.items():
            yield from _values(f"{where}[{key!r}]", key, depth + 1, seen)
            yield from _values(f"{where}[{key!r}]", value, depth + 1, seen)
    elif isinstance(thing, tuple | list | set | frozenset):
        for value in list(thing)[:300]:
            yield from _values(where, value, depth + 1, seen)
    else:
        yield where, repr(thing)
        if hasattr(thing, "to_pandas") and type(thing).__module__.startswith("napari_mousegpt"):
            yield where, thing.to_pandas().to_csv()
        if type(thing).__module__.startswith("xarray"):
            yield where, f"{thing.attrs} {thing.encoding}"
        elif type(thing).__module__.startswith("napari_mousegpt"):
            yield from _attributes(where, thing, depth, seen)


def _attributes(where: str, thing: Any, depth: int, seen: set[int]) -> Iterator[Found]:
    for name in dir(thing):
        if name.startswith("_"):
            continue  # who looks there looks for it
        try:
            value = getattr(thing, name)
        except Exception as error:  # its message can be read, too
            value = error
        if not callable(value):
            yield from _values(f"{where}.{name}", value, depth + 1, seen)
