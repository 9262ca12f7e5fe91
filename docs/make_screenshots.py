"""Draw the screenshots of the panels: the example recording in a real window.

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_screenshots.py

Pictures go to ``docs/images``. The recording is analysed for real, in a folder that is removed
afterwards. The pictures of a whole session are drawn by ``make_tour.py``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from studio import ROOT, Studio, draw

DATA = ROOT / "examples" / "data"
SIZE = (1400, 900)


def shoot_opening(studio: Studio) -> None:
    """Show what is told about a pose that is too short, then open ours."""
    opening = studio.panel("Open recording")
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
    opening.open()
    studio.finish(opening.job)


def shoot_arena(studio: Studio) -> None:
    """Draw two zones and a line, and measure the visits."""
    arena = studio.panel("Arena")
    arena.new()
    layer = arena.desk.layer
    layer.add_rectangles([[110, 180], [110, 460], [370, 460], [370, 180]])
    layer.add_ellipses([[70, 90], [70, 190], [170, 190], [170, 90]])
    layer.add_lines([[440, 60], [440, 560]])
    studio.wait(lambda: arena.shapes.rowCount() == 3)
    for row, column, text in ((0, 0, "centre"), (1, 0, "corner"), (2, 0, "wall"), (2, 3, "40")):
        arena.shapes.item(row, column).setText(text)
    arena.visits.measure()
    studio.finish(arena.visits.job)
    arena.visits.table.selectRow(0)
    studio.shoot("arena")
    for name in ("zones", layer.name):
        studio.viewer.layers.remove(name)


def run(studio: Studio, name: str) -> None:
    """Run what a panel offers on the whole recording."""
    panel = studio.panel(name)
    studio.wait(lambda: not panel.estimating.busy)
    panel.run()
    studio.finish(panel.job)


def shoot_blind(studio: Studio) -> None:
    """Score an item of a study under its code."""
    import napari_mousegpt as mg

    rows = ["recording,animal,group,video,pose"]
    for number, group in enumerate(("vehicle", "drug", "vehicle", "drug")):
        name = f"mouse_{number + 1}"
        shutil.copy("openfield.csv", f"{name}.csv")
        # Recordings of a study differ: an empty box at the end is skipped by readers.
        box = (9).to_bytes(4, "big") + b"free" + bytes([number])
        Path(f"{name}.mp4").write_bytes(Path("openfield.mp4").read_bytes() + box)
        rows.append(f"{name},{name},{group},{name}.mp4,{name}.csv")
    Path("study.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    studio.viewer.layers.clear()
    panel = studio.panel("Blind scoring")
    panel.setup.table.path = "study.csv"
    panel.setup.who.setText("anna")
    panel.begin()
    studio.finish(panel.session.job)
    panel.open(0)
    studio.finish(panel.session.job)
    scored = mg.viewer_state(studio.viewer)
    for start, label in ((300, "rearing"), (900, "walking"), (1400, "rearing")):
        scored.mark(label, start, start + 150)
    scored.go_to(950)
    studio.shoot("blind_scoring")


def make(folder: Path) -> None:
    """Open, draw, analyse and take the pictures, in the current folder."""
    import napari

    folder.mkdir(parents=True, exist_ok=True)
    for name in ("openfield.mp4", "openfield.csv"):
        shutil.copy(DATA / name, name)
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    studio = Studio(viewer, folder)
    shoot_opening(studio)
    shoot_arena(studio)
    run(studio, "Describe")
    run(studio, "Project and cluster")
    viewer.layers["skeleton"].visible = True
    table = studio.panel("Project and cluster").results.table
    table.selectRow(min(2, table.rowCount() - 1))
    studio.panel("Timeline")
    studio.shoot("labels_and_clusters")
    shoot_blind(studio)
    viewer.close()


if __name__ == "__main__":
    draw(make, __doc__)
