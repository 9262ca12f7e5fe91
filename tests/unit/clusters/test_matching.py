"""Ids after a refit: kept only by the same behaviour, never given twice, names with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.clusters import ClusterMap, fit
from napari_mousegpt.clusters.accepted import Accepted
from napari_mousegpt.clusters.carrying_edits import carried_edits
from napari_mousegpt.clusters.edited import Edited
from napari_mousegpt.clusters.levels import Levels
from napari_mousegpt.clusters.map_edits import MapEdit
from napari_mousegpt.clusters.map_files import load_map, save_map
from napari_mousegpt.clusters.matching import Overlap, match, renumbered
from napari_mousegpt.clusters.membership import memberships
from napari_mousegpt.clusters.recalling import Recall
from napari_mousegpt.clusters.refitting import Refit, refit
from napari_mousegpt.errors import InputError, MismatchError

from .conftest import QUICK, Made, make


@pytest.fixture(scope="module")
def other() -> Made:
    """Other mice that do the same things, with other shares of time."""
    return make(recordings=("x", "y"), weights=(1, 2, 3, 4, 5), seed=5)


@pytest.fixture(scope="module")
def again(found: ClusterMap, other: Made) -> Refit:
    return refit(found, other.vectors, QUICK)


def _main_id(found: ClusterMap, made: Made, behaviour: int) -> int:
    cluster = found.apply(made.vectors)["cluster"].to_numpy()
    return int(np.bincount(cluster[(made.truth == behaviour) & (cluster >= 0)]).argmax())


def test_behaviours_keep_their_ids_though_their_sizes_are_turned_round(
    found: ClusterMap, made: Made, other: Made, again: Refit
) -> None:
    assert len(again.matching.kept) >= 4
    for behaviour in range(5):
        one = _main_id(found, made, behaviour)
        if one in again.matching.kept:
            assert _main_id(again.map, other, behaviour) == one
    # A fit from nothing numbers by size, and so calls other things by the same numbers.
    alone = fit(other.vectors, QUICK)
    assert any(_main_id(alone, other, b) != _main_id(found, made, b) for b in range(5))


def test_the_same_rows_keep_every_id(found: ClusterMap, made: Made) -> None:
    same = refit(found, made.vectors, QUICK)
    assert same.matching.kept == set(found.clusters)
    assert same.map.clusters == found.clusters
    assert same.sentence == f"Of {len(found)} behaviours: {len(found)} kept; 0 new."


def test_rows_in_any_order_give_the_same_map(found: ClusterMap, other: Made, again: Refit) -> None:
    order = np.random.default_rng(3).permutation(len(other.vectors))
    shuffled = refit(found, other.vectors[order], QUICK)
    assert shuffled.map.map_id == again.map.map_id
    pd.testing.assert_frame_equal(shuffled.table, again.table)


def test_a_new_behaviour_gets_an_id_that_was_never_given(made: Made) -> None:
    known = make(behaviours=5, weights=(1, 1, 1, 1, 0))
    before = replace(fit(known.vectors, QUICK), given=40)
    novel = make(recordings=("x", "y"), behaviours=5, seed=6)
    again = refit(before, novel.vectors, QUICK)
    new = _main_id(again.map, novel, 4)
    assert new >= 40
    assert again.table.set_index("new_id").loc[new, "decision"] == "new"
    assert again.map.next_id > new


def test_an_id_is_not_given_again_after_its_behaviour_is_gone(made: Made) -> None:
    before = fit(make(behaviours=5).vectors, QUICK)
    few = make(recordings=("x", "y"), behaviours=5, weights=(1, 1, 1, 1, 0), seed=7)
    second = refit(before, few.vectors, QUICK)
    gone = set(before.clusters) - set(second.map.clusters)
    assert gone
    assert (second.table.set_index("old_id").loc[sorted(gone), "decision"] != "kept").all()
    back = make(recordings=("u", "v"), behaviours=5, seed=8)
    third = refit(second.map, back.vectors, QUICK)
    assert not gone & set(third.map.clusters)
    assert third.map.parent == second.map.map_id
    assert third.map.next_id >= before.next_id


def _counted(before: ClusterMap, after: ClusterMap, counts: list[list[int]]) -> Overlap:
    overlap = Overlap(before, after)
    overlap.counts[: len(counts), : len(counts[0])] = counts
    return overlap


def _with(found: ClusterMap, n: int) -> ClusterMap:
    return replace(
        found,
        shares=found.shares[:, :n],
        cohesion=found.cohesion[:n],
        sizes=found.sizes[:n],
        medoids=found.medoids[:n],
    )


def test_the_gate_asks_both_ways(found: ClusterMap) -> None:
    before, after = _with(found, 3), _with(found, 3)
    # 0 is found again; 1 and 2 are one cluster now, of which neither is more than half.
    overlap = _counted(before, after, [[80, 0, 20], [0, 100, 0], [0, 100, 0]])
    told = match(overlap)
    assert told.ids == (0, 3, 4)
    assert told.kept == {0}
    table = told.table.set_index("old_id")
    assert table.loc[1, "decision"] == table.loc[2, "decision"] == "merged"
    assert set(told.table[told.table["decision"] == "new"]["new_id"]) == {3, 4}


def test_a_split_is_told(found: ClusterMap) -> None:
    overlap = _counted(_with(found, 2), _with(found, 3), [[50, 50, 0], [0, 0, 90]])
    told = match(overlap)
    assert told.ids == (2, 3, 1)
    assert told.table["decision"].tolist() == ["split", "split", "kept", "new", "new"]
    assert renumbered(overlap, told).clusters == (1, 2, 3)


def test_tables_of_other_rows_are_refused(found: ClusterMap, made: Made) -> None:
    table = found.apply(made.vectors)
    with pytest.raises(MismatchError, match="the same intervals in the same order"):
        Overlap(found, found).add(table, table.iloc[::-1])


def test_an_accepted_behaviour_stays(found: ClusterMap, other: Made) -> None:
    far = np.full((4, found.micro.shape[1]), 90.0)
    one = Accepted(found.next_id, "backflip", far, 1.0, 9, ("a", "m", 0, 3))
    before = replace(found, accepted=(one,))
    again = refit(before, other.vectors, QUICK)
    assert again.map.accepted == (one,)
    assert one.cluster not in again.map.fitted
    assert again.map.next_id > one.cluster


def test_everything_that_reads_a_map_reads_a_refitted_one(
    found: ClusterMap, other: Made, tmp_path: object
) -> None:
    overlap = _counted(found, found, [[0] * len(found)])
    moved = renumbered(overlap, match(overlap))
    assert moved.clusters == tuple(range(len(found), 2 * len(found)))
    plain, table = found.apply(other.vectors), moved.apply(other.vectors)
    inside = plain["cluster"] >= 0
    assert (table["cluster"][inside] == plain["cluster"][inside] + len(found)).all()
    np.testing.assert_array_equal(table["strength"], plain["strength"])
    members = memberships(moved, other.vectors)
    column = members.argmax(axis=1)[inside.to_numpy()]
    np.testing.assert_array_equal(
        np.asarray(moved.clusters)[column], table["nearest"][inside].to_numpy()
    )
    assert set(Levels(moved).parents(len(moved))) == set(moved.clusters)
    folder = save_map(moved, tmp_path / "map")  # type: ignore[operator]
    assert '"version": 3' in (folder / "map.json").read_text()
    assert load_map(folder).map_id == moved.map_id != found.map_id
    assert load_map(folder).clusters == moved.clusters
    assert load_map(folder).parent == found.map_id


def test_names_come_along_with_their_ids(found: ClusterMap, again: Refit) -> None:
    kept = sorted(again.matching.kept)
    old = found.map_id
    name = MapEdit.new("name", old, "KM", groups=((kept[0],),), name="tail chase")
    merge = MapEdit.new(
        "merge", old, "KM", groups=((kept[1],), (kept[2],)), keeps=kept[1], name="run"
    )
    undone = MapEdit.new("name", old, "KM", groups=((kept[3],),), name="oops")
    back = MapEdit.new("undo", old, "KM", undoes=undone.edit_id)
    edits, notes = carried_edits((name, merge, undone, back), found, again.map)
    assert notes == ()
    assert {edit.carried_from for edit in edits} == {old}
    assert edits[0].who == "KM"
    after = Edited.of(edits, again.map.map_id)
    assert after.names[(kept[0],)].name == "tail chase"
    assert after.groups == {kept[1]: tuple(sorted(kept[1:3]))}
    assert (kept[3],) not in after.names


def test_what_hangs_on_an_id_that_is_gone_is_told(found: ClusterMap) -> None:
    overlap = _counted(found, found, [[90]])
    after = renumbered(overlap, match(overlap))
    lost = MapEdit.new("name", found.map_id, "KM", groups=((1,),), name="digging")
    merge = MapEdit.new("merge", found.map_id, "KM", groups=((0,), (2,)), keeps=0, name="both")
    edits, notes = carried_edits((lost, merge), found, after)
    assert [edit.action for edit in edits] == ["name"]
    assert (edits[0].groups, edits[0].name) == (((0,),), "both")
    assert "1 is called 'digging': 1 was not found again." in notes


def test_the_name_of_an_accepted_behaviour_that_became_a_cluster(found: ClusterMap) -> None:
    far = np.full((1, found.micro.shape[1]), 90.0)
    one = Accepted(found.next_id, "backflip", far, 1.0, 9, ("a", "m", 0, 3))
    before = replace(found, accepted=(one,))
    after = replace(found, ids=(*range(len(found) - 1), one.cluster), given=one.cluster + 1)
    edits, _ = carried_edits((), before, after)
    assert [(edit.name, edit.groups) for edit in edits] == [("backflip", ((one.cluster,),))]


def test_memory_speaks_where_the_map_is_sure_and_has_been(found: ClusterMap) -> None:
    places = np.vstack([found.micro[:6], found.micro[:2] + 500.0])
    together = np.full((8, 8), 0.5)
    heard = Recall(found, 1.0).heard(places, together)
    near, strength = found.decide(places[:6])
    sure = strength > 0.9
    for a in np.flatnonzero(sure):
        for b in np.flatnonzero(sure):
            assert (heard[a, b] > 0.9) if near[a] == near[b] else (heard[a, b] < 0.1)
    np.testing.assert_array_equal(heard[6:], together[6:])
    np.testing.assert_array_equal(Recall(found, 0.0).heard(places, together), together)


def test_memory_is_a_share(found: ClusterMap) -> None:
    with pytest.raises(InputError, match="expected 0 to 1"):
        Recall(found, 1.5)


def test_vectors_of_another_kind_are_refused(found: ClusterMap, other: Made) -> None:
    with pytest.raises(MismatchError, match="expected model made 1"):
        refit(found, replace(other.vectors, model="else"), QUICK)
