from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_mousegpt.core.intervals import range_ids
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.words.gate import GateParams, open_gate
from napari_mousegpt.words.gated_words import gated_words


def ruled(n: int = 200) -> pd.DataFrame:
    """Every fourth stretch is unsure."""
    start = np.arange(n) * 10
    ids = range_ids(["r"] * n, ["m"] * n, start, start + 10)
    table = pd.DataFrame({"range_id": ids, "recording": "r", "individual": "m", "start": start})
    texts = dict.fromkeys(("overall", "head", "limb", "torso", "keywords", "prompt_id"), "")
    return DESCRIPTIONS.check(
        table.assign(
            stop=start + 10,
            label="walking",
            confidence=np.where(np.arange(n) % 4 == 0, 0.2, 0.9),
            evidence="{}",
            model="kinematic/1",
            **texts,
        )
    )


def answered(table: pd.DataFrame, label: str = "running") -> pd.DataFrame:
    return table.assign(label=label, model="tiny", contradiction=0.7)


def test_the_model_speaks_where_it_was_asked_and_the_rules_elsewhere() -> None:
    table = ruled()
    gate = open_gate(table, params=GateParams(audit_share=0.1))
    said = answered(table[gate.asked])
    audited = gate.table["why"] == "audit"
    agreeing = table.loc[audited, "range_id"].iloc[:12]
    said.loc[said["range_id"].isin(agreeing), "label"] = " Walking"
    found = gated_words(table, gate, said)
    words = found.words
    assert words["range_id"].tolist() == table["range_id"].tolist()
    assert (words.loc[gate.asked, "words_source"] == "model").all()
    assert (words.loc[~gate.asked, "words_source"] == "rules").all()
    assert words.loc[~gate.asked, "model"].unique().tolist() == ["kinematic/1"]
    assert (words.loc[gate.asked, "contradiction"] == 0.7).all()
    assert (len(found.audit), found.agreement.hits) == (15, 12)
    assert words.loc[~gate.asked, "agreement"].unique().tolist() == [pytest.approx(0.8)]
    assert words.loc[gate.asked, "agreement"].isna().all()
    assert "80%" in found.sentences[1]


def test_without_an_answer_the_words_of_the_rules_stay_and_say_so() -> None:
    table = ruled()
    gate = open_gate(table)
    found = gated_words(table, gate, answered(table[gate.asked]).iloc[3:])
    lost = found.words[found.words["why"] != ""]
    assert lost["range_id"].tolist() == table.loc[gate.asked, "range_id"].tolist()[:3]
    assert lost["words_source"].unique().tolist() == ["rules"]
    assert lost["agreement"].isna().all()
    assert found.sentences[-1] == "The model gave no answer for 3 stretches."


def test_answers_and_descriptions_must_be_those_of_the_gate() -> None:
    table = ruled()
    gate = open_gate(table)
    with pytest.raises(InputError, match="at most once, found 142 others"):
        gated_words(table, gate, answered(table))
    with pytest.raises(MismatchError, match="the gate was opened for"):
        gated_words(table[::-1], gate, answered(table[gate.asked]))
