"""Words by a vision-language model on this machine: clips through the engine, slot by slot."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clips import Clip, iter_clips
from napari_mousegpt.errors import InputError
from napari_mousegpt.models.engine import Budget, Cancelled, Failed, run_engine
from napari_mousegpt.models.memory import Memory, ModelShape
from napari_mousegpt.words.described import Described, failed_row, noted
from napari_mousegpt.words.model_questions import Questions, common_text
from napari_mousegpt.words.scoring import LabelScores, ScoringParams
from napari_mousegpt.words.slots import Choice, Slot, Slots, from_slots

if TYPE_CHECKING:
    from napari_mousegpt.clips import ClipParams
    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.models.asks import Ask
    from napari_mousegpt.models.device import Device
    from napari_mousegpt.models.generation import Generated
    from napari_mousegpt.models.vision_language import VisionLanguageModel

__all__ = ["ModelDescriber"]

#: A free-text slot ends with its line.
_STOP = ("\n",)
#: Most clips in a batch. Without a card more gain nothing, and nothing ends within a batch.
_MOST = {"cpu": 4, "mps": 8, "cuda": 64}
#: Share of the free memory that a batch may take. That of a computer is not ours alone.
_SHARE = {"cpu": 0.5, "mps": 0.6, "cuda": 0.9}
#: Letters of a token, on the safe side.
_LETTERS = 3
_Stops = Callable[[], bool]


@dataclass(eq=False)
class _Work:
    """A batch of clips on its way to the model.

    Either one batch of open prompts and the question of each slot, or one batch for each slot.
    """

    clips: list[Clip]
    batches: list[Any]
    questions: list[str]


@dataclass(eq=False)
class _Answer:
    """What a model said of one clip."""

    written: dict[str, Generated] = field(default_factory=dict)
    scored: dict[str, Choice] = field(default_factory=dict)


class ModelDescriber:
    """Describes clips with a model.

    Parameters
    ----------
    load : callable
        Returns the loaded model; called when the first clip is asked for, so that a run that is
        finished loads nothing.
    name : str
        What stands as ``model`` in every row.
    device : Device
        It runs on this.
    questions : Questions
    clips : ClipParams
    scoring : ScoringParams
        For the label; other scored slots are never left open.
    max_tokens : int
        Longest text of a slot; 0 as suits the slot.
    """

    def __init__(
        self,
        load: Callable[[], VisionLanguageModel],
        name: str,
        device: Device,
        questions: Questions,
        clips: ClipParams,
        scoring: ScoringParams,
        max_tokens: int = 0,
    ) -> None:
        self._load, self.name, self._device = load, name, device
        self._questions, self._clips, self._scoring = questions, clips, scoring
        prompt = questions.prompt
        longest = dict.fromkeys(prompt.parts, max_tokens) if max_tokens else None
        self._slots = Slots.of(prompt.parts, questions.vocabulary, prompt.options, longest)
        self._prompt_id = questions.id
        self._blank: dict[tuple[Any, ...], dict[str, NDArray[np.float64]]] = {}
        self._shares: bool | None = None

    @cached_property
    def model(self) -> VisionLanguageModel:
        """The model, loaded when it is first needed."""
        return self._load()

    def rows(self, ranges: Intervals, cancelled: _Stops) -> Iterator[Described]:
        """Yield a description of each stretch, in their order.

        Parameters
        ----------
        ranges : Intervals
        cancelled : callable
            Asked before every token. Once it returns True, this ends.
        """
        model = self.model
        if self._questions.prompt.facts:
            len(self._questions.features)  # measured here, not in the thread that reads clips
        clips = iter_clips(
            self._questions.recording, ranges, self._clips, least=model.family.least_frames
        )
        ids = ranges.range_ids()
        for clip, result in run_engine(
            clips,
            key=lambda clip: len(clip.rows),
            cost=self._bytes,
            prepare=partial(self._prepare, ranges),
            compute=self._compute,
            budget=self._budget,
            cancelled=cancelled,
        ):
            where = self._questions.where(
                clip, str(ranges.individual[clip.row]), str(ids[clip.row])
            )
            if isinstance(result, Failed):
                row = failed_row(where, self.name, self._prompt_id, result.error)
                yield Described(row, result.error)
                continue
            row = from_slots(
                where,
                self._slots,
                {name: said.text for name, said in result.written.items()},
                result.scored,
                model=self.name,
                prompt_id=self._prompt_id,
                unfinished=[name for name, said in result.written.items() if not said.finished],
                evidence=_evidence(clip, result),
                vocabulary=self._questions.vocabulary,
            )
            yield Described(noted(row, clip.damaged))

    def _prepare(self, ranges: Intervals, clips: Sequence[Clip]) -> _Work:
        parts = [slot.name for slot in self._slots]
        asks = [
            self._questions.asks(clip, str(ranges.individual[clip.row]), parts) for clip in clips
        ]
        return self._work(list(clips), asks)

    def _work(self, clips: list[Clip], asks: list[list[Ask]]) -> _Work:
        """Prepare asks, (clip, slot), so that what the slots share is read once."""
        if len(asks[0]) > 1:
            parted = [common_text(each) for each in asks]
            shared, questions = [ask for ask, _ in parted], parted[0][1]
            if self._can_share(shared[0]):
                return _Work(clips, [self.model.prepare(shared, is_open=True)], questions)
        return _Work(clips, [self.model.prepare(column) for column in zip(*asks, strict=True)], [])

    def _can_share(self, ask: Ask) -> bool:
        if self._shares is None:
            try:
                self.model.prepare([ask], is_open=True)
                self._shares = True
            except InputError:
                # The chat template closes questions in its own way: each slot is asked whole, and
                # what is wrong with the ask itself is told there.
                return False
        return self._shares

    def _compute(self, work: _Work, cancelled: _Stops) -> list[_Answer]:
        answers = [_Answer() for _ in work.clips]
        priors = self._priors(work)
        for slot, score, write in self._slots_of(work):
            if cancelled():
                raise Cancelled
            if slot.scored:
                prior = np.stack([each[slot.name] for each in priors])
                choices = self._choices(slot, score(slot.options), prior)
                for answer, choice in zip(answers, choices, strict=True):
                    answer.scored[slot.name] = choice
            else:
                texts = write(max_tokens=slot.max_tokens, stop=_STOP, cancelled=cancelled)
                if cancelled():
                    raise Cancelled
                for answer, text in zip(answers, texts, strict=True):
                    answer.written[slot.name] = text
        return answers

    def _slots_of(
        self, work: _Work
    ) -> Iterator[tuple[Slot, Callable[..., Any], Callable[..., Any]]]:
        """Yield each slot with what scores and what writes it."""
        model = self.model
        if work.questions:
            reading = model.read(work.batches[0])
            for slot, question in zip(self._slots, work.questions, strict=True):
                yield slot, partial(reading.score, question), partial(reading.generate, question)
        else:
            for slot, batch in zip(self._slots, work.batches, strict=True):
                yield slot, partial(model.score, batch), partial(model.generate, batch)

    def _choices(
        self, slot: Slot, loglik: NDArray[np.float64], prior: NDArray[np.float64]
    ) -> list[Choice]:
        how = self._scoring
        if slot.name != "label":
            how = ScoringParams(how.prior_weight, how.length_power)
        lengths = self.model.option_lengths(slot.options)
        return LabelScores(slot.values, loglik, prior, lengths).choices(how)

    def _priors(self, work: _Work) -> list[dict[str, NDArray[np.float64]]]:
        """Scores of all options on grey clips, for each clip; one for all that look alike."""
        if not self._slots.scored or not self._scoring.prior_weight:
            nothing = {slot.name: np.zeros(len(slot.options)) for slot in self._slots.scored}
            return [nothing] * len(work.clips)
        keys = [_look(clip) for clip in work.clips]
        new = {key: clip for key, clip in zip(keys, work.clips, strict=True)
               if key not in self._blank}  # fmt: skip
        if new:
            parts = [slot.name for slot in self._slots]
            clips = list(new.values())
            grey = self._work(clips, [self._questions.blank_asks(clip, parts) for clip in clips])
            found: list[dict[str, NDArray[np.float64]]] = [{} for _ in clips]
            for slot, score, _ in self._slots_of(grey):
                if slot.scored:
                    for row, own in zip(found, score(slot.options), strict=True):
                        row[slot.name] = own
            self._blank |= zip(new, found, strict=True)
        return [self._blank[key] for key in keys]

    def _bytes(self, clip: Clip) -> float:
        """Memory that a clip takes in a batch, or 1 where the model cannot be predicted."""
        if self._memory is None:
            return 1.0
        shapes = [clip.frames.shape, *(e.clip.frames.shape for e in self._questions.examples)]
        seen = sum(self.model.visual_tokens(*shape[:3]) for shape in shapes)
        longest = max((slot.max_tokens for slot in self._slots), default=0)
        pixels = sum(math.prod(shape) for shape in shapes)
        return self._memory.per_clip_bytes(seen + self._text_tokens, longest, pixels)

    @cached_property
    def _text_tokens(self) -> int:
        """About how many tokens the texts of an ask have."""
        prompt, questions = self._questions.prompt, self._questions
        letters = len(prompt.system) + len(prompt.context) + len(prompt.instruction) + 600
        letters += sum(map(len, prompt.questions.values()))
        if questions.vocabulary is not None:
            letters += len("".join(questions.vocabulary.shown))
            letters += len("".join(questions.vocabulary.definitions.values()))
        letters += sum(len(example.caption(1, prompt.facts)) for example in questions.examples)
        return letters // _LETTERS

    @cached_property
    def _memory(self) -> Memory | None:
        model = self.model
        size = model.dtype.itemsize
        try:
            shape = ModelShape.of(model.model.config, size)
        except InputError:
            return None  # a family with other names for its widths: halving finds what fits
        return Memory(model.n_parameters * size, shape)

    @cached_property
    def _budget(self) -> Budget:
        most = _MOST[self._device.kind]
        if self._memory is None:
            return Budget(most)
        side, count = self._clips.size, self._clips.wanted
        blank = np.zeros((count, side, side, 3), dtype=np.uint8)
        places = np.arange(count)
        one = self._bytes(Clip(0, 0, count, blank, places, places / 1.0, 1.0, False))
        room = self._device.free_bytes * _SHARE[self._device.kind] or math.inf
        return Budget(max(one, min(room, most * one)))


def _look(clip: Clip) -> tuple[Any, ...]:
    """What a model is told of a clip beside its pictures: clips of one window length are alike."""
    rows = tuple((clip.rows - clip.start).tolist())
    return rows, clip.stop - clip.start, round(clip.source_fps, 3), clip.frames.shape


def _evidence(clip: Clip, answer: _Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"frames": clip.rows.tolist()}
    sure = {
        name: round(said.mean_logprob, 4)
        for name, said in answer.written.items()
        if math.isfinite(said.mean_logprob)
    }
    return {**told, "mean_logprob": sure} if sure else told
