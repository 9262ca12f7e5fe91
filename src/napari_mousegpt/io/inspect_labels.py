"""What a file of labels is."""

from __future__ import annotations

from pathlib import Path

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.file_report import FileReport, Problem, problem_of
from napari_mousegpt.io.label_formats import LABEL_FORMATS, load_labels

__all__ = ["look_at_labels"]

_SHOWN = 12


def look_at_labels(path: Path, format_: str) -> FileReport:
    """Describe a file of labels whose format was found out.

    Raises
    ------
    FormatError, MismatchError
        When it is damaged.
    """
    try:
        ethogram = load_labels(path, format=format_)
    except InputError as error:
        if isinstance(error, FormatError):
            raise
        # Sound, but something beyond the file is needed: a clock, or which column is meant.
        said = f"{path.name}: {LABEL_FORMATS[format_].meaning}."
        return FileReport(path, "labels", format_, (said,), (problem_of(error),))
    return _report(path, ethogram, format_)


def _report(path: Path, ethogram: Ethogram, format_: str) -> FileReport:
    table = ethogram.bouts.to_pandas()
    recordings = sorted(set(table["recording"]))
    individuals = sorted(set(table["individual"]) - {""})
    end = int(table["stop"].max()) if len(table) else 0
    labels = list(ethogram.labels)
    said = [
        f"{path.name}: {len(ethogram)} bouts of {len(labels)} behaviours in "
        f"{len(recordings)} recording(s).",
        f"Behaviours: {', '.join(labels[:_SHOWN])}{', ...' if len(labels) > _SHOWN else ''}.",
        f"The last bout ends at frame {end}.",
        f"Read as: {LABEL_FORMATS[format_].meaning}.",
    ]
    if individuals:
        said.insert(2, f"Individuals: {', '.join(individuals[:_SHOWN])}.")
    said += ethogram.notes
    problems = (
        () if len(table) else (Problem("There are no bouts in it.", "Is it the right file?"),)
    )
    numbers = {
        "n_bouts": len(ethogram),
        "labels": labels,
        "recordings": recordings,
        "individuals": individuals,
        "last_frame": end,
    }
    return FileReport(path, "labels", format_, tuple(said), problems, numbers)
