"""The report of a run: one page of Markdown that a person can read, keep and pass on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.files import replacing
from napari_mousegpt.core.provenance import RunCard, plain
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.reports.bands import columns
from napari_mousegpt.reports.limits import limits
from napari_mousegpt.reports.markdown import cell, table
from napari_mousegpt.reports.time_axis import moment_text

if TYPE_CHECKING:
    from napari_mousegpt.clusters import Groups

__all__ = ["write_report"]

_EXAMPLES = 3


def write_report(
    path: str | os.PathLike[str],
    recording: Recording,
    card: RunCard,
    descriptions: pd.DataFrame,
    groups: Groups | None,
    ethograms: Mapping[str, Ethogram],
) -> Path:
    """Write what a run found, how, and what it cannot tell.

    Parameters
    ----------
    path : path-like
        Markdown file to write. A picture ``ethogram.png`` beside it is shown in it.
    recording : Recording
        What the run was about.
    card : RunCard
        The finished run card.
    descriptions : DataFrame
        Words, :data:`napari_mousegpt.core.tables.DESCRIPTIONS`.
    groups : Groups or None
        Clusters; None when there are none.
    ethograms : mapping of str to Ethogram
        Bouts by who says so, for example ``"words"`` and ``"clusters"``.

    Returns
    -------
    Path
        The report, complete.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    target = Path(path)
    clock = recording.timebase
    lines = [f"# {cell(recording.id)}", ""]
    if (target.parent / "ethogram.png").exists():
        lines += ["![Ethogram](ethogram.png)", ""]
    lines += ["## Recording", "", *_recording(recording, card)]
    for title, ethogram in ethograms.items():
        lines += [f"## Time budget: {cell(title)}", "", *_budget(ethogram, recording)]
    if groups is not None:
        lines += ["## Clusters", "", *_clusters(groups, clock)]
    if len(descriptions) or groups is None:
        lines += ["## What the words look like", "", *_words(descriptions, clock)]
    lines += ["## What this can and cannot tell", ""]
    lines += [f"- {sentence}" for sentence in limits(recording, card, descriptions, groups)]
    lines += ["", "## How it was made", "", *_making(card)]
    with replacing(target) as part:
        part.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    return target


def _recording(recording: Recording, card: RunCard) -> list[str]:
    clock = recording.timebase
    rate = f"{clock.fps:.6g} frames per second" + ("" if clock.is_constant else " on average")
    rows: list[tuple[object, object]] = [
        ("length", f"{moment_text(clock.duration)} (min:s), {clock.n_frames} frames, {rate}"),
        ("individuals", ", ".join(recording.individuals) or "one, by its silhouette (no pose)"),
    ]
    if recording.pose is not None:
        pose = recording.pose
        rows.append(("keypoints", ", ".join(str(name) for name in pose["keypoints"].values)))
        rows.append(
            ("pose", f"{pose.sizes['space']}-D, {pose.attrs.get('position_unit', 'pixels')}")
        )
        if "length_policy" in pose.attrs:
            rows.append(("pose and video", pose.attrs["length_policy"]))
    rows += [(name, Path(source).name) for name, source in sorted(card.sources.items())]
    return table(["", ""], rows)


def _budget(ethogram: Ethogram, recording: Recording) -> list[str]:
    """Return one table for each individual: what part of its observed time went where."""
    clock = recording.timebase
    mine = ethogram.select(recording=recording.id)
    lines: list[str] = []
    people = sorted({*mine.observed.individual, *mine.bouts.individual})
    for individual in people:
        his = mine.select(individual=individual)
        band = columns(his, clock, np.array([0.0, clock.duration]))
        seen = float(band.observed[0])
        rows = []
        for label, share in zip(band.labels, band.shares[:, 0], strict=True):
            bouts = his.bouts.select(label=label)
            bouts = bouts[bouts.column("status") != "rejected"]
            length = clock.time(np.minimum(bouts.stop, clock.n_frames)) - clock.time(bouts.start)
            longest = int(np.argmax(length))
            rows.append(
                (
                    label,
                    f"{share / seen:.1%}" if seen else "-",
                    f"{share * clock.duration:.1f}",
                    len(bouts),
                    f"{np.median(length):.2f}",
                    f"{length[longest]:.2f}",
                    moment_text(clock.time(int(bouts.start[longest]))),
                )
            )
        if len(people) > 1 or individual:
            lines += [f"### {cell(individual or 'whole picture')}", ""]
        header = [
            "label",
            "share",
            "seconds",
            "bouts",
            "median bout (s)",
            "longest (s)",
            "it is at",
        ]
        lines += table(header, rows, numbers=6)
        said = min(1.0, float(band.shares.sum()))
        lines += [
            f"Observed: {seen:.1%} of the recording. Without a label: "
            f"{max(0.0, seen - said) / seen if seen else 0:.1%} of the observed time.",
            "",
        ]
    return lines or ["No bouts.", ""]


def _clusters(groups: Groups, clock: Timebase) -> list[str]:
    rows = []
    total = float(groups.clusters["seconds"].sum()) or 1.0
    for row in groups.clusters.to_dict("records"):
        rows.append(
            (
                row["cluster"],
                row["name"],
                row["sentence"],
                f"{row['seconds'] / total:.1%}",
                row["n_bouts"],
                f"{row['median_bout_s']:.2f}",
                _moments(_firmest(groups.assignments, int(row["cluster"])), clock),
            )
        )
    noise = float((groups.assignments["cluster"] < 0).mean()) if len(groups.assignments) else 0.0
    header = ["id", "name", "most typical moment", "share", "bouts", "median bout (s)", "look at"]
    return [
        f"{len(rows)} clusters. {noise:.1%} of the pieces fit none of them. Shares are parts of "
        "the clustered time.",
        "",
        *table(header, rows, numbers=4),
    ]


def _firmest(assignments: pd.DataFrame, cluster: int) -> pd.DataFrame:
    """Return the members that belong most firmly, one from each third of the recording."""
    members = assignments[assignments["cluster"] == cluster].sort_values("start")
    thirds = np.array_split(np.arange(len(members)), _EXAMPLES)
    best = [
        third[np.argmax(members["strength"].to_numpy()[third])] for third in thirds if third.size
    ]
    return members.iloc[best]


def _words(descriptions: pd.DataFrame, clock: Timebase) -> list[str]:
    """Return the clearest description of each label, and how many were given no label."""
    said = descriptions[descriptions["label"] != ""]
    rows = []
    for label in said.groupby("label").size().sort_values(ascending=False).index:
        mine = said[said["label"] == label]
        clearest = mine.sort_values(["confidence", "start"], ascending=[False, True]).iloc[:1]
        row = clearest.iloc[0]
        rows.append(
            (
                label,
                row["overall"],
                f"{row['confidence']:.2f}",
                len(mine),
                _moments(clearest, clock),
            )
        )
    if not rows:
        return ["Nothing could be told.", ""]
    header = ["label", "clearest description", "confidence", "descriptions", "look at"]
    return table(header, rows, numbers=3)


def _moments(rows: pd.DataFrame, clock: Timebase) -> str:
    return ", ".join(
        f"{moment_text(clock.time(start))} (frame {start})" for start in rows["start"].tolist()
    )


def _making(card: RunCard) -> list[str]:
    rows = [
        ("run", card.run_id),
        ("begun", card.created),
        ("finished", card.finished or "not yet"),
        *((f"input {name}", value) for name, value in _flat("", plain(card.inputs))),
        # Where the weights lie stands in the run card: a page that is passed on names no folders.
        *((name, value) for name, value in sorted(card.models.items()) if name != "folder"),
        *_flat("", plain(card.params)),
    ]
    versions = ", ".join(f"{name} {value}" for name, value in sorted(card.software.items()))
    return [*table(["", ""], rows), f"Software: {cell(versions)}.", ""]


def _flat(prefix: str, value: object) -> Iterable[tuple[str, object]]:
    """Yield the parameters, nested ones with dots in their names."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), item)
    else:
        yield prefix, value
