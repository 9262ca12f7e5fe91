"""Results of a run that found little."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.runs import RunParams, iter_run, load_run


def test_a_stretch_too_short_for_clusters_still_ends_with_a_report(tmp_path: Path) -> None:
    files = make_sample(tmp_path / "sample", seconds=5, size=(96, 128))
    recording = open_recording(files.video, files.pose)
    within = Intervals.build(recording.id, 10, 20)
    with pytest.warns(UserWarning, match="no clusters"):
        list(iter_run(recording, tmp_path / "run", RunParams(make="clusters"), within=within))
    recording.video.close()  # type: ignore[union-attr]
    found = load_run(tmp_path / "run", recording)
    assert found.groups is None
    assert len(found.ethogram) == 0
    assert not (tmp_path / "run" / "result" / "ethogram.png").exists()
    report = (tmp_path / "run" / "result" / "report.md").read_text(encoding="utf-8")
    assert "There are no clusters. intervals to cluster: expected at least 10" in report
