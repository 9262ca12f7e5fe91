"""One door to every format of labels: find out which it is, read it, put it on frames."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.boris import is_boris_header
from napari_mousegpt.io.boris_binary import is_boris_binary, read_boris_binary
from napari_mousegpt.io.boris_project import is_boris_project
from napari_mousegpt.io.delimited import read_head
from napari_mousegpt.io.frame_labels import is_frame_table
from napari_mousegpt.io.frame_tables import looks_like_frames
from napari_mousegpt.io.label_options import NO_BEHAVIOUR, NOT_SCORED, LabelOptions, as_words
from napari_mousegpt.io.label_readers import (
    LabelHead,
    load_boris,
    load_bouts,
    load_frames,
    load_project,
)
from napari_mousegpt.io.labels import is_bout_table
from napari_mousegpt.io.matlab_files import is_matlab
from napari_mousegpt.io.matlab_labels import read_matlab_labels
from napari_mousegpt.io.netcdf_labels import has_netcdf_labels, read_netcdf_labels
from napari_mousegpt.io.sleap_events import has_sleap_events, read_sleap_events

__all__ = ["LABEL_FORMATS", "LabelFormat", "LabelSniff", "load_labels", "sniff_labels"]


@dataclass(frozen=True)
class LabelFormat:
    """A format of labels this package reads.

    Parameters
    ----------
    name : str
        What to call it in ``format=``.
    suffixes : tuple of str
        Endings its files usually have.
    sniff : callable
        Whether the beginning of a file is of this format; never raises on content.
    read : callable
        Reader of a path and options.
    meaning : str
        One line for the user.
    """

    name: str
    suffixes: tuple[str, ...]
    sniff: Callable[[LabelHead], bool]
    read: Callable[[Path, LabelOptions], Ethogram]
    meaning: str


@dataclass(frozen=True)
class LabelSniff:
    """What a look at the beginning of a file says.

    Parameters
    ----------
    format : str or None
        Name of the format, None when unsure.
    candidates : tuple of str
        Formats it could be, judged by the ending of the name.
    reason : str
        Why, in words that can go into a message.
    """

    format: str | None
    candidates: tuple[str, ...]
    reason: str


_TABLES = (".csv", ".tsv", ".txt", ".tab")
#: Formats by name, in the order they are asked.
LABEL_FORMATS: dict[str, LabelFormat] = {
    entry.name: entry
    for entry in (
        LabelFormat(
            "BORIS project", (".boris",),
            lambda head: is_boris_project(head.head.data.decode("utf-8-sig", errors="replace")),
            load_project, "BORIS project: events of all observations",
        ),
        LabelFormat(
            "MATLAB", (".mat",), lambda head: is_matlab(head.head.data), read_matlab_labels,
            "MATLAB file with bouts or a value for each frame",
        ),
        LabelFormat(
            "SLEAP events", (".slp",),
            lambda head: head.head.is_hdf5 and has_sleap_events(head.path), read_sleap_events,
            "SLEAP project with events",
        ),
        LabelFormat(
            "netCDF", (".nc", ".netcdf", ".h5"),
            lambda head: (head.head.is_hdf5 or head.head.data.startswith(b"CDF"))
            and has_netcdf_labels(head.path),
            read_netcdf_labels, "netCDF file with labels along time, as movement keeps them",
        ),
        LabelFormat(
            "BORIS", _TABLES,
            lambda head: any(is_boris_header(row) for row in head.rows[:40]), load_boris,
            "BORIS table of events, tabular or aggregated",
        ),
        LabelFormat(
            "BORIS binary", _TABLES, lambda head: is_boris_binary(head.rows), read_boris_binary,
            "BORIS binary table: a row for each step of time",
        ),
        LabelFormat(
            "bouts", (*_TABLES, ".parquet", ".pq"), lambda head: is_bout_table(head.header),
            load_bouts, "table of bouts: label, start and stop or duration",
        ),
        LabelFormat(
            "frames", (*_TABLES, ".parquet", ".pq"),
            lambda head: is_frame_table(head.header) or looks_like_frames(head.path, head.rows),
            load_frames, "table of a label, or of 0 and 1 for each behaviour, for each frame",
        ),
    )
}  # fmt: skip


def sniff_labels(path: str | os.PathLike[str]) -> LabelSniff:
    """Find out the label format of a file from its beginning. Never raises."""
    path = Path(path)
    suffix = path.suffix.lower()
    candidates = tuple(f.name for f in LABEL_FORMATS.values() if suffix in f.suffixes)
    try:
        if path.is_dir():
            return LabelSniff(None, (), "a folder")
        head = LabelHead(read_head(path))
    except (OSError, ValueError) as error:
        return LabelSniff(None, (), getattr(error, "strerror", None) or str(error))
    if not head.head.data.strip():
        return LabelSniff(None, candidates, "an empty file")
    for entry in LABEL_FORMATS.values():
        if entry.sniff(head):
            return LabelSniff(entry.name, (entry.name,), entry.meaning)
    if head.header:
        return LabelSniff(None, candidates, f"a table with columns {', '.join(head.header[:8])}")
    return LabelSniff(None, candidates, "data of no known kind of labels")


def load_labels(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    recording: str | None = None,
    individual: str | None = None,
    clocks: Mapping[str, Timebase] | Timebase | None = None,
    column: str | Sequence[str] | None = None,
    inclusive_stop: bool | None = None,
    not_scored: str | Sequence[str] = NOT_SCORED,
    no_behaviour: str | Sequence[str] = NO_BEHAVIOUR,
    codes: Mapping[int | str, str] | None = None,
    start: int | str | None = None,
    step: int | None = None,
    first: int | None = None,
    offset: float | None = None,
    recordings: Mapping[str, str] | None = None,
    individuals: Mapping[str, str] | None = None,
    mismatch: str = "error",
    source: str = "import",
) -> Ethogram:
    r"""Read a file of labels.

    Parameters
    ----------
    path : path-like
        File of any format in :data:`LABEL_FORMATS`.
    format : str, optional
        Name of the format, in any case; found out from the content by default.
    recording, individual : str, optional
        Ids where the file names none: by default the only one of ``clocks``, else the name of the
        file; and the whole picture.
    clocks : Timebase, or mapping of recording id to Timebase, optional
        Clock of the video. Needed for labels in seconds, unless BORIS noted rate and length;
        otherwise it checks that labels and video have one length.
    column : str or sequence of str, optional
        Columns or variables with the labels, where there are several.
    inclusive_stop : bool, optional
        Whether stops hold the last frame of a bout. By default as the format has it; a plain table
        is read as half-open, and noted when its bouts look otherwise.
    not_scored, no_behaviour : str or sequence of str
        Words, in any case, for frames that nobody scored, and for frames that were scored and
        hold none of the behaviours. Tables of :func:`~napari_mousegpt.io.frame_labels.\
write_frame_labels` are read by their own words unless these are given.
    codes : mapping of number or word to label, optional
        Names of numbered behaviours; an empty name stands for none of them.
    start : int or str, optional
        Frame of the first row, or its time such as ``"12s"``, for tables that begin later than the
        video.
    step : int, optional
        Frames from row to row, for thinned-out tables that do not say so themselves.
    first : int, optional
        Number that the file gives to the first picture: by default 0, in MATLAB files 1.
    offset : float, optional
        Seconds to take from the times of the file.
    recordings, individuals : mapping of str to str, optional
        Recording of each BORIS observation, and individual of each subject.
    mismatch : {"error", "trim", "pad"}
        What to do when labels and video differ in length: refuse; drop what lies behind the last
        frame; or do so and leave missing frames unscored.
    source : str
        Who made the labels, where the file does not say.

    Returns
    -------
    Ethogram
        Half-open bouts in frames of the video. ``observed`` is what was scored. ``notes`` says what
        was guessed and converted.

    Raises
    ------
    InputError
        When the file is missing, or a clock or a choice is needed.
    FormatError
        When it cannot be read; the message names the formats it could be, or the line at fault.
    MismatchError
        When labels and video do not fit together.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "m1.csv"
    >>> _ = file.write_text("frame;grooming;rearing\n0;1;0\n1;1;1\n2;0;0\n")
    >>> labels = load_labels(file)
    >>> [(bout.label, bout.start, bout.stop) for bout in labels.bouts]
    [('rearing', 1, 2), ('grooming', 0, 2)]
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            path,
            expected="a file of labels",
            found="a folder" if path.is_dir() else "nothing there",
            remedy="Check the path.",
        )
    entry = _choose(path, format)
    options = LabelOptions(
        recording=recording,
        individual=individual,
        clocks=clocks,
        column=() if column is None else as_words(column),
        inclusive_stop=inclusive_stop,
        not_scored=tuple(word.lower() for word in as_words(not_scored)),
        no_behaviour=tuple(word.lower() for word in as_words(no_behaviour)),
        codes={str(code): name for code, name in (codes or {}).items()},
        start=start,
        step=step,
        first=first,
        offset=offset,
        recordings=dict(recordings or {}),
        individuals=dict(individuals or {}),
        mismatch=mismatch,
        source=source,
    )
    return entry.read(path, options)


def _choose(path: Path, name: str | None) -> LabelFormat:
    if name is not None:
        for entry in LABEL_FORMATS.values():
            if entry.name.lower().replace(" ", "") == name.lower().replace(" ", ""):
                return entry
        raise InputError(
            f"label format {name!r}",
            expected=f"one of {', '.join(LABEL_FORMATS)}",
            remedy="Leave it out to let the content decide.",
        )
    guess = sniff_labels(path)
    if guess.format is None:
        names = ", ".join(guess.candidates or LABEL_FORMATS)
        raise FormatError(
            path,
            expected="labels of a known format",
            found=guess.reason,
            remedy=f"If you know what it is, give its format: {names}.",
        )
    return LABEL_FORMATS[guess.format]
