"""Which keypoint is which part of the body.

Labs name their keypoints freely. Features and words need to know what a nose or a tail base is, so
names are matched against the ways the field writes them, and a user's own mapping goes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from napari_mousegpt.errors import InputError

__all__ = ["ROLES", "SKELETON", "BodyMap"]

#: Body parts this package reasons about, from nose to tail tip.
ROLES = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "head",
    "neck",
    "left_shoulder",
    "right_shoulder",
    "chest",
    "center",
    "left_flank",
    "right_flank",
    "left_forepaw",
    "right_forepaw",
    "left_hindpaw",
    "right_hindpaw",
    "hips",
    "tail_base",
    "tail_mid",
    "tail_tip",
)

#: Lines to draw between parts when both are present.
SKELETON = (
    ("nose", "left_ear"),
    ("nose", "right_ear"),
    ("nose", "head"),
    ("head", "neck"),
    ("left_ear", "neck"),
    ("right_ear", "neck"),
    ("nose", "neck"),
    ("neck", "chest"),
    ("neck", "center"),
    ("chest", "center"),
    ("chest", "left_forepaw"),
    ("chest", "right_forepaw"),
    ("chest", "tail_base"),
    ("center", "hips"),
    ("center", "tail_base"),
    ("hips", "tail_base"),
    ("tail_base", "left_hindpaw"),
    ("tail_base", "right_hindpaw"),
    ("tail_base", "tail_mid"),
    ("tail_mid", "tail_tip"),
    ("tail_base", "tail_tip"),
)

# Spelled without case, separators and side; matched whole.
_NAMES: dict[str, str] = {
    spelling: role
    for role, spellings in {
        "nose": "nose snout nosetip nosepoint tipofnose",
        "eye": "eye",
        "ear": "ear earbase eartip",
        "head": "head headcenter headcentre headcentroid headcap skull midhead betweenears implant",
        "neck": "neck nape baseneck neckbase spine1",
        "shoulder": "shoulder",
        "chest": "chest upperback thorax spine2 frontback",
        "center": "center centre body bodycenter bodycentre bodycentroid centroid com "
        "centerofmass midback spine spinemid midspine trunk torso centerspine mid spinecenter",
        "flank": "flank side lateral bcside bodyside",
        "forepaw": "forepaw frontpaw forelimb frontfoot forefoot hand foreleg frontleg fpaw "
        "forepawtip frontpawtip forehand paw1",
        "hindpaw": "hindpaw backpaw hindlimb hindfoot rearpaw backfoot foot hindleg backleg hpaw "
        "rearfoot hindpawtip hindhand",
        "hips": "hip hips lowerback rump spine3 spine4 pelvis",
        "tail_base": "tailbase basetail tailroot tailstart tail0 tail1 anus basetailbase tailset "
        "tailbasepoint",
        "tail_mid": "tailmid midtail tailcenter tailcentre tailmiddle middletail tail2",
        "tail_tip": "tailtip tiptail tailend endtail tail3 tail4",
    }.items()
    for spelling in spellings.split()
}
_SIDED = {"eye", "ear", "shoulder", "flank", "forepaw", "hindpaw"}
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}


@dataclass(frozen=True)
class BodyMap:
    """A keypoint name for each body part that is tracked.

    Parameters
    ----------
    roles : mapping of str to str
        Body part (one of :data:`ROLES`) to keypoint name.

    Examples
    --------
    >>> BodyMap.from_names(["snout", "leftear", "rightear", "tailbase"]).roles["tail_base"]
    'tailbase'
    """

    roles: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = [role for role in self.roles if role not in ROLES]
        if unknown:
            raise InputError(
                f"body part {unknown[0]!r}",
                expected=f"one of {', '.join(ROLES)}",
                remedy="Map your keypoints to these parts.",
            )

    @classmethod
    def from_names(
        cls, keypoints: Iterable[str], overrides: Mapping[str, str] | None = None
    ) -> BodyMap:
        """Guess the parts from keypoint names.

        Parameters
        ----------
        keypoints : iterable of str
            Names as the tracker wrote them.
        overrides : mapping of str to str, optional
            Body part to keypoint name, where the guess is wrong; an empty name says that the part
            is not tracked.

        Raises
        ------
        InputError
            When an override names a keypoint that is not there.
        """
        names = [str(name) for name in keypoints]
        found: dict[str, str] = {}
        for name in names:
            role = _role_of(name)
            if role is not None:
                found.setdefault(role, name)
        # A lone point called tail is its base: the tip hardly ever is tracked alone.
        lone = [name for name in names if "".join(_WORD.findall(name)).lower() == "tail"]
        if lone and not {"tail_base", "tail_mid", "tail_tip"} & found.keys():
            found["tail_base"] = lone[0]
        for role, name in (overrides or {}).items():
            if name and name not in names:
                raise InputError(
                    f"keypoint {name!r} for {role}", expected=f"one of {', '.join(names)}"
                )
            found[role] = name
        return cls({role: found[role] for role in (*ROLES, *found) if found.get(role)})

    def __contains__(self, role: object) -> bool:
        return role in self.roles

    def get(self, role: str) -> str | None:
        """Return the keypoint of a part, None when it is not tracked."""
        return self.roles.get(role)

    def edges(self) -> list[tuple[str, str]]:
        """Return the pairs of keypoint names to join by a line, without doubling back."""
        lines = []
        for a, b in SKELETON:
            if a in self and b in self and not self._bypassed(a, b):
                lines.append((self.roles[a], self.roles[b]))
        return lines

    def _bypassed(self, a: str, b: str) -> bool:
        """Whether a part between the two is tracked, so that the long line would double it."""
        between = {
            ("nose", "neck"): ("head",),
            ("neck", "center"): ("chest",),
            ("chest", "tail_base"): ("center", "hips"),
            ("center", "tail_base"): ("hips",),
            ("tail_base", "tail_tip"): ("tail_mid",),
        }
        return any(part in self for part in between.get((a, b), ()))


def _role_of(name: str) -> str | None:
    words = [word.lower() for word in _WORD.findall(name)]
    side = ""
    rest = []
    for word in words:
        if word in _SIDES and not side:
            side = _SIDES[word]
        else:
            rest.append(word)
    joined = "".join(rest)
    if not side:
        # Written in one word: leftear, earL is split above, but lear, rhindpaw are not.
        for prefix, value in (("left", "left"), ("right", "right"), ("l", "left"), ("r", "right")):
            if joined.startswith(prefix) and _has_side(joined[len(prefix) :]):
                side, joined = value, joined[len(prefix) :]
                break
            if joined.endswith(prefix) and _has_side(joined[: -len(prefix)]):
                side, joined = value, joined[: -len(prefix)]
                break
    part = _NAMES.get(joined)
    if part is None:
        # Word order varies: "base of tail", "tail_base", "paw_hind_left".
        ordered = [word for word in rest if word != "of"]
        for candidate in ("".join(ordered), "".join(reversed(ordered))):
            if candidate in _NAMES:
                part = _NAMES[candidate]
                break
    if part is None:
        return None
    if part == "hips" and side:
        part = "flank"  # one hip is no middle of the hips
    if part in _SIDED:
        return f"{side}_{part}" if side else None
    return part


def _has_side(spelling: str) -> bool:
    """Whether a part of this name comes in pairs; a hip does, the hips do not."""
    return spelling == "hip" or _NAMES.get(spelling) in _SIDED
