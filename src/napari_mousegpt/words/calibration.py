"""Temperature: how far the probabilities of a model are to be believed, from accepted labels.

One number is fitted, so that the accepted labels become as probable as they can be (Guo et al.
2017, "On calibration of modern neural networks"). It never changes which label is first.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.clips.sampling import ClipParams
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.core.tables import text_cells
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.words.calibration_terms import (
    check_seconds,
    check_terms,
    seen_clips,
    usual_seconds,
)
from napari_mousegpt.words.confidence_bins import Bin, calibration_error, reliability
from napari_mousegpt.words.scoring import LabelScores, ScoringParams, softmax
from napari_mousegpt.words.shares import LEVEL
from napari_mousegpt.words.vocabulary import Vocabulary

__all__ = ["Calibration", "calibrate", "vocabulary_hash"]

Floats = NDArray[np.float64]

#: Fewest accepted labels that a temperature is fitted to, and fewest of one label that count.
LEAST, LEAST_EACH = 30, 5
#: Temperatures looked at.
_COLDEST, _HOTTEST = 1e-2, 1e3


@dataclass(frozen=True)
class Calibration:
    """A fitted temperature and what it rests on.

    Parameters
    ----------
    temperature : float
    temperature_low, temperature_high : float
        Interval by leaving out one animal at a time (jackknife); NaN with fewer than three animals.
    n, n_animals : int
        Accepted labels, and animals they are of; 0 animals where none were named.
    counts : dict of str to int
        Accepted labels of each kind, zeros too.
    nll_before, nll_after : float
        Mean negative log-probability of the accepted label at temperature 1 and at this one.
    nll_held_out : float
        The same for each animal at the temperature of the others; NaN without two animals.
    ece_before, ece_after : float
        Expected calibration error, see :mod:`napari_mousegpt.words.confidence_bins`.
    before, after : tuple of Bin
        Reliability at temperature 1 and after it. With two animals or more, ``after`` (and
        ``ece_after``) takes each animal at the temperature of the others.
    model, prompt_id, vocabulary : str
        What was calibrated: model and revision, prompt, hash of the labels.
    prior_weight, length_power : float
        Corrections under which it holds, see :class:`ScoringParams`.
    quantised : str
        How the weights were packed; empty as they are.
    clips : dict of str to object
        The pictures that were scored, see
        :func:`~napari_mousegpt.words.calibration_terms.seen_clips`.
    seconds_low, seconds_high : float
        Nine of ten clips were as long as this.
    notes : tuple of str
        What to know before it is believed, as sentences.
    """

    temperature: float
    temperature_low: float
    temperature_high: float
    n: int
    n_animals: int
    counts: dict[str, int]
    nll_before: float
    nll_after: float
    nll_held_out: float
    ece_before: float
    ece_after: float
    before: tuple[Bin, ...]
    after: tuple[Bin, ...]
    model: str
    prompt_id: str
    vocabulary: str
    prior_weight: float
    length_power: float
    quantised: str
    clips: dict[str, Any]
    seconds_low: float
    seconds_high: float
    notes: tuple[str, ...] = ()

    def apply(
        self,
        params: ScoringParams,
        *,
        model: str,
        prompt_id: str,
        vocabulary: str,
        clips: ClipParams,
        seconds: ArrayLike,
        quantised: str = "",
    ) -> ScoringParams:
        """Return the scoring parameters with this temperature.

        Parameters
        ----------
        params : ScoringParams
        model, prompt_id, vocabulary, clips, seconds, quantised
            What it is going to be used with, see :func:`calibrate`.

        Raises
        ------
        MismatchError
            When it was fitted with another model, prompt, vocabulary, correction or packing of the
            weights, with other pictures, or with clips of another length than most of these.

        Warns
        -----
        UserWarning
            When some of these clips have another length.
        """
        used = {
            "model": model,
            "prompt_id": prompt_id,
            "vocabulary": vocabulary,
            "prior_weight": params.prior_weight,
            "length_power": params.length_power,
            "quantised": quantised,
            "clips": seen_clips(clips),
        }
        check_terms({name: getattr(self, name) for name in used}, used)
        check_seconds((self.seconds_low, self.seconds_high), seconds)
        return replace(params, temperature=self.temperature)


def calibrate(
    scores: LabelScores,
    accepted: Sequence[str],
    *,
    animals: ArrayLike | None = None,
    params: ScoringParams | None = None,
    model: str = "",
    prompt_id: str = "",
    vocabulary: str = "",
    clips: ClipParams | None = None,
    seconds: ArrayLike = (),
    quantised: str = "",
    bins: int = 10,
) -> Calibration:
    """Fit a temperature to labels that a person accepted.

    Parameters
    ----------
    scores : LabelScores
        Of n clips. They must not be chosen by how sure the model was.
    accepted : sequence of str, length n
        The right label of each clip.
    animals : array_like of str, shape (n,), optional
        Whose clips these are. Clips of one animal are alike: error estimates leave out whole
        animals.
    params : ScoringParams, optional
        Corrections; its temperature plays no part.
    model, prompt_id, vocabulary : str
        Kept, and checked when it is used; see :func:`vocabulary_hash`.
    clips : ClipParams, optional
        Which pictures the model saw; kept and checked.
    seconds : array_like of float, shape (n,)
        How long the clips are; kept and checked.
    quantised : str
        How the weights were packed, ``"int8"`` or ``"int4"``; kept and checked.
    bins : int
        Of equal width, for the reliability.

    Raises
    ------
    InputError
        When there are fewer than 30 accepted labels, or fewer than two labels with at least 5; the
        labels that are short are named. Also when an accepted label is none of the vocabulary.
    """
    how = replace(params or ScoringParams(), temperature=1.0)
    given = [str(label) for label in accepted]
    corrected = scores.corrected(how)
    if len(given) != len(corrected):
        raise MismatchError(
            "accepted labels",
            expected=f"{len(corrected)}, one for each clip",
            found=f"{len(given)}",
        )
    counts = _counted(given, tuple(scores.labels))
    if not np.isfinite(corrected).all():
        raise InputError("scores for a calibration", expected="finite numbers", found="infinity")
    truth = np.array([list(scores.labels).index(label) for label in given])
    who = None if animals is None else text_cells(animals)
    if who is not None and (who.shape != truth.shape or (who == "").any()):
        raise InputError("animals", expected=f"a name for each of the {len(truth)} clips")
    temperature = _fit(corrected, truth)
    plain = softmax(corrected)
    final = held = softmax(corrected, temperature)
    left_out: list[float] = []
    names = [] if who is None else sorted(set(who.tolist()))
    if who is not None and len(names) > 1:
        held = np.empty_like(plain)
        for name in names:
            mine = who == name
            left_out.append(_fit(corrected[~mine], truth[~mine]))
            held[mine] = softmax(corrected[mine], left_out[-1])
    low, high = _jackknife(temperature, left_out)
    before, after = (_bins_of(p, truth, bins) for p in (plain, held))
    usual = usual_seconds(seconds)
    return Calibration(
        temperature=temperature,
        temperature_low=low,
        temperature_high=high,
        n=len(truth),
        n_animals=len(names),
        counts=counts,
        nll_before=_nll(plain, truth),
        nll_after=_nll(final, truth),
        nll_held_out=_nll(held, truth) if left_out else math.nan,
        ece_before=calibration_error(before),
        ece_after=calibration_error(after),
        before=before,
        after=after,
        model=model,
        prompt_id=prompt_id,
        vocabulary=vocabulary,
        prior_weight=how.prior_weight,
        length_power=how.length_power,
        quantised=quantised,
        clips=seen_clips(clips or ClipParams()),
        seconds_low=usual[0],
        seconds_high=usual[1],
        notes=_notes(temperature, counts, len(names), plain, truth),
    )


def vocabulary_hash(vocabulary: Vocabulary | Sequence[str]) -> str:
    """Return a hash of labels and definitions, whatever their order; 12 hexadecimal characters."""
    if isinstance(vocabulary, Vocabulary):
        return digest([sorted(vocabulary.labels), dict(vocabulary.definitions)], 6)
    return digest([sorted(vocabulary), {}], 6)


def _counted(given: list[str], labels: tuple[str, ...]) -> dict[str, int]:
    unknown = sorted(set(given) - set(labels))
    if unknown:
        raise InputError(
            f"accepted label {unknown[0]!r}",
            expected=f"one of the vocabulary: {', '.join(labels)}",
            found=f"{len(unknown)} other label(s)",
            remedy="Leave these clips out, or score them with a vocabulary that has their label.",
        )
    counted = Counter(given)
    counts = {label: counted[label] for label in labels}
    enough = [label for label in labels if counts[label] >= LEAST_EACH]
    if len(given) < LEAST or len(enough) < 2:
        short = sorted((counts[label], label) for label in labels if counts[label] < LEAST_EACH)
        wanted = ", ".join(f"{label} ({count})" for count, label in short) or "any of them"
        raise InputError(
            "accepted labels for a calibration",
            expected=f"{LEAST} or more, with two labels that have {LEAST_EACH} or more",
            found=f"{len(given)}: " + ", ".join(f"{k} {v}" for k, v in counts.items()),
            remedy=f"Accept or correct more clips, first of all of: {wanted}.",
        )
    return counts


def _fit(scores: Floats, truth: NDArray[np.intp]) -> float:
    """Return the temperature at which the accepted labels are most probable."""
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    n, k = scores.shape
    shifted = scores - scores.max(axis=1, keepdims=True)
    # Targets as in Platt (1999): never quite certain. Else a model that was right every time would
    # be given a temperature of zero, and be certain of everything.
    doubt = 1.0 / (n + 2)
    own = shifted[np.arange(n), truth]
    target = (1 - doubt) * own + doubt * (shifted.sum(axis=1) - own) / (k - 1)

    def loss(log_temperature: float) -> float:
        sharp = math.exp(-log_temperature)
        return float((logsumexp(sharp * shifted, axis=1) - sharp * target).mean())

    bounds = (math.log(_COLDEST), math.log(_HOTTEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return math.exp(float(found.x))


def _jackknife(temperature: float, left_out: list[float]) -> tuple[float, float]:
    from scipy.special import stdtrit

    m = len(left_out)
    if m < 3:
        return math.nan, math.nan
    logs = np.log(left_out)
    error = math.sqrt((m - 1) / m * ((logs - logs.mean()) ** 2).sum())
    reach = float(stdtrit(m - 1, (1 + LEVEL) / 2)) * error
    return temperature * math.exp(-reach), temperature * math.exp(reach)


def _nll(probability: Floats, truth: NDArray[np.intp]) -> float:
    own = probability[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(own, np.finfo(float).tiny)).mean())


def _bins_of(probability: Floats, truth: NDArray[np.intp], bins: int) -> tuple[Bin, ...]:
    sure = np.clip(probability.max(axis=1), 0.0, 1.0)
    return reliability(sure, probability.argmax(axis=1) == truth, bins)


def _notes(
    temperature: float, counts: dict[str, int], n_animals: int, p: Floats, truth: NDArray[np.intp]
) -> tuple[str, ...]:
    notes = []
    if n_animals == 0:
        notes.append("No animals were named: its error is not known, and the curve is too hopeful.")
    elif n_animals == 1:
        notes.append("All clips are of one animal: how it does on others is not known.")
    elif n_animals < 5:
        notes.append(f"Only {n_animals} animals: how animals differ is hardly known.")
    thin = [label for label, count in counts.items() if count < LEAST_EACH]
    if thin:
        notes.append(f"Hardly or never among the accepted labels: {', '.join(thin)}.")
    right = float((p.argmax(axis=1) == truth).mean())
    if right == 1.0:
        notes.append("The model was right every time: how sure it should be cannot be told well.")
    if right <= max(counts.values()) / len(truth):
        notes.append(
            f"The model was right on {right:.0%}, no more than the commonest label would be."
        )
    if not 1.01 * _COLDEST < temperature < _HOTTEST / 1.01:
        notes.append("The best temperature lies at the end of the range that is looked at.")
    return tuple(notes)
