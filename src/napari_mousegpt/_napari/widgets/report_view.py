"""What is said about files, as text to read, select and copy, with problems in their own colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QTextOption
from qtpy.QtWidgets import QFrame, QScrollArea, QTextBrowser

from napari_mousegpt._napari.report_text import Inks, Said, said_html, said_text
from napari_mousegpt._napari.widgets.parts import error_problem
from napari_mousegpt.errors import MouseGPTError

if TYPE_CHECKING:
    from qtpy.QtGui import QMoveEvent, QResizeEvent
    from qtpy.QtWidgets import QWidget

__all__ = ["ReportView"]

#: Until a panel has its new height.
_ROOM_MS = 50


class ReportView(QTextBrowser):
    """Shows what is said; as high as that is, up to a limit, then it scrolls.

    Parameters
    ----------
    theme : str
        Theme of napari, for the colours.
    most_pixels : int
        Largest height.
    """

    def __init__(
        self, theme: str = "dark", most_pixels: int = 340, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._inks = Inks.of_theme(theme)
        self._most = most_pixels
        self._parts: tuple[Said, ...] = ()
        self._refused = False
        self._seeking = QTimer(self)
        self._seeking.setSingleShot(True)
        self._seeking.timeout.connect(self._scroll_here)
        self.setOpenLinks(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setStyleSheet("background: transparent; border: none;")
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(120)

    def show_parts(self, parts: Sequence[Said]) -> None:
        """Show what is said about each thing, one below the other."""
        self._parts = tuple(parts)
        self._refused = False
        self.setHtml(said_html(self._parts, self._inks))
        self._fit()

    def say(self, text: str) -> None:
        """Show one text."""
        self.show_parts([Said((text,))] if text else [])

    def refuse(self, error: Exception) -> None:
        """Show why something was not done, and what to do about it."""
        self.show_parts([Said((), (error_problem(error),))])
        self._refused = True
        self._seeking.start(_ROOM_MS)

    def tell(self, what: object) -> bool:
        """Show a sentence or an error; returns whether there was one."""
        if isinstance(what, Exception):
            self.refuse(what)
        elif what:
            self.say(str(what))
        return bool(what)

    def attempt(self, task: Callable[[], None]) -> None:
        """Do something; what the user can mend is told here, and nothing is lost."""
        try:
            task()
        except MouseGPTError as error:
            self.refuse(error)

    def text(self) -> str:
        """Return what is shown; problems begin with "!"."""
        return said_text(self._parts)

    def set_theme(self, theme: str) -> None:
        """Take the colours of another theme."""
        self._inks = Inks.of_theme(theme)
        self.show_parts(self._parts)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Wrap anew."""
        super().resizeEvent(event)
        self._fit()
        if self._refused:
            self._seeking.start(_ROOM_MS)

    def moveEvent(self, event: QMoveEvent) -> None:  # noqa: N802 - Qt's name
        """Stay in sight when a panel makes room for what was refused."""
        super().moveEvent(event)
        if self._refused:
            self._seeking.start(_ROOM_MS)

    def _scroll_here(self) -> None:
        """Bring this into sight in a panel that is higher than its dock."""
        around = self.parentWidget()
        while around is not None and not isinstance(around, QScrollArea):
            around = around.parentWidget()
        body = None if around is None else around.widget()
        if around is not None and body is not None:
            # Not ensureWidgetVisible: of a text that brings only the cursor into sight.
            for corner in (self.rect().bottomLeft(), self.rect().topLeft()):
                around.ensureVisible(0, self.mapTo(body, corner).y(), 0, 2)

    def _fit(self) -> None:
        self.document().setTextWidth(self.viewport().width())
        high = int(self.document().size().height()) + 4
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAlwaysOff if high <= self._most else policy.ScrollBarAsNeeded
        )
        self.setFixedHeight(min(high, self._most))
        self.setVisible(bool(self._parts))
