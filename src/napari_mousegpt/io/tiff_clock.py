"""The frame rate of a TIFF stack, from what the program that wrote it left in the file.

A time for each picture is worth more than one step for all, and a measured step more than a planned
one. The order: OME ``DeltaT`` of each plane, elapsed times of MicroManager, MetaMorph and Zeiss;
then OME ``TimeIncrement``, ``finterval`` of ImageJ, the frame rate of ScanImage, the planned
interval of MicroManager; last ``fps`` of ImageJ, which is the rate it plays at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree

import numpy as np
import tifffile

from napari_mousegpt.core.timebase import Timebase, as_rate
from napari_mousegpt.errors import InputError

__all__ = ["Stated", "stated_clock"]

#: Pages whose own time stamps are read when a stack is opened; reading more would take long.
_MOST_STAMPS = 20_000
_UNITS = {
    "s": Fraction(1),
    "sec": Fraction(1),
    "second": Fraction(1),
    "seconds": Fraction(1),
    "ms": Fraction(1, 1000),
    "msec": Fraction(1, 1000),
    "µs": Fraction(1, 10**6),
    "us": Fraction(1, 10**6),
    "usec": Fraction(1, 10**6),
    "ns": Fraction(1, 10**9),
    "min": Fraction(60),
    "h": Fraction(3600),
    "hour": Fraction(3600),
}
_TICK = Fraction(1, 10**9)
_MICROMANAGER = 51123
#: Stamps this close to an even spacing (in steps) are one: they were rounded when written.
_EVEN = 1e-3

#: A clock and the sentence that says where it comes from.
Stated = tuple[Timebase | None, tuple[str, ...]]


def stated_clock(
    tiff: tifffile.TiffFile, n_frames: int, series: int, page_of: Callable[[int], Any]
) -> Stated:
    """Return the clock that a TIFF file states, and a sentence on where it comes from.

    Parameters
    ----------
    tiff : tifffile.TiffFile
    n_frames : int
        Pictures over time.
    series : int
        Number of the series they are in.
    page_of : callable
        Returns the page (TiffPage) of a picture, or None if it is not there.

    Returns
    -------
    Timebase or None
    tuple of str
    """
    problems: list[str] = []
    for source in (_ome, _stamps, _imagej, _scanimage, _planned):
        try:
            for what, given in source(tiff, n_frames, series, page_of):
                clock, said = _clock(what, given, n_frames)
                problems += [] if clock is not None else [said]
                if clock is not None:
                    return clock, (said, *problems)
        except Exception as error:  # free-form metadata of many programs: a note, not an end
            problems.append(f"The times in the file cannot be read ({type(error).__name__}).")
    return None, tuple(problems)


def _clock(what: str, given: Any, n_frames: int) -> tuple[Timebase | None, str]:
    if isinstance(given, Fraction):
        if given <= 0:
            return None, f"{what} is not above zero and is not used."
        rate = _near(1 / given)
        try:
            return Timebase.constant(rate, n_frames), (
                f"Frame rate {float(rate):.6g} from {what} ({float(given):g} s)."
            )
        except InputError:
            return None, f"{what} is no frame rate and is not used."
    seconds = np.asarray(given, dtype=np.float64)
    if seconds.shape != (n_frames,) or n_frames < 2 or not np.all(np.isfinite(seconds)):
        return None, f"{what} are not there for every picture and are not used."
    if np.any(np.diff(seconds) <= 0):
        return None, f"{what} do not rise from picture to picture and are not used."
    seconds = seconds - seconds[0]
    step = seconds[-1] / (n_frames - 1)
    if np.abs(seconds - step * np.arange(n_frames)).max() <= _EVEN * step:
        rate = _near(1 / (Fraction(seconds[-1]).limit_denominator(10**9) / (n_frames - 1)))
        return Timebase.constant(rate, n_frames), (
            f"Frame rate {float(rate):.6g} from {what}, which are evenly spaced."
        )
    ticks = np.rint(seconds / float(_TICK)).astype(np.int64)
    return Timebase.from_pts(ticks, _TICK), f"The time of each picture is from {what}."


def _near(rate: Fraction) -> Fraction:
    """Undo the rounding of a printed interval: 0.0333333 s is 30 per second."""
    simple = rate.limit_denominator(1001)
    return simple if simple > 0 and abs(simple - rate) < rate / 200_000 else rate


def _number(text: Any) -> Fraction:
    return Fraction(str(text).strip())


def _ome(tiff: Any, n_frames: int, series: int, page_of: Any) -> Iterator[tuple[str, Any]]:
    text = tiff.ome_metadata
    if not text:
        return
    images = [item for item in ElementTree.fromstring(text) if item.tag.endswith("}Image")]
    pixels = next(item for item in images[series if series < len(images) else 0].iter()
                  if item.tag.endswith("}Pixels"))  # fmt: skip
    times: dict[int, float] = {}
    for plane in (item for item in pixels if item.tag.endswith("}Plane")):
        if "DeltaT" in plane.attrib:
            unit = _UNITS.get(plane.get("DeltaTUnit", "s"))
            if unit is not None:
                moment = float(_number(plane.get("DeltaT")) * unit)
                place = int(plane.get("TheT", "0"))
                times[place] = min(moment, times.get(place, moment))
    if times:
        yield "DeltaT of OME", [times.get(place, np.nan) for place in range(n_frames)]
    if "TimeIncrement" in pixels.attrib:
        unit = _UNITS.get(pixels.get("TimeIncrementUnit", "s"))
        if unit is not None:
            yield "TimeIncrement of OME", _number(pixels.get("TimeIncrement")) * unit


def _stamps(tiff: Any, n_frames: int, series: int, page_of: Any) -> Iterator[tuple[str, Any]]:
    first = tiff.pages.first
    if first.is_micromanager and n_frames <= _MOST_STAMPS:
        yield from _elapsed(n_frames, page_of)
    if first.is_stk:
        made = (tiff.stk_metadata or {}).get("DatetimeCreated")
        if made is not None and len(made) >= n_frames > 1:
            since = np.asarray(made[:n_frames], dtype="datetime64[ms]")
            yield "the times of MetaMorph", (since - since[0]).astype(np.float64) / 1000
    if first.is_lsm:
        described = tiff.lsm_metadata or {}
        stamps = described.get("TimeStamps")
        if stamps is not None:
            yield "the time stamps of Zeiss", np.asarray(stamps, dtype=np.float64)
        if described.get("TimeIntervall"):
            yield "the interval of Zeiss", _number(described["TimeIntervall"])


def _elapsed(n_frames: int, page_of: Any) -> Iterator[tuple[str, Sequence[float]]]:
    """Yield the elapsed times that MicroManager notes on each page, if it did."""
    times = []
    for row in range(n_frames):
        page = page_of(row)
        tag = None if page is None else page.tags.get(_MICROMANAGER)
        noted = {} if tag is None or not isinstance(tag.value, dict) else tag.value
        if row == 0 and "ElapsedTime-ms" not in noted:
            return
        times.append(float(noted.get("ElapsedTime-ms", np.nan)) / 1000)
    yield "the elapsed times of MicroManager", times


def _imagej(tiff: Any, n_frames: int, series: int, page_of: Any) -> Iterator[tuple[str, Any]]:
    described = tiff.imagej_metadata
    if not described:
        return
    unit = _UNITS.get(str(described.get("tunit", "sec")).strip().lower())
    if described.get("finterval") and unit is not None:
        yield "finterval of ImageJ", _number(described["finterval"]) * unit
    if described.get("fps"):
        yield "the rate at which ImageJ plays it", 1 / as_rate(_number(described["fps"]))


def _scanimage(tiff: Any, n_frames: int, series: int, page_of: Any) -> Iterator[tuple[str, Any]]:
    if not tiff.is_scanimage:
        return
    first = tiff.pages.first
    text = f"{first.software}\n{first.description}"
    for name in ("SI.hRoiManager.scanFrameRate", "scanimage.SI.hRoiManager.scanFrameRate",
                 "state.acq.frameRate"):  # fmt: skip
        match = re.search(rf"{re.escape(name)}\s*=\s*([0-9.eE+-]+)", text)
        if match:
            yield f"{name} of ScanImage", 1 / _number(match[1])
            return


def _planned(tiff: Any, n_frames: int, series: int, page_of: Any) -> Iterator[tuple[str, Any]]:
    if tiff.is_micromanager:
        summary = (tiff.micromanager_metadata or {}).get("Summary") or {}
        if summary.get("Interval_ms"):
            yield "the planned interval of MicroManager", _number(summary["Interval_ms"]) / 1000
