"""Text on its way into a prompt: control tokens escaped, and the frame of an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from napari_mousegpt.errors import InputError

__all__ = ["AnswerFrame", "answer_frame", "control_tokens", "escape"]

_ASKED, _SAID = "question", "answer"


def control_tokens(tokenizer: Any, placeholders: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the texts that a tokenizer would read as control tokens, longest first.

    Special tokens all count; other added tokens count when they look like markup, such as the marks
    of tool calls. Longest first, so that a token inside a longer one is met second.
    """
    found = {str(token) for token in placeholders} | {str(t) for t in tokenizer.all_special_tokens}
    for added in tokenizer.added_tokens_decoder.values():
        text = str(added)
        if added.special or text.startswith(("<", "[")):
            found.add(text)
    return tuple(sorted((text for text in found if text.strip()), key=lambda t: (-len(t), t)))


def escape(text: str, tokens: Iterable[str]) -> str:
    """Return ``text`` with a space inside every control token, so that it is read as plain text.

    Breaking one token may complete another one, so this goes on until none is left.
    """
    tokens = tuple(tokens)
    before = None
    while before != text:
        before = text
        for token in tokens:
            if token in text:
                text = text.replace(token, f"{token[0]} {token[1:]}" if len(token) > 1 else " ")
    return text


@dataclass(frozen=True)
class AnswerFrame:
    """What the chat template of a model puts around an answer.

    Parameters
    ----------
    turn : str
        Text between the end of a question and the point where the answer is due.
    lead : str
        Text between the prompt and the answer, for instance one space.
    end : int
        Token that ends the answer.
    ends : tuple of int
        All tokens that end a generation, ``end`` among them.
    """

    turn: str
    lead: str
    end: int
    ends: tuple[int, ...]


def answer_frame(processor: Any, told_ends: Any, name: str) -> AnswerFrame:
    """Read from the chat template how an answer begins and ends.

    Parameters
    ----------
    processor : transformers processor
    told_ends : int, list of int or None
        The ends that the generation settings of the model name.
    name : str
        The model, for the message.

    Raises
    ------
    InputError
        If there is no chat template, it is damaged, or no token ends an answer.
    """
    from jinja2 import TemplateError

    tokenizer = processor.tokenizer
    if not (processor.chat_template or tokenizer.chat_template):
        raise InputError(
            name,
            expected="a chat template",
            found="none",
            remedy="These weights were not made to answer questions; choose an instruct model.",
        )
    question = {"role": "user", "content": [{"type": "video"}, {"type": "text", "text": _ASKED}]}
    answer = {"role": "assistant", "content": [{"type": "text", "text": _SAID}]}
    render = processor.apply_chat_template
    try:
        asked = render([question], add_generation_prompt=True, tokenize=False)
        answered = render([question, answer], add_generation_prompt=False, tokenize=False)
    except TemplateError as error:
        raise InputError(
            name,
            expected="a chat template that takes a video and a question",
            found=str(error),
            remedy="Copy chat_template.jinja again from the model that it was trained from.",
        ) from error
    lead, after = "", ""
    if answered.startswith(asked):
        lead, _, after = answered[len(asked) :].partition(_SAID)
    special = set(tokenizer.all_special_ids)
    closing = tokenizer(after, add_special_tokens=False)["input_ids"][:1] if after else []
    ends = [token for token in closing if token in special]
    told = [told_ends] if isinstance(told_ends, int) else list(told_ends or ())
    ends += [token for token in (*told, tokenizer.eos_token_id) if token is not None]
    if not ends:
        raise InputError(name, expected="a token that ends an answer", found="none")
    # A lead that is more than white space is a thought or a header, which the model writes itself.
    return AnswerFrame(
        turn=asked.rpartition(_ASKED)[2],
        lead=lead if not lead.strip() else "",
        end=ends[0],
        ends=tuple(dict.fromkeys(ends)),
    )
