"""Arenas as a layer of shapes: what is drawn, what it is called, and back to arenas.

Each shape has a row of features: its ``name``; ``what`` it is, a zone, the outline of an arena or a
line of known length; the ``arena`` it belongs to (empty: the only one, or all of them); and for
lines their length in ``cm``. Any Shapes layer can be used; missing columns are added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt._napari.layers import KEY, LayerData, layer_tag
from napari_mousegpt._napari.shape_geometry import (
    CLOSED,
    line_length,
    polygon_of,
    to_pixels,
)
from napari_mousegpt.core.arena import Arena, Zone, check_arenas
from napari_mousegpt.core.colours import COLOURS, palette
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer, Shapes

__all__ = [
    "COLUMNS",
    "Drawn",
    "arena_layer",
    "arenas_of",
    "colour_shapes",
    "drawn_in",
    "facts_of",
    "has_arena_layer",
    "has_arena_role",
    "picture_layer",
    "set_feature",
    "shapes_layers",
    "tidy",
    "with_arenas",
]

ZONE, OUTLINE, LENGTH = "zone", "outline", "length"
#: What a shape that encloses something may be.
CLOSED_WHATS = (ZONE, OUTLINE)
COLUMNS = ("name", "what", "arena", "cm")
#: What an arena is called while there is only one.
ONLY = "arena"
#: Role in the metadata of a layer; there stand also animals and scales that are not drawn.
ROLE = "arena"
#: Roles of layers that lie where the pictures lie.
PICTURES = ("video", "backdrop", "pose")
#: Mean grey of a picture on which black letters read better than white ones.
_BRIGHT = 110
_LINE_COLOUR, _OUTLINE_COLOUR = "#f0e442", "#ffffff"

#: First picture of each layer that was drawn on, as grey; a slider must not lose its place for it.
_FIRST: WeakKeyDictionary[Any, NDArray[np.float32]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Drawn:
    """One shape: its row in the layer, its features and its corners (y, x) in the layer."""

    row: int
    kind: str
    name: str
    what: str
    arena: str
    cm: float
    corners: NDArray[np.float64]


def arena_layer(
    recording: Recording, arenas: Sequence[Arena] = (), picture: Layer | None = None
) -> LayerData:
    """Return a layer of shapes for a recording, with arenas that are known already.

    It has no time axis, so it is seen in every frame, and lies on the pictures pixel by pixel.

    Parameters
    ----------
    recording : Recording
    arenas : sequence of Arena
    picture : Layer, optional
        Layer with the pictures, if it is in a viewer, where it may have been scaled or moved.
    """
    rows: list[dict[str, Any]] = []
    corners: list[NDArray[np.float64]] = []
    single = len(arenas) == 1 and arenas[0].name == ONLY
    for arena in arenas:
        called = "" if single else arena.name
        if arena.outline is not None:
            rows.append({"name": arena.name, "what": OUTLINE, "arena": called, "cm": np.nan})
            corners.append(np.asarray(arena.outline)[:, ::-1])
        for zone in arena.zones:
            rows.append({"name": zone.name, "what": ZONE, "arena": called, "cm": np.nan})
            corners.append(np.asarray(zone.polygon)[:, ::-1])
    facts = {
        "role": ROLE,
        "id": recording.id,
        "known": len(rows),
        "individuals": {a.name: a.individual for a in arenas if a.individual is not None},
        "scales": {a.name: a.pixels_per_cm for a in arenas if a.pixels_per_cm is not None},
    }
    attributes: dict[str, Any] = {
        "name": f"{recording.id} arena",
        "ndim": 2,
        "shape_type": "polygon",
        "features": _table(rows),
        "feature_defaults": {"name": "", "what": "", "arena": "", "cm": np.nan},
        "edge_width": 2,
        "edge_color": COLOURS[1],
        "face_color": "#00000000",
        "text": {"string": "{name}", "size": 11, "color": "#ffffff", "anchor": "center"},
        "axis_labels": ("y", "x"),
        "units": ("pixel", "pixel") if picture is None else tuple(picture.units[-2:]),
        "scale": (1.0, 1.0) if picture is None else tuple(picture.scale[-2:]),
        "translate": (0.0, 0.0) if picture is None else tuple(picture.translate[-2:]),
        "rotate": np.eye(2) if picture is None else picture.rotate[-2:, -2:],
        "metadata": {KEY: facts},
    }
    return corners, attributes, "shapes"


def facts_of(layer: Shapes) -> dict[str, Any]:
    """Return what is known of the arenas of a layer beyond its shapes; it may be changed."""
    facts = layer.metadata.setdefault(KEY, {"role": ROLE})
    for name in ("individuals", "scales"):
        facts.setdefault(name, {})
    return facts  # type: ignore[no-any-return]


def tidy(layer: Shapes) -> None:
    """Give every shape a name and say what it is.

    napari copies the features of the last or the selected shape to a new one; of those only the
    arena is kept.
    """
    facts = facts_of(layer)
    old, table = layer.features, layer.features.copy()
    for column in COLUMNS:
        if column not in table:
            table[column] = np.nan if column == "cm" else ""
    for column in ("name", "what", "arena"):
        table[column] = np.array([_text(value) for value in table[column]], dtype=object)
    table["cm"] = pd.to_numeric(table["cm"], errors="coerce").astype(float)
    known = min(facts.get("known", len(table)), len(table))
    table.loc[known:, ["name", "what"]] = ""
    table.loc[known:, "cm"] = np.nan
    facts["known"] = len(table)
    taken = set(table["name"])
    for row, kind in enumerate(layer.shape_type):
        if (kind in CLOSED and table["what"][row] not in CLOSED_WHATS) or (
            kind not in CLOSED and table["what"][row] != LENGTH
        ):
            table.loc[row, "what"] = ZONE if kind in CLOSED else LENGTH
        if not table["name"][row]:
            table.loc[row, "name"] = _free(str(table["what"][row]), taken)
            taken.add(table["name"][row])
    if not table.equals(old):
        layer.features = table


def drawn_in(layer: Shapes) -> list[Drawn]:
    """Return the shapes of a tidy layer."""
    table = layer.features
    return [
        Drawn(
            row,
            str(kind),
            str(table["name"][row]),
            str(table["what"][row]),
            str(table["arena"][row]),
            float(table["cm"][row]),
            polygon_of(str(kind), corners),
        )
        for row, (kind, corners) in enumerate(zip(layer.shape_type, layer.data, strict=True))
    ]


def set_feature(layer: Shapes, row: int, column: str, value: Any) -> None:
    """Change what is said of one shape."""
    table = layer.features.copy()
    table.loc[row, column] = value
    layer.features = table


def colour_shapes(layer: Shapes, picture: Layer | None = None) -> None:
    """Give zones the colours that their names have as labels, lines and outlines their own.

    Parameters
    ----------
    layer : Shapes
        A tidy layer.
    picture : Layer, optional
        Layer with the pictures: names are written black where its first picture is bright.
    """
    drawn = drawn_in(layer)
    if not drawn:
        return
    colours = palette(item.name for item in drawn if item.what == ZONE)
    own = {LENGTH: _LINE_COLOUR, OUTLINE: _OUTLINE_COLOUR}
    edges = [own.get(item.what) or colours[item.name] for item in drawn]
    faces = [f"{edges[item.row]}40" if item.what == ZONE else "#00000000" for item in drawn]
    layer.edge_color, layer.face_color = edges, faces
    layer.text.color = _inks(layer, picture, drawn)


def _inks(layer: Shapes, picture: Layer | None, drawn: Sequence[Drawn]) -> list[str]:
    """Return black or white for each name, by the picture under it."""
    if picture is None or picture.ndim != 3 or not hasattr(picture, "colormap"):
        return ["#ffffff"] * len(drawn)
    if picture not in _FIRST:
        first = np.asarray(picture.data[0], dtype=np.float32)
        _FIRST[picture] = first if first.ndim == 2 else first[..., :3].mean(axis=-1)
    grey, inks = _FIRST[picture], []
    for item in drawn:
        x, y = to_pixels(layer, picture, item.corners).mean(axis=0).clip(0)
        part = grey[max(0, int(y) - 6) : int(y) + 7, max(0, int(x) - 25) : int(x) + 26]
        inks.append("#000000" if part.size and part.mean() > _BRIGHT else "#ffffff")
    return inks


def arenas_of(layer: Shapes, picture: Layer) -> tuple[Arena, ...]:
    """Return what is drawn in a layer as arenas, in pixels of a picture layer.

    Raises
    ------
    InputError
        When a border crosses itself, names are doubled or a length is missing; the shape is named,
        and stays as it is.
    """
    tidy(layer)
    drawn = drawn_in(layer)
    known = facts_of(layer)
    names = list(dict.fromkeys(item.arena for item in drawn if item.arena and item.what != LENGTH))
    blank = [item.name for item in drawn if not item.arena and item.what != LENGTH]
    if names and blank:
        raise InputError(
            f"shape {blank[0]!r}",
            expected=f"an arena, as others have one: {', '.join(names)}",
            found="none",
            remedy="Write the name of its arena into its row.",
        )
    scales = _scales(drawn, layer, picture, names or [ONLY])
    return check_arenas(
        [
            _arena(name, drawn, layer, picture, known, scales)
            for name in (names or ([ONLY] if blank or scales else []))
        ]
    )


def _arena(
    name: str,
    drawn: Sequence[Drawn],
    layer: Shapes,
    picture: Layer,
    known: Mapping[str, Any],
    scales: Mapping[str, float],
) -> Arena:
    mine = [item for item in drawn if item.arena in ("", name)]
    outlines = [item for item in mine if item.what == OUTLINE]
    if len(outlines) > 1:
        raise InputError(
            f"arena {name!r}",
            expected="one outline",
            found=f"{len(outlines)}: {', '.join(item.name for item in outlines)}",
            remedy="If these are several arenas, write the name of its arena into each row.",
        )
    zones = tuple(
        Zone(item.name, to_pixels(layer, picture, item.corners))
        for item in mine
        if item.what == ZONE
    )
    outline = to_pixels(layer, picture, outlines[0].corners) if outlines else None
    scale = scales.get(name, known["scales"].get(name))
    return Arena(name, zones, outline, scale, known["individuals"].get(name))


def _scales(
    drawn: Sequence[Drawn], layer: Shapes, picture: Layer, names: Sequence[str]
) -> dict[str, float]:
    """Return pixels per cm of each arena from the lines of known length."""
    found: dict[str, list[float]] = {}
    for item in drawn:
        if item.what != LENGTH:
            continue
        if not (np.isfinite(item.cm) and item.cm > 0):
            raise InputError(
                f"line {item.name!r}",
                expected="its length in cm",
                found="none",
                remedy="Write it into its row, or delete the line.",
            )
        pixels = line_length(to_pixels(layer, picture, item.corners))
        for name in names if item.arena == "" else [item.arena]:
            found.setdefault(name, []).append(pixels / item.cm)
    return {name: float(np.mean(values)) for name, values in found.items()}


def picture_layer(viewer: ViewerModel, recording: Recording) -> Layer | None:
    """Return the layer with the pictures of a recording, or what stands in for them."""
    for layer in viewer.layers:
        tag = layer_tag(layer.metadata)
        if tag is not None and tag.recording.id == recording.id and tag.role in PICTURES:
            return layer
    return None


def shapes_layers(viewer: ViewerModel) -> list[Shapes]:
    """Return the layers of shapes, of this plugin or not."""
    from napari.layers import Shapes

    return [layer for layer in viewer.layers if isinstance(layer, Shapes)]


def has_arena_layer(viewer: ViewerModel, recording: Recording) -> bool:
    """Whether the arenas of a recording are shown already."""
    mine = [layer for layer in shapes_layers(viewer) if has_arena_role(layer)]
    return any(layer.metadata[KEY].get("id") == recording.id for layer in mine)


def has_arena_role(layer: Layer) -> bool:
    """Whether a layer was made for arenas."""
    return bool(layer.metadata.get(KEY, {}).get("role") == ROLE)


def with_arenas(recording: Recording, arenas: Sequence[Arena]) -> Recording:
    """Return a recording with these arenas in its primary view."""
    first = replace(recording.primary, arenas=tuple(arenas))
    return replace(recording, views=(first, *recording.views[1:]))


def _table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=list(COLUMNS))
    return table.astype({"name": object, "what": object, "arena": object, "cm": float})


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()


def _free(word: str, taken: set[Any]) -> str:
    number = 1
    while f"{word} {number}" in taken:
        number += 1
    return f"{word} {number}"
