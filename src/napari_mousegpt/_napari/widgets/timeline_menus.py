"""Menus of the timeline: for a bout, and for the tracks that are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QApplication, QMenu, QWidget

from napari_mousegpt._napari.extras import Extras
from napari_mousegpt._napari.timeline.doing import next_alike
from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.sources import measure_title
from napari_mousegpt._napari.widgets.filter_fields import colour_icon

if TYPE_CHECKING:
    from napari_mousegpt._napari.desk import Desk

__all__ = ["Task", "bout_menu", "bout_tasks", "fill_tracks"]

Task = Callable[[], object]


def bout_menu(
    parent: QWidget,
    title: str,
    labels: Mapping[str, str],
    relabel: Callable[[str], object],
    tasks: Mapping[str, Task | None],
) -> QMenu:
    """Return the menu of a bout.

    Parameters
    ----------
    parent : QWidget
        Whose menu.
    title : str
        What the bout is, written first.
    labels : mapping of str to str
        Labels to choose from, with their colours.
    relabel : callable
        Gets the chosen label; an empty one asks for another.
    tasks : mapping of str to callable
        What each entry does; None cannot be done now, and "-" begins a group.
    """
    menu = QMenu(parent)
    entry = menu.addAction(title)
    entry.setEnabled(False)
    again = menu.addMenu("Relabel")
    for label, colour in labels.items():
        chosen = again.addAction(colour_icon(colour), label.replace("&", "&&"))
        chosen.triggered.connect(lambda _=False, label=label: relabel(label))
    again.addSeparator()
    again.addAction("Another label ...").triggered.connect(lambda _=False: relabel(""))
    for text, task in tasks.items():
        if text.startswith("-"):
            menu.addSeparator()
            continue
        entry = menu.addAction(text)
        entry.setEnabled(task is not None)
        if task is not None:
            entry.triggered.connect(lambda _=False, task=task: task())
    return menu


def bout_tasks(
    desk: Desk,
    bout_id: str,
    many: tuple[str, ...],
    frame: int,
    comment: Task,
    zoom: Callable[[int, int], object],
) -> dict[str, Task | None]:
    """Return what the menu of a bout offers, see :func:`bout_menu`.

    Parameters
    ----------
    desk : Desk
        Where it is done.
    bout_id : str
        The bout under the mouse.
    many : tuple of str
        The bouts that are chosen, this one among them.
    frame : int
        Frame under the mouse.
    comment : callable
        Asks for a comment.
    zoom : callable
        Shows a stretch.
    """
    row, other = desk.book.get(bout_id), next_alike(desk, bout_id)
    inside = row.start < frame < row.stop
    return {
        "Accept": lambda: desk.accept(many),
        "Reject": lambda: desk.reject(many),
        "Back to proposed": lambda: desk.propose(many),
        "Comment ...": comment,
        "-": None,
        f"Split before frame {frame:,}": (lambda: desk.split(frame, bout_id)) if inside else None,
        "Join with the next of this label": (
            None if other is None else (lambda: desk.merge((bout_id, other)))
        ),
        "Join the chosen bouts": None if len(many) < 2 else (lambda: desk.merge(many)),
        "Remove": lambda: desk.remove(many),
        "--": None,
        "Play again and again": lambda: desk.loop(bout_id),
        "Zoom to it": lambda: zoom(row.start, row.stop),
        "Copy its id": lambda: QApplication.clipboard().setText(bout_id),
    }


def fill_tracks(
    menu: QMenu,
    model: TimelineModel,
    extras: Extras | None,
    measures: Mapping[str, str],
    load_epochs: Task,
) -> None:
    """Fill the menu of the tracks.

    Parameters
    ----------
    menu : QMenu
        Emptied first.
    model : TimelineModel
        Whose tracks.
    extras : Extras, optional
        Holds curves, traces and epochs; None without a recording.
    measures : mapping of str to str
        Measures that can be shown, and what they mean.
    load_epochs : callable
        Asks for a table.
    """
    menu.clear()
    several = len({track.individual for track in model.tracks} - {""}) > 1
    for track in model.tracks:
        who = f"{track.individual}: " if several and track.individual else ""
        entry = menu.addAction(f"{who}{track.title}".replace("&", "&&"))
        entry.setCheckable(True)
        entry.setChecked(track.key not in model.hidden)
        entry.triggered.connect(lambda on=False, key=track.key: _show(model, key, on))
    if model.hidden & {track.key for track in model.tracks}:
        menu.addAction("Show all").triggered.connect(lambda _=False: model.set_hidden(()))
    menu.addSeparator()
    low = menu.addAction("Low rows")
    low.setCheckable(True)
    low.setChecked(model.compact)
    low.triggered.connect(lambda on=False: model.set_compact(on))
    turn = menu.addAction("Follow the frame on screen")
    turn.setCheckable(True)
    turn.setChecked(model.follow)
    turn.triggered.connect(lambda on=False: setattr(model, "follow", bool(on)))
    if extras is None:
        return
    menu.addSeparator()
    _fill_traces(menu.addMenu("Add trace"), extras, measures)
    for name in dict.fromkeys(curve.name for curve in extras.curves):
        entry = menu.addAction(f"Remove curve {name}".replace("&", "&&"))
        entry.triggered.connect(lambda _=False, name=name: extras.remove_curve(name))
    menu.addAction("Load epochs ...").triggered.connect(lambda _=False: load_epochs())
    if len(extras.epochs):
        menu.addAction("Remove epochs").triggered.connect(lambda _=False: extras.clear_epochs())


def _show(model: TimelineModel, key: str, on: bool) -> None:
    model.set_hidden(model.hidden - {key} if on else model.hidden | {key})


def _fill_traces(menu: QMenu, extras: Extras, measures: Mapping[str, str]) -> None:
    menu.setToolTipsVisible(True)
    menu.setEnabled(bool(measures))
    for name, meaning in measures.items():
        entry = menu.addAction(measure_title(name))
        entry.setToolTip(meaning)
        entry.setCheckable(True)
        entry.setChecked(name in extras.traces)
        entry.triggered.connect(lambda on=False, name=name: extras.show_trace(name, bool(on)))
