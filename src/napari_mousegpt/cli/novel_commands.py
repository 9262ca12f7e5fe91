"""The command ``novel``: what new recordings hold that a reference does not."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.cli.cluster_commands import all_vectors
from napari_mousegpt.cli.options import add_output
from napari_mousegpt.cli.progress import shown
from napari_mousegpt.cli.study_animals import animals_from
from napari_mousegpt.clusters.novelty import Novelty
from napari_mousegpt.clusters.novelty_params import NoveltyParams
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError

__all__ = ["add_novel_options", "find_novelty"]


def add_novel_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``novel``."""
    usual = NoveltyParams()
    parser.add_argument(
        "reference",
        type=Path,
        nargs="+",
        help="vectors of the reference: folders of 'project', 'run' or a study, or "
        "vectors.parquet files",
    )
    parser.add_argument(
        "--new",
        type=Path,
        nargs="+",
        required=True,
        help="vectors of the new recordings, two at least",
    )
    parser.add_argument(
        "--study", type=Path, help="study table that names the animal of each recording"
    )
    parser.add_argument(
        "--method",
        choices=("density", "classifier", "both"),
        default=usual.method,
        help=f"how sides are compared (default {usual.method})",
    )
    parser.add_argument(
        "-k", type=int, default=usual.k, help=f"neighbours of each window (default {usual.k})"
    )
    parser.add_argument(
        "--false-alarms",
        type=float,
        default=usual.false_alarms,
        metavar="SHARE",
        help="share of windows that may be flagged where nothing is new "
        f"(default {usual.false_alarms})",
    )
    group = parser.add_argument_group("accept a candidate into a map")
    group.add_argument("--accept", type=int, metavar="CANDIDATE", help="number of the candidate")
    group.add_argument("--map", type=Path, help="run with clusters, or folder of its map")
    group.add_argument(
        "--save-map",
        type=Path,
        help="new folder for the map with the candidate, by itself (default: it is the next step "
        "of the map, beside it, which all other commands go on with)",
    )
    group.add_argument("--name", default="", help="name of the new behaviour")
    add_output(parser)


def find_novelty(options: argparse.Namespace) -> Answer:
    """Find what is new, tell it beside its control, and accept a candidate if asked to."""
    if (options.accept is None) != (options.map is None) or (
        options.accept is None and options.save_map is not None
    ):
        raise InputError(
            "--accept",
            expected="--accept and --map together",
            found="only some of them",
            remedy="Say which candidate joins which map.",
        )
    reference, new = (
        all_vectors(mg.vector_stream(paths)) for paths in (options.reference, options.new)
    )
    recordings = {*reference.intervals.recording, *new.intervals.recording}
    animals = animals_from(options.study, sorted(recordings))
    params = NoveltyParams(method=options.method, k=options.k, false_alarms=options.false_alarms)
    parts = mg.iter_novel(
        reference, new, params, animals=animals, out=options.out, overwrite=options.overwrite
    )
    for _ in shown(parts, quiet=options.quiet):
        pass
    found = mg.novel(reference, new, params, animals=animals, out=options.out)
    lines, facts = _told(found, options.out)
    if options.accept is not None:
        place, cluster = _accepted(options, new, found)
        lines.append(f"{place}: candidate {options.accept} is cluster {cluster} of this map.")
        facts["accepted"] = {"candidate": options.accept, "cluster": cluster, "map": str(place)}
    return Answer(lines, facts)


def _accepted(options: argparse.Namespace, new: Vectors, found: Novelty) -> tuple[Path, int]:
    """Accept a candidate; returns the folder of the map with it, and its id there."""
    from napari_mousegpt.clusters.growing import GrowingMap

    growing = GrowingMap(options.map)
    if options.save_map is None:
        taken = growing.accept(new, found, options.accept, options.name)
        return growing.folder, taken.cluster
    grown = growing.with_candidate(new, found, options.accept, options.name)
    return grown.save(options.save_map), grown.accepted[-1].cluster


def _told(found: Novelty, out: Path) -> tuple[list[str], dict[str, Any]]:
    stated = found.params.false_alarms
    lines = [f"Windows flagged, at a stated rate of {stated:.0%} where nothing is new:"]
    columns = ["recording", "role", "windows", "flagged", "rate", "low", "high", "verdict"]
    rows = found.recordings[columns].to_dict("records")
    for row in rows:
        rate = (
            f"{row['rate']:6.1%} [{row['low']:.1%}, {row['high']:.1%}]"
            if row["rate"] == row["rate"]
            else "     -"
        )
        lines.append(f"  {row['role']:<7} {row['recording']:<20} {rate}  {row['verdict']}")
    if not len(found.candidates):
        lines.append("No candidate behaviour.")
    for row in found.candidates.to_dict("records"):
        lines.append(
            f"Candidate {row['candidate']}: {row['n_windows']} windows of {row['n_animals']} "
            f"animals, {row['times_denser']:.1f} times as dense as in the reference; typical: "
            f"{row['medoid_recording']} [{row['medoid_start']}, {row['medoid_stop']})"
        )
    lines += [f"! {problem}" for problem in found.problems]
    lines.append(f"{Path(out) / 'result'}: windows, recordings, candidates, control")
    known = found.threshold == found.threshold
    facts = {
        "folder": str(Path(out) / "result"),
        "threshold": found.threshold if known else None,
        "recordings": [
            {key: None if value != value else value for key, value in row.items()} for row in rows
        ],
        "candidates": found.candidates.to_dict("records"),
        "problems": list(found.problems),
    }
    return lines, facts
