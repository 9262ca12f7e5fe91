"""Colours of labels: the same label has the same colour in every figure, panel and session.

The 24 colours were chosen offline so that they stay apart for readers with normal, red-blind,
green-blind and blue-blind sight (Machado, Oliveira and Fernandes 2009) and stand out from a white
page as well as from a dark viewer. The first seven are those of Okabe and Ito (2008) without black.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from math import dist

__all__ = ["COLOURS", "NOISE_COLOUR", "label_colour", "palette"]

#: Colours for labels, best separated first.
COLOURS = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#910d4a",
    "#360de3", "#9169f7", "#73179c", "#915436", "#87f7a6", "#ba2b87", "#87ba87", "#d921cf",
    "#0de37d", "#2b6973", "#7d91f7", "#d9c44a", "#694a0d", "#7d36f7", "#9cc4f7", "#baede3",
)  # fmt: skip

#: Colour of what belongs nowhere: noise of a clustering, windows that cannot be told.
NOISE_COLOUR = "#c8c8c8"

# Behaviours that most ethograms have keep the best colours, under every usual name.
_RESERVED = {
    word: slot
    for slot, words in enumerate(
        (
            "walking walk locomotion moving move ambulation",
            "still standing immobile immobility resting rest stationary quiet pause sleeping",
            "turning turn rotating rotation",
            "grooming groom licking self-grooming",
            "running run trotting darting",
            "rearing rear supported-rearing unsupported-rearing upright",
            "sniffing sniff exploring exploration investigating head-scanning moving-in-place",
            "freezing freeze",
        )
    )
    for word in words.split()
}
_N_RESERVED = 8
#: Colours nearer than this in OKLab are hard to tell apart side by side.
_APART = 0.06
_NOISE = {"", "-1", "noise", "none", "na", "unknown", "unsure", "unclear", "unlabelled", "other"}


def label_colour(label: str) -> str:
    """Return the colour a label has when nothing else competes for it.

    Parameters
    ----------
    label : str
        Name of a behaviour or cluster; case, spaces and underscores do not matter.

    Returns
    -------
    str
        ``"#rrggbb"``, the same on every machine. Two labels can share one: colour a set of labels
        with :func:`palette`.

    Examples
    --------
    >>> label_colour("walking") == label_colour("Walking")
    True
    """
    if _plain(label) in _NOISE:
        return NOISE_COLOUR
    return COLOURS[next(_preferences(label))]


def palette(labels: Iterable[str], kept: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return one colour for each label of a set, no two alike.

    Every label takes its own colour (:func:`label_colour`). Of those that want the same one, the
    plainest name gets it ("walking" before "walking, fast"), kinds of a known behaviour take
    lighter or darker shades of it, and others move to a free colour. So the order of the labels
    does not matter, and a new label changes few of the others.

    Parameters
    ----------
    labels : iterable of str
        Names; repeated ones count once. Beyond 24 the colours come back lighter and darker, still
        unequal up to 120.
    kept : mapping of str to str, optional
        Colours that labels have already: they stay, and nobody else gets them.

    Returns
    -------
    dict of str to str
        Label to ``"#rrggbb"``, sorted by label.
    """
    names = sorted(set(labels))
    colours = dict(kept or {})
    taken = {colour: _oklab(colour) for colour in colours.values()}
    new = [name for name in names if name not in colours]
    for name in sorted(new, key=lambda name: (_rank(_plain(name)), name)):
        free = [colour for colour in _wishes(name) if colour not in taken]
        apart = (c for c in free if all(dist(_oklab(c), t) > _APART for t in taken.values()))
        colour = next(apart, free[0] if free else COLOURS[0])
        colours[name] = colour
        taken[colour] = _oklab(colour)
    return {name: colours[name] for name in names}


def _plain(label: str) -> str:
    return "-".join(str(label).lower().replace("_", " ").split())


def _known(plain: str) -> str:
    """Return the longest known behaviour a name begins with, empty when there is none."""
    begins = (
        word
        for word in _RESERVED
        if plain.startswith(word) and not plain[len(word) : len(word) + 1].isalpha()
    )
    return max(begins, key=len, default="")


def _rank(plain: str) -> int:
    """0 for a well-known behaviour, 1 for a kind of one, 2 for any other name."""
    known = _known(plain)
    return 2 if not known else int(known != plain)


def _preferences(label: str) -> Iterator[int]:
    """Slots in the order this label would take them: its own, the free ones, the reserved ones."""
    plain = _plain(label)
    if _known(plain):
        yield _RESERVED[_known(plain)]
    number = int.from_bytes(hashlib.blake2b(plain.encode(), digest_size=8).digest(), "big")
    free = len(COLOURS) - _N_RESERVED
    # An odd step on a ring of 16 visits every slot once, and each label goes its own way.
    step = 1 + number // free % (free - 1) | 1
    yield from (_N_RESERVED + (number + i * step) % free for i in range(free))
    yield from ((number + i) % _N_RESERVED for i in range(_N_RESERVED))


def _wishes(label: str) -> Iterator[str]:
    """Colours in the order this label would take them."""
    plain = _plain(label)
    if plain in _NOISE:
        yield NOISE_COLOUR
    if _rank(plain) == 1:
        own = COLOURS[next(_preferences(label))]
        yield from (_shaded(own, amount) for amount in (0.0, 0.4, -0.35, 0.68))
    for shade in (0.0, 0.45, -0.3, 0.7, -0.5):
        for slot in _preferences(label):
            yield _shaded(COLOURS[slot], shade)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _shaded(colour: str, amount: float) -> str:
    """Mix a colour with white (positive) or black (negative)."""
    target = 255 if amount > 0 else 0
    mixed = (round(part + (target - part) * abs(amount)) for part in _channels(colour))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _oklab(colour: str) -> tuple[float, float, float]:
    """Return OKLab coordinates, in which distance is what the eye sees (Ottosson 2020)."""
    srgb = (part / 255 for part in _channels(colour))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in srgb)
    long = (0.41222147 * r + 0.53633254 * g + 0.05144599 * b) ** (1 / 3)
    middle = (0.21190350 * r + 0.68069955 * g + 0.10739696 * b) ** (1 / 3)
    short = (0.08830246 * r + 0.28171884 * g + 0.62997870 * b) ** (1 / 3)
    return (
        0.21045426 * long + 0.79361779 * middle - 0.00407205 * short,
        1.97799850 * long - 2.42859221 * middle + 0.45059371 * short,
        0.02590404 * long + 0.78277177 * middle - 0.80867577 * short,
    )
