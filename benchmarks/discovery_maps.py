"""How many behaviours keep their id when a map is fitted again on the other half.

A map is fitted on one half and refitted on the other half, which it shares no recording with. A
behaviour keeps its id only if each is the greater part of the other, on the windows of the refit.
Whether that was right is asked of windows that the refit never saw: those of the first half.

- ``six mice``: labelled_subtle3d, kinematics and words fused; three mice and the other three, all
  20 ways. Beside the ids, the human labels: are ids still about the behaviour they were about?
- ``csi`` and ``formalin``: machine labels of two group studies, halves drawn at random.
- ``made-up``: known behaviours, where being the same behaviour can be known.

With memory (the map before votes beside the new data) and without, which is the plain refit. What
memory costs is measured, too: each human label is left out of the first half, and the refit should
give it ids of its own.

    python benchmarks/discovery_maps.py --check
    python benchmarks/discovery_maps.py --quick      # 10 pairs in all
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from discovery_labels import DESIGN, project_fused
from label_streams import csi_vectors, formalin_vectors
from napari_mousegpt.clusters import ClusterMap, ClusterParams, fit
from napari_mousegpt.clusters.recalling import MEMORY
from napari_mousegpt.clusters.refitting import Refit, refit
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.vectors import Vectors
from subtle3d import BEHAVIOURS, default_data_root, load

#: Least share of behaviours that keep their id, and pairs of fits.
LIMITS = {"kept": 0.9, "pairs": 10, "same_rows_identical": True}
Bools = NDArray[np.bool_]


def figures(data_root: Path | str | None = None, *, quick: bool = False) -> dict[str, Any]:
    """Fit, refit and count.

    Returns
    -------
    dict
        For each data set ``with_memory`` and ``without``; ``cost_of_memory``; ``same_rows``.
    """
    root = Path(data_root or default_data_root())
    mice = load(root)
    fused = project_fused(mice)
    human = _human(mice, fused)
    names = sorted(set(fused.intervals.recording))
    ways = list(combinations(names, 3))
    rng = np.random.default_rng(0)
    sets: dict[str, tuple[Vectors, ClusterParams, list[tuple[str, ...]], Any]] = {
        "six mice": (fused, DESIGN, ways[::2] if quick else ways, human),
        "made-up": (*_made_up(), None),
    }
    if not quick:
        for name, vectors in (("csi", csi_vectors(root)), ("formalin", formalin_vectors(root))):
            who = np.asarray(sorted(set(vectors.intervals.recording)), dtype=object)
            halves = [tuple(rng.choice(who, len(who) // 2, replace=False)) for _ in range(10)]
            sets[name] = (vectors, ClusterParams(), halves, None)
    found: dict[str, Any] = {}
    for name, (vectors, params, halves, told) in sets.items():
        found[name] = _pairs(vectors, params, halves, told)
    found["cost_of_memory"] = _cost(fused, human, ways[::7] if not quick else ways[:1])
    found["same_rows"] = _same_rows(fused[np.isin(fused.intervals.recording, names[:3])])
    return found


def _pairs(
    vectors: Vectors, params: ClusterParams, halves: list[tuple[str, ...]], human: Any
) -> dict[str, Any]:
    rows: dict[float, list[dict[str, float]]] = {MEMORY: [], 0.0: []}
    begin = time.process_time()
    for half in halves:
        first = np.isin(vectors.intervals.recording, np.asarray(half, dtype=object))
        before = _quiet(vectors[first], params)
        for memory, told in rows.items():
            again = _again(before, vectors[~first], memory)
            told.append(_row(before, again, vectors, first, human))
    summary = {
        name: {
            **{key: float(np.nanmean([row[key] for row in told])) for key in told[0]},
            "worst_kept": float(min(row["kept"] for row in told)),
        }
        for name, told in (("with_memory", rows[MEMORY]), ("without", rows[0.0]))
    }
    return {"pairs": len(halves), "cpu_s": time.process_time() - begin, **summary}


def _row(
    before: ClusterMap, again: Refit, vectors: Vectors, first: Bools, human: Any
) -> dict[str, float]:
    kept, total = len(again.matching.kept), len(before.clusters)
    old = before.apply(vectors)["nearest"].to_numpy()
    new = again.map.apply(vectors)["nearest"].to_numpy()
    right = [_same(old[first], new[first], one) for one in again.matching.kept]
    inside = old[~first] >= 0
    row = {
        "behaviours": float(total),
        "behaviours_after": float(len(again.map.clusters)),
        "kept": kept / total,
        "kept_of_time": float(np.isin(old[~first][inside], list(again.matching.kept)).mean()),
        "right_where_never_seen": float(np.mean(right)) if right else float("nan"),
        "windows_with_the_same_id": float((old == new)[~first].mean()),
    }
    if human is not None:
        row["human_label_the_same"] = _about(old, new, first, human, again.matching.kept)
    return row


def _same(old: NDArray[np.int64], new: NDArray[np.int64], one: int) -> bool:
    """Whether each is the greater part of the other."""
    both = ((old == one) & (new == one)).sum()
    return bool(both > (old == one).sum() / 2 and both > (new == one).sum() / 2)


def _about(
    old: NDArray[np.int64], new: NDArray[np.int64], first: Bools, human: Any, kept: frozenset[int]
) -> float:
    """Return how many ids that were kept are about the same human label as before."""
    known = np.isin(human, BEHAVIOURS)
    same = []
    for one in kept:
        was = human[first & known & (old == one)]
        now = human[~first & known & (new == one)]
        if len(was) and len(now):
            same.append(pd.Series(was).mode()[0] == pd.Series(now).mode()[0])
    return float(np.mean(same)) if same else float("nan")


def _cost(vectors: Vectors, human: Any, halves: list[tuple[str, ...]]) -> dict[str, Any]:
    """Leave a human label out of the first half, and see whether the refit gives it new ids."""
    told: dict[str, dict[str, list[float]]] = {}
    for behaviour in BEHAVIOURS:
        found: dict[str, list[float]] = {"with_memory": [], "without": []}
        for half in halves:
            first = np.isin(vectors.intervals.recording, np.asarray(half, dtype=object))
            before = _quiet(vectors[first & (human != behaviour)], DESIGN)
            for name, memory in (("with_memory", MEMORY), ("without", 0.0)):
                again = _again(before, vectors[~first], memory)
                new = again.map.apply(vectors[~first])["nearest"].to_numpy()
                fresh = (new >= 0) & ~np.isin(new, before.clusters)
                mine = human[~first] == behaviour
                found[name].append(float(fresh[mine].mean() - fresh[~mine].mean()))
        told[behaviour] = found
    return {
        behaviour: {name: float(np.mean(values)) for name, values in found.items()}
        for behaviour, found in told.items()
    }


def _same_rows(vectors: Vectors) -> dict[str, bool]:
    """Refit with shuffled rows, and on two threads: the same map and ids."""
    from threadpoolctl import threadpool_limits

    half = vectors.intervals.recording == min(vectors.intervals.recording)
    before = _quiet(vectors[~half], DESIGN)
    usual = _again(before, vectors[half], MEMORY)
    order = np.random.default_rng(1).permutation(int(half.sum()))
    shuffled = _again(before, vectors[half][order], MEMORY)
    with threadpool_limits(limits=2):
        threads = _again(before, vectors[half], MEMORY)
    table = usual.map.apply(vectors)["cluster"]
    return {
        "shuffled": shuffled.map.map_id == usual.map.map_id
        and table.equals(shuffled.map.apply(vectors)["cluster"]),
        "two_threads": threads.map.map_id == usual.map.map_id
        and table.equals(threads.map.apply(vectors)["cluster"]),
    }


def _quiet(vectors: Vectors, params: ClusterParams) -> ClusterMap:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return fit(vectors, params)


def _again(before: ClusterMap, vectors: Vectors, memory: float) -> Refit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return refit(before, vectors, memory=memory)


def _human(mice: Any, vectors: Vectors) -> NDArray[np.object_]:
    """Return the human label that most frames of each window have."""
    labels = {mouse.id: mouse.labels for mouse in mice}
    ranges = vectors.intervals
    rows = zip(ranges.recording, ranges.start, ranges.stop, strict=True)
    said = [pd.Series(labels[name][start:stop]).mode()[0] for name, start, stop in rows]
    return np.asarray(said, dtype=object)


def _made_up() -> tuple[Vectors, ClusterParams, list[tuple[str, ...]]]:
    """Return 25 known behaviours of 12 animals, sizes after Zipf, and ten halves."""
    places = np.random.default_rng(3).normal(0, 1, (25, 24))
    share = 1 / np.arange(1, 26)
    pieces = []
    for number in range(12):
        draw = np.random.default_rng([5, number])
        states = np.repeat(
            draw.choice(25, 3000, p=share / share.sum()), draw.integers(3, 20, 3000)
        )[:3000]
        values = places[states] + draw.normal(0, 0.35, (3000, 24)) + draw.normal(0, 0.1, 24)
        start = np.arange(3000) * 3
        ranges = Intervals.build(
            f"m{number:02d}", start, start + 3, "m", start_s=start / 30, stop_s=(start + 3) / 30
        )
        names = tuple(f"n{column}" for column in range(24))
        pieces.append(Vectors(ranges, values.astype(np.float32), names, "made up", "1"))
    draw = np.random.default_rng(9)
    who = np.asarray([f"m{number:02d}" for number in range(12)], dtype=object)
    halves = [tuple(draw.choice(who, 6, replace=False)) for _ in range(10)]
    return Vectors.concat(pieces), ClusterParams(), halves


def misses(found: Mapping[str, Any]) -> list[str]:
    """Return what falls short of the limits, as sentences."""
    missed = []
    for name, one in _sets(found):
        if one["pairs"] < LIMITS["pairs"]:
            missed.append(f"{name}: {one['pairs']} pairs of fits, wanted {LIMITS['pairs']}")
        if not one["with_memory"]["kept"] >= LIMITS["kept"]:
            missed.append(
                f"{name}: {one['with_memory']['kept']:.1%} of behaviours keep their id, wanted "
                f"{LIMITS['kept']:.0%}"
            )
    missed += [f"same rows, {name}: other labels" for name, same in found["same_rows"].items()
               if not same]  # fmt: skip
    return missed


def show(found: Mapping[str, Any]) -> None:
    """Print the figures."""
    print("behaviours that keep their id in a refit on the other half")
    for name, one in _sets(found):
        print(f"\n{name}: {one['pairs']} pairs of fits, {one['cpu_s']:.0f} CPU s")
        for kind in ("with_memory", "without"):
            row = one[kind]
            text = (
                f"  {kind.replace('_', ' '):<12} kept {row['kept']:.1%} (worst pair "
                f"{row['worst_kept']:.0%}), {row['kept_of_time']:.1%} of the time; "
                f"{row['behaviours']:.1f} -> {row['behaviours_after']:.1f}; right on unseen "
                f"{row['right_where_never_seen']:.0%}; same id "
                f"{row['windows_with_the_same_id']:.0%}"
            )
            if "human_label_the_same" in row:
                text += f"; same human label {row['human_label_the_same']:.0%}"
            print(text)
    print("\na label that the first half lacked: its share under fresh ids, less that of the rest")
    for behaviour, row in found["cost_of_memory"].items():
        told = ", ".join(f"{kind.replace('_', ' ')} {value:+.2f}" for kind, value in row.items())
        print(f"  {behaviour:<10} {told}")
    print(f"\nthe same rows: {found['same_rows']}")


def _sets(found: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, one in found.items():
        if name not in ("cost_of_memory", "same_rows", "missed"):
            yield name, one


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the shared data")
    parser.add_argument("--quick", action="store_true", help="fewer pairs, no group studies")
    parser.add_argument("--json", action="store_true", help="print one object of figures")
    parser.add_argument("--check", action="store_true", help="exit 1 when a limit is missed")
    options = parser.parse_args()
    found = figures(options.data, quick=options.quick)
    missed = misses(found)
    if options.json:
        print(json.dumps({**found, "missed": missed}, indent=2))
    else:
        show(found)
        print("\n".join(["", *missed] if missed else ["", "every number is reached"]))
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    raise SystemExit(main())
