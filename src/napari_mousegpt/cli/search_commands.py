"""The command ``search``: find stretches by words, by an example, by filters."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.errors import InputError, OutputExistsError

if TYPE_CHECKING:
    from napari_mousegpt.clusters.search_filters import SearchFilters

__all__ = ["add_search_options", "search_runs"]

_SENTENCE = 90


def add_search_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``search``."""
    parser.add_argument(
        "where", type=Path, nargs="+", help="folders of finished runs or of a study, or of an index"
    )
    parser.add_argument(
        "-t", "--text", default="", help='words or a sentence: "stands on its hind legs"'
    )
    parser.add_argument(
        "--like",
        metavar="EXAMPLE",
        help="what is like this stretch: a range_id, or RECORDING:START:STOP in frames",
    )
    parser.add_argument(
        "--space",
        choices=("words", "vectors", "both"),
        help="what an example is compared by (default: both where there are vectors)",
    )
    parser.add_argument("-k", type=int, default=10, help="how many to list (default 10)")
    parser.add_argument(
        "--overlapping", action="store_true", help="list stretches that share frames, too"
    )
    _add_filters(parser.add_argument_group("only those"))
    group = parser.add_argument_group("the index")
    group.add_argument("--index", type=Path, help="keep the index in this folder, or open it there")
    group.add_argument("--rebuild", action="store_true", help="build that index anew")
    group.add_argument("--study", type=Path, help="study table, for groups and animals")
    group.add_argument("--synonyms", type=Path, help="further synonyms (TOML)")
    group.add_argument(
        "--embedding",
        default="",
        metavar="MODEL",
        help="model of language: folder or id of the hub; none is needed",
    )
    group.add_argument("--server", default="", help="address of a server that runs that model")
    group.add_argument("--agree", metavar="NAME", help="agree to send sentences to that server")
    group.add_argument("-o", "--out", type=Path, help="write what was found to this csv file")
    group.add_argument("--overwrite", action="store_true", help="replace that file")


def search_runs(options: argparse.Namespace) -> Answer:
    """Search and list what was found, best first."""
    _check_free(options)
    index = _index(options)
    filters = _filters(options)
    if options.like:
        if options.text.strip():
            raise InputError(
                "--like", expected="no --text beside it", found="both", remedy="Leave one out."
            )
        found = index.like(
            _example(options.like),
            options.k,
            filters,
            space=options.space,
            apart=not options.overlapping,
        )
    else:
        found = index.find(options.text, options.k, filters, apart=not options.overlapping)
    notes = list(found.attrs["notes"])
    lines = [f"! {note}" for note in notes]
    for row in found.to_dict("records"):
        lines += _told(row)
    if options.out is not None:
        from napari_mousegpt.core.files import replacing

        with replacing(options.out) as part:
            found.to_csv(part, index=False)
        lines.append(f"{options.out}: {len(found)} rows")
    facts = {
        "stretches": len(index),
        "notes": notes,
        "found": [
            {name: _plain(value) for name, value in row.items()} for row in found.to_dict("records")
        ],
    }
    return Answer(lines, facts)


def _check_free(options: argparse.Namespace) -> None:
    if options.out is not None and options.out.exists() and not options.overwrite:
        raise OutputExistsError(
            options.out,
            expected="a file that is not there yet",
            found="one that is",
            remedy="Name another file, or add --overwrite.",
        )


def _told(row: dict[Any, Any]) -> list[str]:
    seconds = "" if math.isnan(row["start_s"]) else f" ({row['start_s']:.2f}-{row['stop_s']:.2f} s)"
    who = f"{row['recording']} {row['individual']}".strip()
    where = f"{who} [{row['start']}, {row['stop']}){seconds}"
    text = str(row["sentence"])
    text = text if len(text) <= _SENTENCE else f"{text[:_SENTENCE]}..."
    label = f"{row['label']}: " if row["label"] else ""
    lines = [f"{row['rank']:>3} {row['score']:.3f} {where}", f"       {label}{text}".rstrip()]
    return [*lines, f"       by: {row['words']}"] if row["words"] else lines


def _add_filters(group: argparse._ArgumentGroup) -> None:
    for name, help_text in (
        ("label", "of this label"),
        ("recording", "of this recording"),
        ("animal", "of this animal"),
        ("group", "of this group of the study table"),
        ("keyword", "whose words hold this one"),
    ):
        group.add_argument(
            f"--{name}", action="append", default=[], help=f"{help_text}; may be given again"
        )
    group.add_argument(
        "--where",
        dest="columns",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="with this value in a column of the study table",
    )
    group.add_argument(
        "--number",
        action="append",
        default=[],
        metavar="NAME=LEAST:MOST",
        help="with a measure or numeric column in this span: speed=0.5: or confidence=:0.4",
    )
    group.add_argument(
        "--seconds", metavar="FROM:TO", help="between these seconds of the recording"
    )


def _index(options: argparse.Namespace) -> mg.SearchIndex:
    from napari_mousegpt.clusters.search_files import is_index
    from napari_mousegpt.clusters.synonyms import load_synonyms
    from napari_mousegpt.clusters.text_models import find_embedding

    if options.server and not options.embedding:
        raise InputError("--server", expected="--embedding with the model's name", found="none")
    if options.agree:
        if not options.server:
            raise InputError("--agree", expected="a server to agree to", found="none")
        from napari_mousegpt.words.server_consent import agree_to_server

        agree_to_server(options.server, options.agree)
    embedding = (
        find_embedding(options.embedding, server=options.server) if options.embedding else None
    )
    kept = options.index
    first = options.where[0]
    if len(options.where) == 1 and is_index(first):
        return mg.SearchIndex.open(first, embedding=embedding)
    if kept is not None and is_index(kept) and not options.rebuild:
        index = mg.SearchIndex.open(kept, embedding=embedding)
        _check_same(index, options)
        return index
    index = mg.SearchIndex.of_runs(
        options.where,
        study=None if options.study is None else mg.load_study(options.study),
        embedding=embedding,
        synonyms=load_synonyms(options.synonyms),
    )
    if kept is not None:
        index.save(kept, overwrite=options.rebuild)
    return index


def _check_same(index: mg.SearchIndex, options: argparse.Namespace) -> None:
    """Refuse an index that was built from other runs than those that are named."""
    asked = [str(Path(folder).absolute()) for folder in options.where]
    files = list(index.card["sources"])
    foreign = [folder for folder in asked if not any(f.startswith(folder) for f in files)]
    extra = [file for file in files if not any(file.startswith(folder) for folder in asked)]
    if foreign or extra:
        raise InputError(
            f"--index {options.index}",
            expected="an index of the runs that are named",
            found=f"one without {foreign[0]}" if foreign else f"one that holds {extra[0]} too",
            remedy="Add --rebuild, or name another folder.",
        )


def _filters(options: argparse.Namespace) -> SearchFilters:
    from napari_mousegpt.clusters.search_filters import SearchFilters

    columns: dict[str, tuple[str, ...]] = {}
    pairs = [_parted(text, "--where", "COLUMN=VALUE") for text in options.columns]
    pairs += [("animal", value) for value in options.animal]
    pairs += [("group", value) for value in options.group]
    for name, value in pairs:
        columns[name] = (*columns.get(name, ()), value)
    numbers = {}
    for text in options.number:
        name, span = _parted(text, "--number", "NAME=LEAST:MOST")
        numbers[name] = _span(span, f"--number {text}")
    return SearchFilters(
        label=tuple(options.label),
        recording=tuple(options.recording),
        keywords=tuple(options.keyword),
        columns=columns,
        numbers=numbers,
        seconds=None if options.seconds is None else _span(options.seconds, "--seconds"),
    )


def _parted(text: str, option: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise InputError(f"{option} {text}", expected=form, found="no =")
    return name.strip(), value.strip()


def _span(text: str, subject: str) -> tuple[float, float]:
    least, colon, most = text.partition(":")
    try:
        if not colon:
            raise ValueError("no colon")
        return float(least or -math.inf), float(most or math.inf)
    except ValueError as error:
        raise InputError(
            subject, expected="two numbers with a colon, such as 0.5:2", found=text
        ) from error


def _example(text: str) -> str | tuple[str, int, int]:
    recording, _, frames = text.rpartition(":")
    recording, _, start = recording.rpartition(":")
    if not recording:
        return text
    try:
        return recording, int(start), int(frames)
    except ValueError as error:
        raise InputError(
            f"--like {text}", expected="a range_id or RECORDING:START:STOP", found="no frames"
        ) from error


def _plain(value: object) -> object:
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    return value.item() if hasattr(value, "item") else value
