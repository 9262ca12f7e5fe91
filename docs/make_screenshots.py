"""Draw the screenshots of the documentation: the example recording in a real window.

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_screenshots.py

Pictures go to ``docs/images``. The recording is analysed for real, in a folder that is removed
afterwards.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DATA = ROOT / "examples" / "data"
PLUGIN = "napari-mousegpt"
SIZE = (1400, 900)


class Studio:
    """A viewer with the panels, and a camera.

    Parameters
    ----------
    folder : Path
        Where the pictures go.
    """

    def __init__(self, folder: Path) -> None:
        import napari
        from qtpy.QtWidgets import QApplication

        self.folder = folder
        self.viewer = napari.Viewer()
        self.viewer.window.resize(*SIZE)
        self.app: Any = QApplication.instance()
        add = self.viewer.window.add_plugin_dock_widget
        self.opening_dock, self.opening = add(PLUGIN, "Open recording")
        self.arena_dock, self.arena = add(PLUGIN, "Arena", tabify=True)
        self.running_dock, self.running = add(PLUGIN, "Describe and cluster", tabify=True)
        self.rest()

    def wait(self, done: Callable[[], bool], seconds: float = 300) -> None:
        """Keep the window alive until something has happened."""
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise TimeoutError("the panel did not finish")
            self.app.processEvents()
            time.sleep(0.01)
        self.rest()

    def rest(self, seconds: float = 0.5) -> None:
        """Let the window draw what is due."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.processEvents()
            time.sleep(0.01)

    def shoot(self, name: str) -> None:
        """Take a picture of the whole window."""
        self.rest()
        path = self.folder / f"{name}.png"
        self.viewer.screenshot(str(path), canvas_only=False, flash=False)
        print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def shoot_opening(studio: Studio) -> None:
    """Show what is told about files: first about a pose that is too short, then about ours."""
    opening = studio.opening
    studio.opening_dock.raise_()
    opening.video.path = "openfield.mp4"
    lines = Path("openfield.csv").read_text(encoding="utf-8").splitlines()
    Path("openfield_cut.csv").write_text("\n".join(lines[:-7]) + "\n", encoding="utf-8")
    opening.pose.path = "openfield_cut.csv"
    studio.wait(lambda: "7 shorter" in opening.report.text())
    opening.cleaning.likelihood.setChecked(True)
    opening.cleaning.interpolate.setChecked(True)
    studio.shoot("open_recording_problem")
    opening.cleaning.likelihood.setChecked(False)
    opening.cleaning.interpolate.setChecked(False)

    opening.pose.path = "openfield.csv"
    studio.wait(lambda: "0 of" in opening.report.text() and "!" not in opening.report.text())
    studio.shoot("open_recording")
    opening.open()
    studio.wait(lambda: opening.job.done)
    opening.job.result  # noqa: B018 - raises when it failed


def shoot_arena(studio: Studio) -> None:
    """Draw two zones and a line, and measure the visits."""
    arena = studio.arena
    studio.arena_dock.raise_()
    arena.new()
    layer = arena.desk.layer
    layer.add_rectangles([[110, 180], [110, 460], [370, 460], [370, 180]])
    layer.add_ellipses([[70, 90], [70, 190], [170, 190], [170, 90]])
    layer.add_lines([[440, 60], [440, 560]])
    studio.wait(lambda: arena.shapes.rowCount() == 3)
    for row, column, text in ((0, 0, "centre"), (1, 0, "corner"), (2, 0, "wall"), (2, 3, "40")):
        arena.shapes.item(row, column).setText(text)
    arena.visits.measure()
    studio.wait(lambda: arena.visits.job is not None and arena.visits.job.done)
    arena.visits.job.result  # noqa: B018 - raises when it failed
    arena.visits.table.selectRow(0)
    studio.shoot("arena")
    for name in ("zones", layer.name):
        studio.viewer.layers.remove(name)


def make(folder: Path) -> None:
    """Open, draw, analyse and take the pictures, in the current folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("openfield.mp4", "openfield.csv"):
        shutil.copy(DATA / name, name)
    studio = Studio(folder)
    shoot_opening(studio)
    shoot_arena(studio)

    running = studio.running
    studio.running_dock.raise_()
    running.out.path = "openfield_run"
    running.run()
    studio.wait(lambda: running.job.done)
    running.job.result  # noqa: B018 - raises when it failed
    running.out.line.clear()
    running.table.selectRow(0)
    studio.shoot("describe_and_cluster")

    studio.viewer.layers["skeleton"].visible = True
    running.table.selectRow(min(2, running.table.rowCount() - 1))
    studio.shoot("labels_and_clusters")
    studio.viewer.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "images")
    chosen = parser.parse_args()
    chosen.folder = chosen.folder.absolute()
    with tempfile.TemporaryDirectory(prefix="mousegpt-") as scratch:
        # The pictures show paths: short ones, that are of no machine.
        os.chdir(scratch)
        make(chosen.folder)


if __name__ == "__main__":
    main()
