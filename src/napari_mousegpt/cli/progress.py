"""Progress of a long verb on the terminal, with the time that is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO

from napari_mousegpt.core.durations import as_duration
from napari_mousegpt.store import Part

__all__ = ["Download", "shown"]


def shown(
    parts: Iterable[Part], stream: TextIO | None = None, *, quiet: bool = False
) -> Iterator[Part]:
    """Pass parts on and write a line about each step to the terminal (standard error).

    Parameters
    ----------
    parts : iterable of Part
        As a long verb yields them.
    stream : text stream, optional
        Where to write; standard error by default. On a terminal one line a step is rewritten.
    quiet : bool
        Write nothing.
    """
    target = stream or sys.stderr
    live = target.isatty()
    step, begun, resumed, worked = "", 0.0, 0, 0
    for part in parts:
        if part.step != step:
            step, begun, resumed, worked = part.step, time.monotonic() - part.seconds, 0, 0
        resumed += part.resumed
        worked += not part.resumed
        if not quiet:
            text = _line(part, time.monotonic() - begun, resumed, worked)
            last = part.done == part.total
            if live:
                target.write(f"\r\x1b[K{text}" + ("\n" if last else ""))
            elif last:
                target.write(text + "\n")
            target.flush()
        yield part


def _line(part: Part, elapsed: float, resumed: int, worked: int) -> str:
    words = [f"{part.step:<9} {part.done}/{part.total}"]
    if part.done < part.total and worked:
        words.append(f"{as_duration(elapsed / worked * (part.total - part.done))} left")
    elif part.done == part.total:
        words.append(f"in {as_duration(elapsed)}")
    if resumed:
        words.append(f"({resumed} found finished)")
    return "  ".join(words)


class Download:
    """Writes the progress of a download to the terminal: on one line, or each tenth."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.last = -1

    def __call__(self, done: int, total: int) -> None:
        """Tell how many bytes of how many are there."""
        live = sys.stderr.isatty()
        share = int((100 if live else 10) * done / max(1, total))
        if share == self.last:
            return
        self.last = share
        text = f"{self.name}  {done / 1e9:.2f} of {total / 1e9:.2f} GB"
        end = "\n" if not live or done >= total else ""
        sys.stderr.write((f"\r\x1b[K{text}" if live else text) + end)
        sys.stderr.flush()
