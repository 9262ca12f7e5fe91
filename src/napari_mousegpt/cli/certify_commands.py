"""The command ``certify``: what a model can be trusted with, tried on this machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.errors import InputError, StorageError

__all__ = ["add_certify_options", "certify_model"]


def add_certify_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``certify``."""
    parser.add_argument(
        "model", help="preset, folder, or id of the Hugging Face hub (owner/name); see models"
    )
    parser.add_argument("--revision", default="", help="branch, tag or commit of the hub")
    parser.add_argument(
        "--device", default="auto", help="where it shall run: auto, cpu, cuda, cuda:1, mps"
    )
    parser.add_argument(
        "--dtype",
        choices=("auto", "float32", "bfloat16", "float16"),
        default="auto",
        help="numbers it calculates in; auto takes what suits the device",
    )
    parser.add_argument(
        "--trials", type=int, default=16, help="clips of each trial, an even number (default 16)"
    )
    parser.add_argument("--frames", type=int, default=4, help="pictures of a clip (default 4)")
    parser.add_argument("--size", type=int, default=224, help="pixels of their sides (default 224)")
    parser.add_argument("--batch", type=int, default=8, help="clips at once (default 8)")
    parser.add_argument("--seed", type=int, default=0, help="another one draws other clips")
    parser.add_argument("-o", "--out", type=Path, help="also write the card as a Markdown page")
    parser.add_argument(
        "--show", action="store_true", help="print the card that is kept and try nothing"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print no progress")


def certify_model(options: argparse.Namespace) -> Answer:
    """Try a model, or show what came of it before; exit code 1 when it fails."""
    from napari_mousegpt.models.trust import Trial, TrustCard, trust_card
    from napari_mousegpt.models.weights import find_weights
    from napari_mousegpt.reports.trust_card import card_lines, card_markdown, trial_line

    card: TrustCard | None
    if options.out is not None:
        _check_place(options.out)
    if options.show:
        weights = find_weights(options.model, revision=options.revision, offline=True)
        card = trust_card(weights.files_hash)
        if card is None:
            raise InputError(
                options.model,
                expected="a model that was tried on this machine",
                found="no trust card",
                remedy=f"Try it: napari-mousegpt certify {options.model}.",
            )
    else:
        from napari_mousegpt.runs.certify import certify
        from napari_mousegpt.runs.trials import TrialParams

        def tell(trial: Trial) -> None:
            sys.stderr.write(f"{trial_line(trial)}\n")
            sys.stderr.flush()

        card = certify(
            options.model,
            TrialParams(
                trials=options.trials,
                frames=options.frames,
                size=options.size,
                batch=options.batch,
                seed=options.seed,
            ),
            device=options.device,
            dtype=options.dtype,
            revision=options.revision,
            progress=None if options.quiet else tell,
        )
    lines = card_lines(card)
    if options.out is not None:
        lines.append(f"{_written(options.out, card_markdown(card))}: the card as a page")
    return Answer(lines, card.facts(), 1 if card.verdict == "fails" else 0)


def _check_place(path: Path) -> None:
    """Refuse, before minutes are spent, a page that could not be written."""
    if path.is_dir() or not path.parent.is_dir():
        raise StorageError(
            path,
            expected="a file in a folder that exists",
            found="a folder" if path.is_dir() else f"no folder {path.parent}",
            remedy="Name another, or make the folder first.",
        )


def _written(path: Path, text: str) -> Path:
    from napari_mousegpt.core.files import replacing

    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")
    return path
