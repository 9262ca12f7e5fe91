"""Which measures must agree with a claim, and from where on they do not."""

from __future__ import annotations

import math
from typing import NamedTuple

from napari_mousegpt.words import sentences
from napari_mousegpt.words.rules import KinematicRules

__all__ = ["Check", "Meaning", "meanings"]

#: Octaves over which heights and lengths fade: they vary less than speeds do.
_SHARP = 0.3


class Check(NamedTuple):
    """One measure that must agree: above or below a threshold."""

    measure: str
    above: bool
    threshold: float
    #: The best mean over so many seconds inside the stretch counts; 0 for the mean of all of it.
    over_s: float = 0.0
    #: How far beyond the threshold is one half: a factor. Signed measures have none.
    factor: float = 1.0
    #: Octaves (units of a signed measure) over which it fades, as in a sureness.
    fade: float = 0.5
    signed: bool = False
    #: Whether the mean is multiplied by the seconds: a rate becomes an angle.
    times_s: bool = False

    def limit(self, denied: bool) -> float:
        """The value that contradicts by one half: where the claim, or its denial, is clear."""
        up = self.above is denied
        return self.threshold * self.factor if up else self.threshold / self.factor


class Meaning(NamedTuple):
    """What a claim means in measures."""

    checks: tuple[Check, ...]
    #: Whether one check that agrees is enough.
    any_of: bool = False
    #: Whether the checks say enough to hold a denial against them too.
    deniable: bool = True
    #: A measure without which the checks say nothing.
    needs: str = ""


def meanings(rules: KinematicRules, slack: float) -> dict[str, Meaning]:
    """Return the checks of every claim of :mod:`napari_mousegpt.words.claims`.

    Parameters
    ----------
    rules : KinematicRules
        Thresholds.
    slack : float
        Factor for speeds; heights take its square root, body lengths the root of that.
    """
    sharp = math.sqrt(slack)

    def speed(measure: str, above: bool, threshold: float, over_s: float = 0.0) -> Check:
        return Check(measure, above, threshold, over_s, slack)

    def size(measure: str, above: bool, threshold: float, over_s: float = 0.0) -> Check:
        return Check(measure, above, threshold, over_s, sharp, _SHARP)

    def length(above: bool, threshold: float) -> Check:
        return Check("elongation", above, threshold, 0.5, math.sqrt(sharp), _SHARP / 2)

    def signed(measure: str, above: bool, fade: float, times_s: bool = False) -> Check:
        return Check(measure, above, 0.0, 0.0, 1.0, fade, True, times_s)

    low_neck = size("neck_height", False, rules.rear_neck_height)
    turns = signed("turn_rate", True, sentences.TURN / 2, True)
    head = signed("head_angle", True, sentences.OFF_LINE / 2)
    head_speed = speed("head_motion", False, rules.still_head_motion)
    return {
        "still": Meaning(
            (
                speed("body_speed", False, rules.still_body_speed),
                head_speed,
                speed("shape_change", False, rules.still_shape_change),
            )
        ),
        "moving": Meaning(
            (
                speed("body_speed", True, rules.still_body_speed, 0.5),
                speed("head_motion", True, rules.still_head_motion, 0.5),
                speed("forepaw_motion", True, rules.stand_forepaw_speed, 0.5),
                speed("shape_change", True, rules.still_shape_change, 0.5),
            ),
            any_of=True,
        ),
        "walking": Meaning(
            (
                speed("body_speed", True, rules.walk_body_speed, 0.5),
                speed("hindpaw_speed", True, rules.walk_hindpaw_speed, 0.5),
            )
        ),
        "running": Meaning((speed("body_speed", True, rules.walk_body_speed_alone, 0.5),)),
        "backwards": Meaning((signed("forward_speed", False, sentences.REST),)),
        "turning": Meaning((speed("turn_rate", True, rules.turn_rate, 0.5),)),
        "turning left": Meaning((turns,)),
        "turning right": Meaning((turns._replace(above=False),)),
        "rearing": Meaning(
            (
                size("neck_height", True, rules.rear_neck_height, 0.5),
                size("forepaw_height", True, rules.rear_forepaw_height, 0.5),
            )
        ),
        "all fours": Meaning((low_neck, speed("forepaw_height", False, rules.rear_forepaw_height))),
        "standing": Meaning(
            (speed("body_speed", False, rules.walk_body_speed, 0.5), low_neck._replace(over_s=0.5)),
            deniable=False,
        ),
        "grooming": Meaning(
            (
                speed("body_speed", False, rules.groom_body_speed, 1.0),
                size("nose_height", False, rules.groom_nose_height, 1.0),
            ),
            deniable=False,
        ),
        "drawn together": Meaning((length(False, sentences.SHORT),)),
        # From above a body that is raised looks short: only with heights is a short one not long.
        "stretched": Meaning((length(True, sentences.LONG),), needs="neck_height"),
        "head left": Meaning((head,)),
        "head right": Meaning((head._replace(above=False),)),
        "head moving": Meaning((speed("head_motion", True, rules.still_head_motion, 0.5),)),
        "head still": Meaning((head_speed,)),
    }
