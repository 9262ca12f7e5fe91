"""The panel "Describe" with a model or a server: choosing, agreeing, seeing, running, stopping."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtWidgets import QWidget

from napari_mousegpt._napari.describer_choice import SERVER
from napari_mousegpt._napari.model_choice import FOLDER
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.describe import Describe
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.models import Consent
from napari_mousegpt.models import hub as hub_room
from napari_mousegpt.models import weights as weights_room
from napari_mousegpt.words.servers import Server
from support.mock_server import Answer, MockServer, Request, chat_answer, mock_server
from support.model_fixtures import made_once, shared_folder
from support.tiny_models import text_only_model, tiny_vlm
from support.torchvision_cure import cure_torchvision

WORDS = {
    "overall": "The mouse walks.",
    "head": "Ahead.",
    "limb": "Steps.",
    "torso": "Level.",
    "keywords": ["walk"],
    "label": "walking",
}


@pytest.fixture(scope="module", autouse=True)
def _torchvision() -> None:
    cure_torchvision()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(
        shared_folder(tmp_path_factory) / "internvl", lambda at: tiny_vlm("internvl", at)
    )


@pytest.fixture
def field(
    example_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, viewer: Any
) -> Iterator[Recording]:
    monkeypatch.setenv("NAPARI_MOUSEGPT_CACHE", str(tmp_path / "cache"))
    opened = open_recording(example_data / "openfield.mp4", example_data / "openfield.csv")
    show(viewer, opened)
    yield opened
    viewer.layers.clear()
    opened.video.close()  # type: ignore[union-attr]


@pytest.fixture
def panel(viewer: Any, qtbot: Any) -> Describe:
    found = Describe(viewer)
    qtbot.addWidget(found)
    return found


@pytest.fixture
def settled(qtbot: Any) -> Callable[[Describe], None]:
    def wait(panel: Describe) -> None:
        qtbot.waitUntil(
            lambda: (
                panel.describers.choice.job is None
                and not panel.estimating.busy
                and not panel.describers.previewing.busy
            ),
            timeout=60_000,
        )

    return wait


def choose(panel: Describe, describer: str) -> None:
    box = panel.describers.fields.who
    box.setCurrentIndex(box.findData(describer))


def take(panel: Describe, folder: Path) -> None:
    choose(panel, FOLDER)
    panel.describers.fields.weights.path = str(folder)


def ask(panel: Describe, server: MockServer, model: str = "tiny-vlm") -> None:
    choose(panel, SERVER)
    fields = panel.describers.fields
    fields.server.setText(server.url)
    fields.server.editingFinished.emit()
    fields.model.setEditText(model)
    fields.model.lineEdit().editingFinished.emit()


def mark(panel: Describe, field: Recording, start: int, stop: int) -> None:
    state_of(panel._viewer).desk(field.id).set_interval(start, stop)
    panel.scope.setCurrentIndex(panel.scope.findData("interval"))
    panel.form.set("segments", "windows")
    panel._look()


def texts_of(request: Request) -> str:
    parts = [
        message["content"]
        if isinstance(message["content"], str)
        else "".join(part.get("text", "") for part in message["content"])
        for message in request.body["messages"]
    ]
    return "".join("".join(parts).split())


def shown_rows(panel: Describe) -> list[bool]:
    return [panel.form.shows(name) for name in ("segments", "shortest_s", "longest_s", "window_s")]


def test_from_a_folder_to_labels_on_the_timeline(
    panel: Describe, viewer: Any, field: Recording, tiny: Path, settled: Any, qtbot: Any,
    tmp_path: Path,
) -> None:  # fmt: skip
    box, fields = panel.describers, panel.describers.fields
    models_only = [fields.weights, fields.runs_on, fields.prompt, fields.labels, fields.pictures]
    settled(panel)
    assert box.isHidden()
    assert all(editor.isHidden() for editor in [*models_only, fields.server, box.known])
    before = shown_rows(panel), panel.estimate.text().splitlines()[0]
    (tmp_path / "labels.txt").write_text("walking\nstill\n")
    take(panel, tiny)
    assert not panel.run_button.isEnabled()
    settled(panel)
    assert "It runs on " in box.about.text()
    assert "Kinematic rules" not in panel.estimate.text()
    assert not any(editor.isHidden() for editor in models_only)
    fields.pictures.setValue(2)
    fields.labels.path = str(tmp_path / "labels.txt")
    assert "2 labels: walking, still." in box.report.text()
    mark(panel, field, 30, 120)
    settled(panel)
    assert box.describer.clips.frames == 2
    panel.run()
    qtbot.waitUntil(lambda: panel.job.done, timeout=60_000)
    assert panel.job.state == "finished", panel.job.error
    said = panel.job.result.result.descriptions
    assert len(said) == 3
    assert set(said["label"]) <= {"walking", "still", ""}
    assert all(tiny.name in model for model in said["model"])
    bouts = state_of(viewer).ethograms(field.id)["labels"].bouts
    assert bouts.start.min() >= 30
    assert bouts.stop.max() <= 120
    # Back to rules: as it was.
    choose(panel, "kinematic")
    panel.form.set("segments", "behaviour")
    settled(panel)
    assert panel.params.describer.by_rules
    assert box.isHidden()
    assert all(editor.isHidden() for editor in [*models_only, box.known])
    panel.scope.setCurrentIndex(0)
    settled(panel)
    assert (shown_rows(panel), panel.estimate.text().splitlines()[0]) == before


def test_a_download_is_agreed_to_with_the_button(
    panel: Describe, field: Recording, tiny: Path, settled: Any, qtbot: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    go, find = threading.Event(), weights_room.find_weights

    def fetched(name: str, progress: Any = None, **_: Any) -> Any:
        if progress is not None:
            progress(3 * 10**6, 9 * 10**6)
            go.wait(60)
        return find(str(tiny))

    monkeypatch.setattr(hub_room, "cached_model", lambda *_: None)
    box = panel.describers
    choose(panel, "qwen2.5-vl-3b")
    settled(panel)
    assert "non-commercial use only" in box.about.text()
    assert "Memory: 7.5 GB" in box.about.text()
    assert box.agree_button.text() == "Agree and get 7.5 GB from huggingface.co"
    assert not panel.run_button.isEnabled()
    assert not box.preview_button.isEnabled()
    panel.run()
    assert panel.job is None
    assert not Consent().agreed("download", "Qwen/Qwen2.5-VL-3B-Instruct")
    monkeypatch.setattr(weights_room, "find_weights", fetched)
    box.agree_button.click()
    assert Consent().agreed("download", "Qwen/Qwen2.5-VL-3B-Instruct")
    qtbot.waitUntil(lambda: "3 of 9 MB" in box.about.text(), timeout=30_000)
    assert not box.bar.isHidden()
    go.set()
    settled(panel)
    assert box.bar.isHidden()
    assert "It runs on " in box.about.text()
    assert panel.run_button.isEnabled()


def test_a_server_gets_what_the_preview_shows_and_only_after_it_was_agreed_to(
    panel: Describe, field: Recording, settled: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The third stretch fails for good.
    def behave(request: Request) -> Answer:
        if len(server.requests) == 3:
            return Answer(400, b'{"error": {"message": "no pictures today"}}')
        return Answer(body=chat_answer(json.dumps(WORDS)))

    monkeypatch.setattr(Server, "loopback", property(lambda _: False))
    box = panel.describers
    with mock_server(behave) as server:
        ask(panel, server)
        mark(panel, field, 100, 400)
        panel.form.set("segments", "behaviour")
        settled(panel)
        assert box.agree_button.text() == "Agree to send frames to 127.0.0.1"
        assert "would leave this machine for the host 127.0.0.1" in box.about.text()
        assert not panel.run_button.isEnabled()
        # A preview sends nothing, so it may come first.
        assert box.preview_button.isEnabled()
        box.preview_button.click()
        settled(panel)
        assert box.preview_window is not None
        ((part, text),) = box.preview_window.texts.items()
        assert part == "all at once"
        title, captions = box.preview_window.title.text(), box.preview_window.captions
        assert len(captions) == 8
        panel.run()
        assert panel.job is None
        assert not server.requests
        assert not server.listings
        box.agree_button.click()
        settled(panel)
        assert len(server.listings) == 1
        assert box.agree_button.isHidden()
        assert panel.run_button.isEnabled()
        panel.run()
        qtbot.waitUntil(lambda: panel.job.done, timeout=60_000)
        assert panel.job.state == "finished", panel.job.error
        sent = [texts_of(request) for request in server.requests]
        pictures = str(server.requests[0].body).count("data:image/jpeg")
    shown = "".join(line for line in text.splitlines() if not line.startswith("["))
    assert "".join(shown.split()) in sent
    assert pictures == 8
    said = panel.job.result.result.descriptions
    first = said.iloc[0]
    assert f"frames {first['start']} to {first['stop'] - 1}, " in title
    assert captions[0].startswith(
        f"frame {first['start'] + (first['stop'] - first['start']) // 16}"
    )
    assert f"! 1 of {len(said)} stretches were not described: " in panel.status.text()
    assert "no pictures today" in panel.status.text()
    table = panel.results.table
    assert [table.cell(row, 0) for row in range(table.rowCount())] == ["walking"]


def test_models_of_a_server_are_offered(panel: Describe, field: Recording, settled: Any) -> None:
    with mock_server() as server:
        ask(panel, server, model="")
        settled(panel)
        fields = panel.describers.fields
        assert "Choose one of its models: tiny-vlm." in panel.describers.about.text()
        assert not panel.run_button.isEnabled()
        assert fields.model.itemText(0) == "tiny-vlm"
        assert fields.model.currentText() == ""
        fields.model.setCurrentIndex(0)
        fields.model.activated.emit(0)
        settled(panel)
        assert "no frame leaves it" in panel.describers.about.text()
        assert panel.run_button.isEnabled()


def test_what_cannot_be_used_is_said_and_run_is_off(
    panel: Describe, field: Recording, tiny: Path, settled: Any, tmp_path: Path
) -> None:
    box, fields = panel.describers, panel.describers.fields
    choose(panel, FOLDER)
    assert "Name a folder" in box.about.text()
    assert not panel.run_button.isEnabled()
    take(panel, text_only_model(tmp_path / "llama"))
    settled(panel)
    assert "llama" in box.about.text()
    assert not panel.run_button.isEnabled()
    choose(panel, SERVER)
    fields.server.setText("vision lab")
    fields.server.editingFinished.emit()
    settled(panel)
    assert "something like http://127.0.0.1:8000/v1" in box.about.text()
    assert not panel.run_button.isEnabled()
    take(panel, tiny)
    settled(panel)
    assert panel.run_button.isEnabled()
    labels = tmp_path / "labels.txt"
    labels.write_text("still\nStill\n")
    fields.labels.path = str(labels)
    assert "! label 'Still'" in box.report.text()
    assert not panel.run_button.isEnabled()
    assert not box.preview_button.isEnabled()
    # Mended on the disk: seen by itself.
    labels.write_text("still\nwalking\n")
    box.look_again()
    assert panel.run_button.isEnabled()
    asks_no_label = tmp_path / "mine.toml"
    asks_no_label.write_text(
        'schema = 1\nname = "mine"\nversion = 1\n[questions]\noverall = "What is it?"\n'
    )
    fields.prompt.take(str(asks_no_label))
    assert "expected a prompt that asks for a label" in box.report.text()
    assert not panel.run_button.isEnabled()
    fields.labels.path = ""
    assert panel.run_button.isEnabled()
    asks_no_label.write_text("nothing")
    box.look_again()
    assert "expected a prompt in TOML" in box.report.text()
    assert not panel.run_button.isEnabled()
    assert "Traceback" not in box.report.text()


def test_a_prompt_is_edited_checked_and_saved_as_ones_own(
    panel: Describe, field: Recording, tiny: Path, settled: Any, qtbot: Any
) -> None:
    box, prompts = panel.describers, panel.describers.fields.prompt
    take(panel, tiny)
    settled(panel)
    before = box.describer.prompt
    prompts.edit_button.click()
    dialog = prompts.dialog
    assert dialog is not None
    text = dialog.edit.toPlainText()
    dialog.edit.setPlainText(text.replace("version = 1", 'version = "one"'))
    qtbot.waitUntil(lambda: "expected a whole number" in dialog.report.text(), timeout=30_000)
    assert not dialog.save_button.isEnabled()
    dialog.edit.setPlainText(text.replace('context = ""', 'context = "A round cage."'))
    qtbot.waitUntil(dialog.save_button.isEnabled, timeout=30_000)
    dialog.save_button.click()
    after = box.describer.prompt
    assert after.name == "my-mousegpt"
    assert after.context == "A round cage."
    assert after.id.rpartition("-")[2] != before.id.rpartition("-")[2]
    assert after.id in box.report.text()
    # What is not saved is not thrown away at once.
    dialog.edit.setPlainText("schema = 1")
    dialog.close()
    assert prompts.dialog is dialog
    assert "not saved" in dialog.report.text()
    dialog.close()
    qtbot.waitUntil(lambda: prompts.dialog is None, timeout=30_000)
    settled(panel)


def test_a_run_stops_within_one_clip(
    panel: Describe, field: Recording, settled: Any, qtbot: Any
) -> None:
    def slow(_: Request) -> Answer:
        return Answer(body=chat_answer(json.dumps(WORDS)), delay_s=30.0)

    with mock_server(slow) as server:
        ask(panel, server)
        mark(panel, field, 0, 150)
        settled(panel)
        panel.run()
        qtbot.waitUntil(lambda: len(server.requests) > 0, timeout=60_000)
        begun = time.monotonic()
        panel.cancel()
        qtbot.waitUntil(lambda: panel.job.done, timeout=60_000)
        assert time.monotonic() - begun < 25
        assert panel.job.state == "cancelled"
        assert "What was finished is kept" in panel.status.text()


def test_a_closed_panel_ends_what_it_began(
    viewer: Any, field: Recording, tiny: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    go, find = threading.Event(), weights_room.find_weights

    def slow(name: str, **finding: Any) -> Any:
        go.wait(60)
        return find(name, **finding)

    panel = Describe(viewer)
    choose(panel, "kinematic")
    monkeypatch.setattr(weights_room, "find_weights", slow)
    take(panel, tiny)
    panel.describers.fields.prompt.edit()
    job = panel.describers.choice.job
    assert job is not None
    dialog: QWidget | None = panel.describers.fields.prompt.dialog
    assert dialog is not None
    assert dialog.isVisible()
    panel.deleteLater()
    del panel, dialog
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    assert job.cancelling
    assert not [each for each in QApplication.topLevelWidgets() if each.isVisible()]
    go.set()
    qtbot.waitUntil(lambda: job.done, timeout=60_000)
