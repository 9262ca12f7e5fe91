from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_mousegpt.core.colours import COLOURS, NOISE_COLOUR, label_colour, palette

# Machado, Oliveira, Fernandes 2009, full severity; linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "green-blind": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                    [-0.011820, 0.042940, 0.968881]],
    "red-blind": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                  [-0.003882, -0.048116, 1.051998]],
    "blue-blind": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
TO_CONES = np.array(
    [[0.41222147, 0.53633254, 0.05144599], [0.21190350, 0.68069955, 0.10739696],
     [0.08830246, 0.28171884, 0.62997870]]
)  # fmt: skip
TO_OKLAB = np.array(
    [[0.21045426, 0.79361779, -0.00407205], [1.97799850, -2.42859221, 0.45059371],
     [0.02590404, 0.78277177, -0.80867577]]
)  # fmt: skip


def as_seen(colours: tuple[str, ...], sight: str) -> np.ndarray:
    """OKLab coordinates of the colours for a kind of sight."""
    srgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.asarray(SIGHT[sight]).T, 0, 1)
    return np.cbrt(seen @ TO_CONES.T) @ TO_OKLAB.T


def smallest_gap(colours: tuple[str, ...], sight: str) -> float:
    lab = as_seen(colours, sight)
    gaps = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    return float(gaps[np.triu_indices(len(lab), 1)].min())


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_stay_apart_for_every_sight(sight: str) -> None:
    # Okabe and Ito's own smallest gap for the green-blind is 0.076.
    assert smallest_gap((*COLOURS[:7], NOISE_COLOUR), sight) > 0.07
    assert smallest_gap((*COLOURS[:20], NOISE_COLOUR), sight) > 0.06
    assert smallest_gap((*COLOURS, NOISE_COLOUR), sight) > 0.05


@pytest.mark.parametrize("ground", ["#ffffff", "#262930"])
def test_colours_stand_out_from_page_and_viewer(ground: str) -> None:
    lightness = as_seen((*COLOURS, NOISE_COLOUR, ground), "normal")[:, 0]
    assert np.abs(lightness[:-1] - lightness[-1]).min() > 0.08


def test_a_label_keeps_its_colour() -> None:
    # Written down: a change here changes everybody's figures.
    assert label_colour("walking") == "#0072b2"
    assert label_colour("grooming") == "#cc79a7"
    assert label_colour("Walking ") == label_colour("walking")
    assert label_colour("turning left") == label_colour("turning")
    assert label_colour("moving in place, head right") == label_colour("moving in place")
    assert label_colour("moving in place") != label_colour("moving")
    assert label_colour("running wheel") == label_colour("running")
    assert label_colour("stillness") != label_colour("still")
    assert label_colour("noise") == label_colour("-1") == NOISE_COLOUR
    assert label_colour("stretch attend") == "#915436"


def test_palette_gives_known_behaviours_their_own_colour_first() -> None:
    chosen = palette(["walking fast", "walking", "aardvark"])
    assert chosen["walking"] == label_colour("walking")
    assert chosen["walking fast"] != chosen["walking"]
    assert list(chosen) == ["aardvark", "walking", "walking fast"]


def test_kinds_of_a_behaviour_are_shades_of_it() -> None:
    kinds = ["walking", "walking, fast", "walking, turning left", "still, motionless"]
    chosen = palette([*kinds, "grooming", "running"])
    assert chosen["still, motionless"] == label_colour("still")
    lab = as_seen(tuple(chosen[kind] for kind in kinds[:3]), "normal")
    hue = np.arctan2(lab[:, 2], lab[:, 1])
    assert np.ptp(hue) < 0.3
    assert smallest_gap(tuple(chosen.values()), "normal") > 0.06


def test_palette_of_a_second_grey_label() -> None:
    chosen = palette(["noise", "unknown"])
    assert NOISE_COLOUR in chosen.values()
    assert len(set(chosen.values())) == 2


@given(st.sets(st.text(max_size=12), max_size=24), st.randoms())
@settings(max_examples=60)
def test_palette_is_distinct_and_ignores_order(labels: set[str], random: object) -> None:
    shuffled = list(labels)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    chosen = palette(shuffled)
    assert chosen == palette(sorted(labels))
    assert len(set(chosen.values())) == len(labels)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in chosen.values())


def test_palette_of_one_is_its_own_colour() -> None:
    for label in ("walking", "x", "cluster 7", "noise"):
        assert palette([label]) == {label: label_colour(label)}


def test_palette_stays_distinct_far_beyond_the_list() -> None:
    assert len(set(palette(f"cluster {i}" for i in range(120)).values())) == 120


def test_a_new_label_leaves_most_others_alone() -> None:
    names = [f"cluster {i}" for i in range(12)]
    before, after = palette(names), palette([*names, "novel"])
    assert sum(before[name] != after[name] for name in names) <= 2


def test_colours_that_are_kept_stay_and_nobody_else_gets_them() -> None:
    first = palette(["aardvark", "quick turn"])
    names = ["walking", "still", "aardvark", *(f"cluster {i}" for i in range(20))]
    later = palette(names, first)
    assert later["aardvark"] == first["aardvark"]
    assert first["quick turn"] not in later.values()
    assert len(set(later.values())) == len(names)
    assert palette(["b"], {"a": label_colour("b")})["b"] != label_colour("b")
