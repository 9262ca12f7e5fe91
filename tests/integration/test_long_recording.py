"""The whole chain on a recording of an hour: every frame accounted for, and gone on with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import napari_mousegpt as mg
from napari_mousegpt.core.pose import make_pose
from support.walking_mouse import PARTS, walking_mouse

FPS, MINUTES = 30, 60


@pytest.mark.slow
def test_an_hour_is_described_clustered_and_resumed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    piece = walking_mouse(600, FPS)
    track = np.concatenate([piece + rng.normal(0, 0.05, piece.shape) for _ in range(MINUTES // 10)])
    clock = mg.Timebase.constant(FPS, len(track))
    pose = make_pose(track, None, PARTS, ["m1"], clock)
    recording = mg.open_recording(pose=pose, fps=FPS, id="hour")

    started = mg.iter_run(recording, tmp_path / "out")
    finished = []
    for part in started:
        finished.append((part.step, part.name))
        if part.step == "vectors":
            started.close()
            break
    assert not (tmp_path / "out" / "result" / "run_card.json").exists()

    parts = list(mg.iter_run(recording, tmp_path / "out"))
    assert [(p.step, p.name) for p in parts if p.resumed][: len(finished)] == finished
    result = mg.load_run(tmp_path / "out", recording)
    words = result.descriptions.sort_values("start")
    assert words["start"].iloc[0] == 0
    assert words["stop"].iloc[-1] == recording.n_frames
    np.testing.assert_array_equal(words["start"].to_numpy()[1:], words["stop"].to_numpy()[:-1])
    assert result.groups is not None
    assert len(result.groups.assignments) == recording.n_frames // 3
    # The same ten minutes come back six times, so the clusters must too.
    labels = result.groups.assignments["cluster"].to_numpy().reshape(MINUTES // 10, -1)
    assert (labels[1:] == labels[:-1]).mean() > 0.7
