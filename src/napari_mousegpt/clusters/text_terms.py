"""From text to terms: words without their endings, and the behaviours that phrases mean."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["SMALL_WORDS", "Token", "spoken_words", "stem", "without_numbers"]

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?\s*%?(?:\s*(?:BL/s|BL|deg/s|deg|cm/s|cm|mm|s)\b)?")
#: Left out everywhere: they would part the words of a phrase.
_DROPPED = frozenset(
    _WORD.findall(
        "a an the its it his her their this that is are be been being was were has have had mouse "
        "mice animal animals rodent subject"
    )
)
#: Say nothing by themselves, but may be a part of a phrase ("on hind legs").
SMALL_WORDS = frozenset(
    _WORD.findall(
        "on in at of to by for from with and or as into onto over while when then which what who "
        "where find show me all any some very there again one other another something like about "
        "itself up down does do did not no but so each both than seems appears shown visible "
        "behaviour behavior bout bouts moment moments time times during before after deg"
    )
)
_IRREGULAR = {
    "ate": "eat",
    "bitten": "bite",
    "drank": "drink",
    "drunk": "drink",
    "dug": "dig",
    "feet": "foot",
    "fought": "fight",
    "froze": "freeze",
    "frozen": "freeze",
    "held": "hold",
    "hung": "hang",
    "laid": "lie",
    "lying": "lie",
    "ran": "run",
    "risen": "rise",
    "rose": "rise",
    "sat": "sit",
    "slept": "sleep",
    "stood": "stand",
    "went": "go",
}
_VOWELS = frozenset("aeiouy")
_KEEP_DOUBLE = frozenset("flsz")


class Token(NamedTuple):
    """One word of a text: as it is written, its stem, and whether it counts by itself."""

    word: str
    stem: str
    small: bool


def without_numbers(text: str) -> str:
    """Return a sentence without its numbers, so that sentences that say the same are the same.

    Examples
    --------
    >>> without_numbers("Walks fast (1.62 BL/s), turning left by 40 deg.")
    'Walks fast ( ), turning left by  .'
    """
    return _NUMBER.sub(" ", text)


def spoken_words(text: str) -> list[Token]:
    """Return the words of a text in order, articles and "mouse" left out.

    Examples
    --------
    >>> [token.stem for token in spoken_words("The mouse rears on its hind legs.")]
    ['rear', 'on', 'hind', 'leg']
    """
    words = (found.group().removesuffix("'s") for found in _WORD.finditer(text.lower()))
    return [Token(word, stem(word), word in SMALL_WORDS) for word in words if word not in _DROPPED]


def stem(word: str) -> str:
    """Return a lower-case word without the endings of number, tense and manner.

    Examples
    --------
    >>> [stem(word) for word in ("walks", "digging", "freezes", "carries", "quickly", "rose")]
    ['walk', 'dig', 'freez', 'carri', 'quick', 'ris']
    """
    word = _IRREGULAR.get(word, word)
    if len(word) > 4 and word.endswith("ies"):
        word = f"{word[:-3]}y"
    elif len(word) > 3 and word.endswith(("sses", "ches", "shes", "xes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        body = word.removesuffix(ending)
        if body != word and len(body) > 2 and _VOWELS & set(body):
            doubled = body[-1] == body[-2] and body[-1] not in _KEEP_DOUBLE
            word = body[:-1] if doubled else body
            break
    if len(word) > 4 and word.endswith("ly"):
        word = word[:-2]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 2 and word.endswith("y") and word[-2] not in _VOWELS:
        word = f"{word[:-1]}i"
    return word
