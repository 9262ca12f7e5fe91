"""Draw the screenshots of the panels "Map" and "Search" on real recordings.

    xvfb-run -a -s "-screen 0 1920x1200x24" python docs/make_discovery_screenshots.py

The recordings are the shared data beside the checkout, or in the folder named by
``NAPARI_MOUSEGPT_SHARED_DATA``: a mouse in an open field with its video, and six mice in three
dimensions. Everything is analysed for real, in a folder that is removed afterwards; that takes some
minutes. Pictures go to ``docs/images``.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from studio import ROOT, Studio, draw

_GIVEN = os.environ.get("NAPARI_MOUSEGPT_SHARED_DATA")
DATA = (Path(_GIVEN) if _GIVEN else ROOT.parent / "shared" / "data").absolute()
SIZE = (1280, 800)
VIDEO, POSE = "m3v1mp4.mp4", "openfield_dlc_inference_example.csv"


def analyse(data: Path) -> None:
    """Analyse the recordings; the results lie in ``openfield`` and ``six_mice``."""
    import pandas as pd

    import napari_mousegpt as mg
    from napari_mousegpt.clusters import ClusterParams
    from napari_mousegpt.runs import RunParams

    for name in (VIDEO, POSE):
        shutil.copy(data / "video_openfield_dlc" / name, name)
    # Parted a little finer than by default, so that there is something to merge.
    fine = RunParams(clusters=ClusterParams(min_cluster_size=3))
    mg.run(mg.open_recording(VIDEO, POSE), "openfield", fine)
    sys.path.insert(0, str(ROOT / "benchmarks"))
    from subtle3d import FPS, KEYPOINTS, MICE

    heads = [("tracker", point, axis) for point in KEYPOINTS for axis in "xyz"]
    rows = []
    for mouse in MICE:
        path = data / "labelled_subtle3d" / "coords" / f"{mouse}.csv"
        table = pd.read_csv(path, header=None)
        table.columns = pd.MultiIndex.from_tuples(heads, names=["scorer", "bodyparts", "coords"])
        table.to_csv(f"{mouse}.csv")
        group, animal = mouse.split("_")
        rows.append((mouse, animal, group, f"{mouse}.csv", FPS))
    columns = ["recording", "animal", "group", "pose", "fps"]
    pd.DataFrame(rows, columns=columns).to_csv("mice.csv", index=False)
    mg.run_study("mice.csv", "six_mice")


def read(studio: Studio, folder: str) -> Any:
    """Read the map of a folder in the panel."""
    panel = studio.panel("Map")
    panel.folder.path = folder
    studio.wait(lambda: not panel.model.busy and panel.model.named is not None)
    return panel


def shoot_map(studio: Studio) -> None:
    """Show six mice by behaviour, by group, and by UMAP."""
    panel = read(studio, "six_mice")
    studio.viewer.reset_view()
    studio.shoot("map")
    colour = panel.choices.colour
    colour.setCurrentIndex(colour.findData("fact:group"))
    studio.shoot("map_groups")
    colour.setCurrentIndex(colour.findData("behaviour"))
    layouts = panel.choices.layouts
    layouts.setCurrentIndex(layouts.findData("umap"))
    studio.wait(lambda: not panel.model.busy)
    studio.shoot("map_umap")
    layouts.setCurrentIndex(layouts.findData("pca"))


def shoot_lasso(studio: Studio) -> None:
    """Pick windows with the mouse, show them on the timeline, play clips, merge and rename."""
    import numpy as np
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    panel = read(studio, "openfield")
    panel.tools.buttons["Lasso"].click()
    canvas = panel.canvas
    x, y = canvas.scene.view.pixels(*panel.model.places.T)
    middle = QPoint(int(np.median(x)), int(np.median(y)))
    angles = np.linspace(0, 2 * np.pi, 24)
    line = [middle + QPoint(round(45 * np.cos(a)), round(38 * np.sin(a))) for a in angles]
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(canvas, left, pos=line[0])
    for corner in line[1:]:
        QTest.mouseMove(canvas, corner)
    QTest.mouseRelease(canvas, left, pos=line[-1])
    panel.picked.show_on_timeline()
    stretches = panel.model.intervals()
    panel.go(str(stretches.recording[0]), int(stretches.start[len(stretches) // 2]))
    studio.shoot("map_lasso")
    panel.picked.show_clips()
    clips = panel.windows.clips.clips
    studio.wait(lambda: clips.player.ready)
    studio.grab("map_clips", panel.windows.clips)
    panel.windows.clips.close()
    panel.picked.unpick()
    panel.tools.names_button.click()
    names = panel.windows.names
    if names.merges.table.rowCount():
        names.merges.table.selectRow(0)
        studio.wait(lambda: all(side.player.ready for side in names.merges.sides))
    studio.grab("map_names", names)
    names.close()


def shoot_search(studio: Studio) -> None:
    """Ask for a behaviour in words, and look at a hit."""
    panel = studio.panel("Search")
    panel.folder.path = "openfield"
    studio.wait(lambda: not panel.searching.busy and panel.searching.index is not None)
    panel.line.setText("runs quickly and turns to the left")
    panel.ask()
    studio.wait(lambda: not panel.searching.busy)
    panel.hits.table.selectRow(1)
    panel.filters.fold.setChecked(True)
    studio.shoot("search")


def make(folder: Path) -> None:
    """Analyse, open, and take the pictures, in the current folder."""
    import napari

    from napari_mousegpt._napari.show import show
    from napari_mousegpt.runs import load_run

    folder.mkdir(parents=True, exist_ok=True)
    analyse(DATA)
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    studio = Studio(viewer, folder)
    found = load_run("openfield")
    show(viewer, found.recording, found.ethogram)
    shoot_map(studio)
    studio.panel("Timeline")
    studio.rest()
    viewer.reset_view()
    shoot_lasso(studio)
    shoot_search(studio)
    viewer.close()


if __name__ == "__main__":
    draw(make, __doc__)
