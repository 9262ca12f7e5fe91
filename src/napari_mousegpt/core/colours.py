"""Colours of labels: the same label has the same colour in every figure, panel and session.

The 24 colours were chosen offline so that they stay apart for readers with normal, red-blind,
green-blind and blue-blind sight (Machado, Oliveira and Fernandes 2009) and stand out from a white
page as well as from a dark viewer. The first seven are those of Okabe and Ito (2008) without black.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

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
            "sniffing sniff exploring exploration investigating head-scanning",
            "freezing freeze",
        )
    )
    for word in words.split()
}
_N_RESERVED = 8
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


def palette(labels: Iterable[str]) -> dict[str, str]:
    """Return one colour for each label of a set, no two alike.

    Every label takes its own colour (:func:`label_colour`); of those that want the same one the
    first by alphabet gets it and the others move to a free one. So the order of the labels does
    not matter, and a new label changes few of the others.

    Parameters
    ----------
    labels : iterable of str
        Names; repeated ones count once. Beyond 24 the colours come back lighter and darker, still
        unequal up to 120.

    Returns
    -------
    dict of str to str
        Label to ``"#rrggbb"``, sorted by label.
    """
    names = sorted(set(labels))
    colours: dict[str, str] = {}
    taken: set[str] = set()
    # "walking" chooses before "walking fast", and both before names nobody knows.
    for name in sorted(names, key=lambda name: (_rank(_plain(name)), name)):
        if _plain(name) in _NOISE and NOISE_COLOUR not in taken:
            colour = NOISE_COLOUR
        else:
            colour = next((c for c in _wishes(name) if c not in taken), COLOURS[0])
        colours[name] = colour
        taken.add(colour)
    return {name: colours[name] for name in names}


def _plain(label: str) -> str:
    return "-".join(str(label).lower().replace("_", " ").split())


def _first_word(plain: str) -> str:
    return re.split(r"[^a-z]+", plain, maxsplit=1)[0]


def _rank(plain: str) -> int:
    """0 for a well-known behaviour, 1 for a kind of one, 2 for any other name."""
    if plain in _RESERVED:
        return 0
    return 1 if _first_word(plain) in _RESERVED else 2


def _preferences(label: str) -> Iterator[int]:
    """Slots in the order this label would take them: its own, the free ones, the reserved ones."""
    plain = _plain(label)
    if _rank(plain) < 2:
        yield _RESERVED.get(plain, _RESERVED.get(_first_word(plain), 0))
    number = int.from_bytes(hashlib.blake2b(plain.encode(), digest_size=8).digest(), "big")
    free = len(COLOURS) - _N_RESERVED
    # An odd step on a ring of 16 visits every slot once, and each label goes its own way.
    step = 1 + number // free % (free - 1) | 1
    yield from (_N_RESERVED + (number + i * step) % free for i in range(free))
    yield from ((number + i) % _N_RESERVED for i in range(_N_RESERVED))


def _wishes(label: str) -> Iterator[str]:
    for shade in (0.0, 0.45, -0.35, 0.7, -0.6):
        for slot in _preferences(label):
            yield _shaded(COLOURS[slot], shade)


def _shaded(colour: str, amount: float) -> str:
    """Mix a colour with white (positive) or black (negative)."""
    target = 255 if amount > 0 else 0
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part + (target - part) * abs(amount)):02x}" for part in parts)
