"""Below the clusters of a panel: words for them, from the price to the timeline."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from napari_mousegpt._napari import carrying_job
from napari_mousegpt._napari.carrying import Price
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.project_cluster import ProjectCluster
from napari_mousegpt._napari.widgets.propagate_box import PropagateBox
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.runs.describing_some import DescribeSomeParams, plan_describe_some
from napari_mousegpt.words.representatives import PropagateParams

#: A price of a job that is not begun in earnest.
CHEAP = Price(2, 10, "rules")


@pytest.fixture(scope="module")
def run_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run folder for all tests here: the first one computes, the others find its parts."""
    return tmp_path_factory.mktemp("runs") / "clusters"


@pytest.fixture
def panel(viewer: Any, qtbot: Any, recording: Recording, run_out: Path) -> ProjectCluster:
    """Return a panel that has found clusters."""
    show(viewer, recording)
    found = ProjectCluster(viewer)
    qtbot.addWidget(found)
    found.out.path = str(run_out)
    found.run()
    qtbot.waitUntil(lambda: found.job.done, timeout=60_000)
    assert found.job.state == "finished", found.job.error
    return found


@pytest.fixture
def unfold(qtbot: Any) -> Callable[[ProjectCluster], PropagateBox]:
    """Return what opens the section, asks for few, and waits for the price."""

    def opened(panel: ProjectCluster) -> PropagateBox:
        box = panel.words
        box.form.set("exemplars", 1)
        box.form.set("audit", 1)
        box.fold.setChecked(True)
        qtbot.waitUntil(lambda: isinstance(box.carrying.price, Price), timeout=30_000)
        return box

    return opened


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let the section run parts that wait for each other, and price nothing."""
    go = threading.Event()

    def parts(*_: Any) -> Iterator[Any]:
        for done in range(1, 100):
            yield SimpleNamespace(done=done, total=100, step="words", resumed=False)
            go.wait(60)

    def price(*_: Any) -> Iterator[Any]:
        yield None
        return CHEAP

    monkeypatch.setattr(carrying_job, "carry_parts", parts)
    monkeypatch.setattr(carrying_job, "price_parts", price)
    return go


def asked(audit: int) -> DescribeSomeParams:
    return DescribeSomeParams(propagate=PropagateParams(exemplars=1, audit=audit))


@pytest.mark.slow
def test_from_the_price_to_the_timeline(
    panel: ProjectCluster,
    viewer: Any,
    recording: Recording,
    run_out: Path,
    unfold: Any,
    qtbot: Any,
    tmp_path: Path,
) -> None:
    box = panel.words
    assert not box.isHidden()
    assert box.body.isHidden()
    # What is folded away looks into nothing.
    assert box.carrying.price is None
    assert not box.carrying.pricing
    unfold(panel)
    assert not box.body.isHidden()
    price = box.carrying.price
    assert f"Rules would describe {price.calls} of {price.total} stretches" in box.price.text()
    # What was chosen last counts, however quickly.
    box.form.set("audit", 3)
    box.form.set("audit", 2)
    assert not box.run_button.isEnabled()
    qtbot.waitUntil(box.run_button.isEnabled, timeout=30_000)
    plans = [plan_describe_some(run_out, asked(audit)) for audit in (1, 2, 3)]
    assert len({plan.calls for plan in plans}) == 3
    assert (price.calls, box.carrying.price.calls) == (plans[0].calls, plans[1].calls)
    box.out.path = str(tmp_path / "words")
    box.run_button.click()
    assert box.cancel_button.isEnabled()
    assert not box.run_button.isEnabled()
    qtbot.waitUntil(lambda: box.carrying.job.done, timeout=60_000)
    assert box.carrying.job.state == "finished", box.carrying.job.error
    assert f"Results: {tmp_path / 'words' / 'result'}" in box.status.text()
    assert "audited stretches disagree" in box.status.text()
    words = box.carrying.words
    assert words.path == tmp_path / "words"
    shown = state_of(viewer).ethograms(recording.id)
    assert set(shown["labels"].labels) == set(words.words["label"]) - {""}
    assert "clusters" in shown
    table = box.results.table
    assert table.rowCount() == panel.results.table.rowCount()
    for row in range(table.rowCount()):
        table.selectRow(row)
        assert "audited" in box.results.sentence.text()
    described = words.words[words.words["words_source"] == "model"]
    assert state_of(viewer).frame(recording.id) in set(described["start"])
    # Other clusters: the words of these are not theirs.
    panel.run()
    assert box.isHidden()
    qtbot.waitUntil(lambda: panel.job.done, timeout=60_000)
    assert not box.isHidden()
    assert not table.rowCount()
    assert box.status.text() == ""


@pytest.mark.slow
def test_it_stops_when_asked_and_goes_on(
    panel: ProjectCluster, slow: threading.Event, unfold: Any, qtbot: Any
) -> None:
    box = unfold(panel)
    box.run_button.click()
    job = box.carrying.job
    qtbot.waitUntil(lambda: job.progress == (1, 100), timeout=60_000)
    assert box.status.text().startswith("Describing, 1 of 100")
    assert not box.bar.isHidden()
    box.cancel_button.click()
    assert box.status.text() == "Stopping ..."
    slow.set()
    qtbot.waitUntil(lambda: job.done, timeout=60_000)
    assert job.state == "cancelled"
    assert "Describe goes on from there" in box.status.text()
    assert box.bar.isHidden()
    assert box.run_button.isEnabled()


def test_a_panel_closed_meanwhile_ends_the_job(
    window: Any, recording: Recording, run_out: Path, slow: threading.Event, unfold: Any, qtbot: Any
) -> None:
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    show(window, recording)
    panel = ProjectCluster(window)
    dock = window.window.add_dock_widget(panel, name="Project and cluster")
    panel.out.path = str(run_out)
    panel.run()
    clusters = panel.job
    qtbot.waitUntil(lambda: clusters.done, timeout=60_000)
    unfold(panel).run()
    job = panel.words.carrying.job
    window.window.remove_dock_widget(dock)
    panel.deleteLater()
    del panel, dock
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    slow.set()
    qtbot.waitUntil(lambda: job.done, timeout=60_000)
    assert job.state == "cancelled"


def test_what_cannot_be_done_is_told_in_a_sentence(
    panel: ProjectCluster, unfold: Any, qtbot: Any, tmp_path: Path
) -> None:
    box = unfold(panel)
    box.form.set("audit", 0)
    assert "audit=0" in box.status.text()
    assert "1 or more" in box.status.text()
    assert not box.run_button.isEnabled()
    box.form.set("audit", 1)
    qtbot.waitUntil(box.run_button.isEnabled, timeout=30_000)
    assert box.status.text() == ""
    (tmp_path / "notes.txt").write_text("not a run")
    box.out.path = str(tmp_path)
    box.run_button.click()
    qtbot.waitUntil(lambda: box.carrying.job.done, timeout=60_000)
    assert "other files (notes.txt)" in box.status.text()
    assert box.run_button.isEnabled()
    # A model that is nowhere: the run cannot begin, and nothing is priced.
    fields = box.describers.fields
    fields.who.setCurrentIndex(fields.who.findData("folder"))
    fields.weights.path = str(tmp_path / "nowhere")
    qtbot.waitUntil(lambda: box.describers.choice.job is None, timeout=30_000)
    assert not box.run_button.isEnabled()
    assert box.price.text() == ""
