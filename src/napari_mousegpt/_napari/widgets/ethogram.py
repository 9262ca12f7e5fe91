"""The panel "Ethogram": a table of all bouts, to filter, look at and correct."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.bout_feed import BoutFeed
from napari_mousegpt._napari.bout_sums import label_sums, total_of
from napari_mousegpt._napari.bout_tasks import act, next_row
from napari_mousegpt._napari.bout_words import (
    KEYS_HINT,
    TOTAL_TIP,
    hint_text,
    step_texts,
    total_text,
)
from napari_mousegpt._napari.report_text import Inks
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.audit_buttons import AuditButtons
from napari_mousegpt._napari.widgets.bout_actions import BoutActions
from napari_mousegpt._napari.widgets.bout_filters import BoutFilters
from napari_mousegpt._napari.widgets.bout_table import BoutTable
from napari_mousegpt._napari.widgets.docking import Docking
from napari_mousegpt._napari.widgets.label_sums import LabelSums
from napari_mousegpt._napari.widgets.parts import choice_box, is_alive, refill
from napari_mousegpt._napari.widgets.report_view import ReportView

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtCore import QPoint
    from qtpy.QtGui import QShowEvent

    from napari_mousegpt._napari.desk import Desk

__all__ = ["EthogramPanel"]


class EthogramPanel(QWidget):
    """Shows the bouts of a recording and what can be done to them.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Its active recording is meant, unless another one is chosen.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        Docking(self, "Ethogram")
        self._viewer = napari_viewer
        self._state = state_of(napari_viewer)
        self._shown: object = None
        self.feed = BoutFeed(self._state)
        self.desk: Desk | None = None
        self.recording = choice_box({None: "no recording"})
        self.frames = QCheckBox("Frames")
        self.frames.setToolTip("Show times as frames of the video")
        self.filters = BoutFilters()
        self.table = BoutTable()
        self.sums = LabelSums()
        self.tabs = QTabWidget()
        self.hint, self.total, self.keys = QLabel(), QLabel(), QLabel(KEYS_HINT)
        self.verbs = BoutActions()
        self.report = ReportView(napari_viewer.theme)
        self.audit = AuditButtons(self.report)
        self._lay_out()
        self._connect()
        self._on_theme()
        self._on_state()

    def _on_state(self) -> None:
        """Take up the recording that is meant now."""
        if not is_alive(self):
            return
        active = self._state.desk_of_active()
        known = {name: name for name in self._state.open_recordings}
        follow = "no recording" if active is None else active.recording.id
        several = known if len(known) > 1 else {}
        refill(self.recording, {None: f"Active: {follow}" if several else follow, **several})
        chosen = self.recording.currentData()
        desk = active if chosen is None else self._state.desk(chosen)
        if self.feed.use(desk):
            self.desk = self.audit.desk = desk
            self.report.say("")
        self._refill()

    def _refill(self) -> None:
        """Show the bouts as they are now; a panel that is not seen waits until it is."""
        if not is_alive(self) or not self.isVisible():
            return
        columns, colours, clock = self.feed.columns(), self.feed.colours(), self.feed.clock
        # The arrays are held by the rows of the table, so that no id comes twice.
        arrays = {name: id(column) for name, column in columns.items()}
        shown = (self.desk, arrays, colours, clock)
        if shown == self._shown:
            return
        self._shown = shown
        self.verbs.set_labels(colours)
        self.table.show_columns(columns, clock, colours)

    def _on_arranged(self) -> None:
        """Tell what the rows that are shown now add up to."""
        rows, colours = self.table.rows, self.table.bouts.colours
        total = total_of(rows)
        hint = hint_text(total, opened=self.desk is not None)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        for widget in (self.filters, self.tabs, self.keys, self.total):
            widget.setVisible(total.of > 0)
        self.frames.setVisible(total.of > 0 and rows.timebase is not None)
        for widget in (self.verbs, self.audit):
            # What was removed last can be brought back when no bout is left.
            widget.setVisible(self.desk is not None)
        self._rest.setVisible(not total.of)
        self.total.setText(total_text(total, frames=rows.timebase is None))
        self.filters.offer(rows, colours)
        self.sums.show_sums(label_sums(rows), colours, frames=rows.timebase is None)
        self._follow(scroll=False)

    def _follow(self, scroll: bool = True) -> None:
        """Choose in the table what is chosen elsewhere."""
        if not is_alive(self) or not self.isVisible():
            return
        wanted = () if self.desk is None else self.desk.selection
        if not scroll or set(wanted) != set(self.table.chosen_ids()):
            self.table.follow(wanted, scroll=scroll)
        self._allow()

    def _allow(self) -> None:
        undo, redo = ("", "") if self.desk is None else step_texts(self.desk.book)
        rows = self.table.rows
        self.verbs.allow(len(self.table.chosen_rows()), total=len(rows), undo=undo, redo=redo)

    def do(self, action: str, text: str = "") -> None:
        """Do something to the bouts that are chosen in the table.

        Parameters
        ----------
        action : str
            accept, reject, propose, relabel, comment, merge, split, remove, loop, undo, redo,
            previous or next.
        text : str
            Label or comment.
        """
        desk, ids = self.desk, self.table.chosen_ids()
        if desk is None:
            return
        if action in ("previous", "next"):
            self._step(desk, back=action == "previous")
        elif ids or action in ("undo", "redo"):
            self.report.say("")
            act(desk, action, ids, text)
        else:
            self.report.say("Choose a bout in the table first.")

    def _step(self, desk: Desk, *, back: bool) -> None:
        row = next_row(self.table.rows, self.table.chosen_rows(), desk.frame, back=back)
        self.report.say(f"No bout {'before' if back else 'after'} this one." * (row is None))
        if row is not None:
            desk.select(*self.table.rows.bout_ids([row]), jump=True)

    def _on_typed(self, key: str) -> None:
        """Give the chosen bouts the label that a key stands for."""
        keys = {} if self.desk is None else {k: label for label, k in self.desk.labels.items() if k}
        if key.upper() in keys and self.table.chosen_rows():
            self.do("relabel", keys[key.upper()])

    def _on_chosen(self, ids: tuple[str, ...]) -> None:
        if self.desk is not None:
            self.desk.select(*ids, jump=len(ids) == 1)
            self._allow()

    def _on_edited(self, bout_id: str, column: str, text: str) -> None:
        if self.desk is not None:
            act(self.desk, "relabel" if column == "label" else "comment", (bout_id,), text)

    def _on_menu(self, place: QPoint) -> None:
        menu = self.verbs.menu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def _on_filter(self) -> None:
        self.table.set_filter(self.filters.filter)

    def _on_theme(self, event: object = None) -> None:
        if is_alive(self):
            inks = Inks.of_theme(self._viewer.theme)
            self.report.set_theme(self._viewer.theme)
            self.table.set_quiet_ink(inks.quiet)
            self.keys.setStyleSheet(f"color: {inks.quiet};")

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a width in which the columns of times are seen."""
        return QSize(360, 600)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Show what has changed meanwhile."""
        super().showEvent(event)
        self._refill()
        self._follow()

    def _connect(self) -> None:
        self._state.changed.connect(self._on_state)
        self.feed.changed.connect(self._refill)
        self.feed.selected.connect(self._follow)
        self._viewer.events.theme.connect(self._on_theme)
        self.recording.currentIndexChanged.connect(self._on_state)
        self.frames.toggled.connect(self.table.set_frames)
        self.filters.changed.connect(self._on_filter)
        self.table.arranged.connect(self._on_arranged)
        self.table.chosen.connect(self._on_chosen)
        self.table.edited.connect(self._on_edited)
        self.table.acted.connect(self.do)
        self.table.typed.connect(self._on_typed)
        self.table.menu_wanted.connect(self._on_menu)
        self.sums.wanted.connect(self.filters.choose_label)
        self.verbs.wanted.connect(self.do)

    def _lay_out(self) -> None:
        self.total.setToolTip(TOTAL_TIP)
        for label in (self.hint, self.total, self.keys):
            label.setWordWrap(True)
        self.tabs.addTab(self.table, "Bouts")
        self.tabs.addTab(self.sums, "Labels")
        self.tabs.setDocumentMode(True)
        self._rest = QWidget()
        self._rest.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        top = QHBoxLayout()
        top.addWidget(self.recording, 1)
        top.addWidget(self.frames)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addLayout(top)
        for widget in (self.filters, self.hint, self.tabs, self.total, self.verbs, self.keys):
            column.addWidget(widget, 1 if widget is self.tabs else 0)
        for widget in (self.audit, self.report, self._rest):
            column.addWidget(widget, 1 if widget is self._rest else 0)
