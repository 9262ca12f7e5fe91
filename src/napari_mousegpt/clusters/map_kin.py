"""Which maps are steps of one map: an id means the same in all, so an edit of one holds for all.

Every step says which map it goes on from. A folder may also hold steps of a map that was fitted
there before; those are no kin.
"""

from __future__ import annotations

import json
from pathlib import Path

from napari_mousegpt.clusters.map_journal import EDITS_SUFFIX, journal_path
from napari_mousegpt.clusters.map_steps import base_of, steps_of
from napari_mousegpt.errors import FormatError

__all__ = ["is_kin", "kin_of", "newest_step"]


def kin_of(journal: Path | None, map_id: str) -> frozenset[str]:
    """Return the ids of all maps whose edits hold for a map, its own among them.

    Parameters
    ----------
    journal : Path or None
        Where its edits are; the steps lie beside it. None for edits in memory.
    map_id : str
        The map as it was fitted, or any step.
    """
    if journal is None:
        return frozenset({map_id})
    beside = journal.with_name(journal.name.removesuffix(EDITS_SUFFIX))
    ties = [_card(step) for step in steps_of(beside)[1:]]
    kin = {map_id}
    # Each round takes in what goes on from what is known; there is a handful of steps.
    while more := {one for tie in ties if kin & set(tie) for one in tie if one} - kin:
        kin |= more
    return frozenset(kin)


def is_kin(place: Path, map_id: str) -> bool:
    """Whether the map in a folder is the one of an id, or another step of the same map.

    Raises
    ------
    FormatError
        When what a step says of itself is damaged.
    """
    return map_id in kin_of(journal_path(place), _card(place)[0])


def newest_step(place: Path) -> Path:
    """Return the step of a map that holds now; of a step that is named, that one.

    Raises
    ------
    FormatError
        When what a step says of itself is damaged.
    """
    if base_of(place) != place:
        return place
    steps = steps_of(place)
    kin = {_card(place)[0]} if len(steps) > 1 else set()
    newest = place
    for step in steps[1:]:
        own, parent = _card(step)
        if parent in kin:
            kin.add(own)
            newest = step
    return newest


def _card(place: Path) -> tuple[str, str]:
    """Return the id of a map, and of the one that it goes on from."""
    path = place / "map.json"
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        return str(card["map_id"]), str(card.get("parent", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            path,
            expected="an undamaged cluster map",
            found=f"a card that cannot be read ({error})",
            remedy="Restore the folder from a copy, or fit the map again.",
        ) from error
