"""The picture of an ethogram: who does what when, from a minute to a day on one page."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.core.colours import palette
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.files import replacing
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.reports.bands import columns, paint, summarise
from napari_mousegpt.reports.legend import Block, draw_legend
from napari_mousegpt.reports.page import DPI, INK, LEFT, QUIET, TOP, Page, short
from napari_mousegpt.reports.time_axis import clock_text, time_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_ethogram"]

# Inches.
_BOTTOM, _BAND, _TRACE, _GAP, _BLOCK_GAP = 0.62, 0.42, 0.62, 0.07, 0.3
_UNSEEN, _ENVELOPE = "#e4e4e4", "#c9d6e3"
_ENDINGS = (".png", ".svg", ".pdf")


def draw_ethogram(
    path: str | os.PathLike[str],
    ethograms: Mapping[str, Ethogram],
    timebase: Timebase,
    *,
    traces: Mapping[str, ArrayLike] | None = None,
    title: str = "",
    recording: str | None = None,
) -> Path:
    """Draw ethograms of one recording, one band for each source and individual.

    Parameters
    ----------
    path : path-like
        Picture to write; ``.png``, ``.svg`` or ``.pdf``.
    ethograms : mapping of str to Ethogram
        What each block of bands is called, for example ``"words"`` and ``"clusters"``. Rejected
        bouts are left out.
    timebase : Timebase
        Clock of the recording.
    traces : mapping of str to array_like, optional
        Curves above the bands, for example speed: one number for each picture, NaN where unknown.
    title : str
        Heading; the id of the recording by default.
    recording : str, optional
        Which recording to draw when the ethograms hold several.

    Returns
    -------
    Path
        The picture, complete.

    Raises
    ------
    InputError
        When there is no ethogram, no frame, more than one recording to choose from, or another
        ending than those above.
    MismatchError
        When a trace is not as long as the recording.
    StorageError
        When the picture cannot be written.

    Notes
    -----
    One column of the picture can stand for many frames. Each column is divided among the labels by
    their true time, so that short bouts show even in a recording of a day. White is observed time
    without a label, hatched is time that was not looked at. Percentages are parts of the observed
    time. A label has the same colour in every picture, see :mod:`napari_mousegpt.core.colours`.
    """
    target = Path(path)
    if target.suffix.lower() not in _ENDINGS:
        raise InputError(
            target, expected=f"a name ending in {', '.join(_ENDINGS)}", found=repr(target.suffix)
        )
    chosen = _one_recording(ethograms, recording)
    if not timebase.n_frames:
        raise InputError(f"picture of {chosen!r}", expected="a recording with frames", found="none")
    blocks = [_block(name, etho, chosen, timebase) for name, etho in ethograms.items()]
    curves = {name: _trace(name, values, timebase) for name, values in (traces or {}).items()}
    colours = palette(label for block in blocks for label in block.labels)

    traces_height = len(curves) * (_TRACE + 3 * _GAP) + _GAP if curves else 0.0
    blocks_height = sum(_height(block) for block in blocks) + _BLOCK_GAP * (len(blocks) - 1)
    height = TOP + traces_height + blocks_height + _BOTTOM
    page = Page(height, max(1.4, *(block.legend_width for block in blocks)), timebase)
    page.write(LEFT, height - 0.3, title or chosen, size=11, weight="bold")
    page.write(page.right, height - 0.3, _facts(timebase), ha="right")
    top = height - TOP
    for name, values in curves.items():
        _draw_trace(page, top, name, values)
        top -= _TRACE + 3 * _GAP
    top -= _GAP if curves else 0.0
    for block in blocks:
        lowest = _draw_block(page, block, top, colours)
        top -= _height(block) + _BLOCK_GAP
    _draw_times(page, lowest)
    page.write(LEFT, 0.1, _note(page), size=7, colour=QUIET)
    with replacing(target) as part:
        page.figure.savefig(part, format=target.suffix.lower()[1:], dpi=DPI)
    return target


def _one_recording(ethograms: Mapping[str, Ethogram], wanted: str | None) -> str:
    if not ethograms:
        raise InputError("picture of an ethogram", expected="at least one ethogram", found="none")
    found = sorted(
        {
            str(name)
            for ethogram in ethograms.values()
            for name in (*ethogram.bouts.recording, *ethogram.observed.recording)
        }
    )
    if wanted is None and len(found) > 1:
        raise InputError(
            "picture of an ethogram",
            expected="one recording",
            found=f"{len(found)} ({', '.join(found[:3])}{', ...' if len(found) > 3 else ''})",
            remedy="Say which one with recording=...",
        )
    return wanted if wanted is not None else (found[0] if found else "")


def _block(title: str, ethogram: Ethogram, recording: str, clock: Timebase) -> Block:
    mine = ethogram.select(recording=recording)
    people = sorted({*mine.bouts.individual, *mine.observed.individual}) or [""]
    bands = tuple((name, mine.select(individual=name)) for name in people)
    kept = mine.bouts[mine.bouts.column("status") != "rejected"]
    seconds: dict[str, int] = {}
    for label, frames in zip(kept.column("label"), kept.length.tolist(), strict=True):
        seconds[label] = seconds.get(label, 0) + frames
    labels = sorted(seconds, key=lambda label: (-seconds[label], label))
    return Block(title, bands, tuple(labels), clock)


def _band_height(block: Block) -> float:
    """Bands grow so that the legend finds room beside them."""
    return max(_BAND, block.legend_height / len(block.bands))


def _height(block: Block) -> float:
    return len(block.bands) * (_band_height(block) + _GAP) - _GAP


def _trace(name: str, values: ArrayLike, clock: Timebase) -> NDArray[np.float64]:
    curve = np.asarray(values, dtype=np.float64)
    if curve.shape != (clock.n_frames,):
        raise MismatchError(
            f"trace {name!r}",
            expected=f"{clock.n_frames} numbers, one for each picture",
            found=f"shape {curve.shape}",
        )
    return curve


def _facts(clock: Timebase) -> str:
    rate = f"{clock.fps:.5g} frames/s" + ("" if clock.is_constant else " on average")
    unit = time_unit(clock.duration)
    length = clock_text(clock.duration, clock.duration)
    return f"{length} ({unit}), {clock.n_frames} frames, {rate}"


def _note(page: Page) -> str:
    note = "White: observed, no label. Hatched: not observed. %: part of observed time."
    each = page.duration / page.n_columns
    if each * page.clock.fps < 2:
        return note
    return f"Each column is {each:.2g} s, divided by time among what happened in it. {note}"


def _draw_trace(page: Page, top: float, name: str, values: NDArray[np.float64]) -> None:
    axes = page.axes(top, _TRACE)
    times = page.clock.time(np.arange(page.clock.n_frames))
    if len(values) <= 2 * page.n_columns:
        axes.plot(times, values, color=INK, linewidth=0.7)
    else:
        middle = 0.5 * (page.edges[:-1] + page.edges[1:])
        mean, largest = summarise(values, times, page.edges)
        axes.fill_between(middle, 0, largest, color=_ENVELOPE, linewidth=0)
        axes.plot(middle, mean, color=INK, linewidth=0.6)
        page.write(page.right + 0.12, top - 0.12, "line: mean", size=7, colour=QUIET)
        page.write(page.right + 0.12, top - 0.26, "grey: largest", size=7, colour=QUIET)
    seen = values[np.isfinite(values)]
    if seen.size:
        low, high = min(0.0, float(np.quantile(seen, 0.001))), float(np.quantile(seen, 0.999))
        axes.set_ylim(low, high * 1.05 if high > low else low + 1)
    axes.locator_params(axis="y", nbins=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    page.write(LEFT, top + 0.03, name)


def _draw_block(page: Page, block: Block, top: float, colours: Mapping[str, str]) -> Axes:
    """Draw the bands of one source with their legend; return the lowest band."""
    page.write(LEFT, top + 0.05, block.title, size=9, weight="bold")
    height = _band_height(block)
    for number, (individual, ethogram) in enumerate(block.bands):
        axes = page.axes(top - number * (height + _GAP), height)
        _draw_band(axes, ethogram, block.labels, colours, page)
        axes.set_ylabel(
            short(individual or "whole picture", 18),
            rotation=0,
            ha="right",
            va="center",
            fontsize=8,
            color=INK,
            parse_math=False,
        )
    draw_legend(page, block, top, colours)
    return axes


def _draw_band(
    axes: Axes,
    ethogram: Ethogram,
    labels: Sequence[str],
    colours: Mapping[str, str],
    page: Page,
) -> None:
    from matplotlib.patches import Rectangle

    unseen = Rectangle((0, 0), 1, 1, facecolor=_UNSEEN, edgecolor="#b0b0b0", linewidth=0)
    unseen.set(transform=axes.transAxes, hatch="////", zorder=0)
    axes.add_patch(unseen)
    rows = round(axes.get_position().height * page.height * DPI)
    image = paint(columns(ethogram, page.clock, page.edges, labels), colours, rows)
    axes.imshow(
        image, extent=(0, page.duration, 0, 1), aspect="auto", interpolation="nearest", zorder=1
    )
    events = ethogram.bouts[
        (ethogram.bouts.length == 0) & (ethogram.bouts.column("status") != "rejected")
    ].clip(0, page.clock.n_frames)
    shades = [colours[label] for label in events.column("label")]
    if shades:
        axes.vlines(page.clock.time(events.start), 0, 1, colors=shades, linewidth=0.9, zorder=2)
    axes.set_xlim(0, page.duration)
    axes.set_ylim(0, 1)
    axes.set_yticks([])


def _draw_times(page: Page, axes: Axes) -> None:
    axes.set_xticks(page.ticks, [clock_text(tick, page.duration) for tick in page.ticks])
    axes.set_xlabel(f"time ({time_unit(page.duration)})", fontsize=8, color=INK)
