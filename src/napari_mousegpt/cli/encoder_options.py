"""Options of the commands that take a video encoder."""

from __future__ import annotations

import argparse

from napari_mousegpt.cli.progress import Download
from napari_mousegpt.vectors import KINEMATIC, FoundEncoder, VideoParams, find_encoder

__all__ = ["add_encoder", "found_encoder", "video_params"]


def add_encoder(parser: argparse.ArgumentParser) -> None:
    """Add the choice of an encoder, and how it is shown the video."""
    group = parser.add_argument_group("vectors from a video encoder")
    group.add_argument(
        "--encoder",
        default=KINEMATIC,
        metavar="NAME",
        help="what makes the vectors: kinematic (default, no model needed), or a video encoder: "
        "a preset (see: models --kind encoder), a folder, an id of the Hugging Face hub, a "
        "released Video-Swin checkpoint (.pth)",
    )
    group.add_argument("--revision", default="", help="branch, tag or commit of the hub")
    group.add_argument(
        "--device", default="auto", help="where the encoder runs: auto, cpu, cuda, cuda:1, mps"
    )
    group.add_argument(
        "--dtype",
        choices=("auto", "float32", "bfloat16", "float16"),
        default="auto",
        help="numbers it calculates in (default: the best of the device)",
    )
    group.add_argument("--compile", action="store_true", help="compile it; pays off on a GPU")
    group.add_argument(
        "--frames", type=int, default=0, help="pictures of a clip (default: as it was trained)"
    )
    group.add_argument(
        "--stride",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="from one picture of a clip to the next (default: as it was trained)",
    )
    group.add_argument(
        "--clips", type=int, default=4, help="clips of a longer window at most (default 4)"
    )
    group.add_argument(
        "--every",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="from one window to the next, where windows are as long as a clip (default: half)",
    )
    group.add_argument(
        "--follow",
        action="store_true",
        help="cut the picture around each animal and turn it with the animal",
    )
    group.add_argument(
        "--camera",
        action="append",
        default=[],
        metavar="NAME",
        help="view to show, several side by side (default: the first)",
    )
    group.add_argument(
        "--batch", type=int, default=0, help="clips at once (default: as fits the device)"
    )


def video_params(options: argparse.Namespace) -> VideoParams:
    """Return what the options of :func:`add_encoder` ask for."""
    from napari_mousegpt.clips import CropParams

    return VideoParams(
        revision=options.revision,
        device=options.device,
        dtype=options.dtype,
        compile=options.compile,
        frames=options.frames,
        stride_s=options.stride,
        clips=options.clips,
        step_s=options.every,
        crop=CropParams() if options.follow else None,
        cameras=tuple(options.camera),
        batch=options.batch,
    )


def found_encoder(options: argparse.Namespace) -> FoundEncoder | None:
    """Find the encoder, with the progress of its download; None for the kinematic one.

    The verb finds it again, on this disk.
    """
    if options.encoder == KINEMATIC:
        return None
    progress = None if options.quiet else Download(options.encoder)
    return find_encoder(options.encoder, video_params(options), progress=progress)
