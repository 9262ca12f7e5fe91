from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.core.intervals import range_ids
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.words.gate import GateParams, open_gate


def described(n: int, recordings: int = 4, **columns: object) -> pd.DataFrame:
    recording = np.array([f"r{i % recordings}" for i in range(n)], dtype=object)
    start = np.arange(n) * 20
    texts = dict.fromkeys(("overall", "head", "limb", "torso", "keywords"), "")
    table = {
        "range_id": range_ids(recording, ["m"] * n, start, start + 20),
        "recording": recording,
        "individual": "m",
        "start": start,
        "stop": start + 20,
        "label": "walking",
        "confidence": 0.9,
        "evidence": json.dumps({"sureness": {"walking": 0.9, "still": 0.1}}),
        "model": "kinematic/1",
        "prompt_id": "p",
        **texts,
        **columns,
    }
    return pd.DataFrame(table, index=range(n))


def assigned(table: pd.DataFrame, cluster: object = 1, strength: object = 1.0) -> pd.DataFrame:
    keys = ["range_id", "recording", "individual", "start", "stop"]
    return table[keys].assign(cluster=cluster, strength=strength)


NO_AUDIT = GateParams(audit_share=0.0)


def test_what_is_sure_is_not_asked() -> None:
    gate = open_gate(described(10), params=NO_AUDIT)
    assert not gate.asked.any()
    assert gate.table["reason"].tolist() == [""] * 10
    assert gate.summary == (
        "0 of 10 stretches go to the model (0%): 0 unsure, 0 drawn at random; "
        "the other 10 keep the words they have."
    )


def test_every_kind_of_doubt_is_told() -> None:
    close = json.dumps({"sureness": {"walking": 0.8, "turning": 0.75}})
    table = described(
        5,
        label=["walking", "", "walking", "walking", "walking"],
        confidence=[0.5, 0.9, np.nan, 0.9, 0.9],
        evidence=[json.dumps({})] * 3 + [close, json.dumps({"sureness": {"walking": 0.8}})],
    )
    found = open_gate(table, params=NO_AUDIT).table
    assert found["reason"].tolist() == [
        "confidence 0.50 below 0.65",
        "no label",
        "no confidence",
        "margin 0.05 below 0.10",
        "",
    ]
    assert found["asked"].tolist() == [True, True, True, True, False]
    assert found["why"].tolist() == ["unsure"] * 4 + [""]
    assert np.isnan(found["drawn"]).tolist() == [True] * 4 + [False]


def test_a_margin_of_its_own_goes_before_the_evidence() -> None:
    found = open_gate(described(2, margin=[0.02, np.nan]), params=NO_AUDIT).table
    assert found["reason"].tolist() == ["margin 0.02 below 0.10", ""]


def test_loose_members_and_noise_are_asked() -> None:
    table = described(4)
    groups = assigned(table, cluster=[1, 1, -1, 1], strength=[0.9, 0.2, 0.9, 0.9]).iloc[:3]
    found = open_gate(table, assignments=groups.iloc[::-1], params=NO_AUDIT).table
    assert found["reason"].tolist() == [
        "",
        "cluster strength 0.20 below 0.50",
        "cluster strength 0.00 below 0.50",
        "in no cluster table",
    ]


def test_the_audit_takes_animals_and_recordings_in_turn() -> None:
    # Recording r0 is of animal a and holds most; animal b has r1 and r2, animal c has r3.
    recording = np.array(["r0"] * 300 + ["r1"] * 40 + ["r2"] * 40 + ["r3"] * 20, dtype=object)
    table = described(400, recording=recording)
    animals = {"r0": "a", "r1": "b", "r2": "b", "r3": "c"}
    gate = open_gate(table, animals=animals, params=GateParams(audit_share=0.03))
    drawn = gate.table[gate.asked]
    assert drawn["why"].unique().tolist() == ["audit"]
    assert drawn["animal"].value_counts().to_dict() == {"a": 4, "b": 4, "c": 4}
    assert drawn["recording"].value_counts().to_dict() == {"r0": 4, "r1": 2, "r2": 2, "r3": 4}
    # Weighed by what was drawn of them, audited rows stand for all rows.
    weights = 1 / drawn["drawn"]
    assert weights.groupby(drawn["recording"]).sum().to_dict() == pytest.approx(
        {"r0": 300, "r1": 40, "r2": 40, "r3": 20}
    )
    few = open_gate(table, animals=animals, params=GateParams(audit_share=0.2)).table
    assert few.loc[few["asked"], "animal"].value_counts().to_dict() == {"a": 30, "b": 30, "c": 20}


def test_the_draw_hangs_on_the_seed_and_not_on_the_order() -> None:
    table = described(200)
    turned = table.sample(frac=1, random_state=1)
    params = GateParams(audit_share=0.1)
    one, other = (open_gate(t, params=params) for t in (table, turned))
    chosen = set(one.table.loc[one.asked, "range_id"])
    assert chosen == set(other.table.loc[other.asked, "range_id"])
    assert other.table["range_id"].tolist() == turned["range_id"].tolist()
    again = open_gate(table, params=GateParams(audit_share=0.1, seed=1))
    assert set(again.table.loc[again.asked, "range_id"]) != chosen
    assert len(chosen) == 20


def test_the_draw_is_even_over_time() -> None:
    starts = []
    for seed in range(40):
        gate = open_gate(described(200, 1), params=GateParams(audit_share=0.05, seed=seed))
        starts += gate.table.loc[gate.asked, "start"].tolist()
    thirds = np.histogram(starts, bins=3, range=(0, 4000))[0]
    assert thirds.min() > 0.7 * len(starts) / 3


def test_inputs_that_are_refused() -> None:
    table = described(4)
    with pytest.raises(InputError, match="some of the described stretches"):
        open_gate(table, assignments=assigned(table.assign(range_id=list("abcd"))))
    with pytest.raises(InputError, match="some twice"):
        open_gate(table, assignments=pd.concat([assigned(table)] * 2))
    with pytest.raises(InputError, match="some twice"):
        open_gate(pd.concat([table, table]))
    with pytest.raises(MismatchError, match="4, one for each row"):
        open_gate(table, animals=["a"] * 3)
    with pytest.raises(InputError, match="audit_share=2"):
        GateParams(audit_share=2)
    assert len(open_gate(table.iloc[:0]).table) == 0
