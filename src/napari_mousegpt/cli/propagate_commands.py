"""The commands ``propagate`` and ``calibrate``: a model on some stretches of finished runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.cli.describe_commands import (
    add_clip_options,
    add_model_options,
    agree_to_sending,
    describer_params,
    doubts_of,
)
from napari_mousegpt.cli.options import add_output
from napari_mousegpt.cli.progress import Download, shown
from napari_mousegpt.core.timebase import Timebase, parse_duration
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.runs.describing_some import DescribeSomeParams
    from napari_mousegpt.words import DescribeParams

__all__ = [
    "add_calibrate_options",
    "add_propagate_options",
    "calibrate_from_run",
    "propagate_run",
]

_CHOICES = ("clusters", "doubtful")


def add_propagate_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``propagate``."""
    parser.add_argument("run", type=Path, help="folder of a finished run or study")
    add_output(parser, required=False)
    parser.add_argument(
        "--plan", action="store_true", help="say what the model would be asked, and ask nothing"
    )
    parser.add_argument(
        "--choose",
        choices=_CHOICES,
        default="clusters",
        help="describe examples of every cluster and carry their words to the rest (clusters), or "
        "describe what the rules are unsure of (doubtful)",
    )
    group = parser.add_argument_group("which stretches")
    group.add_argument(
        "--window", default="1s", help="join shorter clustered pieces into windows (default 1s)"
    )
    group.add_argument(
        "--examples", type=int, default=3, help="examples of each cluster (default 3)"
    )
    group.add_argument(
        "--audit", type=int, default=8, help="drawn at random from each cluster (default 8)"
    )
    group.add_argument(
        "--most-disagreement",
        type=float,
        default=0.25,
        metavar="SHARE",
        help="carry nothing in a cluster whose audit disagrees more often (default 0.25)",
    )
    group.add_argument(
        "--noise",
        choices=("leave", "describe"),
        default="leave",
        help="stretches of no cluster: leave them without words, or describe each",
    )
    group.add_argument(
        "--unsure-below",
        type=float,
        default=0.65,
        metavar="P",
        help="doubtful: ask where the rules are less confident (default 0.65)",
    )
    group.add_argument(
        "--audit-share",
        type=float,
        default=0.05,
        metavar="SHARE",
        help="doubtful: ask about this share of the others too (default 0.05)",
    )
    group.add_argument("--seed", type=int, default=0, help="another one draws other stretches")
    _add_describer(parser)


def propagate_run(options: argparse.Namespace) -> Answer:
    """Describe some stretches and carry their words, or say what that would take."""
    from napari_mousegpt.runs.some_words import load_some_words
    from napari_mousegpt.words.server_consent import check_agreement
    from napari_mousegpt.words.servers import Server

    params = _some_params(options)
    if options.plan:
        plan = mg.plan_describe_some(options.run, params)
        return Answer([plan.price], {"calls": plan.calls, "stretches": plan.total})
    if options.out is None:
        raise InputError("-o/--out", expected="a run folder", found="none", remedy="Add -o FOLDER.")
    describing = _describing(options)
    study = None if options.study is None else mg.load_study(options.study)
    agree_to_sending(options)
    if isinstance(describing.server, Server):
        check_agreement(describing.server)
    parts = mg.iter_describe_some(
        options.run,
        describing,
        params,
        out=options.out,
        overwrite=options.overwrite,
        study=study,
        progress=None if options.quiet else Download(options.model),
    )
    for _ in shown(parts, quiet=options.quiet):
        pass
    found = load_some_words(options.out)
    folder = options.out / "result"
    doubts = [f"! {doubt}" for doubt in doubts_of(describing)]
    lines = [*found.sentences, *doubts, f"{folder / 'descriptions.csv'}: {len(found.words)} rows"]
    facts = {
        "folder": str(folder),
        "stretches": len(found.words),
        "sources": found.card.outcome["sources"],
        "audited": len(found.audit),
        "sentences": list(found.sentences),
    }
    return Answer(lines, facts)


def add_calibrate_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``calibrate``."""
    parser.add_argument(
        "run", type=Path, help="folder of a finished run or study whose bouts were accepted"
    )
    add_output(parser)
    parser.add_argument(
        "--window", default="1s", help="length of a clip cut from an accepted bout (default 1s)"
    )
    parser.add_argument(
        "--per-bout", type=int, default=3, help="most clips cut from one bout (default 3)"
    )
    _add_describer(parser)


def calibrate_from_run(options: argparse.Namespace) -> Answer:
    """Fit the temperature of a model to accepted labels and say where it is kept."""
    from napari_mousegpt.runs.calibrating import (
        CalibrateParams,
        calibration_of,
        iter_calibrate_model,
    )
    from napari_mousegpt.words.calibration_files import load_calibration

    _refuse_what_calibrates_nothing(options)
    window_s = _seconds(options.window, "--window")
    parts = iter_calibrate_model(
        options.run,
        _describing(options),
        CalibrateParams(window_s, options.per_bout),
        out=options.out,
        overwrite=options.overwrite,
        study=None if options.study is None else mg.load_study(options.study),
        progress=None if options.quiet else Download(options.model),
    )
    for _ in shown(parts, quiet=options.quiet):
        pass
    place = calibration_of(options.out)
    found = load_calibration(place)
    animals = f" of {found.n_animals} animals" if found.n_animals else ""
    lines = [
        f"Temperature {found.temperature:.3g} from {found.n} accepted clips{animals}.",
        f"Expected calibration error {found.ece_before:.3f} before, {found.ece_after:.3f} after.",
        *(f"! {note}" for note in found.notes),
        f"{options.out / 'result' / 'reliability.png'}: how far its probabilities can be believed",
        f"Use it: --calibration {place}",
    ]
    facts = {
        "calibration": str(place),
        "temperature": found.temperature,
        "clips": found.n,
        "counts": found.counts,
        "ece_before": found.ece_before,
        "ece_after": found.ece_after,
        "notes": list(found.notes),
    }
    return Answer(lines, facts)


def _add_describer(parser: argparse.ArgumentParser) -> None:
    add_model_options(parser.add_argument_group("the model"))
    add_clip_options(parser.add_argument_group("pictures that a model sees"))
    parser.add_argument(
        "--body",
        action="append",
        default=[],
        metavar="PART=KEYPOINT",
        help="which keypoint is which part, as for run",
    )


def _refuse_what_calibrates_nothing(options: argparse.Namespace) -> None:
    if options.server or options.agree:
        raise InputError(
            "--server" if options.server else "--agree",
            expected="a model on this machine, whose labels are scored",
            found="a server, which writes its labels: there is no probability to calibrate",
            remedy="Leave it out, and name a model with --model.",
        )
    given = {
        "--calibration": options.calibration,
        "--least-confidence": options.least_confidence,
        "--max-tokens": options.max_tokens,
    }
    for name, value in given.items():
        if value:
            raise InputError(
                name,
                expected="the scores of the labels as the model gives them",
                found=str(value),
                remedy=f"Leave {name} out; it is for describe and propagate.",
            )


def _some_params(options: argparse.Namespace) -> DescribeSomeParams:
    from napari_mousegpt.runs.describing_some import DescribeSomeParams
    from napari_mousegpt.words.gate import GateParams
    from napari_mousegpt.words.representatives import PropagateParams

    return DescribeSomeParams(
        choose=options.choose,
        window_s=_seconds(options.window, "--window"),
        propagate=PropagateParams(
            exemplars=options.examples,
            audit=options.audit,
            most_disagreement=options.most_disagreement,
            noise=options.noise,
            seed=options.seed,
        ),
        gate=GateParams(
            least_confidence=options.unsure_below,
            audit_share=options.audit_share,
            seed=options.seed,
        ),
    )


def _describing(options: argparse.Namespace) -> DescribeParams:
    if not options.model and not options.server:
        raise InputError(
            "--model",
            expected="a model or a server that describes",
            found="none",
            remedy="Name one; napari-mousegpt models lists those for this computer.",
        )
    if options.preview:
        raise InputError(
            "--preview",
            expected="a recording",
            found="a run",
            remedy="Look at it with describe --preview.",
        )
    if options.stride:
        _seconds(options.stride, "--stride")
    return describer_params(options, _ANY)


#: Frames are not counted here: the recordings of a study may differ in their rates.
_ANY = Timebase.constant(30, 1)


def _seconds(text: str, name: str) -> float:
    if text.strip().endswith("f"):
        raise InputError(
            f"{name} {text}",
            expected="a length of time, as the frame rates of recordings may differ",
            remedy="Write for example 500ms.",
        )
    return float(parse_duration(text, _ANY))
