"""The command ``models``: which there are, whether one can be used, agreeing to its download."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.cli.progress import Download
from napari_mousegpt.errors import InputError, MouseGPTError

if TYPE_CHECKING:
    from napari_mousegpt.models import Device, Preset, Weights

__all__ = ["add_model_options", "report_models"]

_KINDS = {"vlm": "Words (vision-language models)", "encoder": "Vectors (video encoders)"}


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``models``."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=("list", "check", "agree", "fetch"),
        default="list",
        help="list: what there is (default); check: whether a model can be used here, and why not; "
        "agree: write down that you agree to its download; fetch: download it after that",
    )
    parser.add_argument(
        "model", nargs="?", help="preset, folder, or id of the Hugging Face hub (owner/name)"
    )
    parser.add_argument("--kind", choices=tuple(_KINDS), help="list only these")
    parser.add_argument("--revision", default="", help="branch, tag or commit of the hub")
    parser.add_argument(
        "--device", default="auto", help="where it shall run: auto, cpu, cuda, cuda:1, mps"
    )
    parser.add_argument(
        "--again", action="store_true", help="fetch files anew, when those here are damaged"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print no progress")


def report_models(options: argparse.Namespace) -> Answer:
    """List models, or check, agree to or fetch one."""
    if options.action == "list":
        if options.model:
            raise InputError(
                f"models list {options.model}",
                expected="no model, as all are listed",
                found="one",
                remedy=f"Write: models check {options.model}.",
            )
        return _list(options)
    if not options.model:
        raise InputError(
            f"models {options.action}",
            expected="a model",
            found="none",
            remedy=f"Write for example: models {options.action} smolvlm2-500m.",
        )
    actions: dict[str, Callable[[argparse.Namespace], Answer]] = {
        "check": _check,
        "agree": _agree,
        "fetch": _fetch,
    }
    return actions[options.action](options)


def _list(options: argparse.Namespace) -> Answer:
    from napari_mousegpt.models import Consent, choose_device, preset_for
    from napari_mousegpt.models.presets import TIERS, presets

    device, consent = choose_device(options.device), Consent()
    first = _first_choice(preset_for, device)
    lines = [f"This machine: {device}.", f"To begin with: {first or 'none fits this machine'}."]
    facts: list[dict[str, Any]] = []
    for kind, title in _KINDS.items():
        if options.kind not in (None, kind):
            continue
        rows = [_row(preset, device, first) for preset in presets(kind)]
        widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
        lines += ["", title]
        lines.append("  " + _aligned(_HEAD, widths))
        for preset, row in zip(presets(kind), rows, strict=True):
            if _leads(preset, kind):
                lines.append(f"{TIERS[preset.tier]}:")
            lines.append("  " + _aligned(row, widths))
        facts += [_facts(preset, device, consent) for preset in presets(kind)]
    lines += [
        "",
        "! non-commercial use only    ? licence not verified at its publisher",
        "Sizes are often arithmetic. Quality was never measured: choose by hardware and licence.",
        "napari-mousegpt models check NAME tells more; models agree NAME allows its download.",
    ]
    return Answer(lines, {"device": str(device), "first": first, "models": facts})


_HEAD = ("model", "licence", "download", "memory, bf16", "this machine")


def _leads(preset: Preset, kind: str) -> bool:
    """Return whether it is the first preset of its tier."""
    from napari_mousegpt.models.presets import presets

    return preset is next(
        each for each in presets() if (each.kind, each.tier) == (kind, preset.tier)
    )


def _row(preset: Preset, device: Device, first: str) -> tuple[str, ...]:
    return (
        preset.name,
        _terms(preset),
        f"{preset.download_gb:.1f} GB",
        f"{preset.least_gb:.1f} GB",
        "try first" if preset.name == first else _fit(preset, device),
    )


def _fit(preset: Preset, device: Device) -> str:
    if preset.fits(device.memory_gb, card=device.kind != "cpu"):
        return "fits"
    return "needs a card" if device.kind == "cpu" and preset.kind == "vlm" else "too large"


def _terms(preset: Preset) -> str:
    mark = " !" if preset.commercial is False else ""
    doubt = "" if preset.licence_seen else " ?"
    return f"{preset.licence or 'not found'}{mark}{doubt}"


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


def _facts(preset: Preset, device: Device, consent: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        **asdict(preset),
        "fits": preset.fits(device.memory_gb, card=device.kind != "cpu"),
        "agreed": consent.agreed("download", preset.hub_id),
    }


def _first_choice(preset_for: Callable[[float, str], Preset], device: Device) -> str:
    try:
        return preset_for(device.memory_gb, device.name).name
    except InputError:
        return ""


def _check(options: argparse.Namespace) -> Answer:
    from napari_mousegpt.models import PRESETS, Consent, find_weights
    from napari_mousegpt.models.weights import download_subject, local_folder

    name = options.model
    preset = PRESETS.get(name)
    lines = [f"{name}: {_terms(preset)}; {preset.note}."] if preset else []
    facts: dict[str, Any] = {"model": name, "usable": False}
    try:
        if local_folder(name, options.revision) is None:
            subject = download_subject(name)
            agreed = Consent().agreed("download", subject)
            size = f" (about {preset.download_gb:.1f} GB)" if preset else ""
            step = f"napari-mousegpt models {'fetch' if agreed else 'agree'} {name}"
            if preset:
                lines += _doubts_of_fit(preset, options.device)
            lines.append(f"! {subject} is not on this machine{size}. Next: {step}.")
            return Answer(lines, {**facts, "problem": "not here", "agreed": agreed}, 2)
        weights = find_weights(name, revision=options.revision, offline=True)
        lines += _about(weights)
        lines.append(_where(weights, options.device))
    except MouseGPTError as error:
        lines.append(f"! {error}")
        return Answer(lines, {**facts, "problem": str(error)}, error.exit_code)
    lines.append("It can be used.")
    facts = {**facts, "usable": True, "folder": str(weights.folder), "kind": weights.kind}
    facts |= {"family": weights.family, "licence": weights.licence}
    return Answer(lines, {**facts, "revision": weights.revision, "hash": weights.files_hash})


def _about(weights: Weights) -> list[str]:
    what = "gives words" if weights.kind == "vlm" else "gives vectors"
    return [
        f"{weights.folder}: {weights.family}, {what}; "
        f"licence {weights.licence or 'not stated: ask its publisher'}.",
        f"Revision {weights.revision or 'none (a folder)'}, files {weights.files_hash}.",
    ]


def _where(weights: Weights, wanted: str) -> str:
    """Return which device it would run on; refuse one that is too small."""
    from napari_mousegpt.models import choose_device
    from napari_mousegpt.models.weights import card_needed_gb

    needed = card_needed_gb(weights)
    device = choose_device(wanted, needs_card_gb=needed, why=weights.name)
    return f"It would run on {device}" + (f"; it needs {needed:.1f} GB." if needed else ".")


def _doubts_of_fit(preset: Preset, wanted: str) -> list[str]:
    """Return whether it would run here, before gigabytes are fetched; nothing if it would."""
    from napari_mousegpt.models import choose_device

    device = choose_device(wanted)
    fit = _fit(preset, device)
    if fit == "fits":
        return []
    where = f"{preset.least_gb:.1f} GB for its weights, and this machine has {device}"
    # A processor calculates in twice as many bytes.
    slow = fit == "needs a card" and 2 * preset.least_gb < device.memory_gb
    cure = "--device cpu works, slowly" if slow else "take a smaller one, or ask a server"
    return [f"! It {fit.replace('too large', 'is too large')}: {where}; {cure}."]


def _agree(options: argparse.Namespace) -> Answer:
    from napari_mousegpt.models import PRESETS, Consent
    from napari_mousegpt.models.weights import download_subject

    subject = download_subject(options.model)
    if not subject:
        return Answer([f"{options.model} is on this machine: there is nothing to agree to."])
    who = getpass.getuser()
    Consent().agree("download", subject, who=who)
    preset = PRESETS.get(options.model)
    lines = [f"{who} agreed to the download of {subject}."]
    if preset and preset.commercial is False:
        lines.append(f"Its licence ({preset.licence}) allows non-commercial use only.")
    elif not preset or not preset.licence_seen:
        lines.append("Its licence was not verified here: read its page before you publish.")
    if preset:
        lines += _doubts_of_fit(preset, options.device)
    lines.append(f"Fetch it now with napari-mousegpt models fetch {options.model}.")
    return Answer(lines, {"subject": subject, "who": who})


def _fetch(options: argparse.Namespace) -> Answer:
    from napari_mousegpt.models.weights import fetch_again, find_weights

    progress = None if options.quiet else Download(options.model)
    take = fetch_again if options.again else find_weights
    weights = take(options.model, revision=options.revision, progress=progress)
    return Answer(_about(weights), {"folder": str(weights.folder), "revision": weights.revision})
