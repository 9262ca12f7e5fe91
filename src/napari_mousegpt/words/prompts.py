"""Prompts: what a model is told and asked besides the pictures, as files with a version and a hash.

A prompt is put together in one order: what is known of the recordings, the labels and what they
mean, what was measured on this clip, the instruction, and last the question, so that everything but
the question is the same for all parts of a description and has to be read only once.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from napari_mousegpt.core.files import replacing
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.models.asks import Ask, ClipFrames
from napari_mousegpt.words.examples import Example, ExampleSource
from napari_mousegpt.words.prompt_facts import FACTS_FORM
from napari_mousegpt.words.prompt_safety import one_line, prompt_text
from napari_mousegpt.words.prompt_toml import fields_of, toml_of
from napari_mousegpt.words.reply_text import FIELDS
from napari_mousegpt.words.server_requests import reply_schema
from napari_mousegpt.words.vocabulary import Vocabulary

__all__ = [
    "REPLY",
    "Prompt",
    "answer_schema",
    "load_prompt",
    "make_ask",
    "prompt_id",
    "prompt_names",
    "render",
]

#: The part that asks for all of a description at once, as JSON.
REPLY = "reply"
_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_FACTS_PROBE = "(what was measured)"
_LAST_CAPTION = "This is the clip that is asked about."
_CONTEXT = "What is known of the recordings:"
_LABELS = "The behaviours to choose from:"


@dataclass(frozen=True)
class Prompt:
    """What a model is told and asked.

    Parameters
    ----------
    name : str
        Small letters, digits and dashes.
    version : int
        Raised by whoever edits the file; the hash in :attr:`id` tells when they forget.
    questions : mapping of str to str
        The question for each part of a description that is wanted, at least one.
    about : str
        For people; never reaches a model.
    system : str
        Instruction that goes before everything.
    context : str
        What a lab wants the model to know: cage, light, view, strain. No groups, no treatments:
        see :mod:`napari_mousegpt.words.leaks`.
    instruction : str
        How to look, before the question.
    facts : bool
        Whether the model is told what was measured on the clip.
    options : mapping of str to sequence of str
        For parts other than the label: what the model chooses from, instead of writing.
    contract : str
        The form of the answer when all parts are asked at once.
    examples : tuple of ExampleSource
        Clips with words that are shown before the question.

    Raises
    ------
    InputError
        When a field is not as said.
    """

    name: str
    version: int
    questions: Mapping[str, str]
    about: str = ""
    system: str = ""
    context: str = ""
    instruction: str = ""
    facts: bool = True
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    contract: str = ""
    examples: tuple[ExampleSource, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(
                f"prompt {self.name!r}", expected="a name of small letters, digits and dashes"
            )
        subject = f"prompt {self.name!r}"
        if self.version < 1:
            raise InputError(f"{subject}, version", expected="1 or more", found=str(self.version))
        parts = {part: str(text).strip() for part, text in self.questions.items()}
        wrong = [part for part, text in parts.items() if part not in FIELDS or not text]
        if wrong or not parts:
            raise InputError(
                f"{subject}, questions",
                expected=f"a question for one or more of {', '.join(FIELDS)}",
                found=repr(wrong[0]) if wrong else "none",
            )
        chosen = {part: tuple(one_line(o) for o in given) for part, given in self.options.items()}
        for part, given in chosen.items():
            if part not in parts or part == "label" or len(set(given) - {""}) < max(2, len(given)):
                raise InputError(
                    f"{subject}, options of {part!r}",
                    expected="two or more different ones, for a part that is asked for",
                    found=", ".join(map(repr, given)) or "none",
                    remedy="The labels stand in a vocabulary." if part == "label" else "",
                )
        texts = {key: getattr(self, key).strip() for key in ("system", "context", "instruction")}
        for key, text in {**texts, "contract": self.contract.strip()}.items():
            object.__setattr__(self, key, text)
        object.__setattr__(self, "questions", {p: parts[p] for p in FIELDS if p in parts})
        object.__setattr__(self, "options", {p: chosen[p] for p in FIELDS if p in chosen})

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that are asked for, in the order they are asked."""
        return tuple(self.questions)

    @property
    def id(self) -> str:
        """Name, version, and a hash of every byte that reaches a model, clips and labels aside."""
        return prompt_id(self)

    def to_toml(self) -> str:
        """Return the prompt as the text of a file, which :func:`load_prompt` reads."""
        return toml_of(self)

    @classmethod
    def from_toml(cls, text: str, where: str = "prompt") -> Prompt:
        """Return the prompt of a text, such as one that is being edited.

        Raises
        ------
        FormatError, InputError
            When the text is no prompt; ``where`` is what the message calls it.
        """
        return cls(**fields_of(text, where))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the prompt to a file, whole or not at all."""
        with replacing(Path(path)) as part:
            part.write_text(self.to_toml(), encoding="utf-8")


def prompt_names() -> tuple[str, ...]:
    """Return the names of the prompts that come with the package."""
    found = (item.name for item in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def load_prompt(source: str | os.PathLike[str] = "mousegpt") -> Prompt:
    """Return a prompt that comes with the package, by its name, or one from a file.

    Raises
    ------
    InputError
        When there is no such prompt.
    FormatError
        When the file is no prompt.
    """
    if str(source) in prompt_names():
        text = _folder().joinpath(f"{source}.toml").read_text(encoding="utf-8")
        return Prompt.from_toml(text, f"prompt {source}")
    path = Path(source)
    if not path.is_file():
        raise InputError(
            f"prompt {str(source)!r}",
            expected=f"one of {', '.join(prompt_names())}, or a file",
            found="neither",
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(path, expected="a prompt in UTF-8", found=str(error)) from error
    return Prompt.from_toml(text, str(path))


def render(prompt: Prompt, facts_text: str, vocabulary: Vocabulary | None, part: str) -> str:
    """Return the text of a question, without control tokens and hidden characters.

    Parameters
    ----------
    prompt : Prompt
    facts_text : str
        What was measured on the clip; left out when the prompt wants no facts.
    vocabulary : Vocabulary or None
        The labels to choose from, with their definitions.
    part : str
        One of ``prompt.parts``, or :data:`REPLY` for all of them at once.

    Raises
    ------
    InputError
        When the prompt does not ask for that part.
    """
    blocks = []
    if prompt.context:
        blocks.append(f"{_CONTEXT}\n{prompt.context}")
    if vocabulary is not None and "label" in prompt.parts:
        blocks.append("\n".join([_LABELS, *_label_lines(vocabulary)]))
    if prompt.facts and facts_text:
        blocks.append(facts_text)
    blocks.append(prompt.instruction)
    blocks.append(_question(prompt, vocabulary, part))
    return prompt_text("\n\n".join(block for block in blocks if block))


def make_ask(
    prompt: Prompt,
    clip: ClipFrames,
    part: str,
    *,
    facts_text: str = "",
    vocabulary: Vocabulary | None = None,
    examples: Sequence[Example] = (),
) -> Ask:
    """Return the question about one part of a clip, as engine and servers take it.

    Parameters
    ----------
    prompt, facts_text, vocabulary, part
        See :func:`render`.
    clip : ClipFrames
    examples : sequence of Example
        Those of the prompt, cut from their recordings.

    Raises
    ------
    InputError
        When the prompt does not ask for that part, or examples have other frame counts than the
        clip, which models cannot take together.
    """
    wrong = [
        example.clip.n_frames for example in examples if example.clip.n_frames != clip.n_frames
    ]
    if wrong:
        raise InputError(
            "in-context examples",
            expected=f"{clip.n_frames} frames, as the clip has",
            found=str(wrong[0]),
            remedy="Cut them with the same ClipParams.",
        )
    captions = [
        prompt_text(example.caption(number, prompt.facts))
        for number, example in enumerate(examples, start=1)
    ]
    return Ask(
        (*(example.clip for example in examples), clip),
        render(prompt, facts_text, vocabulary, part),
        prompt_text(prompt.system),
        (*captions, _LAST_CAPTION) if captions else (),
    )


def answer_schema(prompt: Prompt, vocabulary: Vocabulary | None = None) -> dict[str, Any]:
    """Return the JSON schema of an answer to :data:`REPLY`: the parts of this prompt, all needed.

    Parameters
    ----------
    prompt : Prompt
    vocabulary : Vocabulary, optional
        The labels to choose from.
    """
    schema = reply_schema()
    fields = {part: dict(schema["properties"][part]) for part in prompt.parts}
    for part, shape in fields.items():
        options = _options(prompt, vocabulary, part)
        if options and part != "keywords":
            shape["enum"] = list(options)
    return {**schema, "properties": fields, "required": list(fields)}


def prompt_id(
    prompt: Prompt, vocabulary: Vocabulary | None = None, examples: Sequence[Example] | None = None
) -> str:
    """Return what is kept with every description: name, version and a hash.

    The hash is one of the finished texts, so that it changes with every byte that reaches a model
    and with no other one: not with comments in the file, not with ``about``.

    Parameters
    ----------
    prompt : Prompt
    vocabulary : Vocabulary, optional
        The labels that are asked for.
    examples : sequence of Example, optional
        The examples with their frames. Without it, places and words of ``prompt.examples`` stand
        for them.
    """
    told = hashlib.blake2b(digest_size=4)

    def add(*pieces: object) -> None:
        for piece in pieces:
            data = piece if isinstance(piece, bytes) else str(piece).encode("utf-8", "replace")
            told.update(len(data).to_bytes(8, "big"))
            told.update(data)

    add(prompt_text(prompt.system), FACTS_FORM if prompt.facts else "")
    for part in (*prompt.parts, REPLY):
        add(part, render(prompt, _FACTS_PROBE, vocabulary, part))
    if examples is None:
        for source in prompt.examples:
            add(source.recording, source.individual, source.start, source.stop)
            add(*(text for pair in source.words.items() for text in pair))
    add(json.dumps(answer_schema(prompt, vocabulary)), _LAST_CAPTION if examples else "")
    for number, example in enumerate(examples or (), start=1):
        add(example.caption(number, prompt.facts), example.clip.frames.shape)
        add(example.clip.frames.tobytes(), example.clip.indices.tobytes())
        add(example.clip.source_fps, example.clip.source_frames, example.clip.seconds)
    return f"{prompt.name}-{prompt.version}-{told.hexdigest()}"


def _label_lines(vocabulary: Vocabulary) -> list[str]:
    lines = []
    for label, shown in zip(vocabulary.labels, vocabulary.shown, strict=True):
        definition = one_line(vocabulary.definitions.get(label, ""))
        lines.append(f"- {shown}: {definition}" if definition else f"- {shown}")
    return lines


def _question(prompt: Prompt, vocabulary: Vocabulary | None, part: str) -> str:
    if part == REPLY:
        lines = [prompt.contract, *(_choice(prompt, vocabulary, name) for name in prompt.parts)]
        return "\n".join(line for line in lines if line)
    if part not in prompt.questions:
        raise InputError(
            f"part {part!r}", expected=f"one of {', '.join((*prompt.parts, REPLY))}",
            remedy=f"Add a question for it to the prompt {prompt.name!r}.",
        )  # fmt: skip
    options = _options(prompt, vocabulary, part)
    asked = prompt.questions[part]
    return f"{asked} Answer with one of: {'; '.join(options)}." if options else asked


def _choice(prompt: Prompt, vocabulary: Vocabulary | None, part: str) -> str:
    options = _options(prompt, vocabulary, part)
    return f'The value of "{part}" is one of: {"; ".join(options)}.' if options else ""


def _options(prompt: Prompt, vocabulary: Vocabulary | None, part: str) -> tuple[str, ...]:
    if part == "label" and vocabulary is not None:
        return vocabulary.shown
    return tuple(prompt.options.get(part, ()))


def _folder() -> Any:
    return files("napari_mousegpt.words").joinpath("prompt_files")
