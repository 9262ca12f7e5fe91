"""Leaving words out of a text, for readers who may not know them."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["concealed", "tells"]

#: Shorter words are ordinary ones too, such as the name "1": only whole ones are left out.
_TELLING = 4


def concealed(text: str, words: Iterable[str]) -> str:
    """Return a text with ``...`` in place of words, whatever their case.

    Parameters
    ----------
    text : str
        For example the message of an error.
    words : iterable of str
        Names and paths. Those of less than four letters are left out only where they stand alone.

    Examples
    --------
    >>> concealed("/data/drugA_m1.mp4: found 1 picture", ["drugA_m1", "1"])
    '/data/....mp4: found ... picture'
    """
    found = _pattern(words)
    return text if found is None else found.sub("...", text)


def tells(text: str, words: Iterable[str]) -> bool:
    """Return whether a text has one of these words, as :func:`concealed` would leave it out."""
    found = _pattern(words)
    return found is not None and found.search(text) is not None


def _pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    # A path is left out before the name in it is.
    given = sorted({word for word in words if word.strip()}, key=len, reverse=True)
    if not given:
        return None
    parts = [
        re.escape(word) if len(word) >= _TELLING else rf"(?<!\w){re.escape(word)}(?!\w)"
        for word in given
    ]
    return re.compile("|".join(parts), re.IGNORECASE)
