"""Scoring blind: nothing that can be read in the viewer tells which recording an item is."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from napari.utils.notifications import notification_manager

import napari_mousegpt as mg
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.arena import ArenaPanel
from napari_mousegpt._napari.widgets.blind_scoring import BlindScoring
from napari_mousegpt._napari.widgets.describe import Describe
from napari_mousegpt._napari.widgets.ethogram import EthogramPanel
from napari_mousegpt._napari.widgets.exemplars import ExemplarsPanel
from napari_mousegpt._napari.widgets.export import ExportPanel
from napari_mousegpt._napari.widgets.key_sheet import KeySheet
from napari_mousegpt._napari.widgets.open_recording import OpenRecording
from napari_mousegpt._napari.widgets.project_cluster import ProjectCluster
from napari_mousegpt._napari.widgets.timeline import Timeline
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.store.blinding import LOG_NAME
from napari_mousegpt.store.corrections import load_corrections
from support.reachable import reachable, texts_in

#: Ids, groups, treatments, doses, animals, folders and files of the study.
WORDS = ("drugZ", "quietine", "77mg", "rodentus", "cohortfolder", "trackedby")
PANELS = (
    OpenRecording, ArenaPanel, Describe, ProjectCluster, EthogramPanel, Timeline, KeySheet,
    ExemplarsPanel, ExportPanel,
)  # fmt: skip


@dataclass
class Blinded:
    """A study of two recordings on disk; their names tell the group."""

    table: Path
    key: Path
    out: Path

    def take_away(self, recording: str) -> None:
        """Move the video of a recording away."""
        video = next(self.table.parent.rglob(f"{recording}.mp4"))
        video.rename(video.with_suffix(".gone"))


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A video of three seconds and its pose."""
    made = make_sample(tmp_path_factory.mktemp("drawn"), seconds=3, size=(96, 128))
    return made.video, made.pose


@pytest.fixture
def study(drawn: tuple[Path, Path], tmp_path: Path) -> Blinded:
    folder, out = tmp_path / "study" / "cohortfolder", tmp_path / "out"
    out.mkdir()
    folder.mkdir(parents=True)
    rows = ["recording,animal,group,dose,video,pose,individual"]
    for number, (name, group) in enumerate((("drugZ_m1", "drugZ"), ("quietine_m2", "quietine"))):
        shutil.copy(drawn[0], folder / f"{name}.mp4")
        # Two recordings differ, as all do.
        with (folder / f"{name}.mp4").open("ab") as video:
            video.write(b"\x00\x00\x00\x09free" + bytes([number]))
        shutil.copy(drawn[1], folder / f"{name}_trackedby.csv")
        row = (f"{name}", f"rodentus{number}", group, "77mg", f"cohortfolder/{name}.mp4")
        rows.append(",".join((*row, f"cohortfolder/{name}_trackedby.csv", "individual_0")))
    table = tmp_path / "study" / "table.csv"
    table.write_text("\n".join(rows))
    return Blinded(table, tmp_path / "key", out)


@pytest.fixture
def wait(qtbot: Any) -> Callable[[Any], Any]:
    def until(job: Any, good: bool = True) -> Any:
        qtbot.waitUntil(lambda: job.done, timeout=60_000)
        assert good == (job.error is None), job.error
        return job

    return until


@pytest.fixture
def begun(viewer: Any, qtbot: Any, study: Blinded, wait: Any) -> Iterator[BlindScoring]:
    """A panel with the study begun, beside a viewer without a window."""
    panel = BlindScoring(viewer)
    qtbot.addWidget(panel)
    begin(panel, study, wait)
    yield panel
    session = state_of(viewer).blind
    if session is not None:
        session.put_away()
    viewer.layers.clear()


def begin(panel: BlindScoring, study: Blinded, wait: Any) -> None:
    panel.show()
    panel.setup.who.setText("Kim")
    panel.setup.table.path = str(study.table)
    assert panel.setup.folder.path == str(study.table.with_name("table_blinded"))
    panel.setup.folder.path = str(study.key)
    panel.begin()
    assert panel.session is not None, panel.report.text()
    wait(panel.session.job)


def told(found: Any) -> list[str]:
    """Return where a word stands that must not be known."""
    return sorted(
        {
            f"{where}: {text[:300]}"
            for where, text in found
            if any(word.casefold() in text.casefold() for word in WORDS)
        }
    )


def test_nothing_that_can_be_read_tells_which_recording_it_is(
    make_napari_viewer: Any, qtbot: Any, study: Blinded, wait: Any
) -> None:
    window = make_napari_viewer(show=True)
    state = state_of(window)
    facade = mg.viewer_state(window)
    panel = BlindScoring(window)
    window.window.add_dock_widget(panel, name="Blind scoring")
    begin(panel, study, wait)
    session = panel.session
    assert session is not None
    others: dict[type, Any] = {kind: kind(window) for kind in PANELS}
    docks = {
        kind: window.window.add_dock_widget(other, name=kind.__name__, tabify=True)
        for kind, other in others.items()
    }

    def everything() -> list[str]:
        return told(
            reachable(window, facade, session, state.open_recordings, vars(state), vars(panel))
        )

    wait(session.open("item 01"))
    assert {layer.name for layer in window.layers} >= {"item 01"}, panel.report.text()
    assert everything() == []

    # Mark a bout, describe, export, read what is shown with each panel in front.
    facade.mark("rearing", 10, 40)
    describe = others[Describe]
    describe.raise_()
    describe.run()
    qtbot.waitUntil(lambda: describe.job is not None and describe.job.done, timeout=60_000)
    assert describe.job.error is None
    assert describe.status.text()
    for other in others.values():
        docks[type(other)].raise_()
        qtbot.waitUntil(other.isVisible, timeout=30_000)
    assert everything() == []
    export = others[ExportPanel]
    assert export.form.file.path.name == "item_01_bouts.csv"
    export.form.file.path = study.out / "bouts.csv"
    export.export()
    qtbot.waitUntil(lambda: not export.busy, timeout=60_000)
    export.form.kind.setCurrentIndex(export.form.kind.findData("audit"))
    export.form.file.path = study.out / "audit.csv"
    export.export()
    qtbot.waitUntil(lambda: not export.busy, timeout=60_000)
    panel.export(str(study.out / "scores.csv"))
    wait(session.job)
    assert "Written: 1 bout, by code" in panel.report.text()
    assert {path.name for path in study.out.iterdir()} == {"bouts.csv", "audit.csv", "scores.csv"}
    others[EthogramPanel].audit.open_folder()
    assert "scored blind" in others[EthogramPanel].report.text()
    assert everything() == []

    # An error: the video of the other item is gone. It tells the code and what to do.
    study.take_away("drugZ_m1")
    study.take_away("quietine_m2")
    panel.next_button.click()
    failed = wait(session.job, good=False)
    assert panel.report.text().startswith("! item 02")
    panel.table.selectRow(0)
    panel.open_button.click()
    wait(session.job, good=False)
    assert panel.report.text().startswith("! item 01")
    assert told(reachable(window, failed, failed.error, session)) == []
    wait(session.look())
    assert [item.state for item in session.items] == ["1 bout", "cannot be read"]
    assert everything() == []

    # Nor does anything on disk that is not the key, the recording's own file and its index.
    assert told(texts_in(study.out)) == []
    assert told(texts_in(study.key)) == []
    runs = Path(os.environ["NAPARI_MOUSEGPT_RUNS"])
    assert any(runs.rglob("*.json"))
    assert told(texts_in(runs)) == []

    # After unlocking it is all there.
    for gone in list(study.table.parent.rglob("*.gone")):
        gone.rename(gone.with_suffix(".mp4"))
    panel.unlock_button.click()
    panel.unlock.reason.setText("scoring is finished")
    panel.unlock.unlock_button.click()
    wait(session.job)
    assert {word for word in WORDS if any(word in line for line in everything())} == set(WORDS)
    assert "unlocked by Kim, because: scoring is finished" in panel.report.text()
    assert any(layer.name.startswith(("drugZ", "quietine")) for layer in window.layers)
    assert "rearing" in facade.ethogram.labels
    panel.put_away()
    window.layers.clear()


def test_a_panel_goes_through_the_items(
    begun: BlindScoring, viewer: Any, study: Blinded, wait: Any, qtbot: Any
) -> None:
    session = begun.session
    assert session is not None
    assert begun.summary.text().endswith("names and groups are hidden. 0 of 2 items scored.")
    assert [begun.table.item(row, 1).text() for row in (0, 1)] == ["not opened", "not opened"]
    assert not begun.previous_button.isEnabled()
    begun.next_button.click()
    wait(session.job)
    assert session.code == "item 01"
    first = session.item
    mg.viewer_state(viewer).mark("rearing", 10, 40)
    assert begun.table.item(0, 1).text() == "1 bout"
    assert begun.table.item(0, 0).font().bold()
    begun.next_button.click()
    wait(session.job)
    assert session.code == "item 02"
    # One item at a time, and its video is closed.
    assert {layer.metadata["napari_mousegpt"]["id"] for layer in viewer.layers} == {"item 02"}
    with pytest.raises(Exception, match="closed"):
        first.video[0]
    assert not begun.next_button.isEnabled()
    assert begun.summary.text().endswith("1 of 2 items scored.")
    begun.previous_button.click()
    wait(session.job)
    assert [bout.label for bout in state_of(viewer).desk("item 01").book.rows] == ["rearing"]
    # Another session finds what was scored.
    begun.put_away()
    assert not viewer.layers
    assert begun.setup.begin_button.text() == "Go on"
    begun.setup.begin_button.click()
    wait(begun.session.job)
    assert [begun.table.item(row, 1).text() for row in (0, 1)] == ["1 bout", "no bouts"]


def test_corrections_are_those_of_the_recording_and_name_the_scorer(
    begun: BlindScoring, viewer: Any, study: Blinded, wait: Any
) -> None:
    session = begun.session
    begun.who.setText("Lee")
    begun.who.textEdited.emit("Lee")
    wait(session.open("item 02"))
    mg.viewer_state(viewer).mark("grooming", 5, 25)
    mg.viewer_state(viewer).comment("seen twice")
    [kept] = load_corrections()
    assert kept.recording in ("drugZ_m1", "quietine_m2")
    assert {edit.who for edit in kept.edits} == {"Lee"}
    assert kept.n_frames == 90
    job = session.export(study.out / "blind.csv")
    wait(job)
    blind = pd.read_csv(study.out / "blind.csv")
    assert list(blind["recording"]) == ["item 02"]
    assert list(blind["scored_by"]) == ["Lee"]
    assert {"group", "animal"}.isdisjoint(blind.columns)
    session.unlock("Lee", "done")
    wait(session.job)
    wait(session.export(study.out / "open.csv"))
    [row] = pd.read_csv(study.out / "open.csv").to_dict("records")
    assert row["recording"] == kept.recording
    assert row["group"] == kept.recording.split("_")[0]
    assert (row["item"], row["start"], row["stop"]) == ("item 02", 5, 25)
    assert row["start_s"] == pytest.approx(5 / 30, abs=1e-6)
    whats = [json.loads(line)["what"] for line in (study.key / LOG_NAME).read_text().splitlines()]
    assert whats == ["blinded", "opened item", "unlocked"]


def test_a_recording_of_the_study_is_refused_while_it_is_blinded(
    begun: BlindScoring, viewer: Any, study: Blinded, wait: Any, qtbot: Any, tmp_path: Path
) -> None:
    session = begun.session
    video = study.table.parent / "cohortfolder" / "drugZ_m1.mp4"
    opened = open_recording(video)
    with pytest.raises(mg.errors.InputError, match="scored blind in this viewer"):
        mg.show(viewer, opened)
    # Also by its content, once the item was open, and however it came in.
    wait(session.open("item 01"))
    wait(session.open("item 02"))
    other = shutil.copy(video, tmp_path / "harmless.mp4")
    copied = open_recording(other)
    with pytest.raises(mg.errors.InputError, match="scored blind in this viewer"):
        mg.show(viewer, copied)
    from napari.layers import Image

    from napari_mousegpt._napari.layers import video_layer

    data, attributes, _ = video_layer(opened)
    viewer.add_layer(Image(data, **attributes))
    qtbot.waitUntil(lambda: "drugZ_m1" not in viewer.layers, timeout=30_000)
    # Nor is it told that the same video was scored under another name.
    for code in ("item 01", "item 02"):
        wait(session.open(code))
        mg.viewer_state(viewer).mark("rearing", 5, 25)
    told = len(notification_manager.records)
    data, attributes, _ = video_layer(copied)
    viewer.add_layer(Image(data, **attributes))
    state_of(viewer).desk("harmless")  # as panels do that see it before it is gone
    qtbot.waitUntil(lambda: "harmless" not in viewer.layers, timeout=30_000)
    said = [note.message for note in notification_manager.records[told:]]
    assert said
    assert all("under the id" not in text for text in said)
    wait(session.open("item 01"))
    with pytest.raises(mg.errors.InputError, match="a file of the study"):
        session.export(video)
    session.unlock("Kim", "done")
    wait(session.job)
    mg.show(viewer, copied)
    assert "harmless" in viewer.layers
    viewer.layers.clear()
    for recording in (opened, copied):
        recording.video.close()
    # It cannot be begun where one is open.
    fresh = BlindScoring(viewer)
    qtbot.addWidget(fresh)
    again = open_recording(video)
    begun.put_away()
    mg.show(viewer, again)
    fresh.setup.table.path = str(study.table)
    fresh.setup.folder.path = str(tmp_path / "other")
    fresh.begin()
    assert "Remove its layers first" in fresh.report.text()
    assert not (tmp_path / "other").exists()
    viewer.layers.clear()
    again.video.close()


def test_unlocking_needs_a_reason_and_can_be_thought_over(
    begun: BlindScoring, study: Blinded
) -> None:
    session = begun.session
    assert not begun.unlock.isVisible()
    begun.unlock_button.click()
    assert begun.unlock.isVisible()
    assert not begun.unlock.unlock_button.isEnabled()
    begun.unlock.reason.setText("   ")
    assert not begun.unlock.unlock_button.isEnabled()
    begun.unlock.reason.setText("curious")
    begun.unlock.keep_button.click()
    assert not begun.unlock.isVisible()
    assert session.locked
    begun.reveal(" ")
    assert "Say why" in begun.report.text()
    assert session.locked
    assert begun.table.columnCount() == 2
    begun.unlock_button.click()
    begun.unlock.reason.setText("curious")
    begun.unlock.unlock_button.click()
    header = [
        begun.table.horizontalHeaderItem(place).text() for place in range(begun.table.columnCount())
    ]
    assert header == ["Item", "State", "recording", "animal", "group"]
    assert not begun.unlock_button.isVisible()


def test_a_viewer_that_is_closed_with_an_item_open_leaves_nothing(
    window: Any, study: Blinded, wait: Any
) -> None:
    panel = BlindScoring(window)
    window.window.add_dock_widget(panel, name="Blind scoring")
    begin(panel, study, wait)
    wait(panel.session.open("item 02"))
    assert window.layers


def test_a_panel_that_is_opened_again_finds_what_goes_on(
    begun: BlindScoring, viewer: Any, qtbot: Any, wait: Any
) -> None:
    session = begun.session
    wait(session.open("item 02"))
    begun.close()
    other = BlindScoring(viewer)
    qtbot.addWidget(other)
    other.show()
    assert other.session is session
    assert other.table.item(1, 0).font().bold()
    assert not other.setup.isVisible()
    # What happens elsewhere is shown here, too.
    session.put_away()
    assert other.setup.isVisible()
    assert not other.running.isVisible()
