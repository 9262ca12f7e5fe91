"""The command ``run``: a recording, or every recording of a study, and what it will take."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.cli.cluster_options import add_clustering, clustering_params
from napari_mousegpt.cli.describe_commands import agree_to_sending
from napari_mousegpt.cli.encoder_options import add_encoder, found_encoder, video_params
from napari_mousegpt.cli.options import (
    add_opening,
    add_output,
    add_windows,
    feature_params,
    open_from,
)
from napari_mousegpt.cli.progress import Download, shown
from napari_mousegpt.cli.study_commands import add_table_reading, table_columns
from napari_mousegpt.cli.words_options import add_words, words_params
from napari_mousegpt.core.durations import as_duration
from napari_mousegpt.core.timebase import Timebase, parse_duration
from napari_mousegpt.errors import InputError
from napari_mousegpt.runs import (
    RunParams,
    StudyPart,
    iter_run_study,
    load_run,
    load_study_run,
)
from napari_mousegpt.runs.model_speed import known_model
from napari_mousegpt.vectors import FoundEncoder

__all__ = ["add_run_options", "answer_run", "run_recording"]

_STUDY_ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".toml")
_ONLY = {"words": "words", "clusters": "clusters", None: "words and clusters"}


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``run``."""
    add_opening(
        parser,
        first="video of the recording, or a study table (csv, tsv, xlsx, toml): then every "
        "recording in turn, with one map of clusters for all",
    )
    add_output(parser, required=False)
    parser.add_argument(
        "--windows",
        action="store_true",
        help="describe windows of equal length, not stretches cut where the behaviour changes",
    )
    add_windows(parser)
    parser.add_argument("--only", choices=("words", "clusters"), help="make only one of the two")
    parser.add_argument(
        "--estimate",
        action="store_true",
        help="say how long it will take and how much memory it needs, and do nothing",
    )
    add_encoder(parser)
    add_clustering(parser)
    add_words(parser)
    add_table_reading(parser)


def answer_run(options: argparse.Namespace) -> Answer:
    """Run what was asked for."""
    if options.out is None and not options.estimate:
        raise InputError("-o/--out", expected="a run folder", found="none", remedy="Add -o FOLDER.")
    if options.video is not None and options.video.suffix.lower() in _STUDY_ENDINGS:
        return _run_study(options)
    return run_recording(open_from(options), options)


def run_recording(recording: mg.Recording, options: argparse.Namespace) -> Answer:
    """Run the whole chain on a recording, or estimate it."""
    params = _params(options, recording.timebase)
    study = None if options.study is None else mg.load_study(options.study)
    encoder = _found(options, params)
    if options.estimate:
        from napari_mousegpt.runs.estimates import device_line, estimate, probe

        model = known_model(params, _downloading(options, params))
        found = estimate(recording, params, probed=probe(recording, params, encoder, model))
        return Answer([device_line(encoder, model), *found.lines()], found.to_dict())
    parts = mg.iter_run(
        recording,
        options.out,
        params,
        overwrite=options.overwrite,
        study=study,
        progress=_downloading(options, params),
    )
    for _ in shown(parts, quiet=options.quiet):
        pass
    result = load_run(options.out, recording)
    return Answer(result.summary(), result.facts())


def _found(options: argparse.Namespace, params: RunParams) -> FoundEncoder | None:
    """Agree to sending, if that was said, and find the encoder."""
    agree_to_sending(options)
    return found_encoder(options) if params.clusters_too else None


def _downloading(options: argparse.Namespace, params: RunParams) -> Download | None:
    if options.quiet or params.describer.by_rules:
        return None
    return Download(params.describer.model)


def _params(options: argparse.Namespace, clock: Timebase | None) -> RunParams:
    window, step = options.window, options.step
    if clock is None and any(text.strip().endswith("f") for text in (window, step or "")):
        raise InputError(
            "--window and --step",
            expected="a length of time, as the frame rates of a study may differ",
            found=f"{window} and {step or window}",
            remedy="Write for example 500ms.",
        )
    if options.only == "clusters" and (options.model or options.server):
        raise InputError(
            "--model and --server",
            expected="words to make",
            found="--only clusters",
            remedy="Leave one of them out.",
        )
    describer = words_params(options, clock)
    clock = clock or Timebase.constant(30, 1)
    return RunParams(
        make=_ONLY[options.only],  # type: ignore[arg-type]
        features=feature_params(options),
        segments="windows" if options.windows else "behaviour",
        window_s=float(parse_duration(window, clock)),
        step_s=float(parse_duration(step, clock)) if step else 0.0,
        encoder=options.encoder,
        video=video_params(options),
        clusters=clustering_params(options),
        describer=describer,
    )


def _run_study(options: argparse.Namespace) -> Answer:
    if any(getattr(options, name) is not None for name in ("pose", "arena", "id", "study")):
        raise InputError(
            options.video,
            expected="pose, arena and id in the columns of the study table",
            found="--pose, --arena, --id or --study beside it",
            remedy="Leave them out, or name a video.",
        )
    study = mg.load_study(
        options.video,
        columns=table_columns(options),
        root=options.paths_from,
        sheet=options.sheet,
    )
    params = _params(options, None)
    opening = {
        "pose_format": options.pose_format,
        "mismatch": "" if options.mismatch == "error" else options.mismatch,
        "fps": options.fps,
        "steps": options.pose_step,
        "split_arenas": options.split_arenas,
        "hardware": options.hardware,
    }
    opening = {key: value for key, value in opening.items() if value}
    encoder = _found(options, params)
    if options.estimate:
        from napari_mousegpt.runs.estimates import device_line
        from napari_mousegpt.runs.study_estimates import estimate_study

        model = known_model(params, _downloading(options, params))
        found = estimate_study(study, params, opening=opening)
        return Answer([device_line(encoder, model), *found.lines()], found.to_dict())
    parts = iter_run_study(
        study,
        options.out,
        params,
        opening=opening,
        overwrite=options.overwrite,
        progress=_downloading(options, params),
    )
    _show_study(parts, quiet=options.quiet)
    result = load_study_run(options.out)
    return Answer(result.summary(), result.facts(), result.exit_code)


def _show_study(parts: Iterable[StudyPart], *, quiet: bool) -> None:
    """Write a line about each recording to the terminal (standard error)."""
    recording, step, spent = "", "", 0.0
    for part in parts:
        if (part.recording, part.step) != (recording, step):
            recording, step, spent = part.recording, part.step, 0.0
        spent += part.seconds
        if quiet or (part.done < part.total and not part.problem):
            continue
        who = f"[{part.number}/{part.of}] {part.recording}" if part.recording else "[all]"
        said = f"failed: {part.problem}" if part.problem else f"{part.step} in {as_duration(spent)}"
        sys.stderr.write(f"{who}: {said}\n")
        sys.stderr.flush()
