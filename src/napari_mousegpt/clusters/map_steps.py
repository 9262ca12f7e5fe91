"""Where the steps of a map lie: the map as it was fitted, and what was accepted into it since.

Each step is a whole map in a folder beside the first one: ``map.grown/001``, ``map.grown/002`` and
so on; of a map in a run (``RUN/result/map``) they lie in ``RUN/map.grown``. The last
one that goes on from the map holds, see :mod:`napari_mousegpt.clusters.map_kin`.
"""

from __future__ import annotations

from pathlib import Path

from napari_mousegpt.clusters.map_journal import journal_path

__all__ = ["CARD", "base_of", "new_step", "steps_of"]

#: File without which a folder is no map.
CARD = "map.json"
_SUFFIX, _DIGITS = ".grown", 3


def steps_of(base: Path) -> list[Path]:
    """Return the folders of all steps, the map as it was fitted first."""
    # A copy that somebody made, "001 copy", is none.
    numbered = (path for path in _folder(base).glob("[0-9]*") if path.name.isdecimal())
    steps = [path for path in numbered if (path / CARD).is_file()]
    return [base, *sorted(steps, key=lambda path: int(path.name))]


def new_step(base: Path) -> Path:
    """Return the folder that the next step gets."""
    *_, last = steps_of(base)
    number = 1 if last == base else int(last.name) + 1
    return _folder(base) / f"{number:0{_DIGITS}d}"


def base_of(place: Path) -> Path:
    """Return the map that a step goes on from; any other map is its own."""
    around = place.absolute().parent
    if not (around.name.endswith(_SUFFIX) and place.name.isdecimal()):
        return place
    name = around.name.removesuffix(_SUFFIX)
    bases = (around.parent / "result" / name, around.parent / name)
    return next((base for base in bases if (base / CARD).is_file()), place)


def _folder(base: Path) -> Path:
    return journal_path(base).parent / f"{base.name}{_SUFFIX}"
