"""From log-likelihoods of labels to a choice: corrections, probabilities, abstention.

A model that scores each label of a vocabulary on a clip gives the summed log-probability of its
tokens. Two things that have nothing to do with the clip are in that sum: a label of many tokens is
less probable than one of few, and a model likes some words better than others. Both are there in
the same way on a blank clip, whose scores are therefore taken off (Zhao et al. 2021, "Calibrate
before use"; Holtzman et al. 2021, "Surface form competition").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.errors import InputError
from napari_mousegpt.words.slots import Choice

__all__ = ["LabelScores", "Posterior", "ScoringParams", "softmax"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoringParams:
    """How log-likelihoods become a label.

    Parameters
    ----------
    prior_weight : float
        How much of the scores on a blank clip is taken off, 0 to 1. All of it by default. A blank
        clip shows no motion: a model that takes it for "still" is corrected too much against that
        label, so hold the corrected against the uncorrected answers on your own clips.
    length_power : float
        Scores, and those of the blank clip, are divided by the number of tokens to this power, 0
        to 1: 1 is the mean per token. For scores without a blank clip; with one, what a longer
        label loses is taken off already.
    temperature : float
        Corrected scores are divided by this, see :mod:`napari_mousegpt.words.calibration`.
    least_confidence, least_margin : float
        With a smaller probability of the best label, or a smaller lead before the second, no label
        is given.
    """

    prior_weight: float = 1.0
    length_power: float = 0.0
    temperature: float = 1.0
    least_confidence: float = 0.0
    least_margin: float = 0.0

    def __post_init__(self) -> None:
        for name in ("prior_weight", "length_power", "least_confidence", "least_margin"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)}", expected="0 to 1")
        if not 0 < self.temperature < math.inf:
            raise InputError(f"temperature={self.temperature}", expected="a number above 0")


@dataclass(frozen=True, eq=False)
class Posterior:
    """Probabilities of labels, one row for each clip.

    Parameters
    ----------
    labels : tuple of str, length K
    probability : ndarray of float64, shape (n, K)
        Rows sum to one.
    """

    labels: tuple[str, ...]
    probability: Floats

    def __len__(self) -> int:
        return len(self.probability)

    @property
    def order(self) -> NDArray[np.intp]:
        """Columns of each row, the most probable first, shape (n, K); ties by the label's text.

        The order of the labels in the vocabulary plays no part.
        """
        by_text = np.argsort(np.argsort(np.array(self.labels, dtype=str), kind="stable"))
        return np.lexsort((np.broadcast_to(by_text, self.probability.shape), -self.probability))

    @property
    def confidence(self) -> Floats:
        """Probability of the best label, shape (n,)."""
        return np.asarray(self.probability.max(axis=1))

    @property
    def margin(self) -> Floats:
        """Probability of the best label less that of the second, shape (n,)."""
        two = np.sort(self.probability, axis=1)[:, -2:]
        return two[:, 1] - two[:, 0]

    @property
    def entropy(self) -> Floats:
        """How evenly the labels share the probability, shape (n,): 0 one label, 1 all alike."""
        p = self.probability
        bits = np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0).sum(axis=1)
        return np.asarray(np.clip(-bits / math.log(len(self.labels)), 0.0, 1.0))

    @property
    def best(self) -> tuple[str, ...]:
        """The most probable label of each row, whether or not it is probable enough."""
        return tuple(self.labels[row[0]] for row in self.order)

    def abstain(self, least_confidence: float = 0.0, least_margin: float = 0.0) -> list[Choice]:
        """Return the choice of each row; its value is empty where it is not clear enough.

        Confidence, margin, entropy and all probabilities are kept there too.
        """
        confidence, margin, entropy = self.confidence, self.margin, self.entropy
        clear = (confidence >= least_confidence) & (margin >= least_margin)
        return [
            Choice(
                best if clear[row] else "",
                float(confidence[row]),
                float(margin[row]),
                float(entropy[row]),
                dict(zip(self.labels, self.probability[row].tolist(), strict=True)),
            )
            for row, best in enumerate(self.best)
        ]


@dataclass(frozen=True, eq=False)
class LabelScores:
    """Summed log-likelihoods of labels, as a model gave them.

    Parameters
    ----------
    labels : sequence of str, length K
        At least two.
    loglik : array_like of float, shape (n, K)
        Log-probability of all tokens of each label, with the end token. Minus infinity is a label
        that the model rules out.
    prior : array_like of float, shape (K,) or (n, K), optional
        The same on a blank clip with the same prompt; one for each row where the prompts differ.
    lengths : array_like of int, shape (K,), optional
        Tokens of each label.

    Raises
    ------
    InputError
        When shapes do not fit, a label is there twice, or a number cannot be a log-likelihood.
    """

    labels: Sequence[str]
    loglik: ArrayLike
    prior: ArrayLike | None = None
    lengths: ArrayLike | None = None

    def __post_init__(self) -> None:
        labels = tuple(self.labels)
        loglik = np.array(self.loglik, dtype=np.float64)
        if len(labels) < 2 or len(set(labels)) < len(labels):
            raise InputError(
                "labels", expected="two or more, none twice", found=", ".join(map(repr, labels))
            )
        if loglik.ndim != 2 or loglik.shape[1] != len(labels):
            raise InputError(
                "scores of labels",
                expected=f"shape (clips, {len(labels)})",
                found=f"{loglik.shape}",
            )
        wrong = np.argwhere(np.isnan(loglik) | (loglik == np.inf))
        if len(wrong):
            row, column = wrong[0]
            raise InputError(
                f"score of label {labels[column]!r} on clip {row}",
                expected="a log-probability",
                found=str(loglik[row, column]),
                remedy="A model that gives no number was loaded in too small a number format: "
                "try dtype bfloat16 or float32.",
            )
        nothing = np.flatnonzero((loglik == -np.inf).all(axis=1))
        if nothing.size:
            raise InputError(
                f"scores of clip {nothing[0]}",
                expected="a label that is possible",
                found="none: all are minus infinity",
            )
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "loglik", loglik)
        if self.prior is not None:
            prior = np.array(self.prior, dtype=np.float64)
            if prior.shape not in ((len(labels),), loglik.shape) or not np.isfinite(prior).all():
                raise InputError(
                    "scores on the blank clip",
                    expected=f"{len(labels)} finite numbers, for all clips or for each",
                    found=f"shape {prior.shape}",
                )
            object.__setattr__(self, "prior", prior)
        if self.lengths is not None:
            lengths = np.array(self.lengths, dtype=np.float64)
            if lengths.shape != (len(labels),) or not (lengths >= 1).all():
                raise InputError("tokens of labels", expected=f"{len(labels)} numbers from 1 on")
            object.__setattr__(self, "lengths", lengths)

    def corrected(self, params: ScoringParams | None = None) -> Floats:
        """Return the scores without what is the same on a blank clip, shape (n, K).

        Raises
        ------
        InputError
            When a correction is wanted that these scores do not allow: none is left out silently.
        """
        how = params or ScoringParams()
        scores = np.asarray(self.loglik, dtype=np.float64)
        if how.prior_weight > 0:
            if self.prior is None:
                raise InputError(
                    "correction for the prior",
                    expected="scores on a blank clip",
                    found="none",
                    remedy="Score a blank clip with the same prompt, or set prior_weight=0.",
                )
            scores = scores - how.prior_weight * np.asarray(self.prior)
        if how.length_power > 0:
            if self.lengths is None:
                raise InputError(
                    "correction for length",
                    expected="the number of tokens of each label",
                    found="none",
                    remedy="Give lengths, or set length_power=0.",
                )
            scores = scores / np.asarray(self.lengths) ** how.length_power
        return scores

    def posterior(self, params: ScoringParams | None = None) -> Posterior:
        """Return the probabilities of the labels: softmax of the corrected scores."""
        how = params or ScoringParams()
        return Posterior(tuple(self.labels), softmax(self.corrected(how), how.temperature))

    def choices(self, params: ScoringParams | None = None) -> list[Choice]:
        """Return the label of each clip, empty where the model abstains."""
        how = params or ScoringParams()
        return self.posterior(how).abstain(how.least_confidence, how.least_margin)


def softmax(scores: Floats, temperature: float = 1.0) -> Floats:
    """Return probabilities of rows of log scores, shape (n, K)."""
    # The largest goes off first: dividing it by a small temperature would overflow.
    shifted = (scores - scores.max(axis=1, keepdims=True)) / temperature
    raised = np.exp(shifted)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
