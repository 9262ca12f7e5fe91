"""Draw the pictures of the panel "Novelty": six real mice, three of them without one behaviour.

    xvfb-run -a -s "-screen 0 1600x1100x24" python docs/make_novelty_screenshot.py

The windows that a person called rearing are kept out of three mice, which are the reference; the
other three are new. The data are those of ``labelled_subtle3d`` (folder of the shared data, see
``benchmarks/subtle3d.py``). Pictures go to ``docs/images``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from studio import ROOT, Studio, draw

SIZE = (1400, 1000)
#: What the reference lacks.
MISSING = "rearing"
NEW = ("adult_6116", "young_8296", "young_8301")


def make_study(folder: Path) -> dict[str, Any]:
    """Write the folder of a study of six mice; returns the mice by id."""
    import pandas as pd

    sys.path.insert(0, str(ROOT / "benchmarks"))
    from clusters_labels import WINDOW
    from discovery_novelty import thinned
    from napari_mousegpt.clusters import fit
    from napari_mousegpt.core.parquet import write_parquet
    from napari_mousegpt.core.vectors import Vectors
    from subtle3d import FPS, load

    mice = {mouse.id: mouse for mouse in load()}
    vectors, labels = thinned(list(mice.values()))
    starts = vectors.intervals.start / FPS
    timed = vectors.intervals.assign(start_s=starts, stop_s=starts + WINDOW / FPS)
    vectors = Vectors(timed, vectors.values, vectors.names, vectors.model, vectors.revision)
    names = vectors.intervals.recording.astype(str)
    kept = (labels != MISSING) | (pd.Series(names).isin(NEW).to_numpy())
    rows = []
    for name in mice:
        place = folder / "recordings" / name / "result"
        place.mkdir(parents=True)
        write_parquet(vectors[kept & (names == name)].to_table(), place / "vectors.parquet")
        group = "new mice" if name in NEW else "no rearing"
        rows.append((name, name, group, "done", f"recordings/{name}"))
    columns = ["recording", "animal", "group", "state", "folder"]
    (folder / "result").mkdir()
    write_parquet(pd.DataFrame(rows, columns=columns), folder / "result" / "study.parquet")
    old = ~pd.Series(names).isin(NEW).to_numpy()
    fit(vectors[kept & old]).save(folder / "clusters" / "result" / "map")
    return mice


def make(folder: Path) -> None:
    """Open a mouse, ask what is new, and take the pictures, in the current folder."""
    import napari

    from napari_mousegpt._napari.show import show
    from napari_mousegpt.core.recording import Recording, View

    folder.mkdir(parents=True, exist_ok=True)
    mice = make_study(Path("study"))
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    studio = Studio(viewer, folder)
    studio.panel("Timeline")
    panel = studio.panel("Novelty")
    panel.question.folder.path = "study"
    groups = panel.roles.groups
    groups.setCurrentIndex(groups.findText("group: new mice"))
    panel.run_button.click()
    studio.wait(lambda: not panel.asking.busy)
    if panel.answer.first.rowCount():
        mouse = mice[panel.asking.typical(0)[0]]
        show(viewer, Recording(mouse.id, (View("main", mouse.timebase, pose=mouse.pose),)))
        viewer.layers["pose"].size = 0.7
        viewer.layers["skeleton"].visible = True
        viewer.layers["skeleton"].edge_width = 0.2
        viewer.layers[f"{mouse.id} (no video)"].visible = False
        panel.answer.first.selectRow(0)
        panel.answer.name.setText(MISSING)
        viewer.reset_view()
        studio.shoot("novelty")
        panel.answer.rates.selectRow(0)
        studio.scroll_to(panel.answer.rates)
        studio.shoot("novelty_control")
    viewer.close()


if __name__ == "__main__":
    draw(make, __doc__)
