"""Candidates accepted into a map, taken back, accepted again: ids mean one thing for ever."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from napari_mousegpt.clusters import ClusterMap, ClusterParams, accept, fit, growing
from napari_mousegpt.clusters.growing import GrowingMap
from napari_mousegpt.clusters.map_journal import MapJournal, journal_path
from napari_mousegpt.clusters.map_steps import new_step, steps_of
from napari_mousegpt.clusters.named_map import NamedMap
from napari_mousegpt.clusters.novelty import Novelty, novel_against
from napari_mousegpt.clusters.refit_run import refit_map
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, LockedError
from napari_mousegpt.store import appending
from support.novelty_worlds import QUICK, make

KNOWN, NEW = (0, 1, 2, 3, 4), 6


@pytest.fixture(scope="module")
def asked() -> tuple[ClusterMap, Vectors, Novelty]:
    reference, _ = make("r", 6, KNOWN, seed=1)
    new, _ = make("n", 3, (*KNOWN, NEW), seed=2)
    found = fit(reference, ClusterParams(micro_clusters=80, partitions=20, bout_s=0.5))
    return found, new, novel_against(reference, new, QUICK)


def test_an_id_is_never_given_again(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path
) -> None:
    old, new, answer = asked
    growing = GrowingMap(old.save(tmp_path / "map"))
    before = growing.map.apply(new)["cluster"].to_numpy()
    first = growing.accept(new, answer, 0, "digging")
    assert first.cluster == old.next_id
    with_it = growing.map.apply(new)["cluster"].to_numpy()
    assert (with_it == first.cluster).any()
    assert growing.undo().cluster == first.cluster
    np.testing.assert_array_equal(growing.map.apply(new)["cluster"], before)
    # Also a program that is started later knows that the id rests.
    later = GrowingMap(tmp_path / "map")
    assert later.can_undo is None
    second = later.accept(new, answer, 0, "hopping")
    assert second.cluster == first.cluster + 1
    assert ClusterMap.load(tmp_path / "map").map_id == old.map_id


def test_what_was_taken_back_comes_back_under_its_id(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path
) -> None:
    old, new, answer = asked
    growing = GrowingMap(old.save(tmp_path / "map"))
    first = growing.accept(new, answer, 0)
    labels = growing.map.apply(new)["cluster"].to_numpy()
    growing.undo()
    assert growing.can_redo == first
    assert growing.redo().cluster == first.cluster
    np.testing.assert_array_equal(growing.map.apply(new)["cluster"], labels)
    with pytest.raises(InputError, match="redo: expected a behaviour that was taken back"):
        growing.redo()
    growing.undo()
    with pytest.raises(InputError, match="undo: expected a behaviour that was accepted"):
        growing.undo()


def test_names_of_people_go_along_and_stay_their_own(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path
) -> None:
    old, new, answer = asked
    place = old.save(tmp_path / "map")
    NamedMap(old, journal=MapJournal(journal_path(place))).rename(0, "grooming")
    growing = GrowingMap(place)
    with pytest.raises(InputError, match="that of 0"):
        growing.accept(new, answer, 0, "grooming")
    grown = growing.accept(new, answer, 0, "digging")
    names = {one.cluster: one.name for one in NamedMap.open(growing.folder).names()}
    assert names[0] == "grooming"
    assert names[grown.cluster] == "digging"


def test_names_are_carried_without_saying_which(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path
) -> None:
    old, new, answer = asked
    before = NamedMap(old, journal=MapJournal())
    before.rename(1, "grooming")
    grown = NamedMap(accept(old, new, answer, 0, "digging"))
    assert grown.carry(before).names == 1
    assert {one.cluster: one.name for one in grown.names()}[1] == "grooming"


def test_only_names_of_people_are_taken(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path
) -> None:
    old, new, answer = asked
    place = old.save(tmp_path / "map")
    growing = GrowingMap(place)
    automatic = NamedMap.open(place).names()[0]
    assert automatic.source != "user"
    assert growing.accept(new, answer, 0, automatic.name).name == automatic.name
    growing.undo()
    # A name that is given to the first map later, in the panel of maps, is one as well.
    NamedMap.open(place).rename(1, "Washing")
    with pytest.raises(InputError, match="that of 1"):
        growing.accept(new, answer, 0, "washing")


def test_a_refit_goes_on_from_what_was_accepted(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path
) -> None:
    old, new, answer = asked
    growing = GrowingMap(old.save(tmp_path / "map"))
    accepted = growing.accept(new, answer, 0, "digging")
    assert growing.map.parent == old.map_id
    done = refit_map(tmp_path / "map", new, memory=0.0, out=tmp_path / "again")
    assert done.map.parent == growing.map.map_id
    assert accepted.cluster in set(done.matches["old_id"])
    truly_new = set(done.matches.loc[done.matches["decision"] == "new", "new_id"])
    assert accepted.cluster not in truly_new
    assert done.map.next_id > accepted.cluster


def test_the_thousandth_step_is_the_last(tmp_path: Path) -> None:
    for name in ("999", "1000"):
        (tmp_path / "map.grown" / name).mkdir(parents=True)
        (tmp_path / "map.grown" / name / "map.json").touch()
    assert steps_of(tmp_path / "map")[-1].name == "1000"
    assert new_step(tmp_path / "map").name == "1001"


def split(new: Vectors, answer: Novelty) -> Novelty:
    """The candidate as two, one of each half of the recordings: both can be accepted."""
    windows, first = answer.windows.copy(), answer.candidates.query("candidate == 0")
    names = sorted(windows.loc[windows["candidate"] == 0, "recording"].unique())
    mine = (windows["candidate"] == 0) & windows["recording"].isin(names[len(names) // 2 :])
    windows.loc[mine, "candidate"] = 1
    both = pd.concat([first, first.assign(candidate=1)], ignore_index=True)
    return replace(answer, windows=windows, candidates=both)


def test_two_programs_accept_into_one_map(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path
) -> None:
    old, new, answer = asked
    halves = split(new, answer)
    place = old.save(tmp_path / "map")
    panel, command = GrowingMap(place), GrowingMap(place)
    one = panel.accept(new, halves, 0, "digging")
    other = command.accept(new, halves, 1, "hopping")
    assert (one.cluster, other.cluster) == (old.next_id, old.next_id + 1)
    both = [(one.cluster, "digging"), (other.cluster, "hopping")]
    for now in (panel, command, GrowingMap(place)):
        assert now.can_undo is not None
        assert now.can_undo.cluster == other.cluster
        assert [(a.cluster, a.name) for a in now.map.accepted] == both
    # The name that the other program gave is taken, and so is its candidate.
    with pytest.raises(InputError, match=f"that of {other.cluster}"):
        panel.accept(new, answer, 0, "hopping")
    with pytest.raises(InputError, match=f"accepted as {other.cluster} before"):
        panel.accept(new, halves, 1, "jumping")


def test_an_undo_that_comes_late_takes_back_the_last_one_only(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path
) -> None:
    old, new, answer = asked
    halves = split(new, answer)
    place = old.save(tmp_path / "map")
    panel, command = GrowingMap(place), GrowingMap(place)
    one = panel.accept(new, halves, 0)
    other = command.accept(new, halves, 1)
    assert panel.undo().cluster == other.cluster
    assert [a.cluster for a in GrowingMap(place).map.accepted] == [one.cluster]
    # What another program accepts meanwhile cannot be doubled by a redo.
    again = command.accept(new, halves, 1)
    assert again.cluster == other.cluster + 1
    assert panel.can_redo is None
    with pytest.raises(InputError, match="redo: expected a behaviour that was taken back"):
        panel.redo()
    assert [a.cluster for a in GrowingMap(place).map.accepted] == [one.cluster, again.cluster]


def test_another_program_steps_in_while_a_candidate_is_worked_out(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, answer = asked
    halves = split(new, answer)
    place = old.save(tmp_path / "map")
    panel, command = GrowingMap(place), GrowingMap(place)
    meanwhile = [lambda: command.accept(new, halves, 1)]

    def slow(*given: Any) -> ClusterMap:
        grown = accept(*given)
        if meanwhile:
            meanwhile.pop()()
        return grown

    monkeypatch.setattr(growing, "accept", slow)
    assert panel.accept(new, halves, 0).cluster == old.next_id + 1
    assert [a.cluster for a in panel.map.accepted] == [old.next_id, old.next_id + 1]


def test_nobody_steps_in_while_a_step_is_written(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, answer = asked
    mine = GrowingMap(old.save(tmp_path / "map"))
    mine.accept(new, answer, 0)
    mine.undo()
    monkeypatch.setattr(appending, "_PATIENCE_S", 0.05)
    acts: list[Callable[[], object]] = [partial(mine.accept, new, answer, 0), mine.undo, mine.redo]
    with FileLock(tmp_path / ".map.grown.lock"):
        for act in acts:
            with pytest.raises(LockedError, match="Nothing was changed"):
                act()
    assert [path.name for path in steps_of(tmp_path / "map")[1:]] == ["001", "002"]
    assert mine.redo().cluster == old.next_id


def test_a_candidate_is_accepted_once(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path
) -> None:
    old, new, answer = asked
    mine = GrowingMap(old.save(tmp_path / "map"))
    first = mine.accept(new, answer, 0, "digging")
    with pytest.raises(InputError, match=f"accepted as {first.cluster} before.*names set RUN"):
        mine.accept(new, answer, 0, "hopping")
    with pytest.raises(InputError, match=f"accepted as {first.cluster} before"):
        mine.with_candidate(new, answer, 0, "hopping")
    with pytest.raises(InputError, match="expected 1 to 80 letters, found 200 letters"):
        mine.accept(new, answer, 0, "x" * 200)
    assert len(mine.map.accepted) == 1
    assert len(steps_of(tmp_path / "map")) == 2
    # Once taken back it can be; what was taken back stays back then.
    mine.undo()
    assert mine.accept(new, answer, 0, "hopping").cluster == first.cluster + 1
    assert mine.can_redo is None


def test_a_map_that_was_fitted_again_in_its_place_is_seen(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path
) -> None:
    old, new, answer = asked
    place = old.save(tmp_path / "map")
    mine = GrowingMap(place)
    shutil.rmtree(place)
    assert mine.can_undo is None
    anew = replace(old, penalty=old.penalty * 1.5)
    anew.save(place)
    mine.accept(new, answer, 0)
    assert mine.map.parent == anew.map_id
    assert GrowingMap(place).map.map_id == mine.map.map_id


def test_what_is_done_to_a_map_after_its_refit_comes_with_the_next_one(
    asked: tuple[ClusterMap, Vectors, Novelty], tmp_path: Path
) -> None:
    old, new, _ = asked
    place = old.save(tmp_path / "map")
    named = NamedMap.open(place, who="KM")
    named.rename(0, "grooming")

    def names() -> dict[int, str]:
        told = NamedMap.open(tmp_path / "again").names()
        return {one.cluster: one.name for one in told if one.source == "user"}

    def again() -> tuple[str, ...]:
        return refit_map(place, new, memory=0.0, out=tmp_path / "again").notes

    assert again() == ()
    assert names() == {0: "grooming"}
    named.rename(1, "rearing")
    assert again() == ()
    assert names() == {0: "grooming", 1: "rearing"}
    journal = journal_path(tmp_path / "again" / "result" / "map")
    before = journal.read_bytes()
    assert len(before.splitlines()) == 3
    again()
    assert journal.read_bytes() == before
