"""What a vision-language model is tried on: questions about drawn clips whose answers are known.

An answer is the label that gains most over a grey clip, as in closed vocabularies everywhere here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.errors import InputError
from napari_mousegpt.models.asks import Ask, ClipFrames, blank_ask
from napari_mousegpt.models.engine import Budget, Failed, run_engine
from napari_mousegpt.models.trust import Trial
from napari_mousegpt.runs.trial_clips import draw_clip, empty_clip

__all__ = ["QUESTIONS", "Question", "TrialParams", "answer_trials"]

Floats = NDArray[np.float64]
#: Score that passes, where chance is a half: 13 of 16, and no fewer.
_LEVEL = 0.8
#: A label this probable is given out, a less probable one is held back.
_SURE = 0.8
#: Facts are read when they change the chance of what they speak for by this much.
_READ = 0.2


@dataclass(frozen=True)
class Question:
    """A question with two possible answers, which name what the drawn mouse does.

    Parameters
    ----------
    text : str
    labels : tuple of str
        Both are actions of :data:`~napari_mousegpt.runs.trial_clips.ACTIONS`.
    """

    text: str
    labels: tuple[str, str]

    def ask(self, clip: ClipFrames, *, facts: str = "", turned: bool = False) -> Ask:
        """Return the ask about a clip; ``turned`` lists the labels the other way round."""
        labels = self.labels[::-1] if turned else self.labels
        told = f"{facts}\n" if facts else ""
        return Ask((clip,), f"{told}{self.text} Answer with one word: {' or '.join(labels)}.")


QUESTIONS = {
    "direction": Question(
        "A mouse is filmed from above. Which way does it travel across the picture?",
        ("left", "right"),
    ),
    "posture": Question(
        "A mouse is filmed from above. Does it rear (stand on its hind legs, so that its body "
        "looks short and round) or lie flat (its body looks long)?",
        ("rear", "lie"),
    ),
    "motion": Question(
        "A mouse is filmed from above. Does it keep still in one place or move to another?",
        ("still", "move"),
    ),
}
#: Facts as they would be measured, by what they speak for.
FACTS = {
    "rear": "Measured on this clip: body drawn together, elongation 0.5 of the usual; body high, "
    "nose 0.9 BL above the floor.",
    "lie": "Measured on this clip: body stretched, elongation 1.1 of the usual; body low, nose "
    "0.1 BL above the floor.",
}


@dataclass(frozen=True)
class TrialParams:
    """How much a model is tried.

    Parameters
    ----------
    trials : int
        Clips of each trial; an even number, so that both answers are right equally often.
    frames, size : int
        Pictures of a clip, and pixels of their sides.
    batch : int
        Clips at once; fewer where memory is short.
    new_tokens : int
        Tokens written for each clip when the speed is measured.
    seed : int
        The same seed draws the same clips.
    """

    trials: int = 16
    frames: int = 4
    size: int = 224
    batch: int = 8
    new_tokens: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("trials", 2), ("frames", 2), ("size", 32), ("batch", 2)):
            if getattr(self, name) < least:
                raise InputError(f"{name}={getattr(self, name)}", expected=f"{least} or more")
        if self.trials % 2:
            raise InputError(f"trials={self.trials}", expected="an even number")
        if self.new_tokens < 1:
            raise InputError(f"new_tokens={self.new_tokens}", expected="1 or more")

    def clips(self, question: Question) -> list[ClipFrames]:
        """Return clips that show the labels of a question, each as often."""
        return [
            draw_clip(action, self.seed * 10_000 + i, n_frames=self.frames, size=self.size)
            for i, action in enumerate(self.truth(question))
        ]

    def truth(self, question: Question) -> list[str]:
        """Return the right answers to :meth:`clips`.

        They come in the order of Thue and Morse (left right right left right left left right ...):
        answers that go by the place in a batch, without a look, are right half of the time.
        """
        return [question.labels[i.bit_count() % 2] for i in range(self.trials)]


def answer_trials(model: Any, params: TrialParams) -> Iterator[Trial]:
    """Try a vision-language model, one trial after the other.

    Parameters
    ----------
    model : VisionLanguageModel
    params : TrialParams

    Yields
    ------
    Trial
    """
    tried = _Tried(model, params)
    yield tried.direction()
    yield tried.order()
    yield tried.known("posture", "rear / lie")
    yield tried.known("motion", "still / move")
    yield tried.pose_text()
    yield tried.blank()
    yield tried.permuted()
    yield tried.repeated()


class _Tried:
    def __init__(self, model: Any, params: TrialParams) -> None:
        self.model, self.params = model, params
        self._budget = Budget(params.batch)
        self._clips: dict[str, list[ClipFrames]] = {}
        self._gains: dict[str, Floats] = {}

    def direction(self) -> Trial:
        return self.known("direction", "motion direction")

    def known(self, name: str, title: str) -> Trial:
        """Try whether the labels of a question are told apart."""
        question = QUESTIONS[name]
        told, truth = self._told(question, self._seen(name)), self.params.truth(question)
        right = _same(told, truth)
        one, other = question.labels
        return Trial(
            title,
            f"drawn clips of a mouse, and the question: {one} or {other}",
            len(truth),
            right,
            level=_LEVEL,
            chance=0.5,
            sentence=f"{right} of {len(truth)} clips were told right ({one} or {other})"
            f"{_habit(told, question)}.",
            sees=True,
        )

    def order(self) -> Trial:
        """Try whether a clip played backwards turns the answer round."""
        question = QUESTIONS["direction"]
        there = self._told(question, self._seen("direction"))
        clips = [clip.reversed() for clip in self._drawn("direction")]
        back = self._told(question, self._gain(question, clips))
        turned = len(there) - _same(there, back)
        return Trial(
            "frame order",
            "the clips of motion direction played backwards, which has to turn the answer round",
            len(there),
            turned,
            level=_LEVEL,
            chance=0.5,
            sentence=f"Played backwards, {turned} of {len(there)} clips got the opposite answer"
            + ("." if turned > 0.5 * len(there) else ": it hardly minds the order of frames."),
            sees=True,
        )

    def pose_text(self) -> Trial:
        """Try whether measured facts in the prompt are read, and what wrong ones do."""
        question = QUESTIONS["posture"]
        clips, truth = self._drawn("posture"), self.params.truth(question)
        wrong = [question.labels[1 - question.labels.index(label)] for label in truth]
        arms = [
            self._scores([question.ask(clip, facts=FACTS[label]) for clip, label in
                          zip(clips, labels, strict=True)], question)
            for labels in (truth, wrong)
        ]  # fmt: skip
        # Against the plain prompt on grey, so that what the facts alone do stays in.
        grey = self._scores([blank_ask(question.ask(clips[0]))], question)
        shares = [_posterior(arm - grey) for arm in arms]
        sides = np.array([question.labels.index(label) for label in truth])
        n = len(truth)
        # What the facts add to the chance of what they speak for.
        moved = shares[0][np.arange(n), sides] - shares[1][np.arange(n), sides]
        used = int((moved >= _READ).sum())
        right, misled = (_same(self._told(question, share), truth) for share in shares)
        alone = _same(self._told(question, self._seen("posture")), truth)
        read = used >= _LEVEL * n
        warning = "; it believes them against the picture" if read and misled < n / 2 else ""
        return Trial(
            "pose text",
            "rear / lie again, with right, wrong and no measured facts in the prompt",
            n,
            used,
            level=_LEVEL,
            chance=0.0,
            sentence=f"Facts in the prompt are {'used' if read else 'ignored'}: they moved the "
            f"answer their way in {used} of {n} clips. Right answers: {right} with right facts, "
            f"{alone} without, {misled} with wrong ones{warning}.",
        )

    def blank(self) -> Trial:
        """Try whether a clip without a mouse leaves the model undecided."""
        question, params = QUESTIONS["direction"], self.params
        clips = [
            empty_clip(kind, params.seed * 10_000 + i, n_frames=params.frames, size=params.size)
            for i, kind in enumerate(["arena", "even"] * (params.trials // 2))
        ]
        top = _posterior(self._gain(question, clips)).max(axis=1)
        held = int((top < _SURE).sum())
        return Trial(
            "blank clip",
            "an empty arena or an even shade, and the question: left or right",
            len(top),
            held,
            level=_LEVEL,
            chance=0.0,
            sentence=f"Without a mouse to see, {held} of {len(top)} answers stayed below "
            f"{_SURE:.0%} and are held back; the surest had {top.max():.0%}.",
        )

    def permuted(self) -> Trial:
        """Try whether the order in which labels are listed changes the answer."""
        same, n = 0, 0
        for name in ("direction", "posture"):
            question = QUESTIONS[name]
            half = self.params.trials // 2
            listed = self._told(question, self._seen(name))[:half]
            turned = self._gain(question, self._drawn(name)[:half], turned=True)
            same += _same(listed, self._told(question, turned))
            n += half
        return Trial(
            "label order",
            "left / right and rear / lie, with the labels listed the other way round",
            n,
            same,
            level=_LEVEL,
            chance=0.0,
            sentence=f"{same} of {n} answers stayed when the labels were listed the other way "
            "round.",
        )

    def repeated(self) -> Trial:
        """Try whether a clip gets the same answer again, alone and in a batch."""
        question = QUESTIONS["direction"]
        asks = [question.ask(clip) for clip in self._drawn("direction")]
        first, again = self._scores(asks, question), self._scores(asks, question)
        alone = np.concatenate([self._scores([ask], question) for ask in asks])
        chances = np.stack([_posterior(scores) for scores in (first, again, alone)])
        spread = (chances.max(axis=0) - chances.min(axis=0)).max(axis=1)
        # Short numbers round differently in batches of another shape.
        most = 0.01 if "32" in str(self.model.dtype) else 0.05
        steady = int((spread <= most).sum())
        return Trial(
            "repeatability",
            "the same clip twice, alone and in a batch",
            len(spread),
            steady,
            level=1.0,
            chance=0.0,
            sentence=f"{steady} of {len(spread)} clips kept their probabilities within {most:g}; "
            f"the largest difference was {spread.max():.2g}.",
            required=True,
        )

    def _drawn(self, name: str) -> list[ClipFrames]:
        """Clips of a question, drawn once."""
        if name not in self._clips:
            self._clips[name] = self.params.clips(QUESTIONS[name])
        return self._clips[name]

    def _seen(self, name: str) -> Floats:
        """Gains of the clips of a question, computed once."""
        if name not in self._gains:
            self._gains[name] = self._gain(QUESTIONS[name], self._drawn(name))
        return self._gains[name]

    def _gain(
        self, question: Question, clips: Sequence[ClipFrames], *, turned: bool = False
    ) -> Floats:
        asks = [question.ask(clip, turned=turned) for clip in clips]
        scores = self._scores([*asks, blank_ask(asks[0])], question)
        return scores[:-1] - scores[-1:]

    def _scores(self, asks: Sequence[Ask], question: Question) -> Floats:
        model = self.model
        rows = []
        for _, result in run_engine(
            asks,
            key=lambda ask: ask.clips[0].n_frames,
            cost=lambda _: 1.0,
            prepare=model.prepare,
            compute=lambda batch, _: list(model.score(batch, question.labels)),
            budget=self._budget,
        ):
            if isinstance(result, Failed):
                raise result.error
            rows.append(result)
        return np.stack(rows)

    @staticmethod
    def _told(question: Question, gains: Floats) -> list[str]:
        return [question.labels[best] for best in gains.argmax(axis=1)]


def _posterior(gains: Floats) -> Floats:
    powers = np.exp(gains - gains.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(a == b for a, b in zip(one, other, strict=True))


def _habit(told: Sequence[str], question: Question) -> str:
    """Say so when one answer is given nearly always."""
    for label in question.labels:
        count = list(told).count(label)
        if count >= 0.9 * len(told):
            return f'; it said "{label}" {count} times'
    return ""
