"""The parts of a description: which are scored, which are written, and how they make a row."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_mousegpt.errors import InputError
from napari_mousegpt.words.reply_text import FIELDS, parse_reply, storable, tidy

if TYPE_CHECKING:
    from napari_mousegpt.words.vocabulary import Vocabulary

__all__ = ["FIELDS", "Choice", "Slot", "Slots", "Where", "assemble", "from_slots", "parse_reply"]

#: Tokens that a slot may take when it is written.
TOKENS: Mapping[str, int] = {
    "overall": 60,
    "head": 40,
    "limb": 40,
    "torso": 40,
    "keywords": 40,
    "label": 12,
}
_BODY = ("head", "limb", "torso")


@dataclass(frozen=True)
class Slot:
    """One part of a description.

    Parameters
    ----------
    name : str
        One of :data:`FIELDS`.
    options : tuple of str
        What it is chosen from, by how probable each is to the model. Empty: the model writes it.
    values : tuple of str
        What is kept for each option, where that is not the option itself.
    max_tokens : int
        Longest text when it is written.
    """

    name: str
    options: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    max_tokens: int = 40

    def __post_init__(self) -> None:
        if self.name not in FIELDS:
            raise InputError(f"slot {self.name!r}", expected=f"one of {', '.join(FIELDS)}")
        if not self.values:
            object.__setattr__(self, "values", self.options)
        if len(self.values) != len(self.options):
            raise InputError(
                f"values of slot {self.name!r}",
                expected=f"{len(self.options)}, one for each option",
                found=str(len(self.values)),
            )
        if len(self.options) == 1:
            raise InputError(
                f"slot {self.name!r}",
                expected="two options or more, or none",
                found=f"only {self.options[0]!r}",
                remedy="A choice of one is none: add an option such as 'other'.",
            )
        if self.max_tokens < 1:
            raise InputError(f"max_tokens of slot {self.name!r}", expected="1 or more")

    @property
    def scored(self) -> bool:
        """Whether it is chosen from options."""
        return bool(self.options)


@dataclass(frozen=True)
class Slots:
    """All parts of a description, each at most once.

    Parameters
    ----------
    slots : tuple of Slot
        In the order they are asked.
    """

    slots: tuple[Slot, ...]

    def __post_init__(self) -> None:
        names = [slot.name for slot in self.slots]
        if not names or len(set(names)) < len(names):
            raise InputError("slots", expected="at least one, none twice", found=", ".join(names))

    @classmethod
    def of(
        cls,
        parts: Sequence[str],
        vocabulary: Vocabulary | None = None,
        options: Mapping[str, Sequence[str]] | None = None,
        max_tokens: Mapping[str, int] | None = None,
    ) -> Slots:
        """Return slots for the parts that a prompt asks for.

        Parameters
        ----------
        parts : sequence of str
            For example ``prompt.parts``.
        vocabulary : Vocabulary, optional
            With it the label is scored, without it written.
        options : mapping of str to sequence of str, optional
            What other parts are chosen from, for example ``prompt.options``.
        max_tokens : mapping of str to int, optional
            Longest texts that differ from :data:`TOKENS`.
        """
        made = []
        for part in parts:
            limit = {**TOKENS, **(max_tokens or {})}.get(part, 40)
            if part == "label" and vocabulary is not None:
                values = tuple(vocabulary.labels)
                made.append(Slot(part, vocabulary.shown, values, limit))
            else:
                made.append(Slot(part, tuple((options or {}).get(part, ())), (), limit))
        return cls(tuple(made))

    def __iter__(self) -> Iterator[Slot]:
        return iter(self.slots)

    @property
    def scored(self) -> tuple[Slot, ...]:
        """Those that are chosen from options."""
        return tuple(slot for slot in self.slots if slot.scored)


@dataclass(frozen=True)
class Choice:
    """What scoring made of one slot.

    Parameters
    ----------
    value : str
        The option; empty where the model abstains.
    confidence, margin, entropy : float
        Of its probabilities; NaN where they are not known.
    shares : mapping of str to float
        Probability of each option, to be kept with the raw text.
    """

    value: str
    confidence: float = math.nan
    margin: float = math.nan
    entropy: float = math.nan
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Where:
    """The stretch that is described."""

    range_id: str
    recording: str
    individual: str
    start: int
    stop: int
    start_s: float = math.nan
    stop_s: float = math.nan


def assemble(
    where: Where,
    values: Mapping[str, str],
    *,
    model: str,
    prompt_id: str,
    raw: str,
    problem: str = "",
    label: Choice | None = None,
    evidence: Mapping[str, Any] | None = None,
    parts: Sequence[str] = FIELDS,
) -> dict[str, Any]:
    """Return one row of :data:`napari_mousegpt.core.tables.DESCRIPTIONS`.

    Parameters
    ----------
    where : Where
    values : mapping of str to str
        What was read for each part; see :func:`parse_reply`. Parts that were asked for and are not
        there stay empty, and the row says so.
    model, prompt_id : str
        Who was asked, and how.
    raw : str
        What the model wrote, kept as it is (but for halves of characters, which no file can hold).
    problem : str
        What was repaired or odd so far.
    label : Choice, optional
        The label where it was scored; goes before ``values["label"]``.
    evidence : mapping, optional
        Numbers to keep, such as those of the kinematics.
    parts : sequence of str
        What was asked for.
    """
    problems = [problem] if problem else []
    given = {name: str(text) for name, text in values.items() if name in FIELDS and text}
    if not given and label is None and _reads_as_prose(raw):
        given = {"overall": tidy(raw)}
        problems.append("the whole answer stands as overall")
    elif not given and label is None and not problem:
        problems.append("nothing could be read from the answer")
    chosen = label or Choice(given.get("label", ""))
    missing = [name for name in parts if name != "label" and not given.get(name)]
    if missing and given:
        problems.append(f"no {', '.join(missing)}")
    row: dict[str, Any] = {
        **{name: getattr(where, name) for name in Where.__dataclass_fields__},
        "label": chosen.value,
        "confidence": chosen.confidence,
        **{name: given.get(name, "") for name in ("overall", *_BODY, "keywords")},
        "evidence": json.dumps(dict(evidence or {})),
        "model": model,
        "prompt_id": prompt_id,
        "margin": chosen.margin,
        "entropy": chosen.entropy,
        "raw": storable(raw),
        "problem": "; ".join(problems),
    }
    if math.isnan(where.start_s):
        del row["start_s"], row["stop_s"]
    return row


def from_slots(
    where: Where,
    slots: Slots,
    written: Mapping[str, str],
    scored: Mapping[str, Choice],
    *,
    model: str,
    prompt_id: str,
    unfinished: Sequence[str] = (),
    evidence: Mapping[str, Any] | None = None,
    vocabulary: Vocabulary | None = None,
) -> dict[str, Any]:
    """Return one row from slots that were asked one by one.

    Parameters
    ----------
    where, model, prompt_id, evidence
        See :func:`assemble`.
    slots : Slots
        What was asked.
    written : mapping of str to str
        Text of each written slot, as the model wrote it.
    scored : mapping of str to Choice
        What was chosen for each scored slot.
    unfinished : sequence of str
        Written slots that reached their longest length.
    vocabulary : Vocabulary, optional
        Where the label was written though a vocabulary is known, it is matched with it.
    """
    raw: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    for slot in slots:
        if slot.scored:
            choice = scored[slot.name]
            raw[slot.name] = {"chosen": choice.value, "of": dict(choice.shares)}
            if slot.name != "label":
                texts[slot.name] = choice.value
        else:
            raw[slot.name] = storable(written[slot.name])
            texts[slot.name] = written[slot.name]
    # The same door as for the replies of servers: one way to read a keyword list or a label.
    values, problem = parse_reply(json.dumps(texts), vocabulary) if texts else ({}, "")
    problems = [problem] if problem else []
    problems += [f"{name} is cut off" for name in unfinished if written.get(name)]
    return assemble(
        where,
        values,
        model=model,
        prompt_id=prompt_id,
        raw=json.dumps(raw, ensure_ascii=False),
        problem="; ".join(problems),
        label=scored.get("label"),
        evidence=evidence,
        parts=[slot.name for slot in slots],
    )


def _reads_as_prose(raw: str) -> bool:
    words = raw.split()
    letters = sum(letter.isalpha() or letter.isspace() for letter in raw)
    return len(words) >= 3 and not set(raw) & set("{}[]<>") and letters >= 0.7 * len(raw)
