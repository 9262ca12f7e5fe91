from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.reports import write_report
from napari_mousegpt.reports.limits import limits
from napari_mousegpt.reports.markdown import cell, table

CLOCK = Timebase.constant(10, 600)


def recording(*, space: int = 2, pose: bool = True, policy: str = "") -> Recording:
    if not pose:
        return Recording("m_1", (View("main", CLOCK),))
    xyz = np.ones((600, space, 2, 1))
    score = np.ones((600, 2, 1))
    score[:60, 1] = 0.1
    xyz[60:90, :, 1] = np.nan
    tracks = make_pose(xyz, score, ["nose", "tail_base"], ["a"], CLOCK)
    if policy:
        tracks = tracks.assign_attrs(length_policy=policy)
    return Recording("m_1", (View("main", CLOCK, pose=tracks),))


def card(**outcome: Any) -> RunCard:
    made = RunCard(
        "run",
        {"window_s": 1.0, "rules": {"turn_rate": 60.0}},
        {"main/pose": "abc", "clock": {"rate": "10/1"}},
        {"main/video": "/far/away/film.mp4"},
        {"describer": "kinematic/1"},
    )
    return made.done(**outcome)


def words(labels: tuple[str, ...] = ("walking", "walking", "", "still")) -> pd.DataFrame:
    n = len(labels)
    return pd.DataFrame(
        {
            "range_id": [f"r{i}" for i in range(n)],
            "recording": "m_1",
            "individual": "a",
            "start": np.arange(n) * 100,
            "stop": np.arange(n) * 100 + 100,
            "label": labels,
            "confidence": [0.6, 0.9, 0.0, 0.8][:n],
            "overall": [f"Sentence {i} | with a bar." for i in range(n)],
            "model": "kinematic/1",
        }
    )


def groups() -> Any:
    clusters = pd.DataFrame(
        {
            "cluster": [0, 1],
            "name": ["walking, fast", "still"],
            "sentence": ["Walks.", "Stands still."],
            "coverage": [0.9, 0.77],
            "seconds": [30.0, 10.0],
            "n_bouts": [3, 2],
            "median_bout_s": [2.0, 4.5],
        }
    )
    assignments = pd.DataFrame(
        {
            "start": np.arange(10) * 60,
            "cluster": [0, 0, 0, 0, 0, 0, 1, 1, -1, -1],
            "strength": [0.1, 0.9, 0.1, 0.8, 0.7, 0.2, 1.0, 0.5, 0.0, 0.0],
        }
    )
    return SimpleNamespace(clusters=clusters, assignments=assignments)


def ethogram() -> Ethogram:
    rows = Intervals.build(
        "m_1", [0, 300, 450], [200, 400, 500], "a", label=["walking", "still", "walking"]
    )
    return Ethogram(rows, Intervals.build("m_1", 0, 500, "a"))


def write(tmp_path: Path, **changes: Any) -> str:
    given = {
        "recording": recording(),
        "card": card(),
        "descriptions": words(),
        "groups": groups(),
        "ethograms": {"words": ethogram()},
        **changes,
    }
    return write_report(tmp_path / "report.md", **given).read_text(encoding="utf-8")


def test_time_budget(tmp_path: Path) -> None:
    text = write(tmp_path)
    assert "| walking | 50.0% | 25.0 | 2 | 12.50 | 20.00 | 0:00.00 |" in text
    assert "| still | 20.0% | 10.0 | 1 | 10.00 | 10.00 | 0:30.00 |" in text
    assert "Observed: 83.3% of the recording. Without a label: 30.0% of the observed time." in text


def test_clusters_with_moments_to_look_at(tmp_path: Path) -> None:
    text = write(tmp_path)
    assert "2 clusters. 20.0% of the pieces fit none of them." in text
    assert (
        "| 0 | walking, fast | Walks. | 75.0% | 3 | 2.00 | "
        "0:06.00 (frame 60), 0:18.00 (frame 180), 0:24.00 (frame 240) |"
    ) in text
    assert "0:36.00 (frame 360), 0:42.00 (frame 420) |" in text


def test_clearest_words(tmp_path: Path) -> None:
    text = write(tmp_path)
    assert "| walking | Sentence 1 \\| with a bar. | 0.90 | 2 | 0:10.00 (frame 100) |" in text
    assert "Sentence 0" not in text


def test_facts_of_recording_and_run(tmp_path: Path) -> None:
    text = write(tmp_path)
    assert text.startswith("# m_1\n")
    assert "| length | 1:00.00 (min:s), 600 frames, 10 frames per second |" in text
    assert "| keypoints | nose, tail_base |" in text
    assert "| main/video | film.mp4 |" in text
    assert "/far/away" not in text  # a report is passed on; folders of one machine say nothing
    assert "| rules.turn_rate | 60.0 |" in text
    assert "| input clock.rate | 10/1 |" in text
    assert "Software: " in text
    assert card().run_id in text


def test_picture_is_shown_when_it_is_there(tmp_path: Path) -> None:
    assert "![Ethogram]" not in write(tmp_path)
    (tmp_path / "ethogram.png").touch()
    assert "![Ethogram](ethogram.png)" in write(tmp_path)


def test_nothing_found(tmp_path: Path) -> None:
    empty = Ethogram(Intervals.build([], [], [], label=[]))
    text = write(
        tmp_path,
        recording=recording(pose=False),
        descriptions=words(()),
        groups=None,
        ethograms={"words": empty},
        card=card(clusters_problem="Too short."),
    )
    assert "No bouts." in text
    assert "Nothing could be told." in text
    assert "There are no clusters. Too short." in text
    assert "one, by its silhouette (no pose)" in text
    assert "## Clusters" not in text


def test_several_individuals(tmp_path: Path) -> None:
    other = Ethogram(Intervals.build("m_1", 0, 600, "b", label=["still"]))
    both = Ethogram(
        Intervals.concat([ethogram().bouts, other.bouts]),
        Intervals.concat([ethogram().observed, other.observed]),
    )
    text = write(tmp_path, ethograms={"words": both})
    assert text.index("### a") < text.index("### b")
    assert "| still | 100.0% | 60.0 | 1 |" in text


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ({}, "The pose is flat."),
        (
            {},
            "7.5% of the points were missing or doubtful (score below 0.6), most often tail_base",
        ),
        ({}, "25.0% of the described stretches were given no label"),
        ({}, "It is no probability of being right"),
        ({}, "here 77% to 90%"),
        ({}, "a matter of animals, not of bouts"),
        (
            {"recording": recording(policy="pad: 590 rows for 600 pictures")},
            "everything behind them is shifted",
        ),
        ({"recording": recording(pose=False)}, "There was no pose"),
        ({"card": card(warnings=["tail first in 29% of the frames"])}, "tail first in 29%"),
        (
            {"groups": None, "card": card(clusters_problem="Too still.")},
            "There are no clusters. Too still.",
        ),
        ({"descriptions": words(())}, "No stretch was described."),
    ],
)
def test_limits_follow_from_the_numbers(case: dict[str, Any], sentence: str) -> None:
    given = {
        "recording": recording(),
        "card": card(),
        "descriptions": words(),
        "groups": groups(),
        **case,
    }
    assert any(sentence in line for line in limits(**given))


SEEN = {
    "verdict": "passes in part",
    "reason": "Do not rely on blank clip.",
    "scores": {"motion direction": "16/16", "blank clip": "1/16 (not passed)"},
}


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        ({"trust": json.dumps(SEEN)}, "passes in part. Do not rely on blank clip."),
        ({"trust": json.dumps(SEEN)}, "It did not pass: blank clip."),
        ({"trust": "not tried on this machine"}, "never tried on this machine"),
        ({"trust": "not tried on this machine"}, "It was not calibrated"),
        ({"server": "{}"}, "written by a server, which gives no probabilities"),
    ],
)
def test_limits_tell_what_is_known_of_a_model(models: dict[str, str], sentence: str) -> None:
    told = limits(recording(), replace(card(), models=models), words(), groups())
    assert any(sentence in line for line in told)
    assert not any("by its own rules" in line for line in told)
    calibrated = replace(card(), models={**models, "calibration": "{}"})
    again = limits(recording(), calibrated, words(), groups())
    assert not any("not calibrated" in line for line in again)


def test_the_report_names_no_folder_of_the_machine(tmp_path: Path) -> None:
    made = replace(card(), models={"describer": "m 0123", "folder": "/far/away/weights"})
    text = write(tmp_path, card=made)
    assert "m 0123" in text
    assert "/far/away" not in text


def test_no_limit_without_a_cause() -> None:
    three_d = limits(recording(space=3), card(), words(("walking",)), groups())
    assert not any("flat" in line or "no label" in line or "shifted" in line for line in three_d)


def test_cells_are_literal_and_on_one_line() -> None:
    assert cell("a|b *c* _d_ <e>\n`f`") == r"a\|b \*c\* \_d\_ \<e\> \`f\`"
    assert cell("tail_base_2") == "tail_base_2"
    assert table(["a", "b"], [(1, "x|y")], numbers=1) == [
        "| a | b |",
        "|---|---:|",
        r"| 1 | x\|y |",
        "",
    ]
