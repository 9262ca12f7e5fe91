"""Draw the screenshots of the panels with video models: tiny ones, on the example recording.

    xvfb-run -a -s "-screen 0 1600x1100x24" python docs/make_model_screenshots.py

Two tiny models are trained first, to tell drawn figures apart; that takes a minute. They
know nothing of mice: the pictures show the panels, not what a released model says. Pictures go to
``docs/images``.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from studio import ROOT, Studio, draw

DATA = ROOT / "examples" / "data"
SIZE = (1400, 1000)
#: What the tiny model for words was trained to tell.
TASK = "all"
LABELS = """label,definition
left,the animal goes to the left
right,the animal goes to the right
rear,the animal stands up
lie,the animal lies down
still,the animal does not move
"""


def train() -> None:
    """Write the two tiny models into the current folder."""
    sys.path.insert(0, str(ROOT / "tests"))
    import torch

    from support.tiny_encoders import trained_encoder
    from support.tiny_models import trained_vlm
    from support.torchvision_cure import cure_torchvision

    cure_torchvision()
    torch.set_num_threads(1)
    trained_vlm(Path("tiny-words"), TASK)
    trained_encoder(Path("tiny-actions"))


def shoot_describe(studio: Studio) -> None:
    """Choose a preset, then a folder with labels; look at what it gets, and describe."""
    from napari_mousegpt._napari.model_choice import FOLDER

    Path("labels.csv").write_text(LABELS, encoding="utf-8")
    panel = studio.panel("Describe")
    fields = panel.describers.fields

    def settled() -> bool:
        return panel.describers.choice.job is None and not panel.estimating.busy

    fields.who.setCurrentIndex(fields.who.findData("qwen3-vl-2b"))
    studio.wait(settled)
    studio.shoot("describe_agree")
    fields.who.setCurrentIndex(fields.who.findData(FOLDER))
    fields.weights.path = "tiny-words"
    fields.labels.path = "labels.csv"
    panel.form.set("segments", "windows")
    studio.wait(settled)
    panel.describers.preview_button.click()
    studio.wait(lambda: not panel.describers.previewing.busy)
    studio.grab("describe_preview", panel.describers.preview_window)
    panel.describers.preview_window.close()
    fields.prompt.edit()
    studio.grab("describe_prompt", fields.prompt.dialog)
    fields.prompt.dialog.close()
    panel.run()
    studio.finish(panel.job)
    panel.results.table.selectRow(0)
    studio.shoot("describe_model")


def shoot_project(studio: Studio) -> None:
    """Cluster what a video encoder sees, and give words to the clusters."""
    from napari_mousegpt._napari.model_choice import FOLDER

    panel = studio.panel("Project and cluster")
    encoders = panel.encoders
    encoders.encoder.setCurrentIndex(encoders.encoder.findData(FOLDER))
    encoders.weights.path = "tiny-actions"
    studio.wait(lambda: encoders.choice.job is None and not panel.estimating.busy)
    panel.run()
    studio.finish(panel.job)
    panel.results.table.selectRow(0)
    studio.shoot("project_encoder")
    shoot_propagate(studio, panel.words)


def shoot_propagate(studio: Studio, box: Any) -> None:
    """Describe a few stretches of each cluster, carry the words to the rest."""
    from napari_mousegpt._napari.model_choice import FOLDER

    box.fold.setChecked(True)
    fields = box.describers.fields
    fields.who.setCurrentIndex(fields.who.findData(FOLDER))
    fields.weights.path = "tiny-words"
    fields.labels.path = "labels.csv"
    studio.wait(lambda: box.run_button.isEnabled())
    studio.rest()
    box.run()
    studio.finish(box.carrying.job)
    studio.scroll_to(box.price)
    studio.shoot("propagate")


def make(folder: Path) -> None:
    """Train, open, analyse and take the pictures, in the current folder."""
    import napari

    from napari_mousegpt._napari.show import show
    from napari_mousegpt.io.recordings import open_recording

    folder.mkdir(parents=True, exist_ok=True)
    train()
    for name in ("openfield.mp4", "openfield.csv"):
        shutil.copy(DATA / name, name)
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    studio = Studio(viewer, folder)
    show(viewer, open_recording("openfield.mp4", "openfield.csv"))
    studio.panel("Timeline")
    studio.rest()
    viewer.reset_view()
    shoot_describe(studio)
    shoot_project(studio)
    viewer.close()


if __name__ == "__main__":
    draw(make, __doc__)
