"""What a behaviour is called, by whom, and what speaks for that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from napari_mousegpt.clusters.map_edits import Group, Title, group_id
from napari_mousegpt.errors import InputError

__all__ = ["ClusterName", "Place", "Quote", "Source", "checked_name", "same_name"]

#: Longest name, in letters.
_LONGEST = 80
#: What only this package says: the mark of a model's title, and noise.
_OURS = re.compile(r".*\(generated\)|noise", re.IGNORECASE)
#: Whose name it is.
Source = Literal["user", "generated", "words", "kinematic", "none"]


@dataclass(frozen=True)
class Place:
    """A stretch of a recording, half-open in frames."""

    recording: str
    individual: str
    start: int
    stop: int

    @property
    def where(self) -> str:
        """The stretch as text: ``"m3 [100, 130)"``."""
        return f"{self.recording} {self.individual}".strip() + f" [{self.start}, {self.stop})"


@dataclass(frozen=True)
class Quote:
    """What is said of one member.

    Parameters
    ----------
    place : Place
        The member, a bout.
    sentence : str
        Description of the stretch that fits it best.
    """

    place: Place
    sentence: str


@dataclass(frozen=True)
class ClusterName:
    """What a behaviour is called, and all that speaks for it.

    Parameters
    ----------
    cluster : int
        Its id.
    members : tuple of int
        Clusters of record that it is made of, more than one after a merge.
    name : str
        What to show, unique among all; that of a model ends in ``" (generated)"``.
    source : {"user", "generated", "words", "kinematic", "none"}
        Whose name it is.
    automatic : str
        What it is called without person and model.
    terms : tuple of str
        Terms of the automatic name, the most telling first.
    held : tuple of float
        For each term the share of all members that it is said of.
    coverage : float
        Share of all members that every term is said of; NaN without words.
    described : float
        Share of the members that have words.
    keywords : tuple of str
        Further terms that set it apart.
    sentence : str
        Description of the medoid; may be empty.
    medoid : Place or None
        The most typical interval.
    quotes : tuple of Quote
        Typical members with their words, up to three.
    title : Title or None
        What a model wrote, also where a person's name stands before it.
    who, when : str
        Of a person's name.
    n_ranges, n_bouts : int
        Intervals and uninterrupted bouts assigned.
    seconds : float
        Time spent in it; NaN without a clock.
    """

    cluster: int
    members: Group
    name: str
    source: Source
    automatic: str
    terms: tuple[str, ...] = ()
    held: tuple[float, ...] = ()
    coverage: float = float("nan")
    described: float = 0.0
    keywords: tuple[str, ...] = ()
    sentence: str = ""
    medoid: Place | None = None
    quotes: tuple[Quote, ...] = ()
    title: Title | None = None
    who: str = ""
    when: str = ""
    n_ranges: int = 0
    n_bouts: int = 0
    seconds: float = float("nan")

    @property
    def group(self) -> str:
        """What it is made of, as text: ``"3+5"``."""
        return group_id(self.members)

    @property
    def phrase(self) -> str:
        """Its terms as a phrase."""
        return ", ".join(self.terms)


def same_name(name: str) -> str:
    """Return what two names share that people would take for the same."""
    return " ".join(name.split()).casefold()


def checked_name(name: str, what: str) -> str:
    """Return a name that a person gives, with single spaces.

    Raises
    ------
    InputError
        When it is empty, too long, has letters that cannot be seen, or reads like a name that
        nobody gave.
    """
    text = " ".join(str(name).split())
    found = ""
    if not text:
        found = "an empty name"
    elif len(text) > _LONGEST:
        found = f"{len(text)} letters"
    elif not text.isprintable():
        found = f"{text!r}, in which some cannot be seen"
    elif _OURS.fullmatch(text):
        found = f"{text!r}, which means something else here"
    if found:
        raise InputError(
            f"name of {what}",
            expected=f"1 to {_LONGEST} letters",
            found=found,
            remedy="To go back to the name from the words, undo or forget the name.",
        )
    return text
