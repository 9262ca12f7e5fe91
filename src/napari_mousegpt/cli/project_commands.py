"""The command ``project``: vectors of a recording, from kinematics or from a video encoder."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer, wrote
from napari_mousegpt.cli.encoder_options import add_encoder, found_encoder, video_params
from napari_mousegpt.cli.options import (
    add_opening,
    add_output,
    add_windows,
    feature_params,
    open_from,
)
from napari_mousegpt.cli.progress import shown
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.timebase import parse_duration
from napari_mousegpt.errors import InputError
from napari_mousegpt.vectors import KINEMATIC, Projected, ProjectParams, action_profile

__all__ = ["add_project_options", "project_recording"]

_BIN = "100ms"
#: Human actions that are told at the end.
_TOLD = 5


def add_project_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``project``."""
    add_opening(parser)
    add_output(parser)
    add_windows(parser, window=f"{_BIN}, or a clip of the video encoder")
    parser.set_defaults(window=None)
    add_encoder(parser)


def project_recording(options: argparse.Namespace) -> Answer:
    """Project the windows of a recording."""
    if options.encoder == KINEMATIC:
        _refuse_settings_of_encoders(options)
    elif options.every and (options.window is not None or options.step is not None):
        raise InputError(
            "--every",
            expected="windows as long as a clip of the encoder",
            found="--window or --step, which say it too",
            remedy="Leave --every out, and say it with --step.",
        )
    recording = open_from(options)
    encoder, video, ranges = found_encoder(options), video_params(options), None
    if encoder is None or options.window is not None:
        ranges = mg.windows(recording, options.window or _BIN, options.step)
    elif options.step is not None:
        step_s = float(parse_duration(options.step, recording.timebase))
        if not step_s > 0:
            raise InputError(
                f"--step {options.step}",
                expected="more than 0 s",
                remedy="Write for example 500ms.",
            )
        video = replace(video, step_s=step_s)
    params = ProjectParams(options.encoder, video=video, features=feature_params(options))
    parts = mg.iter_project(recording, ranges, params, out=options.out, overwrite=options.overwrite)
    rows = sum(len(part.table) for part in shown(parts, quiet=options.quiet))
    answer = wrote(options.out, {"vectors.parquet": rows})
    if encoder is None:
        return answer
    facts = {**answer.facts, "encoder": encoder.provenance(), "actions": _actions(options.out)}
    told = [f"{name} {share:.0%}" for name, share in list(facts["actions"].items())[:_TOLD]]
    lines = [*answer.lines, *encoder.lines()]
    if told:
        lines.append(f"Closest human actions (no verdict on the mouse): {'; '.join(told)}.")
    return Answer(lines, facts)


def _refuse_settings_of_encoders(options: argparse.Namespace) -> None:
    """Refuse what would do nothing: kinematic vectors see no pictures and run on no card."""
    group = argparse.ArgumentParser()
    add_encoder(group)
    for name, default in vars(group.parse_args([])).items():
        if getattr(options, name) != default:
            raise InputError(
                f"--{name}",
                expected="a video encoder that it is for",
                found="the kinematic vectors, which need none",
                remedy="Add --encoder NAME (napari-mousegpt models --kind encoder), or leave it "
                "out.",
            )


def _actions(out: Path) -> dict[str, float]:
    """Return how much the windows look like each human action, the ten likeliest."""
    found = Projected.from_table(read_parquet(out / "result" / "vectors.parquet"))
    if found.probabilities is None:
        return {}
    profile = action_profile(found.probabilities, found.actions)
    return {str(row.action): round(float(row.probability), 4) for row in profile.itertuples()}
