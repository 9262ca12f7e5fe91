"""Keeping prompts blind: nothing that tells whose recording this is goes to a model unasked.

A model that reads "gabapentin" describes what it expects of gabapentin. So group, treatment, dose,
day, animal, and the names of files are looked for in everything that is sent.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

from napari_mousegpt.core.concealing import tells
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.study import Study
from napari_mousegpt.core.study_checks import FILE_ROLES
from napari_mousegpt.errors import InputError
from napari_mousegpt.words.prompt_facts import FACTS_WORDS
from napari_mousegpt.words.prompt_safety import prompt_text
from napari_mousegpt.words.prompts import REPLY, load_prompt, prompt_names, render

if TYPE_CHECKING:
    from napari_mousegpt.models.asks import Ask

__all__ = ["Told", "check_ask", "check_texts", "leaks", "study_words", "told_words"]

#: Names of folders that everybody uses; they tell nothing.
_PLAIN_FOLDERS = {"video", "videos", "movie", "movies", "data", "raw", "pose", "poses", "clips"}
#: What looks like the path of a file.
_PATH = re.compile(r"[/\\]|\.\w{2,5}$")
#: Cells of up to this many words are told word by word as well, longer ones only whole: a note is
#: made of ordinary words.
_SHORT_CELL = 4
#: These are told word by word however long they are: "vehicle (0.9% saline, ip, 10 ml/kg)".
_OF_GROUPS = {"group", "treatment", "dose", "genotype", "strain"}
#: Shorter pieces of a cell are too ordinary by themselves, but for abbreviations: CFA, WT, cKO.
_LEAST_PIECE = 4
#: How the files of a recording were opened: a table in its metadata.
_OPENING = "opening"
#: These stand before the name of a column in any text: "a group".
_ARTICLES = {"a", "an", "the", "one", "no", "each", "this", "that", "of"}
_NUMBER = re.compile(r"[-+]?[\d.,:]+")
_BLANK_CELLS = {"", "nan", "none", "nat", "<na>"}


@dataclass(frozen=True)
class Told:
    """A word that would tell something about a recording.

    Parameters
    ----------
    word : str
    column : str
        Where it is from: a column of the study, ``"recording"``, ``"file"`` or ``"folder"``.
    beside : bool
        Whether it is so ordinary, a number or a word of the built-in prompts, that it tells
        something only next to the name of its column, as in "group left" or "dose: 3".
    """

    word: str
    column: str
    beside: bool = False

    def found_in(self, text: str) -> bool:
        """Return whether a text tells this word, however it is spaced or cased."""
        plain, word = _plain(text), _plain(self.word)
        if not self.beside:
            return tells(plain, [word])
        word = re.escape(word)
        column = re.escape(_plain(self.column))
        gap = r"[\s:=#\"'(-]{1,4}(?:is\s|was\s|no\.?\s)?"
        between = rf"\b{column}{gap}{word}(?!\w)"
        if self.word.casefold() not in _ARTICLES:
            between += rf"|(?<!\w){word}[\s-]{{1,2}}{column}\b"
        return re.search(between, plain, re.IGNORECASE) is not None


def told_words(
    recording: Recording, study_row: Mapping[str, Any] | None = None
) -> tuple[Told, ...]:
    """Return the words that would tell whose recording this is.

    Parameters
    ----------
    recording : Recording
        Its id, its metadata, and names, paths and nearest folders of its files count.
    study_row : mapping, optional
        Its row of the study table; every cell counts, also of columns of a lab's own.
    """
    words = _Words()
    words.add("recording", recording.id)
    for individual in recording.individuals:
        words.add("individual", individual)
    for view in recording.views:
        for path in view.sources.values():
            words.add_path(str(path))
        for value in (view.pose.attrs if view.pose is not None else {}).values():
            if isinstance(value, str) and _PATH.search(value):
                words.add_path(value)
    for row in (recording.metadata, study_row or {}):
        for column, value in row.items():
            words.add_cell(str(column), value)
    return words.told()


def study_words(study: Study) -> tuple[Told, ...]:
    """Return the words that would tell whose recording one of a study is, for all its rows."""
    words = _Words()
    for row in study:
        for column, value in row.items():
            words.add_cell(column, value)
    return words.told()


def leaks(text: str, told: Iterable[Told], allow: Collection[str] = ()) -> tuple[Told, ...]:
    """Return the words that a text tells, but for those that are allowed.

    Parameters
    ----------
    text : str
    told : iterable of Told
    allow : collection of str
        Columns or words that may be told.
    """
    looked_for = [word for word in told if not _allowed(word, allow)]
    # One look for most of them, as nearly always there is nothing.
    anything = tells(_plain(text), [_plain(word.word) for word in looked_for if not word.beside])
    return tuple(word for word in looked_for if (anything or word.beside) and word.found_in(text))


def check_texts(
    texts: Mapping[str, str], told: Iterable[Told], allow: Collection[str] = ()
) -> None:
    """Make sure that texts tell nothing about a recording.

    Parameters
    ----------
    texts : mapping of str to str
        By what they are, for the message: ``"the question"``.
    told, allow
        See :func:`leaks`.

    Raises
    ------
    InputError
        Naming the word, where it stands and where it is from.
    """
    words = tuple(told)
    for what, text in texts.items():
        found = leaks(text, words, allow)
        if found:
            # The longest says most: a path before the name in it.
            worst = max(found, key=lambda word: len(word.word))
            more = len(found) - 1
            raise InputError(
                what,
                expected="nothing about group, treatment, animal or files of the recording",
                found=f"{worst.word!r}, from {_origin(worst.column)}"
                + (f", and {more} more" if more else ""),
                remedy="Take it out, or allow it: a model that knows describes what it expects. "
                f"--allow {worst.column!r} (allow=[{worst.column!r}]) lets all of "
                f"{_origin(worst.column)} through.",
            )


def check_ask(ask: Ask, told: Iterable[Told], allow: Collection[str] = ()) -> None:
    """Make sure that a finished ask tells nothing about its recording.

    Raises
    ------
    InputError
        See :func:`check_texts`.
    """
    captions = {
        f"the words of example {number}": text for number, text in enumerate(ask.captions, start=1)
    }
    texts = {"the system text of the prompt": ask.system, "the text of the prompt": ask.text}
    check_texts({**texts, **captions}, told, allow)


def _allowed(word: Told, allow: Collection[str]) -> bool:
    known = {str(name).casefold() for name in allow}
    return word.column.casefold() in known or word.word.casefold() in known


def _origin(column: str) -> str:
    names = {"file": "the names of its files", "folder": "the folders of its files",
             "recording": "the name of the recording",
             "individual": "the names of its animals"}  # fmt: skip
    return names.get(column, f"column {column!r} of the study")


class _Words:
    """Words and where they are from, each pair once, in the order they were met."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], None] = {}

    def told(self) -> tuple[Told, ...]:
        return tuple(Told(word, column, _ordinary(word)) for word, column in self._found)

    def add(self, column: str, *words: str) -> None:
        for word in words:
            if word.strip().casefold() not in _BLANK_CELLS:
                self._found[word.strip(), column] = None

    def add_cell(self, column: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                if column == _OPENING:
                    self._add_opened(inner)
                else:
                    self.add_cell(str(name), inner)
            return
        # Composed letters: an accent that stands by itself would part a word in two.
        cell = unicodedata.normalize("NFC", str(value))
        if column in FILE_ROLES:
            self.add_path(cell)
            return
        self.add(column, cell)
        pieces = re.findall(r"[^\W_]+", cell)
        if len(pieces) > 1:
            by_word = len(pieces) <= _SHORT_CELL or column.casefold() in _OF_GROUPS
            telling = (p for p in pieces if _abbreviated(p) or (by_word and len(p) >= _LEAST_PIECE))
            # Pieces that are ordinary words tell nothing without the rest of the cell.
            self.add(column, *(piece for piece in telling if not _ordinary(piece)))

    def _add_opened(self, value: Any) -> None:
        """Add the files among the values, and none of the settings."""
        if isinstance(value, Mapping):
            value = list(value.values())
        for inner in value if isinstance(value, (list, tuple)) else ():
            self._add_opened(inner)
        if isinstance(value, str) and _PATH.search(value):
            self.add_path(value)

    def add_path(self, text: str) -> None:
        # This kind takes both slashes, so that a table made elsewhere is read too.
        path = PureWindowsPath(text)
        self.add("file", text, path.name, path.stem)
        folder = path.parent.name
        if len(folder) >= _LEAST_PIECE and folder.casefold() not in _PLAIN_FOLDERS:
            self.add("folder", folder)


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Return a text as it is compared: as prompts hold it, in plain letters, one blank for each."""
    letters = unicodedata.normalize("NFKC", prompt_text(text)).replace("_", " ")
    return " ".join(letters.split())


def _abbreviated(piece: str) -> bool:
    """Whether capitals tell that a piece is no ordinary word: CFA, WT, cKO, M1."""
    return len(piece) > 1 and (piece.isupper() or any(map(str.isupper, piece[1:])))


def _ordinary(word: str) -> bool:
    return _NUMBER.fullmatch(word) is not None or tells(_own_text(), [_plain(word)])


@cache
def _own_text() -> str:
    """Return all that the package itself writes into prompts, whatever the recording."""
    prompts = [load_prompt(name) for name in prompt_names()]
    texts = [FACTS_WORDS, "This was example. This is the clip that is asked about. Answer one of"]
    for prompt in prompts:
        texts.append(prompt.system)
        texts += [render(prompt, "", None, part) for part in (*prompt.parts, REPLY)]
    return _plain("\n".join(texts))
