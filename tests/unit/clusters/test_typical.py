from __future__ import annotations

import numpy as np
import pandas as pd

from napari_mousegpt.clusters.typical import bout_numbers, typical_rows


def assigned(
    cluster: list[int], strength: list[float], start: list[int] | None = None
) -> pd.DataFrame:
    begins = np.arange(len(cluster)) * 3 if start is None else np.asarray(start)
    return pd.DataFrame(
        {
            "recording": "r",
            "individual": "",
            "start": begins,
            "stop": begins + 3,
            "cluster": cluster,
            "strength": strength,
        }
    )


def test_bouts_are_touching_rows_of_one_cluster() -> None:
    table = assigned([0, 0, 1, 0, 0], [1] * 5, [0, 3, 6, 9, 30])
    first, second, third, fourth, fifth = bout_numbers(table)
    assert first == second
    assert len({first, third, fourth, fifth}) == 4


def test_another_cluster_in_between_ends_a_bout_where_windows_overlap() -> None:
    table = assigned([0, 1, 0], [1] * 3, [0, 1, 3])
    assert len(set(bout_numbers(table))) == 3


def test_bouts_do_not_hang_on_row_order() -> None:
    table = assigned([0, 0, 1, 0, 0, -1, 0], [1] * 7)
    order = np.random.default_rng(0).permutation(7)
    whole, mixed = bout_numbers(table), bout_numbers(table.iloc[order])
    assert (mixed == whole[order]).all()


def test_middle_of_the_longest_firm_bout() -> None:
    cluster = [0] * 3 + [1] + [0] * 5 + [1, 1] + [-1]
    strength = [0.9] * 3 + [0.5] + [0.9] * 5 + [0.8, 0.8] + [0.99]
    assert typical_rows(assigned(cluster, strength)) == {0: 6, 1: 9}


def test_strength_goes_before_length() -> None:
    assert typical_rows(assigned([0, 1, 0, 0, 0], [0.9, 1, 0.7, 0.7, 0.7])) == {0: 0, 1: 1}


def test_the_same_interval_whatever_the_order() -> None:
    draw = np.random.default_rng(3)
    table = assigned(draw.integers(-1, 4, 200).tolist(), draw.random(200).tolist())
    mixed = table.iloc[draw.permutation(200)]
    chosen = {c: int(table["start"].iloc[row]) for c, row in typical_rows(table).items()}
    again = {c: int(mixed["start"].iloc[row]) for c, row in typical_rows(mixed).items()}
    assert again == chosen
    assert set(chosen) == {0, 1, 2, 3}
