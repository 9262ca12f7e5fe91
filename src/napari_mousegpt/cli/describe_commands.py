"""The command ``describe``: by rules, by a model on this machine, or by a server."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer, wrote
from napari_mousegpt.cli.options import (
    add_opening,
    add_output,
    add_windows,
    feature_params,
    open_from,
    parsed_windows,
)
from napari_mousegpt.cli.progress import Download, shown
from napari_mousegpt.errors import InputError
from napari_mousegpt.vectors import KINEMATIC

if TYPE_CHECKING:
    from napari_mousegpt.clips import ClipParams
    from napari_mousegpt.core.timebase import Timebase
    from napari_mousegpt.words import DescribeParams
    from napari_mousegpt.words.prompt_preview import Preview

__all__ = [
    "add_clip_options",
    "add_describe_options",
    "add_model_options",
    "agree_to_sending",
    "describe_recording",
    "describer_params",
    "doubts_of",
]

#: Different reasons that are printed; the table has them all.
_SHOWN_PROBLEMS = 3
#: Options that also say how a video encoder runs, where a command takes one too.
_OF_ENCODERS = ("device", "dtype", "compile")
#: Options of models on this machine, of which a server knows nothing, and what they are by default.
_OF_THIS_MACHINE = {
    "device": "auto",
    "dtype": "auto",
    "quantised": "",
    "compile": False,
    "revision": "",
    "max_tokens": 0,
    "calibration": None,
    "least_confidence": 0.0,
}


def add_describe_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``describe``."""
    add_opening(parser)
    add_output(parser)
    add_windows(parser)
    add_model_options(parser.add_argument_group("describing with a model"))
    add_clip_options(parser.add_argument_group("pictures that a model sees"))


def add_model_options(group: Any) -> None:
    """Add the options that say which model describes, and how."""
    group.add_argument(
        "--model",
        default="",
        help="preset, folder, or id of the Hugging Face hub (owner/name), see models; with "
        "--server its name there; without one the pose is described by rules",
    )
    group.add_argument(
        "--server", metavar="URL", help="ask a server with an OpenAI-compatible address instead"
    )
    group.add_argument(
        "--server-form",
        choices=("images", "frames", "mp4"),
        default="images",
        help="how a server gets the pictures (default: images)",
    )
    group.add_argument(
        "--agree",
        metavar="NAME",
        help="write down, once for each server, that NAME allows frames to be sent to it",
    )
    group.add_argument(
        "--prompt", help="what is asked: a prompt of the package, or a file (default: mousegpt)"
    )
    group.add_argument(
        "--labels",
        type=Path,
        help="labels to choose from: .csv, .tsv, .toml, or .txt with one on each line",
    )
    group.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    group.add_argument(
        "--dtype",
        choices=("auto", "float32", "bfloat16", "float16"),
        default="auto",
        help="numbers it calculates in; auto takes what suits the device",
    )
    group.add_argument(
        "--quantised", choices=("int8", "int4"), default="", help="pack the weights as they load"
    )
    group.add_argument("--compile", action="store_true", help="compile it; pays for many clips")
    group.add_argument("--revision", default="", help="branch, tag or commit of the hub")
    group.add_argument(
        "--max-tokens", type=int, default=0, help="longest text of each part, in tokens"
    )
    group.add_argument("--calibration", help="file with the temperature for these labels")
    group.add_argument(
        "--least-confidence",
        type=float,
        default=0.0,
        metavar="P",
        help="give no label whose probability is smaller (0 to 1)",
    )
    group.add_argument(
        "--study",
        type=Path,
        help="study table: none of its groups, treatments and animals may be in the prompt",
    )
    group.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column of the study, or a word, that the prompt may tell all the same",
    )
    group.add_argument(
        "--preview",
        action="store_true",
        help="print exactly what the model gets for the first window, save its pictures beside "
        "the run folder, and run nothing",
    )


def add_clip_options(group: Any) -> None:
    """Add the options that say which pictures a model sees."""
    group.add_argument("--frames", type=int, default=8, help="pictures of a clip (default 8)")
    group.add_argument(
        "--stride",
        help="from one picture to the next (200ms, 6f; default: spread over the window)",
    )
    group.add_argument("--size", type=int, default=224, help="side in pixels (default 224)")
    group.add_argument(
        "--crop",
        choices=("animal", "start"),
        help="cut out the animal: go with it in every picture, or stay where the window begins",
    )
    group.add_argument("--still", action="store_true", help="one picture of each window only")
    group.add_argument(
        "--camera", action="append", default=[], help="view to show; several are tiled"
    )


def describe_recording(options: argparse.Namespace) -> Answer:
    """Describe a recording, or show what a model would get."""
    study = None if options.study is None else mg.load_study(options.study)
    recording = open_from(options)
    params = describer_params(options, recording.timebase)
    ranges = parsed_windows(options, recording)
    if options.preview:
        from napari_mousegpt.words.describe_preview import preview_describe

        previews = preview_describe(recording, ranges, params, study=study)
        return _previewed(previews, params, options.out)
    agree_to_sending(options)
    parts = mg.iter_describe(
        recording,
        ranges,
        params,
        out=options.out,
        overwrite=options.overwrite,
        study=study,
        progress=None if options.quiet else Download(params.model),
    )
    tables = [part.table for part in shown(parts, quiet=options.quiet)]
    rows = sum(map(len, tables))
    answer = wrote(options.out, {"descriptions.csv": rows, "descriptions.parquet": rows})
    answer.lines.extend(f"! {doubt}" for doubt in doubts_of(params))
    failed = [text for table in tables for text in _failures(table)]
    if not failed:
        return answer
    told = [f"{len(failed)} of {rows} windows could not be described:"]
    told += [f"  {text}" for text in list(dict.fromkeys(failed))[:_SHOWN_PROBLEMS]]
    return Answer(answer.lines + told, {**answer.facts, "failed": len(failed)})


def agree_to_sending(options: argparse.Namespace) -> None:
    """Write down, with ``--agree NAME``, that NAME allows frames to be sent to ``--server``.

    Raises
    ------
    InputError
        When no server is named.
    """
    from napari_mousegpt.words.server_consent import agree_to_server

    if not options.agree:
        return
    if not options.server:
        raise InputError(
            "--agree", expected="a server that frames are sent to", found="none",
            remedy="Add --server URL. Downloads are agreed to with napari-mousegpt models agree.",
        )  # fmt: skip
    agree_to_server(options.server, who=options.agree)


def _failures(table: Any) -> list[str]:
    if "problem" not in table:
        return []
    return [str(text) for text in table["problem"] if str(text).startswith("not described")]


def doubts_of(params: DescribeParams) -> tuple[str, ...]:
    """Return what a model may take for more than a text in prompt and labels, as sentences."""
    from napari_mousegpt.words.prompt_preview import prompt_doubts
    from napari_mousegpt.words.prompts import Prompt
    from napari_mousegpt.words.vocabulary import Vocabulary

    if params.by_rules:
        return ()
    assert isinstance(params.prompt, Prompt)
    assert params.vocabulary is None or isinstance(params.vocabulary, Vocabulary)
    return prompt_doubts(params.prompt, params.vocabulary)


def describer_params(options: argparse.Namespace, clock: Timebase) -> DescribeParams:
    """Return the describer that the options ask for; ``clock`` counts frames of a stride."""
    from napari_mousegpt.clips import ClipParams
    from napari_mousegpt.words import DescribeParams
    from napari_mousegpt.words.scoring import ScoringParams
    from napari_mousegpt.words.servers import Server

    given: dict[str, Any] = {}
    if options.server:
        if not options.model:
            raise InputError(
                "--server", expected="the name of a model there", found="none",
                remedy="Add --model NAME, as the server lists it.",
            )  # fmt: skip
        given["server"] = Server(options.server, options.model, form=options.server_form)
        encodes = getattr(options, "encoder", KINEMATIC) != KINEMATIC
        for name, default in _OF_THIS_MACHINE.items():
            if getattr(options, name) != default and not (encodes and name in _OF_ENCODERS):
                raise InputError(
                    f"--{name.replace('_', '-')}",
                    expected="a model on this machine", found="a server, which has its own way",
                    remedy="Leave it out.",
                )  # fmt: skip
    elif options.model:
        given["model"] = options.model
    if options.prompt:
        given["prompt"] = options.prompt
    if options.labels is not None:
        given["vocabulary"] = str(options.labels)
    if options.calibration:
        given["calibration"] = options.calibration
    clips = _clips(options, clock)
    if not options.model and replace(clips, cameras=()) != ClipParams():
        raise InputError(
            "options about the pictures of a clip",
            expected="a model or a server that sees pictures",
            found="the kinematic describer, which goes by rules",
            remedy="Add --model, or leave them out.",
        )
    return DescribeParams(
        features=feature_params(options),
        clips=clips,
        device=options.device,
        dtype=options.dtype,
        quantised=options.quantised,
        compile=options.compile,
        revision=options.revision,
        max_tokens=options.max_tokens,
        scoring=ScoringParams(least_confidence=options.least_confidence),
        allow=tuple(options.allow),
        **given,
    )


def _clips(options: argparse.Namespace, clock: Timebase) -> ClipParams:
    from napari_mousegpt.clips import ClipParams, CropParams
    from napari_mousegpt.core.timebase import parse_duration

    stride = parse_duration(options.stride, clock) if options.stride else 0
    return ClipParams(
        frames=options.frames,
        stride_s=float(stride),
        size=options.size,
        crop=CropParams(follow=options.crop) if options.crop else None,
        cameras=tuple(options.camera),
        still=options.still,
    )


def _previewed(previews: tuple[Preview, ...], params: DescribeParams, out: Path) -> Answer:
    from napari_mousegpt.words.describe_preview import preview_text

    folder = out.with_name(f"{out.name}-preview")
    files = _save_pictures(previews[0], folder)
    lines = [f"prompt {previews[0].prompt_id}; {len(files)} pictures in {folder}"]
    lines += [f"! {doubt}" for doubt in previews[0].doubts]
    texts = {each.part: preview_text(each, params.server) for each in previews}
    for part, text in texts.items():
        lines += ["", f"===== {part}", text]
    facts = {
        "prompt_id": previews[0].prompt_id,
        "asks": texts,
        "pictures": files,
        "doubts": list(previews[0].doubts),
    }
    return Answer(lines, facts)


def _save_pictures(preview: Preview, folder: Path) -> list[str]:
    """Write every picture of an ask as PNG, and return their paths."""
    from PIL import Image

    from napari_mousegpt.core.files import make_folder, replacing

    make_folder(folder)
    for old in folder.glob("clip*_*.png"):
        old.unlink()
    files = []
    for number, frames in enumerate(preview.frames, start=1):
        for index, picture in enumerate(frames, start=1):
            path = folder / f"clip{number}_{index:02d}.png"
            with replacing(path) as part:
                Image.fromarray(picture).save(part, format="PNG")
            files.append(str(path))
    return files
