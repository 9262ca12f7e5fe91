"""The names of a map as a table, for a csv file or a table on the screen."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from napari_mousegpt.clusters.cluster_name import ClusterName

__all__ = ["name_table"]


def name_table(names: Iterable[ClusterName]) -> pd.DataFrame:
    """Return one row for each behaviour, with what speaks for its name."""
    rows = [
        {
            "cluster": one.cluster,
            "group": one.group,
            "name": one.name,
            "name_source": one.source,
            "phrase": one.phrase,
            "coverage": one.coverage,
            "term_coverage": ";".join(f"{share:.3f}" for share in one.held),
            "described": one.described,
            "sentence": one.sentence,
            "medoid": "" if one.medoid is None else one.medoid.where,
            **{f"quote_{number + 1}": _quoted(one, number) for number in range(3)},
            "keywords": ";".join(one.keywords),
            "title": "" if one.title is None else one.title.marked,
            "title_model": "" if one.title is None else one.title.model,
            "title_prompt": "" if one.title is None else one.title.prompt_id,
            "named_by": one.who,
            "named_when": one.when,
            "n_ranges": one.n_ranges,
            "n_bouts": one.n_bouts,
            "seconds": one.seconds,
        }
        for one in names
    ]
    return pd.DataFrame(rows)


def _quoted(one: ClusterName, number: int) -> str:
    if number >= len(one.quotes):
        return ""
    quote = one.quotes[number]
    return f"{quote.place.where}: {quote.sentence}"
