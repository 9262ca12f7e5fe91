"""The picture of an ethogram: who does what when, from a minute to a day on one page."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.core.colours import palette
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.files import replacing
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.reports.bands import columns, count_events, paint, summarise, time_shares
from napari_mousegpt.reports.time_axis import clock_text, time_ticks, time_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_ethogram"]

_WIDTH = 11.0  # inches, and so are all lengths below
_LEFT, _RIGHT, _TOP, _BOTTOM = 1.15, 3.55, 0.55, 0.62
_BAND, _TRACE, _GAP, _BLOCK_GAP, _LEGEND_ROW = 0.42, 0.62, 0.07, 0.3, 0.165
_DPI = 200
#: Where a pixel is longer than this many seconds, three of them make a column: calmer to read.
_LONG = 1.0
#: Breadth of a letter and of a column of numbers in the legend.
_LETTER, _NUMBER = 0.062, 0.6
_MOST_LABELS, _MOST_NUMBERS = 24, 4
_INK, _QUIET, _UNSEEN = "#1a1a1a", "#666666", "#e4e4e4"


@dataclass(frozen=True)
class _Block:
    """The bands of one source and the legend beside them."""

    title: str
    #: Individual and what it did.
    bands: tuple[tuple[str, Ethogram], ...]
    labels: tuple[str, ...]

    @property
    def band_height(self) -> float:
        """Bands grow so that the legend finds room beside them."""
        rows = min(len(self.labels), _MOST_LABELS + 1) + (2 if len(self.bands) > 1 else 1)
        return max(_BAND, rows * _LEGEND_ROW / len(self.bands))

    @property
    def height(self) -> float:
        return len(self.bands) * (self.band_height + _GAP) - _GAP


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
        What each band of bands is called, for example ``"words"`` and ``"clusters"``. Rejected
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
        When there is no ethogram, no frame, or more than one recording to choose from.
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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen = _one_recording(ethograms, recording)
    if not timebase.n_frames:
        raise InputError(f"picture of {chosen!r}", expected="a recording with frames", found="none")
    blocks = [_block(name, etho, chosen) for name, etho in ethograms.items()]
    curves = {name: _trace(name, values, timebase) for name, values in (traces or {}).items()}
    colours = palette(label for block in blocks for label in block.labels)

    traces_height = len(curves) * (_TRACE + _GAP) + (_BLOCK_GAP if curves else 0)
    blocks_height = sum(block.height for block in blocks) + _BLOCK_GAP * (len(blocks) - 1)
    height = _TOP + traces_height + blocks_height + _BOTTOM
    figure = Figure(figsize=(_WIDTH, height), facecolor="white")
    FigureCanvasAgg(figure)
    page = _Page(figure, height, timebase)
    _write(figure, _LEFT, height - 0.3, title or chosen, height, size=11, weight="bold")
    _write(figure, _WIDTH - _RIGHT, height - 0.3, _facts(timebase), height, size=8, ha="right")
    top = height - _TOP
    for name, values in curves.items():
        _draw_trace(page.axes(top, _TRACE), name, values, page)
        top -= _TRACE + _GAP
    top -= _BLOCK_GAP if curves else 0
    for number, block in enumerate(blocks):
        _draw_block(page, block, top, colours, number == len(blocks) - 1)
        top -= block.height + _BLOCK_GAP
    _write(figure, _LEFT, 0.1, page.note(), height, size=7, colour=_QUIET)
    return _save(figure, Path(path))


class _Page:
    """Places axes on the figure, in inches from its upper edge, all with one time axis."""

    def __init__(self, figure: Figure, height: float, clock: Timebase) -> None:
        self.figure, self.height, self.clock = figure, height, clock
        self.duration = clock.duration
        width = _WIDTH - _LEFT - _RIGHT
        self.n_columns = round(width * _DPI)
        if self.duration / self.n_columns > _LONG:
            self.n_columns //= 3
        self.edges = np.linspace(0, self.duration, self.n_columns + 1)
        self._place = (_LEFT / _WIDTH, width / _WIDTH)

    def axes(self, top: float, height: float) -> Axes:
        left, width = self._place
        axes = self.figure.add_axes(
            (left, (top - height) / self.height, width, height / self.height)
        )
        axes.set_xlim(0, self.duration)
        axes.set_xticks(time_ticks(self.duration), [""] * len(time_ticks(self.duration)))
        axes.tick_params(length=2, width=0.6, color=_QUIET, labelsize=8, labelcolor=_INK)
        for side in axes.spines.values():
            side.set_linewidth(0.6)
            side.set_color(_QUIET)
        return axes

    def note(self) -> str:
        each = self.duration / self.n_columns
        if each * self.clock.fps < 2:
            return "White: observed, no label. Hatched: not observed. %: part of observed time."
        return (
            f"Each column is {each:.2g} s, divided by time among what happened in it. "
            "White: observed, no label. Hatched: not observed. %: part of observed time."
        )


def _one_recording(ethograms: Mapping[str, Ethogram], wanted: str | None) -> str:
    found = sorted(
        {
            str(name)
            for etho in ethograms.values()
            for name in (*etho.bouts.recording, *etho.observed.recording)
        }
    )
    if not ethograms:
        raise InputError("picture of an ethogram", expected="at least one ethogram", found="none")
    if wanted is None and len(found) > 1:
        raise InputError(
            "picture of an ethogram",
            expected="one recording",
            found=f"{len(found)} ({', '.join(found[:3])}{', ...' if len(found) > 3 else ''})",
            remedy="Say which one with recording=...",
        )
    return wanted if wanted is not None else (found[0] if found else "")


def _block(title: str, ethogram: Ethogram, recording: str) -> _Block:
    mine = ethogram.select(recording=recording)
    people = sorted({*mine.bouts.individual, *mine.observed.individual}) or [""]
    bands = tuple((name, mine.select(individual=name)) for name in people)
    kept = mine.bouts[mine.bouts.column("status") != "rejected"]
    seconds = {label: int(kept.select(label=label).length.sum()) for label in mine.labels}
    labels = sorted(
        (x for x in seconds if x in set(kept.column("label"))), key=lambda x: -seconds[x]
    )
    return _Block(title, bands, tuple(labels))


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


def _write(
    figure: Figure,
    x: float,
    y: float,
    text: str,
    height: float,
    *,
    size: float = 8.0,
    colour: str = _INK,
    **how: Any,
) -> None:
    """Write at a place in inches. Names are taken as they are: a dollar sign is no formula."""
    figure.text(x / _WIDTH, y / height, text, fontsize=size, color=colour, parse_math=False, **how)


def _draw_trace(axes: Axes, name: str, values: NDArray[np.float64], page: _Page) -> None:
    times = page.clock.time(np.arange(page.clock.n_frames))
    if len(values) <= 2 * page.n_columns:
        axes.plot(times, values, color=_INK, linewidth=0.7)
    else:
        middle = 0.5 * (page.edges[:-1] + page.edges[1:])
        mean, largest = summarise(values, times, page.edges)
        axes.fill_between(middle, 0, largest, color="#c9d6e3", linewidth=0, label="largest")
        axes.plot(middle, mean, color=_INK, linewidth=0.6, label="mean")
        axes.legend(
            loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=7.5, frameon=False, borderpad=0
        )
    seen = values[np.isfinite(values)]
    if seen.size:
        low, high = min(0.0, float(np.quantile(seen, 0.001))), float(np.quantile(seen, 0.999))
        axes.set_ylim(low, high * 1.05 if high > low else low + 1)
    axes.locator_params(axis="y", nbins=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.text(0.0, 1.03, name, transform=axes.transAxes, fontsize=8, color=_INK, parse_math=False)


def _draw_block(
    page: _Page, block: _Block, top: float, colours: Mapping[str, str], is_last: bool
) -> None:
    _write(page.figure, _LEFT, top + 0.05, block.title, page.height, size=9, weight="bold")
    for number, (individual, ethogram) in enumerate(block.bands):
        place = top - number * (block.band_height + _GAP)
        axes = page.axes(place, block.band_height)
        _draw_band(axes, ethogram, block.labels, colours, page)
        axes.set_ylabel(
            _short(individual or "whole picture", 18),
            rotation=0,
            ha="right",
            va="center",
            fontsize=8,
            color=_INK,
            parse_math=False,
        )
        if is_last and number == len(block.bands) - 1:
            ticks = time_ticks(page.duration)
            axes.set_xticks(ticks, [clock_text(tick, page.duration) for tick in ticks])
            axes.set_xlabel(f"time ({time_unit(page.duration)})", fontsize=8, color=_INK)
    _draw_legend(page, block, top, colours)


def _draw_band(
    axes: Axes,
    ethogram: Ethogram,
    labels: Sequence[str],
    colours: Mapping[str, str],
    page: _Page,
) -> None:
    from matplotlib.patches import Rectangle

    clock = page.clock
    unseen = Rectangle(
        (0, 0), 1, 1, transform=axes.transAxes, facecolor=_UNSEEN, edgecolor="#b0b0b0", linewidth=0,
        hatch="////", zorder=0,
    )  # fmt: skip
    axes.add_patch(unseen)
    band = columns(ethogram, clock, page.edges, labels)
    rows = round(axes.get_window_extent().height / axes.figure.dpi * _DPI)
    image = paint(band, colours, max(rows, 16))
    axes.imshow(
        image, extent=(0, page.duration, 0, 1), aspect="auto", interpolation="nearest", zorder=1
    )
    events = ethogram.bouts[
        (ethogram.bouts.length == 0) & (ethogram.bouts.column("status") != "rejected")
    ].clip(0, clock.n_frames)
    if len(events):
        axes.vlines(
            clock.time(events.start), 0, 1, linewidth=0.9, zorder=2,
            colors=[colours[label] for label in events.column("label")],
        )  # fmt: skip
    axes.set_xlim(0, page.duration)
    axes.set_ylim(0, 1)
    axes.set_yticks([])


def _draw_legend(page: _Page, block: _Block, top: float, colours: Mapping[str, str]) -> None:
    """List the labels with their part of the time, one column for each individual."""
    from matplotlib.patches import Rectangle

    left, y = _WIDTH - _RIGHT + 0.12, top - 0.11
    numbers = _numbers(block, page.clock)
    # Names get what they need, at most what the numbers leave.
    longest = max((len(label) for label in block.labels), default=0) * _LETTER
    room = min(longest, _WIDTH - left - 0.3 - _NUMBER * len(numbers))
    right = [left + 0.2 + room + _NUMBER * (i + 1) for i in range(len(numbers))]
    if len(numbers) > 1:
        for x, name in zip(right, numbers, strict=True):
            short = _short(name, 9)
            _write(page.figure, x, y - 0.04, short, page.height, size=7, colour=_QUIET, ha="right")
        y -= _LEGEND_ROW
    for label in block.labels[:_MOST_LABELS]:
        swatch = Rectangle(
            (left / _WIDTH, (y - 0.045) / page.height), 0.11 / _WIDTH, 0.11 / page.height,
            facecolor=colours[label], edgecolor=_QUIET, linewidth=0.3,
        )  # fmt: skip
        page.figure.add_artist(swatch)
        short = _short(label, int(room / _LETTER))
        _write(page.figure, left + 0.17, y - 0.04, short, page.height, size=7.5)
        for x, texts in zip(right, numbers.values(), strict=True):
            _write(page.figure, x, y - 0.04, texts[label], page.height, size=7.5, ha="right")
        y -= _LEGEND_ROW
    rest = len(block.labels) - _MOST_LABELS
    if rest > 0 or not block.labels:
        text = f"and {rest} more, see the tables" if rest > 0 else "no bouts"
        _write(page.figure, left + 0.17, y - 0.04, text, page.height, size=7.5, colour=_QUIET)


def _numbers(block: _Block, clock: Timebase) -> dict[str, dict[str, str]]:
    """Return the text beside each label, for each individual; of a crowd only the mean."""
    shares = {name: time_shares(ethogram, clock) for name, ethogram in block.bands}
    events = {name: count_events(ethogram) for name, ethogram in block.bands}
    if len(shares) > _MOST_NUMBERS:
        mean = {
            label: float(np.mean([mine.get(label, 0.0) for mine in shares.values()]))
            for label in block.labels
        }
        shares, events = {"mean": mean}, {"mean": {}}
    return {
        name: {
            label: _share_text(mine.get(label), events[name].get(label, 0))
            for label in block.labels
        }
        for name, mine in shares.items()
    }


def _share_text(share: float | None, events: int) -> str:
    if events and not share:
        return f"{events}x"
    if share is None:
        return "-"
    return f"{share:.1%}" if share >= 0.001 else "<0.1%"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(most - 1, 1)].rstrip() + "…"


def _save(figure: Figure, path: Path) -> Path:
    endings = {".png", ".svg", ".pdf"}
    if path.suffix.lower() not in endings:
        raise InputError(
            path,
            expected=f"a name ending in {', '.join(sorted(endings))}",
            found=repr(path.suffix),
        )
    with replacing(path) as part:
        figure.savefig(part, format=path.suffix.lower()[1:], dpi=_DPI)
    return path
