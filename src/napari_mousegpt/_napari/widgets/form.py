"""A form for some fields of a parameter dataclass, built from the fields themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QSpinBox, QWidget

__all__ = ["ParamsForm"]

Editor = QComboBox | QCheckBox | QSpinBox | QDoubleSpinBox


class ParamsForm(QWidget):
    """Edits some fields of a frozen dataclass and leaves the others as they are.

    Parameters
    ----------
    params : dataclass instance
        Where the form begins. Fields may be float, int, bool or a Literal of texts.
    fields : mapping of str to str
        Field names in the order of the form, with the text before each.
    tips : mapping of str to str, optional
        Longer explanations.
    choices : mapping of str to str, optional
        What to call the values of a Literal.
    """

    changed = Signal()

    def __init__(
        self,
        params: Any,
        fields: Mapping[str, str],
        tips: Mapping[str, str] | None = None,
        choices: Mapping[str, str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        if not is_dataclass(params) or isinstance(params, type):
            raise TypeError(f"expected a dataclass instance, found {params!r}")
        self._params = params
        self._choices = dict(choices or {})
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        kinds = get_type_hints(type(params))
        self._editors: dict[str, Editor] = {}
        for name, label in fields.items():
            editor = self._editor(kinds[name], name, getattr(params, name))
            editor.setToolTip((tips or {}).get(name, ""))
            self._editors[name] = editor
            self._layout.addRow(label, editor)

    @property
    def value(self) -> Any:
        """The dataclass with the values of the form; it may raise if they do not fit together."""
        return replace(self._params, **{name: self.get(name) for name in self._editors})

    def get(self, name: str) -> Any:
        """Return the present value of a field."""
        editor = self._editors[name]
        if isinstance(editor, QComboBox):
            return editor.currentData()
        return editor.isChecked() if isinstance(editor, QCheckBox) else editor.value()

    def set(self, name: str, value: Any) -> None:
        """Change a field."""
        editor = self._editors[name]
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(editor.findData(value))
        elif isinstance(editor, QCheckBox):
            editor.setChecked(value)
        else:
            editor.setValue(value)

    def show_field(self, name: str, visible: bool) -> None:
        """Show or hide the row of a field; a hidden one keeps its value."""
        self._layout.setRowVisible(self._editors[name], visible)

    def shows(self, name: str) -> bool:
        """Whether the row of a field is shown."""
        return bool(self._layout.isRowVisible(self._editors[name]))

    def add_row(self, label: str, editor: QWidget) -> None:
        """Put something else under the fields, in line with them."""
        self._layout.addRow(label, editor)

    def insert_row(self, place: int, label: str, editor: QWidget) -> None:
        """Put something else among the rows, before the one that stands at a place."""
        self._layout.insertRow(place, label, editor)

    def insert_wide(self, place: int, editor: QWidget) -> None:
        """Put something among the rows that takes the whole width, without a text before it."""
        self._layout.insertRow(place, editor)

    def show_widget(self, editor: QWidget, visible: bool) -> None:
        """Show or hide the row of something that was put in."""
        self._layout.setRowVisible(editor, visible)

    def _editor(self, kind: Any, name: str, value: Any) -> Editor:
        if get_origin(kind) is Literal:
            box = QComboBox()
            # Otherwise the longest entry dictates the width of the dock.
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(12)
            for choice in get_args(kind):
                box.addItem(self._choices.get(str(choice), str(choice)), choice)
            box.setCurrentIndex(box.findData(value))
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
            return box
        if kind is bool:
            check = QCheckBox()
            check.setChecked(value)
            check.toggled.connect(lambda _: self.changed.emit())
            return check
        number: QSpinBox | QDoubleSpinBox
        if kind is int:
            number = QSpinBox()
            number.setRange(0, 1_000_000)
        else:
            number = QDoubleSpinBox()
            number.setRange(0.0, 100_000.0)
            number.setDecimals(2)
            number.setSingleStep(0.1)
        if name.endswith("_s"):
            number.setSuffix(" s")
        number.setValue(value)
        number.valueChanged.connect(lambda _: self.changed.emit())
        return number
