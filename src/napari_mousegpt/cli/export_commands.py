"""The command ``export``: bouts of runs, studies and clusters for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, OutputExistsError
from napari_mousegpt.runs.exporting import FORMATS, clocks_of_run
from napari_mousegpt.runs.places import recording_folder

__all__ = ["add_export_options", "export_bouts"]

_TOLD = 12


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``export``."""
    parser.add_argument(
        "run",
        type=Path,
        help="folder of 'run' (a recording or a study), 'cluster', 'refit' or 'apply', or an "
        "ethogram file; behaviours have the names and merges of now",
    )
    parser.add_argument("file", type=Path, help="file to write")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default=None,
        help="what to write; by default bouts, as csv, parquet or a BORIS project by the ending",
    )
    parser.add_argument(
        "--source",
        choices=("model", "cluster", "human", "import"),
        help="only bouts of this source (model: words; cluster: clusters)",
    )
    parser.add_argument("--recording", metavar="NAME", help="only this recording")
    parser.add_argument("--individual", metavar="NAME", help="only this individual")
    parser.add_argument(
        "--each",
        action="store_true",
        help="a file for each recording, with its name before the ending: bouts_NAME.csv",
    )
    parser.add_argument(
        "--clock",
        action="append",
        default=[],
        metavar="WHAT",
        help="seconds of recordings whose runs were not found; may be given several times: the "
        "folder of their 'run' or study, NAME=VIDEO, or NAME=RATE:FRAMES such as mouse_1=30:18000",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it is there")


def export_bouts(options: argparse.Namespace) -> Answer:
    """Write the bouts that are asked for."""
    ethogram, clocks = mg.load_ethogram(options.run)
    clocks = {**clocks, **_given(options.clock)}
    chosen = {
        name: value
        for name in ("source", "recording", "individual")
        if (value := getattr(options, name)) is not None
    }
    for name in chosen.keys() - {"source"}:
        _check_name(ethogram, name, chosen[name])
    if chosen:
        ethogram = ethogram.select(**chosen)
    if not options.each:
        path = mg.export(
            ethogram, options.file, clocks, format=options.format, overwrite=options.overwrite
        )
        facts = {"file": str(path), "bouts": len(ethogram)}
        return Answer([f"{path}: {len(ethogram)} bouts"], facts)
    lines, files = [], {}
    for name, path in _targets(ethogram, options.file, overwrite=options.overwrite).items():
        mine = ethogram.select(recording=name)
        own = {name: clocks[name]} if name in clocks else {}
        mg.export(mine, path, own, format=options.format, overwrite=options.overwrite)
        lines.append(f"{path}: {len(mine)} bouts")
        files[name] = str(path)
    return Answer(lines, {"files": files, "bouts": len(ethogram)})


def _targets(ethogram: Ethogram, file: Path, *, overwrite: bool) -> dict[str, Path]:
    """Return a file for each recording; refused before any is written."""
    names = sorted({*ethogram.bouts.recording, *ethogram.observed.recording})
    found = {
        str(name): file.with_name(f"{file.stem}_{recording_folder(str(name))}{file.suffix}")
        for name in names
    }
    there = [path for path in found.values() if path.exists()]
    if there and not overwrite:
        raise OutputExistsError(
            there[0],
            expected="a new file",
            found="one that is there already",
            remedy="Choose another name, or replace it: --overwrite.",
        )
    return found


def _check_name(ethogram: Ethogram, column: str, name: str) -> None:
    spans = (ethogram.bouts, ethogram.observed)
    known = sorted({str(value) for rows in spans for value in getattr(rows, column)})
    if name not in known:
        more = ", ..." if len(known) > _TOLD else ""
        raise InputError(
            f"--{column} {name}",
            expected=f"one of {', '.join(known[:_TOLD])}{more}",
            found="none of that name",
        )


def _given(texts: list[str]) -> dict[str, Timebase]:
    """Return the clocks that are named on the command line."""
    clocks: dict[str, Timebase] = {}
    for text in texts:
        name, equals, place = text.partition("=")
        if Path(text).is_dir():
            found = clocks_of_run(Path(text))
        elif equals and name.strip() and place:
            found = {name.strip(): _clock(text, place)}
        else:
            found = {}
        if not found:
            raise InputError(
                f"--clock {text}",
                expected="the folder of a finished run or study, NAME=VIDEO, or NAME=RATE:FRAMES",
                found="a folder without result/recording.json" if Path(text).is_dir() else "",
                remedy="Write for example --clock mouse_1=30:18000.",
            )
        clocks |= found
    return clocks


def _clock(text: str, place: str) -> Timebase:
    rate, colon, frames = place.partition(":")
    if Path(place).exists():
        return mg.open_recording(place).timebase
    if colon and frames.isdecimal() and int(frames):
        return Timebase.constant(rate, int(frames))
    raise InputError(
        f"--clock {text}",
        expected="a video, or frames per second and number of frames as RATE:FRAMES",
        found="no such file" if not colon else place,
        remedy="Write for example --clock mouse_1=30:18000.",
    )
