"""The command ``zones``: how long an animal is where."""

from __future__ import annotations

import argparse
from pathlib import Path

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.cli.options import add_opening, open_from, parsed_body
from napari_mousegpt.errors import OutputExistsError

__all__ = ["add_zone_options", "report_zones"]


def add_zone_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_opening(parser)
    parser.add_argument("-o", "--out", type=Path, help="csv file to write the visits to")
    parser.add_argument("--overwrite", action="store_true", help="replace that file")
    parser.add_argument("--point", default="", help="keypoint that counts; the body by default")
    parser.add_argument(
        "--min-visit", type=float, default=0.0, metavar="S", help="leave out shorter visits"
    )
    parser.add_argument(
        "--max-gap",
        type=float,
        default=0.2,
        metavar="S",
        help="go on over so many seconds without the point (default 0.2)",
    )


def report_zones(options: argparse.Namespace) -> Answer:
    """Print one line for each animal and zone; write the visits if asked."""
    from napari_mousegpt.features.zones import ZoneParams
    from napari_mousegpt.io.labels import write_bouts

    if options.out is not None and options.out.exists() and not options.overwrite:
        raise OutputExistsError(
            options.out,
            expected="a file that is not there yet",
            found="one that is",
            remedy="Name another file, or add --overwrite.",
        )
    recording = open_from(options)
    params = ZoneParams(
        point=options.point,
        min_visit_s=options.min_visit,
        max_gap_s=options.max_gap,
        body=parsed_body(options) or None,
    )
    table = mg.zone_summary(recording, params)
    lines = [
        f"{row.individual}, {row.zone} ({row.arena}): {row.entries} visits, {row.seconds:.1f} s, "
        f"{row.share:.0%} of {row.observed_s:.1f} s observed"
        + (f", {row.distance_cm:.1f} cm" if row.distance_cm == row.distance_cm else "")
        for row in table.itertuples()
    ]
    if options.out is not None:
        visits = mg.zone_entries(recording, params)
        ethogram = mg.Ethogram(visits.assign(source=["import"] * len(visits)))
        write_bouts(options.out, ethogram, clocks={recording.id: recording.timebase})
        lines.append(f"{options.out}: {len(visits)} visits")
    facts = {"zones": table.astype(object).where(table.notna(), None).to_dict("records")}
    return Answer(lines, facts)
