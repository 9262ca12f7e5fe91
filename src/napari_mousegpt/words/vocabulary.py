"""A closed vocabulary: the labels of a lab, what they mean, and other words for them."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from napari_mousegpt.core.study_checks import same_word
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.words.prompt_safety import one_line, text_doubts

__all__ = ["Vocabulary", "read_vocabulary"]

#: A label is a name and stands in a list; a longer text is a definition in the wrong place.
_LONGEST = 80
_COLUMNS = ("label", "definition", "synonyms")


@dataclass(frozen=True)
class Vocabulary:
    """Labels to choose from.

    Parameters
    ----------
    labels : sequence of str
        In the order a model sees them; at least one.
    definitions : mapping of str to str
        What a label means, where that is written down.
    synonyms : mapping of str to sequence of str
        Other words that count as this label in an answer. A model does not see them.

    Raises
    ------
    InputError
        When there is no label, one is empty, too long or there twice (letter case and blanks do not
        count), a synonym means two labels, or a definition belongs to none.

    Examples
    --------
    >>> words = Vocabulary(["rearing", "still"], synonyms={"still": ["immobile", "freezing"]})
    >>> words.match(" Immobile. "), words.match("rear")
    ('still', '')
    """

    labels: Sequence[str]
    definitions: Mapping[str, str] = field(default_factory=dict)
    synonyms: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.labels, str):
            raise InputError("labels", expected="a list of labels", found=f"text {self.labels!r}")
        labels = tuple(" ".join(str(label).split()) for label in self.labels)
        _check_labels(labels)
        for what, given in (("definition", self.definitions), ("synonyms", self.synonyms)):
            unknown = [name for name in given if " ".join(str(name).split()) not in labels]
            if unknown:
                raise InputError(
                    f"{what} of {unknown[0]!r}",
                    expected=f"of one of the labels {', '.join(labels)}",
                    remedy="Add the label, or check its spelling.",
                )
        definitions = {" ".join(k.split()): str(v).strip() for k, v in self.definitions.items()}
        synonyms = {
            " ".join(name.split()): _words(words, name) for name, words in self.synonyms.items()
        }
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "definitions", {k: v for k, v in definitions.items() if v})
        object.__setattr__(self, "synonyms", {k: v for k, v in synonyms.items() if v})
        _table(labels, self.synonyms)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shown(self) -> tuple[str, ...]:
        """The labels as a model reads and is scored on them: without control tokens."""
        return tuple(one_line(label) for label in self.labels)

    def match(self, text: str) -> str:
        """Return the label that a text names, itself or by a synonym; empty for none.

        Letter case, blanks, and quotes or a full stop around it do not count. Nothing is guessed:
        a word that is only similar is no label.
        """
        known = self._known
        return known.get(same_word(text)) or known.get(_bare(text), "")

    @property
    def doubts(self) -> tuple[str, ...]:
        """A sentence for everything in it that a model may take for more than a word."""
        found: list[str] = []
        for label in self.labels:
            found += text_doubts(f"the label {one_line(label)!r}", label)
            definition = self.definitions.get(label, "")
            found += text_doubts(f"the definition of {one_line(label)!r}", definition)
        return tuple(found)

    @cached_property
    def _known(self) -> dict[str, str]:
        return _table(tuple(self.labels), self.synonyms)


def read_vocabulary(source: str | os.PathLike[str] | Iterable[str]) -> Vocabulary:
    """Read a vocabulary from a file, or make one of a list of labels.

    Parameters
    ----------
    source : path-like or iterable of str
        A csv or tsv with columns ``label``, ``definition`` and ``synonyms`` (joined by semicolons;
        the last two may be absent); a ``.toml`` with a table ``[[labels]]`` for each label, of
        ``name``, ``definition`` and ``synonyms`` (a list); a ``.txt`` with a label in each line.

    Raises
    ------
    FormatError
        When a file is none of these.
    InputError
        When there is no such file, or its labels do not make a vocabulary.
    """
    if not isinstance(source, (str, os.PathLike)):
        return Vocabulary(tuple(source))
    path = Path(source)
    if not path.is_file():
        raise InputError(
            path,
            expected="a file with labels: .csv, .tsv, .toml or .txt",
            found="no file",
            remedy="Check the path.",
        )
    if path.suffix.lower() == ".toml":
        return _from_toml(path)
    return _from_text(path)


def _from_toml(path: Path) -> Vocabulary:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(path, expected="TOML in UTF-8", found=str(error)) from error
    rows = data.get("labels")
    if not isinstance(rows, list) or not all(isinstance(row, (str, dict)) for row in rows):
        raise FormatError(path, expected="labels = [...] or tables [[labels]]", found="none")
    entries = [{"name": row} if isinstance(row, str) else row for row in rows]
    for entry in entries:
        unknown = set(entry) - {"name", "definition", "synonyms"}
        if unknown or not isinstance(entry.get("name"), str):
            raise FormatError(
                f"{path}, label {entry.get('name', '')!r}",
                expected="name, definition and synonyms",
                found=", ".join(sorted(unknown)) or "no name",
            )
    return Vocabulary(
        [entry["name"] for entry in entries],
        {entry["name"]: str(entry.get("definition", "")) for entry in entries},
        {entry["name"]: entry.get("synonyms", ()) for entry in entries},
    )


def _from_text(path: Path) -> Vocabulary:
    from napari_mousegpt.io.text_dialects import typed_text
    from napari_mousegpt.io.text_tables import read_csv

    lines = [line.strip() for line in typed_text(path).text.splitlines() if line.strip()]
    listed = path.suffix.lower() == ".txt"
    if listed or lines[0].casefold() == "label":
        return Vocabulary(lines if listed else lines[1:])
    table = read_csv(path)
    names = {name.strip().casefold(): name for name in table.columns}
    if "label" not in names:
        raise FormatError(
            path,
            expected=f"columns {', '.join(_COLUMNS)}",
            found=", ".join(map(str, table.columns)),
            remedy="Call the column with the labels 'label'.",
        )
    columns: dict[str, list[str]] = {
        name: table[names[name]].tolist() if name in names else [""] * len(table)
        for name in _COLUMNS
    }
    labels = columns["label"]
    return Vocabulary(
        labels,
        dict(zip(labels, columns["definition"], strict=True)),
        dict(zip(labels, columns["synonyms"], strict=True)),
    )


def _check_labels(labels: tuple[str, ...]) -> None:
    if not labels:
        raise InputError("vocabulary", expected="at least one label", found="none")
    for number, label in enumerate(labels, start=1):
        if not one_line(label).strip():
            raise InputError(f"label {number}", expected="a word", found="nothing")
        if len(label) > _LONGEST:
            raise InputError(
                f"label {label[:30]!r}...",
                expected=f"at most {_LONGEST} letters",
                found=str(len(label)),
                remedy="Give it a short name and put the rest into its definition.",
            )


def _words(words: Any, name: str) -> tuple[str, ...]:
    given = words.split(";") if isinstance(words, str) else words
    if not isinstance(given, (list, tuple)) or not all(isinstance(word, str) for word in given):
        raise InputError(f"synonyms of {name!r}", expected="a list of words", found=repr(words))
    return tuple(word for word in (" ".join(word.split()) for word in given) if word)


def _table(labels: tuple[str, ...], synonyms: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the label of every word that names one, without case and blanks."""
    found: dict[str, str] = {}
    for label in labels:
        if same_word(label) in found or same_word(one_line(label)) in found:
            raise InputError(
                f"label {label!r}", expected="each label once", found="twice", remedy="Remove one."
            )
        found[same_word(label)] = found[same_word(one_line(label))] = label
    for label, words in synonyms.items():
        for word in words:
            if found.setdefault(same_word(word), label) != label:
                raise InputError(
                    f"synonym {word!r} of {label!r}",
                    expected="a word that means one label only",
                    found=f"it also means {found[same_word(word)]!r}",
                    remedy="Leave it out of one of them.",
                )
    return found


def _bare(text: str) -> str:
    return same_word(same_word(text).strip(" .,:;!?\"'`*_()[]{}"))
