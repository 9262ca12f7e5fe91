"""The command ``epochs``: what was done when, from a table to frames of the video."""

from __future__ import annotations

import argparse
from pathlib import Path

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.cli.options import add_opening, open_from
from napari_mousegpt.errors import InputError, OutputExistsError

__all__ = ["add_epoch_options", "report_epochs"]


def add_epoch_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_opening(parser)
    parser.add_argument(
        "--table", type=Path, required=True, help="csv, tsv or xlsx with starts or onsets"
    )
    parser.add_argument("-o", "--out", type=Path, help="csv or parquet file to write them to")
    parser.add_argument("--overwrite", action="store_true", help="replace that file")
    parser.add_argument("--label", default="epoch", help="label of rows without one")
    parser.add_argument("--duration", type=float, metavar="S", help="length of bare onsets")
    parser.add_argument(
        "--first-frame", type=int, default=0, help="number of the first picture (MATLAB: 1)"
    )
    parser.add_argument(
        "--inclusive-stop", action="store_true", help="a stop is the last frame (MATLAB)"
    )
    parser.add_argument(
        "--around",
        action="append",
        default=[],
        metavar="LABEL:FROM:TO",
        help="epochs at so many seconds after each start of the table, in their place: "
        "--around before:-60:0 --around after:0:120",
    )
    parser.add_argument(
        "--beyond",
        choices=("error", "clip"),
        default="error",
        help="what to do with epochs that reach over the video (default: error)",
    )


def report_epochs(options: argparse.Namespace) -> Answer:
    """Print each epoch in frames and seconds; write them if asked."""
    from napari_mousegpt.io.labels import write_bouts

    if options.out is not None and options.out.exists() and not options.overwrite:
        raise OutputExistsError(
            options.out,
            expected="a file that is not there yet",
            found="one that is",
            remedy="Name another file, or add --overwrite.",
        )
    recording = open_from(options)
    clock = recording.timebase
    epochs = mg.load_epochs(
        options.table,
        clock,
        recording=recording.id,
        label=options.label,
        duration_s=options.duration,
        first_frame=options.first_frame,
        inclusive_stop=options.inclusive_stop,
        beyond=options.beyond,
    )
    spans = [_span(text) for text in options.around]
    if spans:
        epochs = mg.Intervals.concat(
            mg.epochs_around(
                int(start), spans, clock, recording=recording.id, beyond=options.beyond
            )
            for start in epochs.start
        )
    rows = [
        {
            "label": str(row.label),
            "start": int(row.start),
            "stop": int(row.stop),
            "start_s": clock.time(int(row.start)),
            "stop_s": clock.time(int(row.stop)),
        }
        for row in epochs
    ]
    lines = [
        f"{row['label']}: frames {row['start']} to {row['stop']} (not included), "
        f"{row['start_s']:.3f} to {row['stop_s']:.3f} s"
        for row in rows
    ]
    if options.out is not None:
        ethogram = mg.Ethogram(epochs.assign(source=["import"] * len(epochs)))
        write_bouts(options.out, ethogram, clocks={recording.id: clock})
        lines.append(f"{options.out}: {len(epochs)} epochs")
    return Answer(lines or ["No epochs."], {"epochs": rows})


def _span(text: str) -> tuple[str, float, float]:
    label, *bounds = text.rsplit(":", 2)
    try:
        begin, end = map(float, bounds)
    except ValueError as error:
        raise InputError(
            f"--around {text}", expected="LABEL:FROM:TO", remedy="Write for example before:-60:0."
        ) from error
    return label, begin, end
