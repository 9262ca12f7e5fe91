"""Readers of labels behind one signature, and the look at a file that tells which one to take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.errors import MouseGPTError
from napari_mousegpt.io.boris import read_boris
from napari_mousegpt.io.boris_project import read_boris_project
from napari_mousegpt.io.delimited import Head, read_head
from napari_mousegpt.io.frame_dialects import read_frame_dialect
from napari_mousegpt.io.frame_labels import UNOBSERVED, is_frame_table, read_frame_labels
from napari_mousegpt.io.label_options import NO_BEHAVIOUR, NOT_SCORED, LabelOptions
from napari_mousegpt.io.labels import read_bouts
from napari_mousegpt.io.text_tables import open_cells

__all__ = ["LabelHead", "load_boris", "load_bouts", "load_frames", "load_project"]

#: Bytes of a text that sniffing looks at; streams of labels often begin with many equal rows.
_TEXT_BYTES = 65_536


class LabelHead:
    """The beginning of a file, for sniffing.

    Parameters
    ----------
    head : Head
    """

    def __init__(self, head: Head) -> None:
        self.path = head.path
        self.head = head

    @cached_property
    def rows(self) -> list[list[str]]:
        """The first rows of a text table; empty for other files."""
        if self.head.is_hdf5 or self.head.data[:4] in (b"PAR1", b"CDF\x01", b"CDF\x02"):
            return []
        try:
            return [row for _, row in open_cells(self.path, limit=_TEXT_BYTES).rows]
        except MouseGPTError:
            return []

    @cached_property
    def header(self) -> list[str]:
        """Names of the columns of a text or parquet table."""
        if self.head.data.startswith(b"PAR1"):
            import pyarrow as pa
            import pyarrow.parquet as pq

            try:
                return [str(name) for name in pq.read_schema(self.path).names]
            except (OSError, ValueError, pa.ArrowException):
                return []
        return self.rows[0] if self.rows else []


def load_bouts(path: Path, options: LabelOptions) -> Ethogram:
    """Read a table of bouts."""
    return read_bouts(
        path,
        recording=options.recording_of(path),
        individual=options.individual or "",
        clocks=options.clocks,
        inclusive_stop=options.inclusive_stop,
        first=options.first or 0,
        mismatch=options.mismatch,
        source=options.source,
    )


def load_frames(path: Path, options: LabelOptions) -> Ethogram:
    """Read tables as written here, of which nothing is guessed, and those of other programs."""
    head = LabelHead(read_head(path))
    if not is_frame_table(head.header) or _zeros_and_ones(head.rows):
        return read_frame_dialect(path, options)
    recording = options.recording_of(path)
    plain = LabelOptions(
        recording=options.recording,
        individual=options.individual,
        clocks=options.clocks,
        source=options.source,
    )
    if options == plain:
        return read_frame_labels(
            path,
            recording=recording,
            individual=options.individual or "",
            clock=options.clock_of(recording),
            source=options.source,
        )
    names = options.column or tuple(head.header[2:])
    asked, nothing = options.not_scored, options.no_behaviour
    own = replace(
        options,
        recording=recording,
        not_scored=(UNOBSERVED.lower(),) if asked == NOT_SCORED else asked,
        no_behaviour=("",) if nothing == NO_BEHAVIOUR else nothing,
    )
    parts = []
    for name in names:
        who = (options.individual if len(names) == 1 else None) or ("" if name == "label" else name)
        parts.append(read_frame_dialect(path, replace(own, column=(name,), individual=who)))
    return Ethogram(
        Intervals.concat([part.bouts for part in parts]),
        Intervals.concat([part.observed for part in parts]),
        notes=list(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _zeros_and_ones(rows: Sequence[Sequence[str]]) -> bool:
    """Whether columns behind frame and time are behaviours rather than individuals."""
    return len(rows) > 1 and all(cell in ("0", "1") for row in rows[1:] for cell in row[2:])


def _boris_recordings(options: LabelOptions) -> str | dict[str, str] | None:
    if options.recordings:
        return dict(options.recordings)
    if options.recording is None and not isinstance(options.clocks, Mapping):
        return None
    found = options.recording_of(Path())
    return found or None


def load_boris(path: Path, options: LabelOptions) -> Ethogram:
    """Read a table of events of BORIS."""
    return read_boris(
        path,
        options.clocks,
        recordings=_boris_recordings(options),
        individuals=options.individuals,
        offset=options.offset,
        source=options.source,
    )


def load_project(path: Path, options: LabelOptions) -> Ethogram:
    """Read a BORIS project."""
    return read_boris_project(
        path,
        options.clocks,
        recordings=_boris_recordings(options),
        individuals=options.individuals,
        source=options.source,
    )
