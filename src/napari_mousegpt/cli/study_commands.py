"""The commands ``study`` and ``relocate``: look over a study table, find its files again."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.errors import InputError, OutputExistsError

__all__ = [
    "add_relocate_options",
    "add_study_options",
    "add_table_reading",
    "report_relocation",
    "report_study",
    "table_columns",
]


def add_study_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which table to read, and how."""
    parser.add_argument("table", type=Path, help="study table: csv, tsv, xlsx or toml")
    add_table_reading(parser)


def add_table_reading(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a study table is read."""
    parser.add_argument("--sheet", help="sheet of a workbook, where several could be meant")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="name of a column in this table: --column recording=ID --column group=Condition",
    )
    parser.add_argument(
        "--paths-from",
        type=Path,
        metavar="DIR",
        help="folder that relative paths start from (default: that of the table)",
    )


def report_study(options: argparse.Namespace) -> Answer:
    """Name everything that is wrong with a table, row by row."""
    from napari_mousegpt.io.study import check_study

    report = check_study(
        options.table,
        columns=table_columns(options),
        root=options.paths_from,
        sheet=options.sheet,
    )
    lines = report.lines()
    if report.ok:
        lines.append("Nothing contradicts itself, and all its files are there.")
    return Answer(lines, report.facts(), 0 if report.ok else 2)


def add_relocate_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``relocate``."""
    add_study_options(parser)
    parser.add_argument(
        "--folder",
        type=Path,
        action="append",
        required=True,
        metavar="DIR",
        help="where to look, with everything below; may be given several times",
    )
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="write the new table; without it, only look"
    )
    parser.add_argument(
        "--partial", action="store_true", help="write it although some files were not found"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace that file; the old one is kept as .bak"
    )


def report_relocation(options: argparse.Namespace) -> Answer:
    """Show where the files of a table are now; write the new table if asked."""
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
        options.table, columns=table_columns(options), root=options.paths_from, sheet=options.sheet
    )
    found = relocate(study, options.folder)
    if out is not None and found.open and not options.partial:
        raise InputError(
            options.table,
            expected="one file for each path",
            found=f"{found.open} of {len(found.rows)} without",
            remedy="Look without --write, name more folders, or add --partial to write the others.",
        )
    lines = found.lines()
    facts = {
        "found": found.found,
        "open": found.open,
        "paths": [asdict(row) for row in found.rows],
    }
    if out is None:
        lines.append("Nothing was written: add --write FILE to keep the new table.")
    else:
        kept = write_study(out, found.apply(partial=True), overwrite=options.overwrite)
        lines.append(f"{out}: {len(study)} recordings." + (f" Kept: {kept}" if kept else ""))
        facts["file"] = str(out)
    return Answer(lines, facts, 2 if found.open and out is None else 0)


def table_columns(options: argparse.Namespace) -> dict[str, str]:
    """Return which column of the table is which of ours."""
    columns = {}
    for text in options.column:
        ours, equals, theirs = text.partition("=")
        if not (equals and ours.strip() and theirs.strip()):
            raise InputError(
                f"--column {text}", expected="OURS=THEIRS", remedy="Write for example recording=ID."
            )
        columns[ours.strip()] = theirs.strip()
    return columns
