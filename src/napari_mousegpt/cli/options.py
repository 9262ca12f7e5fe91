"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

import napari_mousegpt as mg
from napari_mousegpt.core.pose import MISMATCH_POLICIES

__all__ = ["add_opening", "add_output", "add_windows", "open_from", "parsed_windows"]


def add_opening(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what to open."""
    parser.add_argument("video", type=Path, nargs="?", help="video of the recording")
    parser.add_argument("--pose", type=Path, help="pose file (DeepLabCut, SLEAP, csv)")
    parser.add_argument("--pose-format", help="program that wrote the pose; found out by default")
    parser.add_argument(
        "--mismatch",
        choices=MISMATCH_POLICIES,
        default="error",
        help="what to do when pose and video differ in length (default: error)",
    )
    parser.add_argument("--fps", help="frames per second, for a pose without a video")
    parser.add_argument("--id", help="id of the recording; the name of the file by default")


def open_from(options: argparse.Namespace) -> mg.Recording:
    """Open the recording that the options of :func:`add_opening` name."""
    return mg.open_recording(
        options.video,
        options.pose,
        pose_format=options.pose_format,
        mismatch=options.mismatch,
        fps=options.fps,
        id=options.id,
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where results go."""
    parser.add_argument(
        "-o", "--out", type=Path, required=True, help="run folder; an unfinished run goes on there"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace another run that is there"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print no progress")


def add_windows(parser: argparse.ArgumentParser, window: str = "1s") -> None:
    """Add the length and the step of windows."""
    parser.add_argument(
        "--window", default=window, help=f"length of a window (1s, 500ms, 30f; default {window})"
    )
    parser.add_argument("--step", help="from one window to the next (default: its length)")


def parsed_windows(options: argparse.Namespace, recording: mg.Recording) -> mg.Intervals:
    """Return the windows that the options of :func:`add_windows` ask for."""
    return mg.windows(recording, options.window, options.step)
