"""What readers of labels may need to know beyond the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_mousegpt.core.timebase import Timebase, parse_duration
from napari_mousegpt.errors import InputError

__all__ = ["NOT_SCORED", "NO_BEHAVIOUR", "LabelOptions", "as_words"]

#: Words for frames that nobody scored, in any case of letters.
NOT_SCORED = ("na", "n/a", "nan", "#n/a", "<na>", "null", "not scored", "unscored")
#: Words for frames that were scored and hold none of the behaviours, in any case of letters.
NO_BEHAVIOUR = ("", "none", "background", "no behaviour", "no behavior", "no_behavior")


@dataclass(frozen=True)
class LabelOptions:
    """Options of :func:`napari_mousegpt.io.label_formats.load_labels`, which tells their meaning.

    Readers use those that their format needs.
    """

    recording: str | None = None
    individual: str | None = None
    clocks: Mapping[str, Timebase] | Timebase | None = None
    column: tuple[str, ...] = ()
    inclusive_stop: bool | None = None
    not_scored: tuple[str, ...] = NOT_SCORED
    no_behaviour: tuple[str, ...] = NO_BEHAVIOUR
    codes: Mapping[str, str] = field(default_factory=dict)
    start: int | str | None = None
    step: int | None = None
    first: int | None = None
    offset: float | None = None
    recordings: Mapping[str, str] = field(default_factory=dict)
    individuals: Mapping[str, str] = field(default_factory=dict)
    mismatch: str = "error"
    source: str = "import"

    def recording_of(self, path: Path) -> str:
        """Return the recording of a file that names none: the one given, or the only one known."""
        if self.recording is not None:
            return self.recording
        if isinstance(self.clocks, Mapping) and len(self.clocks) == 1:
            return next(iter(self.clocks))
        return path.stem

    def clock_of(self, recording: str) -> Timebase | None:
        """Return the clock of a recording, None where there is none."""
        return self.clocks.get(recording) if isinstance(self.clocks, Mapping) else self.clocks

    def needed_clock(self, recording: str, path: Path, why: str) -> Timebase:
        """Return the clock of a recording.

        Raises
        ------
        InputError
            When there is none.
        """
        clock = self.clock_of(recording)
        if clock is None:
            raise InputError(
                path,
                expected=f"the clock of recording {recording!r}, since {why}",
                found="none",
                remedy="Give clocks=recording.timebase.",
            )
        return clock

    def first_row(self, recording: str, path: Path) -> int | None:
        """Return the frame of the first row where it was stated, in frames or as a time."""
        if self.start is None or isinstance(self.start, int):
            return self.start
        clock = self.needed_clock(recording, path, f"start={self.start!r} is a time")
        return round(parse_duration(self.start, clock) * clock.rate)


def as_words(words: str | Sequence[str]) -> tuple[str, ...]:
    """Return one word or several as a tuple."""
    return (words,) if isinstance(words, str) else tuple(words)
