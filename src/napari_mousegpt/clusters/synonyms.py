"""Which words mean the same behaviour: a small table of ethology that users may add to."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from napari_mousegpt.clusters.text_terms import Token, spoken_words
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.errors import FormatError, InputError

__all__ = ["Meaning", "Synonyms", "load_synonyms"]

_LONGEST = 4
_CLOSE = 0.84
#: Words that a message lists may be less alike: a person chooses.
_NEAR = 0.6
#: Shorter words are too often spelled like another one ("top" and "stop").
_SPELLED = 5
_FORM = 'tables such as [rearing] with words = ["upright", "on hind leg"]'


@dataclass(frozen=True)
class Meaning:
    """A phrase of a text that means one or more behaviours.

    Parameters
    ----------
    said : str
        The phrase as it is written.
    concepts : tuple of str
        Names of the behaviours.
    stems : tuple of str
        Stems of its words.
    """

    said: str
    concepts: tuple[str, ...]
    stems: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Synonyms:
    """Behaviours and the words that mean them.

    Parameters
    ----------
    concepts : mapping of str to tuple of str
        Words and phrases of each behaviour; its name always means it.

    Examples
    --------
    >>> found = Synonyms({"rearing": ("upright",)})
    >>> [one.concepts for one in found.meanings(spoken_words("It stands upright."))]
    [('rearing',)]
    """

    concepts: Mapping[str, tuple[str, ...]]

    @property
    def id(self) -> str:
        """Hash of the table, 16 hexadecimal characters."""
        return digest({name: list(words) for name, words in self.concepts.items()})

    def meanings(self, tokens: Sequence[Token]) -> list[Meaning]:
        """Return what the words of a text mean; of phrases within each other the longest counts."""
        found = []
        at = 0
        while at < len(tokens):
            for size in range(min(_LONGEST, len(tokens) - at), 0, -1):
                part = tokens[at : at + size]
                stems = tuple(token.stem for token in part)
                if stems in self._phrases:
                    said = " ".join(token.word for token in part)
                    found.append(Meaning(said, self._phrases[stems], stems))
                    at += size - 1
                    break
            at += 1
        return found

    def close_to(self, token: Token, known: Iterable[str]) -> str:
        """Return the stem of the table or of ``known`` that is spelled most alike, or ''.

        Where no stem is close, whole words of the table are tried: "groming" has a short stem.
        """
        single = (stems[0] for stems in self._phrases if len(stems) == 1)
        for text, others in ((token.stem, (*known, *single)), (token.word, self.words)):
            if len(text) >= _SPELLED:
                near = difflib.get_close_matches(text, others, n=1, cutoff=_CLOSE)
                if near:
                    return str(near[0])
        return ""

    def near_words(self, word: str, known: Iterable[str], n: int = 3) -> list[str]:
        """Return words of the table or of ``known`` that are spelled like a word, nearest first."""
        others = sorted({*known, *self.words} - {word})
        return difflib.get_close_matches(word.lower(), others, n=n, cutoff=_NEAR)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Single words of the table, as they are written."""
        told = (text for name, words in self.concepts.items() for text in (name, *words))
        return tuple(dict.fromkeys(text for text in told if " " not in text))

    @cached_property
    def _phrases(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        phrases: dict[tuple[str, ...], tuple[str, ...]] = {}
        for name, words in self.concepts.items():
            for text in (name, *words):
                stems = tuple(token.stem for token in spoken_words(text))
                if stems:
                    phrases[stems] = tuple(dict.fromkeys((*phrases.get(stems, ()), name)))
        return phrases


def load_synonyms(path: str | os.PathLike[str] | None = None) -> Synonyms:
    """Read the table of synonyms, and that of the user on top of it.

    Parameters
    ----------
    path : path-like, optional
        TOML file of the user, see ``clusters/synonyms.toml``. Its words are added to those of the
        same behaviour; with ``replace = true`` they take their place.

    Raises
    ------
    InputError
        When there is no such file.
    FormatError
        When it is no such table.
    """
    text = resources.files(__package__).joinpath("synonyms.toml").read_text(encoding="utf-8")
    concepts = _read(text, "synonyms.toml")
    found = {name: words for name, (words, _) in concepts.items()}
    if path is not None:
        try:
            own = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                path, expected=f"a text file with {_FORM}", found=str(error)
            ) from error
        for name, (words, replaces) in _read(own, path).items():
            found[name] = words if replaces else (*found.get(name, ()), *words)
    return Synonyms(found)


def _read(text: str, subject: object) -> dict[str, tuple[tuple[str, ...], bool]]:
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormatError(subject, expected=_FORM, found=str(error)) from error
    found = {}
    for name, table in tables.items():
        words = table.get("words") if isinstance(table, dict) else None
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise FormatError(subject, expected=_FORM, found=f"{name!r} without a list of words")
        unknown = sorted(set(table) - {"words", "replace"})
        if unknown:
            raise FormatError(
                subject, expected="words and replace", found=f"{', '.join(unknown)} in [{name}]"
            )
        found[name] = (tuple(words), bool(table.get("replace", False)))
    return found
