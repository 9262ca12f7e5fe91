"""Names for clusters, from the words of the moments they hold.

What sets a cluster apart is found by class-based TF-IDF, see
:mod:`napari_mousegpt.clusters.naming_terms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from napari_mousegpt.clusters.spoken import Spoken, best_sentences
from napari_mousegpt.clusters.typical import bout_numbers, typical_rows
from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.tables import ASSIGNMENTS, CLUSTERS, DESCRIPTIONS

__all__ = ["Called", "cluster_table", "cluster_times", "name_clusters"]


class Called(NamedTuple):
    """What a table of clusters says of one by its name.

    Parameters
    ----------
    name, sentence, keywords, source : str
        As in :data:`~napari_mousegpt.core.tables.CLUSTERS`.
    coverage : float
        Share of its described time that the name applies to.
    """

    name: str
    sentence: str
    keywords: str
    coverage: float
    source: str


def name_clusters(assignments: pd.DataFrame, descriptions: pd.DataFrame) -> pd.DataFrame:
    """Name clusters by what is said about their members.

    Parameters
    ----------
    assignments : DataFrame
        Cluster assignments; with ``start_s`` and ``stop_s`` the result has times in seconds.
    descriptions : DataFrame
        Descriptions of any stretches of the same recordings; they need not be the same intervals.

    Returns
    -------
    DataFrame
        One row for each cluster that occurs, noise left out, with the columns of
        :data:`~napari_mousegpt.core.tables.CLUSTERS`. ``name`` is the label most of the described
        time has, then up to two terms that set the cluster apart, for example
        ``"walking, fast, straight"``; names are unique. ``coverage`` is the share of the cluster's
        frames whose description says the first term. ``sentence`` describes the medoid, the most
        typical interval. A cluster without words is called ``"unnamed behaviour <id>"``.

    Raises
    ------
    InputError
        When a table lacks a required column.
    """
    rows = ASSIGNMENTS.check(assignments).reset_index(drop=True)
    words = DESCRIPTIONS.check(descriptions).reset_index(drop=True)
    named = {phrase.cluster: phrase for phrase in Spoken(rows, words).named()}
    medoids = typical_rows(rows)
    middle = rows.loc[[medoids[one] for one in sorted(named)], list(KEYS)].reset_index(drop=True)
    sentences = dict(zip(sorted(named), best_sentences(Intervals(middle), words), strict=True))
    called = {
        one: Called(
            phrase.name,
            sentences[one],
            ";".join(phrase.keywords),
            phrase.time,
            "words" if phrase.terms else "none",
        )
        for one, phrase in named.items()
    }
    return cluster_table(rows, called)


def cluster_table(rows: pd.DataFrame, called: Mapping[int, Called]) -> pd.DataFrame:
    """Return the clusters that occur in these rows, with what they are called.

    Parameters
    ----------
    rows : DataFrame
        Cluster assignments.
    called : mapping of int to Called
        By cluster; every one that occurs.

    Returns
    -------
    DataFrame
        :data:`~napari_mousegpt.core.tables.CLUSTERS`; times and medoids are those of the rows.
    """
    rows = rows.reset_index(drop=True)
    clusters = np.unique(rows.loc[rows["cluster"] >= 0, "cluster"].to_numpy())
    table = cluster_times(rows).reindex(clusters)
    medoids = typical_rows(rows)
    middle = rows.loc[[medoids[int(c)] for c in clusters]].reset_index(drop=True)
    names = [called[int(c)] for c in clusters]
    found = pd.DataFrame(
        {
            "cluster": clusters,
            "name": [one.name for one in names],
            "sentence": [one.sentence for one in names],
            "keywords": [one.keywords for one in names],
            "coverage": [one.coverage for one in names],
            **{name: table[name].to_numpy() for name in table.columns},
            "medoid_range_id": middle["range_id"],
            "medoid_recording": middle["recording"],
            "medoid_start": middle["start"],
            "medoid_stop": middle["stop"],
            "name_source": [one.source for one in names],
        }
    )
    return CLUSTERS.check(found)


def cluster_times(rows: pd.DataFrame) -> pd.DataFrame:
    """Return intervals, bouts and seconds of each cluster."""
    bouts = rows.assign(bout=bout_numbers(rows)).groupby("bout")
    table = bouts[["recording", "individual", "cluster"]].first()
    table["n_ranges"] = bouts.size()
    table["lasts"] = np.nan
    if {"start_s", "stop_s"} <= set(rows.columns):
        begin, end = (
            bouts[name].agg(way).to_numpy(copy=True)
            for name, way in (("start_s", "min"), ("stop_s", "max"))
        )
        # Windows that overlap at a change share the time between them.
        who = table.groupby(["recording", "individual"], sort=False).ngroup().to_numpy()
        shared = np.flatnonzero((who[1:] == who[:-1]) & (end[:-1] > begin[1:]))
        cut = (end[shared] + begin[shared + 1]) / 2
        end[shared], begin[shared + 1] = cut, cut
        table["lasts"] = end - begin
    by_cluster = table.groupby("cluster")
    return pd.DataFrame(
        {
            "n_ranges": by_cluster["n_ranges"].sum(),
            "n_bouts": by_cluster.size(),
            "seconds": by_cluster["lasts"].sum(min_count=1),
            "median_bout_s": by_cluster["lasts"].median(),
        }
    )
