"""Reading JSON as models write it: cut off, with single quotes, with commas too many or too few."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["Found", "objects_in"]

#: Deeper than any answer; keeps text full of brackets from exhausting the stack.
_DEEPEST = 12
#: Places where an object may begin that are looked at.
_MOST_STARTS = 40
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": " ", "f": " "}
_WORDS = {"true": True, "false": False, "null": None, "none": None, "nan": None}
_DONE = object()
#: What stands behind the end of a text: a bracket, a comma and the next entry, or only that entry.
_GOES_ON = re.compile(
    r"""\s*(?: [\]}] | //
           | , [\s,]* (?: ["'\u201c\u2018\]}\[{\d-] | $ | // | \w+\s*: | (?:true|false|null)\b )
           | ["'\u201c] [\w ]{1,30} ["'\u201d] \s* : )""",
    re.VERBOSE,
)

Found = tuple[dict[str, Any], bool]


def objects_in(text: str) -> list[Found]:
    """Return the JSON objects in a text, each with whether it had to be repaired.

    Objects inside others are not listed by themselves. Never raises.

    Examples
    --------
    >>> objects_in("Sure: {'head': 'up', 'keywords': ['a', 'b',]")
    [({'head': 'up', 'keywords': ['a', 'b']}, True)]
    """
    found: list[Found] = []
    decoder = json.JSONDecoder(strict=False)
    at, starts = text.find("{"), 0
    while at >= 0 and starts < _MOST_STARTS:
        starts += 1
        try:
            value, end = decoder.raw_decode(text, at)
            found.append((value, False))
        except (ValueError, RecursionError):
            value, end = _Reader(text, at).read()
            if value:
                found.append((value, True))
        at = text.find("{", max(end, at + 1))
    return found


class _Reader:
    """Reads one object and forgives what it can; the end of the text closes everything."""

    def __init__(self, text: str, at: int) -> None:
        self.text, self.at = text, at

    def read(self) -> tuple[dict[str, Any], int]:
        return self._object(0), self.at

    def _peek(self) -> str:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.text[self.at] if self.at < len(self.text) else ""

    def _value(self, depth: int, *, listed: bool = False) -> Any:
        first = self._peek()
        if first == "{" and depth < _DEEPEST:
            return self._object(depth + 1)
        if first == "[" and depth < _DEEPEST:
            return self._list(depth + 1)
        if first in _QUOTES:
            return self._quoted(listed=listed)
        return self._bare(",]}\n")

    def _object(self, depth: int) -> dict[str, Any]:
        self.at += 1
        found: dict[str, Any] = {}
        while True:
            first = self._peek()
            if first in ("", "}", "]"):
                self.at += first == "}"
                return found
            if first in ",:":
                self.at += 1
                continue
            if self.text.startswith("//", self.at):
                self._comment()
                continue
            key = self._quoted(key=True) if first in _QUOTES else self._bare(":,}\n")
            if self._peek() != ":":
                # A key that was cut off, or words between two entries.
                continue
            self.at += 1
            value = self._value(depth) if self._peek() not in (",", "}") else None
            if value is not _DONE:
                found[str(key)] = value

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = end if end >= 0 else len(self.text)

    def _list(self, depth: int) -> list[Any]:
        self.at += 1
        found: list[Any] = []
        while True:
            first = self._peek()
            if first in ("", "]", "}"):
                self.at += first == "]"
                return found
            if first in ",:":
                self.at += 1
                continue
            before = self.at
            value = self._value(depth, listed=True)
            if value is not _DONE:
                found.append(value)
            self.at += self.at == before

    def _quoted(self, *, key: bool = False, listed: bool = False) -> str:
        """Read a text in quotes; one inside it ends it only where the text then goes on as JSON."""
        close = _QUOTES[self.text[self.at]]
        self.at += 1
        out: list[str] = []
        while self.at < len(self.text):
            letter = self.text[self.at]
            self.at += 1
            if letter == "\\" and self.at < len(self.text):
                out.append(self._escaped())
            elif letter == close and self._ends(key, listed):
                return "".join(out)
            else:
                out.append(letter)
        return "".join(out)

    def _ends(self, key: bool, listed: bool) -> bool:
        after = self.text[self.at : self.at + 80]
        if listed and after.lstrip()[:1] in _QUOTES:
            return True
        return key or not after.strip() or _GOES_ON.match(after) is not None

    def _escaped(self) -> str:
        letter = self.text[self.at]
        self.at += 1
        if letter == "u":
            digits = self.text[self.at : self.at + 4]
            try:
                made = chr(int(digits, 16))
            except ValueError:
                return letter
            self.at += 4
            return made
        return _ESCAPES.get(letter, letter)

    def _bare(self, ends: str) -> Any:
        """Read a word without quotes: a number, true, null, or a text."""
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in ends:
            self.at += 1
        word = self.text[start : self.at].strip()
        if not word:
            self.at += self.at == start and self.at < len(self.text)
            return _DONE
        if word.lower() in _WORDS:
            return _WORDS[word.lower()]
        try:
            return json.loads(word)
        except (ValueError, RecursionError):
            return word
