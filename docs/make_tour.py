"""A tour of the viewer: each step done as a person does it, with a picture of each.

    xvfb-run -a -s "-screen 0 1920x1200x24" python docs/make_tour.py --theme dark --size 1280x800

Keys are pressed on the canvas, the mouse is moved over canvas and timeline, buttons are clicked.
Pictures go to ``docs/images``, or where ``--folder`` says. Corrections, runs and settings of the
tour are kept in a folder that is removed afterwards. The pages show all pictures of the dark theme
at 1280x800, and some of the others: ``--only tour_06_correct`` keeps that one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio import ROOT, Studio, own_settings

SHARED = "NAPARI_MOUSEGPT_SHARED_DATA"
SIZES = {"1280x800": (1280, 800), "1920x1080": (1920, 1080)}


@dataclass(frozen=True)
class Stop:
    """A stretch that is marked on the tour.

    Parameters
    ----------
    start, stop : float
        As shares of the recording.
    label : str
        What is seen there.
    """

    start: float
    stop: float
    label: str


#: Looked up by eye in the recording of the tour, which has 2330 frames.
STRETCHES = (
    Stop(90 / 2330, 150 / 2330, "at the wall"),
    Stop(600 / 2330, 660 / 2330, "walking"),
    Stop(1560 / 2330, 1620 / 2330, "sniffing"),
)

ZONE = "centre"


class Tour:
    """Does what a person does, in order; every step leaves the viewer as the next one needs it.

    Parameters
    ----------
    studio : Studio
        Viewer and camera.
    video, pose : Path
        The recording.
    out : Path
        Folder for what is exported.
    """

    def __init__(self, studio: Studio, video: Path, pose: Path, out: Path) -> None:
        from napari_mousegpt._napari.state import state_of

        self.studio = studio
        self.video, self.pose, self.out = video, pose, out
        self.state = state_of(studio.viewer)

    @property
    def steps(self) -> Sequence[Callable[[], None]]:
        """All steps, in order."""
        return (
            self.open, self.zone, self.mark, self.describe, self.cluster, self.correct,
            self.undo, self.jump, self.loop, self.exemplars, self.export,
        )  # fmt: skip

    # --- hands

    @property
    def desk(self) -> Any:
        """Where the recording is corrected."""
        return self.state.desk_of_active()

    @property
    def canvas(self) -> Any:
        """The part of the window that shows the picture."""
        from qtpy.QtWidgets import QWidget

        dock, _ = next(iter(self.studio.docks.values()))
        found = dock.window().findChildren(QWidget)
        return next(widget for widget in found if "CanvasBackend" in type(widget).__name__)

    def press(self, key: str, *, shift: bool = False, ctrl: bool = False) -> None:
        """Press a key over the picture."""
        from qtpy.QtCore import Qt
        from qtpy.QtGui import QKeySequence
        from qtpy.QtTest import QTest

        held = Qt.KeyboardModifier.NoModifier
        for wanted, modifier in (
            (shift, Qt.KeyboardModifier.ShiftModifier),
            (ctrl, Qt.KeyboardModifier.ControlModifier),
        ):
            held = held | modifier if wanted else held
        # The number of a key is that of its sequence.
        QTest.keyClick(self.canvas, QKeySequence(key)[0].key(), held)
        self.studio.rest(0.05)

    def drag(self, widget: Any, start: tuple[float, float], stop: tuple[float, float]) -> None:
        """Drag over a widget with the left button."""
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest

        left = Qt.MouseButton.LeftButton
        first, last = (QPoint(round(x), round(y)) for x, y in (start, stop))
        QTest.mouseMove(widget, first)
        self.studio.rest(0.05)
        QTest.mousePress(widget, left, pos=first)
        for part in range(1, 9):
            QTest.mouseMove(widget, first + (last - first) * (part / 8))
            self.studio.rest(0.03)
        QTest.mouseRelease(widget, left, pos=last)
        self.studio.rest(0.1)

    def click(self, button: Any) -> None:
        """Click a button; one that is switched off is a fault of the tour."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        assert button.isEnabled(), f"{button.text() or button.toolTip()} is switched off"
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.studio.rest(0.05)

    def at(self, share: float) -> int:
        """Return the frame at a share of the recording."""
        return round(share * self.desk.recording.n_frames)

    def go(self, frame: int) -> None:
        """Move the slider to a frame."""
        self.state.go_to(self.desk.recording.id, frame)
        self.studio.rest(0.05)

    def place(self, key: str, frame: float) -> tuple[float, float]:
        """Return the pixel of a frame in a row of the timeline."""
        canvas = self.timeline.canvas
        row = next(row for row in canvas.rows if row.track is not None and row.track.key == key)
        canvas.set_scroll(max(0, row.bottom - canvas.rows_area.height()))
        top = canvas.rows_area.top() - canvas.scroll
        return canvas.scale.x(frame + 0.5), top + row.top + row.height / 2

    def place_of(self, bout_id: str) -> tuple[float, float]:
        """Return a pixel of the timeline on a bout, in its middle."""
        canvas, bout = self.timeline.canvas, self.desk.book.get(bout_id)
        for row in canvas.rows:
            if bout_id in getattr(row.track, "bout_id", ()) and row.track.editable:
                x, middle = self.place(row.track.key, (bout.start + bout.stop) / 2)
                # Bouts that overlap lie above each other.
                for y in range(round(middle - row.height / 2) + 2, round(middle + row.height / 2)):
                    hit = canvas.hit(x, y)
                    if hit is not None and hit.bout_id == bout_id:
                        return x, y + 3
        raise LookupError(f"bout {bout_id} is not on the timeline")

    @property
    def timeline(self) -> Any:
        """The panel "Timeline"."""
        return self.studio.docks["Timeline"][1]

    # --- steps

    def open(self) -> None:
        """Choose video and pose, and open them."""
        panel = self.studio.panel("Open recording")
        self.studio.panel("Timeline")
        panel.video.path, panel.pose.path = str(self.video), str(self.pose)
        self.studio.wait(lambda: all(map(panel.looks.report, (panel.video.path, panel.pose.path))))
        self.click(panel.open_button)
        self.studio.finish(panel.job)
        self.studio.shoot("tour_01_open")

    def zone(self) -> None:
        """Draw a zone with the mouse, and measure when the animal is in it."""
        panel = self.studio.panel("Arena")
        panel.draw("add_rectangle")
        self.studio.rest(0.2)
        box = self.canvas.rect()
        middle, size = box.center(), min(box.width() / 640, box.height() / 480)
        self.drag(
            self.canvas,
            (middle.x() - 130 * size, middle.y() - 100 * size),
            (middle.x() + 130 * size, middle.y() + 100 * size),
        )
        self.studio.wait(lambda: panel.shapes.rowCount() == 1)
        panel.shapes.item(0, 0).setText(ZONE)
        self.click(panel.visits.measure_button)
        self.studio.finish(panel.visits.job)
        self.studio.rest(0.2)
        self.studio.shoot("tour_02_zone")

    def mark(self) -> None:
        """Mark three stretches: with keys, with the mouse on the timeline, with keys again."""
        self.studio.panel("Keys")
        bar, desk = self.timeline.bar, self.desk
        first, second, third = STRETCHES
        for stretch in (first, third):
            self.go(self.at(stretch.start))
            self.press("[")
            self.go(self.at(stretch.stop) - 1)
            self.press("]")
            assert desk.interval == (self.at(stretch.start), self.at(stretch.stop))
            bar.label_box.setEditText(stretch.label)
            self.click(bar.buttons["label"])
        row = f"human/{desk.individual}"
        self.drag(
            self.timeline.canvas,
            self.place(row, self.at(second.start)),
            self.place(row, self.at(second.stop)),
        )
        bar.label_box.setEditText(second.label)
        self.studio.shoot("tour_03_drawing")
        self.click(bar.buttons["label"])
        assert len(desk.ethogram.select(source=["human"])) == 3
        self.studio.shoot("tour_03_mark")

    def describe(self) -> None:
        """Describe the whole recording."""
        self._run("Describe", "tour_04_describe")

    def cluster(self) -> None:
        """Find clusters in the whole recording."""
        self._run("Project and cluster", "tour_05_cluster")

    def _run(self, name: str, picture: str) -> None:
        panel = self.studio.panel(name)
        self.studio.wait(lambda: not panel.estimating.busy)
        self.click(panel.run_button)
        self.studio.finish(panel.job)
        if panel.results.table.rowCount():
            panel.results.table.selectRow(0)
        self.studio.shoot(picture)

    def correct(self) -> None:
        """Relabel, trim, split and reject, with keys and the mouse."""
        self.studio.panel("Ethogram")
        desk, view, mark = self.desk, self.timeline.model, STRETCHES[2]
        longest, *others = self._model_bouts()
        # What overlaps the mark is relabelled with the key of its label.
        middle = self.at((mark.start + mark.stop) / 2)
        wrong = next((row for row in others if row.start <= middle < row.stop), others[0])
        desk.select(wrong.bout_id, jump=True)
        self.press(desk.labels[mark.label])
        assert desk.book.get(wrong.bout_id).label == mark.label
        # The longest one begins too early: its edge is dragged, and it is cut in two.
        length = longest.stop - longest.start
        desk.select(longest.bout_id, jump=True)
        view.set_view(longest.start - length, longest.stop + length)
        self.studio.rest(0.1)
        (x, y), canvas = self.place_of(longest.bout_id), self.timeline.canvas
        edge = canvas.scale.x(longest.start) + 1
        self.drag(canvas, (edge, y), (edge + (x - edge) / 4, y))
        assert desk.book.get(longest.bout_id).start > longest.start
        self.go(longest.start + 3 * length // 4)
        self.press("K")
        assert desk.book.get(longest.bout_id).stop == self.desk.frame
        # The last one is no bout.
        desk.select(max(others, key=lambda row: row.start).bout_id, jump=True)
        self.press("Q")
        assert desk.book.get(desk.selection[0]).status == "rejected"
        view.fit()
        self.studio.shoot("tour_06_correct")

    def _model_bouts(self) -> list[Any]:
        """Return the bouts of the describer, the longest ones first."""
        columns = self.desk.columns()
        # Visits to the zone count as those of a model.
        mine = (columns["source"] == "model") & (columns["label"] != ZONE)
        rows = map(self.desk.book.get, columns["bout_id"][mine])
        return sorted(rows, key=lambda row: row.start - row.stop)

    def undo(self) -> None:
        """Take two corrections back, with a key and with a button."""
        desk = self.desk
        (rejected,), count = desk.selection, len(desk.book)
        self.press("Z", ctrl=True)
        assert desk.book.get(rejected).status == "proposed"
        self.click(self.timeline.bar.buttons["undo"])
        assert len(desk.book) == count - 1
        self.studio.shoot("tour_07_undo")
        self.click(self.timeline.bar.buttons["redo"])
        self.press("Z", ctrl=True, shift=True)
        assert (desk.book.get(rejected).status, len(desk.book)) == ("rejected", count)

    def jump(self) -> None:
        """Go to a disagreement with a key, and to a bout by a click on its row of the table."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        panel = self.studio.panel("Ethogram")
        self.desk.select()
        self.go(0)
        self.press("W")
        assert self.desk.selection, "nobody disagrees"
        self.studio.shoot("tour_08_disagreement")
        table = panel.table
        row = table.rows.rows_of([self._marked().bout_id])[0]
        table.scrollTo(table.model().index(row, 0))
        place = table.visualRect(table.model().index(row, 0)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        self.studio.rest(0.2)
        assert self.desk.frame == self._marked().start
        self.studio.shoot("tour_08_jump")

    def _marked(self) -> Any:
        """Return the bout that was marked with the mouse."""
        label, columns = STRETCHES[1].label, self.desk.columns()
        mine = (columns["source"] == "human") & (columns["label"] == label)
        rows = map(self.desk.book.get, columns["bout_id"][mine])
        return min(rows, key=lambda row: abs(row.start - self.at(STRETCHES[1].start)))

    def loop(self) -> None:
        """Play a bout again and again, from a double click on the timeline."""
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest

        bout = self._marked()
        x, y = self.place_of(bout.bout_id)
        place = QPoint(round(x), round(y))
        QTest.mouseDClick(self.timeline.canvas, Qt.MouseButton.LeftButton, pos=place)
        self.studio.wait(lambda: self.desk.frame > bout.start, 10)
        assert self.desk.loop_span == (bout.start, bout.stop)
        self.studio.shoot("tour_09_loop")
        self.press("Escape")
        assert self.desk.loop_span is None

    def exemplars(self) -> None:
        """Look at the bouts of a label side by side."""
        panel = self.studio.panel("Exemplars")
        self.studio.wait(lambda: panel.choice.chosen_label is not None)
        label = self._marked().label
        panel.choice.label.setCurrentIndex(panel.choice.label.findData(label))
        self.studio.rest(0.5)
        self.studio.wait(lambda: panel.player.ready)
        self.studio.shoot("tour_10_exemplars")

    def export(self) -> None:
        """Write the bouts, and the corrections."""
        panel = self.studio.panel("Export")
        for kind, name in (("bouts", "bouts.csv"), ("audit", "corrections.csv")):
            panel.form.kind.setCurrentIndex(panel.form.kind.findData(kind))
            panel.form.file.path = str(self.out / name)
            self.studio.rest(0.1)
            self.click(panel.export_button)
            self.studio.finish(panel.job)
            assert (self.out / name).exists()
        self.studio.shoot("tour_11_export")


def recording_files() -> tuple[Path, Path]:
    """Return video and pose of the tour: of the shared data, else the example."""
    data = Path(os.environ.get(SHARED) or ROOT.parent / "shared" / "data")
    folder = data / "video_openfield_dlc"
    video, pose = folder / "m3v1mp4.mp4", folder / "openfield_dlc_inference_example.csv"
    if video.exists() and pose.exists():
        return video, pose
    print(f"There is no shared data at {data}: the tour goes through examples/data.")
    example = ROOT / "examples" / "data"
    return example / "openfield.mp4", example / "openfield.csv"


def make(folder: Path, theme: str, size: str, only: Sequence[str] = ()) -> None:
    """Take the tour in the current folder."""
    import napari

    folder.mkdir(parents=True, exist_ok=True)
    for file, name in zip(recording_files(), ("mouse.mp4", "mouse.csv"), strict=True):
        shutil.copy(file, name)
    viewer = napari.Viewer()
    viewer.theme = theme
    viewer.window.resize(*SIZES[size])
    # The dark and small set has the plain names.
    parts = [part for part, plain in ((theme, "dark"), (size, "1280x800")) if part != plain]
    studio = Studio(viewer, folder, "".join(f"_{part}" for part in parts), only)
    for step in Tour(studio, Path("mouse.mp4"), Path("mouse.csv"), Path()).steps:
        step()
    viewer.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--size", choices=SIZES, default="1280x800")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--only", nargs="*", default=(), help="pictures to keep, by name")
    chosen = parser.parse_args()
    chosen.folder = chosen.folder.absolute()
    with tempfile.TemporaryDirectory(prefix="mousegpt-") as scratch:
        # The pictures show paths: short ones, that are of no machine.
        os.chdir(scratch)
        own_settings(Path(scratch))
        make(chosen.folder, chosen.theme, chosen.size, chosen.only)


if __name__ == "__main__":
    main()
