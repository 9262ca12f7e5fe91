from __future__ import annotations

from typing import Any

import pandas as pd

from napari_mousegpt._napari.outcome import cluster_rows, outcome
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
        ("quick walk", "1234.6 s", "12", "other"),
        ("slow turn", "4.2 s", "3", "at 10.0 s"),
    ]
    assert [row.frame for row in rows] == [None, 300]
    assert rows[1].sentence == "Turns slowly."


class Result:
    def summary(self) -> list[str]:
        return ["rec: 10 s", "words:    still 60%", "clusters: 2: a, b", "results:  /r/result"]


def test_clusters_are_told_once() -> None:
    assert outcome(Result(), with_clusters=False).split("\n") == [  # type: ignore[arg-type]
        "Words: still 60%",
        "Results: /r/result",
    ]
    assert "Clusters: 2: a, b" in outcome(Result(), with_clusters=True)  # type: ignore[arg-type]
