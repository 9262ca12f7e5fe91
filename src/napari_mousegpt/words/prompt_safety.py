"""Text of people and files on its way into a prompt: no control tokens, no hidden characters.

What cannot be taken out, such as a label that reads like an instruction, is told.
"""

from __future__ import annotations

import re
import unicodedata

from napari_mousegpt.words.server_requests import plain_text

__all__ = ["one_line", "prompt_text", "text_doubts"]

#: Some chat templates use wide bars, as DeepSeek does, in the place of `<|User|>`.
_WIDE_BARS = re.compile(r"<(?=\N{FULLWIDTH VERTICAL LINE})")
#: Format, control, surrogate and private characters: they can hide words from people.
_HIDDEN = frozenset({"Cf", "Cc", "Cs", "Co"})
_ORDERS = re.compile(
    r"""\b(?:ignore|disregard|forget|override|overrule)\b[^.\n]{0,40}
        \b(?:above|previous|prior|earlier|before|instructions?|prompts?|rules?|everything|all)\b
      | \byou\ are\ (?:now|no\ longer)\b
      | \b(?:new|system|developer|hidden)\ (?:instruction|prompt|message)s?\b
      | \b(?:always|only|just)\ (?:answer|say|reply|respond|output|write|print|choose|label)\b
      | \b(?:answer|say|reply|respond|output|write|print|choose)\ (?:always|only|just)\b
      | ^\s*(?:system|assistant|user)\s*:
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_SHOWN = 60


def prompt_text(text: str) -> str:
    r"""Return a text as it may stand in a prompt.

    Characters that nobody sees are left out, and a blank goes into everything that looks like a
    control token. Doing it twice changes nothing.

    Examples
    --------
    >>> prompt_text("rear<video>, sni\u200bff <|im_end|>")
    'rear< video>, sniff < |im_end|>'
    """
    seen = "".join(
        letter
        for letter in text.replace("\r\n", "\n")
        if letter in "\n\t" or unicodedata.category(letter) not in _HIDDEN
    )
    return _WIDE_BARS.sub("< ", plain_text(seen))


def one_line(text: str) -> str:
    """Return :func:`prompt_text` of a text in one line, so that it cannot begin a new section."""
    # Line breaks turn into blanks before control characters are dropped, or words would join.
    return prompt_text(" ".join(text.split()))


def text_doubts(what: str, text: str) -> list[str]:
    """Return a sentence for each thing in a text that a model may take for more than a text.

    Parameters
    ----------
    what : str
        What the text is, for example ``"the definition of 'rearing'"``.
    text : str
        As it was written.
    """
    found = []
    seen = prompt_text(text)
    if plain_text(text) != text or _WIDE_BARS.search(text):
        found.append(f"{what} holds what models read as a control token; a blank is put into it")
    hidden = len(text) - len([c for c in text if c in "\r\n\t" or not _is_hidden(c)])
    if hidden:
        found.append(f"{what} holds {hidden} characters that nobody sees; they are left out")
    order = _ORDERS.search(seen)
    if order:
        words = " ".join(seen[order.start() :].split())[:_SHOWN]
        found.append(f"{what} reads like an instruction to the model: {words!r}")
    return [f"{sentence[0].upper()}{sentence[1:]}." for sentence in found]


def _is_hidden(letter: str) -> bool:
    return unicodedata.category(letter) in _HIDDEN
