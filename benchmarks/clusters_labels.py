"""Clusters found without labels against what people saw: six mice of the subtle 3-D data set.

The map is fitted on all six mice, blind to the labels. Then the clusters are given labels on three
mice (the label most of their frames have) and scored on the other three: all 20 ways to choose.
Frames that people left unassigned are left out of mapping and score. Noise is scored twice: given
to the nearest cluster, and counted as wrong wherever a person saw a behaviour.

Other methods get the same features, the same six mice and the same scoring.

    python benchmarks/clusters_labels.py --check
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt.clusters import ClusterMap, ClusterParams, fit
from napari_mousegpt.clusters.bouts import find_bouts, find_runs
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.pose import make_pose
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.features import kinematics
from napari_mousegpt.vectors import project_kinematic
from subtle3d import BEHAVIOURS, Mouse, default_data_root, load

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Frames of a window: a tenth of a second.
WINDOW = 2
SEEDS = (0, 1, 2, 3, 4)
LIMITS = {
    "fewest_clusters": 5,
    "most_clusters": 40,
    "noise": 0.25,
    "mean_macro_f1": 0.67,
    "worst_macro_f1": 0.55,
}


def project_mice(mice: list[Mouse], window: int = WINDOW) -> Vectors:
    """Return the kinematic vectors of every window of every mouse, mouse after mouse."""
    found = []
    for mouse in mice:
        starts = np.arange(0, mouse.timebase.n_frames - window + 1, window)
        ranges = Intervals.build(mouse.id, starts, starts + window, "mouse")
        found.append(project_kinematic(kinematics(mouse.pose, mouse.timebase), ranges))
    return Vectors.concat(found)


class Scorer:
    """Scores one cluster for each window against the labels of the frames in it.

    Parameters
    ----------
    mice : list of Mouse
        In the order of the windows.
    shift_s : float
        Labels are moved by this many seconds, the end becoming the beginning: a control in which
        nothing can be right but by chance.
    """

    def __init__(self, mice: list[Mouse], shift_s: float = 0.0) -> None:
        window, mouse_of, label = [], [], []
        first = 0
        for number, mouse in enumerate(mice):
            n = len(mouse.labels) // WINDOW
            labels = np.roll(mouse.labels, round(shift_s * mouse.timebase.fps))[: n * WINDOW]
            codes = pd.Index(BEHAVIOURS).get_indexer(labels)
            told = np.flatnonzero(codes >= 0)
            window.append(first + told // WINDOW)
            mouse_of.append(np.full(told.size, number))
            label.append(codes[told])
            first += n
        self.window = np.concatenate(window)
        self.mouse = np.concatenate(mouse_of)
        self.label = np.concatenate(label)
        self.n_mice = len(mice)
        self.step_s = WINDOW / mice[0].timebase.fps

    def counts(self, clusters: Ints, use: NDArray[np.bool_] | None = None) -> Floats:
        """Return labelled frames by mouse, cluster (noise first) and behaviour."""
        rows = slice(None) if use is None else use[self.window]
        found = clusters[self.window[rows]] + 1
        table = np.zeros((self.n_mice, int(clusters.max()) + 2, len(BEHAVIOURS)))
        np.add.at(table, (self.mouse[rows], found, self.label[rows]), 1)
        return table

    def splits(self) -> list[list[int]]:
        """Return every choice of half of the mice."""
        return [list(chosen) for chosen in combinations(range(self.n_mice), self.n_mice // 2)]

    def switches(self, clusters: Ints) -> float:
        """Return how often the cluster changes from one window to the next, per minute."""
        return float((clusters[1:] != clusters[:-1]).sum() / (len(clusters) * self.step_s / 60))

    def scores(self, clusters: Ints, use: NDArray[np.bool_] | None = None) -> Floats:
        """Return macro-F1 of each split; a cluster of -1 is never right."""
        table = self.counts(clusters, use)
        return np.asarray(
            [
                macro_f1(table[chosen].sum(axis=0), np.delete(table, chosen, axis=0).sum(axis=0))
                for chosen in self.splits()
            ]
        )

    def score(self, clusters: Ints) -> dict[str, float]:
        """Return macro-F1 over the splits and normalised mutual information."""
        from sklearn.metrics import normalized_mutual_info_score

        scores = self.scores(clusters)
        return {
            "mean_macro_f1": float(scores.mean()),
            "sd_macro_f1": float(scores.std()),
            "worst_macro_f1": float(scores.min()),
            "nmi": float(normalized_mutual_info_score(self.label, clusters[self.window])),
            "switches_per_min": self.switches(clusters),
        }


def macro_f1(told: Floats, asked: Floats) -> float:
    """Give labels to clusters by one table of counts (noise in row 0) and score another."""
    label = np.where(told.sum(axis=1) > 0, told.argmax(axis=1), -1)
    label[0] = -1
    scores = []
    for behaviour in range(asked.shape[1]):
        says = label == behaviour
        right = asked[says, behaviour].sum()
        scores.append(2 * right / max(asked[says].sum() + asked[:, behaviour].sum(), 1))
    return float(np.mean(scores))


def figures(data_root: Path | str | None = None, *, quick: bool = False) -> dict[str, Any]:
    """Fit, score and compare.

    Parameters
    ----------
    data_root : Path, optional
        Folder that holds ``labelled_subtle3d`` and ``video_openfield_dlc``.
    quick : bool
        One run of UMAP, on every sixth window, instead of three on every third; no fits on half of
        the mice.

    Returns
    -------
    dict
        ``ours``, ``seeds``, ``left_out``, ``new_mice``, ``others``, ``controls``, ``open_field``.
    """
    root = Path(data_root or default_data_root())
    mice = load(root)
    vectors = project_mice(mice)
    scorer = Scorer(mice)
    ours, found, table = _ours(vectors, scorer, SEEDS[0])
    near = table["nearest"].to_numpy()
    strength = table["strength"].to_numpy()
    seeds = [ours, *(_ours(vectors, scorer, seed)[0] for seed in SEEDS[1:])]
    others = _others(vectors, scorer, found, quick=quick)
    result = {
        "ours": ours,
        "seeds": {
            name: [seed[name] for seed in seeds] for name in ("clusters", "mean_macro_f1", "noise")
        },
        "left_out": {
            f"{share:.0%}": float(
                scorer.scores(near, strength >= np.quantile(strength, share)).mean()
            )
            for share in (0.0, 0.1, 0.2)
        },
        "others": others,
        "controls": {
            "labels_shifted_by_120_s": Scorer(mice, 120.0).score(near)["mean_macro_f1"],
            "labels_0.3_s_earlier": Scorer(mice, -0.3).score(near)["mean_macro_f1"],
            "people_switches_per_min": float(np.mean([_switches(mouse) for mouse in mice])),
            "rows_shuffled_same_map": _shuffled_is_same(vectors, found),
        },
        "open_field": open_field(root),
    }
    if not quick:
        result["new_mice"] = _new_mice(mice, scorer)
    return result


def _ours(
    vectors: Vectors, scorer: Scorer, seed: int
) -> tuple[dict[str, Any], ClusterMap, pd.DataFrame]:
    begin = time.process_time()
    found = fit(vectors, ClusterParams(seed=seed))
    table = found.apply(vectors)
    seconds = time.process_time() - begin
    clusters = table["cluster"].to_numpy()
    return (
        {
            "clusters": len(found),
            "noise": float((clusters < 0).mean()),
            **scorer.score(table["nearest"].to_numpy()),
            "noise_is_wrong": scorer.score(clusters),
            "cpu_s": seconds,
        },
        found,
        table,
    )


def _switches(mouse: Mouse) -> float:
    changes = np.count_nonzero(mouse.labels[1:] != mouse.labels[:-1])
    return float(changes / (mouse.timebase.duration / 60))


def _shuffled_is_same(vectors: Vectors, found: ClusterMap) -> bool:
    order = np.random.default_rng(0).permutation(len(vectors))
    again = fit(vectors[order], found.params)
    labels = found.apply(vectors)["cluster"].to_numpy()
    return again.map_id == found.map_id and bool(
        np.array_equal(again.apply(vectors[order])["cluster"].to_numpy(), labels[order])
    )


def _new_mice(mice: list[Mouse], scorer: Scorer) -> dict[str, float]:
    """Fit and map on three mice alone, then apply the frozen map to the other three."""
    vectors = [project_mice([mouse]) for mouse in mice]
    nearest, abstained, sizes, noise = [], [], [], []
    for chosen in scorer.splits():
        found = fit(Vectors.concat([vectors[number] for number in chosen]))
        table = found.apply(Vectors.concat(vectors))
        rest = [number for number in range(len(mice)) if number not in chosen]
        for column, scores in (("nearest", nearest), ("cluster", abstained)):
            counts = scorer.counts(table[column].to_numpy())
            scores.append(macro_f1(counts[chosen].sum(axis=0), counts[rest].sum(axis=0)))
        sizes.append(len(found))
        new = table["recording"].isin([mice[number].id for number in rest])
        noise.append(float((table.loc[new, "cluster"] < 0).mean()))
    return {
        "mean_macro_f1": float(np.mean(nearest)),
        "worst_macro_f1": float(np.min(nearest)),
        "mean_macro_f1_noise_is_wrong": float(np.mean(abstained)),
        "mean_noise": float(np.mean(noise)),
        "fewest_clusters": int(np.min(sizes)),
        "most_clusters": int(np.max(sizes)),
    }


def _others(vectors: Vectors, scorer: Scorer, found: ClusterMap, *, quick: bool) -> dict[str, Any]:
    """Run other methods on the same projection."""
    thin = 6 if quick else 3
    points = found.projection.apply(vectors.values)
    n_clusters = len(found)
    methods: dict[str, Callable[[], tuple[Ints, Ints]]] = {
        f"k-means of the same bouts, k {n_clusters}": lambda: _k_means_bouts(vectors, found),
        f"k-means of windows, k {n_clusters}": lambda: _k_means(points, n_clusters),
        f"Gaussian mixture of windows, 10 components, k {n_clusters}": lambda: _mixture(
            points[:, :10], n_clusters
        ),
        "HDBSCAN of windows, 5 components": lambda: _hdbscan(points[:, :5], 100, 1, "eom"),
    }
    for seed in SEEDS[: 1 if quick else 3]:
        name = f"UMAP (5-d, 1 window in {thin}) + HDBSCAN, seed {seed}"
        methods[name] = partial(_umap, points, thin, seed, "eom")
    methods[f"{name}, leaf"] = partial(_umap, points, thin, seed, "leaf")
    results: dict[str, Any] = {}
    for name, run in methods.items():
        begin = time.process_time()
        clusters, near = run()
        seconds = time.process_time() - begin
        results[name] = {
            "clusters": len(set(clusters.tolist()) - {-1}),
            "noise": float((clusters < 0).mean()),
            **scorer.score(near),
            "noise_is_wrong": scorer.score(clusters),
            "cpu_s": seconds,
        }
    return results


def _k_means(points: Floats, n_clusters: int) -> tuple[Ints, Ints]:
    from sklearn.cluster import KMeans

    labels = KMeans(n_clusters, n_init=1, random_state=0).fit_predict(points).astype(np.int64)
    return labels, labels


def _k_means_bouts(vectors: Vectors, found: ClusterMap) -> tuple[Ints, Ints]:
    from sklearn.cluster import KMeans

    seen = found.projection.seen(vectors.values)
    runs = find_runs(vectors.intervals, seen, timed=found.timed)
    points = found.projection.apply(vectors.values)
    bouts = find_bouts(points, runs, found.penalty, found.longest)
    means = KMeans(len(found), n_init=1, random_state=0)
    labels = means.fit(bouts.points, sample_weight=bouts.windows).labels_[bouts.of_row]
    return labels.astype(np.int64), labels.astype(np.int64)


def _mixture(points: Floats, n_clusters: int) -> tuple[Ints, Ints]:
    from sklearn.mixture import GaussianMixture

    labels = GaussianMixture(n_clusters, random_state=0, max_iter=200).fit_predict(points)
    return labels.astype(np.int64), labels.astype(np.int64)


def _hdbscan(points: Floats, size: int, thin: int, choose: str) -> tuple[Ints, Ints]:
    """Cluster points, each of which stands for ``thin`` windows; noise joins its neighbour."""
    from hdbscan import HDBSCAN
    from sklearn.neighbors import KNeighborsClassifier

    search = HDBSCAN(min_cluster_size=size, min_samples=10, cluster_selection_method=choose)
    labels = search.fit_predict(points).astype(np.int64)
    inside = labels >= 0
    near = labels
    if inside.any():
        near = KNeighborsClassifier(1).fit(points[inside], labels[inside]).predict(points)
    return np.repeat(labels, thin), np.repeat(near.astype(np.int64), thin)


def _umap(points: Floats, thin: int, seed: int, choose: str) -> tuple[Ints, Ints]:
    from umap import UMAP

    # The middle window of each few stands for all of them: at most a tenth of a second away on
    # every third window.
    chosen = np.arange(len(points) // thin) * thin + thin // 2
    reducer = UMAP(n_components=5, n_neighbors=30, min_dist=0.0, random_state=seed, n_jobs=1)
    few = reducer.fit_transform(points[chosen]).astype(np.float64)
    told, near = _hdbscan(few, max(15, len(few) // 200), thin, choose)
    rest = (0, len(points) - len(told))
    return np.pad(told, rest, mode="edge"), np.pad(near, rest, mode="edge")


def open_field(data_root: Path) -> dict[str, Any]:
    """Cluster a real open-field video of 78 seconds with four keypoints."""
    folder = data_root / "video_openfield_dlc"
    table = pd.read_csv(folder / "openfield_dlc_inference_example.csv", header=[1, 2], index_col=0)
    keypoints = list(dict.fromkeys(name for name, _ in table.columns))
    axes = [table.xs(axis, axis=1, level=1)[keypoints].to_numpy() for axis in "xy"]
    confidence = table.xs("likelihood", axis=1, level=1)[keypoints].to_numpy()
    clock = Timebase.constant(30, len(table))
    pose = make_pose(
        np.stack(axes, axis=1)[..., None], confidence[..., None], keypoints, ("mouse",), clock
    )
    starts = np.arange(0, len(table) - 2, 3)
    ranges = Intervals.build("m3v1", starts, starts + 3, "mouse")
    vectors = project_kinematic(kinematics(pose, clock), ranges)
    found = fit(vectors)
    clusters = found.apply(vectors)["cluster"].to_numpy()
    return {
        "windows": len(vectors),
        "clusters": len(found),
        "noise": float((clusters < 0).mean()),
        "largest_share": max(found.sizes) / len(vectors),
    }


def misses(found: Mapping[str, Any]) -> list[str]:
    """Return what falls short of the limits, as sentences."""
    ours, missed = found["ours"], []
    for name in ("mean_macro_f1", "worst_macro_f1"):
        if not ours[name] >= LIMITS[name]:
            missed.append(f"clusters {name} {ours[name]:.3f}, wanted {LIMITS[name]} or more")
    if not ours["noise"] <= LIMITS["noise"]:
        missed.append(f"noise {ours['noise']:.0%}, wanted {LIMITS['noise']:.0%} or less")
    fewest, most = int(LIMITS["fewest_clusters"]), int(LIMITS["most_clusters"])
    if not fewest <= ours["clusters"] <= most:
        missed.append(f"{ours['clusters']} clusters, wanted {fewest} to {most}")
    if not found["controls"]["rows_shuffled_same_map"]:
        missed.append("shuffled rows gave another map")
    return missed


def show(found: Mapping[str, Any]) -> None:
    """Print the figures for people."""
    ours = found["ours"]
    print(f"{'':58s} k   noise  F1 mean +- sd [worst]  noise wrong  NMI  changes/min  CPU s")
    for name, one in {"ours": ours, **found["others"]}.items():
        wrong = one["noise_is_wrong"]["mean_macro_f1"]
        print(
            f"{name:56s} {one['clusters']:3d}   {one['noise']:4.0%}   {one['mean_macro_f1']:.3f} "
            f"+- {one['sd_macro_f1']:.3f} [{one['worst_macro_f1']:.3f}]    {wrong:.3f}     "
            f"{one['nmi']:.3f}     {one['switches_per_min']:4.0f} {one['cpu_s']:9.1f}"
        )
    seeds = found["seeds"]
    print(
        f"ours, {len(SEEDS)} seeds: F1 "
        + ", ".join(f"{score:.3f}" for score in seeds["mean_macro_f1"])
        + f"; clusters {seeds['clusters']}"
    )
    print(
        "ours, least firm windows left out: "
        + ", ".join(f"{share} {score:.3f}" for share, score in found["left_out"].items())
    )
    if "new_mice" in found:
        new = found["new_mice"]
        print(
            f"ours, fitted and mapped on three mice, applied to the others: "
            f"{new['mean_macro_f1']:.3f} [{new['worst_macro_f1']:.3f}], noise wrong "
            f"{new['mean_macro_f1_noise_is_wrong']:.3f}, noise {new['mean_noise']:.0%}, "
            f"{new['fewest_clusters']} to {new['most_clusters']} clusters"
        )
    controls = found["controls"]
    print(
        f"controls: labels moved by 120 s {controls['labels_shifted_by_120_s']:.3f}; shuffled rows "
        f"give the same map: {controls['rows_shuffled_same_map']}; people change their label "
        f"{controls['people_switches_per_min']:.0f} times a minute and late: with labels 0.3 s "
        f"earlier ours reaches {controls['labels_0.3_s_earlier']:.3f}"
    )
    field = found["open_field"]
    print(
        f"open field, {field['windows']} windows: {field['clusters']} clusters, noise "
        f"{field['noise']:.0%}, largest {field['largest_share']:.0%}"
    )
    print(
        "The measures and sizes of this method were chosen with these six mice in sight: expect "
        "less elsewhere."
    )


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=None, help="folder of the shared data")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--check", action="store_true", help="exit 1 when a limit is missed")
    parser.add_argument(
        "--quick", action="store_true", help="thinner UMAP, no fits on half the mice"
    )
    arguments = parser.parse_args()
    found = figures(arguments.data, quick=arguments.quick)
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        show(found)
    missed = misses(found)
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
