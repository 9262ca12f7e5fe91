"""Titles for clusters, written by a model of language on demand, and marked as such.

A model reads what was said about a cluster: its terms with their shares, the sentence of the most
typical moment, and three quoted members. It never reads names of recordings, animals or groups.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

from napari_mousegpt.clusters.cluster_name import ClusterName
from napari_mousegpt.clusters.map_edits import Title
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.errors import InputError
from napari_mousegpt.words.prompt_safety import one_line, prompt_text

__all__ = ["SYSTEM", "TitleWriter", "propose_title", "title_prompt_id", "title_question"]

SYSTEM = "You name behaviours of mice for a scientist. You answer with the name alone."
_ORDER = (
    "Above is what was noted about moments of one behaviour of a mouse, found without labels. "
    "Give it a short name of two to five words that says what the mouse does, as an ethogram "
    "would. Do not interpret motives. Name only what the notes say. Answer with the name alone."
)
_VERSION = 1
#: Longest title, in letters.
_LONGEST = 60


class TitleWriter(Protocol):
    """Something that answers a question in words."""

    @property
    def name(self) -> str:
        """Model and version."""

    def write(self, system: str, question: str) -> str:
        """Return the answer."""


def title_prompt_id() -> str:
    """Return name, version and hash of the form of the question."""
    return f"cluster-title/{_VERSION}-{digest([SYSTEM, _ORDER])}"


def title_question(one: ClusterName) -> str:
    """Return what a model is asked about a cluster.

    Raises
    ------
    InputError
        When nothing was said about its members.
    """
    if not one.terms and not one.sentence and not one.quotes:
        raise InputError(
            f"title of cluster {one.cluster}",
            expected="words about its members",
            found="none",
            remedy="Describe its recordings first, and name the words beside the map.",
        )
    lines = []
    if one.terms:
        held = (f"{t} ({share:.0%})" for t, share in zip(one.terms, one.held, strict=True))
        lines.append(f"Terms, with the share of moments they hold for: {', '.join(held)}.")
    if one.keywords:
        lines.append(f"Further terms: {', '.join(one.keywords)}.")
    if one.sentence and not _tells(one.sentence, one):
        lines.append(f"The most typical moment: {one.sentence}")
    quoted = (quote.sentence for quote in one.quotes)
    lines += [f"Another moment: {text}" for text in quoted if not _tells(text, one)]
    return prompt_text("\n".join([*(one_line(line) for line in lines), _ORDER]))


def _tells(sentence: str, one: ClusterName) -> bool:
    """Whether a sentence names a recording that it may be about; such a one is left out."""
    places = [quote.place for quote in one.quotes]
    names = {place.recording for place in ([one.medoid] if one.medoid else []) + places}
    return any(name and name.casefold() in sentence.casefold() for name in names)


def propose_title(one: ClusterName, writer: TitleWriter) -> Title:
    """Ask a model for a title; nothing is saved.

    Parameters
    ----------
    one : ClusterName
        What is known of the cluster.
    writer : TitleWriter
        See :mod:`napari_mousegpt.clusters.title_writers`.

    Raises
    ------
    InputError
        When there are no words to go by, or the model gave nothing that can be a title.
    """
    question = title_question(one)
    answer = writer.write(SYSTEM, question)
    text = _cleaned(answer)
    if not text:
        raise InputError(
            f"title of cluster {one.cluster}",
            expected=f"a name of at most {_LONGEST} letters from {writer.name}",
            found=repr(answer[:80]) if answer.strip() else "an empty answer",
            remedy="Try another model, or give the name yourself.",
        )
    when = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Title(text, writer.name, title_prompt_id(), digest([SYSTEM, question]), when)


def _cleaned(answer: str) -> str:
    """Return the first line of an answer without quotes, marks and full stop; empty if too long."""
    line = next((part.strip() for part in answer.splitlines() if part.strip()), "")
    line = line.strip("*#`\"' \u201c\u201d").removeprefix("Name:").strip(" \"'*`").rstrip(".")
    line = one_line(line).strip()
    return line if any(map(str.isalpha, line)) and len(line) <= _LONGEST else ""
