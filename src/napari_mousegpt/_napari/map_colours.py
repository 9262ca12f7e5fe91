"""What points of a map are coloured by, and what the colours are called. No window is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_mousegpt._napari.map_points import MapPoints
from napari_mousegpt._napari.timeline.theme import parsed
from napari_mousegpt.core.colours import NOISE_COLOUR
from napari_mousegpt.core.ethogram import Ethogram

__all__ = [
    "NO_LABEL",
    "NO_VALUE",
    "Colouring",
    "by_behaviour",
    "by_fact",
    "by_label",
    "by_score",
    "score_colour",
]

#: Called so where nobody has marked anything, and where the study table says nothing.
NO_LABEL, NO_VALUE = "not labelled", "not known"
#: Colours of a score from low to high: seen on a dark ground as well as on a light one.
_RAMP = ("#3f7fbf", "#8a86b8", "#c9797a", "#e0442e")
_STEPS = 64

#: Gives colours to names.
Palette = Callable[[Iterable[str]], Mapping[str, str]]


@dataclass(frozen=True, eq=False)
class Colouring:
    """A colour for each point.

    Parameters
    ----------
    names : tuple of str
        What the codes are called; empty for a score.
    colours : tuple of str
        ``"#rrggbb"`` of each code.
    codes : ndarray of uint16, shape (n,)
        One for each point.
    limits : (float, float), optional
        Lowest and highest score; None for names.
    """

    names: tuple[str, ...]
    colours: tuple[str, ...]
    codes: NDArray[np.uint16]
    limits: tuple[float, float] | None = None

    def table(self) -> NDArray[np.uint8]:
        """Return the colours as numbers, shape (k, 3)."""
        return np.asarray([parsed(colour) for colour in self.colours], dtype=np.uint8)

    def counts(self) -> dict[str, int]:
        """Return how many points each name has, the most frequent first."""
        number = np.bincount(self.codes, minlength=len(self.colours))
        order = np.argsort(-number[: len(self.names)], kind="stable")
        return {self.names[i]: int(number[i]) for i in order if number[i]}


def by_behaviour(
    shown: NDArray[np.integer], names: Mapping[int, str], noise: str, palette: Palette
) -> Colouring:
    """Colour by behaviour.

    Parameters
    ----------
    shown : ndarray of int, shape (n,)
        Behaviour of each point, -1 for none.
    names : mapping of int to str
        What each is called now.
    noise : str
        What no behaviour is called.
    palette : callable
        Gives colours to names: what is renamed gets the colour of its new name, as everywhere.
    """
    ids = sorted(names)
    colours = palette([names[one] for one in ids])
    codes = np.searchsorted(np.asarray(ids, dtype=np.int64), shown) if ids else shown * 0
    codes = np.where(shown < 0, len(ids), codes)
    return Colouring(
        (*(names[one] for one in ids), noise),
        (*(colours[names[one]] for one in ids), NOISE_COLOUR),
        codes.astype(np.uint16),
    )


def by_fact(points: MapPoints, column: str, palette: Palette) -> Colouring:
    """Colour by recording, by individual, or by a column of the study table."""
    if column == "recording":
        return _named(points.recordings, points.recording, palette)
    if column == "individual":
        who = [name or "the animal" for name in points.individuals]
        return _named(who, points.individual, palette)
    known = points.facts.get(column, {})
    values = [known.get(name, "") or NO_VALUE for name in points.recordings]
    return _named(values, points.recording, palette)


def by_label(points: MapPoints, ethograms: Mapping[str, Ethogram], palette: Palette) -> Colouring:
    """Colour by what people have marked in the middle of each point.

    Parameters
    ----------
    points : MapPoints
    ethograms : mapping of str to Ethogram
        Bouts of the recordings that are open; rejected ones do not count.
    palette : callable
        Gives colours to names.
    """
    said = np.full(len(points), NO_LABEL, dtype=object)
    middle = (points.start + points.stop - 1) // 2
    for name, ethogram in ethograms.items():
        if name not in points.recordings:
            continue
        mine = np.flatnonzero(points.recording == points.recordings.index(name))
        table = ethogram.bouts.to_pandas()
        table = table[table["source"].isin(["human", "import"]) & (table["status"] != "rejected")]
        for who, bouts in table.groupby("individual", sort=True):
            rows = mine
            if who in points.individuals and len(points.individuals) > 1:
                rows = mine[points.individual[mine] == points.individuals.index(str(who))]
            rows = rows[np.argsort(middle[rows], kind="stable")]
            first = np.searchsorted(middle[rows], bouts["start"].to_numpy())
            last = np.searchsorted(middle[rows], bouts["stop"].to_numpy())
            for begin, end, label in zip(first, last, bouts["label"], strict=True):
                said[rows[begin:end]] = label
    codes, names = pd.factorize(said, sort=True)
    return _named([str(one) for one in names], codes, palette)


def by_score(values: NDArray[np.floating]) -> Colouring:
    """Colour by a number; points without one (NaN) are grey.

    The scale ends with the lowest and highest hundredth, so that a few odd ones do not take all.
    """
    known = values[np.isfinite(values)]
    low, high = (0.0, 1.0) if not known.size else np.quantile(known, (0.01, 0.99))
    wide = max(float(high) - float(low), 1e-12)
    with np.errstate(invalid="ignore"):
        step = np.clip((values - low) / wide, 0, 1) * (_STEPS - 1)
    codes = np.where(np.isfinite(values), np.nan_to_num(step).round(), _STEPS)
    ramp = tuple(score_colour(share) for share in np.linspace(0, 1, _STEPS))
    return Colouring((), (*ramp, NOISE_COLOUR), codes.astype(np.uint16), (float(low), float(high)))


def score_colour(share: float) -> str:
    """Return the colour of a score, 0 for the lowest to 1 for the highest."""
    anchors = np.asarray([parsed(colour) for colour in _RAMP], dtype=np.float64)
    places = np.linspace(0, 1, len(anchors))
    mixed = [round(float(np.interp(share, places, anchors[:, channel]))) for channel in range(3)]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _named(names: Sequence[str], of_point: NDArray[np.integer], palette: Palette) -> Colouring:
    """Colour points by the names that numbers stand for; equal names are one."""
    kinds = sorted(set(names))
    colours = dict(palette([name for name in kinds if name not in (NO_LABEL, NO_VALUE)]))
    codes = np.asarray([kinds.index(name) for name in names], dtype=np.uint16)
    shades = tuple(colours.get(name, NOISE_COLOUR) for name in kinds)
    return Colouring(tuple(kinds), shades, codes[of_point] if len(codes) else codes)
