"""What the pixels of a row show."""

from __future__ import annotations

import numpy as np
import pytest

from napari_mousegpt._napari.timeline.pixels import bout_pixels, curve_pixels
from napari_mousegpt._napari.timeline.theme import Theme, packed, parsed
from napari_mousegpt._napari.timeline.tracks import BoutTrack, CurveTrack

THEME = Theme()
LIGHT = Theme((235, 231, 230), (221, 218, 216), (30, 30, 33), (175, 172, 170), (160, 184, 255))
COLOURS = {"a": "#d55e00", "b": "#0072b2", "noise": "#c8c8c8", "pale": "#eae8da"}


def painted(
    track: BoutTrack, view: tuple[float, float], width: int = 100, theme: Theme = THEME
) -> tuple[np.ndarray, list[str]]:
    band = np.full((17, width), packed(theme.row), dtype=np.uint32)
    captions = bout_pixels(band, track, view, COLOURS.__getitem__, theme)
    return band, [caption.text for caption in captions]


def bouts(start: list[int], stop: list[int], label: list[str], **more: object) -> BoutTrack:
    return BoutTrack("k", "t", "model", "m", start, stop, label, **more)  # type: ignore[arg-type]


def distance(pixel: int, colour: tuple[int, int, int]) -> int:
    return sum(
        abs((int(pixel) >> shift & 255) - part)
        for shift, part in zip((16, 8, 0), colour, strict=True)
    )


def test_a_bout_fills_exactly_its_columns() -> None:
    band, captions = painted(bouts([20], [50], ["a"]), (0, 100))
    inside = band == packed(parsed(COLOURS["a"]))
    assert inside[:, 20:50].all()
    assert not inside[:, :20].any()
    assert not inside[:, 50:].any()
    assert captions == ["a"]


def test_bouts_that_touch_are_parted_by_a_line() -> None:
    band, captions = painted(bouts([20, 60], [60, 90], ["a", "a"]), (0, 100))
    assert (band[:, 60] == packed(THEME.row)).all()
    assert (band[:, 59] == band[:, 61]).all()
    assert captions == ["a", "a"]


def test_the_line_between_pale_bouts_has_no_rim() -> None:
    track = bouts([20, 60], [60, 90], ["pale", "pale"])
    band, _ = painted(track, (0, 100), theme=LIGHT)
    assert (band[:, 60] == packed(LIGHT.row)).all()
    assert band[0, 59] != packed(LIGHT.row)


def test_the_less_sure_a_bout_the_fainter() -> None:
    track = bouts(
        [0, 20, 40, 60], [10, 30, 50, 70], ["a"] * 4, confidence=[0.1, 0.5, 0.9, 0.1],
        status=["proposed", "proposed", "proposed", "accepted"],
    )  # fmt: skip
    band, _ = painted(track, (0, 100))
    away = [distance(band[8, x], THEME.row) for x in (5, 25, 45, 65)]
    assert away[0] < away[1] < away[2] < away[3]


def test_rejected_bouts_are_dim_and_hatched() -> None:
    track = bouts([0, 50], [40, 90], ["a", "a"], status=["rejected", "accepted"])
    band, _ = painted(track, (0, 100))
    assert len(np.unique(band[4:12, 5:35])) == 2
    assert len(np.unique(band[:, 50:90])) == 1
    assert max(distance(p, THEME.row) for p in np.unique(band[:, :40])) < distance(
        band[8, 60], THEME.row
    )


def test_overlapping_bouts_share_the_height_where_they_overlap_only() -> None:
    band, _ = painted(bouts([0, 20, 80], [40, 50, 95], ["a", "b", "a"]), (0, 100))
    a, b = (packed(parsed(COLOURS[name])) for name in "ab")
    assert (band[2, 30], band[14, 30]) == (a, b)
    assert (band[14, 10], band[2, 45]) == (packed(THEME.row), packed(THEME.row))
    assert (band[:, 85] == a).all()


@pytest.mark.parametrize("theme", [THEME, LIGHT])
def test_what_hardly_stands_out_has_a_rim(theme: Theme) -> None:
    band, _ = painted(bouts([10], [90], ["pale"]), (0, 100), theme=theme)
    rim = distance(band[0, 50], theme.row) > distance(band[8, 50], theme.row)
    assert rim == (theme is LIGHT)


def test_events_are_ticks() -> None:
    band, _ = painted(bouts([50], [50], ["a"]), (0, 100))
    columns = np.flatnonzero((band == packed(parsed(COLOURS["a"]))).any(axis=0))
    assert columns.tolist() == [49, 50, 51, 52]
    assert (band[:, 50] == packed(parsed(COLOURS["a"]))).all()


def test_a_label_has_an_ink_that_reads_on_its_bout() -> None:
    band = np.zeros((17, 100), dtype=np.uint32)
    track = bouts([0, 50], [50, 100], ["noise", "b"])
    inks = [c.ink for c in bout_pixels(band, track, (0, 100), COLOURS.__getitem__, THEME)]
    assert inks == ["#000000", "#ffffff"]


def test_a_curve_lies_where_its_values_are() -> None:
    values = np.concatenate([np.zeros(50), np.ones(30), np.full(20, np.nan)])
    track = CurveTrack("k", "t", "confidence", "", values)
    band = np.full((30, 100), packed(THEME.row), dtype=np.uint32)
    curve_pixels(band, track, (0, 100), THEME)

    def line(x: int) -> int:
        return int(np.argmin([distance(p, THEME.curve("confidence")) for p in band[:, x]]))

    assert line(20) >= 27
    assert line(70) <= 2
    assert (band[:, 90] == packed(THEME.row)).all()
    # Below the line the ground is tinted, and the line goes up where the values do.
    assert band[20, 70] != packed(THEME.row)
    assert band[20, 20] == packed(THEME.row)
    assert min(distance(p, THEME.curve("confidence")) for p in band[:, 50]) < 90
    assert (band[10:20, 50] != packed(THEME.row)).all()
