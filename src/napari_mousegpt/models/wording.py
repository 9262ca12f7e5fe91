"""Texts to tokens and back, for one tokenizer in one thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_mousegpt.errors import InputError
from napari_mousegpt.models.generation import Generated, Written
from napari_mousegpt.models.prompt_text import AnswerFrame, escape

__all__ = ["Wording"]


class Wording:
    """How a model reads questions and writes answers.

    Parameters
    ----------
    tokenizer : transformers tokenizer
        Not to be used by two threads at once.
    frame : AnswerFrame
    control : tuple of str
        Texts of the control tokens.
    """

    def __init__(self, tokenizer: Any, frame: AnswerFrame, control: tuple[str, ...]) -> None:
        self.tokenizer = tokenizer
        self.frame = frame
        self.control = control
        ids = tokenizer.convert_tokens_to_ids(list(control))
        self.control_ids = frozenset(ids) - {None, tokenizer.unk_token_id}
        self._stops: dict[str, tuple[int, ...]] = {}

    def plain(self, text: str) -> str:
        """Return text with a space inside every control token, so that it is read as plain text.

        Raises
        ------
        InputError
            If the tokenizer still reads a control token in it.
        """
        escaped = escape(text, self.control)
        left = sorted(self.control_ids.intersection(self._ids(escaped)))
        if left:
            names = ", ".join(self.tokenizer.convert_ids_to_tokens(left))
            raise InputError(
                "text", expected="no control tokens", found=names, remedy="Remove them."
            )
        return escaped

    def turn_ids(self, question: str = "") -> list[int]:
        """Return the tokens of a question and of what stands between it and its answer."""
        return self._ids(self.plain(question) + self.frame.turn)

    def answers(self, options: Sequence[str]) -> list[list[int]]:
        """Return the tokens of possible answers, without their end.

        Raises
        ------
        InputError
            If there is none, or if one is empty or stands twice.
        """
        cleaned = [self.plain(option.strip()) for option in options]
        doubles = sorted({text for text in cleaned if cleaned.count(text) > 1})
        if not cleaned or doubles or "" in cleaned:
            raise InputError(
                "options",
                expected="at least one answer, none empty, none twice",
                found=", ".join(repr(text) for text in doubles or cleaned) or "none",
            )
        return [self._ids(self.frame.lead + text) for text in cleaned]

    def ends(self, stop: Sequence[str]) -> list[int]:
        """Return the tokens that end an answer; of the stops, those of one character."""
        found = list(self.frame.ends)
        for text in stop:
            if len(text) == 1:
                found += self._ids_with(text)
        return found

    def spoken(self, row: Written, stop: Sequence[str]) -> Generated:
        """Return the text of an answer, cut at the first of the stops."""
        text = self.tokenizer.decode(row.ids, skip_special_tokens=True).lstrip()
        finished = row.finished
        for end in stop:
            text, found, _ = text.partition(end)
            finished = finished or bool(found)
        count = len(row.ids)
        return Generated(text.strip(), count, row.logprob / max(count, 1), finished)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _ids_with(self, text: str) -> tuple[int, ...]:
        if text not in self._stops:
            pieces = self.tokenizer.batch_decode([[n] for n in range(len(self.tokenizer))])
            self._stops[text] = tuple(n for n, piece in enumerate(pieces) if text in piece)
        return self._stops[text]
