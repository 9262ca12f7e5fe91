"""The command ``corrections``: what people changed by hand, listed, exported, applied."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.core.edits import Corrections, Edit
from napari_mousegpt.errors import InputError, OutputExistsError

__all__ = ["add_correction_options", "report_corrections"]


def add_correction_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "source",
        type=Path,
        nargs="?",
        help="file of corrections or a folder of them; that of all corrections by default",
    )
    parser.add_argument(
        "--audit",
        type=Path,
        metavar="CSV",
        help="write who changed what and when, one row for each changed field",
    )
    parser.add_argument(
        "--apply",
        type=Path,
        metavar="ETHOGRAM",
        help="run folder or table of bouts to apply the corrections to; name the result with -o",
    )
    parser.add_argument("-o", "--out", type=Path, help="csv or parquet file for --apply")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")


def report_corrections(options: argparse.Namespace) -> Answer:
    """Print one block for each corrected recording; write audit trail and ethogram if asked."""
    if (options.apply is None) != (options.out is None):
        raise InputError(
            "corrections",
            expected="--apply and -o together",
            found="one of the two",
            remedy="Write --apply RUN_OR_TABLE -o corrected.csv.",
        )
    if options.audit is not None and options.audit.exists() and not options.overwrite:
        raise OutputExistsError(
            options.audit,
            expected="a file that is not there yet",
            found="one that is",
            remedy="Name another file, or add --overwrite.",
        )
    from napari_mousegpt.store.corrections import load_corrections

    found = load_corrections(options.source)
    lines = [line for one in found for line in _lines(one)] or ["No corrections."]
    facts = {"recordings": [_facts(one) for one in found]}
    if options.apply is not None:
        lines += _applied(found, options)
    if options.audit is not None:
        lines.append(_audited(found, options.audit))
    return Answer(lines, facts)


def _applied(found: Sequence[Corrections], options: argparse.Namespace) -> list[str]:
    from napari_mousegpt.core.correcting import corrected

    ethogram, clocks = mg.load_ethogram(options.apply)
    result = corrected(ethogram, found)
    mg.export(result, options.out, clocks, format="bouts", overwrite=options.overwrite)
    known = {*ethogram.bouts.recording, *ethogram.observed.recording}
    return [
        *(
            f"{one.recording}: left out, since {options.apply} has no such recording"
            for one in found
            if one.recording not in known
        ),
        f"{options.out}: {len(result)} bouts",
    ]


def _audited(found: Sequence[Corrections], path: Path) -> str:
    from napari_mousegpt.core.audit_trail import audit_table
    from napari_mousegpt.io.text_tables import write_csv

    table = audit_table(edit for one in found for edit in one.edits)
    write_csv(table, path)
    return f"{path}: {len(table)} changed fields"


def _lines(one: Corrections) -> list[str]:
    actions = ", ".join(f"{count} {action}" for action, count in _actions(one.edits).items())
    people = ", ".join(sorted({edit.who or "nobody named" for edit in one.edits}))
    lines = [f"{one.recording}: {len(one.edits)} edits ({actions})" if one.edits else one.recording]
    if one.edits:
        lines.append(f"  by {people}; {one.edits[0].when} to {one.edits[-1].when}")
    return [*lines, *(f"  {note}" for note in one.notes)]


def _facts(one: Corrections) -> dict[str, object]:
    return {
        "recording": one.recording,
        "n_frames": one.n_frames,
        "edits": len(one.edits),
        "actions": _actions(one.edits),
        "who": sorted({edit.who for edit in one.edits}),
        "first": one.edits[0].when if one.edits else "",
        "last": one.edits[-1].when if one.edits else "",
        "notes": list(one.notes),
    }


def _actions(edits: Sequence[Edit]) -> dict[str, int]:
    return dict(Counter(edit.action for edit in edits).most_common())
