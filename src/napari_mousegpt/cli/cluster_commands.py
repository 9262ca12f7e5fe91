"""The command ``cluster``: behaviours found in vectors, one recording in memory at a time."""

from __future__ import annotations

import argparse
from pathlib import Path

import napari_mousegpt as mg
from napari_mousegpt.cli.answers import Answer, wrote
from napari_mousegpt.cli.cluster_options import add_clustering, clustering_params
from napari_mousegpt.cli.options import add_output
from napari_mousegpt.cli.progress import shown
from napari_mousegpt.cli.study_animals import animals_from
from napari_mousegpt.clusters import (
    FUSED,
    FusedStream,
    Levels,
    ParquetStream,
    VectorStream,
    at_level,
    groups_of,
)
from napari_mousegpt.clusters.clustering_sources import WordStream
from napari_mousegpt.clusters.names_now import groups_now
from napari_mousegpt.clusters.streams import load_recording
from napari_mousegpt.core.parquet import read_parquet
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.store import write_table
from napari_mousegpt.vectors import KINEMATIC

__all__ = ["add_cluster_options", "all_vectors", "cluster_vectors"]

_VECTORS, _WORDS = "vectors.parquet", "descriptions.parquet"


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``cluster``."""
    parser.add_argument(
        "vectors",
        type=Path,
        nargs="+",
        help="vectors of one or more recordings: folders of 'project' or 'run', or "
        "vectors.parquet files; or descriptions to cluster by what is said: folders of 'describe', "
        "or descriptions.parquet files",
    )
    parser.add_argument(
        "--words",
        type=Path,
        nargs="*",
        help="descriptions that name the clusters: folders of 'describe', or descriptions.parquet "
        "(default: those of the runs, where these have words)",
    )
    parser.add_argument(
        "--fuse",
        action="append",
        default=[],
        metavar="SPACE=PATH",
        help="another space of the same recordings, joined where frames overlap; may be given "
        "several times: --fuse words=described/ --fuse video=projected/. Its weight, and that of "
        "the first space (kinematic, video or words), stand in --weights",
    )
    parser.add_argument(
        "--study", type=Path, help="study table that names the animal of each recording"
    )
    parser.add_argument(
        "--level",
        type=int,
        metavar="N",
        help="join or split the clusters to N groups as well; nothing is fitted again, so the same "
        "command with another N takes a moment",
    )
    add_clustering(parser)
    add_output(parser)


def cluster_vectors(options: argparse.Namespace) -> Answer:
    """Cluster, name, say how stable that is, and show another level if asked to."""
    import pandas as pd

    params = clustering_params(options)
    if options.level is not None and options.level < 1:
        raise InputError(f"--level {options.level}", expected="1 group or more")
    stream = _stream(options, [space for space, _ in params.weights])
    animals = animals_from(options.study, stream.recordings)
    words = [read_parquet(_file(path, _WORDS)) for path in _naming(options)]
    parts = mg.iter_cluster(
        stream,
        pd.concat(words, ignore_index=True) if words else None,
        params,
        animals=animals,
        out=options.out,
        overwrite=options.overwrite,
    )
    for _ in shown(parts, quiet=options.quiet):
        pass
    return _answer(options, stream)


def _naming(options: argparse.Namespace) -> list[Path]:
    """Return what the clusters are named by: what is given, or else the words of the runs."""
    if options.words is not None:
        return list(options.words)
    return [path for path in options.vectors if (path / "result" / _WORDS).is_file()]


def _answer(options: argparse.Namespace, stream: VectorStream) -> Answer:
    result = options.out / "result"
    rows = read_parquet(result / "assignments.parquet")
    written = groups_of(options.out, rows, read_parquet(result / "clusters.parquet"))
    groups = groups_now(written, options.out)
    answer = wrote(
        options.out, {"clusters.csv": len(groups.clusters), "assignments.csv": len(rows)}
    )
    lines, facts = list(answer.lines), dict(answer.facts)
    noise = float((rows["cluster"] < 0).mean())
    engine = groups.map.software["engine"]
    lines.append(f"{len(groups.clusters)} clusters by {engine}; {noise:.0%} noise.")
    facts |= {"clusters": len(groups.clusters), "noise": noise, "engine": engine}
    if groups.stability is not None:
        lines.append(f"Stability: {groups.stability.sentence}")
        facts["stability"] = groups.stability.means
    lines += [f"! {note}." for note in groups.map.notes]
    if options.level is not None:
        levels = Levels(groups.map)
        vectors = None if options.level <= levels.record else all_vectors(stream)
        found = at_level(groups, options.level, vectors, levels)
        stem = result / f"level_{options.level}"
        write_table(found.groups.assignments, stem)
        write_table(found.table, stem.with_name(f"{stem.name}_groups"))
        lines.append(f"At {options.level} groups (1 to {levels.most} can be asked for):")
        for row in found.table.itertuples():
            lines.append(f"  {row.group:<10} {row.share:5.1%}  {row.name}")
        facts["level"] = found.table.to_dict("records")
    return Answer(lines, facts)


def _stream(options: argparse.Namespace, weighed: list[str]) -> VectorStream:
    first = _space(options.vectors)
    if not options.fuse:
        if weighed and first.model != FUSED:
            raise InputError(
                f"--weights {options.weights}",
                expected="spaces to fuse",
                found="one space",
                remedy="Add the others: --fuse words=FOLDER.",
            )
        return first
    spaces = {_called(first): first}
    paths: dict[str, list[Path]] = {}
    for text in options.fuse:
        space, equals, path = text.partition("=")
        if not (equals and space.strip() and path) or space.strip() in spaces:
            raise InputError(
                f"--fuse {text}",
                expected=f"SPACE=PATH, another space than {', '.join(spaces)}",
                remedy="Write for example words=described.",
            )
        paths.setdefault(space.strip(), []).append(Path(path))
    spaces |= {space: _space(where, said=space == "words") for space, where in paths.items()}
    _check_apart(spaces)
    if set(weighed) != set(spaces):
        raise InputError(
            f"--weights {options.weights or '(none)'}",
            expected=f"a share for each of {', '.join(spaces)}",
            found=", ".join(weighed) or "none",
            remedy="Write " + ",".join(f"{space}={1 / len(spaces):.1f}" for space in spaces) + ".",
        )
    return FusedStream(spaces)


def _called(stream: VectorStream) -> str:
    if stream.model == KINEMATIC:
        return KINEMATIC
    return "words" if isinstance(stream, WordStream) else "video"


def _space(paths: list[Path], *, said: bool = False) -> VectorStream:
    """Return vectors as they lie on disk, or descriptions as vectors of what they say.

    A run has both: its vectors are meant, but where words are asked for (``said``).
    """
    described = [_is_words(path) or (said and path.is_dir()) for path in paths]
    if not any(described):
        return ParquetStream([_file(path, _VECTORS) for path in paths])
    if not all(described):
        raise InputError(
            paths[described.index(False)],
            expected="descriptions, as the other paths are",
            found="vectors",
            remedy="Cluster one of the two, or fuse them: --fuse words=FOLDER.",
        )
    return WordStream([_file(path, _WORDS) for path in paths])


def _check_apart(spaces: dict[str, VectorStream]) -> None:
    """Refuse to fuse vectors with themselves under two names."""
    known: dict[frozenset[Path], str] = {}
    for space, stream in spaces.items():
        if isinstance(stream, ParquetStream):
            files = frozenset(path.resolve() for path in stream.paths)
            if files in known:
                raise InputError(
                    f"--fuse {space}=",
                    expected=f"other vectors than those of {known[files]}",
                    found=f"the same, {stream.model}",
                    remedy="Name a folder of 'project --encoder', or of words: "
                    "--fuse words=FOLDER.",
                )
            known[files] = space


def _is_words(path: Path) -> bool:
    if path.is_dir():
        return not (path / "result" / _VECTORS).is_file() and (path / "result" / _WORDS).is_file()
    return path.name == _WORDS


def all_vectors(stream: VectorStream) -> Vectors:
    """Return the rows of all recordings of a stream, sorted by key."""
    pieces = [load_recording(stream, name) for name in sorted(stream.recordings)]
    kind = (stream.names, stream.model, stream.revision)
    return Vectors.concat([Vectors(intervals, values, *kind) for intervals, values in pieces])


def _file(path: Path, name: str) -> Path:
    place = path / "result" / name if path.is_dir() else path
    if not place.is_file():
        raise InputError(
            path,
            expected=f"a folder with result/{name}, or such a file",
            found="no such file",
            remedy="Name the folder given to -o before.",
        )
    return place
