"""A frozen map as a person sees it: names, merges, and how alike its behaviours are.

The map and its labels of record are only ever read. Edits are kept beside them, see
:mod:`napari_mousegpt.clusters.map_journal`, and lie on top as a mapping of ids.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from napari_mousegpt.clusters.cluster_map import NOISE, ClusterMap
from napari_mousegpt.clusters.cluster_name import ClusterName
from napari_mousegpt.clusters.edited import Edited
from napari_mousegpt.clusters.groups import Groups
from napari_mousegpt.clusters.map_edits import Group, MapEdit
from napari_mousegpt.clusters.map_journal import MapJournal, journal_path
from napari_mousegpt.clusters.map_notes import notes_of
from napari_mousegpt.clusters.merge_tree import Likeness, MergeTree, likeness_of, merge_tree
from napari_mousegpt.clusters.merging import LIMIT, Suggestion, compared, exemplars, suggested
from napari_mousegpt.clusters.name_sheet import NameSheet, Said
from napari_mousegpt.clusters.name_table import name_table
from napari_mousegpt.clusters.names import Called, cluster_table
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.tables import ASSIGNMENTS, DESCRIPTIONS
from napari_mousegpt.errors import InputError

__all__ = ["MapView"]


class MapView:
    """A map, what was assigned by it, the words about that, and what people did to it.

    Parameters
    ----------
    found : ClusterMap
        Frozen map.
    assignments : DataFrame, optional
        Labels of record; never changed. Without them there are names, but no words and no members.
    words : DataFrame, optional
        Descriptions of any stretches of the same recordings.
    journal : MapJournal, optional
        Edits; by default they are kept in memory only.
    who : str
        The person who edits.
    delivered : mapping of int to Called
        What the map was delivered with: stands in place of names from words, which tell of other
        recordings than those of the assignments.

    Raises
    ------
    InputError
        When the assignments are of another map.
    """

    def __init__(
        self,
        found: ClusterMap,
        assignments: pd.DataFrame | None = None,
        words: pd.DataFrame | None = None,
        journal: MapJournal | None = None,
        *,
        who: str = "",
        delivered: Mapping[int, Called] | None = None,
    ) -> None:
        self.map = found
        self.who = who
        rows = ASSIGNMENTS.empty() if assignments is None else ASSIGNMENTS.check(assignments)
        if "of_record" in rows:  # made by ``apply``: merges are laid on top here
            rows = rows.assign(cluster=rows["of_record"]).drop(columns="of_record")
        self._rows = rows.reset_index(drop=True)
        strange = set(self._rows["cluster"].unique()) - {NOISE, *found.clusters}
        if strange:
            raise InputError(
                "assignments",
                expected="clusters of this map",
                found=f"cluster {min(strange)}, which it does not have",
                remedy="Give the assignments that were made with this map.",
            )
        self._words = None if words is None else DESCRIPTIONS.check(words)
        self._said = Said(self._words)
        self._delivered = dict(delivered or {})
        self.journal = MapJournal() if journal is None else journal
        # The map as it was fitted, where its newest step is followed, and the step that is shown.
        self._base: Path | None = None
        self._step: Path | None = None
        self._take(found)
        self._settle()

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        words: pd.DataFrame | Sequence[str | os.PathLike[str]] | None = None,
        *,
        assignments: str | os.PathLike[str] | None = None,
        who: str = "",
    ) -> Self:
        """Open the map of a run, or the folder of a map, with its edits.

        Parameters
        ----------
        folder : path-like
            Run folder with ``result/map``, or folder of a map. Behaviours that were accepted since
            belong to it: it is the newest step that is opened, also when one comes later.
        words : DataFrame or sequence of path-like, optional
            Descriptions, or where they are; by default those of the run, if it has some.
        assignments : path-like, optional
            Labels of record, a file or a folder with a part for each recording; by default those
            of the run.
        who : str
            The person who edits.

        Raises
        ------
        InputError
            When there is no map.
        """
        from napari_mousegpt.clusters.map_kin import newest_step
        from napari_mousegpt.clusters.map_steps import base_of
        from napari_mousegpt.clusters.named_files import (
            find_assignments,
            find_words,
            map_folder,
            names_of_record,
        )
        from napari_mousegpt.clusters.published import published_edits

        named = map_folder(folder)
        step, place = newest_step(named), base_of(named)
        found = ClusterMap.load(step)
        rows = find_assignments(place, assignments)
        said = words if isinstance(words, pd.DataFrame) else find_words(place, words)
        # Its own words say nothing of recordings that the map was applied to.
        foreign = words is None and (rows is None or assignments is not None)
        view = cls(
            found,
            rows,
            said,
            MapJournal(journal_path(place), published_edits(place)),
            who=who,
            delivered=names_of_record(place) if foreign else None,
        )
        view._base, view._step = named, step
        return view

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._map_id}: {len(self._names)} behaviours>"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know, as sentences."""
        own = notes_of(self.names(), len(self._rows), bool(self._said.sources))
        return (*self.journal.notes, *self._edited.notes, *own)

    @property
    def edited(self) -> Edited:
        """What people did, as it holds now."""
        return self._edited

    @property
    def history(self) -> tuple[MapEdit, ...]:
        """Edits that hold, oldest first."""
        return self._edited.active

    @property
    def can_undo(self) -> MapEdit | None:
        """What :meth:`undo` would take back."""
        return self._edited.active[-1] if self._edited.active else None

    @property
    def can_redo(self) -> MapEdit | None:
        """What :meth:`redo` would do again."""
        return self._edited.undone[-1] if self._edited.undone else None

    def names(self) -> tuple[ClusterName, ...]:
        """Return all behaviours with their names, by id."""
        return tuple(self._names.values())

    def name(self, cluster: int) -> ClusterName:
        """Return one behaviour.

        Raises
        ------
        InputError
            When there is none of that id, it is noise, or part of another one.
        """
        if cluster == NOISE:
            raise InputError(
                f"cluster {NOISE}",
                expected="a behaviour",
                found="noise, which belongs to none",
                remedy="Noise has no name and is merged with nothing.",
            )
        found = self._names.get(int(cluster))
        if found is not None:
            return found
        group = self._edited.group_of(int(cluster))
        if int(cluster) in self.map.clusters and len(group) > 1:
            kept = self._edited.id_of(group)
            raise InputError(
                f"cluster {cluster}",
                expected="a behaviour of its own",
                found=f"a part of {kept}, which it was merged into",
                remedy=f"Use {kept}, or undo that merge first.",
            )
        known = ", ".join(map(str, self._names))
        raise InputError(
            f"cluster {cluster}",
            expected=f"one of {known}" if known else "a behaviour of this map",
            found="no such id" if known else "a map without behaviours",
        )

    def table(self) -> pd.DataFrame:
        """Return one row for each behaviour, with what speaks for its name."""
        return name_table(self.names())

    def view(self, assignments: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return assignments with what they are called after all edits.

        Parameters
        ----------
        assignments : DataFrame, optional
            Labels by this map; by default those of record.

        Returns
        -------
        DataFrame
            ``cluster`` stays the label of record. ``merged`` is the id after all merges, ``group``
            what that is made of (``"3+5"``), ``name`` and ``name_source`` what it is called; noise
            is -1 and empty.
        """
        rows = self._rows if assignments is None else ASSIGNMENTS.check(assignments)
        merged = self._merged(rows["cluster"])
        columns: dict[str, dict[int, str]] = {
            "group": {one.cluster: one.group for one in self.names()},
            "name": {one.cluster: one.name for one in self.names()},
            "name_source": {one.cluster: str(one.source) for one in self.names()},
        }
        ids = merged.tolist()
        told = {
            column: np.asarray([values.get(one, "") for one in ids], dtype=object)
            for column, values in columns.items()
        }
        return rows.assign(merged=merged, **told)

    def groups(self) -> Groups:
        """Return the groups of record with the names of now, as for an ethogram.

        Bouts of behaviours that are merged become one, since they have one name.
        """
        table = self.view()
        merged = table.assign(cluster=table["merged"])
        return Groups(self.map, table, cluster_table(merged, self.called()))

    def called(self) -> dict[int, Called]:
        """Return what a table of clusters says of each behaviour, by id."""
        said = self._sheet.times_said
        return {
            one.cluster: Called(
                one.name,
                one.sentence,
                ";".join(one.keywords),
                said.get(one.cluster, 0.0),
                one.source,
            )
            for one in self.names()
        }

    def exemplars(self, cluster: int, n: int = 4) -> Intervals:
        """Return typical members of a behaviour, spread over recordings, best first."""
        return exemplars(self._sheet.bouts, self.name(cluster).cluster, self._words, n)

    def suggestions(self, limit: float = LIMIT) -> list[Suggestion]:
        """Return pairs of behaviours that may be one, the most alike first.

        Each behaviour stands in one pair at most; ask again after a merge.

        Parameters
        ----------
        limit : float
            Least score, 0 to 1.
        """
        ids = list(self._names)
        groups = [self._names[one].members for one in ids]
        may = np.array(
            [[not self._edited.are_apart(one, other) for other in groups] for one in groups],
            dtype=bool,
        ).reshape(len(ids), len(ids))
        return [self.compare(ids[a], ids[b]) for a, b in suggested(self.likeness, may, limit)]

    def compare(self, one: int, other: int) -> Suggestion:
        """Return any two behaviours side by side, with what a merge would change."""
        large, small = self._by_size(one, other)
        ids = list(self._names)
        group = tuple(sorted((*large.members, *small.members)))
        return compared(
            self.likeness,
            (ids.index(large.cluster), ids.index(small.cluster)),
            self._names,
            ids,
            self._sheet.bouts,
            self._words,
            self._name_if_merged(large, small, group),
        )

    def dendrogram(self, limit: float = LIMIT) -> MergeTree:
        """Return the tree of behaviours, the most alike joined first."""
        names = [one.name for one in self.names()]
        return merge_tree(self.likeness, names, list(self._names), limit)

    def refresh(self) -> bool:
        """Read what other programs wrote; returns whether there was anything."""
        changed = self.journal.refresh()
        if self._follow() or changed:
            self._settle()
            return True
        return False

    def _take(self, found: ClusterMap, before: NameSheet | None = None) -> None:
        self.map, self._map_id = found, found.map_id
        groups: dict[int, Group] = {one: (one,) for one in found.clusters}
        #: As the map was made, without merges: what they do not touch is called as here.
        self._record = NameSheet(
            found, self._rows, self._said, groups, self._delivered, record=before
        )
        self._sheet = self._record
        self._likeness: Likeness | None = None

    def _follow(self) -> bool:
        """Go on to the newest step of the map; returns whether there is one that was not shown."""
        from napari_mousegpt.clusters.map_kin import newest_step

        step = None if self._base is None else newest_step(self._base)
        if step is None or step == self._step:
            return False
        # Steps have one fit: what is known of it holds.
        self._take(ClusterMap.load(step), self._record)
        self._step = step
        return True

    def _settle(self) -> None:
        """Work out what holds after the edits; words and members only when merges changed."""
        self._edited = self._edited_now()
        if self._groups() != self._sheet.groups:
            self._sheet = self._new_sheet()
            self._likeness = None
        self._names = {one.cluster: one for one in self._sheet.names(self._edited)}

    def _edited_now(self) -> Edited:
        return Edited.of(self.journal.edits_of(self._map_id, self.map.clusters), self._map_id)

    def _groups(self) -> dict[int, Group]:
        groups = map(self._edited.group_of, self.map.clusters)
        return {self._edited.id_of(group): group for group in groups}

    def _new_sheet(self) -> NameSheet:
        groups = self._groups()
        if groups == self._record.groups:
            return self._record
        rows = self._rows.assign(cluster=self._merged(self._rows["cluster"]))
        return NameSheet(self.map, rows, self._said, groups, record=self._record)

    def _merged(self, clusters: pd.Series[int]) -> pd.Series[int]:
        goes = {part: kept for kept, group in self._edited.groups.items() for part in group}
        return clusters.map(lambda cluster: goes.get(cluster, cluster)).astype(np.int64)

    @property
    def likeness(self) -> Likeness:
        """How alike the behaviours are, in the order of :meth:`names`."""
        if self._likeness is None:
            groups = [one.members for one in self.names()]
            self._likeness = likeness_of(self.map, groups, self._sheet.words_alike())
        return self._likeness

    def _by_size(self, *clusters: int) -> list[ClusterName]:
        """Return behaviours, the largest first; of those of one size the smaller id."""
        found = [self.name(cluster) for cluster in clusters]
        if len(found) < 2 or len({one.cluster for one in found}) < len(found):
            raise InputError(
                f"merge of {' and '.join(map(str, clusters)) or 'nothing'}",
                expected="two behaviours or more",
                found="the same one twice" if len(found) > 1 else "too few",
            )
        return sorted(found, key=lambda one: (-self._size(one), one.cluster))

    def _size(self, one: ClusterName) -> int:
        """Return the intervals of a behaviour: here, or else where the map was fitted."""
        if len(self._rows):
            return one.n_ranges
        sizes = dict(zip(self.map.fitted, self.map.sizes, strict=False)) | {
            a.cluster: a.size for a in self.map.accepted
        }
        return sum(sizes.get(part, 0) for part in one.members)

    def _name_if_merged(self, large: ClusterName, small: ClusterName, group: Group) -> str:
        own = self._edited.names.get(group)
        if own is not None:
            return own.name
        return next((one.name for one in (large, small) if one.source == "user"), large.automatic)
