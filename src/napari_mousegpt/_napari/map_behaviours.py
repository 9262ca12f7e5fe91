"""What the behaviours of a map are called now: renamed, merged, at a coarser or a finer level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_mousegpt.clusters.levels import Levels
    from napari_mousegpt.clusters.named_map import NamedMap

__all__ = ["Behaviours", "behaviours_now"]


@dataclass(frozen=True, eq=False)
class Behaviours:
    """The behaviours of a level.

    Parameters
    ----------
    of_window : ndarray of int32, shape (n,)
        Behaviour of each window, -1 for noise.
    names : dict of int to str
        What each is called.
    about : dict of int to str
        More about it, in a sentence; empty for none.
    """

    of_window: NDArray[np.int32]
    names: dict[int, str]
    about: dict[int, str]


def behaviours_now(
    cluster: NDArray[np.int32],
    named: NamedMap | None,
    called: Mapping[int, str],
    levels: Levels | None,
    n_groups: int | None = None,
    finer: NDArray[np.object_] | None = None,
) -> Behaviours:
    """Return the behaviours of windows.

    Parameters
    ----------
    cluster : ndarray of int32, shape (n,)
        Clusters of record.
    named : NamedMap or None
        Names and merges of now; None while they are read.
    called : mapping of int to str
        What clusters are called until then.
    levels : Levels or None
        None when the map has no cluster.
    n_groups : int, optional
        The level; that of record by default, with what was merged by the user.
    finer : ndarray of object, shape (n,), optional
        Ids of :meth:`Levels.label`, at a level finer than that of record.
    """
    if named is None:
        same = {one: one for one in called}
        return Behaviours(_looked_up(cluster, same), dict(called), {})
    known = {one.cluster: one for one in named.names()}
    now = {member: one.cluster for one in known.values() for member in one.members}
    if finer is not None:
        return _finer(finer, {m: known[now[m]].name for m in now})
    if levels is None or n_groups is None:
        told = {one: known[one].sentence or known[one].phrase for one in known}
        called = {one: known[one].name for one in known}
        return Behaviours(_looked_up(cluster, now), called, told)
    parents = levels.parents(n_groups)
    families: dict[str, list[int]] = {}
    for member in sorted(now):
        families.setdefault(parents.get(member, str(member)), []).append(member)
    # What a user merged stays together at every level.
    into = _united([*families.values(), *(list(one.members) for one in known.values())])
    groups: dict[int, list[int]] = {}
    for member, number in sorted(into.items()):
        groups.setdefault(number, []).append(member)
    names: dict[int, str] = {}
    about = {}
    for number, members in groups.items():
        held = list(dict.fromkeys(known[now[member]].name for member in members))
        names[number] = _joined(held)
        about[number] = "" if len(held) == 1 else f"Holds {', '.join(held)}."
    return Behaviours(_looked_up(cluster, into), _apart(names), about)


def _finer(labels: NDArray[np.object_], called: Mapping[int, str]) -> Behaviours:
    codes, ids = pd.factorize(labels, sort=True)
    names: dict[int, str] = {}
    of_code = np.full(len(ids), -1, dtype=np.int32)
    for code, one in enumerate(map(str, ids)):
        if one:
            whole, dot, part = one.partition(".")
            names[code] = f"{called.get(int(whole), whole)}{f', part {part}' if dot else ''}"
            of_code[code] = code
    return Behaviours(of_code[codes], _apart(names), dict.fromkeys(names, ""))


def _united(families: list[list[int]]) -> dict[int, int]:
    """Return the smallest member of what each is united with, through any number of families."""
    into = {member: member for family in families for member in family}
    for family in families:
        joined = {into[member] for member in family}
        into = {m: min(joined) if now in joined else now for m, now in into.items()}
    return into


def _looked_up(cluster: NDArray[np.int32], into: Mapping[int, int]) -> NDArray[np.int32]:
    table = np.full(max([*into, 0]) + 2, -1, dtype=np.int32)
    for old, new in into.items():
        table[old] = new
    # Noise, -1, is the last place.
    return table[np.where(cluster < len(table) - 1, cluster, -1)]


def _joined(names: list[str]) -> str:
    return " + ".join(names[:2]) + (f" + {len(names) - 2} more" if len(names) > 2 else "")


def _apart(names: Mapping[int, str]) -> dict[int, str]:
    """Tell behaviours of one name apart by their number."""
    taken: dict[str, int] = {}
    for name in names.values():
        taken[name] = taken.get(name, 0) + 1
    return {one: f"{n} ({one})" if taken[n] > 1 else n for one, n in names.items()}
