"""All that a model is asked about the clips of a recording, and what must not be told in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from napari_mousegpt.models.asks import Ask
from napari_mousegpt.words.examples import Example, clip_frames
from napari_mousegpt.words.individuals import features_of
from napari_mousegpt.words.leaks import Told, check_ask, check_texts
from napari_mousegpt.words.prompt_facts import facts_text
from napari_mousegpt.words.prompts import REPLY, Prompt, make_ask, prompt_id, render
from napari_mousegpt.words.slots import Where

if TYPE_CHECKING:
    from napari_mousegpt.clips import Clip
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.features import FrameFeatures
    from napari_mousegpt.words.vocabulary import Vocabulary

__all__ = ["Questions", "common_text"]

#: Between the pieces of a prompt.
_GAP = "\n\n"


@dataclass(frozen=True, eq=False)
class Questions:
    """What is asked about each clip of one recording.

    Parameters
    ----------
    recording : Recording
    features : mapping of str to FrameFeatures
        Measures by individual, read where the prompt wants facts.
    prompt : Prompt
    vocabulary : Vocabulary, optional
    examples : tuple of Example
        Those of the prompt, cut from their recordings.
    told : tuple of Told
        Words that would tell whose recording it is.
    allow : tuple of str
        Columns or words that may be told.
    """

    recording: Recording
    features: Mapping[str, FrameFeatures]
    prompt: Prompt
    vocabulary: Vocabulary | None = None
    examples: tuple[Example, ...] = ()
    told: tuple[Told, ...] = ()
    allow: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What is kept with every description."""
        return prompt_id(self.prompt, self.vocabulary, self.examples or None)

    def check(self) -> None:
        """Make sure, before any clip is read, that the prompt tells nothing of the recording.

        Raises
        ------
        InputError
            Naming the word, where it stands and where it is from.
        """
        texts = {"the system text of the prompt": self.prompt.system}
        for part in (*self.prompt.parts, REPLY):
            texts[f"the text of the prompt ({part})"] = render(
                self.prompt, "", self.vocabulary, part
            )
        for number, example in enumerate(self.examples, start=1):
            texts[f"the words of example {number}"] = example.caption(number, self.prompt.facts)
        check_texts(texts, self.told, self.allow)

    def asks(self, clip: Clip, individual: str, parts: Sequence[str]) -> list[Ask]:
        """Return the asks about one clip, checked that they tell nothing of the recording.

        Raises
        ------
        InputError
            When they do, or examples have other frame counts than the clip.
        """
        facts = ""
        if self.prompt.facts:
            measured = features_of(self.features, individual)
            facts = facts_text(measured, clip.start, clip.stop)
        asks = [self._ask(clip, part, facts) for part in parts]
        for ask in asks:
            check_ask(ask, self.told, self.allow)
        return asks

    def blank_asks(self, clip: Clip, parts: Sequence[str]) -> list[Ask]:
        """Return the same asks when nothing is known: a grey clip, and nothing measured.

        The examples stay as they are. What a model answers to it is what it would say anyway.
        """
        asks = [self._ask(clip, part, "") for part in parts]
        grey = asks[0].clips[-1].blank()
        return [replace(ask, clips=(*ask.clips[:-1], grey)) for ask in asks]

    def where(self, clip: Clip, individual: str, range_id: str) -> Where:
        """Return the stretch of a clip as a row of a table names it."""
        clock = self.recording.timebase
        return Where(
            range_id,
            self.recording.id,
            individual,
            clip.start,
            clip.stop,
            float(clock.time(clip.start)),
            float(clock.time(clip.stop)),
        )

    def _ask(self, clip: Clip, part: str, facts: str) -> Ask:
        return make_ask(
            self.prompt,
            clip_frames(clip, self.recording.timebase),
            part,
            facts_text=facts,
            vocabulary=self.vocabulary,
            examples=self.examples,
        )


def common_text(asks: Sequence[Ask]) -> tuple[Ask, list[str]]:
    """Part asks about the same clips into what they share and what each adds to it.

    Returns
    -------
    shared : Ask
        With the text that all begin with, up to the gap before their questions.
    questions : list of str
        What follows in each; ``shared.text + question`` is its whole text.
    """
    first, last = min(ask.text for ask in asks), max(ask.text for ask in asks)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    begin = "".join(letter for letter, _ in same)
    shared = begin[: max(begin.rfind(_GAP), 0)]
    return replace(asks[0], text=shared), [ask.text[len(shared) :] for ask in asks]
