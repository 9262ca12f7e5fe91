"""The tour of the viewer, on a generated recording and without pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt.io.samples import SampleFiles
from napari_mousegpt.store.corrections import CorrectionsFile

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.slow
def test_every_step_of_the_tour(
    make_napari_viewer: Any,
    sample_files: SampleFiles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    from make_tour import Tour
    from studio import Studio

    viewer = make_napari_viewer(show=True)
    studio = Studio(viewer, None)
    tour = Tour(studio, sample_files.video, sample_files.pose, tmp_path)
    for step in tour.steps:
        step()
    edits = CorrectionsFile.of_recording(tour.desk.recording).edits
    done = [edit.action for edit in edits]
    assert done[:3] == ["mark"] * 3
    assert done[3:7] == ["relabel", "trim", "split", "reject"]
    assert done[7:] == ["undo", "undo", "redo", "redo"]
    assert all(edit.who for edit in edits)
    bouts = (tmp_path / "bouts.csv").read_text(encoding="utf-8").splitlines()
    audit = (tmp_path / "corrections.csv").read_text(encoding="utf-8").splitlines()
    assert len(bouts) > 4
    assert len(audit) >= 1 + len(edits)
