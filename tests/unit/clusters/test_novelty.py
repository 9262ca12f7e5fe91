"""New against a reference: found, calibrated, grouped, accepted, and refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

import napari_mousegpt as mg
from napari_mousegpt.clusters import ClusterMap, ClusterParams, fit
from napari_mousegpt.clusters import novelty as novelty_module
from napari_mousegpt.clusters.accepting import accept
from napari_mousegpt.clusters.consensus import squared_distances
from napari_mousegpt.clusters.membership import row_bouts
from napari_mousegpt.clusters.neighbours import (
    distances_to,
    neighbours_elsewhere,
    scales_of,
    spread_rows,
)
from napari_mousegpt.clusters.novelty import Novelty, Question, novel_against
from napari_mousegpt.clusters.novelty_calibration import (
    flag_rate,
    players,
    pool_sizes,
    threshold_of,
    thresholds,
)
from napari_mousegpt.clusters.novelty_params import NoveltyParams
from napari_mousegpt.clusters.novelty_tables import BATCH, window_keys
from napari_mousegpt.clusters.projection import Projection
from napari_mousegpt.clusters.two_sample import Side, density_shares
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.store import Part
from support.novelty_worlds import QUICK, make

KNOWN = (0, 1, 2, 3, 4)
NEW = 6


@pytest.fixture(scope="module")
def reference() -> Vectors:
    return make("r", 6, KNOWN, seed=1)[0]


@pytest.fixture(scope="module")
def new() -> tuple[Vectors, np.ndarray]:
    return make("n", 3, (*KNOWN, NEW), seed=2)


@pytest.fixture(scope="module")
def found(reference: Vectors, new: tuple[Vectors, np.ndarray]) -> Novelty:
    return novel_against(reference, new[0], QUICK)


@pytest.mark.parametrize("method", ["density", "classifier", "both"])
def test_a_behaviour_the_reference_lacks_stands_out(
    reference: Vectors, new: tuple[Vectors, np.ndarray], method: str
) -> None:
    question = Question(reference, new[0], replace(QUICK, method=method))
    assert roc_auc_score(new[1] == NEW, question.windows()["share"]) > 0.99


def test_where_nothing_is_new_the_stated_rate_is_flagged(reference: Vectors) -> None:
    rates = []
    for seed in range(90, 96):
        same, _ = make("n", 3, KNOWN, seed=seed)
        answer = novel_against(reference, same, replace(QUICK, false_alarms=0.1))
        new = answer.recordings[answer.recordings["role"] == "new"]
        assert (new["verdict"] != BATCH).all()
        rates += list(new["rate"])
    assert 0.02 < np.mean(rates) < 0.2, rates


def test_control_stands_beside_the_answer(found: Novelty) -> None:
    control = found.recordings[found.recordings["role"] == "control"]
    assert sorted(control["recording"]) == [f"r{i}" for i in range(6)]
    assert control["rate"].mean() == pytest.approx(QUICK.false_alarms, abs=0.03)
    assert ((control["low"] <= control["rate"]) & (control["rate"] <= control["high"])).all()


def test_flagged_windows_become_a_candidate(
    found: Novelty, new: tuple[Vectors, np.ndarray]
) -> None:
    members = (found.windows["candidate"] == 0).to_numpy()
    assert (new[1][members] == NEW).mean() > 0.95
    assert members[new[1] == NEW].mean() > 0.8
    row = found.candidates.iloc[0]
    assert row["n_animals"] == 3
    assert row["times_denser"] > 4
    medoid = found.windows[found.windows["range_id"] == row["medoid_range_id"]]
    assert new[1][medoid.index[0]] == NEW
    assert row["seconds"] == pytest.approx(members.sum() * 0.1, rel=0.01)


def test_rows_in_any_order_give_the_same_answer(
    reference: Vectors, new: tuple[Vectors, np.ndarray], found: Novelty
) -> None:
    random = np.random.default_rng(0)
    order = random.permutation(len(new[0]))
    again = novel_against(reference[random.permutation(len(reference))], new[0][order], QUICK)
    np.testing.assert_array_equal(again.windows["share"], found.windows["share"].iloc[order])
    assert again.threshold == found.threshold


def test_nothing_is_learnt_from_recordings_that_are_held_out(
    reference: Vectors, new: tuple[Vectors, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scale, components and neighbours of a draw come from those that play the reference."""
    learnt = []
    fit_projection = Projection.fit.__func__

    def spy(cls: type, values: np.ndarray, *more: object) -> Projection:
        learnt.append({row.tobytes() for row in values})
        return fit_projection(cls, values, *more)

    monkeypatch.setattr(Projection, "fit", classmethod(spy))
    question = Question(reference, new[0], QUICK)
    control = question.control()
    draws = sorted(set(control["draw"]))
    assert len(learnt) == len(draws)
    for draw, rows in zip(draws, learnt, strict=True):
        playing = control.loc[control["draw"] == draw, "recording"].unique()
        held_out = np.isin(reference.intervals.recording.astype(str), playing.astype(str))
        assert not rows & {row.tobytes() for row in reference.values[held_out]}
    learnt.clear()
    question.windows()
    assert not learnt[0] & {row.tobytes() for row in new[0].values}


def test_the_threshold_comes_from_the_reference_alone(
    reference: Vectors, new: tuple[Vectors, np.ndarray], found: Novelty
) -> None:
    other, _ = make("n", 3, KNOWN, seed=77, shift=5.0)
    assert novel_against(reference, other, QUICK).threshold == found.threshold


def test_wholesale_flags_are_a_batch_effect(reference: Vectors) -> None:
    moved, _ = make("n", 3, KNOWN, seed=3, shift=4.0)
    answer = novel_against(reference, moved, QUICK)
    new = answer.recordings[answer.recordings["role"] == "new"]
    assert (new["verdict"] == BATCH).all()
    assert len(answer.candidates) == 0
    assert "wholesale" in " ".join(answer.problems)


def test_too_few_recordings_are_not_calibrated(
    reference: Vectors, new: tuple[Vectors, np.ndarray]
) -> None:
    two = reference[np.isin(reference.intervals.recording, ["r0", "r1"])]
    answer = novel_against(two, new[0], QUICK)
    assert np.isnan(answer.threshold)
    assert not answer.windows["flagged"].any()
    assert "nothing is flagged" in answer.problems[0]
    assert roc_auc_score(new[1] == NEW, answer.windows["share"]) > 0.95


def test_recordings_of_one_animal_are_not_held_against_each_other(
    reference: Vectors, new: tuple[Vectors, np.ndarray]
) -> None:
    with pytest.raises(InputError, match="new animals: expected at least 2"):
        novel_against(reference, new[0], QUICK, animals={f"n{i}": "one" for i in range(3)})
    pool_of = np.asarray([0, 0, 1, 1])
    points = np.asarray([[0.0], [0.1], [5.0], [6.0]])
    assert neighbours_elsewhere(points, pool_of, points[:1], pool_of[:1], 2).tolist() == [[2, 3]]


def test_bad_input_is_a_sentence(reference: Vectors, new: tuple[Vectors, np.ndarray]) -> None:
    fresh = new[0]
    with pytest.raises(InputError, match="new recordings: expected at least 2"):
        novel_against(reference, fresh[fresh.intervals.recording == "n0"], QUICK)
    with pytest.raises(InputError, match="recording 'r0': expected either"):
        novel_against(reference, reference, QUICK)
    with pytest.raises(InputError, match="expected at least 5000, as many as neighbours"):
        novel_against(reference, fresh, replace(QUICK, k=5000))
    other = Vectors(fresh.intervals, fresh.values, fresh.names, "another", "1")
    with pytest.raises(MismatchError, match="one model"):
        novel_against(reference, other, QUICK)
    flat = Vectors(
        reference.intervals, np.ones_like(reference.values), reference.names, "made", "1"
    )
    with pytest.raises(InputError, match="differs between rows"):
        novel_against(flat, fresh, QUICK)
    unseen = np.full_like(fresh.values, np.nan)
    with pytest.raises(InputError, match="new recordings"):
        novel_against(reference, Vectors(fresh.intervals, unseen, fresh.names, "made", "1"), QUICK)


def test_windows_without_numbers_are_never_flagged(
    reference: Vectors, new: tuple[Vectors, np.ndarray]
) -> None:
    values = new[0].values.copy()
    values[:50] = np.nan
    holed = Vectors(new[0].intervals, values, new[0].names, "made", "1")
    answer = novel_against(reference, holed, QUICK)
    assert answer.windows["share"].iloc[:50].isna().all()
    assert not answer.windows["flagged"].iloc[:50].any()
    assert answer.recordings.set_index("recording").loc["n0", "windows"] == 150


def test_a_candidate_joins_a_map_with_a_new_id(
    reference: Vectors, new: tuple[Vectors, np.ndarray], found: Novelty, tmp_path: Path
) -> None:
    old = fit(reference, ClusterParams(micro_clusters=120, partitions=40, bout_s=0.5))
    grown = accept(old, new[0], found, 0, "digging")
    assert grown.next_id == old.next_id + 1
    assert grown.clusters == (*old.clusters, old.next_id)
    assert grown.map_id != old.map_id
    labels = grown.apply(new[0])
    mine = (labels["cluster"] == old.next_id).to_numpy()
    assert (new[1][mine] == NEW).mean() > 0.9
    assert mine[new[1] == NEW].mean() > 0.7
    before = old.apply(reference)["cluster"].to_numpy()
    after = grown.apply(reference)["cluster"].to_numpy()
    assert (before == after).mean() > 0.99
    loaded = ClusterMap.load(grown.save(tmp_path / "map"))
    assert loaded.map_id == grown.map_id
    assert loaded.accepted[0].name == "digging"
    np.testing.assert_array_equal(loaded.apply(new[0])["cluster"], labels["cluster"])
    again = accept(loaded, new[0], found, 0)
    assert again.clusters == (*old.clusters, old.next_id, old.next_id + 1)
    with pytest.raises(InputError, match="candidate 9"):
        accept(old, new[0], found, 9)
    with pytest.raises(MismatchError, match="windows that novelty was asked about"):
        accept(old, reference, found, 0)


def test_a_map_without_additions_is_written_as_before(reference: Vectors, tmp_path: Path) -> None:
    old = fit(reference, ClusterParams(micro_clusters=60, partitions=20, bout_s=0.5))
    card = (old.save(tmp_path / "map") / "map.json").read_text(encoding="utf-8")
    assert '"version": 1' in card
    assert "accepted" not in card


def test_the_verb_keeps_everything_and_goes_on(
    reference: Vectors,
    new: tuple[Vectors, np.ndarray],
    found: Novelty,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = iter(mg.iter_novel(reference, new[0], QUICK, out=tmp_path / "run"))
    first: Part = next(parts)
    assert first.name == "control"
    parts.close()
    monkeypatch.setattr(novelty_module, "control_shares", None)  # it is there already
    answer = mg.novel(reference, new[0], QUICK, out=tmp_path / "run")
    np.testing.assert_array_equal(answer.windows["candidate"], found.windows["candidate"])
    names = {path.name for path in (tmp_path / "run" / "result").iterdir()}
    assert {"windows.parquet", "recordings.csv", "candidates.csv", "run_card.json"} <= names


@given(rate=st.floats(0.01, 0.4), sizes=st.lists(st.integers(5, 200), min_size=1, max_size=7))
@settings(max_examples=40, deadline=None)
def test_half_of_the_recordings_flag_at_most_the_stated_share(
    rate: float, sizes: list[int]
) -> None:
    random = np.random.default_rng(sum(sizes))
    of = np.repeat(np.arange(len(sizes)), sizes)
    scores = (random.normal(0, 1, len(of)) + of).round(1)
    each = thresholds(scores, of, rate)
    own = [(scores[of == one] > each[one]).mean() for one in range(len(sizes))]
    assert max(own) <= rate + 1e-9
    limit = threshold_of(scores, of, rate)
    within = [(scores[of == one] > limit).mean() <= rate + 1e-9 for one in range(len(sizes))]
    # As many as for one recording more than there are: ranks hold for one that is not here, too.
    assert sum(within) >= (len(sizes) + 1) / 2


def test_the_median_recording_flags_what_is_stated_though_recordings_differ() -> None:
    """Pooled windows would let a few far recordings set the threshold for all."""
    random = np.random.default_rng(5)
    rates = []
    for _ in range(300):
        place = random.exponential(1.0, 7)
        scores = random.normal(place[:, None], 1, (7, 400))
        of = np.repeat(np.arange(6), 400)
        limit = threshold_of(scores[:6].ravel(), of, 0.05)
        rates.append((scores[6] > limit).mean())
    assert 0.03 <= np.median(rates) <= 0.07


def test_intervals_are_wider_where_flags_come_in_runs() -> None:
    runs = np.zeros(1000, dtype=bool)
    runs[100:200] = True
    scattered = np.zeros(1000, dtype=bool)
    scattered[::10] = True
    wide, narrow = flag_rate(runs), flag_rate(scattered)
    assert wide.rate == narrow.rate == 0.1
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)


@pytest.mark.parametrize(("reference", "new", "playing"), [(2, 3, 0), (3, 3, 2), (12, 4, 5)])
def test_the_control_is_like_the_question(reference: int, new: int, playing: int) -> None:
    assert players(reference, new) == playing


def test_scales_of_kinematic_names_and_of_others() -> None:
    names = ("speed", "speed mean 1s", "speed spread 1s", "speed mean 3s")
    assert [columns.tolist() for columns in scales_of(names)] == [[0], [1, 2], [3], [0, 1, 2, 3]]
    assert [columns.tolist() for columns in scales_of(("a", "b"))] == [[0, 1]]
    assert spread_rows(np.asarray([0] * 100 + [1] * 2), 10).tolist()[-2:] == [100, 101]


def test_parameters_are_checked() -> None:
    for wrong in ({"method": "magic"}, {"k": 1}, {"false_alarms": 0.9}, {"variance": 2.0}):
        with pytest.raises(InputError):
            NoveltyParams(**wrong)  # type: ignore[arg-type]


def test_numbers_that_stand_still_are_a_candidate_not_a_failure(
    reference: Vectors, new: tuple[Vectors, np.ndarray]
) -> None:
    """A frozen tracker gives windows that do not differ at all, in two places."""
    values = new[0].values.copy()
    still = np.arange(len(values)) % 200 < 40
    values[still] = np.where(np.arange(len(values)) % 200 < 20, 20.0, 22.0)[still, None]
    frozen = Vectors(new[0].intervals, values, new[0].names, "made", "1")
    answer = novel_against(reference, frozen, QUICK)
    assert answer.windows["flagged"][still].all()
    assert (answer.windows["candidate"][still] >= 0).all()
    assert answer.windows["candidate"][still].nunique() == 2


def test_each_window_of_the_control_counts_once(found: Novelty) -> None:
    control = found.recordings[found.recordings["role"] == "control"]
    assert found.control.groupby("row").size().max() > 1
    assert (control["windows"] == 200).all()


def test_no_animal_of_the_control_is_judged_by_what_it_set(found: Novelty) -> None:
    control = found.control
    of = control.groupby(["draw", "recording"]).ngroup().to_numpy()
    for name in ("r0", "r5"):
        mine = (control["recording"] == name).to_numpy()
        standing = control["standing"].to_numpy()
        limit = threshold_of(standing[~mine], of[~mine], QUICK.false_alarms)
        np.testing.assert_array_equal(control["flagged"][mine], standing[mine] > limit)


def test_an_animal_on_both_sides_is_held_against_other_animals() -> None:
    """What animal A did before is no reference for A itself."""
    known = Vectors.concat([make("r", 4, KNOWN, seed=1)[0], make("a", 1, (NEW,), seed=3)[0]])
    fresh, truth = make("n", 3, (*KNOWN, NEW), seed=2)
    animals = {"a0": "A", "n0": "A"}
    found = Question(known, fresh, replace(QUICK, method="classifier"), animals).windows()
    own = ((fresh.intervals.recording == "n0") & (truth == NEW)).astype(bool)
    others = ((fresh.intervals.recording != "n0") & (truth == NEW)).astype(bool)
    assert found["share"][own].median() > found["share"][others].median() + 0.1
    before = known[known.intervals.recording == "a0"]
    with pytest.raises(InputError, match="animal 'A' alone, which is new, too"):
        novel_against(before, fresh, QUICK, animals=animals)


def test_the_limit_of_an_accepted_behaviour_holds_for_its_bouts() -> None:
    """A claim asks a hundred examples, so the limit is a distance to these."""
    reference, _ = make("r", 4, KNOWN, seed=1)
    new, truth = make("n", 2, (*KNOWN, NEW), windows=9000, seed=2)
    old = fit(reference, ClusterParams(micro_clusters=60, partitions=20, bout_s=0.5))
    table = window_keys(new.intervals).assign(candidate=np.where(truth == NEW, 0, -1))
    row = {"candidate": 0, "medoid_recording": "n0", "medoid_individual": "m"}
    row |= {"medoid_start": 0, "medoid_stop": 3}
    told = Novelty(table, table, pd.DataFrame([row]), table, 0.0, QUICK)
    one = accept(old, new, told, 0).accepted[0]
    points, bout = row_bouts(old, new)
    share = np.bincount(bout, truth == NEW) / np.bincount(bout)
    mine = points[share > 0.5]
    assert len(mine) > 200
    near = np.sort(np.sqrt(squared_distances(mine, one.examples)), axis=1)
    distance = np.where(near[:, 0] < 1e-6, near[:, 1], near[:, 0])
    assert (distance <= one.limit + 1e-9).mean() == pytest.approx(0.95, abs=0.01)


def test_shares_are_those_of_the_formula() -> None:
    """Twelve windows of the reference, six of other new animals: a new one weighs two."""
    near, far = np.linspace(0.1, 0.5, 5), np.linspace(50, 60, 13)
    # Of the five nearest to 0 three are new, two known; four of the own animal lie nearer still.
    known = Side(np.r_[near[:2], far[:10]][:, None].astype(np.float32), np.zeros(12, dtype=int))
    fresh = Side(
        np.r_[near[2:], far[10:], 0.01 * np.arange(4)][:, None].astype(np.float32),
        np.asarray([1, 1, 2, 2, 2, 1, 3, 3, 3, 3]),
    )
    asked = Side(np.zeros((1, 1), dtype=np.float32), np.asarray([3]))
    found = density_shares(known, fresh, asked, NoveltyParams(k=5, steps=1))
    assert found.share[0] == pytest.approx(2 * 3 / (2 * 3 + 2))
    assert found.times[0] == pytest.approx(2 * 3 / 2)


def test_the_rank_of_the_threshold_is_that_of_one_recording_more() -> None:
    """Of K thresholds the one of rank (K + 1) / 2, rounded up; each with 1 of 20 windows above."""
    for n, rank in ((1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4)):
        scores = (100.0 * np.arange(n)[:, None] + np.arange(20)).ravel()
        of = np.repeat(np.arange(n), 20)
        assert thresholds(scores, of, 0.05).tolist() == [100 * one + 18 for one in range(n)]
        assert threshold_of(scores, of, 0.05) == 100 * (rank - 1) + 18
    assert np.isnan(threshold_of(np.empty(0), np.empty(0, dtype=int), 0.05))


def test_neighbours_are_exact_in_many_dimensions_too() -> None:
    """Far from zero single precision cannot tell these distances apart."""
    random = np.random.default_rng(0)
    pool = 300 + random.normal(0, 0.05, (600, 40))
    windows = 300 + random.normal(0, 0.05, (50, 40))
    distance, rows = distances_to(pool, windows, 10)
    true = np.sqrt(((windows[:, None] - pool) ** 2).sum(axis=2))
    np.testing.assert_array_equal(rows, np.argsort(true, axis=1)[:, :10])
    np.testing.assert_allclose(distance, np.sort(true, axis=1)[:, :10])


def test_the_pool_of_the_question_is_as_large_as_that_of_the_control() -> None:
    # Of twelve animals with 6000 windows five play the new ones.
    assert pool_sizes((12, 6000), (4, 9000), 8000) == (3500, 2500)
    assert pool_sizes((12, 6000), (4, 2000), 8000) == (3500, 2000)
    # A reference of three is no match for three: each side gives what there is room for.
    assert pool_sizes((3, 900), (3, 9000), 8000) == (900, 4000)
