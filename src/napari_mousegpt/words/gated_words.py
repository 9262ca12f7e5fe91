"""Words of a gate: those of the model where it was asked, those of the rules elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.errors import MismatchError
from napari_mousegpt.words.audits import (
    Agreement,
    Row,
    agreement,
    answers_by_id,
    audit_table,
    same_label,
)
from napari_mousegpt.words.gate import Gate

__all__ = ["Gated", "gated_words"]


@dataclass(frozen=True, eq=False)
class Gated:
    """Words for all stretches of a gate.

    Parameters
    ----------
    words : DataFrame
        One row for each stretch, in the order of the gate: columns of
        :data:`napari_mousegpt.core.tables.DESCRIPTIONS`. ``words_source`` is ``"model"`` or
        ``"rules"``; rows of rules that were sure of themselves have the audited agreement of all
        of these; ``why`` says why there are no words of the model where it was asked.
    audit : DataFrame
        One row for each audited stretch: ``range_id``, ``cluster`` (which recording of which
        animal, as a number), ``animal``, ``carried`` (label of the rules), ``said``, ``agrees``.
    agreement : Agreement
        How often the model says what the rules were sure of, for all stretches they were sure of.
    price : str
        Model calls, as a sentence.
    """

    words: pd.DataFrame
    audit: pd.DataFrame
    agreement: Agreement
    price: str

    @property
    def sentences(self) -> list[str]:
        """What a report says of it."""
        failed = int((self.words["why"] != "").sum())
        told = [self.price, f"Where the rules were sure, the model agrees: {self.agreement}."]
        return told + ([f"The model gave no answer for {failed} stretches."] if failed else [])


def gated_words(
    descriptions: pd.DataFrame,
    gate: Gate,
    said: pd.DataFrame,
    *,
    same: Callable[[str, str], bool] | None = None,
    seed: int = 0,
) -> Gated:
    """Put the words of a model in the place of those of the rules where it was asked.

    Parameters
    ----------
    descriptions : DataFrame
        Of the rules, the rows that the gate was opened for, in the same order.
    gate : Gate
        See :func:`napari_mousegpt.words.gate.open_gate`.
    said : DataFrame
        What the model answered, joined by ``range_id``; what is missing counts as failed.
    same : callable, optional
        Whether two labels mean the same; by default but for letter case and blanks.
    seed : int
        Of the bootstrap over animals.

    Raises
    ------
    InputError
        When the answer has stretches that were not asked for, or one of them twice.
    MismatchError
        When the descriptions are not those of the gate.
    """
    table = DESCRIPTIONS.check(descriptions).reset_index(drop=True)
    if table["range_id"].tolist() != gate.table["range_id"].tolist():
        raise MismatchError("descriptions", expected="the rows that the gate was opened for")
    equal = same or same_label
    answers = answers_by_id(said, gate.table.loc[gate.asked, "range_id"].tolist())
    strata = gate.table.groupby(["animal", "recording"], sort=True).ngroup().to_numpy()
    audit: list[Row] = []
    rows: list[Row] = []
    for place, (own, gated) in enumerate(
        zip(table.to_dict("records"), gate.table.to_dict("records"), strict=True)
    ):
        key = str(own["range_id"])
        found = answers.get(key)
        if found is not None and gated["why"] == "audit":
            audit.append(
                {
                    "range_id": key,
                    "cluster": int(strata[place]),
                    "animal": gated["animal"],
                    "carried": own["label"],
                    "said": found["label"],
                    "agrees": bool(found["label"]) and equal(found["label"], own["label"]),
                }
            )
        failed = gated["asked"] and found is None
        row: Row = own if found is None else found
        rows.append({**row, **_source(found is not None, failed)})
    audited = audit_table(audit)
    sure = np.bincount(strata[gate.table["why"].to_numpy() != "unsure"])
    result = agreement(audited, dict(enumerate(sure.tolist())), seed)
    words = DESCRIPTIONS.check(pd.DataFrame(rows, columns=_columns(table, said)))
    plain = ((words["words_source"] == "rules") & ~gate.asked).to_numpy()
    for name, value in (
        ("agreement", result.share),
        ("agreement_low", result.low),
        ("agreement_high", result.high),
    ):
        words[name] = np.where(plain, value if result.n else math.nan, math.nan)
    return Gated(DESCRIPTIONS.check(words), audited, result, gate.summary)


def _source(by_model: bool, failed: bool) -> Row:
    return {
        "words_source": "model" if by_model else "rules",
        "carried_from": "",
        "why": "the model gave no answer for it" if failed else "",
    }


def _columns(*tables: pd.DataFrame) -> list[str]:
    names = dict.fromkeys(name for table in tables for name in table.columns)
    return list(dict.fromkeys([*names, "words_source", "carried_from", "why"]))
