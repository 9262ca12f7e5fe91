"""What holds of a map after all that people did to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from napari_mousegpt.clusters.map_edits import Group, MapEdit

__all__ = ["Edited"]


@dataclass(frozen=True)
class Edited:
    """What holds after all edits of one map.

    Parameters
    ----------
    names, titles : dict of Group to MapEdit
        The latest of each behaviour, also of parts that are merged now.
    groups : dict of int to Group
        Behaviours that are merged, by the id that stayed.
    apart : tuple of (Group, Group)
        Pairs that are kept apart.
    active : tuple of MapEdit
        What was not taken back, oldest first.
    undone : tuple of MapEdit
        What can be done again, the latest undo last.
    notes : tuple of str
        What was set aside, for people.
    """

    names: dict[Group, MapEdit] = field(default_factory=dict)
    titles: dict[Group, MapEdit] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    apart: tuple[tuple[Group, Group], ...] = ()
    active: tuple[MapEdit, ...] = ()
    undone: tuple[MapEdit, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, edits: Iterable[MapEdit], map_id: str) -> Edited:
        """Return what holds of a map after its edits; those of other maps are left out."""
        mine = [edit for edit in edits if edit.map_id == map_id]
        gone: list[str] = []
        for edit in mine:
            if edit.action == "undo" and edit.undoes not in gone:
                gone.append(edit.undoes)
            elif edit.action == "redo" and edit.undoes in gone:
                gone.remove(edit.undoes)
        by_id = {edit.edit_id: edit for edit in mine if edit.action not in ("undo", "redo")}
        found = cls()
        for edit in by_id.values():
            if edit.edit_id not in gone:
                found = found._after(edit)
        # Once something new is done, what was undone before it stays undone.
        last = max((i for i, edit in enumerate(mine) if edit.edit_id in by_id), default=-1)
        fresh = {edit.undoes for edit in mine[last + 1 :] if edit.action == "undo"}
        again = tuple(by_id[one] for one in gone if one in by_id and one in fresh)
        return replace(found, undone=again)

    def group_of(self, cluster: int) -> Group:
        """Return the behaviour that a cluster of record is part of."""
        return next((group for group in self.groups.values() if cluster in group), (cluster,))

    def id_of(self, group: Group) -> int:
        """Return the id of a behaviour."""
        return next((kept for kept, one in self.groups.items() if one == group), group[0])

    def are_apart(self, one: Group, other: Group) -> bool:
        """Whether two behaviours hold a pair that is kept apart."""
        return any(
            (set(a) <= set(one) and set(b) <= set(other))
            or (set(b) <= set(one) and set(a) <= set(other))
            for a, b in self.apart
        )

    def name_of(self, group: Group) -> MapEdit | None:
        """Return the name that a person gave a behaviour.

        One without a name of its own takes that of its largest part that has one.
        """
        own = self.names.get(group)
        if own is not None:
            return own
        merge = self.merge_of(group)
        if merge is None:
            return None
        return next((name for part in merge.groups if (name := self.name_of(part))), None)

    def merge_of(self, group: Group) -> MapEdit | None:
        """Return the merge that made a behaviour."""
        merges = (edit for edit in self.active if edit.action == "merge")
        return next((edit for edit in merges if edit.clusters == group), None)

    def _after(self, edit: MapEdit) -> Edited:
        active = (*self.active, edit)
        if edit.action == "name":
            names = {**self.names, edit.groups[0]: edit}
            return replace(self, names=names, active=active)
        if edit.action == "title":
            return replace(self, titles={**self.titles, edit.groups[0]: edit}, active=active)
        if edit.action == "apart":
            pair = (edit.groups[0], edit.groups[1])
            return replace(self, apart=(*self.apart, pair), active=active)
        if any(self.group_of(group[0]) != group for group in edit.groups):
            note = f"Set aside: {edit.told} Its parts are not what they were."
            return replace(self, notes=(*self.notes, note))
        kept = {key: one for key, one in self.groups.items() if one not in edit.groups}
        groups = {**kept, edit.keeps: edit.clusters}
        names = self.names
        if edit.name:
            names = {**names, edit.clusters: edit}
        return replace(self, groups=groups, names=names, active=active)
