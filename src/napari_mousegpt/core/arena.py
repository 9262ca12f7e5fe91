"""The place an animal is in: its outline, its zones and its scale.

Coordinates are x, y in pixels of the stored picture, from its upper left corner, y downwards, the
same as a pose has; of a pose in cm, x, y in cm. Zones may overlap: a corner lies in the border.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.core.polygons import checked_polygon, points_inside
from napari_mousegpt.errors import InputError

__all__ = ["Arena", "Zone", "check_arenas"]

Floats = NDArray[np.float64]

#: Units of coordinates, and how many of them are a centimetre.
UNITS_PER_CM = {"pixels": None, "mm": 10.0, "cm": 1.0, "m": 0.01}


@dataclass(frozen=True, eq=False)
class Zone:
    """A named part of an arena.

    Parameters
    ----------
    name : str
        For example ``"centre"``; unique within its arena.
    polygon : array_like of float, shape (n_corners, 2)
        x, y of its corners in their order, three or more, not closed.

    Raises
    ------
    InputError
        When the polygon has fewer than three corners, crosses itself or has no area.
    """

    name: str
    polygon: Floats

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise InputError("zone", expected="a name", found="none")
        object.__setattr__(self, "polygon", checked_polygon(self.polygon, f"zone {self.name!r}"))

    def contains(self, points: ArrayLike) -> NDArray[np.bool_]:
        """Return which points (..., 2) lie inside; see :func:`points_inside`."""
        return points_inside(points, self.polygon)


@dataclass(frozen=True, eq=False)
class Arena:
    """Where an animal can be.

    Parameters
    ----------
    name : str
        Unique within a view.
    zones : tuple of Zone
    outline : array_like of float, shape (n_corners, 2), optional
        Border of the place; needed to tell several arenas of one picture apart.
    pixels_per_cm : float, optional
        Scale of the picture.
    individual : str, optional
        The animal that lives in it, where each arena of the picture has its own.
    unit : {"pixels", "cm", "mm", "m"}
        Of all coordinates; that of the pose it is used with. A pose in 3-D is seen from above.

    Raises
    ------
    InputError
        When two zones have one name, the scale is not positive, the unit is unknown, or the
        outline is no polygon.
    """

    name: str = "arena"
    zones: tuple[Zone, ...] = ()
    outline: Floats | None = None
    pixels_per_cm: float | None = None
    individual: str | None = None
    unit: str = "pixels"
    _names: tuple[str, ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        called = f"arena {self.name!r}"
        if not self.name.strip():
            raise InputError("arena", expected="a name", found="none")
        names = tuple(zone.name for zone in self.zones)
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise InputError(
                called,
                expected="one zone of each name",
                found=f"several called {', '.join(doubled)}",
                remedy="Rename them.",
            )
        scale = self.pixels_per_cm
        if scale is not None and not (np.isfinite(scale) and scale > 0):
            raise InputError(
                called, expected="a positive number of pixels per cm", found=str(scale)
            )
        if self.unit not in UNITS_PER_CM or (self.unit != "pixels" and scale is not None):
            raise InputError(
                f"unit of {called}",
                expected=f"one of {', '.join(UNITS_PER_CM)}; only pixels have pixels_per_cm",
                found=f"{self.unit!r}" + ("" if scale is None else f", {scale} pixels per cm"),
            )
        object.__setattr__(self, "_names", names)
        if self.outline is not None:
            polygon = checked_polygon(self.outline, f"outline of {called}")
            object.__setattr__(self, "outline", polygon)

    def zone(self, name: str) -> Zone:
        """Return the zone of that name.

        Raises
        ------
        InputError
            Naming the zones there are.
        """
        if name not in self._names:
            raise InputError(
                f"zone {name!r} of arena {self.name!r}",
                expected=f"one of {', '.join(self._names) or 'none: it has no zones'}",
            )
        return self.zones[self._names.index(name)]

    @property
    def units_per_cm(self) -> float | None:
        """Length of a centimetre in the unit of the coordinates; None where it is not known."""
        return UNITS_PER_CM[self.unit] or self.pixels_per_cm

    def contains(self, points: ArrayLike) -> NDArray[np.bool_]:
        """Return which points (..., 2) lie inside the outline; all that are seen without one."""
        if self.outline is None:
            return np.asarray(np.isfinite(np.asarray(points, dtype=float)).all(axis=-1))
        return points_inside(points, self.outline)

    def scaled(self, x: float, y: float) -> Arena:
        """Return the same arena in a picture that is ``x`` times as wide and ``y`` as high.

        Coordinates in centimetres and the like are no matter of the picture and stay.
        """
        if self.unit != "pixels":
            return self
        factors = np.array([x, y])
        scale = self.pixels_per_cm
        return Arena(
            self.name,
            tuple(Zone(zone.name, zone.polygon * factors) for zone in self.zones),
            None if self.outline is None else self.outline * factors,
            None if scale is None else scale * float(np.sqrt(x * y)),
            self.individual,
            self.unit,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the arena as plain values; :meth:`from_dict` reads them back."""
        return {
            "name": self.name,
            "individual": self.individual,
            "unit": self.unit,
            "pixels_per_cm": self.pixels_per_cm,
            "outline": None if self.outline is None else self.outline.tolist(),
            "zones": [{"name": zone.name, "polygon": zone.polygon.tolist()} for zone in self.zones],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Arena:
        """Return the arena that :meth:`to_dict` described.

        Raises
        ------
        InputError
            When something is missing or of another kind, named by its place.
        """
        known = {"name", "individual", "unit", "pixels_per_cm", "outline", "zones"}
        if not isinstance(values, Mapping) or not set(values) <= known:
            raise InputError(
                "arena",
                expected=f"an object with {', '.join(sorted(known))}",
                found=repr(values)[:80],
            )
        zones = values.get("zones") or []
        if not isinstance(zones, Sequence) or isinstance(zones, str):
            raise InputError("zones", expected="a list", found=repr(zones)[:80])
        scale = values.get("pixels_per_cm")
        if scale is not None and (isinstance(scale, bool) or not isinstance(scale, int | float)):
            raise InputError("pixels_per_cm", expected="a number", found=repr(scale)[:80])
        outline, individual = values.get("outline"), values.get("individual")
        return cls(
            _text(values.get("name", "arena"), "name of the arena"),
            tuple(_zone(zone, place) for place, zone in enumerate(zones, start=1)),
            outline,
            None if scale is None else float(scale),
            None if individual is None else _text(individual, "individual of the arena"),
            _text(values.get("unit", "pixels"), "unit of the arena"),
        )


def check_arenas(arenas: Sequence[Arena]) -> tuple[Arena, ...]:
    """Return arenas of one view after a look at them together.

    Raises
    ------
    InputError
        When two have one name or one animal, or several lack an outline.
    """
    for what in ("name", "individual"):
        values = [getattr(arena, what) for arena in arenas if getattr(arena, what) is not None]
        doubled = sorted({value for value in values if values.count(value) > 1})
        if doubled:
            raise InputError(
                "arenas", expected=f"one arena of each {what}", found=f"two of {', '.join(doubled)}"
            )
    bare = [arena.name for arena in arenas if arena.outline is None]
    if len(arenas) > 1 and bare:
        raise InputError(
            f"arena {bare[0]!r}",
            expected="an outline, since the picture has several arenas",
            found="none",
            remedy="Draw the border of each arena.",
        )
    return tuple(arenas)


def _zone(values: Any, place: int) -> Zone:
    if not isinstance(values, Mapping) or not {"name", "polygon"} <= set(values):
        raise InputError(f"zone {place}", expected="a name and a polygon", found=repr(values)[:80])
    return Zone(_text(values["name"], f"name of zone {place}"), values["polygon"])


def _text(value: Any, called: str) -> str:
    if not isinstance(value, str):
        raise InputError(called, expected="text", found=repr(value)[:80])
    return value
