from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_mousegpt.core.colours import palette
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError, StorageError
from napari_mousegpt.reports import draw_ethogram
from napari_mousegpt.reports.page import DPI, LEFT, WIDTH

MINUTE = Timebase.constant(30, 1800)
DAY = ("walking", "still", "grooming")


def read(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    return np.round(imread(path)[..., :3] * 255).astype(int)


def ethogram(n_frames: int = 1800, individual: str = "a", source: str = "model") -> Ethogram:
    thirds = [n_frames * i // 3 for i in range(4)]
    rows = Intervals.build(
        "m1", thirds[:-1], thirds[1:], individual, label=np.array(DAY, dtype=object)
    )
    return Ethogram(rows, source=source)


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def colours_along(image: np.ndarray, colour: str) -> np.ndarray:
    """Columns in which a colour fills more than a square of the legend."""
    same = (image == rgb(colour)).all(axis=2)
    return np.flatnonzero(same.sum(axis=0) > DPI / 5)


def test_each_label_stands_where_it_happened(tmp_path: Path) -> None:
    path = draw_ethogram(tmp_path / "e.png", {"words": ethogram()}, MINUTE)
    image = read(path)
    assert image.shape[1] == WIDTH * DPI
    at = {label: colours_along(image, colour) for label, colour in palette(DAY).items()}
    walking, still, grooming = (at[label] for label in DAY)
    assert walking[0] == pytest.approx(LEFT * DPI, abs=4)
    assert walking[-1] + 1 == pytest.approx(still[0], abs=3)
    assert still[-1] + 1 == pytest.approx(grooming[0], abs=3)
    assert len(walking) == pytest.approx(len(still), abs=6)


def test_a_short_bout_shows_in_ten_hours(tmp_path: Path) -> None:
    clock = Timebase.constant(30, 30 * 36000)
    rows = Intervals.build("m1", [0, 500_000], [500_000, 500_600], label=["still", "grooming"])
    path = draw_ethogram(
        tmp_path / "long.png",
        {"words": Ethogram(rows, Intervals.build("m1", 0, clock.n_frames))},
        clock,
    )
    image = read(path)
    grooming = (image == rgb(palette(["still", "grooming"])["grooming"])).all(axis=2)
    x = np.flatnonzero(grooming[:, : int(7 * DPI)].any(axis=0))
    assert x.size
    right = int((WIDTH - 1.4) * DPI)
    assert x[0] == pytest.approx(LEFT * DPI + (right - LEFT * DPI) * 500_000 / 1_080_000, abs=60)


def test_unseen_time_is_neither_white_nor_coloured(tmp_path: Path) -> None:
    rows = Intervals.build("m1", [0], [600], label=["walking"])
    seen = Ethogram(rows, Intervals.build("m1", 0, 1200))
    image = read(draw_ethogram(tmp_path / "e.png", {"words": seen}, MINUTE))
    line = image[int(0.75 * DPI)]
    third = (image.shape[1] - (1.4 + LEFT) * DPI) / 3
    white = (line[int(LEFT * DPI + 1.2 * third) : int(LEFT * DPI + 1.8 * third)] == 255).all()
    hatched = line[int(LEFT * DPI + 2.2 * third) : int(LEFT * DPI + 2.8 * third)]
    assert white
    assert not (hatched == 255).all(axis=1).any()


def test_same_input_same_picture(tmp_path: Path) -> None:
    paths = [
        draw_ethogram(
            tmp_path / f"{i}.png", {"words": ethogram()}, MINUTE, traces={"v": np.ones(1800)}
        )
        for i in range(2)
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_every_individual_has_its_band(tmp_path: Path) -> None:
    both = Ethogram(
        Intervals.concat([ethogram(individual="a").bouts, ethogram(individual="b").bouts])
    )
    one = read(draw_ethogram(tmp_path / "1.png", {"words": ethogram()}, MINUTE))
    two = read(draw_ethogram(tmp_path / "2.png", {"words": both, "clusters": both}, MINUTE))
    assert two.shape[0] > one.shape[0]
    blue = (two == rgb(palette(DAY)["walking"])).all(axis=2)[:, int((LEFT + 0.5) * DPI)]
    assert np.count_nonzero(np.diff(blue.astype(int)) == 1) == 4


def test_a_crowd_fits_on_the_page(tmp_path: Path) -> None:
    crowd = Ethogram(Intervals.concat([ethogram(individual=f"mouse {i}").bouts for i in range(9)]))
    image = read(draw_ethogram(tmp_path / "e.png", {"words": crowd}, MINUTE))
    assert (image[:, -10:] == 255).all()


@pytest.mark.parametrize("count", [1, 40])
def test_many_labels(tmp_path: Path, count: int) -> None:
    labels = [f"cluster {i}: a long name that nobody can read in full here" for i in range(count)]
    etho = Ethogram.from_frames(np.repeat(labels, 60), "m1", source="cluster")
    clock = Timebase.constant(30, 60 * count)
    image = read(draw_ethogram(tmp_path / "e.png", {"clusters": etho}, clock))
    assert (image[:, -10:] == 255).all()  # nothing runs over the edge
    assert (image[-10:] == 255).all()


def test_events_are_lines(tmp_path: Path) -> None:
    rows = Intervals.build("m1", [900, 0], [900, 1], label=["sniffing", "walking"])
    etho = Ethogram(rows, Intervals.build("m1", 0, 1800))
    image = read(draw_ethogram(tmp_path / "e.png", {"human": etho}, MINUTE))
    yellow = (np.abs(image - rgb(palette(["sniffing", "walking"])["sniffing"])) < 60).all(axis=2)
    x = np.flatnonzero(yellow.sum(axis=0) > 0.3 * DPI)
    middle = (LEFT + (WIDTH - 1.4 - LEFT) / 2) * DPI
    assert np.abs(x - middle).min() < 10


@pytest.mark.parametrize("n", [1800, 200_000])
def test_traces_with_holes(tmp_path: Path, n: int) -> None:
    speed = np.abs(np.sin(np.arange(n) / 50.0))
    speed[: n // 2] = np.nan
    clock = Timebase.constant(30, n)
    traces = {"speed (BL/s)": speed, "nothing": np.full(n, np.nan), "flat": np.zeros(n)}
    image = read(draw_ethogram(tmp_path / "e.png", {"words": ethogram(n)}, clock, traces=traces))
    band = image[int(0.6 * DPI) : int(1.1 * DPI)]  # the first trace
    dark = (band < 90).all(axis=2).any(axis=0)
    half = int((LEFT + 0.5 * (WIDTH - 1.5 - LEFT)) * DPI)
    assert not dark[int((LEFT + 0.5) * DPI) : half - 40].any()
    assert dark[half + 40 : half + 400].any()


@pytest.mark.parametrize("title", ["", "$\\nosuch{$"])
def test_names_are_taken_literally(tmp_path: Path, title: str) -> None:
    odd = "$\\nosuch{$ mäuse"  # as a formula it could not be drawn
    rows = Ethogram(Intervals.build("m", 0, 1800, odd, label=[odd]))
    draw_ethogram(tmp_path / "e.png", {odd: rows}, MINUTE, title=title, traces={odd: np.ones(1800)})


@pytest.mark.parametrize("ending", ["svg", "pdf", "PNG"])
def test_other_kinds_of_picture(tmp_path: Path, ending: str) -> None:
    path = draw_ethogram(tmp_path / f"e.{ending}", {"words": ethogram()}, MINUTE)
    assert path.stat().st_size > 1000


def test_nothing_found_is_drawn_too(tmp_path: Path) -> None:
    empty = Ethogram(Intervals.build([], [], [], label=[]), Intervals.build("m1", 0, 1800, "a"))
    image = read(draw_ethogram(tmp_path / "e.png", {"words": empty}, MINUTE))
    assert (image == 255).all(axis=2).mean() > 0.8


def test_one_recording_of_several(tmp_path: Path) -> None:
    other = Intervals.build("m2", 0, 100, label=["walking"])
    both = Ethogram(Intervals.concat([ethogram().bouts, Ethogram(other).bouts]))
    with pytest.raises(InputError, match=r"expected one recording, found 2 \(m1, m2\).*recording="):
        draw_ethogram(tmp_path / "e.png", {"words": both}, MINUTE)
    draw_ethogram(tmp_path / "e.png", {"words": both}, MINUTE, recording="m2")


def test_messages(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"expected a name ending in \.png, \.svg, \.pdf, found '\.jpg'"
    ):
        draw_ethogram(tmp_path / "e.jpg", {"words": ethogram()}, MINUTE)
    with pytest.raises(InputError, match="expected at least one ethogram"):
        draw_ethogram(tmp_path / "e.png", {}, MINUTE)
    with pytest.raises(InputError, match="expected a recording with frames"):
        draw_ethogram(tmp_path / "e.png", {"words": ethogram()}, Timebase.constant(30, 0))
    with pytest.raises(
        MismatchError, match="trace 'speed': expected 1800 numbers, one for each picture"
    ):
        draw_ethogram(
            tmp_path / "e.png", {"words": ethogram()}, MINUTE, traces={"speed": np.ones(5)}
        )
    with pytest.raises(StorageError, match="The folder does not exist"):
        draw_ethogram(tmp_path / "no" / "e.png", {"words": ethogram()}, MINUTE)
    assert not list(tmp_path.iterdir())


def test_pyplot_and_its_global_state_stay_out(tmp_path: Path) -> None:
    code = f"""
import sys, matplotlib
before = str(dict.items(matplotlib.rcParams))  # asking rcParams itself would load pyplot
import numpy as np
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.reports import draw_ethogram
etho = Ethogram.from_frames(["walking"] * 30, "m")
draw_ethogram({str(tmp_path / "e.png")!r}, {{"w": etho}}, Timebase.constant(30, 30))
assert "matplotlib.pyplot" not in sys.modules
assert str(dict.items(matplotlib.rcParams)) == before
"""
    subprocess.run([sys.executable, "-c", code], check=True)
