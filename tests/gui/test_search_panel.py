"""The panel "Search", as a user meets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt._napari.found_runs import found_runs
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt._napari.widgets.search_panel import SearchPanel
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.recording import Recording
from support.mapped import mapped_run


@pytest.fixture
def run(recording: Recording, tmp_path: Path) -> Path:
    return mapped_run(tmp_path / "run", recording.id, recording.n_frames // 3)


@pytest.fixture
def panel(viewer: Any, qtbot: Any, recording: Recording, run: Path) -> Iterator[SearchPanel]:
    """A panel that takes up the run that was finished last."""
    show(viewer, recording)
    made = SearchPanel(viewer)
    qtbot.addWidget(made)
    assert "Describe" in made.report.text()
    assert not made.line.isEnabled()
    found_runs(state_of(viewer)).note(run)
    made.resize(420, 700)
    made.show()
    qtbot.waitUntil(lambda: made.searching.index is not None, timeout=60_000)
    qtbot.waitUntil(lambda: made.search_button.isEnabled(), timeout=60_000)
    yield made
    made.close()
    viewer.layers.clear()


def ask(panel: SearchPanel, text: str, qtbot: Any) -> None:
    panel.line.setText(text)
    panel.search_button.click()
    qtbot.waitUntil(lambda: not panel.searching.busy, timeout=60_000)


def test_a_click_on_a_hit_shows_its_first_frame(
    panel: SearchPanel, viewer: Any, recording: Any, run: Path, qtbot: Any
) -> None:
    ask(panel, "washes its face", qtbot)
    said = read_parquet(run / "result" / "descriptions.parquet")
    starts = set(said[said["label"] == "grooming"]["start"])
    assert panel.hits.table.rowCount() == len(panel.searching.hits)
    for row in (2, 0):
        panel.hits.table.selectRow(row)
        hit = panel.searching.hits[row]
        assert hit.start in starts
        assert state_of(viewer).frame(recording.id) == hit.start
        assert "washes its face" in panel.hits.about.text()
    # The same row once more goes back to it.
    state_of(viewer).go_to(recording.id, 7)
    panel.hits.table.cellClicked.emit(0, 0)
    panel.hits.table.cellClicked.emit(0, 0)
    assert state_of(viewer).frame(recording.id) == panel.searching.hits[0].start


def test_unknown_words_and_filters(panel: SearchPanel, qtbot: Any) -> None:
    ask(panel, "runs", qtbot)
    assert "'runs': used walking instead" in panel.report.text()
    ask(panel, "zzqx", qtbot)
    assert panel.report.text().startswith("!")
    assert panel.hits.table.isHidden()
    assert not panel.filters.body.isVisible()
    panel.filters.fold.setChecked(True)
    panel.filters.labels.choose(frozenset({"walking"}))
    panel.filters.seconds.low.setText("5")
    assert panel.filters.fold.text() == "Only some ... (2)"
    ask(panel, "", qtbot)
    assert {hit.label for hit in panel.searching.hits} == {"walking"}
    assert all(hit.stop / 30 > 5 for hit in panel.searching.hits)


def test_more_like_the_marked_interval(
    panel: SearchPanel, viewer: Any, recording: Any, run: Path, qtbot: Any
) -> None:
    panel.like_button.click()
    assert "Mark an interval" in panel.report.text()
    said = read_parquet(run / "result" / "descriptions.parquet")
    one = said[said["label"] == "rearing"].iloc[0]
    desk = state_of(viewer).desk(recording.id)
    desk.set_interval(int(one["start"]), int(one["stop"]))
    panel.like_button.click()
    qtbot.waitUntil(lambda: not panel.searching.busy, timeout=60_000)
    assert panel.searching.hits[0].label == "rearing"
    assert panel.searching.hits[0].start != one["start"]
