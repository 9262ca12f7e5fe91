"""What a text claims that a pose can confirm or deny: a small lexicon, no language model.

Only words with a clear measure are in it. What it knows:

============== =====================================================================
claim          words, among others
============== =====================================================================
still          still, motionless, immobile, freezing, at rest, no movement, asleep
moving         moves, moving, active, in motion
walking        walks, locomotion, ambulates, travels
running        runs, trots, darts, scurries, sprints
backwards      walks or moves backwards, backs up, tail first
turning        turns, rotates, circles, pivots
turning left   the same with a side, "left turn"; "turning right" likewise
rearing        rears, upright, stands up, stands on its hind legs
all fours      on all fours, four paws on the floor
standing       stands, standing (not on its hind legs, not still)
grooming       grooms, washes its face, licks its fur
drawn together hunched, curled, crouched, drawn together
stretched      stretched, elongated
head left      head turned to the left; "head right" likewise
head moving    of the head: moving, still ("head still")
============== =====================================================================

Sides are those of the animal. "Moves to the left" can mean the picture and is no claim, nor is
"clockwise". Words about a paw, the tail or the ears are no claim about the animal. After "not",
"no", "without" and their like the claim is that it does not; after "about to", "stops", "may" and
their like there is none. "Or" makes alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Claim", "claims_in"]


class Claim(NamedTuple):
    """One thing that a text says of the animal.

    Parameters
    ----------
    kind : str
        Which, see the table in :mod:`napari_mousegpt.words.claims`.
    said : str
        The words that say so.
    denied : bool
        Whether they are negated.
    choice : int
        Claims that share a number above 0 are alternatives.
    """

    kind: str
    said: str
    denied: bool = False
    choice: int = 0


_SIDE = (
    r"(left|right)(?!\s+(?:fore|hind|front|back|rear|paw|limb|leg|ear|eye|side of|wall|"
    r"corner|edge|part|half|away|after|next|behind|in front))"
)
_TURN = r"(?:(?:turn|veer|rotat|spin|spun|pivot|swivel)\w*|(?:circl|curv)(?:es|ing))"
_HEAD = r"(?:head|nose|snout|muzzle)"
_PARTS = re.compile(
    r"\b(?:(?P<head>head|nose|snout|muzzle|face)|(?P<other>(?:fore|hind)?(?:paw|limb|leg|hand)s?|"
    r"feet|foot|tail|ears?|whiskers?|eyes?)|(?P<whole>mouse|animal|body|trunk|torso|it))\b"
)
#: A part behind one of these is where something is, not what is spoken of.
_PLACE = re.compile(
    r"\b(?:near|from|to|towards?|of|behind|over|under|against|above|below|beside|touching|"
    r"grooms|grooming|washes|washing|licks|licking)\s+(?:the |its |a |an )?$"
)
_OF_PART = (
    r"(?!\s+(?:its|the|his|her|both|one|a)?\s*(?:\w+\s+)?"
    r"(?:head|nose|snout|paw|fore|hind|limb|leg|tail|ear|whisker))"
)

#: Claim, its words, and whether they only count when the animal as a whole is spoken of. What was
#: read is not read again by a later line.
_LEXICON: tuple[tuple[str, re.Pattern[str], bool], ...] = tuple(
    (kind, re.compile(rf"\b(?:{words})"), whole)
    for kind, words, whole in (
        (
            "backwards",
            r"(?:walk|mov|step|run|crawl)\w*\s+(?:\w+\s+)?backwards?\b|back(?:s|ing) (?:up|away)\b|"
            r"tail[- ]first\b",
            False,
        ),
        (
            "head side",
            rf"{_HEAD}\b(?:\s+(?:is|was|being))?\s+(?:{_TURN}|bent|pointing|points|directed|held)\s+"
            rf"(?:\S+\s+){{0,4}}?{_SIDE}\b|(?:turn|bend|point|swing|mov)\w*\s+(?:its|the)\s+{_HEAD}\s+"
            rf"(?:\S+\s+){{0,3}}?{_SIDE}\b",
            False,
        ),
        (
            "turning side",
            rf"{_TURN}\s+(?:(?!its\b|the (?:head|nose))\S+\s+){{0,4}}?{_SIDE}\b|"
            r"(left|right)(?:ward)?[- ]turn\w*",
            False,
        ),
        (
            "still",
            r"motionless|immobil\w*|stationary|freez\w+|frozen|inactiv\w+|asleep|sleep(?:s|ing)|"
            r"at rest\b|rest(?:s|ing)\b(?!\s+(?:its|on|against|of))|"
            r"no (?:visible |apparent |overt |further |body )?(?:movement|motion|locomotion)s?\b|"
            r"still\b(?=\s*(?:$|[-/)\"']|for\b|on\b|in\b|at\b|near\b|against\b|during\b|throughout\b))",
            True,
        ),
        ("all fours", r"(?:on )?all fours|(?:all )?four paws on the (?:floor|ground)", False),
        (
            "rearing",
            r"(?<!the )(?<!its )(?<!at )(?:un)?(?:supported )?"
            r"rear(?:s|ed|ing)?\b(?!\s*(?:paw|leg|limb|foot|feet|end|of|half|part|wall|body|side|"
            r"quarter))|(?:stand|stood|ris|lift|rais)\w*\s+(?:\w+\s+){0,2}?on\s+(?:its\s+|the\s+|both\s+)?"
            r"hind ?(?:leg|limb|paw|feet)\w*|stand(?:s|ing)? up\b|stood up\b|bipedal\w*|"
            r"upright\b(?!\s*(?:ear|tail|head))",
            True,
        ),
        (
            "grooming",
            r"(?:self-)?groom\w*|wash(?:es|ing) (?:its |the )?(?:face|fur|body|head)|"
            r"lick(?:s|ing) (?:its |the )?(?:fur|body|flank|belly|coat)",
            False,
        ),
        ("running", r"run(?:s|ning)?\b|ran\b|trot\w*|dart\w*|scurr\w+|sprint\w*", False),
        ("walking", r"walk\w*|locomot\w+|ambulat\w+|travel\w*", False),
        ("turning", rf"{_TURN}{_OF_PART}", False),
        ("standing", r"stand(?:s|ing)?\b(?! out)|stood\b(?! out)", True),
        ("moving", rf"(?:mov(?:es|ing|ed)|active(?:ly)?|in motion)\b{_OF_PART}", True),
        ("stretched", r"stretched\b|elongated\b", True),
        ("drawn together", r"hunch\w*|curled\b|crouch\w*|huddl\w*|drawn together", True),
    )
)
_HEAD_TOO = {"still": "head still", "moving": "head moving"}
_NEGATION = re.compile(
    r"(?:\b(?:not|no|never|without|neither|nor|hardly|barely|cannot|rather than|instead of)|n't)\b"
    r"(?:\s+\S+){0,4}\s*$"
)
_HEDGE = re.compile(
    r"\b(?:about|ready|preparing|prepares|trying|tries|attempts|likely|unable) to\b|"
    r"\b(?:may|might|could|possibly|perhaps|stop|stops|stopped|stopping|ceases|ceased|ends|after|"
    r"before|until|if|unclear whether)\b"
)
_SENTENCE = re.compile(r"[;!?\n]|\.(?!\d)")
_CLAUSE = re.compile(r"[,:()]|\b(?:while|with|but|and|then|as)\b")


@lru_cache(maxsize=20_000)
def claims_in(text: str, subject: str = "whole") -> tuple[Claim, ...]:
    """Return what a text claims, each claim once, in the order of the text.

    Parameters
    ----------
    text : str
        A sentence, several, or keywords joined by semicolons.
    subject : {"whole", "head", "other"}
        What it speaks of where it does not say so.

    Examples
    --------
    >>> [(claim.kind, claim.denied) for claim in claims_in("Walks along the wall, not turning.")]
    [('walking', False), ('turning', True)]
    """
    found: dict[tuple[str, bool], Claim] = {}
    choice = 0
    for sentence in _SENTENCE.split(text.casefold()):
        now = subject
        for clause in _CLAUSE.split(sentence):
            claims = [(claim, at) for claim, at in _of_clause(clause, now, subject)]
            either = len(claims) > 1 and re.search(r"\bor\b", clause) is not None
            choice += either
            for claim, _ in sorted(claims, key=lambda pair: pair[1]):
                number = choice if either and not claim.denied else 0
                found.setdefault((claim.kind, claim.denied), claim._replace(choice=number))
            now = _subject(clause, now)
    if ("rearing", False) in found:
        found.pop(("standing", False), None)  # upright: another way to stand
    return tuple(found.values())


def _of_clause(clause: str, subject: str, field: str) -> Iterator[tuple[Claim, int]]:
    left = clause
    for kind, words, whole in _LEXICON:
        for match in words.finditer(left):
            before = clause[: match.start()]
            about = _subject(before, subject)
            # A turn is the animal's unless this very clause speaks of a part of it.
            named = _named(kind, match, _subject(before, field))
            blank = " " * (match.end() - match.start())
            left = left[: match.start()] + blank + left[match.end() :]
            if named in _HEAD_TOO and about == "head":
                named = _HEAD_TOO[named]
            elif whole and about != "whole":
                continue
            if named == "" or _HEDGE.search(before):
                continue
            denied = _NEGATION.search(before) is not None
            yield Claim(named, match.group().strip(), denied), match.start()


def _named(kind: str, match: re.Match[str], about: str) -> str:
    """The claim with its side; a turn of a part is a claim only when it is the head's."""
    if kind.startswith("turning") and about == "other":
        return ""
    if kind == "turning" and about == "head":
        return ""
    if not kind.endswith("side"):
        return kind
    side = next(group for group in match.groups() if group in ("left", "right"))
    return f"head {side}" if kind == "head side" or about == "head" else f"turning {side}"


def _subject(text: str, before: str) -> str:
    """What the last word about a part of the body speaks of."""
    named = before
    for match in _PARTS.finditer(text):
        if not _PLACE.search(text[: match.start()]):
            named = str(match.lastgroup)
    return named
