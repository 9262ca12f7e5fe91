"""Pieces the panels share: text to copy, a quiet progress bar, errors in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtGui import QTextOption
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QPlainTextEdit,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt.errors import MismatchError, MouseGPTError
from napari_mousegpt.io.file_report import Problem

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent

    from napari_mousegpt._napari.jobs import Job

__all__ = [
    "POLICIES",
    "JobBar",
    "Scrolled",
    "Text",
    "cancel_when_gone",
    "choice_box",
    "error_problem",
    "error_text",
    "is_alive",
    "refill",
    "when_gone",
]

#: What the panel calls the policies for a pose of another length than its video.
POLICIES = {"error": "do not open", "trim": "cut the pose", "pad": "cut or fill the pose"}

#: Children of living widgets that tell when those are destroyed.
_ENDS: set[QObject] = set()


class Text(QPlainTextEdit):
    """Text that wraps anywhere, so that long paths fit, and can be copied as it is.

    It is as high as its text, up to some lines; then it scrolls.
    """

    def __init__(self, text: str = "", most_lines: int = 14, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most_lines = most_lines
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setStyleSheet("background: transparent; border: none;")
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(120)
        self.setText(text)

    def text(self) -> str:
        """Return what is shown."""
        return self.toPlainText()

    def setText(self, text: str) -> None:  # noqa: N802 - as the labels of Qt
        """Show text."""
        self.setPlainText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Wrap anew."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Show itself, or not, once it stands in something."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange:
            self._fit()

    def _fit(self) -> None:
        # The height of a plain text document counts lines.
        lines = max(1, int(self.document().size().height()))
        fits = lines <= self._most_lines
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAlwaysOff if fits else policy.ScrollBarAsNeeded
        )
        room = 2 * self.document().documentMargin() + self.fontMetrics().leading() + 4
        high = min(lines, self._most_lines) * self.fontMetrics().lineSpacing() + room
        self.setFixedHeight(int(high))
        # Shown before it stands in something, it would open as a window of its own.
        if not (said := bool(self.toPlainText())) or self.parentWidget() is not None:
            self.setVisible(said)


class JobBar(QProgressBar):
    """Progress of a job, hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setVisible(False)

    def begin(self) -> None:
        """Show that a job has begun; how much there is to do is not known yet."""
        self.setRange(0, 0)
        self.setVisible(True)

    def show_progress(self, done: int, total: int) -> None:
        """Show how many parts are done; an unknown total shows as a busy bar."""
        self.setRange(0, total)
        self.setValue(done)


def is_alive(widget: QWidget) -> bool:
    """Whether the widget is still there on Qt's side; a job may outlive its panel."""
    from qtpy.compat import isalive

    return bool(isalive(widget))  # type: ignore[no-untyped-call]


def when_gone(widget: QWidget, task: Callable[[], object]) -> None:
    """Do something when a widget is destroyed.

    A method is wrapped in a function of its own: of a method of an object that is no part of Qt,
    PySide keeps a weak reference and breaks the connection in whatever thread that object ends,
    while the main thread may be destroying the widget. PyQt forgets the functions of a widget
    that nobody in Python holds before it tells them, so a child that is held tells of the end.

    Parameters
    ----------
    widget : QWidget
        Whose end is waited for.
    task : callable
        Must not hold the widget.
    """
    child = QObject(widget)
    _ENDS.add(child)

    def told() -> None:
        _ENDS.discard(child)
        task()

    child.destroyed.connect(lambda: told())


def cancel_when_gone(widget: QWidget) -> Callable[[Job], None]:
    """Return a function that takes the job a widget has begun; its end cancels the last one."""
    last: list[Job] = []

    def take(job: Job) -> None:
        last[:] = [job]

    when_gone(widget, lambda: [job.cancel() for job in last])
    return take


def error_text(error: Exception) -> str:
    """Return an error as text for a panel."""
    if not isinstance(error, MouseGPTError):
        return (
            f"Something unexpected went wrong ({type(error).__name__}: {error}). Please report it "
            "with the text of the notification."
        )
    text = str(error)
    text = text.replace(" (--fps on the command line)", "").replace(
        "Give fps=..., the rate of the camera", 'Write the rate of the camera under "Frame rate"'
    )
    if isinstance(error, MismatchError) and "mismatch=" in text:
        for policy, called in POLICIES.items():
            text = text.replace(f'mismatch="{policy}"', f'"{called}"')
        text += ' The choice is above, under "If lengths differ".'
    return text


def error_problem(error: Exception) -> Problem:
    """Return an error as what is wrong and what to do about it."""
    text, remedy = error_text(error), getattr(error, "remedy", "")
    facts = str(error).removesuffix(remedy).rstrip()
    if not remedy or not text.startswith(facts):
        return Problem(text)
    return Problem(facts, text[len(facts) :].lstrip())


def choice_box(entries: Mapping[Any, str]) -> QComboBox:
    """Return a box of choices; each entry has a value and what to call it."""
    box = QComboBox()
    # Otherwise the longest entry dictates the width of the dock.
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(12)
    refill(box, entries)
    return box


def refill(box: QComboBox, entries: Mapping[Any, str]) -> None:
    """Offer other choices; the one that was chosen stays, if it is still there."""
    chosen = box.currentData()
    blocked = box.blockSignals(True)
    box.clear()
    for value, text in entries.items():
        box.addItem(text, value)
    box.setCurrentIndex(max(0, list(entries).index(chosen) if chosen in entries else 0))
    box.blockSignals(blocked)


class Scrolled(QScrollArea):
    """Scrolls a body that is too high for the window; it is never narrower than the body needs.

    Parameters
    ----------
    panel : QWidget
        What it fills.
    body : QWidget
        What is scrolled.
    """

    def __init__(self, panel: QWidget, body: QWidget) -> None:
        super().__init__(panel)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(body)
        outer = QVBoxLayout(panel)
        outer.setContentsMargins(6, 6, 6, 6)
        outer.addWidget(self)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return the width the body needs, with room for the bar."""
        body = self.widget()
        width = 0 if body is None else body.minimumSizeHint().width()
        bar = self.verticalScrollBar()
        # A theme may draw the bar wider than it says.
        return QSize(width + max(bar.sizeHint().width(), bar.width()), 120)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Tell the dock when the body needs another width."""
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))
