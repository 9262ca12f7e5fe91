"""The picture of a calibration: how often labels are right, by how sure the model was."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt.core.files import replacing
from napari_mousegpt.errors import InputError
from napari_mousegpt.reports.page import DPI, INK, QUIET
from napari_mousegpt.words.calibration import Calibration
from napari_mousegpt.words.confidence_bins import Bin

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_reliability"]

_ENDINGS = (".png", ".svg", ".pdf")
_BLUE, _BAR = "#0072b2", "#9cc4e0"


def draw_reliability(
    path: str | os.PathLike[str], calibration: Calibration, *, title: str = ""
) -> Path:
    """Draw the reliability of a model before and after its temperature.

    Parameters
    ----------
    path : path-like
        Picture to write; ``.png``, ``.svg`` or ``.pdf``.
    calibration : Calibration
        See :func:`napari_mousegpt.words.calibration.calibrate`.
    title : str
        Heading; the name of the model by default.

    Returns
    -------
    Path
        The picture, complete.

    Raises
    ------
    InputError
        When the ending is another one.
    StorageError
        When the picture cannot be written.

    Notes
    -----
    A point is one bin of confidence, its bar the exact 95 % interval; on the diagonal a model is
    right as often as it says. The columns below count the clips of each bin.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    target = Path(path)
    if target.suffix.lower() not in _ENDINGS:
        raise InputError(
            target, expected=f"a name ending in {', '.join(_ENDINGS)}", found=repr(target.suffix)
        )
    notes = [line for note in (_about(calibration), *calibration.notes) for line in _wrap(note)]
    foot = 0.62 + 0.16 * len(notes)
    height = 4.6 + foot
    figure = Figure(figsize=(8.4, height), facecolor="white")
    FigureCanvasAgg(figure)
    most = max(1, *(row.n for row in (*calibration.before, *calibration.after)))
    held_out = "each animal at the temperature of the others" if calibration.n_animals > 1 else ""
    panels: tuple[tuple[float, str, Sequence[Bin], float], ...] = (
        (0.75, "as scored (temperature 1)", calibration.before, calibration.ece_before),
        (
            4.75,
            f"at temperature {calibration.temperature:.3g}",
            calibration.after,
            calibration.ece_after,
        ),
    )
    for left, name, bins, error in panels:
        box = (left / 8.4, (foot + 1.05) / height, 3.2 / 8.4, 2.75 / height)
        _draw_curve(figure.add_axes(box), name, bins, error)
        box = (left / 8.4, foot / height, 3.2 / 8.4, 0.75 / height)
        _draw_counts(figure.add_axes(box), bins, most)
    heading = title or calibration.model or "calibration"
    figure.text(
        0.75 / 8.4,
        1 - 0.32 / height,
        heading if len(heading) <= 70 else heading[:69] + "…",
        fontsize=11,
        weight="bold",
        color=INK,
        parse_math=False,
    )
    if held_out:
        figure.text(
            4.75 / 8.4, (foot + 4.06) / height, held_out, fontsize=7, color=QUIET, parse_math=False
        )
    for number, line in enumerate(reversed(notes)):
        place = (0.1 + 0.16 * number) / height
        figure.text(0.75 / 8.4, place, line, fontsize=7, color=QUIET, parse_math=False)
    with replacing(target) as part:
        figure.savefig(part, format=target.suffix.lower()[1:], dpi=DPI)
    return target


def _draw_curve(axes: Axes, name: str, bins: Sequence[Bin], error: float) -> None:
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    filled = [row for row in bins if row.n]
    middle = [row.confidence for row in filled]
    axes.vlines(
        middle,
        [row.share_low for row in filled],
        [row.share_high for row in filled],
        color=_BLUE,
        linewidth=1.1,
        zorder=2,
    )
    axes.plot(middle, [row.share for row in filled], "o", color=_BLUE, markersize=4.5, zorder=3)
    axes.set_title(f"{name}, ECE {error:.3f}", fontsize=8.5, color=INK, loc="left")
    axes.set_ylabel("share that was right", fontsize=8, color=INK)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xticklabels([])
    _plain(axes)


def _draw_counts(axes: Axes, bins: Sequence[Bin], most: int) -> None:
    axes.bar(
        [row.low for row in bins],
        [row.n for row in bins],
        width=[row.high - row.low for row in bins],
        align="edge",
        color=_BAR,
        edgecolor="white",
        linewidth=0.6,
    )
    for row in bins:
        if row.n:
            middle = (row.low + row.high) / 2
            axes.text(middle, row.n + 0.04 * most, str(row.n), fontsize=6, color=INK, ha="center")
    axes.set_ylim(0, 1.28 * most)
    axes.set_ylabel("clips", fontsize=8, color=INK)
    axes.set_xlabel("confidence (probability of the label)", fontsize=8, color=INK)
    axes.locator_params(axis="y", nbins=2, integer=True)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.tick_params(length=2, width=0.6, color=QUIET, labelsize=7.5, labelcolor=INK)
    for name, side in axes.spines.items():
        side.set_linewidth(0.6)
        side.set_color(QUIET)
        side.set_visible(name in ("left", "bottom"))


def _about(c: Calibration) -> str:
    animals = f" of {c.n_animals} animals" if c.n_animals else ""
    span = ""
    if c.temperature_low == c.temperature_low:
        span = f" [{c.temperature_low:.3g}, {c.temperature_high:.3g}] by leaving out animals"
    return (
        f"{c.n} accepted labels{animals}. Temperature {c.temperature:.3g}{span}. Mean negative "
        f"log-probability of the accepted label: {c.nll_before:.3f}, then {c.nll_after:.3f}. "
        f"Prompt {c.prompt_id or 'not named'}, labels {c.vocabulary or 'not named'}."
    )


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, 125)
