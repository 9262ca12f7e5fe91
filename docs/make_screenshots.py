"""Draw the screenshots of the documentation: the example recording in a real window.

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_screenshots.py

Pictures go to ``docs/images``. The recording is analysed for real, in a folder that is removed
afterwards.
"""

from __future__ import annotations

import argparse
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
    """A viewer with both panels, and a camera.

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


def make(folder: Path, out: Path) -> None:
    """Open, analyse and take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    studio = Studio(folder)
    opening, running = studio.opening, studio.running

    studio.opening_dock.raise_()
    opening.video.path = str(DATA / "openfield.mp4")
    opening.pose.path = str(DATA / "openfield.csv")
    studio.wait(lambda: "keypoints" in opening.report.text())
    studio.shoot("open_recording")
    opening.open()
    studio.wait(lambda: opening.job.done)
    opening.job.result  # noqa: B018 - raises when it failed

    studio.running_dock.raise_()
    running.out.path = str(out)
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
    with tempfile.TemporaryDirectory(prefix="mousegpt-") as scratch:
        make(chosen.folder, Path(scratch) / "openfield_run")


if __name__ == "__main__":
    main()
