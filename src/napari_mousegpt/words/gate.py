"""Where a model is worth its time: stretches that cheaper means are unsure of, and some others.

Most of a recording is plain: the kinematic describer knows it, or its cluster is firm. A model is
asked about the rest, and about a share of the plain ones drawn at random, so that what was left
out is known by sample and not by faith.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.core.tables import ASSIGNMENTS, DESCRIPTIONS
from napari_mousegpt.errors import InputError
from napari_mousegpt.words.balanced import animal_names, draw_order, in_turn

__all__ = ["Gate", "GateParams", "open_gate"]


@dataclass(frozen=True)
class GateParams:
    """When a model is asked.

    Parameters
    ----------
    least_confidence : float
        It is asked where the label of the cheap describer has less, or there is no label.
    least_margin : float
        ... or leads the second by less.
    least_strength : float
        ... or the stretch belongs less firmly to its cluster, or to none.
    audit_share : float
        Share of the other stretches that it is asked about all the same.
    seed : int
        Of that draw: the same seed draws the same stretches, however the table is sorted.
    """

    least_confidence: float = 0.65
    least_margin: float = 0.1
    least_strength: float = 0.5
    audit_share: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("least_confidence", "least_margin", "least_strength", "audit_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)}", expected="0 to 1")


@dataclass(frozen=True, eq=False)
class Gate:
    """What a model is asked about.

    Parameters
    ----------
    table : DataFrame
        One row for each stretch, in the order given: ``range_id``, ``recording``, ``individual``,
        ``start``, ``stop``, ``animal``, ``asked`` (bool), ``why`` (``"unsure"``, ``"audit"`` or
        empty), ``reason`` (a sentence), and ``drawn`` (share of the sure stretches of this
        recording that the audit drew; NaN for unsure ones): weigh audited rows by its inverse to
        speak of all sure ones.
    """

    table: pd.DataFrame

    @property
    def asked(self) -> NDArray[np.bool_]:
        """Whether the model is asked, shape (n,)."""
        return self.table["asked"].to_numpy(dtype=bool)

    @property
    def summary(self) -> str:
        """What it costs and what it leaves out, as a sentence."""
        count = self.table["why"].value_counts()
        unsure, audit = int(count.get("unsure", 0)), int(count.get("audit", 0))
        total = len(self.table)
        share = f" ({(unsure + audit) / total:.0%})" if total else ""
        return (
            f"{unsure + audit} of {total} stretches go to the model{share}: {unsure} unsure, "
            f"{audit} drawn at random; the other {total - unsure - audit} keep the words they have."
        )


def open_gate(
    descriptions: pd.DataFrame,
    *,
    assignments: pd.DataFrame | None = None,
    animals: Mapping[str, str] | ArrayLike | None = None,
    params: GateParams | None = None,
) -> Gate:
    """Choose the stretches that a model is asked about.

    Parameters
    ----------
    descriptions : DataFrame
        Rows of :data:`napari_mousegpt.core.tables.DESCRIPTIONS` of the cheap describer. Where there
        is no column ``margin``, the lead is taken from the sureness in ``evidence``.
    assignments : DataFrame, optional
        Rows of :data:`napari_mousegpt.core.tables.ASSIGNMENTS` of the same stretches, joined by
        ``range_id``. A stretch that is not in it counts as unsure.
    animals : mapping of str to str, or array_like of shape (n,), optional
        Animal by recording, or of each row: the audit takes them in turn, and the recordings of
        each in turn.
    params : GateParams, optional
        Thresholds and the share of the audit.

    Raises
    ------
    InputError
        When a stretch is there twice, or no stretch at all has a cluster.
    """
    how = params or GateParams()
    table = DESCRIPTIONS.check(descriptions).reset_index(drop=True)
    ids = table["range_id"].tolist()
    place = draw_order(ids, how.seed, "gate")
    reasons = [_doubt(row, how) for row in table.to_dict("records")]
    if assignments is not None and len(table):
        strength = _strengths(assignments, ids)
        reasons = [
            "; ".join(text for text in (reason, _loose(value, how)) if text)
            for reason, value in zip(reasons, strength, strict=True)
        ]
    animal = animal_names(table, animals)
    recording = table["recording"].to_numpy(dtype=object)
    unsure = np.array([bool(reason) for reason in reasons], dtype=bool)
    sure = np.flatnonzero(~unsure)
    n = math.ceil(how.audit_share * len(sure))
    audit = np.zeros(len(table), dtype=bool)
    audit[sure[in_turn(n, place[sure], animal[sure], recording[sure])]] = True
    groups = pd.DataFrame({"animal": animal, "recording": recording, "audit": audit})[~unsure]
    drawn = np.full(len(table), np.nan)
    drawn[~unsure] = groups.groupby(["animal", "recording"])["audit"].transform("mean")
    for row in np.flatnonzero(audit):
        reasons[row] = "drawn at random among the sure ones"
    keys = ["range_id", "recording", "individual", "start", "stop"]
    return Gate(
        table[keys].assign(
            animal=animal,
            asked=unsure | audit,
            why=np.select([unsure, audit], ["unsure", "audit"], "").astype(object),
            reason=np.array(reasons, dtype=object),
            drawn=drawn,
        )
    )


def _doubt(row: Mapping[Any, Any], how: GateParams) -> str:
    """Return why the cheap describer is unsure of a stretch; empty where it is not."""
    if not row["label"]:
        return "no label"
    confidence = float(row["confidence"])
    if math.isnan(confidence):
        return "no confidence"
    doubts = []
    if confidence < how.least_confidence:
        doubts.append(f"confidence {confidence:.2f} below {how.least_confidence:.2f}")
    margin = _margin(row)
    if margin < how.least_margin:
        doubts.append(f"margin {margin:.2f} below {how.least_margin:.2f}")
    return "; ".join(doubts)


def _margin(row: Mapping[Any, Any]) -> float:
    """Return the lead of the label before the next one; NaN where it is not known."""
    given = float(row.get("margin", math.nan))
    if not math.isnan(given):
        return given
    evidence = json.loads(row["evidence"] or "{}")
    sure = evidence.get("sureness", {}) if isinstance(evidence, dict) else {}
    if row["label"] not in sure or len(sure) < 2:
        return math.nan
    return float(
        sure[row["label"]] - max(value for name, value in sure.items() if name != row["label"])
    )


def _strengths(assignments: pd.DataFrame, ids: list[str]) -> NDArray[np.float64]:
    """Return how firmly each stretch belongs to its cluster: 0 for noise, NaN where unknown."""
    known = ASSIGNMENTS.check(assignments)
    if known["range_id"].duplicated().any():
        raise InputError("cluster assignments", expected="each range_id once", found="some twice")
    firm = known["strength"].where(known["cluster"] >= 0, 0.0)
    strength = pd.Series(firm.to_numpy(), index=known["range_id"]).reindex(ids)
    if not known["range_id"].isin(ids).any():
        raise InputError(
            "cluster assignments",
            expected="some of the described stretches",
            found="none of them",
            remedy="Describe the windows that were clustered, or leave the assignments out.",
        )
    return strength.to_numpy(dtype=np.float64)


def _loose(strength: float, how: GateParams) -> str:
    if math.isnan(strength):
        return "in no cluster table"
    if strength < how.least_strength:
        return f"cluster strength {strength:.2f} below {how.least_strength:.2f}"
    return ""
