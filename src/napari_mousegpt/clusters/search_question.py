"""What a question asks for: its terms, what stands for words that no description has, and notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from napari_mousegpt.clusters.synonyms import Meaning, Synonyms
from napari_mousegpt.clusters.text_index import CONCEPT, TextIndex, terms_of
from napari_mousegpt.clusters.text_terms import Token, spoken_words
from napari_mousegpt.errors import InputError

__all__ = ["Question", "best_sentence", "read_question"]


@dataclass(frozen=True, eq=False)
class Question:
    """A question in the terms of an index.

    Parameters
    ----------
    text : str
    counts : Counter of str
        Terms that descriptions have, and how much each is asked for.
    means : dict of str to str
        Words of the question by the behaviour that they stand for.
    notes : tuple of str
        Sentences about words that no description has, and what was used instead.
    """

    text: str
    counts: Counter[str]
    means: dict[str, str]
    notes: tuple[str, ...]

    @property
    def vector(self) -> bool:
        """Whether any of its words can be looked for."""
        return bool(self.counts)


def read_question(text: str, index: TextIndex, synonyms: Synonyms) -> Question:
    """Read a question.

    Raises
    ------
    InputError
        When it is empty or holds no word.
    """
    tokens = spoken_words(text)
    if not tokens:
        raise InputError(
            f"question {text!r}",
            expected="a word or a sentence",
            found="none",
            remedy="Ask for example for: stands on its hind legs.",
        )
    counts = Counter({t: n for t, n in terms_of(text, synonyms).items() if t in index})
    for stem in _otherwise(synonyms.meanings(tokens), index, synonyms):
        counts.pop(stem, None)
    means: dict[str, str] = {}
    told: dict[str, tuple[str, ...]] = {}
    for one in synonyms.meanings(tokens):
        heard = tuple(concept for concept in one.concepts if CONCEPT + concept in index)
        for concept in heard:
            means.setdefault(concept, one.said)
        told |= dict.fromkeys(one.stems, heard)
    notes = []
    for token in dict.fromkeys(tokens):
        if token.small or token.stem in index:
            continue
        if told.get(token.stem):
            instead = " or ".join(told[token.stem])
            notes.append(f"No description has the word {token.word!r}: used {instead} instead.")
            continue
        near = synonyms.close_to(token, (t for t in index.terms if t[0] != CONCEPT))
        found = _standing_for(near, index, synonyms) if near else Counter()
        if not found:
            notes.append(f"No description has the word {token.word!r}, or one that means it.")
            continue
        counts.update(found)
        names = [term.removeprefix(CONCEPT) for term in found]
        for term in found:
            if term.startswith(CONCEPT):
                means.setdefault(term.removeprefix(CONCEPT), token.word)
        notes.append(
            f"No description has the word {token.word!r}: it is spelled most like {near!r}, so "
            f"that {' or '.join(names)} was used instead."
        )
    return Question(text, counts, means, tuple(notes))


def best_sentence(
    texts: Iterable[str], question: Question, index: TextIndex, synonyms: Synonyms
) -> tuple[str, list[str]]:
    """Return which of some texts answers a question best, and its words that do.

    Parameters
    ----------
    texts : iterable of str
        Sentences of one description, the most important first.
    question : Question

    Returns
    -------
    sentence : str
        The first one where none has a word of the question.
    words : list of str
        Words of all texts that are asked for, as written; behind those that only mean the same
        stands what was asked, in brackets.
    """
    best, most = "", -1.0
    words: dict[str, None] = {}
    for text in texts:
        if not text:
            continue
        tokens = spoken_words(text)
        share = 0.0
        for token in tokens:
            if token.stem in question.counts and not token.small:
                words[token.word] = None
                share += index.weight(token.stem)
        for one in synonyms.meanings(tokens):
            for concept in one.concepts:
                if concept in question.means:
                    share += index.weight(CONCEPT + concept)
                    if not any(stem in question.counts for stem in one.stems):
                        words[f"{one.said} ({question.means[concept]})"] = None
        if share > most:
            best, most = text, share
    return best, list(words)


def _otherwise(said: Iterable[Meaning], index: TextIndex, synonyms: Synonyms) -> Iterable[str]:
    """Yield words that by themselves mean another behaviour than the phrase they are in.

    "Stands on hind legs" asks for rearing, not for standing, though it has that word.
    """
    for one in said:
        if len(one.stems) < 2 or not any(CONCEPT + name in index for name in one.concepts):
            continue
        for stem in one.stems:
            alone = synonyms.meanings([Token(stem, stem, small=False)])
            if alone and not {*one.concepts} & {*alone[0].concepts}:
                yield stem


def _standing_for(near: str, index: TextIndex, synonyms: Synonyms) -> Counter[str]:
    """Return the terms of a stem or a word."""
    found = Counter({near: 1}) if near in index else Counter()
    found.update(t for t in terms_of(near, synonyms) if t in index and t not in found)
    return found
