"""The command ``study``: look over a study table, find its files again."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.errors import InputError, OutputExistsError

__all__ = ["add_study_options", "answer_study"]


def add_study_options(parser: argparse.ArgumentParser) -> None:
    """Add ``check`` and ``relocate`` and their options."""
    which = parser.add_subparsers(title="what to do", metavar="WHAT", required=True, dest="what")
    check = which.add_parser(
        "check",
        help="name everything that is wrong with a table, row by row",
        description="Name doubled ids, animals that contradict themselves, and missing files.",
    )
    relocate = which.add_parser(
        "relocate",
        help="find files that were moved; shows what would change",
        description="Find the files of a table below other folders and show what would change. "
        "Nothing is written without --write.",
    )
    for sub in (check, relocate):
        sub.add_argument("table", type=Path, help="study table: csv, tsv, xlsx or toml")
        sub.add_argument("--sheet", help="sheet of a workbook, where several could be meant")
        sub.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="OURS=THEIRS",
            help="name of a column in this table: --column recording=ID --column group=Condition",
        )
        sub.add_argument(
            "--paths-from", type=Path, metavar="DIR",
            help="folder that relative paths start from (default: that of the table)",
        )  # fmt: skip
        # Also behind the second word, where people type it.
        sub.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object"
        )
    relocate.add_argument(
        "--root", type=Path, action="append", required=True, metavar="DIR",
        help="folder to look in, with everything below; may be given several times",
    )  # fmt: skip
    relocate.add_argument("--write", type=Path, metavar="FILE", help="write the new table there")
    relocate.add_argument(
        "--partial", action="store_true", help="write it although some files were not found"
    )
    relocate.add_argument(
        "--overwrite", action="store_true", help="replace that file; the old one is kept as .bak"
    )


def answer_study(options: argparse.Namespace) -> Answer:
    """Check or relocate, as the second word says."""
    return _check(options) if options.what == "check" else _relocate(options)


def _check(options: argparse.Namespace) -> Answer:
    from napari_mousegpt.io.study import check_study

    report = check_study(
        options.table,
        columns=_columns(options),
        root=options.paths_from,
        sheet=options.sheet,
    )
    lines = report.lines()
    if report.ok:
        lines.append("Its rows agree with each other and all its files are there.")
    return Answer(lines, report.facts(), 0 if report.ok else 2)


def _relocate(options: argparse.Namespace) -> Answer:
    from napari_mousegpt.io.relocation import relocate
    from napari_mousegpt.io.study import load_study, write_study

    out = options.write
    if out is not None and out.exists() and not options.overwrite:
        raise OutputExistsError(
            out,
            expected="a file that is not there yet",
            found="one that is",
            remedy="Name another file, or add --overwrite.",
        )
    study = load_study(
        options.table, columns=_columns(options), root=options.paths_from, sheet=options.sheet
    )
    found = relocate(study, options.root)
    lines = found.lines()
    facts = {
        "found": found.found,
        "open": found.open,
        "paths": [asdict(row) for row in found.rows],
    }
    if out is None:
        lines.append("Nothing was written: add --write FILE to keep the new table.")
    else:
        kept = write_study(out, found.apply(partial=options.partial), overwrite=options.overwrite)
        lines.append(f"{out}: {len(study)} recordings." + (f" Kept: {kept}" if kept else ""))
        facts["file"] = str(out)
    return Answer(lines, facts, 2 if found.open and out is None else 0)


def _columns(options: argparse.Namespace) -> dict[str, str]:
    columns = {}
    for text in options.column:
        ours, equals, theirs = text.partition("=")
        if not (equals and ours.strip() and theirs.strip()):
            raise InputError(
                f"--column {text}", expected="OURS=THEIRS", remedy="Write for example recording=ID."
            )
        columns[ours.strip()] = theirs.strip()
    return columns
