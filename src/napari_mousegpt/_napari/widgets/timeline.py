"""The dock "Timeline": bouts, curves and epochs over time, to mark, correct and jump."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPoint, QSize, Qt
from qtpy.QtWidgets import (
    QInputDialog,
    QLabel,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from napari_mousegpt._napari.jobs import report_error
from napari_mousegpt._napari.timeline.canvas import TimelineCanvas
from napari_mousegpt._napari.timeline.doing import ACTIONS, label_with
from napari_mousegpt._napari.timeline.measuring import measures_of
from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.theme import Theme, hex_of
from napari_mousegpt._napari.timeline.wiring import TimelineWiring
from napari_mousegpt._napari.widgets.dock_height import grow
from napari_mousegpt._napari.widgets.docking import Docking
from napari_mousegpt._napari.widgets.files import ask_open
from napari_mousegpt._napari.widgets.parts import is_alive, when_gone
from napari_mousegpt._napari.widgets.timeline_bar import TimelineBar
from napari_mousegpt._napari.widgets.timeline_buttons import Allowed
from napari_mousegpt._napari.widgets.timeline_menus import bout_menu, bout_tasks, fill_tracks
from napari_mousegpt.errors import MouseGPTError

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["Timeline"]

_HINT = (
    'Open a recording to see it over time: under "Open recording", or drop a video into the window.'
)
_TABLES = "Tables (*.csv *.tsv *.txt *.xlsx)"


class Timeline(QWidget):
    """Shows the active recording over time.

    Parameters
    ----------
    napari_viewer : ViewerModel
        Whose recordings.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        Docking(self, "Timeline", below=True)
        # Panels get a proxy that would die before the viewer does.
        self._viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.model = TimelineModel()
        self.canvas = TimelineCanvas(self.model)
        #: Most tracks there have been: with as many again the height is the user's choice.
        self._most = 0
        self._tracks = QMenu(self)
        self._tracks.aboutToShow.connect(self._fill_tracks)
        self.bar = TimelineBar(self._tracks)
        self.hint = QLabel(_HINT)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setWordWrap(True)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.hint)
        self.stack.addWidget(self.canvas)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 4)
        column.setSpacing(3)
        column.addWidget(self.bar)
        column.addWidget(self.stack, stretch=1)
        self.wiring = wiring = TimelineWiring(self._viewer, self.model)
        when_gone(self, wiring.close)
        self._connect()
        self._on_theme()
        self._refresh()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a height that leaves most of the window to the pictures."""
        return QSize(900, 230)

    def _connect(self) -> None:
        canvas, bar, wiring = self.canvas, self.bar, self.wiring
        canvas.jump.connect(self._on_jump)
        canvas.selected.connect(self._on_chosen)
        # Functions, as the wiring is no part of Qt: see when_gone.
        canvas.looped.connect(lambda bout: wiring.loop(bout))
        canvas.interval_drawn.connect(lambda *drawn: wiring.draw(*drawn))
        canvas.trimmed.connect(lambda *trimmed: wiring.trim(*trimmed))
        canvas.menu_wanted.connect(self._on_menu)
        bar.wanted.connect(self.do)
        bar.labelled.connect(self._on_label)
        bar.recording_chosen.connect(lambda recording: wiring.choose(recording))
        bar.individual_chosen.connect(self._on_individual)
        wiring.changed.connect(self._refresh)
        wiring.jobs.failed.connect(self._on_failed)
        self._viewer.events.theme.connect(self._on_theme)

    # --- what a person does

    def do(self, action: str) -> None:
        """Do what a button says, by its name in the bar."""
        desk = self.wiring.desk
        if action == "fit":
            self.model.fit()
        elif action == "draw":
            drawing = self.bar.buttons["draw"].isChecked()
            self.canvas.set_tool("interval" if drawing else "select")
        elif desk is None:
            return
        elif action in ("previous", "next"):
            desk.next(self.bar.kind, back=action == "previous")
        elif action == "comment":
            self._comment()
        else:
            ACTIONS[action](desk)
            # A button that can be pressed in must show what is so, whatever came of it.
            self._refresh()

    def load_epochs(self, path: str) -> None:
        """Show the epochs of a table."""
        from napari_mousegpt.io.epochs import load_epochs

        recording, extras = self.wiring.recording, self.wiring.extras
        if recording is None or extras is None:
            return
        try:
            epochs = load_epochs(path, recording.timebase, recording=recording.id)
            extras.add_epochs(recording, epochs)
        except MouseGPTError as error:
            report_error(error)

    def menu(self, bout_id: str, frame: int) -> QMenu | None:
        """Return the menu of a bout; None for one that cannot be corrected, such as an epoch.

        Parameters
        ----------
        bout_id : str
            The bout.
        frame : int
            Frame under the mouse.
        """
        desk, recording = self.wiring.desk, self.wiring.recording
        if desk is None or recording is None or bout_id not in desk.book:
            return None
        many = desk.selection if bout_id in desk.selection else (bout_id,)
        tasks = bout_tasks(desk, bout_id, many, frame, self._comment, self._zoom)
        colours = self.wiring.state.colours(recording.id)
        labels = {label: colours[label] for label in desk.labels if label in colours}
        title = f"{len(many):,} bouts" if len(many) > 1 else desk.book.get(bout_id).label
        return bout_menu(self, title, labels, lambda label: self._relabel(label, many), tasks)

    def _comment(self) -> None:
        desk = self.wiring.desk
        if desk is None or not desk.selection:
            return
        many = desk.selection
        known = desk.book.get(many[0]).comment if len(many) == 1 else ""
        asked = "Comment on this bout:" if len(many) == 1 else f"Comment on {len(many):,} bouts:"
        text, sure = QInputDialog.getText(self, "Timeline", asked, text=known)
        if sure:
            desk.comment(text.strip())

    def _relabel(self, label: str, bouts: tuple[str, ...]) -> None:
        if not label:
            label, sure = QInputDialog.getText(self, "Timeline", "New label:")
            label = label.strip() if sure else ""
        if label and self.wiring.desk is not None:
            self.wiring.desk.relabel(label, bouts)

    def _zoom(self, start: int, stop: int) -> None:
        around = max(stop - start, 1) * 0.6
        self.model.set_view(start - around, stop + around)

    def _on_jump(self, frame: int) -> None:
        self.wiring.jump(frame, dragged=self.canvas.drag is not None)

    def _on_chosen(self, ids: tuple[str, ...]) -> None:
        self.wiring.select(*ids)

    def _on_label(self, label: str) -> None:
        if self.wiring.desk is not None:
            label_with(self.wiring.desk, label)
            # The hot keys go on from here.
            self.canvas.setFocus()

    def _on_individual(self, individual: str) -> None:
        if self.wiring.desk is not None:
            self.wiring.desk.individual = individual

    def _on_menu(self, bout_id: str, place: QPoint) -> None:
        frame = self.canvas.scale.frame_at(self.canvas.mapFromGlobal(place).x())
        menu = self.menu(bout_id, frame)
        if menu is not None:
            menu.exec(place)
            menu.deleteLater()

    def _fill_tracks(self) -> None:
        recording = self.wiring.recording
        clocked = self.model.timebase is not None
        measures = measures_of(recording) if recording is not None and clocked else {}
        fill_tracks(
            self._tracks, self.model, self.wiring.extras, measures,
            lambda: ask_open(self, _TABLES, self.load_epochs),
        )  # fmt: skip

    # --- what is shown

    def _refresh(self) -> None:
        if not is_alive(self):
            return
        wiring, desk = self.wiring, self.wiring.desk
        self.stack.setCurrentWidget(self.hint if wiring.recording is None else self.canvas)
        if desk is None or wiring.recording is None:
            self.bar.offer({}, (), "", (), "")
            self.bar.allow(Allowed())
            return
        self._grow()
        people = desk.individuals
        if desk.individual not in people or len(people) > 1:
            people = (*people, "")
        self.bar.offer(desk.labels, people, desk.individual, wiring.recordings, wiring.recording.id)
        self.bar.allow(Allowed.on(desk))

    def _grow(self) -> None:
        """Ask the window for the height that more tracks need."""
        count = len(self.model.tracks)
        if count > self._most:
            self._most = count
            grow(self, self.bar.height() + self.canvas.sizeHint().height() + 10)

    def _on_failed(self, text: str) -> None:
        from napari.utils.notifications import show_warning

        show_warning(text)

    def _on_theme(self, event: object = None) -> None:
        from napari.utils.theme import get_theme

        if is_alive(self):
            colours = get_theme(self._viewer.theme).to_rgb_dict()
            self.canvas.set_theme(colours)
            self.bar.colour(hex_of(Theme.of(colours).text))
