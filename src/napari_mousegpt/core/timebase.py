"""Frames and seconds of one video.

Frame ``i`` is the ``i``-th picture in presentation order. Intervals of frames are half-open,
``[start, stop)``. Seconds are always derived from here, exactly: a constant rate is a fraction, a
variable rate is the list of presentation time stamps (pts) in ticks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_mousegpt.errors import InputError

__all__ = ["Timebase", "as_rate", "parse_duration"]

# Rates that cameras mean when they print a rounded decimal (SMPTE: 24, 30, 60 and 120 over 1.001).
_NTSC = {
    round(base * 1000 / 1001, digits): Fraction(base * 1000, 1001)
    for base in (24, 30, 48, 60, 120, 240)
    for digits in (2, 3)
}
_DURATION = re.compile(r"\s*(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>ms|s|min|m|h|f|frames?)?\s*")
_UNIT_SECONDS = {
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "min": Fraction(60),
    "m": Fraction(60),
    "h": Fraction(3600),
}


def as_rate(rate: float | str | Fraction) -> Fraction:
    """Read a frame rate exactly.

    ``29.97`` and ``23.976`` become ``30000/1001`` and ``24000/1001``; other decimals are taken at
    their printed value, so ``58.83`` is ``5883/100``.

    Parameters
    ----------
    rate : float, str or Fraction
        Frames per second, above zero; strings may hold ``"30000/1001"``.

    Raises
    ------
    InputError
        When the rate is not a positive number.
    """
    try:
        exact = rate if isinstance(rate, Fraction) else Fraction(str(rate))
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(
            f"frame rate {rate!r}",
            expected="frames per second such as 25, 29.97 or 30000/1001",
            remedy="Give the rate of the camera.",
        ) from error
    if exact <= 0:
        raise InputError(
            f"frame rate {rate!r}",
            expected="more than 0 frames per second",
            remedy="Give the rate.",
        )
    return _NTSC.get(float(exact), exact)


def parse_duration(text: float | str, timebase: Timebase | None = None) -> Fraction:
    """Read a length of time as exact seconds.

    Parameters
    ----------
    text : float or str
        Seconds, or a number with a unit: ``"500ms"``, ``"1s"``, ``"2min"``, ``"1h"``, ``"30f"``.
    timebase : Timebase, optional
        Needed for lengths in frames.

    Raises
    ------
    InputError
        When the text is no length of time, or frames are asked for without a time base.
    """
    # Small floats print with an exponent, which nobody types.
    plain = str(text) if isinstance(text, str) else format(float(text), ".12f")
    match = _DURATION.fullmatch(plain)
    if match is None:
        raise InputError(
            f"duration {text!r}",
            expected="a number of seconds, or a number with ms, s, min, h or f (frames)",
            remedy='Write for example "1s", "500ms" or "30f".',
        )
    number, unit = Fraction(match["number"]), match["unit"] or "s"
    if unit in _UNIT_SECONDS:
        return number * _UNIT_SECONDS[unit]
    if timebase is None:
        raise InputError(
            f"duration {text!r}",
            expected="seconds, since no recording is at hand to count frames in",
            remedy='Write for example "1s".',
        )
    return number / timebase.rate


@dataclass(frozen=True, eq=False)
class Timebase:
    """The clock of one video: ``n_frames`` pictures and the time of each.

    Time 0 is the first picture. Build it with :meth:`constant` or :meth:`from_pts`.

    Parameters
    ----------
    n_frames : int
        Number of pictures.
    rate : Fraction
        Frames per second; of a variable rate the mean.
    ticks : ndarray of int64, shape (n_frames,), or None
        Time stamps in units of ``tick`` after the first picture; None means a constant rate.
    tick : Fraction
        Seconds per tick.

    Notes
    -----
    Times are computed as one integer product and one division, so each float is the double nearest
    to the exact time and ``frame_at(time(i)) == i`` holds for every frame at every rate.
    """

    n_frames: int
    rate: Fraction
    ticks: NDArray[np.int64] | None = None
    tick: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if self.n_frames < 0:
            raise InputError(f"time base of {self.n_frames} frames", expected="0 frames or more")
        if self.rate <= 0:
            raise InputError(f"frame rate {self.rate}", expected="more than 0 frames per second")
        if self.ticks is not None:
            ticks = np.ascontiguousarray(self.ticks, dtype=np.int64)
            if ticks.shape != (self.n_frames,):
                raise InputError(
                    "time stamps", expected=f"{self.n_frames} of them", found=str(ticks.shape)
                )
            if self.n_frames and (ticks[0] != 0 or np.any(np.diff(ticks) <= 0)):
                raise InputError(
                    "time stamps",
                    expected="0 for the first picture and rising from there",
                    remedy="Sort them and drop repeated ones.",
                )
            ticks = ticks.copy() if ticks is self.ticks else ticks
            ticks.setflags(write=False)
            object.__setattr__(self, "ticks", ticks)

    @classmethod
    def constant(cls, rate: float | str | Fraction, n_frames: int) -> Timebase:
        """Return the clock of a constant-rate video.

        Parameters
        ----------
        rate : float, str or Fraction
            Frames per second, see :func:`as_rate`.
        n_frames : int
            Number of pictures.
        """
        return cls(int(n_frames), as_rate(rate))

    @classmethod
    def from_pts(cls, pts: ArrayLike, tick: Fraction, *, rate: Fraction | None = None) -> Timebase:
        """Return the clock of a video from its presentation time stamps.

        Equal steps become a constant rate; anything else keeps every stamp.

        Parameters
        ----------
        pts : array_like of int, shape (n_frames,)
            Strictly rising time stamps.
        tick : Fraction
            Seconds per unit of ``pts``.
        rate : Fraction, optional
            Rate to assume when fewer than two pictures leave it open.
        """
        stamps = np.asarray(pts, dtype=np.int64)
        if stamps.size < 2:
            return cls(stamps.size, rate or Fraction(1))
        steps = np.diff(stamps)
        if np.all(steps == steps[0]) and steps[0] > 0:
            return cls(stamps.size, 1 / (int(steps[0]) * tick))
        span = int(stamps[-1] - stamps[0]) * tick
        mean_rate = Fraction(stamps.size - 1) / span if span > 0 else Fraction(1)
        return cls(stamps.size, mean_rate, stamps - stamps[0], tick)

    @property
    def is_constant(self) -> bool:
        """Whether all pictures are equally far apart."""
        return self.ticks is None

    @property
    def fps(self) -> float:
        """Mean frames per second, for display and for sizes of windows."""
        return float(self.rate)

    @property
    def duration(self) -> float:
        """Seconds from the first picture to the end of the last one."""
        return float(self.time(self.n_frames))

    def exact_time(self, frame: int) -> Fraction:
        """Return the time of one picture in exact seconds.

        ``n_frames`` is allowed and gives the end of the last picture; a variable rate closes with
        a step of the mean length.
        """
        if self.ticks is None:
            return Fraction(int(frame)) / self.rate
        if frame == self.n_frames:
            return self.exact_time(self.n_frames - 1) + 1 / self.rate if frame else Fraction(0)
        return int(self.ticks[frame]) * self.tick

    @overload
    def time(self, frame: int) -> float: ...
    @overload
    def time(self, frame: NDArray[Any]) -> NDArray[np.float64]: ...
    def time(self, frame: int | NDArray[Any]) -> float | NDArray[np.float64]:
        """Return the time of pictures in seconds after the first one.

        Parameters
        ----------
        frame : int or ndarray of int
            Frame indices from 0 to ``n_frames`` (the end) inclusive; constant rates also take
            frames outside, for windows that reach over an edge.

        Returns
        -------
        float or ndarray of float64

        Raises
        ------
        InputError
            For frames outside a video of variable rate.
        """
        index = np.asarray(frame, dtype=np.int64)
        if self.ticks is None:
            seconds = (index * self.rate.denominator) / self.rate.numerator
        else:
            wrong = index[(index < 0) | (index > self.n_frames)]
            if wrong.size:
                raise InputError(
                    "frame", expected=f"0 to {self.n_frames}", found=str(wrong.flat[0])
                )
            inside = self.ticks[np.minimum(index, self.n_frames - 1)] if self.n_frames else index
            seconds = (inside * self.tick.numerator) / self.tick.denominator
            seconds = np.where(
                index == self.n_frames, float(self.exact_time(self.n_frames)), seconds
            )
        return float(seconds) if np.ndim(frame) == 0 else seconds

    @overload
    def frame_at(
        self, seconds: float, *, side: Literal["shown", "nearest"] = ..., clip: bool = ...
    ) -> int: ...
    @overload
    def frame_at(
        self, seconds: NDArray[Any], *, side: Literal["shown", "nearest"] = ..., clip: bool = ...
    ) -> NDArray[np.int64]: ...
    def frame_at(
        self,
        seconds: float | NDArray[Any],
        *,
        side: Literal["shown", "nearest"] = "shown",
        clip: bool = False,
    ) -> int | NDArray[np.int64]:
        """Return the picture that belongs to a time.

        Parameters
        ----------
        seconds : float or ndarray
            Seconds after the first picture.
        side : {"shown", "nearest"}
            The picture on the screen at that time (the last one that has begun), or the picture
            whose beginning is nearest: use the latter for times that other programs have rounded.
        clip : bool
            Move times outside the video to its first or last picture instead of raising.

        Raises
        ------
        InputError
            For times that are no numbers, and for times outside the video unless ``clip``.
        """
        moments = np.asarray(seconds, dtype=np.float64)
        odd = moments[~np.isfinite(moments)]
        if odd.size:
            raise InputError("time", expected="a number of seconds", found=str(odd.flat[0]))
        index = self._last_begun(moments)
        last = self.n_frames - 1
        if side == "nearest" and last >= 0:
            begun, after = np.clip(index, 0, last), np.clip(index + 1, 0, last)
            index += np.abs(self.time(after) - moments) < np.abs(moments - self.time(begun))
            # Half a frame before the first picture it is still the nearest one.
            index = np.where((index < 0) & (moments * self.fps >= -0.5), 0, index)
        if clip and last >= 0:
            index = np.clip(index, 0, last)
        elif index.size and (index.min() < 0 or index.max() > last):
            raise InputError(
                "time",
                expected=f"0 to {self.duration:g} s",
                found=f"{moments.min():g} to {moments.max():g} s",
                remedy="Check that the times belong to this video.",
            )
        return int(index) if np.ndim(seconds) == 0 else index

    def _last_begun(self, moments: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the last picture that has begun: -1 before the first, n_frames after the end."""
        n = self.n_frames
        # A guess from rounded numbers, then put right by the times themselves.
        if self.ticks is None:
            guess = np.rint(np.clip(moments * self.fps, -1, n)).astype(np.int64)
        else:
            stamps = np.floor(moments * self.tick.denominator / self.tick.numerator)
            # Of floats numpy would compare a copy of all stamps, in every call.
            whole = np.clip(stamps, -1, 2**62).astype(np.int64)
            guess = np.searchsorted(self.ticks, whole, side="right") - 1
        guess = guess - (self.time(np.clip(guess, 0, n)) > moments)
        guess = guess + ((guess < n) & (self.time(np.clip(guess + 1, 0, n)) <= moments))
        return np.asarray(np.clip(guess, -1, n), dtype=np.int64)

    def frames(self, duration: float | str | Fraction) -> int:
        """Return how many frames a length of time lasts, rounded to the nearest, at least one.

        Parameters
        ----------
        duration : float, str or Fraction
            Seconds, or text such as ``"500ms"``, see :func:`parse_duration`.
        """
        seconds = duration if isinstance(duration, Fraction) else parse_duration(duration, self)
        return max(1, round(seconds * self.rate))

    def to_dict(self, *, stamps: bool = False) -> dict[str, Any]:
        """Return the clock as plain values.

        Parameters
        ----------
        stamps : bool
            Add every time stamp of a variable rate, so that :meth:`from_dict` gives the same clock.
        """
        values: dict[str, Any] = {
            "n_frames": self.n_frames,
            "rate": f"{self.rate.numerator}/{self.rate.denominator}",
            "constant": self.is_constant,
        }
        if stamps and self.ticks is not None:
            values["tick"] = f"{self.tick.numerator}/{self.tick.denominator}"
            values["ticks"] = self.ticks.tolist()
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Timebase:
        """Read a clock back from :meth:`to_dict`.

        Raises
        ------
        InputError
            When it is a variable rate that was written without its stamps.
        """
        rate = Fraction(values["rate"])
        if values["constant"]:
            return cls(int(values["n_frames"]), rate)
        if "ticks" not in values:
            raise InputError(
                "clock of a variable rate",
                expected="every time stamp",
                found="only the mean rate",
                remedy="Open the video again.",
            )
        ticks = np.asarray(values["ticks"], dtype=np.int64)
        return cls(int(values["n_frames"]), rate, ticks, Fraction(values["tick"]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timebase):
            return NotImplemented
        if (self.n_frames, self.rate, self.is_constant) != (
            other.n_frames,
            other.rate,
            other.is_constant,
        ):
            return False
        return self.ticks is None or (
            self.tick == other.tick and np.array_equal(self.ticks, other.ticks)  # type: ignore[arg-type]
        )

    def __hash__(self) -> int:
        return hash((self.n_frames, self.rate, self.is_constant))
