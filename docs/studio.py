"""A viewer with panels and a camera, for the scripts that draw the pictures of these pages."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

__all__ = ["PLUGIN", "ROOT", "Studio", "draw", "own_settings", "shrink"]

ROOT = Path(__file__).parents[1]
PLUGIN = "napari-mousegpt"
#: Colours of a picture after it was made small: enough for a window and a grey video.
_COLOURS = 256
#: How many of them are greys, and how far the channels of a grey may differ.
_GREYS, _GREY = 64, 6


class Studio:
    """A viewer, its panels, and a camera.

    Parameters
    ----------
    viewer : napari.Viewer
        With a window.
    folder : Path or None
        Where pictures go; None takes none.
    suffix : str
        End of the names of pictures.
    only : collection of str
        Pictures to take; none for all.
    """

    def __init__(
        self, viewer: Any, folder: Path | None, suffix: str = "", only: Collection[str] = ()
    ) -> None:
        from qtpy.QtWidgets import QApplication

        self.viewer = viewer
        self.folder = folder
        self.suffix = suffix
        self.only = only
        self.app: Any = QApplication.instance()
        self.docks: dict[str, Any] = {}

    def panel(self, name: str) -> Any:
        """Open a panel, or bring the open one to the front, and return it."""
        if name not in self.docks:
            add = self.viewer.window.add_plugin_dock_widget
            self.docks[name] = add(PLUGIN, name)
        dock, panel = self.docks[name]
        dock.show()
        dock.raise_()
        self.rest(0.1)
        return panel

    def wait(self, done: Callable[[], bool], seconds: float = 300) -> None:
        """Keep the window alive until something has happened."""
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise TimeoutError("the panel did not finish")
            self.app.processEvents()
            time.sleep(0.01)
        self.rest(0.05)

    def finish(self, job: Any) -> Any:
        """Wait for a job and return what came of it; raises what it raised."""
        self.wait(lambda: job.done)
        return job.result

    def grab(self, name: str, widget: Any) -> None:
        """Take a picture of one window beside the viewer."""
        if self.folder is None or (self.only and name not in self.only):
            return
        self.rest()
        path = self.folder / f"{name}{self.suffix}.png"
        widget.grab().save(str(path))
        shrink(path)
        print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)

    def scroll_to(self, widget: Any) -> None:
        """Bring the top of a part of a panel to the top of what is seen."""
        from qtpy.QtCore import QPoint
        from qtpy.QtWidgets import QScrollArea

        around = widget.parent()
        while not isinstance(around, QScrollArea):
            around = around.parent()
        self.rest()
        around.verticalScrollBar().setValue(widget.mapTo(around.widget(), QPoint(0, 0)).y())

    def rest(self, seconds: float = 0.5) -> None:
        """Let the window draw what is due."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.processEvents()
            time.sleep(0.01)

    def shoot(self, name: str) -> None:
        """Take a picture of the whole window."""
        if self.folder is None or (self.only and name not in self.only):
            return
        self.rest()
        path = self.folder / f"{name}{self.suffix}.png"
        self.viewer.screenshot(str(path), canvas_only=False, flash=False)
        shrink(path)
        print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def own_settings(folder: Path) -> None:
    """Keep settings, corrections and runs in a folder, before napari is imported.

    What the user of this machine has set or corrected is neither seen nor changed.
    """
    os.environ.update(
        NAPARI_CONFIG=f"{folder}/settings.yaml",
        NAPARI_MOUSEGPT_CORRECTIONS=f"{folder}/corrections",
        NAPARI_MOUSEGPT_CACHE=f"{folder}/cache",
        NAPARI_MOUSEGPT_CONSENT=f"{folder}/consent.json",
        NAPARI_MOUSEGPT_TRUST=f"{folder}/trust",
        # Panels show this one.
        NAPARI_MOUSEGPT_RUNS="runs",
        LOGNAME="anna",
    )


def draw(make: Callable[[Path], None], about: str) -> None:
    """Read the command line of a script of pictures, and draw them in a folder that is removed.

    Parameters
    ----------
    make : callable
        Draws into the folder it is given, from the current one.
    about : str
        What the script says of itself.
    """
    parser = argparse.ArgumentParser(description=about.split("\n\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "images")
    folder = parser.parse_args().folder.absolute()
    with tempfile.TemporaryDirectory(prefix="mousegpt-") as scratch:
        # The pictures show paths: short ones, that are of no machine.
        os.chdir(scratch)
        own_settings(Path(scratch))
        make(folder)


def shrink(path: Path) -> None:
    """Make the file of a picture small: fewer colours, packed as well as can be."""
    import numpy as np
    from PIL import Image

    picture = Image.open(path).convert("RGB")
    pixels = np.asarray(picture).reshape(-1, 3)
    # A video is mostly grey, and would take all colours from the small things that mean something.
    grey = np.ptp(pixels.astype(np.int16), axis=1) < _GREY
    found, counts = np.unique(pixels[~grey], axis=0, return_counts=True)
    common = found[np.argsort(-counts, kind="stable")[: _COLOURS - _GREYS]]
    shades = np.repeat(np.linspace(0, 255, _GREYS).round()[:, None], 3, axis=1)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([common, shades]).astype(np.uint8).tobytes())
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)
