"""What came of words that were carried through clusters, as text: how far to trust them first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from napari_mousegpt._napari.outcome import ResultRow

if TYPE_CHECKING:
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.runs.some_words import SomeWords
    from napari_mousegpt.words.audits import Agreement

__all__ = ["CAUTION", "COLUMNS", "carried_rows", "disagreement", "percent", "told"]

#: Of the table of clusters and their words.
COLUMNS = ("Cluster", "Words", "Disagrees")
#: What has to stand beside the numbers.
CAUTION = "The audit asks the same describer: agreement is with itself, not with the truth."
#: Marks a cluster whose words were not carried.
_MARK = "! "


def carried_rows(
    found: SomeWords, names: Mapping[int, str], opened: Recording | None
) -> list[ResultRow]:
    """Return one row for each cluster, in the order of names; those not to be trusted are marked.

    Parameters
    ----------
    found : SomeWords
        By clusters.
    names : mapping of int to str
        What the clusters are called.
    opened : Recording or None
        The recording that can be jumped to.
    """
    assert found.clusters is not None
    places = {cluster: place for place, cluster in enumerate(names)}
    order = found.clusters["cluster"].map(lambda cluster: places.get(cluster, len(places)))
    rows = []
    for row in found.clusters.loc[order.sort_values().index].to_dict("records"):
        number, why = int(row["cluster"]), str(row["why"])
        name = names.get(number, f"cluster {number}")
        audited, wrong = int(row["n_audit"]), int(row["n_audit"]) - int(row["n_agree"])
        share = disagreement(wrong, audited, row["low"], row["high"])
        overall, frame = _example(found, number, str(row["label"]), opened)
        said = [
            overall,
            f"{wrong} of {audited} audited stretches disagree: {share}."
            if audited
            else "No stretch was audited.",
            f"Not to be trusted: {why}." if why else _carried_to(int(row["n_carried"])),
        ]
        cells = (
            f"{_MARK if why else ''}{name}",
            str(row["label"]) or "none",
            share.replace(" to ", "–") or "not audited",  # noqa: RUF001 - a range
        )
        rows.append(ResultRow(cells, " ".join(text for text in said if text), frame))
    return rows


def _carried_to(count: int) -> str:
    if not count:
        return "Every stretch was described, so nothing was carried."
    return f"Carried to {count} other stretch{'' if count == 1 else 'es'}."


def _example(
    found: SomeWords, cluster: int, label: str, opened: Recording | None
) -> tuple[str, int | None]:
    """Return what the describer said of a stretch with the label of a cluster, and where it is.

    One in the recording that is open comes first.
    """
    words = found.words
    said = words[(words["cluster"] == cluster) & (words["words_source"] == "model")]
    said = said[said["label"] == label] if label else said
    if not len(said):
        return "", None
    here = said[:0] if opened is None else said[said["recording"] == opened.id]
    row = (here if len(here) else said).iloc[0]
    return str(row["overall"]), int(row["start"]) if len(here) else None


def disagreement(wrong: int, n: int, low: float, high: float) -> str:
    """Return a share that disagrees with its interval, given that of the agreement; "" of none."""
    if not n:
        return ""
    return f"{percent(wrong / n)} % ({percent(1 - high)} to {percent(1 - low)})"


def told(found: SomeWords) -> list[str]:
    """Return what came of it, as sentences: the audit first."""
    source = found.words["words_source"].value_counts()
    without = int(source.get("none", 0))
    said = [
        *_audited(found.overall),
        f"Of {len(found.words)} stretches {source.get('model', 0)} were described, "
        f"{source.get('carried', 0)} have carried words, {without} have none.",
    ]
    assert found.clusters is not None
    doubtful = int((found.clusters["why"] != "").sum())
    if doubtful:
        of = len(found.clusters)
        said.append(f"Not to be trusted, and marked with !: {doubtful} of {of} clusters.")
    failed = int(found.clusters["n_failed"].sum())
    if failed:
        said.append(f"There is no answer for {failed} of the stretches that were asked about.")
    said += [text for text in found.sentences if text.startswith("Not described")]
    labels = set(found.words.loc[found.words["words_source"] == "model", "label"])
    if len(labels) == 1 and len(found.clusters) > 1:
        said.append(
            f"Every stretch that was described is called {labels.pop()!r}: then the audit agrees "
            "whatever is to be seen."
        )
    return [*said, CAUTION, f"Results: {found.path / 'result'}"]


def _audited(overall: Agreement) -> list[str]:
    if not overall.n:
        return ["No stretch was audited, so nobody knows how far the carried words are right."]
    wrong = overall.n - overall.hits
    raw, share = percent(wrong / overall.n), percent(1 - overall.share)
    ends = f"({percent(1 - overall.high)} to {percent(1 - overall.low)})"
    said = [f"{wrong} of {overall.n} audited stretches disagree: {raw} % {ends}."]
    if raw != share:
        said = [
            f"{wrong} of {overall.n} audited stretches disagree. With each cluster counted by its "
            f"size: {share} % {ends}."
        ]
    if not math.isnan(overall.animal_low):
        low, high = percent(1 - overall.animal_high), percent(1 - overall.animal_low)
        said.append(f"For animals like these {overall.n_animals}: {low} to {high} %.")
    else:
        said.append("The interval is for this data, not for other animals.")
    return said


def percent(share: float) -> str:
    """Return a share in percent; a little of something is never 0."""
    return f"{100 * share:.0f}" if share >= 0.005 or share <= 0 else "<1"
