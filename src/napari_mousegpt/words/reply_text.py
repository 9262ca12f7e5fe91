"""What a model answered, taken apart: from JSON, from damaged JSON, from lines, else nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari_mousegpt.words.loose_json import Found, objects_in
from napari_mousegpt.words.sentences import NOT_VISIBLE

if TYPE_CHECKING:
    from napari_mousegpt.words.vocabulary import Vocabulary

__all__ = ["FIELDS", "parse_reply", "storable", "tidy"]

#: Parts of a description, as in the answers that MouseGPT gives, and the label.
FIELDS = ("overall", "head", "limb", "torso", "keywords", "label")
#: Other names that models give these parts.
_OTHER_NAMES = {
    "overall": ("description", "summary", "overview", "overallposture", "overallbehavior"),
    "head": ("headneck", "face"),
    "limb": ("limbs", "paws", "legs", "forelimbs", "extremities"),
    "torso": ("trunk", "body", "back"),
    "keywords": ("keyword", "tags", "words"),
    "label": ("labels", "behavior", "behaviour", "action", "category", "class"),
}
_PARTS = {name: part for part, names in _OTHER_NAMES.items() for name in (part, *names)}
_NOT_SEEN = {
    "not visible", "notvisible", "invisible", "not seen", "cannot be seen", "occluded", "hidden",
    "n/a", "na",
}  # fmt: skip
_NOTHING = {"", "none", "null", "unknown", "unclear", "cannot tell", "nothing", "nan"}
#: Longer answers are cut before they are looked into; the raw text is kept whole elsewhere.
_LONGEST = 100_000
_LONGEST_PART = 1000
_THOUGHT = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
_LINE = re.compile(r"^[\s>*#\-\d.]*([A-Za-z][A-Za-z ]{2,20}?)[*_ ]*[:=][*_]*[ \t]*(\S.*)$")
_ENTRY = re.compile(r"""["'][A-Za-z ]{3,20}["']\s*:""")
_BETWEEN_KEYWORDS = re.compile(r"[;,|\n\u2022]+")


def parse_reply(text: str, vocabulary: Vocabulary | None = None) -> tuple[dict[str, str], str]:
    r"""Read the parts of a description from an answer.

    Parameters
    ----------
    text : str
        Whatever a model wrote.
    vocabulary : Vocabulary, optional
        The labels to choose from.

    Returns
    -------
    values : dict of str to str
        Those of :data:`FIELDS` that were found; keywords are joined by semicolons. Empty when
        nothing could be read. Numbers that a model writes for its confidence are no part of it.
    problem : str
        What was repaired or is odd, in words; empty for a clean answer.

    Notes
    -----
    A label outside the vocabulary that is no synonym either is kept as it is, and told. Never
    raises, whatever the text.

    Examples
    --------
    >>> parse_reply('{"overall": "Rears.", "head": "not visible", "label": "rearing"}')
    ({'overall': 'Rears.', 'head': 'not visible', 'label': 'rearing'}, '')
    >>> parse_reply("```json\n{'Keywords': 'up, wall',}\n```")
    ({'keywords': 'up;wall'}, 'JSON was repaired')
    """
    read, problems = _parts(_without_thoughts(text[:_LONGEST]))
    values: dict[str, str] = {}
    for name in FIELDS:
        if name not in read:
            continue
        value, kind = _as_text(name, read[name])
        if kind:
            problems.append(f"{name} was {kind}")
        if name == "keywords":
            value = _keywords(value)
        elif name == "label":
            value = _label(value, vocabulary, problems)
        elif _folded(value) in _NOT_SEEN:
            value = NOT_VISIBLE
        elif _folded(value) in _NOTHING:
            value = ""
        if len(value) > _LONGEST_PART:
            value = value[:_LONGEST_PART].rsplit(" ", 1)[0]
            problems.append(f"{name} was shortened")
        if value or name == "label":
            values[name] = value
    if not any(values.values()) and not (set(values) == {"label"} and not problems):
        return {}, "; ".join(problems) or "no part of a description in the answer"
    return values, "; ".join(problems)


def _stands_for_nothing(label: str) -> bool:
    """Return whether a label that a model wrote says that there is none."""
    return _folded(label) in _NOTHING | _NOT_SEEN


def tidy(text: str) -> str:
    """Return a text in one line, without characters that are not printed."""
    kept = (
        letter if letter == " " or unicodedata.category(letter)[0] != "C" else " "
        for letter in " ".join(text.split())
    )
    return " ".join("".join(kept).split())[:_LONGEST_PART]


def storable(text: str) -> str:
    """Return a text that can be written in UTF-8: halves of characters become ``?``."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _without_thoughts(text: str) -> str:
    """Return what stands outside the marks of thinking aloud; a mark that never ends hides nothing.

    Mark by mark: one pattern for a whole thought takes seconds on a text full of beginnings.
    """
    kept, after, begun = [], 0, -1
    for mark in _THOUGHT.finditer(text):
        if not mark.group(1):
            begun = mark.start() if begun < 0 else begun
        elif begun >= 0:
            kept.append(text[after:begun])
            after, begun = mark.end(), -1
    return " ".join([*kept, text[after:]])


def _parts(text: str) -> tuple[dict[str, Any], list[str]]:
    """Return the parts by their names, as they stand in the answer, and what was odd."""
    found = objects_in(text)
    entry = None if found else _ENTRY.search(text)
    if entry:
        # Some servers leave out the bracket that they have put before the answer themselves.
        found = [(entries, True) for entries, _ in objects_in("{" + text[entry.start() :])]
    answers = [(known, repaired) for known, repaired in map(_named, found) if known]
    if answers:
        most = max(len(known) for known, _ in answers)
        best = [answer for answer in answers if len(answer[0]) == most]
        problems = ["JSON was repaired"] if best[-1][1] else []
        if len(best) > 1:
            problems.append(f"the last of {len(best)} answers was taken")
        return best[-1][0], problems
    lines = _from_lines(text)
    return lines, ["read from lines, not from JSON"] if lines else []


def _named(found: Found) -> Found:
    """Return the parts in an object; none in a schema that was only repeated."""
    values, repaired = found
    return ({} if {"properties", "type"} <= set(values) else _known(values)), repaired


def _known(found: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    """Return the parts in an object, or in the fullest of the objects inside it."""
    here: dict[str, Any] = {}
    for key, value in found.items():
        part = _part(str(key))
        # The plain name goes before others: a "body" beside a "torso" is not the torso.
        if part and (part not in here or str(key).strip().lower() == part):
            here[part] = value
    if all(isinstance(value, dict) for value in here.values()) and depth < 3:
        inner = [value for value in found.values() if isinstance(value, dict)]
        inner += [
            item
            for value in found.values()
            if isinstance(value, list)
            for item in value
            if isinstance(item, dict)
        ]
        deeper = [_known(value, depth + 1) for value in inner]
        return max([here, *deeper], key=len) if deeper else here
    return here


def _from_lines(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in text.splitlines():
        match = _LINE.match(line[:2000])
        part = _part(match.group(1)) if match else ""
        if match and part:
            found.setdefault(part, match.group(2).strip(" *_"))
    return found


def _part(key: str) -> str:
    return _PARTS.get(re.sub(r"[\W_]+", "", key).lower(), "")


def _as_text(name: str, value: Any) -> tuple[str, str]:
    """Return a value as text, and what it was where it should have been something else."""
    if value is None:
        return "", ""
    if isinstance(value, str):
        return value if name == "keywords" else tidy(value), ""
    if isinstance(value, list):
        texts = [_as_text(name, item)[0] for item in value]
        joined = "; ".join(text for text in texts if text)
        return joined if name == "keywords" else tidy(
            joined
        ), "" if name == "keywords" else "a list"
    if isinstance(value, dict):
        pairs = ((str(key), _as_text(name, item)[0]) for key, item in value.items())
        return tidy(", ".join(f"{key}: {text}" for key, text in pairs if text)), "an object"
    return tidy(str(value)), "true or false" if isinstance(value, bool) else "a number"


def _keywords(text: str) -> str:
    words = (tidy(word).strip(" .\"'*-") for word in _BETWEEN_KEYWORDS.split(text))
    return ";".join(dict.fromkeys(word for word in words if word and _folded(word) != "none"))


def _label(text: str, vocabulary: Vocabulary | None, problems: list[str]) -> str:
    if vocabulary is not None:
        label = vocabulary.match(text)
        if label or _stands_for_nothing(text):
            return label
        problems.append(f"label {text[:60]!r} is not in the vocabulary")
        return text
    if _stands_for_nothing(text):
        return ""
    if len(text.split()) > 6:
        problems.append("the label is a sentence")
    return text.strip(" .\"'*`") if text.strip(" .\"'*`") else text


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split()).strip(" .!\"'*`()[]")
