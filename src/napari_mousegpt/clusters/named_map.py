"""A frozen map whose behaviours can be named and merged, every edit to be taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from napari_mousegpt.clusters.carrying_edits import carried_edits, still_to_carry
from napari_mousegpt.clusters.cluster_name import ClusterName, checked_name, same_name
from napari_mousegpt.clusters.edited import Edited
from napari_mousegpt.clusters.map_edits import Group, MapEdit, Title
from napari_mousegpt.clusters.map_kin import kin_of
from napari_mousegpt.clusters.map_view import MapView
from napari_mousegpt.clusters.merging import LIMIT, Suggestion
from napari_mousegpt.clusters.titles import TitleWriter, propose_title
from napari_mousegpt.errors import InputError

__all__ = ["Carried", "NamedMap"]


class Carried(NamedTuple):
    """What went from one map to the next.

    Parameters
    ----------
    names, titles, merges : int
        How many were carried over.
    left : tuple of str
        What was not, as sentences; it stays in the journal of the old map.
    """

    names: int
    titles: int
    merges: int
    left: tuple[str, ...]


class NamedMap(MapView):
    """A map with its names and merges; parameters are those of :class:`MapView`.

    Examples
    --------
    ``named = NamedMap.open("out", who="KM")``, ``named.rename(3, "rearing")``,
    ``named.approve(named.suggestions()[0])``, ``named.undo()``.
    """

    def rename(self, cluster: int, name: str) -> ClusterName:
        """Give a behaviour a name. It stands before every other one, and survives refits.

        Raises
        ------
        InputError
            When the name is empty or too long, another behaviour has it, or the id is unknown.
        """
        text = checked_name(name, f"cluster {cluster}")

        def make(edited: Edited) -> MapEdit:
            group = self.name(cluster).members
            self._check_free(text, group)
            return self._new("name", groups=(group,), name=text)

        self._add(make)
        return self.name(cluster)

    def forget_name(self, cluster: int) -> ClusterName:
        """Take back the name that a person gave, whatever was done since."""

        def make(edited: Edited) -> MapEdit:
            given = edited.names.get(self.name(cluster).members)
            if given is None or given.action != "name":
                raise InputError(
                    f"name of cluster {cluster}",
                    expected="one that a person gave it",
                    found=f"a name from {self.name(cluster).source}",
                )
            return self._new("undo", undoes=given.edit_id)

        self._add(make)
        return self.name(cluster)

    def propose_title(self, cluster: int, writer: TitleWriter) -> Title:
        """Ask a model for a title; nothing is saved. Takes as long as the model does."""
        return propose_title(self.name(cluster), writer)

    def set_title(self, cluster: int, title: Title) -> ClusterName:
        """Keep a title that a model wrote; it is marked wherever it is shown."""
        self._add(lambda _: self._new("title", groups=(self.name(cluster).members,), title=title))
        return self.name(cluster)

    def approve(self, pair: Suggestion | Sequence[int], name: str = "") -> ClusterName:
        """Merge behaviours; the id of the largest one stays, the others rest.

        Parameters
        ----------
        pair : Suggestion or sequence of int
            Which, two or more.
        name : str
            What to call it; empty leaves that to names and words of the parts.

        Raises
        ------
        InputError
            When an id is unknown, noise, or stands there twice, or the name is taken.
        """
        text = checked_name(name, "the merged behaviour") if str(name).strip() else ""
        kept = []

        def make(edited: Edited) -> MapEdit:
            parts = self._by_size(*_ids(pair))
            if text:
                self._check_free(text, *(part.members for part in parts))
            kept.append(parts[0].cluster)
            groups: tuple[Group, ...] = tuple(part.members for part in parts)
            return self._new("merge", groups=groups, name=text, keeps=kept[-1])

        self._add(make)
        return self.name(kept[-1])

    def approve_all(self, limit: float = LIMIT) -> tuple[ClusterName, ...]:
        """Merge all that hangs together in the tree at a least score, each merge by itself.

        Behaviours that a person keeps apart are not brought together: a group that holds such a
        pair is left as it is.

        Returns
        -------
        tuple of ClusterName
            The merged behaviours; each can be taken back with :meth:`undo_merge`.
        """
        kept: list[int] = []

        def make(edited: Edited) -> list[MapEdit]:
            new = []
            for ids in self.dendrogram(limit).groups(1 - limit):
                parts = self._by_size(*ids) if len(ids) > 1 else []
                groups = tuple(part.members for part in parts)
                apart = any(edited.are_apart(a, b) for a in groups for b in groups if a < b)
                if len(groups) > 1 and not apart:
                    kept.append(parts[0].cluster)
                    new.append(self._new("merge", groups=groups, keeps=parts[0].cluster))
            return new

        self._add_all(make)
        return tuple(self.name(cluster) for cluster in kept)

    def keep_apart(self, pair: Suggestion | Sequence[int]) -> MapEdit:
        """Never suggest this merge again; :meth:`undo` takes that back."""

        def make(edited: Edited) -> MapEdit:
            large, small = self._by_size(*_ids(pair))
            return self._new("apart", groups=(large.members, small.members))

        return self._add(make)

    def undo_merge(self, cluster: int | None = None) -> MapEdit:
        """Take back the latest merge, or the one that made a behaviour; returns that merge.

        Raises
        ------
        InputError
            When there is none, or a later merge took in what it made.
        """
        undone: list[MapEdit] = []

        def make(edited: Edited) -> MapEdit:
            merges = [edit for edit in edited.active if edit.action == "merge"]
            if cluster is not None:
                group = edited.group_of(int(cluster))
                merges = [edit for edit in merges if edit.clusters == group]
            if not merges:
                raise InputError(
                    "merge" if cluster is None else f"merge into cluster {cluster}",
                    expected="one that can be taken back",
                    found="none",
                )
            undone.append(merges[-1])
            return self._new("undo", undoes=merges[-1].edit_id)

        self._add(make)
        return undone[-1]

    def undo(self) -> MapEdit:
        """Take back the latest edit of any kind, and return it.

        Raises
        ------
        InputError
            When there is none.
        """
        return self._toggle("undo")

    def redo(self) -> MapEdit:
        """Do again what was undone last, and return it."""
        return self._toggle("redo")

    def carry(self, old: MapView, kept: Collection[int] | None = None) -> Carried:
        """Take over names, titles and merges of a map that this one is a refit of.

        Parameters
        ----------
        old : NamedMap
            The map before; it keeps all it has.
        kept : collection of int, optional
            Ids that mean the same behaviour in both; by default all that both have, where this map
            says that it goes on from the other one.

        Returns
        -------
        Carried
            How much came over now, and what did not come at all. Done a second time, what was done
            to the old map since comes along, and nothing is doubled.

        Raises
        ------
        InputError
            When this map lacks an id that is said to be kept.
        """
        if kept is None and self.map.parent != old.map.map_id:
            raise InputError(
                "names of another map",
                expected=f"the map that this one goes on from ({self.map.parent or 'none'})",
                found=old.map.map_id,
                remedy="Say which ids mean the same behaviour in both.",
            )
        both = set(old.map.clusters) & set(self.map.clusters)
        known = both if kept is None else {int(one) for one in kept}
        strange = known - set(self.map.clusters)
        if strange:
            raise InputError(
                "ids that a refit kept",
                expected="ids of the new map",
                found=f"{min(strange)}, which it does not have",
            )
        before = old.map.map_id
        place = self.journal.path
        shared = place is not None and place == old.journal.path
        if shared and before in kin_of(place, self._map_id):
            # Steps of one map share their edits: nothing has to be copied.
            return Carried(0, 0, 0, ())
        all_of_it = old.journal.edits_of(before, old.map.clusters)
        coming = [edit for edit in all_of_it if set(edit.clusters) <= known or kept is None]
        edits, left = carried_edits(coming, old.map, self.map)
        given_here: list[str] = []

        def make(edited: Edited) -> Sequence[MapEdit]:
            there = self.journal.edits_of(self._map_id, self.map.clusters)
            lacking, stand_back = still_to_carry(edits, there, self.map.clusters)
            given_here.extend(stand_back)
            return lacking

        done = [edit.action for edit in self._add_all(make)]
        notes = (*left, *given_here)
        return Carried(done.count("name"), done.count("title"), done.count("merge"), notes)

    def _check_free(self, name: str, *mine: Group) -> None:
        for one in self.names():
            if (
                one.source == "user"
                and one.members not in mine
                and (same_name(one.name) == same_name(name))
            ):
                raise InputError(
                    f"name {name!r}",
                    expected="one that no other behaviour has",
                    found=f"that of {one.cluster}",
                    remedy=f"Choose another name; if both are one behaviour, merge it with "
                    f"{one.cluster}.",
                )

    def _new(self, action: str, **more: object) -> MapEdit:
        return MapEdit.new(action, self._map_id, self.who, **more)

    def _add(self, make: Callable[[Edited], MapEdit]) -> MapEdit:
        """Write an edit that is made in sight of all others; nothing happens when it raises."""
        (edit,) = self._add_all(lambda edited: [make(edited)])
        return edit

    def _add_all(self, make: Callable[[Edited], Sequence[MapEdit]]) -> tuple[MapEdit, ...]:
        def checked(_: Sequence[MapEdit]) -> Sequence[MapEdit]:
            if self._follow() or self._edited_now() != self._edited:
                self._settle()
            return make(self._edited)

        new = self.journal.add(checked)
        self._settle()
        return new

    def _toggle(self, action: str) -> MapEdit:
        chosen: list[MapEdit] = []

        def make(edited: Edited) -> MapEdit:
            edit = self.can_undo if action == "undo" else self.can_redo
            if edit is None:
                raise InputError(action, expected=f"an edit to {action}", found="none")
            chosen.append(edit)
            return self._new(action, undoes=edit.edit_id)

        self._add(make)
        return chosen[-1]


def _ids(pair: Suggestion | Sequence[int]) -> tuple[int, ...]:
    return pair.clusters if isinstance(pair, Suggestion) else tuple(map(int, pair))
