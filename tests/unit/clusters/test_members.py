from __future__ import annotations

import pandas as pd

from napari_mousegpt.clusters.members import bouts_of, typical_members
from support.naming_worlds import assigned


def test_bouts_without_noise() -> None:
    found = bouts_of(assigned([0, 0, -1, 0, 1]))
    assert found[["cluster", "start", "stop", "n_ranges"]].to_numpy().tolist() == [
        [0, 0, 20, 2],
        [0, 30, 40, 1],
        [1, 40, 50, 1],
    ]
    assert bouts_of(assigned([-1, -1])).empty


def test_members_are_spread_over_recordings() -> None:
    a = assigned([0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0], recording="a")
    b = assigned([0, 0, 1, 0, 0], recording="b", strength=0.7)
    bouts = bouts_of(pd.concat([a, b], ignore_index=True))
    chosen = typical_members(bouts, 3)
    mine = chosen[chosen["cluster"] == 0]
    # A typical length first, the long one last; each recording before a second one of any.
    assert mine["recording"].tolist() == ["a", "b", "a"]
    assert (mine["stop"] - mine["start"]).tolist() == [20, 20, 20]


def test_weak_members_come_last_and_order_of_rows_does_not_matter() -> None:
    rows = assigned([0, -1, 0, -1, 0])
    rows["strength"] = [0.6, 0, 0.9, 0, 0.9]
    bouts = bouts_of(rows)
    assert typical_members(bouts, 3)["start"].tolist() == [20, 40, 0]
    again = typical_members(bouts_of(rows.iloc[::-1]), 3)
    assert again["start"].tolist() == [20, 40, 0]
