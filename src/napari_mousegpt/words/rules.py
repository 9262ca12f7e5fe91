"""When a behaviour is named: thresholds in body lengths and seconds, and how they are read.

Each behaviour is a short list of conditions such as "hind paws faster than 0.25 BL/s over one
second". A condition is half met at its threshold and fades in or out within about an octave; the
sureness of a behaviour is the geometric mean over its conditions: no single measure decides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import NamedTuple

from napari_mousegpt.errors import InputError

__all__ = ["BEHAVIOURS", "Condition", "KinematicRules", "conditions"]

#: Labels in the order that settles ties; which can be told depends on what is tracked, see
#: :func:`conditions`.
BEHAVIOURS = (
    "walking",
    "rearing",
    "grooming",
    "standing",
    "turning",
    "moving in place",
    "still",
)


@dataclass(frozen=True)
class KinematicRules:
    """Thresholds of the kinematic describer.

    Speeds are in body lengths per second, lengths in body lengths, angles in degrees, times in
    seconds. Chosen by coarse search around what is known of the behaviours, then rounded, on three
    mice of one 3-D data set (see ``benchmarks/words.py``); those of pictures without depth were set
    by hand.

    Parameters
    ----------
    walk_hindpaw_speed : float
        Walking: the hind paws step at least this fast over one second.
    walk_body_speed : float
        Walking: the trunk travels at least this fast over two seconds.
    walk_forepaw_height : float
        Walking: the fore paws stay below this over half a second (3-D).
    walk_body_speed_alone : float
        Walking where no hind paws are tracked: the trunk travels this fast over one second.
    rear_forepaw_height : float
        Rearing: the fore paws are above this over half a second (3-D).
    rear_neck_height : float
        Rearing: the neck is above this over one second (3-D).
    rear_hindpaw_speed : float
        Rearing: the hind paws are slower than this over half a second.
    open_elongation : float
        Walking and rearing: nose to tail base is longer than this.
    groom_elongation : float
        Grooming: nose to tail base is shorter than this over four seconds.
    groom_hindpaw_to_nose : float
        Grooming: the nose is nearer to a hind paw than this over four seconds.
    groom_hand_to_nose : float
        Grooming: the fore paws are nearer to the nose than this over four seconds.
    groom_forepaw_height : float
        Grooming: the fore paws are above this over two seconds (3-D).
    groom_nose_height : float
        Grooming: the nose is below this over two seconds (3-D).
    groom_hindpaw_speed, groom_body_speed : float
        Grooming: hind paws and trunk stay in place, slower than this over four seconds.
    stand_forepaw_speed, stand_hindpaw_speed : float
        Standing: fore and hind paws are slower than this over half a second.
    stand_forepaw_height : float
        Standing: the fore paws are below this over half a second (3-D).
    stand_chest_height : float
        Standing: the chest is below this over one second (3-D).
    stand_body_pitch : float
        Standing: the body axis rises less than this over half a second (3-D).
    still_body_speed, still_head_motion : float
        Still (no heights): trunk and head are slower than this over half a second.
    still_shape_change : float
        Still (silhouette): a smaller share of it changes each second.
    turn_rate : float
        Turning (no heights): the body axis turns faster than this, degrees per second over half a
        second, while the trunk travels slower than ``walk_body_speed_alone``.
    softness : float
        Octaves from a threshold to where a condition is met to 73 %.
    smooth_s : float
        The sureness of each behaviour is averaged over this long.
    min_sureness : float
        Below this the label stays empty.
    min_bout_s : float
        Shorter stretches of a label are left empty.
    """

    walk_hindpaw_speed: float = 0.25
    walk_body_speed: float = 0.2
    walk_forepaw_height: float = 0.15
    walk_body_speed_alone: float = 0.4
    rear_forepaw_height: float = 0.2
    rear_neck_height: float = 0.5
    rear_hindpaw_speed: float = 0.4
    open_elongation: float = 0.85
    groom_elongation: float = 0.87
    groom_hindpaw_to_nose: float = 0.55
    groom_hand_to_nose: float = 0.35
    groom_forepaw_height: float = 0.08
    groom_nose_height: float = 0.45
    groom_hindpaw_speed: float = 0.15
    groom_body_speed: float = 0.2
    stand_forepaw_speed: float = 0.1
    stand_hindpaw_speed: float = 0.15
    stand_forepaw_height: float = 0.15
    stand_chest_height: float = 0.28
    stand_body_pitch: float = 22.0
    still_body_speed: float = 0.1
    still_head_motion: float = 0.2
    still_shape_change: float = 0.5
    turn_rate: float = 60.0
    softness: float = 0.5
    smooth_s: float = 0.5
    min_sureness: float = 0.55
    min_bout_s: float = 0.3

    def __post_init__(self) -> None:
        may_be_zero = {"smooth_s", "min_sureness", "min_bout_s"}
        for name, value in asdict(self).items():
            if not (value > 0 or (value == 0 and name in may_be_zero)):
                raise InputError(
                    f"rule {name}={value}",
                    expected="0 or more" if name in may_be_zero else "more than 0",
                )
        if self.min_sureness > 1:
            raise InputError(f"rule min_sureness={self.min_sureness}", expected="at most 1")

    @property
    def id(self) -> str:
        """Hash of all thresholds, 12 hexadecimal characters."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


class Condition(NamedTuple):
    """One line of a behaviour's definition.

    Parameters
    ----------
    measure : str
        Name in :data:`napari_mousegpt.features.MEASURES`; its size counts, not its sign.
    above : bool
        Whether it must be above or below the threshold.
    threshold : float
        In the unit of the measure.
    over_s : float
        The measure is averaged over this many seconds around the frame.
    """

    measure: str
    above: bool
    threshold: float
    over_s: float


def conditions(rules: KinematicRules, measures: Iterable[str]) -> dict[str, tuple[Condition, ...]]:
    """Return the definition of every behaviour that these measures can show.

    Parameters
    ----------
    rules : KinematicRules
        Thresholds.
    measures : iterable of str
        What was measured.

    Returns
    -------
    dict of str to tuple of Condition
        A behaviour whose evidence is not tracked is not in it: grooming needs fore paws, hind paws
        and nose. Without heights, what can be told is walking, turning, moving in place and still:
        a rear and a curled body both look short from above, and a resting body looks like a
        grooming one, so that none of these is named.
    """
    known = set(measures)
    wanted = _with_heights(rules, known) if "neck_height" in known else _flat(rules, known)
    found = {}
    for behaviour in BEHAVIOURS:
        needed, lines = wanted.get(behaviour, (set(), ()))
        kept = tuple(line for line in lines if line.measure in known)
        if kept and needed <= known:
            found[behaviour] = kept
    return found


_Wanted = dict[str, tuple[set[str], tuple[Condition, ...]]]


def _walking(rules: KinematicRules, known: set[str]) -> tuple[Condition, ...]:
    if "hindpaw_speed" not in known:
        return (Condition("body_speed", True, rules.walk_body_speed_alone, 1.0),)
    return (
        Condition("hindpaw_speed", True, rules.walk_hindpaw_speed, 1.0),
        Condition("body_speed", True, rules.walk_body_speed, 2.0),
    )


def _with_heights(rules: KinematicRules, known: set[str]) -> _Wanted:
    open_body = Condition("elongation", True, rules.open_elongation, 0.5)
    paws_rest: tuple[Condition, ...] = (
        Condition("forepaw_speed", False, rules.stand_forepaw_speed, 0.5),
        Condition("hindpaw_speed", False, rules.stand_hindpaw_speed, 0.5),
    )
    if not known & {"forepaw_speed", "hindpaw_speed"}:
        paws_rest = (
            Condition("body_speed", False, rules.still_body_speed, 0.5),
            Condition("head_motion", False, rules.still_head_motion, 0.5),
        )
    return {
        "walking": (
            {"body_speed"},
            (
                *_walking(rules, known),
                Condition("forepaw_height", False, rules.walk_forepaw_height, 0.5),
                open_body,
            ),
        ),
        "rearing": (
            {"neck_height"},
            (
                Condition("forepaw_height", True, rules.rear_forepaw_height, 0.5),
                Condition("neck_height", True, rules.rear_neck_height, 1.0),
                Condition("hindpaw_speed", False, rules.rear_hindpaw_speed, 0.5),
                open_body._replace(over_s=1.0),
            ),
        ),
        "grooming": (
            {"hand_to_nose", "hindpaw_to_nose"},
            (
                Condition("hindpaw_to_nose", False, rules.groom_hindpaw_to_nose, 4.0),
                Condition("hand_to_nose", False, rules.groom_hand_to_nose, 4.0),
                Condition("forepaw_height", True, rules.groom_forepaw_height, 2.0),
                Condition("elongation", False, rules.groom_elongation, 4.0),
                Condition("nose_height", False, rules.groom_nose_height, 2.0),
                Condition("hindpaw_speed", False, rules.groom_hindpaw_speed, 4.0),
                Condition("body_speed", False, rules.groom_body_speed, 4.0),
            ),
        ),
        "standing": (
            {"body_speed"},
            (
                *paws_rest,
                Condition("forepaw_height", False, rules.stand_forepaw_height, 0.5),
                Condition("chest_height", False, rules.stand_chest_height, 1.0),
                Condition("body_pitch", False, rules.stand_body_pitch, 0.5),
            ),
        ),
    }


def _flat(rules: KinematicRules, known: set[str]) -> _Wanted:
    slow = Condition("body_speed", False, rules.walk_body_speed_alone, 1.0)
    return {
        "walking": ({"body_speed"}, _walking(rules, known)),
        "turning": ({"turn_rate"}, (Condition("turn_rate", True, rules.turn_rate, 0.5), slow)),
        "moving in place": (
            {"head_motion"},
            (
                slow,
                Condition("head_motion", True, rules.still_head_motion, 0.5),
                Condition("turn_rate", False, rules.turn_rate, 0.5),
            ),
        ),
        "still": (
            {"body_speed"},
            (
                Condition("body_speed", False, rules.still_body_speed, 0.5),
                Condition("head_motion", False, rules.still_head_motion, 0.5),
                Condition("shape_change", False, rules.still_shape_change, 0.5),
            ),
        ),
    }
