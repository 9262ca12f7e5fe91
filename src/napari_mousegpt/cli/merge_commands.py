"""The command ``merge``: which clusters may be one; merging them, and taking that back."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari_mousegpt.cli.answers import Answer
from napari_mousegpt.cli.name_commands import (
    add_place_options,
    cluster_of,
    edit_facts,
    named_facts,
    named_from,
    with_lost,
)
from napari_mousegpt.clusters.merging import LIMIT
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari_mousegpt.clusters.merge_tree import MergeTree
    from napari_mousegpt.clusters.merging import Suggestion
    from napari_mousegpt.clusters.named_map import NamedMap

__all__ = ["add_merge_options", "report_merges"]


def add_merge_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command ``merge``."""
    parser.add_argument(
        "action",
        choices=("suggest", "compare", "approve", "apart", "undo", "tree"),
        help="suggest: pairs that may be one behaviour; compare ID ID: the same for any two; "
        "approve ID ID...: merge them, the id of the largest one stays; apart ID ID: never suggest "
        "that again; undo [ID]: take back the latest merge, or that into ID; tree: how they hang "
        "together",
    )
    add_place_options(parser)
    parser.add_argument("more", nargs="*", metavar="ID", help="clusters")
    parser.add_argument(
        "--all", action="store_true", help="approve: merge all that hangs together at the limit"
    )
    parser.add_argument("--name", default="", help="what to call the merged behaviour")
    parser.add_argument(
        "--limit",
        type=float,
        default=LIMIT,
        help=f"least score of a suggestion, 0 to 1 (default {LIMIT:g})",
    )


def report_merges(options: argparse.Namespace) -> Answer:
    """Suggest, make or take back merges."""
    actions: dict[str, Callable[[NamedMap, argparse.Namespace], Answer]] = {
        "suggest": _suggest,
        "compare": _compare,
        "approve": _approve,
        "apart": _apart,
        "undo": _undo,
        "tree": _tree,
    }
    fewest, most = {
        "suggest": (0, 0),
        "tree": (0, 0),
        "undo": (0, 1),
        "approve": (0, 0) if options.all else (2, 999),
    }.get(options.action, (2, 2))
    if not fewest <= len(options.more) <= most:
        raise InputError(
            f"merge {options.action}",
            expected={0: "RUN alone", 1: "RUN and one cluster at most"}.get(
                most, "RUN and two clusters"
            )
            + (" or more" if most > 2 else ""),
            found=f"{len(options.more)} clusters",
        )
    if options.all and options.name:
        raise InputError(
            "--name",
            expected="the clusters of one merge",
            found="--all, which may make several",
            remedy="Leave --name out and use names set, or name the clusters.",
        )
    if not 0 <= options.limit <= 1:
        raise InputError("--limit", expected="0 to 1", found=f"{options.limit:g}")
    named = named_from(options)
    return with_lost(actions[options.action](named, options), named)


def _suggest(named: NamedMap, options: argparse.Namespace) -> Answer:
    found = named.suggestions(options.limit)
    lines = [line for one in found for line in _told(one)]
    if not found:
        lines = [f"No two behaviours are alike by {options.limit:g} or more."]
    lines += [f"! {note}" for note in named.notes]
    return Answer(lines, {"suggestions": [_facts(one) for one in found]})


def _compare(named: NamedMap, options: argparse.Namespace) -> Answer:
    one = named.compare(*map(cluster_of, options.more))
    return Answer(_told(one), _facts(one))


def _approve(named: NamedMap, options: argparse.Namespace) -> Answer:
    if options.all:
        merged = named.approve_all(options.limit)
    else:
        merged = (named.approve([*map(cluster_of, options.more)], options.name),)
    lines = []
    for one in merged:
        rest = ", ".join(str(part) for part in one.members if part != one.cluster)
        lines += [
            f"{one.cluster} = {one.group}: {one.name}, {one.n_ranges} intervals in {one.n_bouts} "
            "bouts",
            f"     No other behaviour gets the id {rest}. To take it back: merge undo RUN "
            f"{one.cluster}",
        ]
    if not merged:
        lines = [f"No two behaviours are alike by {options.limit:g} or more."]
    lines.append(f"{len(named.names())} behaviours.")
    facts = [named_facts(one) for one in merged]
    return Answer(lines, {"merged": facts, "behaviours": len(named.names())})


def _apart(named: NamedMap, options: argparse.Namespace) -> Answer:
    first, second = map(cluster_of, options.more)
    edit = named.keep_apart((first, second))
    return Answer([edit.told], edit_facts(edit))


def _undo(named: NamedMap, options: argparse.Namespace) -> Answer:
    edit = named.undo_merge(cluster_of(options.more[0]) if options.more else None)
    return Answer([f"Taken back: {edit.told}"], {"undone": edit_facts(edit)})


def _tree(named: NamedMap, options: argparse.Namespace) -> Answer:
    tree = named.dendrogram(options.limit)
    facts = {
        "linkage": tree.linkage.tolist(),
        "leaves": list(tree.leaves),
        "labels": list(tree.labels),
        "limit": tree.limit,
    }
    lines = _drawn(tree) if len(tree.leaves) else []
    return Answer([*lines, *(f"! {note}" for note in named.notes)], facts)


def _drawn(tree: MergeTree) -> list[str]:
    """Draw a tree with its root on the left; the number is how alike the two below it are."""
    names = dict(zip(tree.leaves, tree.labels, strict=True))
    n = len(tree.leaves)
    lines: list[str] = []

    def draw(node: int, indent: str) -> None:
        if node < n:
            lines.append(f"{indent}{tree.leaves[node]} {names[tree.leaves[node]]}")
            return
        left, right, height, _ = tree.linkage[node - n]
        lines.append(f"{indent}+ {1 - height:.2f}")
        draw(int(left), f"{indent}  ")
        draw(int(right), f"{indent}  ")

    draw(n + len(tree.linkage) - 1, "")
    return lines


def _told(one: Suggestion) -> list[str]:
    lines = [
        f"{one.clusters[0]} + {one.clusters[1]}  {one.score:.2f}  {one.names[0]} + {one.names[1]}",
        f"     why: {one.reason}",
        f"     then: {one.change.told}",
    ]
    for cluster, shown in zip(one.clusters, one.exemplars, strict=True):
        places = ", ".join(_places(shown))
        lines.append(
            f"     see {cluster}: {places}" if places else f"     see {cluster}: none here"
        )
    return lines


def _places(shown: Intervals) -> list[str]:
    return [
        f"{recording} [{start}, {stop})"
        for recording, start, stop in zip(shown.recording, shown.start, shown.stop, strict=True)
    ]


def _facts(one: Suggestion) -> dict[str, Any]:
    def known(value: float) -> float | None:
        return None if value != value else value

    return {
        "clusters": list(one.clusters),
        "names": list(one.names),
        "score": one.score,
        "words": known(one.words),
        "shared_terms": list(one.shared_terms),
        "own_terms": [list(terms) for terms in one.own_terms],
        "distance": one.distance,
        "spread": one.spread,
        "relative": one.relative,
        "overlap": known(one.overlap),
        "reason": one.reason,
        "exemplars": [shown.to_pandas().to_dict("records") for shown in one.exemplars],
        "change": {
            "keeps": one.change.keeps,
            "goes": one.change.goes,
            "name": one.change.name,
            "n_ranges": one.change.n_ranges,
            "n_bouts": one.change.n_bouts,
            "seconds": known(one.change.seconds),
            "share": one.change.share,
        },
    }
