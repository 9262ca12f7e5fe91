from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd

from napari_mousegpt._napari.outcome import cluster_rows, label_rows, outcome, study_rows
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording


def clusters_table(**columns: Any) -> pd.DataFrame:
    values = {
        "cluster": [0, 1],
        "name": ["slow turn", "quick walk"],
        "sentence": ["Turns slowly.", "Walks."],
        "n_bouts": [3, 12],
        "seconds": [4.25, 1234.5678],
        "medoid_recording": ["rec", "other"],
        "medoid_start": [300, 20],
        **columns,
    }
    return pd.DataFrame(values)


def test_rows_are_sorted_by_time_and_readable(recording: Recording) -> None:
    rows = cluster_rows(clusters_table(), recording)
    assert [row.cells for row in rows] == [
        ("quick walk", "20:34.6", "12", "other"),
        ("slow turn", "4.2 s", "3", "at 10.0 s"),
    ]
    assert [row.frame for row in rows] == [None, 300]
    assert rows[1].sentence == "Turns slowly."


def test_labels_have_their_clearest_example(recording: Recording) -> None:
    said = pd.DataFrame(
        {
            "label": ["walking", "walking", "", "still"],
            "confidence": [0.5, 0.9, 0.0, 0.7],
            "start": [0, 300, 500, 600],
            "stop": [300, 330, 600, 1000],
            "overall": ["Walks slowly.", "Walks.", "", "Is still."],
        }
    )
    bouts = Intervals.build("rec", [0, 600], [330, 1000], "m1", label=["walking", "still"])
    clusters = Intervals.build("rec", [0], [9], "m1", label=["x"], source=["cluster"])
    both = Ethogram(Intervals.concat([bouts, clusters]), source="model")
    result: Any = SimpleNamespace(recording=recording, descriptions=said, ethogram=both)
    rows = label_rows(result)
    assert [row.cells for row in rows] == [
        ("still", "13.3 s", "1", "at 20.0 s"),
        ("walking", "11.0 s", "1", "at 10.0 s"),
    ]
    assert [(row.sentence, row.frame) for row in rows] == [("Is still.", 600), ("Walks.", 300)]


def test_rows_of_a_study_say_what_failed() -> None:
    outcomes = pd.DataFrame(
        {
            "recording": ["a", "b"],
            "state": ["done", "failed"],
            "problem": ["", "b.mp4: no such file"],
            "seconds": [75.0, 0.1],
            "descriptions": [12, 0],
            "warnings": ["", ""],
            "folder": ["recordings/a", ""],
        }
    )
    rows = study_rows(outcomes)
    assert [row.cells for row in rows] == [("a", "1:15.0", "12", "done"), ("b", "", "", "failed")]
    assert rows[1].sentence == "b.mp4: no such file"
    assert [row.frame for row in rows] == [None, None]


class Result:
    recording = "rec"

    def summary(self) -> list[str]:
        return ["rec: 10 s", "words:    still 60%", "clusters: 2: a, b", "results:  /r/result"]


def test_what_a_table_shows_is_not_told_again() -> None:
    result: Any = Result()
    assert outcome(result, in_table=["clusters"]).split("\n") == [
        "Words: still 60%",
        "Results: /r/result",
    ]
    assert "Clusters: 2: a, b" in outcome(result)
    study: Any = SimpleNamespace(summary=lambda: ["1 of 2 recordings done.", "! b: no file"])
    assert outcome(study) == "1 of 2 recordings done.\n! b: no file"
