"""The command ``labels``: labels of other programs as bouts in frames."""

from __future__ import annotations

import argparse
from pathlib import Path

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.core.pose import MISMATCH_POLICIES
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, OutputExistsError

__all__ = ["add_label_options", "report_labels"]


def add_label_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("file", type=Path, help="BORIS, MATLAB, netCDF, a csv of bouts or frames")
    parser.add_argument("-o", "--out", type=Path, help="csv or parquet file to write the bouts to")
    parser.add_argument("--overwrite", action="store_true", help="replace that file")
    parser.add_argument(
        "--format", help="format of the file; found out from its content by default"
    )
    parser.add_argument("--video", type=Path, help="video of the labels, for its clock")
    parser.add_argument("--fps", help="frames per second, without a video")
    parser.add_argument("--frames", type=int, help="number of frames, without a video")
    parser.add_argument("--recording", help="id of the recording, where the file names none")
    parser.add_argument("--individual", help="id of the animal, where the file names none")
    parser.add_argument(
        "--column",
        action="append",
        default=None,
        help="column or variable with the labels; may be given several times",
    )
    parser.add_argument(
        "--inclusive-stop", action="store_true", default=None, help="a stop is the last frame"
    )
    parser.add_argument("--first", type=int, help="number that the file gives to the first picture")
    parser.add_argument("--start", help="frame or time of the first row: 300, 12s")
    parser.add_argument("--step", type=int, help="frames from row to row")
    parser.add_argument("--mismatch", choices=MISMATCH_POLICIES, default="error")


def report_labels(options: argparse.Namespace) -> Answer:
    """Print what the labels are; write them as bouts if asked."""
    from napari_mousegpt.io.labels import write_bouts

    if options.out is not None and options.out.exists() and not options.overwrite:
        raise OutputExistsError(
            options.out,
            expected="a file that is not there yet",
            found="one that is",
            remedy="Name another file, or add --overwrite.",
        )
    clock = _clock(options)
    start = options.start
    ethogram = mg.load_labels(
        options.file,
        format=options.format,
        recording=options.recording,
        individual=options.individual,
        clocks=clock,
        column=options.column,
        inclusive_stop=options.inclusive_stop,
        first=options.first,
        start=int(start) if start and start.isdigit() else start,
        step=options.step,
        mismatch=options.mismatch,
    )
    table = ethogram.bouts.to_pandas()
    frames = (table["stop"] - table["start"]).groupby(table["label"]).agg(["size", "sum"])
    lines = [
        f"{label}: {row['size']} bouts, {row['sum']} frames"
        + (f", {row['sum'] / clock.fps:.1f} s" if clock is not None else "")
        for label, row in frames.iterrows()
    ]
    lines += ethogram.notes
    if options.out is not None:
        recordings = sorted(set(table["recording"]))
        clocks = None if clock is None else dict.fromkeys(recordings, clock)
        write_bouts(options.out, ethogram, clocks=clocks)
        lines.append(f"{options.out}: {len(ethogram)} bouts")
    facts = {
        "bouts": len(ethogram),
        "labels": {str(label): int(row["size"]) for label, row in frames.iterrows()},
        "notes": list(ethogram.notes),
    }
    return Answer(lines or ["No bouts."], facts)


def _clock(options: argparse.Namespace) -> Timebase | None:
    if options.video is not None:
        from napari_mousegpt.io.video import VideoReader

        with VideoReader(options.video) as video:
            clock = video.timebase
        return clock if options.fps is None else Timebase.constant(options.fps, clock.n_frames)
    if (options.fps is None) != (options.frames is None):
        raise InputError(
            "clock of the labels",
            expected="--video, or --fps and --frames together",
            found="one of the two",
            remedy="Name the video if you have it.",
        )
    return None if options.fps is None else Timebase.constant(options.fps, options.frames)
