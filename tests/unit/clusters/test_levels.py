from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.clusters import NOISE, ClusterMap, fit
from napari_mousegpt.clusters.levels import Levels
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

from .conftest import QUICK, Made


@pytest.fixture(scope="module")
def levels(found: ClusterMap) -> Levels:
    return Levels(found)


def test_ids_of_record_stay_and_every_level_has_its_number(
    made: Made, found: ClusterMap, levels: Levels
) -> None:
    record = found.apply(made.vectors)
    for n in range(1, levels.most + 1):
        table = levels.label(made.vectors, n)
        np.testing.assert_array_equal(table["cluster"], record["cluster"])
        assert ((table["group"] == "") == (table["cluster"] == NOISE)).all()
        if n <= len(found):
            assert table.loc[table["group"] != "", "group"].nunique() == n


def test_levels_are_nested(made: Made, levels: Levels) -> None:
    finer = None
    for n in range(levels.most, 0, -1):
        groups = levels.label(made.vectors, n)["group"].to_numpy(dtype=object)
        if finer is not None:
            pairs = set(zip(finer, groups, strict=True))
            assert len(pairs) == len(set(finer))
        finer = groups


def test_an_id_means_the_same_set_at_every_level(levels: Levels, found: ClusterMap) -> None:
    meaning: dict[str, frozenset[int]] = {}
    for n in range(1, len(found) + 1):
        parents = levels.parents(n)
        for name in set(parents.values()):
            held = frozenset(cluster for cluster, group in parents.items() if group == name)
            assert meaning.setdefault(name, held) == held
            assert name == "+".join(map(str, sorted(held)))


def test_parts_lie_below_their_cluster(made: Made, levels: Levels) -> None:
    table = levels.label(made.vectors, levels.most)
    inside = table[table["cluster"] != NOISE]
    assert (inside["group"].str.partition(".")[0] == inside["cluster"].astype(str)).all()
    assert inside["group"].nunique() > inside["cluster"].nunique()


@pytest.mark.parametrize("engine", ["consensus", "density"])
def test_nearest_behaviours_are_joined_first(engine: str) -> None:
    # Two pairs of places far apart; the places of a pair lie close to each other.
    draw = np.random.default_rng(0)
    far, near = draw.normal(0, 3, (2, 8)), draw.normal(0, 0.8, (4, 8))
    truth = np.arange(800) % 4
    values = far[truth // 2] + near[truth] + draw.normal(0, 0.1, (800, 8))
    start = np.arange(800) * 50
    ranges = Intervals.build("r", start, start + 9)
    vectors = Vectors(ranges, values.astype(np.float32), (), "made", "1")
    found = fit(vectors, replace(QUICK, engine=engine))
    assert len(found) == 4 or engine == "consensus"
    table = Levels(found).label(vectors, 2)
    counts = pd.crosstab(truth // 2, table["group"].to_numpy())
    assert (counts.max(axis=1) > 0.9 * counts.sum(axis=1)).all()
    assert counts.idxmax(axis=1).nunique() == 2
    if engine == "density":
        three = Levels(found).label(vectors, 3)["group"]
        counts = sorted(len(set(three[truth // 2 == side]) - {""}) for side in (0, 1))
        assert counts == [1, 2]


def test_rows_in_another_order_have_the_same_groups(made: Made, levels: Levels) -> None:
    order = np.random.default_rng(0).permutation(len(made.vectors))
    table = levels.label(made.vectors, levels.most)
    mixed = levels.label(made.vectors[order], levels.most)
    np.testing.assert_array_equal(mixed["group"], table["group"].to_numpy()[order])


def test_levels_that_are_not_there(made: Made, levels: Levels, found: ClusterMap) -> None:
    for wrong in (0, levels.most + 1):
        with pytest.raises(InputError, match=f"{wrong} groups: expected 1 to {levels.most}"):
            levels.label(made.vectors, wrong)
    nothing = replace(found, shares=found.shares[:, :0], cohesion=found.cohesion[:0])
    with pytest.raises(InputError, match="at least one cluster, found none"):
        Levels(nothing)


def test_places_of_noise_are_no_part_of_a_cluster() -> None:
    draw = np.random.default_rng(0)
    truth = np.arange(2400) % 4
    values = draw.normal(0, 3, (4, 8))[truth] + draw.normal(0, 0.1, (2400, 8))
    stray = draw.random(2400) < 0.25
    values[stray] = draw.uniform(-9, 9, (int(stray.sum()), 8))
    start = np.arange(2400) * 50
    vectors = Vectors(
        Intervals.build("r", start, start + 9), values.astype(np.float32), (), "m", "1"
    )
    found = fit(vectors, replace(QUICK, engine="density"))
    silent = np.flatnonzero(found.votes(found.micro).max(axis=1) == 0)
    assert len(silent)
    held = np.concatenate(list(Levels(found)._parts.values()))
    assert not np.isin(silent, held).any()
