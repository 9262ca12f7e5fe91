"""Names and merges of a map, as a person changes them. No window is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_mousegpt._napari.label_roles import CLUSTERS
from napari_mousegpt._napari.layers import layer_tag
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.clusters import ethogram
from napari_mousegpt.errors import InputError
from napari_mousegpt.runs.named_results import with_known_ids

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_mousegpt._napari.map_model import MapModel
    from napari_mousegpt.clusters.merging import Suggestion
    from napari_mousegpt.clusters.name_sheet import ClusterName

__all__ = ["MapNaming"]

#: Where a name is from: in a cell of the table, and in a sentence.
_FROM = {
    "user": ("a person", "named by a person"),
    "generated": ("a model", "titled by a language model"),
    "words": ("words", "named by the words of its windows"),
    "kinematic": ("movement", "named by the movements in its windows"),
    "none": ("", "nothing is known to name it by"),
}


class MapNaming:
    """Changes names and merges of the map of a model, and lets the map show them.

    Parameters
    ----------
    model : MapModel
        Whose map.
    """

    def __init__(self, model: MapModel) -> None:
        self._model = model

    @property
    def behaviours(self) -> tuple[ClusterName, ...]:
        """The behaviours of now, the largest first."""
        named = self._model.named
        names = () if named is None else named.names()
        return tuple(sorted(names, key=lambda one: (-one.n_ranges, one.cluster)))

    @staticmethod
    def cells(one: ClusterName) -> tuple[str, ...]:
        """Return a row of the table: name, windows, where the name is from."""
        return (one.name, f"{one.n_ranges:,}", _FROM[one.source][0])

    @staticmethod
    def about(one: ClusterName) -> str:
        """Return what is known of a behaviour, in sentences."""
        parts = [f"{one.name}: {_FROM[one.source][1]}."]
        if one.source in ("user", "generated"):
            parts.append(f"Its words: {one.automatic}.")
        if one.coverage == one.coverage:
            parts.append(f"{one.coverage:.0%} of its windows are said to be so.")
        if one.sentence:
            parts.append(f"Typical: “{one.sentence}”")
        parts += [f"{quote.place.where}: “{quote.sentence}”" for quote in one.quotes[:2]]
        return "\n".join(parts)

    def rename(self, cluster: int, name: str) -> None:
        """Give a behaviour a name; it stays in every later fit that keeps the behaviour.

        Raises
        ------
        InputError
            When it cannot be called so.
        """
        self._do(lambda named: named.rename(cluster, name))

    def undo(self) -> str:
        """Take the last change back; returns what it was."""
        return str(self._do(lambda named: named.undo()).told)

    def redo(self) -> str:
        """Do again what was taken back last; returns what it was."""
        return str(self._do(lambda named: named.redo()).told)

    @property
    def undo_told(self) -> str:
        """What would be taken back; empty when there is nothing."""
        edit = None if self._model.named is None else self._model.named.can_undo
        return "" if edit is None else edit.told

    @property
    def redo_told(self) -> str:
        """What would be done again; empty when there is nothing."""
        edit = None if self._model.named is None else self._model.named.can_redo
        return "" if edit is None else edit.told

    def suggestions(self) -> list[Suggestion]:
        """Return which behaviours may be one, the most alike first."""
        named = self._model.named
        return [] if named is None else named.suggestions()

    @staticmethod
    def evidence(one: Suggestion) -> str:
        """Return what speaks for a merge and what it would change, in sentences."""
        parts = [one.reason[:1].upper() + one.reason[1:]]
        if one.shared_terms:
            parts.append(f"Both: {', '.join(one.shared_terms[:5])}.")
        for name, terms in zip(one.names, one.own_terms, strict=True):
            if terms:
                parts.append(f"Only {name}: {', '.join(terms[:5])}.")
        parts.append(one.change.told)
        return "\n".join(parts)

    def colours_of(self, one: Suggestion) -> dict[str, str]:
        """Return the colours of both, as on the map."""
        return dict(zip(one.names, self._model.colours_of(one.names), strict=True))

    def merge(self, one: Suggestion, name: str = "") -> None:
        """Make one behaviour of two; undo takes it back.

        Raises
        ------
        InputError
            When the merged one cannot be called so.
        """
        self._do(lambda named: named.approve(one, name))

    def keep_apart(self, one: Suggestion) -> None:
        """Never suggest it again; undo takes that back."""
        self._do(lambda named: named.keep_apart(one))

    def show_on(self, viewer: ViewerModel) -> list[str]:
        """Show the behaviours by their names of now, in place of the clusters shown before.

        Returns
        -------
        list of str
            Recordings that are open, and now show them.
        """
        named, state = self._model.named, state_of(viewer)
        opened = state.recordings
        mine = [name for name in self._model.runs if name in opened]
        if named is None or not mine:
            return []
        groups = named.groups()
        active = viewer.layers.selection.active
        for name in mine:
            rows = groups.assignments[groups.assignments["recording"] == name]
            found = ethogram(replace(groups, assignments=rows.reset_index(drop=True)))
            for layer in state.layers_of(name, CLUSTERS):
                tag = layer_tag(layer.metadata)
                if tag is not None and tag.ethogram is not None:
                    # A bout that is only called otherwise stays the bout that was corrected.
                    found = with_known_ids(found, tag.ethogram.bouts)
                viewer.layers.remove(layer)
            show(viewer, opened[name], found)
        if active is not None and active in viewer.layers:
            viewer.layers.selection.active = active
        return mine

    def _do(self, change: Callable[[Any], Any]) -> Any:
        named = self._model.named
        if named is None:
            raise InputError("names", expected="a map that is read", found="none")
        done = change(named)
        self._model.refresh()
        return done
