"""From an mp4 over clusters to words for all of it, of which a trained tiny model saw a part."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_mousegpt as mg
from napari_mousegpt.cli.main import main
from napari_mousegpt.clips import ClipParams
from napari_mousegpt.clusters import ClusterParams
from napari_mousegpt.models.vision_language import VisionLanguageModel
from napari_mousegpt.runs import RunParams, load_run
from napari_mousegpt.runs.calibrating import calibration_of
from napari_mousegpt.runs.describing_some import DescribeSomeParams
from napari_mousegpt.vectors import VideoParams
from napari_mousegpt.words import DescribeParams
from napari_mousegpt.words.calibration_files import load_calibration
from napari_mousegpt.words.representatives import PropagateParams
from support.encoder_fixtures import one_thread, taught
from support.film_reel import write_reel
from support.model_fixtures import ModelFolders, trained_folders
from support.tiny_encoders import FRAMES

__all__ = ["one_thread", "taught", "trained_folders"]

LABELS = ("left", "right")
FPS = 24
#: Which way the figure goes, second by second.
WAYS = [LABELS[i] for i in np.random.default_rng(3).integers(0, 2, 72)]
FEW = DescribeSomeParams(propagate=PropagateParams(exemplars=2, audit=6))


@pytest.fixture(autouse=True)
def _own_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NAPARI_MOUSEGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NAPARI_MOUSEGPT_CORRECTIONS", str(tmp_path / "corrections"))


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reel(tmp_path_factory.mktemp("reels") / "reel.mp4", WAYS)


@pytest.fixture(scope="module")
def done(taught: Path, reel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over the reel: clusters of what a trained encoder sees."""
    out = tmp_path_factory.mktemp("runs") / "run"
    recording = mg.open_recording(reel)
    video = VideoParams(stride_s=1 / FRAMES, step_s=1.0)
    # Few large clusters, so that there is a rest to carry words to.
    large = ClusterParams(min_cluster_share=0.3)
    params = RunParams(make="clusters", encoder=str(taught), video=video, clusters=large)
    mg.run(recording, out, params)
    recording.video.close()  # type: ignore[union-attr]
    return out


@pytest.fixture
def describing(trained_folders: ModelFolders) -> DescribeParams:
    model = str(trained_folders("left/right"))
    clips = ClipParams(frames=4, size=56)
    return DescribeParams(
        model=model, prompt="label", vocabulary=LABELS, clips=clips, device="cpu", ranges_per_part=4
    )


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Clips that any model scored, batch by batch."""
    seen: list[int] = []
    score = VisionLanguageModel.score

    def watch(self: VisionLanguageModel, batch: Any, options: Any) -> Any:
        seen.append(batch.n_asks)
        return score(self, batch, options)

    monkeypatch.setattr(VisionLanguageModel, "score", watch)
    return seen


@pytest.mark.slow
def test_words_of_some_windows_are_right_for_nearly_all(
    done: Path, describing: DescribeParams, tmp_path: Path, scored: list[int]
) -> None:
    plan = mg.plan_describe_some(done, FEW)
    assert plan.total == len(WAYS)
    assert plan.calls < len(WAYS) / 2
    out = tmp_path / "some"
    found = mg.describe_some(done, describing, FEW, out=out)
    words = found.words.sort_values("start")
    truth = np.array(WAYS)[words["start"] // FPS]
    right = (words["label"] == truth).to_numpy()
    assert len(words) == len(WAYS)
    assert right.mean() >= 0.9
    assert (words["words_source"] == "model").sum() == plan.calls
    carried = (words["words_source"] == "carried").to_numpy()
    assert carried.sum() >= len(WAYS) / 2
    for number, row in found.clusters.set_index("cluster").iterrows():
        mine = carried & (words["cluster"] == number).to_numpy()
        if mine.any():
            # The few that were audited may hold the only one that the model got wrong.
            assert row["low"] - 0.05 <= right[mine].mean() <= row["high"] + 0.05
    asked_for = set(words.loc[words["words_source"] == "model", "range_id"])
    assert set(words.loc[carried, "carried_from"]) <= asked_for
    assert any("Audited agreement" in text for text in found.sentences)
    assert plan.price in (out / "result" / "report.md").read_text()
    n_scored = sum(scored)
    again = mg.describe_some(done, describing, FEW, out=out)
    assert sum(scored) == n_scored
    assert again.words.equals(found.words)
    # It is shown and exported like any other run.
    assert set(load_run(out).ethogram.labels) == set(LABELS)


@pytest.mark.slow
def test_a_stopped_propagation_asks_nothing_twice(
    done: Path, describing: DescribeParams, tmp_path: Path, scored: list[int]
) -> None:
    whole = mg.describe_some(done, describing, FEW, out=tmp_path / "whole")
    price = sum(scored)
    scored.clear()
    out = tmp_path / "stopped"
    parts = list(
        mg.iter_describe_some(done, describing, FEW, out=out, cancelled=lambda: sum(scored) > 5)
    )
    assert 0 < sum(scored) < price
    assert not (out / "result").exists()
    assert all(part.step == "words" for part in parts)
    rest = mg.describe_some(done, describing, FEW, out=out)
    # The grey clip is scored in each of the two goes.
    assert sum(scored) == price + 1
    assert rest.words.equals(whole.words)


@pytest.mark.slow
def test_the_commands_say_the_price_then_propagate_and_calibrate(
    done: Path,
    describing: DescribeParams,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    scored: list[int],
) -> None:
    def said(*words: object) -> dict[str, Any]:
        assert main([str(word) for word in words]) == 0
        facts: dict[str, Any] = json.loads(capsys.readouterr().out)
        return facts

    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(LABELS))
    model = ["--model", describing.model, "--labels", labels, "--prompt", "label"]
    model += ["--frames", 4, "--size", 56, "--device", "cpu", "-q", "--json"]
    plan = said("propagate", done, "--plan", "--examples", 2, "--audit", 6, "--json")
    assert not scored
    out = tmp_path / "some"
    facts = said("propagate", done, "-o", out, "--examples", 2, "--audit", 6, *model)
    assert facts["sources"]["model"] == plan["calls"]
    assert facts["stretches"] == plan["stretches"] == len(WAYS)
    accept(out, WAYS)
    fitted = said("calibrate", out, "-o", tmp_path / "fit", *model)
    assert fitted["clips"] == len(WAYS)
    assert fitted["counts"] == {label: WAYS.count(label) for label in LABELS}
    assert fitted["temperature"] > 0
    assert (tmp_path / "fit" / "result" / "reliability.png").stat().st_size > 10_000
    for run in (out, tmp_path / "fit"):
        card = json.loads((run / "result" / "run_card.json").read_text())
        assert card["models"]["trust"].startswith("not tried on this machine")
    # What was fitted is taken up by the very same model, prompt and labels.
    calibration = load_calibration(calibration_of(tmp_path / "fit"))
    recording = mg.open_recording(load_run(out).recording.primary.sources["video"])
    one = mg.windows(recording)[:1]
    plain = mg.describe(recording, one, describing)
    warmer = mg.describe(recording, one, replace(describing, calibration=calibration))
    odds = [float(np.log(t["confidence"] / (1 - t["confidence"])).iloc[0]) for t in (plain, warmer)]
    assert odds[0] / odds[1] == pytest.approx(calibration.temperature, rel=1e-3)
    recording.video.close()  # type: ignore[union-attr]


def accept(run: Path, ways: list[str]) -> None:
    """Mark what the figure does, second by second, as a person would."""
    from napari_mousegpt.core.edits import BoutRow, Change, Edit
    from napari_mousegpt.store.corrections import CorrectionsFile

    recording = load_run(run).recording
    rows = [
        BoutRow(f"b{i}", recording.id, "", i * FPS, (i + 1) * FPS, way)
        for i, way in enumerate(ways)
    ]
    edits = [Edit.now("mark", [Change(row.bout_id, None, row)], "KM") for row in rows]
    CorrectionsFile.of_recording(recording).append(*edits)
    recording.video.close()  # type: ignore[union-attr]
