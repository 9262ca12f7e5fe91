"""A frozen map and what was accepted into it, one step after the other, each to be taken back.

A map is never changed: every step is a map of its own, whole, in a folder beside the first one
(``map.grown/001``, ``map.grown/002`` ...), the last of which holds now. A step back is a step, too:
the behaviour rests, and its id rests with it. So an id means the same behaviour for ever. Programs
that have one map open go on from each other's steps.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_mousegpt.clusters.accepted import Accepted
from napari_mousegpt.clusters.accepting import accept
from napari_mousegpt.clusters.cluster_map import ClusterMap
from napari_mousegpt.clusters.cluster_name import checked_name, same_name
from napari_mousegpt.clusters.map_journal import MapJournal, journal_path
from napari_mousegpt.clusters.map_kin import newest_step
from napari_mousegpt.clusters.map_steps import CARD, base_of, new_step
from napari_mousegpt.clusters.map_view import MapView
from napari_mousegpt.clusters.named_files import map_folder
from napari_mousegpt.clusters.novelty import Novelty
from napari_mousegpt.clusters.published import published_edits
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.store.appending import only_writer

__all__ = ["GrowingMap"]


class GrowingMap:
    """A map to accept candidates into.

    Parameters
    ----------
    folder : path-like
        A run or study with clusters, or the folder of a map or of a step of it.

    Attributes
    ----------
    base : Path
        Folder of the map as it was fitted.
    map : ClusterMap
        The map that holds now, as it was last looked at.

    Raises
    ------
    InputError
        When there is no map.
    FormatError
        When it is damaged.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.base = base_of(map_folder(folder))
        self._seen = _stamp(self.folder)
        self.map = ClusterMap.load(self.folder)
        self._undone: list[Accepted] = []

    @property
    def folder(self) -> Path:
        """The folder of the map that holds now."""
        return newest_step(self.base)

    @property
    def can_undo(self) -> Accepted | None:
        """What was accepted last, here or in another program."""
        self._look()
        return self.map.accepted[-1] if self.map.accepted else None

    @property
    def can_redo(self) -> Accepted | None:
        """What was taken back last, since this map was opened and nothing else was done to it."""
        self._look()
        return self._undone[-1] if self._undone else None

    def with_candidate(
        self, new: Vectors, novelty: Novelty, candidate: int, name: str = ""
    ) -> ClusterMap:
        """Return the map with a candidate accepted, written nowhere.

        Raises
        ------
        InputError, MismatchError
            As for :meth:`accept`.
        """
        if name:
            name = checked_name(name, f"candidate {candidate}")
        grown = accept(self._follow(), new, novelty, candidate, name)
        self._check_free(name)
        self._check_new(candidate, grown.accepted[-1])
        return grown

    def accept(self, new: Vectors, novelty: Novelty, candidate: int, name: str = "") -> Accepted:
        """Give a candidate an id in the map; parameters are those of ``accepting.accept``.

        Raises
        ------
        InputError
            When it cannot be called so, another behaviour has that name, there is no such
            candidate, too little of it, or it was accepted already.
        MismatchError
            When the vectors are of another kind than those of the map.
        LockedError
            When another program has been writing into the map for longer than five seconds.
        StorageError
            When the disk is full, the folder read-only or the like.
        """
        # Takes its time, so nobody is kept out meanwhile.
        grown = self.with_candidate(new, novelty, candidate, name)
        before = self.map
        with self._only_writer():
            if self._follow() is not before:
                grown = self.with_candidate(new, novelty, candidate, name)
            self._check_free(grown.accepted[-1].name)
            self._go_on(grown)
            self._undone.clear()
            return self.map.accepted[-1]

    def undo(self) -> Accepted:
        """Take back what was accepted last, here or elsewhere; its id is never given again.

        Raises
        ------
        InputError
            When nothing was accepted.
        LockedError, StorageError
            As for :meth:`accept`.
        """
        with self._only_writer():
            accepted = self._follow().accepted
            if not accepted:
                raise InputError("undo", expected="a behaviour that was accepted", found="none")
            # The id counts as given, so that nothing else ever gets it.
            self._go_on(
                replace(
                    self.map,
                    accepted=accepted[:-1],
                    given=self.map.next_id,
                    parent=self.map.map_id,
                )
            )
            self._undone.append(accepted[-1])
            return accepted[-1]

    def redo(self) -> Accepted:
        """Accept again what was taken back last, under the id it had.

        Raises
        ------
        InputError
            When nothing was taken back, or the map was changed elsewhere since.
        LockedError, StorageError
            As for :meth:`accept`.
        """
        with self._only_writer():
            accepted = self._follow().accepted
            if not self._undone:
                raise InputError("redo", expected="a behaviour that was taken back", found="none")
            grown = sorted((*accepted, self._undone[-1]), key=lambda one: one.cluster)
            self._go_on(replace(self.map, accepted=tuple(grown), parent=self.map.map_id))
            return self._undone.pop()

    def _only_writer(self) -> AbstractContextManager[None]:
        """Keep other programs from adding a step; names go on being given."""
        return only_writer(
            new_step(self.base).parent,
            doing="to write a step of the map",
            undone="The map is as it was.",
        )

    def _look(self) -> None:
        """Follow other programs; what is known stays while the map is out of reach."""
        if (self.base / CARD).is_file():
            self._follow()

    def _follow(self) -> ClusterMap:
        """Go on to the newest step, which another program may have written, and return it."""
        step = self.folder
        seen = _stamp(step)
        if seen != self._seen:
            self.map, self._seen = ClusterMap.load(step), seen
            # What was undone here was undone in a map that is not the newest any more.
            self._undone.clear()
        return self.map

    def _check_free(self, name: str) -> None:
        # An automatic name gives way; one that a person gave does not.
        journal = MapJournal(journal_path(self.base), published_edits(self.base))
        known = MapView(self.map, journal=journal)
        taken = [
            one.cluster
            for one in known.names()
            if name and one.source == "user" and same_name(one.name) == same_name(name)
        ]
        if taken:
            raise InputError(
                f"name {name!r}",
                expected="one that no other behaviour of this map has",
                found=f"that of {taken[0]}",
                remedy="Choose another name.",
            )

    def _check_new(self, candidate: int, behaviour: Accepted) -> None:
        for one in self.map.accepted:
            if np.array_equal(one.examples, behaviour.examples):
                raise InputError(
                    f"candidate {candidate}",
                    expected="a candidate that is not in the map",
                    found=f"one that was accepted as {one.cluster} before",
                    remedy=f"To call it otherwise: names set RUN {one.cluster} NAME.",
                )

    def _go_on(self, grown: ClusterMap) -> None:
        """Write the next step; all steps share the names that people gave."""
        step = new_step(self.base)
        grown.save(step)
        self.map, self._seen = grown, _stamp(step)


def _stamp(step: Path) -> tuple[Path, int]:
    """Return what changes when a map is fitted again in its place, or goes on."""
    card = step / CARD
    return step, card.stat().st_mtime_ns if card.is_file() else 0
