from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import napari_mousegpt as mg
from napari_mousegpt.clips import ClipParams
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.features import FeatureParams, SilhouetteParams
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.runs import RunParams, iter_run
from napari_mousegpt.runs.measuring import Measuring
from napari_mousegpt.runs.places import run_place
from napari_mousegpt.runs.rates import known_ratios
from napari_mousegpt.store import Part
from napari_mousegpt.words import DescribeParams
from support.mock_server import MODEL, Answer, chat_answer, mock_server

WORDS, CLUSTERS = RunParams(make="words"), RunParams(make="clusters")


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[mg.Recording]:
    """A recording without a pose, of three pieces."""
    files = make_sample(tmp_path / "sample", seconds=20, size=(96, 128))
    recording = mg.open_recording(files.video)
    yield recording
    recording.video.close()  # type: ignore[union-attr]


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pieces of pictures that were really looked at."""
    real, starts = Measuring._look, []

    def look(self: Measuring, start: int, stop: int) -> object:
        starts.append(start)
        return real(self, start, stop)

    monkeypatch.setattr(Measuring, "_look", look)
    return starts


def ran(
    recording: mg.Recording, params: RunParams, root: Path, within: Intervals | None = None
) -> list[Part]:
    place = run_place(recording, params, within, root)
    return list(iter_run(recording, place, params, within=within))


def test_pictures_are_looked_at_once_for_words_and_clusters(
    silent: mg.Recording, tmp_path: Path, looked: list[int]
) -> None:
    root = tmp_path / "runs"
    some = Intervals.build(silent.id, 590, 600)
    ran(silent, WORDS, root, some)
    assert looked == [250, 500]
    ratios = known_ratios()
    parts = ran(silent, CLUSTERS, root)
    assert looked == [250, 500, 0]
    # Found pieces say nothing of how fast this machine looks.
    assert known_ratios().get("silhouette") == ratios.get("silhouette")
    measured = [part for part in parts if part.step == "features"]
    assert [part.resumed for part in measured] == [False, True, True]
    alone = ran(silent, WORDS, tmp_path / "elsewhere")
    for part, other in zip(measured, alone, strict=False):
        np.testing.assert_array_equal(part.table.to_numpy(), other.table.to_numpy())


def test_what_was_measured_otherwise_or_is_damaged_is_looked_at_again(
    silent: mg.Recording, tmp_path: Path, looked: list[int]
) -> None:
    root = tmp_path / "runs"
    some = Intervals.build(silent.id, 590, 600)
    ran(silent, WORDS, root, some)
    (piece,) = root.glob("run-*/parts/features/00000250.parquet")
    piece.write_bytes(piece.read_bytes()[:-1] + b"x")
    (root / "run-other").mkdir()
    (root / "run-other" / "plan.json").write_text("[]")
    looked.clear()
    others = replace(WORDS, shortest_s=0.3)
    ran(silent, others, root, some)
    assert looked == [250]
    looked.clear()
    coarse = FeatureParams(silhouette=SilhouetteParams(max_side=64))
    ran(silent, replace(WORDS, features=coarse), root, some)
    assert looked == [250, 500]
    looked.clear()
    ran(replace(silent, id="another"), WORDS, root, Intervals.build("another", 590, 600))
    assert looked == [250, 500]


def test_pictures_that_rules_described_are_not_measured_again_for_a_model(
    silent: mg.Recording, looked: list[int], tmp_path: Path
) -> None:
    ran(silent, WORDS, tmp_path)
    before = len(looked)
    with mock_server(lambda _: Answer(body=chat_answer('{"label": "walk"}'))) as server:
        asked = DescribeParams(
            MODEL, server=server.url, prompt="label", clips=ClipParams(frames=1, size=56)
        )
        params = RunParams(make="words", segments="windows", window_s=10.0, describer=asked)
        parts = ran(silent, params, tmp_path)
    assert parts[-1].step == "results"
    assert len(looked) == before > 0
