"""Recordings of a study, opened as the rows of its table say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.study import Study
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.recordings import open_recording

__all__ = ["close_recording", "open_of_study"]

#: Columns of a study table that say how a recording is opened.
_OPENING = ("pose_format", "fps", "mismatch")
#: Arguments of ``open_recording`` that only make sense with a pose.
_POSE_ONLY = ("pose_format", "mismatch", "individuals", "steps", "split_arenas")


def open_of_study(
    study: Study, recording: str, opening: Mapping[str, Any] | None = None
) -> Recording:
    """Open a recording of a study as its row says.

    Parameters
    ----------
    study : Study
        Its table.
    recording : str
        Id of the recording.
    opening : mapping, optional
        See :func:`napari_mousegpt.runs.study_runs.iter_run_study`.

    Raises
    ------
    InputError, FormatError, MismatchError
        As :func:`~napari_mousegpt.io.recordings.open_recording`, and when a file is missing.
    """
    row = study.row(recording)
    how = dict(opening or {})
    for column in _OPENING:
        if str(row.get(column, "") or ""):
            how[column] = str(row[column])
    if str(row.get("individual", "") or ""):
        how["individuals"] = (str(row["individual"]),)
    files = {role: study.path(recording, role) for role in ("video", "pose", "arena")}
    missing = [f"{role} {file}" for role, file in files.items() if file and not file.exists()]
    if missing:
        raise InputError(
            ", ".join(missing),
            expected="a file",
            found="none there",
            remedy="Correct the path in the study table, or find it again with relocate.",
        )
    if not files["pose"]:
        how = {key: value for key, value in how.items() if key not in _POSE_ONLY}
    return open_recording(files["video"], files["pose"], arena=files["arena"], id=recording, **how)


def close_recording(recording: Recording) -> None:
    """Close the videos of a recording."""
    for view in recording.views:
        close = getattr(view.video, "close", None)
        if close is not None:
            close()
