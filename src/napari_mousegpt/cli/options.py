"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

import napari_mousegpt as mg
from napari_mousegpt.core.body import ROLES
from napari_mousegpt.core.pose import MISMATCH_POLICIES
from napari_mousegpt.core.pose_steps import STEPS
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FeatureParams

__all__ = [
    "add_opening",
    "add_output",
    "add_windows",
    "feature_params",
    "open_from",
    "parsed_body",
    "parsed_windows",
]


def add_opening(parser: argparse.ArgumentParser, first: str = "video of the recording") -> None:
    """Add the options that say what to open; ``first`` tells what may be named without one."""
    parser.add_argument("video", type=Path, nargs="?", help=first)
    parser.add_argument("--pose", type=Path, help="pose file (DeepLabCut, SLEAP, csv)")
    parser.add_argument("--pose-format", help="program that wrote the pose; found out by default")
    parser.add_argument(
        "--mismatch",
        choices=MISMATCH_POLICIES,
        default="error",
        help="what to do when pose and video differ in length (default: error)",
    )
    parser.add_argument("--fps", help="frames per second, for a pose without a video")
    parser.add_argument(
        "--pose-step",
        action="append",
        default=[],
        metavar="STEP[:VALUE]",
        help="clean the pose before anything is measured; may be given several times, done in this "
        f"order: likelihood:0.6, interpolate:0.25, median:0.1 (steps: {', '.join(STEPS)})",
    )
    parser.add_argument(
        "--body",
        action="append",
        default=[],
        metavar="PART=KEYPOINT",
        help="which keypoint is which part, where names do not tell: --body nose=p1 "
        f"--body tail_base=p7 (parts: {', '.join(ROLES)})",
    )
    parser.add_argument(
        "--arena", type=Path, help="zones and scale of the place (JSON, drawn in the panel Arena)"
    )
    parser.add_argument(
        "--split-arenas",
        action="store_true",
        help="several arenas in one picture: give each the animal that is in it",
    )
    parser.add_argument("--id", help="id of the recording; the name of the file by default")
    parser.add_argument(
        "--hardware", choices=("cuda",), help="decode the video on a graphics card if there is one"
    )


def open_from(options: argparse.Namespace) -> mg.Recording:
    """Open the recording that the options of :func:`add_opening` name."""
    return mg.open_recording(
        options.video,
        options.pose,
        pose_format=options.pose_format,
        mismatch=options.mismatch,
        fps=options.fps,
        steps=options.pose_step,
        arena=options.arena,
        split_arenas=options.split_arenas,
        id=options.id,
        hardware=options.hardware,
    )


def parsed_body(options: argparse.Namespace) -> dict[str, str]:
    """Return which keypoint was named for which part."""
    body = {}
    for text in options.body:
        part, equals, keypoint = text.partition("=")
        if not equals:
            raise InputError(
                f"--body {text}", expected="PART=KEYPOINT", remedy="Write for example nose=p1."
            )
        body[part.strip()] = keypoint.strip()
    return body


def feature_params(options: argparse.Namespace) -> FeatureParams:
    """Return how to measure the recording, with the body parts that were named."""
    return FeatureParams(body=parsed_body(options))


def add_output(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the options that say where results go."""
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        required=required,
        help="run folder; an unfinished run goes on there",
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
