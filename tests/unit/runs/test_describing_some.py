"""Some stretches described, words for all: what is asked, kept, and told."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import napari_mousegpt as mg
from napari_mousegpt.core.intervals import Intervals, range_ids
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, OutputExistsError
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.runs import RunParams, describing_runs
from napari_mousegpt.runs.accepted_clips import (
    AcceptedClips,
    _cut,
    _once,
    accepted_bouts,
    without_shown,
)
from napari_mousegpt.runs.asked_stretches import described_strength, joined_windows
from napari_mousegpt.runs.describing_some import DescribeSomeParams
from napari_mousegpt.words import DescribeParams
from napari_mousegpt.words.examples import ExampleSource
from napari_mousegpt.words.representatives import PropagateParams

CLOCK = Timebase.constant(20, 2000)
RULES = DescribeParams()
FEW = DescribeSomeParams(propagate=PropagateParams(exemplars=1, audit=2))


def pieces(clusters: list[int], size: int = 2, gap_at: int | None = None) -> pd.DataFrame:
    """Pieces of a tenth of a second, one after the other."""
    start = np.arange(len(clusters)) * size
    if gap_at is not None:
        start[gap_at:] += 7
    ids = range_ids(["r"] * len(start), ["m"] * len(start), start, start + size)
    table = pd.DataFrame({"range_id": ids, "recording": "r", "individual": "m", "start": start})
    return table.assign(stop=start + size, cluster=clusters, strength=0.8)


def test_short_pieces_become_windows_of_the_cluster_that_most_of_them_are_in() -> None:
    table = pieces([0] * 7 + [1] * 3 + [1] * 10 + [-1] * 3)
    points = np.arange(len(table), dtype=float)[:, None]
    found, middles = joined_windows(table, points, {"r": CLOCK}, 1.0)
    # The last three pieces are too short for a window of their own.
    assert found["start"].tolist() == [0, 20]
    assert found["stop"].tolist() == [20, 46]
    assert found["cluster"].tolist() == [0, 1]
    assert found["strength"].tolist() == pytest.approx([0.8 * 0.7, 0.8 * 10 / 13])
    assert middles.ravel().tolist() == [3.0, 14.5]
    assert found["range_id"].tolist() == Intervals(found).range_ids().tolist()


def test_no_window_reaches_over_a_gap_and_long_pieces_stay() -> None:
    table = pieces([0] * 10, gap_at=6)
    found, _ = joined_windows(table, np.zeros((10, 1)), {"r": CLOCK}, 1.0)
    assert found[["start", "stop"]].to_numpy().tolist() == [[0, 12], [19, 27]]
    near, _ = joined_windows(pieces([0] * 8, gap_at=3), np.zeros((8, 1)), {"r": CLOCK}, 1.0)
    assert near[["start", "stop"]].to_numpy().tolist() == [[0, 6], [13, 23]]
    long = pieces([0, 1, 2], size=20)[::-1].reset_index(drop=True)
    same, points = joined_windows(long, np.array([[2.0], [1.0], [0.0]]), {"r": CLOCK}, 1.0)
    assert same["range_id"].tolist() == long["range_id"].tolist()[::-1]
    assert points.ravel().tolist() == [0.0, 1.0, 2.0]


def test_described_stretches_are_as_firm_as_the_pieces_under_them() -> None:
    table = pieces([0, 0, 1, -1])
    words = pd.DataFrame(
        {"recording": "r", "individual": "m", "start": [0, 5, 100], "stop": [5, 8, 110]}
    )
    words["range_id"] = Intervals(words).range_ids()
    found = described_strength(words, table)
    assert found["start"].tolist() == [0, 5]
    assert found["cluster"].tolist() == [0, -1]
    assert found["strength"].tolist() == pytest.approx([0.8, 0.8 / 3])


def test_clips_are_cut_from_accepted_bouts_only_and_stand_once() -> None:
    bouts = Intervals.build(
        "r", [0, 200, 300, 400, 500], [100, 210, 340, 440, 540],
        label=["walk", "rear", "walk", "walk", "walk"],
        status=["accepted", "proposed", "rejected", "proposed", "accepted"],
        source=["model", "human", "human", "model", "cluster"],
    )  # fmt: skip
    kept = accepted_bouts(mg.Ethogram(bouts))
    assert kept.start.tolist() == [0, 200, 500]
    cut = _cut(kept, CLOCK, 1.0, 3)
    assert cut.start.tolist() == [7, 40, 73, 200, 500, 520]
    assert cut.length.tolist() == [20, 20, 20, 10, 20, 20]
    assert cut.column("label").tolist() == ["walk"] * 3 + ["rear"] + ["walk"] * 2
    other = cut[:1].assign(label=np.array(["rear"], dtype=object))
    once, doubled = _once(Intervals.concat([cut, cut, other]))
    assert (len(once), doubled) == (5, 1)


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> mg.Recording:
    files = make_sample(tmp_path_factory.mktemp("sample"), seconds=40)
    return mg.open_recording(files.video, pose=files.pose)


@pytest.fixture(scope="module")
def ran(sampled: mg.Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    mg.run(sampled, out)
    return out


def test_all_windows_of_a_run_get_words_that_are_held_against_measures(
    ran: Path, tmp_path: Path
) -> None:
    plan = mg.plan_describe_some(ran, FEW)
    found = mg.describe_some(ran, RULES, FEW, out=tmp_path / "some")
    words = found.words
    assert plan.calls < len(words) == plan.total
    assert set(words["words_source"]) <= {"model", "carried", "none"}
    carried = words[words["words_source"] == "carried"]
    assert len(carried)
    assert carried["contradiction"].notna().any()
    assert (words["stop_s"] - words["start_s"]).between(0.9, 1.6).all()
    bouts, clocks = mg.load_ethogram(tmp_path / "some")
    assert set(bouts.labels) == set(words["label"]) - {""}
    assert len(clocks) == 1


def test_doubtful_stretches_are_chosen_from_the_words_of_the_run(ran: Path, tmp_path: Path) -> None:
    doubtful = DescribeSomeParams(choose="doubtful")
    found = mg.describe_some(ran, RULES, doubtful, out=tmp_path / "some")
    assert found.clusters is None
    assert set(found.words["words_source"]) == {"model", "rules"}
    assert len(found.audit)
    # The same rules say the same again.
    assert found.audit["agrees"].all()


def test_stopping_between_recordings_loses_nothing(
    sampled: mg.Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sampled.primary.sources
    table = tmp_path / "study.csv"
    rows = [f"{name},{name},{files['video']},{files['pose']}" for name in ("a1", "a2")]
    table.write_text("\n".join(["recording,animal,video,pose", *rows]) + "\n")
    study = mg.run_study(table, tmp_path / "study")
    described: list[str] = []
    describe = describing_runs.iter_describe

    def watched(recording: mg.Recording, *args: object, **more: object) -> object:
        described.append(recording.id)
        told = more["study"]
        assert isinstance(told, mg.Study)
        assert told.animals == ("a1", "a2")
        return describe(recording, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(describing_runs, "iter_describe", watched)
    out = tmp_path / "some"
    parts = mg.iter_describe_some(study, RULES, FEW, out=out, cancelled=lambda: described == ["a1"])
    first = list(parts)
    assert [part.total for part in first] == [2]
    assert not (out / "result").exists()
    again = list(mg.iter_describe_some(tmp_path / "study", RULES, FEW, out=out))
    assert [(part.step, part.resumed) for part in again] == [
        ("words", True), ("words", False), ("carried", False), ("carried", False)
    ]  # fmt: skip
    found = mg.describe_some(study, RULES, FEW, out=out)
    assert set(found.words["recording"]) == {"a1", "a2"}
    assert set(found.audit["animal"]) == {"a1", "a2"}
    assert mg.load_ethogram(out)[1] == {}


def test_what_cannot_be_chosen_from_is_told(
    sampled: mg.Recording, ran: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="the folder of a finished run or study"):
        mg.plan_describe_some(tmp_path)
    mg.run(sampled, tmp_path / "words", RunParams(make="words"))
    with pytest.raises(InputError, match="a run with clusters"):
        mg.plan_describe_some(tmp_path / "words")
    with pytest.raises(InputError, match="labels that are scored"):
        mg.calibrate_model(ran, RULES, out=tmp_path / "fit")
    mg.describe_some(ran, RULES, FEW, out=tmp_path / "some")
    with pytest.raises(OutputExistsError, match="parameter propagate differs"):
        mg.describe_some(ran, RULES, out=tmp_path / "some")


def test_clips_that_the_prompt_shows_as_examples_calibrate_nothing() -> None:
    clips = Intervals.build(["a", "a", "a", "b"], [0, 30, 60, 30], [30, 60, 90, 60], ["m"] * 4)
    shown = ExampleSource("a", "m", 30, 60, {"label": "rear"})
    left = without_shown(AcceptedClips(clips, ("One.",)), (shown,))
    assert left.clips.to_pandas()[["recording", "start"]].to_numpy().tolist() == [
        ["a", 0],
        ["a", 60],
        ["b", 30],
    ]
    assert left.notes == ("One.", "Left out, as the prompt shows them as examples: 1.")
    with pytest.raises(InputError, match="does not show"):
        without_shown(AcceptedClips(clips[1:2], ()), (shown,))


def test_a_folder_that_cannot_be_opened_again_is_refused_in_a_sentence(
    ran: Path, tmp_path: Path
) -> None:
    shutil.copytree(ran / "result", tmp_path / "result")
    (tmp_path / "result" / "recording.json").unlink()
    with pytest.raises(InputError, match="--bouts"):
        mg.load_run(tmp_path)
