"""Results with the names and merges that people gave since they were written."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import pandas as pd

from napari_mousegpt.clusters import Groups, ethogram, groups_of
from napari_mousegpt.clusters.names_now import groups_now
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import KEYS, Intervals
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.io.labels import read_bouts

__all__ = ["groups_in_run", "results_now", "with_known_ids"]


def groups_in_run(place: Path) -> Groups | None:
    """Return the groups that a finished run wrote; None where it has none."""
    result = place / "result"
    if not (result / "clusters.parquet").is_file():
        return None
    rows = read_parquet(result / "assignments.parquet")
    return groups_of(place, rows, read_parquet(result / "clusters.parquet"))


def results_now(place: Path, written: Groups | None) -> tuple[Groups | None, Ethogram]:
    """Return groups and ethogram of a finished run by the names of now.

    A bout that is only called otherwise keeps its id, so that corrections still find it. Bouts that
    touch and are one behaviour now become one bout, with an id of its own.

    Parameters
    ----------
    place : Path
        Run folder.
    written : Groups or None
        Those of :func:`groups_in_run`.
    """
    bouts = read_bouts(place / "result" / "ethogram.parquet")
    groups = None if written is None else groups_now(written, place)
    if groups is None or groups is written:
        return groups, bouts
    found = with_known_ids(ethogram(groups), bouts.bouts.select(source="cluster")).bouts
    others = bouts.bouts.to_pandas()
    others = others[others["source"] != "cluster"]
    table = pd.concat([others, found.to_pandas()], ignore_index=True)
    named = Intervals(table[[*others.columns]])
    return groups, Ethogram(named, bouts.observed, notes=bouts.notes)


def with_known_ids(found: Ethogram, known: Intervals) -> Ethogram:
    """Return bouts under the ids that the same stretches have in ``known``."""
    old = dict(zip(_keys(known), known.column("bout_id"), strict=True))
    ids = zip(_keys(found.bouts), found.bouts.column("bout_id"), strict=True)
    bouts = found.bouts.assign(bout_id=[str(old.get(key, own)) for key, own in ids])
    return Ethogram(bouts, found.observed, notes=found.notes)


def _keys(bouts: Intervals) -> list[tuple[Hashable, ...]]:
    return list(bouts.to_pandas()[list(KEYS)].itertuples(index=False, name=None))
