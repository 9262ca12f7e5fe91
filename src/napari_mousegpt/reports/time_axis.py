"""A time axis that reads well from a second to a day."""

from __future__ import annotations

import math

__all__ = ["clock_text", "moment_text", "time_ticks", "time_unit"]

_STEPS = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400),
)


def time_ticks(duration: float, most: int = 10) -> list[float]:
    """Return round seconds from 0 to the end, at most ``most`` steps of them."""
    step = next((s for s in _STEPS if duration / s <= most), 86400 * math.ceil(duration / 864000))
    return [i * step for i in range(math.floor(duration / step + 1e-9) + 1)]


def clock_text(seconds: float, duration: float) -> str:
    """Return a time as text, in the unit that suits a recording of this length.

    Examples
    --------
    >>> clock_text(75, 78), clock_text(5400, 36000), clock_text(1.5, 2)
    ('1:15', '1:30', '0:01.5')
    """
    if duration >= 7200:
        minutes = round(seconds / 60)
        return f"{minutes // 60}:{minutes % 60:02d}"
    tenths = round(seconds * 10)
    whole, part = divmod(tenths, 10)
    return f"{whole // 60}:{whole % 60:02d}" + (f".{part}" if part else "")


def time_unit(duration: float) -> str:
    """Return what :func:`clock_text` writes for a recording of this length."""
    return "h:min" if duration >= 7200 else "min:s"


def moment_text(seconds: float) -> str:
    """Return a moment as minutes and seconds with two decimals, to be found again in a player.

    Examples
    --------
    >>> moment_text(75.304)
    '1:15.30'
    """
    hundredths = round(seconds * 100)
    return f"{hundredths // 6000}:{hundredths % 6000 // 100:02d}.{hundredths % 100:02d}"
