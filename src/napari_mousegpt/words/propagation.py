"""Describe and propagate: words for all stretches from a few that a model described.

A model describes examples of every cluster, and some stretches drawn at random. What the examples
are called is carried to the rest of their cluster; the random ones tell how often the model would
have said the same. A cluster in which it would too often have said something else gets no words by
carrying. Every row says where its words come from.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.tables import DESCRIPTIONS
from napari_mousegpt.words.audits import (
    Agreement,
    Row,
    agreement,
    answers_by_id,
    audit_table,
    same_label,
)
from napari_mousegpt.words.representatives import ASKED, Plan

__all__ = ["Propagated", "propagate"]

_TEXTS = ("label", "overall", "head", "limb", "torso", "keywords")


@dataclass(frozen=True, eq=False)
class Propagated:
    """Words for all stretches, and how far to believe them.

    Parameters
    ----------
    words : DataFrame
        One row for each stretch, in the order of the plan: the columns of
        :data:`napari_mousegpt.core.tables.DESCRIPTIONS`, then ``cluster``. ``words_source`` is
        ``"model"``, ``"carried"`` or ``"none"``; ``agreement`` and its ends are those of the
        cluster, NaN where the model itself described the stretch. A carried confidence is that of
        the example times the audited agreement.
    audit : DataFrame
        One row for each audited stretch: ``range_id``, ``cluster``, ``animal``, ``carried``,
        ``said``, ``agrees``.
    clusters : DataFrame
        One row for each cluster: ``cluster``, ``label``, ``n``, ``n_exemplars``, ``n_same`` (of
        them that have this label), ``n_audit``, ``n_agree``, ``n_failed``, ``agreement``, ``low``,
        ``high``, ``n_animals``, ``animal_low``, ``animal_high``, ``carried`` (bool), ``n_carried``,
        ``n_without`` and ``why``.
    overall : Agreement
        Over all clusters, also those that were marked, weighted by the stretches that would be
        carried.
    carried : Agreement
        Over the clusters that were carried. They were chosen by the same audit, so that this is a
        little too hopeful; ``overall`` is not.
    price : str
        Model calls, as a sentence.
    """

    words: pd.DataFrame
    audit: pd.DataFrame
    clusters: pd.DataFrame
    overall: Agreement
    carried: Agreement
    price: str

    @property
    def sentences(self) -> list[str]:
        """What a report says of it."""
        source = self.words["words_source"].value_counts()
        told = [
            self.price,
            f"Of {len(self.words)} stretches {source.get('model', 0)} were described, "
            f"{source.get('carried', 0)} have carried words, {source.get('none', 0)} have none.",
            f"Audited agreement: {self.overall} (all clusters); {self.carried} (those carried).",
        ]
        if self.overall.n and math.isnan(self.overall.animal_low):
            told.append(_no_interval(self.overall))
        for row in self.clusters[self.clusters["why"] != ""].to_dict("records"):
            told.append(f"Cluster {row['cluster']} ({row['label'] or 'no label'}): {row['why']}.")
        failed = int(self.clusters["n_failed"].sum())
        if failed:
            told.append(f"The model gave no answer for {failed} stretches of clusters.")
        reasons = self.words.loc[self.words["words_source"] == "none", "why"].value_counts()
        told += [f"Without words: {count}, {why}." for why, count in reasons.items()]
        return told


def propagate(
    plan: Plan,
    describe: Callable[[Intervals], pd.DataFrame],
    *,
    same: Callable[[str, str], bool] | None = None,
) -> Propagated:
    """Describe what a plan asks for and carry the words to the rest.

    Parameters
    ----------
    plan : Plan
        See :func:`napari_mousegpt.words.representatives.plan_propagation`.
    describe : callable
        Gets the stretches, sorted by place, and returns rows of
        :data:`napari_mousegpt.core.tables.DESCRIPTIONS`, joined by ``range_id``. It is called
        once. A stretch that is not in its answer counts as failed, and is told.
    same : callable, optional
        Whether two labels mean the same; by default but for letter case and blanks. An empty label
        never agrees: the model could not confirm it.

    Raises
    ------
    InputError
        When the answer has stretches that were not asked for, or one of them twice.
    """
    table, equal = plan.table, same or same_label
    asked = table.loc[plan.asked, "range_id"].tolist()
    said = answers_by_id(describe(plan.intervals), asked) if asked else {}
    rows: list[Row] = [{}] * len(table)
    found, audits, sizes = [], [], {}
    for cluster in sorted({number for number in table["cluster"].tolist() if number >= 0}):
        group = table[table["cluster"] == cluster]
        outcome = _Outcome(plan, group, said, equal)
        sizes[cluster] = outcome.rest
        audits.append(outcome.audit)
        found.append(outcome.summary(cluster))
        for place, row in zip(group.index.tolist(), group.to_dict("records"), strict=True):
            rows[place] = outcome.words(row)
    for place, row in zip(table.index.tolist(), table.to_dict("records"), strict=True):
        if row["cluster"] < 0:
            rows[place] = _described(row, said) or _without(row, "it belongs to no cluster")
    audit = pd.concat(audits, ignore_index=True) if audits else audit_table([])
    clusters = pd.DataFrame(found, columns=list(_SUMMARY))
    kept = set(clusters.loc[clusters["carried"].astype(bool), "cluster"])
    return Propagated(
        _stack(table, rows),
        audit,
        clusters,
        agreement(audit, sizes, plan.params.seed),
        agreement(audit[audit["cluster"].isin(kept)], sizes, plan.params.seed),
        plan.price,
    )


class _Outcome:
    """What became of one cluster."""

    def __init__(
        self,
        plan: Plan,
        group: pd.DataFrame,
        said: dict[str, Row],
        equal: Callable[[str, str], bool],
    ) -> None:
        self.plan, self.group, self.said = plan, group, said
        examples = group[group["role"] == "exemplar"].sort_values("rank")
        answers = [(row, said.get(key)) for row, key in examples["range_id"].items()]
        labels = [str(answer["label"]) for _, answer in answers if answer and answer["label"]]
        self.label = _commonest(labels, equal)
        #: Row numbers of the examples that have the label of the cluster.
        self.sources = [
            row
            for row, answer in answers
            if answer and labels and equal(answer["label"], self.label)
        ]
        drawn = group[group["role"] == "audit"]
        self.audit = audit_table(
            [
                {
                    **{name: row[name] for name in ("range_id", "cluster", "animal")},
                    "carried": self.label,
                    "said": (own := said[row["range_id"]]["label"]),
                    "agrees": bool(own) and equal(own, self.label),
                }
                for row in drawn.to_dict("records")
                if row["range_id"] in said and self.label
            ]
        )
        asked = group[group["role"].isin(ASKED)]
        self.failed = int((~asked["range_id"].isin(said)).sum())
        self.result = agreement(self.audit, None, plan.params.seed)
        self.rest = int((group["role"] == "rest").sum())
        self.why = self._why(len(answers), len(drawn))

    def _why(self, n_examples: int, n_drawn: int) -> str:
        """Why nothing is carried; empty where it is, or where nothing is left to carry to."""
        result, limit = self.result, self.plan.params.most_disagreement
        if not self.rest:
            return ""
        if not self.label:
            return f"none of its {n_examples} examples got a label, so nothing was carried"
        if not result.n:
            return f"none of its {n_drawn} audited stretches could be described"
        wrong = result.n - result.hits
        if wrong > limit * result.n:
            return (
                f"the audit disagreed on {wrong} of {result.n}, more than {limit:.0%}, "
                "so nothing was carried"
            )
        return ""

    def summary(self, cluster: int) -> Row:
        result, group = self.result, self.group
        carried = bool(self.rest) and not self.why
        described = int(group["range_id"].isin(self.said).sum())
        values = (
            *(cluster, self.label, len(group), int((group["role"] == "exemplar").sum())),
            *(len(self.sources), result.n, result.hits, self.failed),
            *(result.share, result.low, result.high),
            *(result.n_animals, result.animal_low, result.animal_high),
            *(carried, self.rest if carried else 0),
            len(group) - described - (self.rest if carried else 0),
            self.why,
        )
        return dict(zip(_SUMMARY, values, strict=True))

    def words(self, row: Row) -> Row:
        own = _described(row, self.said)
        if own is not None:
            return own
        if row["role"] == "weak":
            limit = self.plan.params.least_strength
            return _without(row, f"it belongs to its cluster less firmly than {limit:.2f}")
        if row["role"] != "rest":
            return _without(row, "the model gave no answer for it")
        if self.why:
            return _without(row, self.why)
        source = next(number for number in row["from_row"] if number in self.sources)
        example = self.said[str(self.plan.table.at[source, "range_id"])]
        share = self.result.share
        carried = {
            **_without(row, ""),
            **{name: example[name] for name in (*_TEXTS, "model", "prompt_id")},
            "confidence": float(example["confidence"]) * share,
            "words_source": "carried",
            "carried_from": example["range_id"],
            "agreement": share,
            "agreement_low": self.result.low,
            "agreement_high": self.result.high,
        }
        carried["evidence"] = json.dumps(
            {
                "carried_from": example["range_id"],
                "cluster": int(row["cluster"]),
                "agreement": round(share, 4),
                "audited": self.result.n,
            }
        )
        return carried


_SUMMARY = (
    *("cluster", "label", "n", "n_exemplars", "n_same", "n_audit", "n_agree", "n_failed"),
    *("agreement", "low", "high", "n_animals", "animal_low", "animal_high"),
    *("carried", "n_carried", "n_without", "why"),
)


def _commonest(labels: list[str], equal: Callable[[str, str], bool]) -> str:
    """Return the label that most examples have; of two, that of the more typical example."""
    votes: Counter[int] = Counter()
    for label in labels:
        votes[next(i for i, other in enumerate(labels) if equal(label, other))] += 1
    return labels[max(votes, key=lambda i: (votes[i], -i))] if votes else ""


def _described(row: Row, said: dict[str, Row]) -> Row | None:
    if row["range_id"] not in said:
        return None
    return {**_without(row, ""), **said[row["range_id"]], "words_source": "model"}


def _without(row: Row, why: str) -> Row:
    return {
        **{name: row[name] for name in ("range_id", *KEYS)},
        **dict.fromkeys((*_TEXTS, "model", "prompt_id", "raw", "problem", "carried_from"), ""),
        **dict.fromkeys(("confidence", "margin", "entropy"), math.nan),
        **dict.fromkeys(("agreement", "agreement_low", "agreement_high"), math.nan),
        "evidence": "{}",
        "cluster": row["cluster"],
        "words_source": "none",
        "why": why,
    }


def _stack(table: pd.DataFrame, rows: list[Row]) -> pd.DataFrame:
    names = [name for name in (*DESCRIPTIONS.names, "cluster") if name not in ("start_s", "stop_s")]
    words = pd.DataFrame(rows, columns=names, index=range(len(rows)))
    for name in ("start_s", "stop_s"):
        if name in table.columns:
            words[name] = table[name].to_numpy()
    return DESCRIPTIONS.check(words)


def _no_interval(result: Agreement) -> str:
    if result.n_animals < 2:
        return "It has no interval by animal: fewer than two animals are known."
    return (
        "It has no interval by animal: all audited stretches agree (or none does), or an animal "
        "is not known, so that drawing animals again shows no spread."
    )
