"""Draw the figures of docs/discovery.md from real data.

    python docs/make_discovery_figures.py

Six mice with human labels (``labelled_subtle3d`` of the shared data, ``benchmarks/subtle3d.py``;
``NAPARI_MOUSEGPT_SHARED_DATA`` names their folder). Chosen by hand are the halves (two
adults and a young mouse on one side, as in the pictures of the panel), the behaviour that is kept
out, and the design of the fused map, which was chosen with the labels in sight. Takes some three
minutes of one core. Pictures go to ``docs/images``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from studio import ROOT, shrink

sys.path.insert(0, str(ROOT / "benchmarks"))
from clusters_labels import project_mice
from discovery_labels import DESIGN, project_fused
from discovery_novelty import thinned
from napari_mousegpt.clusters import fit
from napari_mousegpt.clusters.novelty import novel_against
from napari_mousegpt.clusters.refitting import refit
from napari_mousegpt.clusters.stability import DISSOLVED, STABLE, measure_stability
from subtle3d import BEHAVIOURS, UNASSIGNED, load

#: Colours of human labels (Wong 2011), and of windows that people did not assign.
COLOURS = dict(zip(BEHAVIOURS, ("#0072b2", "#d55e00", "#cc79a7", "#009e73"), strict=True))
GREY = "#c8c8c8"
#: Kept out of the reference in the figure of novelty, and the mice that are new there.
MISSING = "rearing"
NEW = ("adult_6116", "young_8296", "young_8301")
OLD = ("adult_6112", "adult_6115", "young_8294")


def save(figure: Any, folder: Path, name: str) -> None:
    """Write a figure as a small png."""
    path = folder / f"discovery_{name}.png"
    figure.savefig(path, dpi=110)
    plt.close(figure)
    shrink(path)
    print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def bare(axes: Any) -> None:
    """Take away the frame at the top and the right."""
    axes.spines[["top", "right"]].set_visible(False)


def draw_map(folder: Path, vectors: Any, found: Any, human: Any) -> None:
    """Draw the same windows by behaviour of the map and by human label."""
    labels = found.apply(vectors)["cluster"].to_numpy()
    points = found.projection.apply(vectors.values)[:, :2]
    order = np.random.default_rng(0).permutation(len(points))[:12_000]
    x, y = points[order].T
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained", sharey=True)
    wheel = mpl.colormaps["tab20"]
    colours = [wheel(label % 20) if label >= 0 else GREY for label in labels[order]]
    axes[0].scatter(x, y, c=colours, s=2, linewidths=0)
    for label in found.clusters:
        middle = np.median(points[labels == label], axis=0)
        axes[0].text(*middle, str(label), ha="center", va="center", fontsize=9, weight="bold")
    noise = float(np.mean(labels < 0))
    axes[0].set_title(f"{len(found)} behaviours found without labels ({noise:.0%} in none)")
    named = [COLOURS.get(label, GREY) for label in human[order]]
    axes[1].scatter(x, y, c=named, s=2, linewidths=0)
    for label, colour in {**COLOURS, "not assigned": GREY}.items():
        axes[1].scatter([], [], color=colour, s=25, label=label)
    axes[1].legend(loc="upper left", frameon=False, fontsize=9)
    axes[1].set_title("what a person saw (not used to fit)")
    for one in axes:
        bare(one)
        one.set_xlabel("first principal component")
    axes[0].set_ylabel("second principal component")
    save(figure, folder, "map")


def draw_stability(folder: Path, spaces: dict[str, Any]) -> None:
    """Draw how well each behaviour comes back, in kinematics and with words fused in."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained", sharey=True)
    for one, (name, (vectors, found)) in zip(axes, spaces.items(), strict=True):
        animals = {str(r): str(r) for r in set(vectors.intervals.recording)}
        told = measure_stability(found, vectors, animals=animals)
        rows = np.arange(len(told.clusters))
        one.bar(rows - 0.2, told.clusters["jaccard_seed"], 0.4, color="#0072b2", label="seeds")
        one.bar(
            rows + 0.2, told.clusters["jaccard_subsample"], 0.4, color="#e69f00", label="animals"
        )
        for level, word in ((STABLE, "stable"), (DISSOLVED, "doubtful")):
            one.axhline(level, color="#666666", lw=0.8, ls="--")
            one.text(1.0, level, word, va="center", fontsize=8, transform=one.get_yaxis_transform())
        means = told.means
        one.set_title(
            f"{name}: {len(found)} behaviours\nARI {means['seed']:.2f} with other seeds, "
            f"{means['subsample']:.2f} with other animals",
            fontsize=10,
        )
        one.set_xticks(rows, told.clusters["cluster"], fontsize=8)
        one.set_xlabel("behaviour")
        one.set_ylim(0, 1)
        bare(one)
    axes[0].set_ylabel("Jaccard with its like in a refit")
    axes[0].legend(title="refits with other", frameon=False, fontsize=9, loc="upper left")
    save(figure, folder, "stability")


def draw_novelty(folder: Path, mice: Any) -> None:
    """Draw how much is flagged with a behaviour kept out of the reference, and with none."""
    vectors, labels = thinned(mice)
    recording = pd.Series(vectors.intervals.recording.astype(str))
    new, old = recording.isin(NEW).to_numpy(), recording.isin(OLD).to_numpy()
    animals = {name: name for name in (*NEW, *OLD)}
    asked = {
        f"no {MISSING} in the reference": old & (labels != MISSING),
        "nothing kept out": old,
    }
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    left, right = axes
    kinds = [*BEHAVIOURS, UNASSIGNED]
    for number, (name, rows) in enumerate(asked.items()):
        found = novel_against(vectors[rows], vectors[new], animals=animals)
        rates = found.recordings
        fresh, control = (rates[rates["role"] == role] for role in ("new", "control"))
        for column, part, mark in ((0, fresh, "o"), (1, control, "s")):
            x = 2 * number + column + np.linspace(-0.15, 0.15, len(part))
            colour = "#d55e00" if column == 0 else "#666666"
            left.plot(x, 100 * part["rate"], mark, color=colour, ms=8)
        score = found.windows["share"].to_numpy()
        groups = [score[(labels[new] == kind) & ~np.isnan(score)] for kind in kinds]
        places = np.arange(len(kinds)) + 0.36 * (number - 0.5)
        boxes = right.boxplot(
            groups, positions=places, widths=0.3, showfliers=False, patch_artist=True
        )
        for box in boxes["boxes"]:
            box.set_facecolor("#f0b49a" if number == 0 else "#dddddd")
        for line in boxes["medians"]:
            line.set_color("black")
        right.bar(0, 0, color="#f0b49a" if number == 0 else "#dddddd", label=name)
    left.axhline(5, color="black", lw=0.8, ls="--")
    left.text(3.4, 5.3, "stated rate", ha="right", fontsize=8)
    left.set_xticks(range(4), ["new", "control", "new", "control"])
    for number, name in enumerate(asked):
        left.text(2 * number + 0.5, -0.17, name, ha="center", transform=left.get_xaxis_transform())
    left.set_ylabel("windows flagged, % of a recording")
    left.set_ylim(bottom=0)
    right.set_xticks(range(len(kinds)), ["not assigned" if k == UNASSIGNED else k for k in kinds])
    right.set_ylabel("novelty score (.5: as usual as elsewhere)")
    right.legend(frameon=False, fontsize=9)
    for one in axes:
        bare(one)
    save(figure, folder, "novelty")


def draw_ids(folder: Path, vectors: Any) -> None:
    """Draw where the behaviours of three mice are when a map is fitted again on three others."""
    first = pd.Series(vectors.intervals.recording.astype(str)).isin(OLD).to_numpy()
    before = fit(vectors[first], DESIGN)
    half = vectors[~first]
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
    for one, memory in zip(axes, (None, 0.0), strict=True):
        given = {} if memory is None else {"memory": memory}
        found = refit(before, half, DESIGN, **given)
        was = before.apply(half)["cluster"].to_numpy()
        now = found.map.apply(half)["cluster"].to_numpy()
        both = (was >= 0) & (now >= 0)
        table = pd.crosstab(was[both], now[both], normalize="index")
        table = table.reindex(index=list(before.clusters), fill_value=0.0)
        one.imshow(table, cmap="Greys", vmin=0, vmax=1, aspect="auto")
        names = list(table.columns)
        told = found.table[found.table["decision"] == "kept"]
        for row, name in enumerate(table.index):
            if name in set(told["old_id"]):
                place = (names.index(name) - 0.5, row - 0.5)
                one.add_patch(plt.Rectangle(place, 1, 1, fill=False, ec="#d55e00", lw=2))
        one.set_xticks(range(len(names)), names, fontsize=8)
        one.set_yticks(range(len(table)), table.index, fontsize=8)
        one.set_xlabel("id in the refit on three other mice")
        which = "the map before votes (the default)" if memory is None else "without its vote"
        one.set_title(f"{which}: {len(told)} of {len(before)} keep their id", fontsize=10)
    axes[0].set_ylabel("id in the map before")
    save(figure, folder, "ids")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "images")
    folder = parser.parse_args().folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    mice = load()
    fused, plain = project_fused(mice), project_mice(mice)
    labels = {mouse.id: mouse.labels for mouse in mice}
    ranges = fused.intervals
    human = np.array(
        [labels[r][s] for r, s in zip(ranges.recording.astype(str), ranges.start, strict=True)]
    )
    found = fit(fused, DESIGN)
    draw_map(folder, fused, found, human)
    draw_ids(folder, fused)
    draw_novelty(folder, mice)
    spaces = {"kinematics alone": (plain, fit(plain)), "words fused in": (fused, found)}
    draw_stability(folder, spaces)


if __name__ == "__main__":
    main()
