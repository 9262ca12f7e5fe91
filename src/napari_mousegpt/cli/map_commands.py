"""The commands ``map``, ``apply`` and ``refit``: maps that others use, and that go on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.cli.options import add_output
from napari_mousegpt.cli.progress import shown
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.core.tables import ASSIGNMENTS
from napari_mousegpt.errors import InputError, OutputExistsError

if TYPE_CHECKING:
    from napari_mousegpt.clusters.map_now import MapNow
    from napari_mousegpt.clusters.published import Published

__all__ = [
    "add_apply_options",
    "add_map_options",
    "add_refit_options",
    "apply_to_recordings",
    "refit_on_recordings",
    "work_on_map",
]

_VECTORS = "folders of 'project', 'run' or a study, or vectors.parquet files"
#: Features that are told.
_TOLD = 5
#: Letters of a name in a list.
_NAME = 40


def add_map_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``map``."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True, dest="action")
    publish = actions.add_parser(
        "publish", help="write a map as a folder that another lab can use", description=_PUBLISH
    )
    publish.add_argument(
        "map", type=Path, help="folder of a run of 'cluster', 'refit' or 'run', or its map"
    )
    publish.add_argument(
        "-o", "--out", type=Path, required=True, help="new folder for the published map"
    )
    publish.add_argument(
        "--vectors",
        type=Path,
        nargs="+",
        help=f"what the map was fitted on: {_VECTORS} (default: those of the run)",
    )
    publish.add_argument("--title", required=True, help="what the map is called")
    publish.add_argument(
        "--author", action="append", required=True, help="who made it; may be given several times"
    )
    publish.add_argument(
        "--licence", required=True, help="what others may do with it, e.g. CC-BY-4.0"
    )
    publish.add_argument("--citation", default="", help="what to cite")
    publish.add_argument("--description", default="", help="animals, arena, camera")
    publish.add_argument("--contact", default="", help="whom to ask")
    publish.add_argument(
        "--names", action="store_true", help="write names of recordings and animals, not hashes"
    )
    inspect = actions.add_parser("inspect", help="say what a map is, and check every file of it")
    inspect.add_argument("map", type=Path, help="folder of a map")
    inspect.add_argument(
        "--vectors", type=Path, nargs="+", help=f"say whether these can be used with it: {_VECTORS}"
    )
    compare = actions.add_parser("compare", help="hold two maps against each other")
    compare.add_argument("map", type=Path, help="folder of a map")
    compare.add_argument("other", type=Path, help="folder of another one")
    compare.add_argument(
        "--vectors", type=Path, nargs="+", required=True, help=f"recordings: {_VECTORS}"
    )
    compare.add_argument("-o", "--out", type=Path, help="new folder for the tables")
    for action in (publish, inspect, compare):
        action.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object"
        )


_WORDS = "result/descriptions.parquet"
_PUBLISH = (
    "Write a map as one folder: rule, names, centroids, what its recordings look like, versions "
    "and checksums. No videos, no paths; recordings go by hashes unless --names is given."
)


def work_on_map(options: argparse.Namespace) -> Answer:
    """Publish, inspect or compare maps."""
    actions = {"publish": _publish, "inspect": _inspect, "compare": _compare}
    return actions[options.action](options)


def _publish(options: argparse.Namespace) -> Answer:
    from napari_mousegpt.clusters.map_now import map_now
    from napari_mousegpt.clusters.published import load_published
    from napari_mousegpt.runs.applying import vector_stream
    from napari_mousegpt.runs.publishing_maps import publish_map

    path = publish_map(
        options.map,
        options.out,
        title=options.title,
        authors=options.author,
        licence=options.licence,
        vectors=vector_stream(options.vectors) if options.vectors else None,
        citation=options.citation,
        description=options.description,
        contact=options.contact,
        named=options.names,
    )
    files = sorted(file.name for file in path.iterdir())
    size = sum(file.stat().st_size for file in path.iterdir())
    lines = [f"{path}: {len(files)} files, {size / 1e6:.1f} MB: {', '.join(files)}"]
    now, made = map_now(options.map), load_published(path)
    lines.append(_holds(now))
    if not options.names:
        lines.append("Recordings and animals go by hashes of their names.")
    warnings = _left_out(now, made)
    lines += [f"! {warning}" for warning in warnings]
    facts = {
        "folder": str(path),
        "files": files,
        "bytes": size,
        "map_id": made.map.map_id,
        "behaviours": {one: list(ids) for one, ids in made.parts.items()},
        "accepted": [one.cluster for one in made.map.accepted],
        "warnings": warnings,
    }
    return Answer(lines, facts)


def _holds(now: MapNow) -> str:
    """Return which map it is, and what was done to it since it was fitted, as a line."""
    from napari_mousegpt.clusters.published import parted

    merged = [parted(one, ids).strip() for one, ids in now.parts.items() if len(ids) > 1]
    accepted = [str(one.cluster) for one in now.map.accepted]
    return (
        f"{len(now.parts)} behaviours of {now.place}"
        + (f"; merged: {', '.join(merged)}" if merged else "")
        + (f"; accepted after the fit: {', '.join(accepted)}" if accepted else "")
    )


def _left_out(now: MapNow, made: Published) -> list[str]:
    """Return which recordings of a map were not among the vectors it was published with."""
    found = now.map
    places = dict(zip(found.fitted, found.medoids, strict=False))
    places |= {one.cluster: one.medoid for one in found.accepted}
    given = made.manifest["recordings"]["labels"]
    left: dict[str, list[str]] = {}
    for cluster, (recording, *_) in places.items():
        if now.published is None and digest(recording) not in given:
            left.setdefault(recording, []).append(str(cluster))
    return [
        f"{recording}, where the typical moment of {', '.join(clusters)} is, was not among the "
        "vectors: the folder does not say what is usual there. Name all recordings of the map with "
        "--vectors, those that a behaviour was accepted from among them."
        for recording, clusters in sorted(left.items())
    ]


def _inspect(options: argparse.Namespace) -> Answer:
    from napari_mousegpt.clusters.published import inspect_map
    from napari_mousegpt.runs.applying import vector_stream

    stream = vector_stream(options.vectors) if options.vectors else None
    found = inspect_map(options.map, stream)
    lines = [*found.lines, *found.notes, *(f"! {problem}" for problem in found.problems)]
    if stream is not None and not found.problems:
        lines.append("These vectors can be used with it.")
    facts = {**found.facts, "notes": found.notes, "problems": found.problems}
    return Answer(lines, facts, 2 if found.problems else 0)


def _compare(options: argparse.Namespace) -> Answer:
    import pandas as pd

    from napari_mousegpt.clusters.map_now import map_now
    from napari_mousegpt.clusters.side_by_side import side_by_side
    from napari_mousegpt.clusters.streaming import label_recording
    from napari_mousegpt.core.files import make_folder
    from napari_mousegpt.runs.applying import check_vectors, vector_stream
    from napari_mousegpt.store import write_table

    out = options.out
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputExistsError(out, expected="a new or empty folder", found="something else")
    stream = vector_stream(options.vectors)
    tables: list[pd.DataFrame] = []
    names: list[dict[int, str]] = []
    for source in (options.map, options.other):
        now = map_now(source)
        check_vectors(now.map, stream)
        parts = [label_recording(now.map, stream, name) for name in sorted(stream.recordings)]
        tables.append(ASSIGNMENTS.check(now.merged(pd.concat(parts, ignore_index=True))))
        names.append(now.names)
    side = side_by_side(tables[0], tables[1])
    lines = [
        f"{side.n} windows in both; adjusted mutual information {side.mutual_information:.2f} "
        "(0: nothing in common, 1: the same)"
    ]
    for row in side.pairs.to_dict("records"):
        arrow = "<->" if row["mutual"] else " ->"
        lines.append(
            f"  {row['cluster']:>3} {arrow} {row['counterpart']:>3}  overlap {row['jaccard']:.2f}, "
            f"{row['share']:.0%} of it, {row['back']:.0%} of the other  "
            f"{names[0].get(row['cluster'], '')} | {names[1].get(row['counterpart'], '')}"
        )
    if out is not None:
        place = make_folder(out)
        counts = side.contingency.reset_index().rename(columns=str)
        for name, table in (
            ("pairs", side.pairs),
            ("contingency", counts),
            ("profiles", side.profiles),
        ):
            write_table(table, place / name)
        lines.append(f"{place}: pairs, contingency, profiles")
    facts = {
        "windows": side.n,
        "mutual_information": side.mutual_information,
        "pairs": side.pairs.to_dict("records"),
    }
    return Answer(lines, facts)


def add_apply_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``apply``."""
    parser.add_argument(
        "map", type=Path, help="folder of a published map, or of a run that has one"
    )
    parser.add_argument("recordings", type=Path, nargs="+", help=f"recordings: {_VECTORS}")
    add_output(parser)


def apply_to_recordings(options: argparse.Namespace) -> Answer:
    """Label recordings by a frozen map, and say how far it holds for them."""
    from napari_mousegpt.clusters.map_now import map_now
    from napari_mousegpt.runs.applying import apply_map, iter_apply_map, vector_stream

    stream = vector_stream(options.recordings)
    parts = iter_apply_map(options.map, stream, out=options.out, overwrite=options.overwrite)
    for _ in shown(parts, quiet=options.quiet):
        pass
    done = apply_map(options.map, stream, out=options.out)
    rows = len(done.assignments)
    noise = float((done.assignments["cluster"] < 0).mean())
    lines = [f"{done.path / 'result'}: {rows} windows labelled, {noise:.0%} in no behaviour"]
    now = map_now(options.map)
    lines.append(_holds(now))
    facts: dict[str, Any] = {
        "folder": str(done.path / "result"),
        "rows": rows,
        "noise": noise,
        "map": str(now.place),
        "map_id": now.map.map_id,
    }
    if done.transfer is None:
        lines.append(
            "This map was not published: it does not say what its own recordings look like, so "
            "there is no measure of shift (map publish makes one)."
        )
        lines += [
            f"  {one:>3} {_cut(now.names[one], _NAME):<{_NAME}} "
            f"{(done.assignments['cluster'] == one).mean():7.1%}"
            for one in now.parts
        ]
        return Answer(lines, facts)
    told = done.transfer
    lines.append("  recording                 shift   of own  inside  assigned  strength")
    for row in told.recordings.to_dict("records"):
        lines.append(
            f"  {row['recording']:<24} {row['shift']:5.2f} sd {_times(row['times_own'])} "
            f"{row['inside']:6.0%} {row['assigned']:8.0%} {row['strength']:9.2f}  {row['verdict']}"
        )
    far = told.features.head(_TOLD)
    lines.append(
        "farthest features: "
        + ", ".join(
            f"{row['feature']} {row['shift']:.2f}"
            # Of fewer than three own recordings nobody knows how far they are from each other.
            + (f" (own at most {row['own_max']:.2f})" if row["own_max"] == row["own_max"] else "")
            for row in far.to_dict("records")
        )
    )
    lines.append(f"  {'behaviour':<{_NAME + 4}}    here   publisher (range)")
    for row in told.clusters.to_dict("records"):
        own = "      - " if row["own_share"] != row["own_share"] else f"{row['own_share']:7.1%} "
        span = f"({row['own_low']:.1%}-{row['own_high']:.1%})" if own.strip() != "-" else ""
        lines.append(
            f"  {row['cluster']:>3} {_cut(row['name'], _NAME):<{_NAME}} {row['share']:7.1%} "
            f"{own}{span}  {row['verdict']}"
        )
    lines += [f"! {warning}" for warning in told.warnings]
    facts["warnings"] = list(told.warnings)
    facts["recordings"] = [_plain(row) for row in told.recordings.to_dict("records")]
    facts["behaviours"] = [_plain(row) for row in told.clusters.to_dict("records")]
    return Answer(lines, facts)


def add_refit_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``refit``."""
    from napari_mousegpt.clusters.recalling import MEMORY

    parser.add_argument("map", type=Path, help="folder of the map to go on from, or of its run")
    parser.add_argument("vectors", type=Path, nargs="+", help=f"recordings: {_VECTORS}")
    parser.add_argument(
        "--memory",
        type=float,
        default=MEMORY,
        help="weight of the map before against the new data, 0 to 1 "
        f"(default {MEMORY}; 0 finds clusters anew and only matches their ids)",
    )
    parser.add_argument(
        "--words",
        type=Path,
        nargs="*",
        help="descriptions that name the clusters: folders of 'describe', or descriptions.parquet "
        "(default: those of the recordings, where these have words)",
    )
    add_output(parser)


def refit_on_recordings(options: argparse.Namespace) -> Answer:
    """Fit a map again so that behaviours keep their ids."""
    from napari_mousegpt.clusters.refit_run import iter_refit_map, refit_map
    from napari_mousegpt.runs.applying import vector_stream

    described = [path for path in options.vectors if (path / _WORDS).is_file()]
    words = _words(described if options.words is None else options.words)
    stream = vector_stream(options.vectors)
    parts = iter_refit_map(
        options.map,
        stream,
        words,
        memory=options.memory,
        out=options.out,
        overwrite=options.overwrite,
    )
    for _ in shown(parts, quiet=options.quiet):
        pass
    done = refit_map(options.map, stream, words, memory=options.memory, out=options.out)
    lines = [f"{done.path / 'result'}: map {done.map.map_id}, goes on from {done.map.parent}"]
    lines.append("   old   new  windows  of old  of new  decision")
    for row in done.matches.to_dict("records"):
        lines.append(
            f"  {_id(row['old_id'])} {_id(row['new_id'])} {row['windows']:>8} "
            f"{_share(row['share_of_old'])} {_share(row['share_of_new'])}  {row['decision']}: "
            f"{row['reason']}"
        )
    lines += done.notes
    facts = {
        "folder": str(done.path / "result"),
        "map_id": done.map.map_id,
        "parent": done.map.parent,
        "matches": [_plain(row) for row in done.matches.to_dict("records")],
        "notes": list(done.notes),
    }
    return Answer(lines, facts)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3].rstrip()}..."


def _times(value: float) -> str:
    return f"{value:6.1f}x" if value == value else "      -"


def _id(number: int) -> str:
    return f"{number:>5}" if number >= 0 else "    -"


def _share(value: float) -> str:
    return f"{value:6.0%}" if value == value else "     -"


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """Return a row as JSON knows it: what is not there is null."""
    return {str(key): None if value != value else value for key, value in row.items()}


def _words(paths: list[Path]) -> Any:
    import pandas as pd

    from napari_mousegpt.core.parquet import read_parquet

    tables = []
    for path in paths:
        place = path / _WORDS if path.is_dir() else path
        if not place.is_file():
            raise InputError(
                path,
                expected="a folder with result/descriptions.parquet, or such a file",
                found="no such file",
                remedy="Name the folder given to -o of 'describe'.",
            )
        tables.append(read_parquet(place))
    return pd.concat(tables, ignore_index=True) if tables else None
