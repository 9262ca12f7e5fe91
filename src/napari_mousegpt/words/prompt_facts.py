"""What was measured on a clip, in words and numbers, as a model reads it.

Only measures: the verdict of the rules (walking, rearing) is left out, so that what a model says
remains its own and can be held against them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import InputError
from napari_mousegpt.features import MEASURES, FrameFeatures
from napari_mousegpt.words import sentences
from napari_mousegpt.words.individuals import features_of

__all__ = ["FACTS_FORM", "FACTS_WORDS", "facts_text", "facts_texts"]

#: Raised when the same numbers read differently; part of the id of every prompt with facts.
FACTS_FORM = "facts/1"

#: A measure that was seen in a smaller share of the frames is left out, as in the sentences of the
#: kinematic describer.
_LEAST_SEEN = 0.25
#: Shortest stretch whose beginning and end are told apart.
_LEAST_FOR_COURSE = 6
#: Measures whose course over the clip is told, and the change that is worth telling, in their unit.
_COURSE = {
    "body_speed": 0.25,
    "head_motion": 0.25,
    "elongation": 0.15,
    "body_pitch": 15.0,
    "nose_height": 0.15,
    "neck_height": 0.15,
    "area": 0.15,
}
#: Written as numbers unless told otherwise: what the sentences do not tell.
_NUMBERS = ("body_speed", "forward_speed", "turn_rate", "shape_change", "roundness")
_UNITS = {"1": "", "1/s": "/s"}

#: Every word that facts can hold. They tell nothing about an animal, so that a group that is called
#: "left" does not make each of them a leak.
FACTS_WORDS = """
measured on this clip seconds BL body lengths one length is left side of the animal positive trunk
head limb limbs torso nose neck back tail base silhouette pose area usual its in line with the
turned deg to right above floor pointing up down at rest moving quickly a little not visible no
part was seen fore hind paws paw near lifted stepping and on drawn together stretched looks short
raised or which view does show level bent by mean means over from early late speed ground along
axis backwards negative space relative turning against direction straight behind bend chest centre
when distance between nearer rise vertical upwards height ears width as share median that changes
per second else tip middle angle opposite
"""


def facts_text(
    features: FrameFeatures, start: int, stop: int, *, measures: Sequence[str] = ()
) -> str:
    """Return what was measured on frames ``[start, stop)``, in a few lines.

    Parameters
    ----------
    features : FrameFeatures
        Of the individual, for the whole recording.
    start, stop : int
        Frames; an event without length is its frame.
    measures : sequence of str
        Names of those that are also written as plain means; by default the few that the sentences
        leave out.

    Returns
    -------
    str
        Lengths in body lengths, means over the stretch. It holds no name, place or time of day.

    Raises
    ------
    InputError
        When the stretch lies outside the recording, or a measure is none.
    """
    stop = max(stop, start + 1)
    if not 0 <= start < stop <= features.n_frames:
        raise InputError(
            f"interval [{start}, {stop})",
            expected=f"frames 0 to {features.n_frames}",
            remedy="Clip the intervals to the recording first.",
        )
    unknown = [name for name in measures if name not in MEASURES]
    if unknown:
        raise InputError(f"measure {unknown[0]!r}", expected=f"one of {', '.join(MEASURES)}")
    values = features.values[start:stop].astype(np.float64)
    numbers = dict(zip(features.names, _means(values).tolist(), strict=True))
    clock = features.timebase
    seconds = float(clock.time(stop)) - float(clock.time(start))
    by = "its silhouette" if features.source == "silhouette" else "its pose"
    head = f"Measured on this clip ({seconds:.2f} s) from {by}; BL is one body length:"
    if all(np.isnan(list(numbers.values()))):
        return f"{head}\n- no part of the body was seen"
    parts = (sentences.head(numbers), sentences.limb(numbers), sentences.torso(numbers))
    lines = [f"- {text}" for text in parts if text != sentences.NOT_VISIBLE]
    lines += [f"- {text}" for text in _course(features, values)]
    wanted = measures or _NUMBERS
    told = [
        _mean_words(name, unit, numbers[name])
        for name, unit in zip(features.names, features.units, strict=True)
        if name in wanted and not np.isnan(numbers[name])
    ]
    return "\n".join([head, *lines, *(["- means: " + "; ".join(told)] if told else [])])


def facts_texts(features: Mapping[str, FrameFeatures], intervals: Intervals) -> list[str]:
    """Return :func:`facts_text` for each of the intervals, in their order.

    A row of the whole picture (individual ``""``) takes the only individual there is.

    Raises
    ------
    InputError
        When a row names an unknown individual, or lies outside the recording.
    """
    texts = []
    for individual, start, stop in zip(
        intervals.individual, intervals.start.tolist(), intervals.stop.tolist(), strict=True
    ):
        texts.append(facts_text(features_of(features, str(individual)), start, stop))
    return texts


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each column, NaN where it was hardly seen."""
    seen = np.isfinite(values)
    count = seen.sum(axis=0)
    total = np.where(seen, values, 0.0).sum(axis=0)
    enough = (count > 0) & (count >= _LEAST_SEEN * len(values))
    mean: NDArray[np.float64] = np.full(values.shape[1], np.nan)
    np.divide(total, count, out=mean, where=enough)
    return mean


def _course(features: FrameFeatures, values: NDArray[np.float64]) -> list[str]:
    """Return how measures went from the first third to the last one, where they changed."""
    third = len(values) // 3
    if len(values) < _LEAST_FOR_COURSE:
        return []
    early, late = _means(values[:third]), _means(values[-third:])
    lines = []
    for column, (name, unit) in enumerate(zip(features.names, features.units, strict=True)):
        change = abs(late[column] - early[column])
        if name in _COURSE and change >= _COURSE[name]:
            lines.append(
                f"{_meaning(name)}: early {_number(early[column], unit)}, "
                f"late {_number(late[column], unit)}"
            )
    return lines


def _mean_words(name: str, unit: str, value: float) -> str:
    return f"{_meaning(name)} {_number(value, unit)}"


def _meaning(name: str) -> str:
    return MEASURES[name].meaning.removesuffix(" (3-D)") if name in MEASURES else name


def _number(value: float, unit: str) -> str:
    # No negative zero.
    digits = 0 if unit.startswith("deg") else 2
    shown = f"{round(value, digits) + 0.0:.{digits}f}"
    return f"{shown}{_UNITS.get(unit, ' ' + unit)}"
