from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from napari_mousegpt.core.intervals import Intervals, range_ids
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.words.audits import agreement
from napari_mousegpt.words.propagation import Propagated, propagate
from napari_mousegpt.words.representatives import Plan, PropagateParams, plan_propagation

LABELS = np.array(["walking", "rearing", "grooming", "still"], dtype=object)
Describe = Callable[[Intervals], pd.DataFrame]


def clustered(n: int = 1200, animals: int = 6, seed: int = 0) -> pd.DataFrame:
    """Windows of several recordings, their cluster being their true behaviour."""
    rng = np.random.default_rng(seed)
    recording = np.array([f"r{i % animals}" for i in range(n)], dtype=object)
    start = np.arange(n) // animals * 20
    return pd.DataFrame(
        {
            "range_id": range_ids(recording, ["m"] * n, start, start + 20),
            "recording": recording,
            "individual": "m",
            "start": start,
            "stop": start + 20,
            "cluster": rng.integers(0, 4, n),
            "strength": rng.uniform(0.3, 1.0, n),
        }
    )


def model(
    labels: dict[str, str], asked: list[Intervals] | None = None, **other: object
) -> Describe:
    """A model that knows the label of every stretch; those without one fail."""

    def describe(intervals: Intervals) -> pd.DataFrame:
        if asked is not None:
            asked.append(intervals)
        table = intervals.to_pandas().assign(range_id=intervals.range_ids())
        table = table[table["range_id"].isin(list(labels))]
        table["label"] = table["range_id"].map(labels)
        texts = dict.fromkeys(("head", "limb", "torso", "keywords"), "")
        return table.assign(
            confidence=0.8,
            overall="It is " + table["label"],
            evidence="{}",
            model="tiny",
            prompt_id="p",
            **texts,
        )

    return describe


def truth_of(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["range_id"], LABELS[table["cluster"]], strict=True))


def by_animal(count: int = 6) -> dict[str, str]:
    return {f"r{i}": f"mouse {i}" for i in range(count)}


@pytest.fixture(scope="module")
def good() -> tuple[pd.DataFrame, Plan, Propagated]:
    table = clustered()
    plan = plan_propagation(table, animals=by_animal())
    return table, plan, propagate(plan, model(truth_of(table)))


def test_every_stretch_gets_its_words_and_says_from_where(
    good: tuple[pd.DataFrame, Plan, Propagated],
) -> None:
    table, plan, found = good
    words = found.words
    assert words["range_id"].tolist() == table["range_id"].tolist()
    assert words["label"].tolist() == LABELS[table["cluster"]].tolist()
    assert words["words_source"].value_counts().to_dict() == {"carried": 1156, "model": 44}
    assert list(words.columns[: len(DESCRIPTIONS.needed)]) == list(DESCRIPTIONS.needed)
    carried = words[words["words_source"] == "carried"]
    assert carried["carried_from"].isin(table["range_id"][plan.table["role"] == "exemplar"]).all()
    assert carried["overall"].tolist() == ("It is " + carried["label"]).tolist()
    assert carried["confidence"].unique().tolist() == [0.8]
    assert carried["model"].unique().tolist() == ["tiny"]
    assert json.loads(carried["evidence"].iloc[0])["audited"] == 8
    own = words[words["words_source"] == "model"]
    assert (own["carried_from"] == "").all()
    assert own["agreement"].isna().all()


def test_the_price_is_told_before_and_after(good: tuple[pd.DataFrame, Plan, Propagated]) -> None:
    _, plan, found = good
    assert plan.calls == 4 * (3 + 8)
    assert found.price == plan.price
    assert plan.price == (
        "44 model calls for 1200 stretches, 27.3 times fewer: 12 examples of clusters, "
        "32 to audit them."
    )


def test_the_model_is_asked_once_in_order_of_place() -> None:
    table, asked = clustered(), []
    plan = plan_propagation(table.sample(frac=1, random_state=0))
    propagate(plan, model(truth_of(table), asked))
    assert len(asked) == 1
    assert asked[0] == asked[0].sort()
    assert asked[0].columns == ("recording", "individual", "start", "stop")
    same = plan_propagation(table)
    assert set(same.intervals.range_ids()) == set(plan.intervals.range_ids())
    other = plan_propagation(table, PropagateParams(seed=1))
    assert set(other.intervals.range_ids()) != set(plan.intervals.range_ids())


def test_audited_agreement_has_exact_intervals(
    good: tuple[pd.DataFrame, Plan, Propagated],
) -> None:
    found = good[2]
    for row in found.clusters.itertuples():
        exact = binomtest(8, 8).proportion_ci(method="exact")
        assert (row.low, row.high) == pytest.approx((exact.low, exact.high))
        assert (row.n_audit, row.n_agree, row.agreement) == (8, 8, 1.0)
        assert math.isnan(row.animal_low)
    assert found.overall.low < binomtest(32, 32).proportion_ci(method="exact").low + 1e-9
    assert found.overall.n_animals > 1
    assert any("no interval by animal" in line for line in found.sentences)


def test_a_cluster_whose_audit_disagrees_is_marked_and_not_carried() -> None:
    table = clustered()
    truth = truth_of(table)
    mixed = table.loc[table["cluster"] == 2, "range_id"]
    rng = np.random.default_rng(0)
    truth.update({name: rng.choice(["grooming", "licking", "eating"]) for name in mixed})
    plan = plan_propagation(table, animals=by_animal())
    found = propagate(plan, model(truth))
    row = found.clusters.set_index("cluster").loc[2]
    assert not row["carried"]
    assert row["n_carried"] == 0
    assert row["why"].startswith("the audit disagreed on ")
    words = found.words[(found.words["cluster"] == 2)]
    rest = words[words["words_source"] != "model"]
    assert len(rest) == row["n_without"] == len(mixed) - 11
    assert (rest["label"] == "").all()
    assert rest["confidence"].isna().all()
    assert rest["why"].unique().tolist() == [row["why"]]
    assert found.clusters.set_index("cluster").loc[[0, 1, 3], "carried"].all()
    assert found.overall.share < found.carried.share == 1.0
    assert any(line.startswith("Cluster 2 (") for line in found.sentences)
    assert any(
        line.startswith(f"Without words: {len(rest)}, the audit") for line in found.sentences
    )
    # Who asks for less gets more, and the confidence says how much less.
    lax = propagate(plan_propagation(table, PropagateParams(most_disagreement=1.0)), model(truth))
    kept = lax.words[(lax.words["cluster"] == 2) & (lax.words["words_source"] == "carried")]
    share = lax.clusters.set_index("cluster").loc[2, "agreement"]
    assert share < 0.75
    assert kept["confidence"].to_numpy() == pytest.approx(0.8 * share)


@pytest.mark.parametrize("purity", [0.95, 0.85, 0.7])
def test_the_audit_estimates_how_often_carried_words_are_the_models(purity: float) -> None:
    """The interval holds the true agreement about as often as it says."""
    held = 0
    for seed in range(20):
        table = clustered(160, seed=seed)
        truth, rng = truth_of(table), np.random.default_rng(seed)
        wrong = table["range_id"][rng.random(len(table)) > purity]
        truth.update(dict.fromkeys(wrong, "other"))
        params = PropagateParams(most_disagreement=1.0, seed=seed)
        found = propagate(plan_propagation(table, params), model(truth))
        carried = found.words[found.words["words_source"] == "carried"]
        true = float((carried["label"] == carried["range_id"].map(truth)).mean())
        held += found.overall.low <= true <= found.overall.high
    assert held >= 18


def test_animals_that_differ_widen_the_interval() -> None:
    animal = np.repeat([f"mouse {i}" for i in range(6)], 40)
    audit = pd.DataFrame({"cluster": np.arange(240) % 4, "animal": animal})
    sizes = dict.fromkeys(range(4), 100)
    whole = agreement(audit.assign(agrees=~np.isin(animal, ["mouse 0", "mouse 1"])), sizes)
    drawn = np.random.default_rng(0).random(240) < 2 / 3
    spread = agreement(audit.assign(agrees=drawn), sizes)
    assert whole.share == pytest.approx(2 / 3)
    assert whole.animal_high - whole.animal_low > 2 * (spread.animal_high - spread.animal_low)
    assert whole.animal_high - whole.animal_low > 2 * (whole.high - whole.low)
    assert "over 6 animals [" in str(whole)
    unknown = audit.assign(agrees=drawn, animal=["", *animal[1:]])
    assert math.isnan(agreement(unknown, sizes).animal_low)


def test_examples_lie_apart_and_the_audit_overlaps_none() -> None:
    table = clustered(400)
    table["stop"] = table["start"] + 60  # windows overlap threefold
    table["range_id"] = range_ids(
        table["recording"], table["individual"], table["start"], table["stop"]
    )
    points = np.random.default_rng(0).normal(size=(400, 3))
    for given in (None, points):
        plan = plan_propagation(table, points=given, animals=by_animal())
        chosen = plan.table[plan.asked]
        for _, group in chosen.groupby(["cluster", "recording"]):
            ordered = group.sort_values("start")
            assert (ordered["start"].to_numpy()[1:] >= ordered["stop"].to_numpy()[:-1]).all()
        assert (chosen["role"] == "exemplar").sum() == 12
    # Far apart in the points: farther than examples that were drawn would be.
    rows = plan.table.index[(plan.table["role"] == "exemplar") & (plan.table["cluster"] == 0)]
    gaps = np.linalg.norm(points[rows][:, None] - points[rows], axis=2)
    assert gaps[np.triu_indices(3, 1)].min() > 2.0
    first = plan.table[(plan.table["rank"] == 0) & (plan.table["cluster"] == 0)].index[0]
    mine = points[table.index[table["cluster"] == 0]]
    off = np.linalg.norm(mine - mine.mean(axis=0), axis=1)
    assert np.linalg.norm(points[first] - mine.mean(axis=0)) < np.quantile(off, 0.2)


def test_without_points_examples_come_from_different_animals() -> None:
    plan = plan_propagation(clustered(), animals=by_animal())
    for _, group in plan.table[plan.table["role"] == "exemplar"].groupby("cluster"):
        assert group["animal"].nunique() == 3
        assert (group["strength"] > 0.9).all()


def test_words_come_from_the_nearest_example_of_that_label() -> None:
    table = clustered(80, 1)
    table["cluster"] = 0
    points = np.linspace(0, 1, 80)[:, None]
    params = PropagateParams(exemplars=3, audit=5, most_disagreement=1.0)
    plan = plan_propagation(table.assign(strength=1.0), params, points=points)
    near = {int(row): float(points[row, 0]) for row in plan.table.index[plan.table["rank"] >= 0]}
    truth = dict.fromkeys(table["range_id"], "walking")
    texts = {name: f"row {row}" for row, name in enumerate(table["range_id"])}

    def describe(intervals: Intervals) -> pd.DataFrame:
        found = model(truth)(intervals)
        return found.assign(overall=found["range_id"].map(texts))

    words = propagate(plan, describe).words
    for row in words.index[words["words_source"] == "carried"]:
        best = min(abs(place - points[row, 0]) for place in near.values())
        source = int(str(words["overall"][row]).removeprefix("row "))
        assert abs(near[source] - points[row, 0]) == pytest.approx(best)


def test_noise_and_loose_members_are_told() -> None:
    table = clustered(200)
    table.loc[:9, "cluster"] = -1
    table.loc[10:19, ["cluster", "strength"]] = [0, 0.05]
    truth = dict.fromkeys(table["range_id"], "walking")
    found = propagate(plan_propagation(table, PropagateParams(least_strength=0.2)), model(truth))
    assert found.words["why"][:10].unique().tolist() == ["it belongs to no cluster"]
    assert found.words["why"][10:20].unique().tolist() == [
        "it belongs to its cluster less firmly than 0.20"
    ]
    assert (found.words["words_source"][:20] == "none").all()
    plan = plan_propagation(table, PropagateParams(noise="describe"))
    assert "10 of no cluster" in plan.price
    assert (propagate(plan, model(truth)).words["words_source"][:10] == "model").all()


def test_small_clusters_are_described_whole() -> None:
    table = clustered(8)
    table["cluster"] = 0
    found = propagate(plan_propagation(table), model(dict.fromkeys(table["range_id"], "still")))
    assert (found.words["words_source"] == "model").all()
    assert found.clusters["why"].tolist() == [""]
    assert found.price.startswith("8 model calls for 8 stretches: ")
    assert found.overall.n == 0
    empty = propagate(plan_propagation(table.iloc[:0]), model({}))
    assert len(empty.words) == len(empty.clusters) == 0


def test_failures_of_the_model_are_counted_and_carry_nothing() -> None:
    table = clustered(300)
    plan = plan_propagation(table)
    truth = truth_of(table)
    roles = plan.table
    lost = roles[(roles["cluster"] == 0) & (roles["role"] == "exemplar")]
    mute = roles[(roles["cluster"] == 1) & (roles["role"] == "audit")]
    for name in [*lost["range_id"], *mute["range_id"]]:
        del truth[name]
    found = propagate(plan, model(truth))
    rows = found.clusters.set_index("cluster")
    assert rows["n_failed"].tolist() == [3, 8, 0, 0]
    assert rows["carried"].tolist() == [False, False, True, True]
    assert rows.loc[0, "why"] == "none of its 3 examples got a label, so nothing was carried"
    assert rows.loc[1, "why"] == "none of its 8 audited stretches could be described"
    words = found.words.set_index("range_id")
    assert words.loc[lost["range_id"], "why"].unique().tolist() == [
        "the model gave no answer for it"
    ]
    assert "The model gave no answer for 11 stretches of clusters." in found.sentences


def test_an_abstention_in_the_audit_is_no_agreement() -> None:
    table = clustered(300)
    plan = plan_propagation(table, PropagateParams(most_disagreement=1.0))
    truth = truth_of(table)
    roles = plan.table
    for name in roles.loc[(roles["cluster"] == 0) & (roles["role"] == "audit"), "range_id"]:
        truth[name] = ""
    found = propagate(plan, model(truth)).clusters.set_index("cluster")
    assert (found.loc[0, "n_agree"], found.loc[0, "n_audit"]) == (0, 8)


def test_labels_are_the_same_but_for_case_or_as_a_vocabulary_says() -> None:
    table = clustered(300)
    plan, truth = plan_propagation(table), truth_of(table)
    for number, name in enumerate(truth):
        truth[name] = truth[name].upper() if number % 2 else truth[name]
    assert propagate(plan, model(truth)).overall.share == 1.0
    strict = propagate(plan, model(truth), same=lambda one, other: one == other)
    assert strict.overall.share < 0.9


def test_answers_that_were_not_asked_for_are_refused() -> None:
    table = clustered(300)
    plan, truth = plan_propagation(table), truth_of(table)
    whole = Intervals(table[["recording", "individual", "start", "stop"]])
    with pytest.raises(InputError, match=r"found 256 others, 0 twice"):
        propagate(plan, lambda _: model(truth)(whole))
    with pytest.raises(InputError, match=r"found 0 others, 44 twice"):
        propagate(plan, lambda asked: pd.concat([model(truth)(asked)] * 2))


def test_clusters_of_another_size_count_for_another_part() -> None:
    audit = pd.DataFrame(
        {"cluster": [0] * 4 + [1] * 4, "animal": "", "agrees": [True] * 4 + [False] * 4}
    )
    assert agreement(audit).share == 0.5
    uneven = agreement(audit, {0: 900, 1: 100})
    assert uneven.share == pytest.approx(0.9)
    # Four of one cluster tell nearly all: the sample is worth fewer than its eight rows.
    assert uneven.high - uneven.low > agreement(audit, {0: 500, 1: 500}).high * 0.4
    size = 1 / (0.9**2 / 4 + 0.1**2 / 4)
    assert size == pytest.approx(4.88, abs=0.01)
    assert uneven.low == pytest.approx(
        binomtest(round(0.9 * size), round(size)).proportion_ci(method="exact").low, abs=0.15
    )
    assert agreement(audit, {0: 0, 1: 0}).n == 0
    assert str(agreement(audit.iloc[:0])) == "not audited"


def test_inputs_that_are_refused() -> None:
    table = clustered(40)
    with pytest.raises(InputError, match="some twice"):
        plan_propagation(pd.concat([table, table]))
    with pytest.raises(MismatchError, match="40 rows, one for each stretch"):
        plan_propagation(table, points=np.zeros((39, 2)))
    with pytest.raises(InputError, match="finite numbers"):
        plan_propagation(table, points=np.full((40, 2), np.nan))
    with pytest.raises(InputError, match=r"audit=0.*nor without an audit"):
        PropagateParams(audit=0)
    with pytest.raises(InputError, match="noise='guess'"):
        PropagateParams(noise="guess")  # type: ignore[arg-type]
