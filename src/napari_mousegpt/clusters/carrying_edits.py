"""Take what people did to a map over to the refit that goes on from it.

An edit hangs on ids. Where a behaviour kept its id, its name, title and merges come along, with who
did it and when; what hangs on ids that were not found again stays with the map before, and is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_mousegpt.clusters.cluster_name import same_name
from napari_mousegpt.clusters.edited import Edited
from napari_mousegpt.clusters.map_edits import MapEdit, group_id

if TYPE_CHECKING:
    from napari_mousegpt.clusters.cluster_map import ClusterMap

__all__ = ["carried_edits", "still_to_carry"]


def carried_edits(
    edits: Sequence[MapEdit], before: ClusterMap, after: ClusterMap
) -> tuple[tuple[MapEdit, ...], tuple[str, ...]]:
    """Return the edits that hold for a refit.

    Parameters
    ----------
    edits : sequence of MapEdit
        Of any maps; those of ``before`` that were not taken back count.
    before, after : ClusterMap
        The map before, and the refit under its settled ids.

    Returns
    -------
    edits : tuple of MapEdit
        In their order, about ``after``; ``carried_from`` is the map before. The same edit gets the
        same id whenever it is carried to the same map.
    notes : tuple of str
        What was not carried, as sentences.
    """
    old, new = before.map_id, after.map_id
    alive = set(before.clusters) & set(after.clusters)
    carried, notes = [], []
    accepted = {one.cluster for one in after.accepted}
    for one in before.accepted:
        if one.name and one.cluster in alive - accepted:
            # The refit made a cluster of it: its name stood in the map, and now stands here.
            named = MapEdit.new("name", new, "", groups=((one.cluster,),), name=one.name)
            came = f"{old} {one.cluster} {one.name}"
            carried.append(replace(named, edit_id=_new_id(came, new), carried_from=old))
    for edit in Edited.of(edits, old).active:
        groups = [tuple(c for c in group if c in alive) for group in edit.groups]
        left = tuple(group for group in groups if group)
        gone = sorted(set(edit.clusters) - alive)
        if gone:
            lost = ", ".join(map(str, gone))
            notes.append(f"{edit.told.rstrip('.')}: {lost} was not found again.")
        again = replace(
            edit, edit_id=_new_id(edit.edit_id, new), map_id=new, groups=left, carried_from=old
        )
        if not left:
            continue
        if edit.action in ("merge", "apart") and len(left) < 2:
            if not edit.name:
                continue
            # What is left of a merged behaviour goes by its name.
            notes.append(f"{group_id(left[0])} alone is called {edit.name!r} now.")
            again = replace(again, action="name", keeps=-1)
        elif edit.action == "merge" and edit.keeps not in again.clusters:
            again = replace(again, keeps=left[0][0])
        carried.append(again)
    return tuple(carried), tuple(notes)


def still_to_carry(
    carried: Sequence[MapEdit], there: Sequence[MapEdit], clusters: Collection[int]
) -> tuple[tuple[MapEdit, ...], tuple[str, ...]]:
    """Return the edits that a refit lacks, where a refit was made before and worked on since.

    Parameters
    ----------
    carried : sequence of MapEdit
        What :func:`carried_edits` returns.
    there : sequence of MapEdit
        What people did to the refit, and what was carried to it before.
    clusters : collection of int
        The ids of the refit.

    Returns
    -------
    edits : tuple of MapEdit
        Those that did not come along before.
    notes : tuple of str
        Names that give way to those that people gave in the refit, as sentences.
    """
    known = {edit.edit_id for edit in there}
    coming: list[MapEdit] = []
    notes = []
    for edit in carried:
        if edit.edit_id in known:
            continue
        now = Edited.of((*there, *coming), edit.map_id)
        why = _name_stands_back(edit, now, clusters) if edit.name else ""
        if not why:
            coming.append(edit)
        else:
            notes.append(f"{edit.told.rstrip('.')}: {why}")
            if edit.action == "merge":
                coming.append(replace(edit, name=""))
    return tuple(coming), tuple(notes)


def _name_stands_back(edit: MapEdit, now: Edited, clusters: Collection[int]) -> str:
    """Return why a name is not carried, empty where it is."""
    given = now.names.get(edit.clusters)
    if given is not None and given.when > edit.when:
        return f"the refit calls it {given.name!r} since."
    for group in {now.group_of(cluster) for cluster in clusters}:
        other = now.name_of(group)
        mine = set(group) <= set(edit.clusters)
        if not mine and other is not None and same_name(other.name) == same_name(edit.name):
            return f"that is the name of {group_id(group)} in the refit."
    return ""


def _new_id(came: str, map_id: str) -> str:
    return hashlib.sha256(f"{came} {map_id}".encode()).hexdigest()[:16]
