"""Clusters parted too finely and joined again by words and place, against what people saw.

Six mice of the subtle 3-D data set. A map is fitted blind, as it is by default or parted far too
finely; the rules of movement put half-second stretches into words; the tree of likeness in words
and place is cut at the usual limit and at fixed numbers of groups. Scored as in
``clusters_labels.py``: groups get labels on three mice and are scored on the other three.

    python benchmarks/merge_suggestions.py
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusters_labels import Scorer, project_mice
from napari_mousegpt.clusters import ClusterMap, ClusterParams, fit
from napari_mousegpt.clusters.levels import Levels
from napari_mousegpt.clusters.merging import LIMIT, over_segmenting
from napari_mousegpt.clusters.named_map import NamedMap
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.features import kinematics
from napari_mousegpt.words import KinematicDescriber
from subtle3d import Mouse, default_data_root, load

#: Frames of a described stretch: half a second.
STRETCH = 10
NUMBERS = (20, 15, 12, 10, 8, 6, 4)


def described(mice: list[Mouse]) -> pd.DataFrame:
    """Return what the rules of movement say of every stretch of every mouse."""
    describer = KinematicDescriber()
    tables = []
    for mouse in mice:
        starts = np.arange(0, mouse.timebase.n_frames - STRETCH + 1, STRETCH)
        ranges = Intervals.build(mouse.id, starts, starts + STRETCH, "mouse")
        tables.append(describer.describe(kinematics(mouse.pose, mouse.timebase), ranges))
    return pd.concat(tables, ignore_index=True)


def figures(data_root: Path | str | None = None) -> dict[str, Any]:
    """Fit, describe, join and score."""
    mice = load(Path(data_root) if data_root else default_data_root())
    vectors, words, scorer = project_mice(mice), described(mice), Scorer(mice)
    found = {}
    for name, params in (
        ("default", ClusterParams()),
        ("too fine", over_segmenting(ClusterParams())),
    ):
        fitted = fit(vectors, params)
        found[name] = _joined(fitted, fitted.apply(vectors), words, scorer)
    return found


def _joined(
    found: ClusterMap, rows: pd.DataFrame, words: pd.DataFrame, scorer: Scorer
) -> dict[str, Any]:
    nearest = rows["nearest"].to_numpy()
    named, alone = NamedMap(found, rows, words), NamedMap(found, rows)
    seen = scorer.counts(nearest).sum(axis=0)[1:]
    label = seen.argmax(axis=1)
    score = named.likeness.score
    upper = np.triu_indices(len(found), 1)
    same = (label[:, None] == label[None, :])[upper]
    bands = [(0.3, 0.5), (0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 1.01)]
    tree, place = named.dendrogram(), alone.dendrogram()
    levels = Levels(found)
    result = {
        "clusters": len(found),
        "as fitted": scorer.score(nearest),
        "pairs of one human label": {
            f"{low:.1f}-{min(high, 1):.1f}": _share(same, score[upper], low, high)
            for low, high in bands
        },
        "all pairs": round(float(same.mean()), 3),
        "at the limit": _scored(tree.groups(1 - LIMIT), nearest, scorer),
        "numbers": {},
    }
    for number in NUMBERS:
        if number < len(found):
            groups: dict[str, list[int]] = {}
            for cluster, parent in levels.parents(number).items():
                groups.setdefault(parent, []).append(cluster)
            result["numbers"][number] = {
                "words and place": _scored(tree.cut(number), nearest, scorer),
                "place": _scored(place.cut(number), nearest, scorer),
                "levels": _scored(tuple(map(tuple, groups.values())), nearest, scorer),
            }
    return result


def _share(same: NDArray[np.bool_], score: NDArray[np.float64], low: float, high: float) -> Any:
    inside = (score >= low) & (score < high)
    return {"pairs": int(inside.sum()), "share": round(float(same[inside].mean()), 3)}


def _scored(
    groups: tuple[tuple[int, ...], ...], nearest: NDArray[np.int64], scorer: Scorer
) -> dict[str, Any]:
    goes = {part: number for number, group in enumerate(groups) for part in group}
    joined = np.asarray([goes.get(int(cluster), -1) for cluster in nearest])
    return {"groups": len(groups), **scorer.score(joined)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the shared data")
    print(json.dumps(figures(parser.parse_args().data), indent=1))


if __name__ == "__main__":
    main()
