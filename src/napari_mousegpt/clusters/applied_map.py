"""The map that labels of ``apply`` are from: found again, or refused when another stands there."""

from __future__ import annotations

from pathlib import Path

from napari_mousegpt.clusters.map_kin import is_kin
from napari_mousegpt.clusters.named_files import map_folder
from napari_mousegpt.core.provenance import RunCard
from napari_mousegpt.errors import InputError, MismatchError

__all__ = ["map_applied"]


def map_applied(place: Path) -> Path:
    """Return the folder of the map that the labels of ``apply`` are from.

    Its names are those of now, so it has to be that map or a step of it: the ids of another one
    mean something else.

    Parameters
    ----------
    place : Path
        Folder of ``apply``.

    Raises
    ------
    InputError
        When no run card names a map, or it is not where it was.
    MismatchError
        When another map stands there now.
    FormatError
        When that map is damaged.
    """
    try:
        text = (place / "result" / "run_card.json").read_text(encoding="utf-8")
        card = RunCard.from_json(text)
        source, map_id = Path(card.sources["map"]), card.inputs["map"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            place,
            expected="the folder of a finished 'cluster', 'refit' or 'apply'",
            found=f"no run card that names its map ({error})",
            remedy="If it was stopped, start it again to finish.",
        ) from error
    if not source.is_dir():
        raise InputError(
            source,
            expected=f"the map that the labels in {place} are from",
            found="no such folder",
            remedy="Put it back, or give 'apply' again with the place where it is now.",
        )
    if not is_kin(map_folder(source), map_id):
        raise MismatchError(
            source,
            expected=f"the map that the labels in {place} are from ({map_id})",
            found="another map, whose ids mean something else",
            remedy="Apply the map of now again, with another -o or with --overwrite.",
        )
    return source
