"""The commands ``exemplars`` and ``annotate``: movies of what was found."""

from __future__ import annotations

import argparse
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.cli.options import add_opening, open_from
from napari_mousegpt.cli.progress import shown
from napari_mousegpt.core.timebase import parse_duration
from napari_mousegpt.errors import InputError
from napari_mousegpt.reports.exemplar_choice import HOW

if TYPE_CHECKING:
    from napari_mousegpt.reports.movies import MoviePart

__all__ = [
    "add_annotate_options",
    "add_exemplar_options",
    "write_annotated",
    "write_exemplars",
]


def add_exemplar_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``exemplars``."""
    _add_inputs(parser, "mp4 or gif to write")
    parser.add_argument("more", type=Path, nargs="*", help="further runs, for one movie of all")
    parser.add_argument("--label", required=True, help="behaviour or cluster to show")
    parser.add_argument("-n", type=int, default=12, help="at most so many bouts (default 12)")
    ways = "; ".join(f"{name}: {text}" for name, text in HOW.items())
    parser.add_argument(
        "--how", choices=tuple(HOW), default="typical", help=f"which bouts ({ways})"
    )
    parser.add_argument("--seed", type=int, default=0, help="for --how random")
    parser.add_argument("--side", type=int, default=128, help="pixels of a clip (default 128)")
    parser.add_argument(
        "--body-lengths", type=float, default=3.0, help="what a clip spans (default 3)"
    )
    parser.add_argument(
        "--longest", default="3s", metavar="TIME", help="cut longer bouts (default 3s)"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="0.5 is half as fast")
    parser.add_argument("--columns", type=int, default=0, help="clips in a row")
    parser.add_argument(
        "--stay",
        action="store_true",
        help="keep each window where it is as the bout begins, so that walking and turning show",
    )


def write_exemplars(options: argparse.Namespace) -> Answer:
    """Write a movie of exemplars."""
    from napari_mousegpt.clips import CropParams
    from napari_mousegpt.reports.exemplar_movie import ExemplarParams, iter_exemplars
    from napari_mousegpt.reports.grid_plan import GridParams

    recordings, ethogram = _opened(options, options.more)
    crops = CropParams(
        side=options.side,
        body_lengths=options.body_lengths,
        follow="start" if options.stay else "animal",
    )
    grid = GridParams(
        columns=options.columns,
        longest_s=float(parse_duration(options.longest, recordings[0].timebase)),
        speed=options.speed,
        crops=crops,
    )
    params = ExemplarParams(options.n, options.how, options.seed, grid)
    parts = iter_exemplars(
        recordings, ethogram, options.label, options.out, params, overwrite=options.overwrite
    )
    made = _drained(parts, quiet=options.quiet)
    table = made.bouts.bouts.to_pandas().sort_values("rank")
    lines = [
        f"{row.rank + 1:>3}  {row.recording} {row.individual}  frames {row.start} to {row.stop}"
        for row in table.itertuples()
    ]
    lines.append(f"{made.path}: {len(table)} bouts of {options.label!r}")
    keys = ["recording", "individual", "start", "stop", "bout_id"]
    return Answer(lines, {"file": str(made.path), "bouts": table[keys].to_dict("records")})


def add_annotate_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``annotate``."""
    _add_inputs(parser, "mp4 to write")
    parser.add_argument("--start", help="first frame or time to write: 300f, 10s")
    parser.add_argument("--stop", help="frame or time after the last one: 600f, 20s")
    parser.add_argument("--scale", type=float, default=1.0, help="0.5 halves both sides")
    parser.add_argument("--no-skeleton", action="store_true", help="draw no animals")
    parser.add_argument(
        "--no-timeline", action="store_true", help="draw no bands under the picture"
    )


def write_annotated(options: argparse.Namespace) -> Answer:
    """Write a video on which its labels are drawn."""
    from napari_mousegpt.reports.annotated_video import AnnotateParams, iter_annotate_video

    (recording,), ethogram = _opened(options, [])
    clock = recording.timebase
    start = 0 if options.start is None else _frame(options.start, clock)
    stop = clock.n_frames if options.stop is None else _frame(options.stop, clock)
    if stop <= start:
        # A stop of 0 would be the end of the video.
        raise InputError(
            "--start and --stop",
            expected=f"a part of the video, frames 0 to {clock.n_frames}",
            found=f"[{start}, {stop})",
            remedy="Name a stop after the start.",
        )
    params = AnnotateParams(
        start=start,
        stop=stop,
        scale=options.scale,
        skeleton=not options.no_skeleton,
        timeline=not options.no_timeline,
    )
    parts = iter_annotate_video(
        recording, ethogram, options.out, params, overwrite=options.overwrite
    )
    path = _drained(parts, quiet=options.quiet)
    count = params.stop - params.start
    return Answer([f"{path}: {count} frames"], {"file": str(path), "frames": count})


def _add_inputs(parser: argparse.ArgumentParser, file: str) -> None:
    add_opening(parser, "folder of a finished run, or the video of a recording with --bouts")
    parser.add_argument("--bouts", type=Path, help="labels of the video: csv, parquet, BORIS")
    parser.add_argument(
        "--source",
        choices=("model", "cluster", "human", "import"),
        help="only bouts of this source (model: words; cluster: clusters)",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help=file)
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it is there")
    parser.add_argument("-q", "--quiet", action="store_true", help="print no progress")


def _opened(
    options: argparse.Namespace, more: list[Path]
) -> tuple[list[mg.Recording], mg.Ethogram]:
    """Recordings and their bouts: of runs, or of a video and a table."""
    if options.video is not None and options.video.is_dir() and options.bouts is None:
        runs = [mg.load_run(path) for path in (options.video, *more)]
        recordings = [run.recording for run in runs]
        ethogram = mg.Ethogram(
            mg.Intervals.concat([run.ethogram.bouts for run in runs]),
            mg.Intervals.concat([run.ethogram.observed for run in runs]),
        )
    elif options.bouts is None or more:
        raise InputError(
            options.video or "movie",
            expected="folders of finished runs, or one video with --bouts",
            found="a video without bouts" if options.bouts is None else "several of both",
            remedy="Name the folder given to -o of the run, or the table of its bouts.",
        )
    else:
        recordings = [open_from(options)]
        ethogram = mg.load_labels(
            options.bouts, recording=recordings[0].id, clocks=recordings[0].timebase
        )
    if options.source:
        ethogram = ethogram.select(source=options.source)
    return recordings, ethogram


def _drained(parts: Generator[MoviePart, None, Any], *, quiet: bool) -> Any:
    """Show the progress of a generator and return what it returned."""
    result: list[Any] = []

    def kept() -> Generator[Any]:
        result.append((yield from parts))

    for _ in shown(kept(), quiet=quiet):
        pass
    return result[0]


def _frame(text: str, clock: mg.Timebase) -> int:
    """Return the frame that is meant by a number of frames or a time."""
    if text.strip().lower().endswith("f"):
        return round(parse_duration(text, clock) * clock.rate)
    seconds = float(parse_duration(text, clock))
    if seconds >= clock.duration:
        return clock.n_frames
    return clock.frame_at(seconds, side="nearest")
