"""Sentences from numbers: every word follows from a measure, and what was not measured is not said.

All limits below are in body lengths, body lengths per second or degrees. They choose between words
and never change a label.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from napari_mousegpt.features import PLAUSIBLE_BACKWARD

__all__ = ["NOT_VISIBLE", "head", "keywords", "limb", "overall", "torso"]

NOT_VISIBLE = "not visible"

#: Trunk slower than the first counts as slow, faster than the second as fast.
SLOW, FAST = 0.5, 1.5
#: A part moving slower than the first rests, faster than the second moves quickly.
REST, QUICK = 0.1, 0.5
#: Degrees of turning over a stretch that are worth a word.
TURN = 20.0
#: Degrees by which a head is off the line of the body, a back is bent, a body is raised.
OFF_LINE, BENT, RAISED = 20.0, 35.0, 25.0
#: Nose to tail base of a body that is drawn together or stretched.
SHORT, LONG = 0.85, 1.15
#: Height below which a paw is on the floor, and distance at which a paw is near the nose.
ON_FLOOR, NEAR_NOSE = 0.08, 0.3
#: Speed of the nose at which a rear begins or ends.
CLIMB = 0.25
#: Share of the time from which a second behaviour is named too.
ALSO = 0.2

Numbers = Mapping[str, float]


def overall(label: str, shares: Mapping[str, float], n: Numbers, seconds: float) -> str:
    """Return what the animal does, in one sentence.

    Parameters
    ----------
    label : str
        Behaviour of most of the stretch, or empty.
    shares : mapping of str to float
        Share of the time of each behaviour.
    n : mapping of str to float
        Mean of each measure; NaN where unseen.
    seconds : float
        Length of the stretch.
    """
    if not _has(n, "body_speed"):
        return NOT_VISIBLE
    text = _LABEL_TEXT.get(label, _unclear)(n, seconds)
    others = [
        f"{name} {share:.0%}"
        for name, share in sorted(shares.items(), key=lambda item: (-item[1], item[0]))
        if name != label and share >= ALSO
    ]
    if others:
        own = f"{shares[label]:.0%} of the time; also " if label else ""
        text += f" ({own}{', '.join(others)})"
    return text + "."


def head(n: Numbers) -> str:
    """Return where the head points and how it moves."""
    facts = []
    if _has(n, "head_angle"):
        angle = n["head_angle"]
        if abs(angle) < OFF_LINE:
            facts.append("in line with the body")
        else:
            facts.append(f"turned {abs(angle):.0f} deg to the {_side(angle)}")
    if _has(n, "nose_height"):
        facts.append(f"nose {max(n['nose_height'], 0.0):.2f} BL above the floor")
    if _has(n, "head_pitch") and abs(n["head_pitch"]) >= RAISED:
        facts.append("pointing up" if n["head_pitch"] > 0 else "pointing down")
    if _has(n, "head_motion"):
        facts.append(_moving(n["head_motion"]))
    return f"Head {', '.join(facts)}." if facts else NOT_VISIBLE


def limb(n: Numbers) -> str:
    """Return what fore and hind paws do."""
    fore, hind = [], []
    if _has(n, "forepaw_height"):
        height = n["forepaw_height"]
        fore.append("on the floor" if height < ON_FLOOR else f"lifted {height:.2f} BL")
    if _has(n, "hand_to_nose") and n["hand_to_nose"] < NEAR_NOSE:
        fore.append(f"near the nose ({n['hand_to_nose']:.2f} BL)")
    if _has(n, "forepaw_motion"):
        fore.append(_moving(n["forepaw_motion"]))
    if _has(n, "hindpaw_speed"):
        speed = n["hindpaw_speed"]
        hind.append("at rest" if speed < REST else f"stepping at {speed:.2f} BL/s")
    if _has(n, "hindpaw_to_nose") and n["hindpaw_to_nose"] < NEAR_NOSE:
        hind.append(f"one near the nose ({n['hindpaw_to_nose']:.2f} BL)")
    pairs = [
        f"{name} {', '.join(facts)}"
        for name, facts in (("fore paws", fore), ("hind paws", hind))
        if facts
    ]
    if not pairs:
        return NOT_VISIBLE
    text = "; ".join(pairs)
    return f"{text[0].upper()}{text[1:]}."


def torso(n: Numbers) -> str:
    """Return how long, raised and bent the trunk is, and what the tail does."""
    facts = []
    if _has(n, "elongation"):
        facts.append(_length_words(n))
    if _has(n, "body_pitch") and abs(n["body_pitch"]) >= RAISED:
        facts.append(f"raised by {n['body_pitch']:.0f} deg")
    elif _has(n, "body_pitch"):
        facts.append("level")
    if _has(n, "back_bend") and n["back_bend"] >= BENT:
        facts.append(f"bent by {n['back_bend']:.0f} deg")
    if _has(n, "area"):
        facts.append(f"silhouette {n['area']:.0%} of its usual area")
    if _has(n, "tail_motion") and n["tail_motion"] >= REST:
        facts.append(f"tail moving at {n['tail_motion']:.2f} BL/s")
    return f"Trunk {', '.join(facts)}." if facts else NOT_VISIBLE


def keywords(label: str, n: Numbers, seconds: float) -> list[str]:
    """Return words for search, the label first."""
    words = [label or ("unclear" if _has(n, "body_speed") else NOT_VISIBLE)]
    if _has(n, "body_speed") and label == "walking":
        speed = n["body_speed"]
        words.append("slow" if speed < SLOW else "fast" if speed > FAST else "steady pace")
        if _has(n, "forward_speed") and n["forward_speed"] < -PLAUSIBLE_BACKWARD:
            words.append("tail first")
    turned = _turned(n, seconds)
    if abs(turned) >= TURN:
        words.append(f"turning {_side(turned)}")
    if _has(n, "head_angle") and abs(n["head_angle"]) >= OFF_LINE:
        words.append(f"head turned {_side(n['head_angle'])}")
    if _has(n, "body_pitch") and n["body_pitch"] >= RAISED:
        words.append("raised")
    if _has(n, "elongation") and n["elongation"] < SHORT:
        words.append("drawn together" if _has(n, "body_pitch") else "foreshortened")
    if _has(n, "elongation") and n["elongation"] > LONG:
        words.append("stretched")
    if _has(n, "forepaw_height") and n["forepaw_height"] >= ON_FLOOR:
        words.append("fore paws lifted")
    lifted = n.get("forepaw_height", math.inf) >= ON_FLOOR
    if _has(n, "hand_to_nose") and n["hand_to_nose"] < NEAR_NOSE and lifted:
        words.append("paws near nose")
    if _has(n, "hindpaw_to_nose") and n["hindpaw_to_nose"] < NEAR_NOSE:
        words.append("nose near hind paw")
    if _has(n, "body_speed", "head_motion") and max(n["body_speed"], n["head_motion"]) < REST:
        words.append("motionless")
    return words


def _walking(n: Numbers, seconds: float) -> str:
    speed = n["body_speed"]
    pace = "slowly" if speed < SLOW else "fast" if speed > FAST else "at a steady pace"
    text = f"Walks {pace} ({speed:.2f} BL/s)"
    if _has(n, "forward_speed"):
        if n["forward_speed"] < -PLAUSIBLE_BACKWARD:
            text += ", tail first by its pose (head and tail may be swapped)"
        elif n["forward_speed"] < -REST:
            text += ", backwards"
    return text + _turn_words(n, seconds)


def _rearing(n: Numbers, seconds: float) -> str:
    text = f"Rears, neck {n['neck_height']:.2f} BL above the floor"
    if _has(n, "nose_climb") and abs(n["nose_climb"]) >= CLIMB:
        text += ", rising" if n["nose_climb"] > 0 else ", coming down"
    return text + _turn_words(n, seconds)


def _grooming(n: Numbers, seconds: float) -> str:
    text = "Grooms"
    if _has(n, "hand_to_nose"):
        text += f", fore paws {n['hand_to_nose']:.2f} BL from the nose"
    if _has(n, "hindpaw_motion"):
        text += f", hind paws {_moving(n['hindpaw_motion'])}"
    return text + _turn_words(n, seconds)


def _standing(n: Numbers, seconds: float) -> str:
    text = f"Stands on all fours, trunk {_moving(n['body_speed'])}"
    if _has(n, "head_motion") and n["head_motion"] >= REST:
        text += ", head moving"
    return text + _turn_words(n, seconds)


def _turning(n: Numbers, seconds: float) -> str:
    turned = _turned(n, seconds)
    if abs(turned) < TURN:
        return "Turns to and fro without travelling far"
    return f"Turns {_side(turned)} by {abs(turned):.0f} deg without travelling far"


def _in_place(n: Numbers, seconds: float) -> str:
    text = f"Moves in place: trunk at {n['body_speed']:.2f} BL/s"
    if _has(n, "head_motion"):
        text += f", head at {n['head_motion']:.2f} BL/s"
    return text + _turn_words(n, seconds)


def _still(n: Numbers, seconds: float) -> str:
    return f"Stays still for {seconds:.1f} s ({n['body_speed']:.2f} BL/s)"


def _unclear(n: Numbers, seconds: float) -> str:
    text = f"No single behaviour stands out: trunk at {n['body_speed']:.2f} BL/s"
    if _has(n, "head_motion"):
        text += f", head at {n['head_motion']:.2f} BL/s"
    return text + _turn_words(n, seconds)


_LABEL_TEXT = {
    "walking": _walking,
    "rearing": _rearing,
    "grooming": _grooming,
    "standing": _standing,
    "turning": _turning,
    "moving in place": _in_place,
    "still": _still,
}


def _length_words(n: Numbers) -> str:
    length = n["elongation"]
    flat = not _has(n, "body_pitch")
    if length < SHORT and flat:
        return (
            f"looks short ({length:.2f} BL): raised or drawn together, which one this view does "
            "not show"
        )
    if length < SHORT:
        return f"drawn together ({length:.2f} BL)"
    return f"stretched ({length:.2f} BL)" if length > LONG else f"of usual length ({length:.2f} BL)"


def _turn_words(n: Numbers, seconds: float) -> str:
    turned = _turned(n, seconds)
    return f", turning {_side(turned)} by {abs(turned):.0f} deg" if abs(turned) >= TURN else ""


def _turned(n: Numbers, seconds: float) -> float:
    return n["turn_rate"] * seconds if _has(n, "turn_rate") else 0.0


def _moving(speed: float) -> str:
    if speed < REST:
        return "at rest"
    return f"moving {'quickly' if speed > QUICK else 'a little'} ({speed:.2f} BL/s)"


def _side(angle: float) -> str:
    return "left" if angle > 0 else "right"


def _has(n: Numbers, *names: str) -> bool:
    return all(not math.isnan(n.get(name, math.nan)) for name in names)
