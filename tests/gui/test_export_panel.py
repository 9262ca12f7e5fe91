"""The panel "Export", as a user meets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pandas as pd
import pytest

from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.export import ExportPanel
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording


@pytest.fixture
def panel(
    viewer: Any, qtbot: Any, recording: Recording, ethogram: Ethogram
) -> Iterator[ExportPanel]:
    """A panel beside a recording of twenty seconds with ten bouts."""
    show(viewer, recording, ethogram)
    made = ExportPanel(viewer)
    qtbot.addWidget(made)
    made.resize(340, 700)
    made.show()
    yield made
    made.close()
    viewer.layers.clear()  # before the video is closed


def pick(panel: ExportPanel, **values: Any) -> None:
    for name, value in values.items():
        box = getattr(panel.form, name)
        box.setCurrentIndex(box.findData(value))


def export(panel: ExportPanel, path: Path, qtbot: Any) -> str:
    panel.form.file.path = path
    panel.export()
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    return panel.report.text()


def test_every_table_is_written_with_its_ending(
    panel: ExportPanel, qtbot: Any, tmp_path: Path, recording: Recording
) -> None:
    proposed = panel.form.file.path
    assert proposed is not None
    assert proposed.name == f"{recording.id}_bouts.csv"
    for kind, name in (
        ("bouts", "a.parquet"), ("frames", "b"), ("boris", "c.tsv"), ("boris-project", "d"),
        ("boris-binary", "e.csv"),
    ):  # fmt: skip
        pick(panel, kind=kind)
        assert export(panel, tmp_path / name, qtbot).startswith(f"Written: {tmp_path / name}")
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["a.parquet", "b.csv", "c.tsv", "d.boris", "e.csv"]
    assert len(pd.read_parquet(tmp_path / "a.parquet")) == 10
    assert len(pd.read_csv(tmp_path / "b.csv")) == 600


def test_nothing_is_replaced_unless_it_is_ticked(
    panel: ExportPanel, qtbot: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("as it was")
    assert 'tick "Replace"' in export(panel, path, qtbot)
    assert path.read_text() == "as it was"
    panel.form.replace.setChecked(True)
    assert export(panel, path, qtbot) == f"Written: {path}"
    assert len(pd.read_csv(path)) == 10


def test_what_may_be_replaced_is_asked_for_each_kind(
    panel: ExportPanel, qtbot: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    panel.form.replace.setChecked(True)
    assert export(panel, path, qtbot) == f"Written: {path}"
    before = path.read_bytes()
    pick(panel, kind="frames")
    assert 'tick "Replace"' in export(panel, path, qtbot)
    assert path.read_bytes() == before


def test_what_is_wrong_is_told_before_any_work(
    panel: ExportPanel, viewer: Any, qtbot: Any, tmp_path: Path
) -> None:
    assert "Make the folder first" in export(panel, tmp_path / "gone" / "a.csv", qtbot)
    assert "a name ending in .csv or .tsv or .parquet" in export(panel, tmp_path / "a.pdf", qtbot)
    pick(panel, status="accepted")
    assert 'Choose others under "Part" or "Bouts"' in export(panel, tmp_path / "a.csv", qtbot)
    pick(panel, kind="audit")
    assert "at least one correction" in export(panel, tmp_path / "a.csv", qtbot)
    viewer.layers.clear()
    assert not panel.export_button.isEnabled()
    assert list(tmp_path.iterdir()) == []


def test_a_part_and_a_choice_of_bouts(
    panel: ExportPanel, viewer: Any, recording: Recording, qtbot: Any, tmp_path: Path
) -> None:
    desk = state_of(viewer).desk(recording.id)
    ids = list(desk.columns()["bout_id"])
    desk.accept(ids[1])
    desk.reject(ids[2])
    pick(panel, status="accepted")
    export(panel, tmp_path / "accepted.csv", qtbot)
    assert pd.read_csv(tmp_path / "accepted.csv")["bout_id"].tolist() == [ids[1]]
    pick(panel, status="kept", part="interval")
    assert not panel.export_button.isEnabled()
    assert "Nothing is selected" in panel.subject.text()
    desk.select(ids[2], ids[3])
    qtbot.waitUntil(panel.export_button.isEnabled, timeout=30_000)
    export(panel, tmp_path / "selected.csv", qtbot)
    assert pd.read_csv(tmp_path / "selected.csv")["bout_id"].tolist() == [ids[3]]
    desk.set_interval(30, 90)
    qtbot.waitUntil(lambda: "frames 30 to 89" in panel.subject.text(), timeout=30_000)
    export(panel, tmp_path / "interval.csv", qtbot)
    table = pd.read_csv(tmp_path / "interval.csv")
    assert table[["start", "stop"]].to_numpy().tolist() == [[30, 60], [60, 90]]
    pick(panel, kind="audit")
    export(panel, tmp_path / "audit.csv", qtbot)
    assert set(pd.read_csv(tmp_path / "audit.csv")["action"]) == {"accept", "reject"}


def count_pictures(path: Path) -> int:
    with av.open(str(path)) as file:
        return sum(1 for _ in file.decode(video=0))


def test_movies_are_written(
    panel: ExportPanel, viewer: Any, recording: Recording, qtbot: Any, tmp_path: Path
) -> None:
    state_of(viewer).desk(recording.id).set_interval(50, 80)
    pick(panel, kind="video", part="interval")
    panel.form.scale.setValue(0.5)
    panel._look()
    assert panel.form.file.path is not None
    assert panel.form.file.path.suffix == ".mp4"
    export(panel, tmp_path / "video.mp4", qtbot)
    assert count_pictures(tmp_path / "video.mp4") == 30
    pick(panel, kind="exemplars", part="recording")
    panel.form.count.setValue(2)
    said = export(panel, tmp_path / "moments.gif", qtbot)
    assert said == f"Written in {tmp_path}: moments_still.gif, moments_walking.gif"
    pick(panel, label="walking")
    export(panel, tmp_path / "walking.mp4", qtbot)
    assert count_pictures(tmp_path / "walking.mp4") == 90


def test_cancelling_leaves_no_half_video(panel: ExportPanel, qtbot: Any, tmp_path: Path) -> None:
    pick(panel, kind="video")
    panel.form.file.path = tmp_path / "a.mp4"
    panel.export()
    assert not panel.export_button.isEnabled()
    panel.cancel()
    qtbot.waitUntil(lambda: not panel.busy, timeout=30_000)
    assert panel.report.text() == "Cancelled: no half file is left."
    assert list(tmp_path.iterdir()) == []
    assert panel.export_button.isEnabled()


def test_a_path_that_was_chosen_stays_and_takes_other_endings(
    panel: ExportPanel, tmp_path: Path
) -> None:
    panel.form.file.path = tmp_path / "mine.tsv"
    pick(panel, kind="boris")
    assert panel.form.file.path == tmp_path / "mine.tsv"
    pick(panel, kind="video")
    assert panel.form.file.path == tmp_path / "mine.mp4"


def test_without_a_recording_it_says_what_to_do(viewer: Any, qtbot: Any) -> None:
    panel = ExportPanel(viewer)
    qtbot.addWidget(panel)
    panel.show()
    assert "Open a recording first" in panel.subject.text()
    assert not panel.export_button.isEnabled()


def test_a_recording_that_is_closed_meanwhile_is_written_all_the_same(
    panel: ExportPanel, viewer: Any, qtbot: Any, tmp_path: Path
) -> None:
    pick(panel, kind="video")
    panel.form.file.path = tmp_path / "a.mp4"
    panel.form.scale.setValue(0.5)
    panel.export()
    qtbot.waitUntil(lambda: panel.job is not None and panel.job.progress[0] > 0, timeout=30_000)
    viewer.layers.clear()
    qtbot.waitUntil(lambda: not panel.busy, timeout=60_000)
    assert panel.report.text() == f"Written: {tmp_path / 'a.mp4'}"
    assert count_pictures(tmp_path / "a.mp4") == 600


def test_a_panel_that_is_gone_stops_writing(
    viewer: Any, recording: Recording, ethogram: Ethogram, qtbot: Any, tmp_path: Path
) -> None:
    show(viewer, recording, ethogram)
    panel = ExportPanel(viewer)
    panel.show()
    pick(panel, kind="video")
    panel.form.file.path = tmp_path / "a.mp4"
    panel.export()
    job = panel.job
    assert job is not None
    qtbot.waitUntil(lambda: job.progress[0] > 0, timeout=30_000)
    panel.close()
    panel.deleteLater()
    del panel
    qtbot.waitUntil(lambda: job.done, timeout=30_000)
    assert job.state == "cancelled"
    assert list(tmp_path.iterdir()) == []
