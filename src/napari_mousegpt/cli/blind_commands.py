"""The commands ``blind`` and ``unblind``: codes for the recordings of a study, and back."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.cli.study_commands import add_table_reading, table_columns
from napari_mousegpt.core.people import account_name
from napari_mousegpt.errors import OutputExistsError

__all__ = ["add_blind_options", "add_unblind_options", "blind_study", "unblind_study"]


def add_blind_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``blind``."""
    parser.add_argument("table", type=Path, help="study table: csv, tsv, xlsx or toml")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, help="folder for the key and the log"
    )
    parser.add_argument(
        "--seed", type=int, help="the same seed and recordings give the same codes again"
    )
    parser.add_argument(
        "--show",
        action="append",
        default=[],
        metavar="COLUMN",
        help="column that scorers may see; may be given several times",
    )
    parser.add_argument("--who", help="who blinds it (default: the name of your account)")
    add_table_reading(parser)


def blind_study(options: argparse.Namespace) -> Answer:
    """Draw codes, write the key, begin the log."""
    study = mg.load_study(
        options.table, columns=table_columns(options), root=options.paths_from, sheet=options.sheet
    )
    who = account_name() if options.who is None else options.who
    made = mg.blind_study(study, options.out, who, seed=options.seed, show=options.show)
    lines = [
        f"{made.folder}: key and log of {len(made.codes)} items, "
        f"{made.codes[0]} to {made.codes[-1]}.",
        "The key is not encrypted: keep it away from whoever scores, or trust them not to open it.",
        'Score in napari under "Blind scoring", with the study table and this folder.',
    ]
    return Answer(lines, {"folder": str(made.folder), "items": list(made.codes)})


def add_unblind_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``unblind``."""
    parser.add_argument("folder", type=Path, help="folder of the key, as 'blind' made it")
    parser.add_argument("--who", required=True, help="who wants to know; written into the log")
    parser.add_argument("--reason", required=True, help="why; written into the log")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="TABLE", help="csv with item and recording"
    )
    parser.add_argument(
        "--study", type=Path, metavar="STUDY", help="study table, whose columns are added"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace TABLE if it is there")
    add_table_reading(parser)


def unblind_study(options: argparse.Namespace) -> Answer:
    """Unlock a study, and write which recording each item is."""
    from napari_mousegpt.io.text_tables import write_csv

    # Nothing is revealed, or written into the log, for a table that cannot be written then.
    if options.out.exists() and not options.overwrite:
        raise OutputExistsError(
            options.out,
            expected="a file that is not there yet",
            found="one that is",
            remedy="Name another file, or add --overwrite.",
        )
    blinded = mg.load_blind_study(options.folder)
    study = None
    if options.study is not None:
        study = mg.load_study(
            options.study,
            columns=table_columns(options),
            root=options.paths_from,
            sheet=options.sheet,
        )
        blinded.table(study)
    key = blinded.unlock(options.who, options.reason)
    rows = pd.DataFrame({"item": key.codes, "recording": key.order})
    if study is not None:
        rows = rows.merge(study.to_pandas(), on="recording", how="left", validate="1:1")
    write_csv(rows, options.out)
    lines = [f"{options.out}: {len(rows)} items.", f"Written down: {blinded.log[-1].sentence}."]
    return Answer(lines, {"file": str(options.out), "items": len(rows)})
