"""Names, merges and their undo on a map of made-up mice."""

from __future__ import annotations

import errno
import os
import time
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.clusters import ClusterMap, ethogram
from napari_mousegpt.clusters.accepted import Accepted
from napari_mousegpt.clusters.map_edits import Title
from napari_mousegpt.clusters.map_journal import MapJournal
from napari_mousegpt.clusters.map_steps import new_step
from napari_mousegpt.clusters.merging import over_segmenting
from napari_mousegpt.clusters.named_map import NamedMap
from napari_mousegpt.errors import InputError, StorageError
from napari_mousegpt.store import write_table
from support.naming_worlds import said_by

from .conftest import QUICK, Made

TITLE = Title("trotting", "tiny 1", "cluster-title/1-ab", "cd", "2026-01-01T00:00:00+00:00")
WORDS = {
    0: ("walking", "walking;fast"),
    1: ("walking", "walking;fast"),
    2: ("grooming", "grooming"),
    3: ("rearing", "rearing"),
}


@pytest.fixture(scope="module")
def rows(found: ClusterMap, made: Made) -> pd.DataFrame:
    return found.apply(made.vectors)


@pytest.fixture(scope="module")
def words(rows: pd.DataFrame) -> pd.DataFrame:
    return said_by(rows, WORDS)


@pytest.fixture(scope="module")
def untouched(found: ClusterMap, rows: pd.DataFrame, words: pd.DataFrame) -> NamedMap:
    return NamedMap(found, rows, words, who="KM")


@pytest.fixture
def named(untouched: NamedMap) -> NamedMap:
    """A map of its own with a journal of its own; what all of them read was read once."""
    mine = copy(untouched)
    mine.journal = MapJournal()
    return mine


@pytest.fixture
def run(tmp_path: Path, found: ClusterMap, rows: pd.DataFrame, words: pd.DataFrame) -> Path:
    folder = tmp_path / "run"
    found.save(folder / "result" / "map")
    write_table(rows, folder / "result" / "assignments")
    write_table(words, folder / "result" / "descriptions")
    return folder


def wait_a_tick() -> None:
    """Edits know the time to the millisecond."""
    time.sleep(0.005)


def contents(folder: Path) -> dict[str, bytes]:
    """All files but the lock, which stays: others may hold it open."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix != ".lock")
    return {str(p): p.read_bytes() for p in files}


def test_rename_and_undo(named: NamedMap) -> None:
    before = named.name(0).name
    one = named.rename(0, "  running \n fast ")
    assert (one.name, one.source, one.who) == ("running fast", "user", "KM")
    assert named.undo().name == "running fast"
    assert named.name(0).name == before
    named.redo()
    assert named.name(0).name == "running fast"
    named.rename(1, "trotting")
    assert named.forget_name(0).name == before
    assert named.name(1).name == "trotting"


@pytest.mark.parametrize(
    ("cluster", "name", "message"),
    [
        (0, " ", "expected 1 to 80 letters, found an empty name"),
        (0, "x" * 81, "expected 1 to 80 letters"),
        (99, "x", "cluster 99: expected one of 0, 1, 2"),
        (-1, "x", "Noise has no name"),
        (1, "Running", "found that of 0.*merge it with 0"),
    ],
)
def test_names_that_cannot_be_given(named: NamedMap, cluster: int, name: str, message: str) -> None:
    named.rename(0, "running")
    with pytest.raises(InputError, match=message):
        named.rename(cluster, name)
    assert len(named.history) == 1


def test_nothing_to_take_back(named: NamedMap) -> None:
    for way, message in (
        (named.undo, "undo: expected an edit to undo, found none"),
        (named.redo, "redo: expected"),
        (named.undo_merge, "merge: expected one that can be taken back"),
    ):
        with pytest.raises(InputError, match=message):
            way()
    with pytest.raises(InputError, match="found a name from words"):
        named.forget_name(0)
    assert named.can_undo is None
    assert named.can_redo is None


def test_suggestions_carry_what_speaks_for_them(named: NamedMap, rows: pd.DataFrame) -> None:
    best = max((named.compare(a, b) for a in range(4) for b in range(a)), key=lambda one: one.score)
    assert set(best.clusters) == {0, 1}
    assert best.words == pytest.approx(1.0)
    assert best.shared_terms[:2] == ("walking", "fast")
    assert "words 100% alike" in best.reason
    assert 0 <= best.overlap <= 1
    assert best.relative == pytest.approx(best.distance / best.spread)
    for cluster, shown in zip(best.clusters, best.exemplars, strict=True):
        assert len(shown) == 4
        assert len(set(shown.recording)) == 2
        assert all(shown.column("sentence"))
        for row in shown:
            inside = rows[
                (rows["recording"] == row.recording)
                & (rows["start"] >= row.start)
                & (rows["stop"] <= row.stop)
            ]
            assert set(inside["cluster"]) == {cluster}
    sizes = rows["cluster"].value_counts()
    assert best.change.keeps == best.clusters[0]
    assert sizes[best.clusters[0]] >= sizes[best.clusters[1]]
    assert best.change.n_ranges == sizes[0] + sizes[1]
    assert named.suggestions(limit=1.0) == []


def test_what_is_suggested_is_one_behaviour_in_truth(
    found: ClusterMap, rows: pd.DataFrame, made: Made
) -> None:
    """The map has more clusters than there are behaviours, and nobody said a word."""
    named = NamedMap(found, rows)
    truth = {
        cluster: int(np.bincount(made.truth[rows["cluster"] == cluster]).argmax())
        for cluster in found.clusters
    }
    pairs = [one.clusters for one in named.suggestions()]
    assert pairs
    assert all(truth[a] == truth[b] for a, b in pairs)
    scores = [one.score for one in named.suggestions()]
    assert scores == sorted(scores, reverse=True)
    merged = named.approve_all()
    assert len(named.names()) == len(found) - sum(len(one.members) - 1 for one in merged)
    assert set(truth.values()) == set(range(5))
    assert len(named.names()) == 5
    for one in named.names():
        assert len({truth[part] for part in one.members}) == 1
    for one in merged:
        named.undo_merge(one.cluster)
    assert [one.members for one in named.names()] == [(c,) for c in found.clusters]


def test_a_pair_that_is_kept_apart_is_not_suggested_again(named: NamedMap) -> None:
    least = named.suggestions(limit=0.0)[-1].score - 1e-9
    pair = named.suggestions(least)[0]
    named.keep_apart(pair)
    assert pair.clusters not in [one.clusters for one in named.suggestions(0.0)]
    # Not in one go with all others, either.
    assert all(set(pair.clusters) - set(one.members) for one in named.approve_all(0.0))
    while named.history:
        named.undo()
    assert named.suggestions(least)[0].clusters == pair.clusters


def test_a_merge_is_a_mapping_on_top(run: Path) -> None:
    before = contents(run / "result")
    named = NamedMap.open(run, who="KM")
    record = named.view()
    suggestion = named.compare(0, 1)
    one = named.approve(suggestion)
    assert (one.cluster, one.members) == (suggestion.change.keeps, (0, 1))
    assert one.name == suggestion.change.name
    assert (one.n_ranges, one.n_bouts) == (suggestion.change.n_ranges, suggestion.change.n_bouts)
    view = named.view()
    np.testing.assert_array_equal(view["cluster"], record["cluster"])
    assert set(view.loc[view["cluster"].isin([0, 1]), "merged"]) == {one.cluster}
    assert set(view.loc[view["merged"] == one.cluster, "group"]) == {"0+1"}
    others = ~view["cluster"].isin([0, 1])
    np.testing.assert_array_equal(view["merged"][others], view["cluster"][others])
    # Also for another program, and nothing else was written.
    pd.testing.assert_frame_equal(NamedMap.open(run).view(), view)
    assert contents(run / "result") == before


def test_an_undo_brings_everything_back(run: Path) -> None:
    named = NamedMap.open(run, who="KM")
    named.rename(1, "trotting")
    before, record = named.names(), named.view()
    named.approve((0, 1), "locomotion")
    assert named.name(0).name == "locomotion"
    with pytest.raises(InputError, match=r"found a part of 0.*undo that merge"):
        named.name(1)
    undone = named.undo_merge(0)
    assert undone.clusters == (0, 1)
    for one in (named, NamedMap.open(run)):
        assert one.names() == before
        pd.testing.assert_frame_equal(one.view(), record)
    named.redo()
    assert named.name(0).name == "locomotion"


def test_merges_of_merges_go_back_one_by_one(named: NamedMap) -> None:
    named.approve((0, 1))
    named.approve((2, 3))
    wide = named.approve((0, 2))
    assert wide.members == (0, 1, 2, 3)
    assert named.undo_merge(wide.cluster).clusters == (0, 1, 2, 3)
    assert sorted(one.group for one in named.names())[:2] == ["0+1", "2+3"]
    # One in the middle goes by its id, whatever came later.
    named.undo_merge(0)
    assert "2+3" in [one.group for one in named.names()]
    assert named.name(1).members == (1,)


def test_ids_of_merged_parts_rest(named: NamedMap, found: ClusterMap) -> None:
    kept = named.approve((0, 1)).cluster
    gone = 1 - kept
    assert gone not in [one.cluster for one in named.names()]
    assert found.next_id == len(found)  # no id was used up, none is given again


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ((0, -1), "noise, which belongs to none.*merged with nothing"),
        ((0, 0), "found the same one twice"),
        ((0,), "expected two behaviours or more"),
        ((0, 77), "cluster 77: expected one of"),
    ],
)
def test_merges_that_cannot_be(named: NamedMap, pair: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        named.approve(pair)
    assert named.history == ()


def test_a_merge_leaves_all_others_as_they_are(named: NamedMap) -> None:
    """Also those whose words tell more or less once two others are one."""
    record = {one.cluster: one for one in named.names()}
    told = named.called()
    first = named.approve((0, 2))
    assert first.automatic != record[2].automatic
    named.approve((1, 3))
    # Neither the rest of the record, nor what an earlier merge made.
    assert named.name(first.cluster) == first
    others = [one for one in named.names() if len(one.members) == 1]
    assert [one.cluster for one in others] == sorted(set(record) - {0, 1, 2, 3})
    assert others == [record[one.cluster] for one in others]
    assert {one: named.called()[one] for one in record if one > 3} == {
        one: called for one, called in told.items() if one > 3
    }
    named.undo_merge(first.cluster)
    assert [named.name(one) for one in (0, 2)] == [record[0], record[2]]


def test_a_merged_behaviour_takes_the_name_of_a_person(named: NamedMap) -> None:
    named.rename(1, "trotting")
    assert named.compare(0, 1).change.name == "trotting"
    merged = named.approve((0, 1))
    assert (merged.name, merged.source) == ("trotting", "user")
    with pytest.raises(InputError, match="found that of 0"):
        named.rename(2, "Trotting")


def test_bouts_of_merged_behaviours_become_one(named: NamedMap) -> None:
    apart = ethogram(named.groups())
    named.approve((0, 1), "locomotion")
    groups = named.groups()
    joined = ethogram(groups)
    assert "locomotion" in joined.labels
    assert len(joined) < len(apart)
    assert groups.clusters["name"].tolist() == [one.name for one in named.names()]
    assert groups.map is named.map


def test_a_generated_title_is_marked_wherever_it_is_shown(named: NamedMap) -> None:
    one = named.set_title(2, TITLE)
    assert one.name == "trotting (generated)"
    assert one.source == "generated"
    table = named.table().set_index("cluster")
    assert table.loc[2, ["name", "name_source", "title"]].tolist() == [
        "trotting (generated)",
        "generated",
        "trotting (generated)",
    ]
    assert table.loc[2, "title_model"] == "tiny 1"
    view = named.view()
    assert set(view.loc[view["cluster"] == 2, "name"]) == {"trotting (generated)"}
    assert "trotting (generated)" in ethogram(named.groups()).labels
    assert "trotting (generated)" in named.dendrogram().labels
    assert named.rename(2, "licking").title == TITLE
    assert named.table().set_index("cluster").loc[2, "title"] == "trotting (generated)"


def test_names_survive_a_refit_by_their_ids(
    run: Path, found: ClusterMap, rows: pd.DataFrame, tmp_path: Path
) -> None:
    old = NamedMap.open(run, who="KM")
    old.rename(0, "running")
    old.rename(2, "licking")
    old.set_title(3, TITLE)
    old.approve((0, 1), "locomotion")
    # The refit found 0, 1, 3 and 4 again, and something new under the id 5.
    ids = (0, 1, 3, 4, 5)[: len(found)]
    after = replace(found, ids=ids, given=6, parent=found.map_id)
    after.save(tmp_path / "again" / "result" / "map")
    new = NamedMap.open(tmp_path / "again", who="LM")
    carried = new.carry(old)
    assert (carried.names, carried.titles, carried.merges) == (1, 1, 1)
    assert len(carried.left) == 1
    assert "licking" in carried.left[0]
    assert new.carry(old).names == 0
    for one in (new, NamedMap.open(tmp_path / "again")):
        assert one.name(0).name == "locomotion"
        assert one.name(0).members == (0, 1)
        assert one.name(3).name == "trotting (generated)"
    new.undo_merge(0)
    assert (new.name(0).name, new.name(0).who) == ("running", "KM")
    assert old.name(2).name == "licking"


def refit_of(found: ClusterMap, place: Path) -> NamedMap:
    """A refit that found all behaviours again."""
    after = replace(found, penalty=found.penalty * 2, parent=found.map_id)
    after.save(place)
    return NamedMap.open(place, who="LM")


def test_edits_after_a_refit_come_along_later(run: Path, found: ClusterMap, tmp_path: Path) -> None:
    old, new = NamedMap.open(run, who="KM"), refit_of(found, tmp_path / "again")
    old.rename(0, "running")
    assert new.carry(old) == (1, 0, 0, ())
    # A name that is free by now, and one that goes from a part to the whole.
    old.rename(0, "dashing")
    old.rename(1, "running")
    old.set_title(3, TITLE)
    old.approve((0, 1), "dashing")
    assert new.carry(old) == (2, 1, 1, ())
    assert new.carry(old) == (0, 0, 0, ())
    assert (new.name(0).name, new.name(0).members) == ("dashing", (0, 1))
    # What was taken back in the refit stays so.
    new.undo_merge(0)
    assert new.carry(old) == (0, 0, 0, ())
    assert [new.name(one).name for one in (0, 1)] == ["dashing", "running"]


def test_names_of_the_refit_stand_before_those_that_come_later(
    run: Path, found: ClusterMap, tmp_path: Path
) -> None:
    old, new = NamedMap.open(run, who="KM"), refit_of(found, tmp_path / "again")
    old.rename(0, "running")
    new.carry(old)
    # Not the last word in the old map, and a name that another behaviour has by now.
    old.rename(0, "dashing")
    old.rename(1, "rearing")
    wait_a_tick()
    new.rename(0, "walking")
    new.rename(2, "Rearing")
    for _ in range(2):
        carried = new.carry(old)
        assert (carried.names, len(carried.left)) == (0, 2)
        assert "'dashing': the refit calls it 'walking' since." in carried.left[0]
        assert "'rearing': that is the name of 2 in the refit." in carried.left[1]
    assert [new.name(one).name for one in (0, 2)] == ["walking", "Rearing"]
    assert new.name(1).source != "user"
    # A merge comes along without its name.
    old.approve((3, 4), "walking")
    carried = new.carry(old)
    assert (carried.merges, len(carried.left)) == (1, 3)
    assert new.name(3).members == (3, 4)
    assert new.name(3).source != "user"


def test_steps_of_a_map_share_their_edits(run: Path, found: ClusterMap) -> None:
    old = NamedMap.open(run, who="KM")
    old.rename(0, "running")
    grown = accepted(found, len(found))
    grown.save(new_step(run / "result" / "map"))
    assert old.journal.path is not None
    before = old.journal.path.read_bytes()
    step = NamedMap(grown, journal=MapJournal(old.journal.path))
    first = NamedMap(found, journal=MapJournal(old.journal.path))
    assert step.carry(first) == (0, 0, 0, ())
    assert old.journal.path.read_bytes() == before
    assert step.name(0).name == "running"


def test_names_of_a_map_that_is_no_kin(named: NamedMap, found: ClusterMap) -> None:
    other = NamedMap(replace(found, penalty=found.penalty * 2))
    named.rename(0, "running")
    with pytest.raises(InputError, match="Say which ids mean the same"):
        other.carry(named)
    with pytest.raises(InputError, match="found 88, which it does not have"):
        other.carry(named, kept=[88])
    assert other.carry(named, kept=[0]).names == 1
    assert other.name(0).name == "running"


def test_two_programs_at_once(run: Path) -> None:
    one, other = NamedMap.open(run, who="A"), NamedMap.open(run, who="B")
    one.approve((0, 1))
    with pytest.raises(InputError, match="a part of 0"):
        other.rename(1, "trotting")
    assert other.name(0).members == (0, 1)
    other.rename(2, "licking")
    assert one.refresh()
    assert one.name(2).name == "licking"
    with pytest.raises(InputError, match="found that of 2"):
        one.rename(3, "licking")


def accepted(found: ClusterMap, *ids: int, of: str = "") -> ClusterMap:
    """A step of a map with behaviours that were accepted."""
    examples = np.zeros((1, found.micro.shape[1]))
    new = tuple(
        Accepted(one, f"digging {one}", examples + one, 1.0, 7, ("a", "m", 0, 3)) for one in ids
    )
    return replace(found, accepted=new, given=9 if not ids else 0, parent=of or found.map_id)


def test_names_go_to_the_newest_step_and_stay_seen(run: Path, found: ClusterMap) -> None:
    """A panel that is open meanwhile, one that is opened later, and a step after that."""
    place, new = run / "result" / "map", len(found)
    panel = NamedMap.open(run, who="KM")
    panel.rename(0, "running")
    record = panel.view()
    first = accepted(found, new)
    first.save(new_step(place))
    # The map that was open goes on to the step, and knows the names there.
    with pytest.raises(InputError, match=f"found that of {new}"):
        panel.rename(1, f"Digging {new}")
    panel.rename(1, "trotting")
    panel.rename(new, "burrowing")
    assert panel.map.map_id == first.map_id
    assert [path.name for path in sorted(run.glob("*.jsonl"))] == ["map.edits.jsonl"]
    accepted(found, new, new + 1, of=first.map_id).save(new_step(place))
    later = NamedMap.open(run)
    assert panel.refresh()
    for one in (panel, later):
        names = {cluster.cluster: cluster.name for cluster in one.names()}
        assert (names[0], names[1]) == ("running", "trotting")
        assert (names[new], names[new + 1]) == ("burrowing", f"digging {new + 1}")
        assert one.can_undo is not None
        assert one.can_undo.name == "burrowing"
    # Words and labels of record are those of the run.
    assert later.names() == panel.names()
    np.testing.assert_array_equal(later.view()["cluster"], record["cluster"])
    assert later.name(2).source == "words"
    panel.undo()
    assert later.refresh()
    assert later.name(new).name == f"digging {new}"


def test_edits_of_what_was_taken_back_rest(tmp_path: Path, found: ClusterMap) -> None:
    place, new = found.save(tmp_path / "atlas"), len(found)
    grown = accepted(found, new)
    grown.save(new_step(place))
    named = NamedMap.open(place)
    named.approve((0, new), "both")
    named.rename(1, "trotting")
    back = accepted(found, of=grown.map_id)
    back.save(new_step(place))
    assert named.refresh()
    assert named.name(0).members == (0,)
    assert named.name(1).name == "trotting"
    assert named.can_undo is not None
    assert named.can_undo.name == "trotting"
    accepted(found, new, of=back.map_id).save(new_step(place))
    assert NamedMap.open(place).name(0).name == "both"


def test_steps_of_a_map_that_was_here_before_are_none_of_this(run: Path, found: ClusterMap) -> None:
    before = replace(found, penalty=found.penalty * 2)
    accepted(before, len(found)).save(new_step(run / "result" / "map"))
    named = NamedMap.open(run)
    assert named.map.map_id == found.map_id
    assert named.rename(0, "running").name == "running"


def test_a_name_that_cannot_be_written_is_not_given(
    tmp_path: Path, found: ClusterMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = found.save(tmp_path / "atlas")
    named = NamedMap.open(place)
    before, names = contents(tmp_path), named.names()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("napari_mousegpt.store.appending.os.fsync", full)
    with pytest.raises(StorageError, match=r"disk is full.*Nothing changed"):
        named.rename(1, "trotting")
    monkeypatch.undo()
    assert contents(tmp_path) == before
    assert named.names() == names
    assert named.rename(1, "trotting").name == "trotting"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "an empty name"),
        ("a" * 81, "81 letters"),
        ("tro\u200btting", "some cannot be seen"),
        ("walking (generated)", "means something else here"),
        ("Noise", "means something else here"),
    ],
)
def test_names_that_mislead_are_refused(named: NamedMap, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        named.rename(0, name)
    if name:
        with pytest.raises(InputError, match=said):
            named.approve([0, 1], name)


def test_a_map_alone_has_names_but_no_words(found: ClusterMap, tmp_path: Path) -> None:
    found.save(tmp_path / "atlas")
    named = NamedMap.open(tmp_path / "atlas")
    assert any("no words" in note for note in named.notes)
    assert [one.source for one in named.names()] == ["none"] * len(found)
    one = named.compare(0, 1)
    assert np.isnan(one.words)
    assert "no words to compare" in one.reason
    assert len(one.exemplars[0]) == 0
    named.rename(0, "running")
    # The larger one by what the map was fitted on.
    assert named.approve((0, 1)).cluster == 0
    assert (tmp_path / "atlas.edits.jsonl").is_file()
    assert named.table()["name"][0] == "running"


def test_all_noise_one_giant_and_nothing(found: ClusterMap, rows: pd.DataFrame) -> None:
    noise = NamedMap(found, rows.assign(cluster=-1))
    assert any("are noise" in note for note in noise.notes)
    assert len(noise.names()) == len(found)
    assert len(noise.exemplars(0)) == 0
    giant = NamedMap(found, rows.assign(cluster=np.where(rows["cluster"] < 1, rows["cluster"], 0)))
    assert any("finer levels before you merge" in note for note in giant.notes)
    one = replace(found, shares=found.shares[:, :1], cohesion=found.cohesion[:1])
    alone = NamedMap(replace(one, sizes=found.sizes[:1], medoids=found.medoids[:1]))
    assert alone.suggestions() == []
    assert alone.dendrogram().leaves == (0,)
    assert alone.notes[0].startswith("There is one behaviour only")
    none = replace(
        one, shares=found.shares[:, :0], cohesion=found.cohesion[:0], sizes=(), medoids=()
    )
    empty = NamedMap(none)
    assert empty.names() == ()
    assert empty.suggestions() == []
    assert empty.approve_all() == ()
    assert empty.notes[0].startswith("The map has no behaviours")
    with pytest.raises(InputError, match="a map without behaviours"):
        empty.rename(0, "x")
    assert len(empty.table()) == 0


def test_assignments_of_another_map(found: ClusterMap, rows: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="found cluster 55, which it does not have"):
        NamedMap(found, rows.assign(cluster=55))


def test_settings_that_part_too_finely() -> None:
    assert over_segmenting(QUICK).min_cluster_size < QUICK.min_cluster_size
    assert over_segmenting(QUICK).seed == QUICK.seed
