"""Say what a file is and what is wrong with it, without ever failing on its content."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.parquet import parquet_facts, read_parquet
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.io.boris import is_boris_header
from napari_mousegpt.io.delimited import Head, read_head
from napari_mousegpt.io.file_report import FileReport, Problem, problem_of
from napari_mousegpt.io.frame_labels import is_frame_table, read_frame_labels
from napari_mousegpt.io.labels import is_bout_table, read_bouts
from napari_mousegpt.io.pose import load_pose, sniff_pose
from napari_mousegpt.io.pose_plain import is_bare_numbers
from napari_mousegpt.io.study import load_study, missing_files
from napari_mousegpt.io.text_tables import read_cells

__all__ = ["FileReport", "Problem", "info", "inspect_file"]

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ts", ".mts",
    ".m2ts", ".flv", ".h264", ".264", ".hevc", ".seq",
)  # fmt: skip


def info(path: str | os.PathLike[str]) -> FileReport:
    """Say what a file is and what is wrong with it; see :func:`inspect_file`."""
    return inspect_file(path)


def inspect_file(path: str | os.PathLike[str]) -> FileReport:
    """Say what a file is and what is wrong with it.

    Parameters
    ----------
    path : path-like
        Video, pose, labels, BORIS table, study table, or anything else. It is read whole.

    Returns
    -------
    FileReport
        Also for damaged, empty and unknown files.

    Raises
    ------
    InputError
        When there is nothing at that path.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(path, expected="a file", found="nothing there", remedy="Check the path.")
    try:
        return _inspect(path)
    except Exception as error:  # whatever is in the file, the report is the place to say it
        return FileReport(
            path, "unknown", "", (f"{path.name} could not be read.",), (problem_of(error),)
        )


def _inspect(path: Path) -> FileReport:
    if path.is_dir():
        count = sum(1 for _ in path.iterdir())
        return FileReport(
            path,
            "folder",
            "",
            (f"{path.name or path} is a folder with {count} entries.",),
            (Problem("A folder is no recording.", "Name a file in it."),),
        )
    head = read_head(path)
    if not head.data.strip():
        return FileReport(
            path,
            "empty",
            "",
            (f"{path.name} is empty ({head.size} bytes).",),
            (Problem("The file is empty.", "Copy or export it again."),),
        )
    if head.data.startswith(b"PAR1"):
        return _guarded(path, "labels", "parquet", _parquet)
    guess = sniff_pose(path)
    if guess.format is not None:
        return _guarded(path, "pose", guess.format, _pose)
    if path.suffix.lower() in VIDEO_SUFFIXES or not (head.is_text or head.is_hdf5):
        return _guarded(path, "video", "", _video)
    if head.is_hdf5:
        return _not_understood(path, head, f"{path.name} is {guess.reason}.")
    return _text(path, head)


def _guarded(path: Path, kind: str, format_: str, look: Callable[[Path], FileReport]) -> FileReport:
    """Run one look; an error of ours becomes the problem of a report of that kind."""
    try:
        return look(path)
    except (MouseGPTError, OSError) as error:
        said = f"{path.name} looks like {kind}" + (f" ({format_})." if format_ else ".")
        if kind == "video" and path.suffix.lower() not in VIDEO_SUFFIXES:
            kind, said = "unknown", f"{path.name} is binary data, but no video."
        elif kind == "video" and read_head(path).is_text:
            kind, said = "unknown", f"{path.name} is text, though its name is that of a video."
        return FileReport(path, kind, format_, (said,), (problem_of(error),))


def _video(path: Path) -> FileReport:
    from napari_mousegpt.io.video import VideoReader

    with VideoReader(path) as video:
        damaged = int(np.count_nonzero(video.damaged))
        problems = [Problem(note) for note in video.info.notes]
        if damaged:
            problems.append(
                Problem(
                    f"{damaged} frames are damaged.",
                    "They keep their numbers; copy the file again if its source is whole.",
                )
            )
        numbers = {
            "n_frames": len(video),
            "fps": video.timebase.fps,
            "rate": str(video.timebase.rate),
            "constant_rate": video.timebase.is_constant,
            "duration_s": video.timebase.duration,
            "width": video.info.width,
            "height": video.info.height,
            "codec": video.info.codec,
            "damaged_frames": damaged,
        }
        notes = set(video.info.notes)
        said = tuple(line for line in video.describe() if line not in notes)
        return FileReport(path, "video", video.info.container, said, tuple(problems), numbers)


def _pose(path: Path) -> FileReport:
    pose = load_pose(path, 1, manual_labels=True)
    rows, people = int(pose.sizes["time"]), [str(v) for v in pose["individuals"].values]
    keypoints = [str(v) for v in pose["keypoints"].values]
    lost = np.isnan(pose["position"].values).any(axis=1)
    missing = float(lost.mean())
    source = str(pose.attrs["source_software"])
    manual = "image" in pose.coords
    said = [
        f"{path.name}: {'manual labels' if manual else 'pose'} of {source}, "
        f"{rows} {'pictures' if manual else 'frames'}, {pose.sizes['space']}-D.",
        f"{len(keypoints)} keypoints: {', '.join(keypoints)}.",
        f"{len(people)} individual(s): {', '.join(people)}.",
        f"{int(lost.sum())} of {lost.size} points are missing.",
    ]
    if pose.attrs["notes"]:
        said.append(pose.attrs["notes"])
    problems = []
    if manual:
        problems.append(
            Problem(
                "Its rows are single pictures, not the frames of a video.",
                "Open the file that analyze_videos wrote.",
            )
        )
    elif missing == 1:
        problems.append(Problem("Every point is missing.", "Run the tracker again."))
    numbers = {
        "n_frames": rows, "keypoints": keypoints, "individuals": people,
        "dimensions": int(pose.sizes["space"]), "missing": missing,
    }  # fmt: skip
    return FileReport(path, "pose", source, tuple(said), tuple(problems), numbers)


def _parquet(path: Path) -> FileReport:
    schema = parquet_facts(path).get("schema", "")
    if schema == "ethogram":
        return _bouts(path)
    if schema == "frame labels":
        return _frames(path)
    table = read_parquet(path)
    if is_bout_table([str(name) for name in table.columns]):
        return _bouts(path)
    names = ", ".join(str(name) for name in table.columns[:8])
    return FileReport(
        path,
        "table",
        "parquet",
        (f"{path.name}: {schema or 'a'} table of {len(table)} rows with columns {names}.",),
        numbers={"n_rows": len(table), "columns": [str(name) for name in table.columns]},
    )


def _bouts(path: Path) -> FileReport:
    return _labels(path, read_bouts(path), "bouts")


def _frames(path: Path) -> FileReport:
    return _labels(path, read_frame_labels(path), "frame labels")


def _labels(path: Path, ethogram: Ethogram, format_: str) -> FileReport:
    table = ethogram.bouts.to_pandas()
    recordings = sorted(set(table["recording"]))
    end = int(table["stop"].max()) if len(table) else 0
    labels = list(ethogram.labels)
    said = (
        f"{path.name}: {len(ethogram)} bouts of {len(labels)} behaviours in "
        f"{len(recordings)} recording(s).",
        f"Behaviours: {', '.join(labels[:12])}{', ...' if len(labels) > 12 else ''}.",
        f"The last bout ends at frame {end}.",
    )
    problems = (
        () if len(table) else (Problem("There are no bouts in it.", "Is it the right file?"),)
    )
    numbers = {
        "n_bouts": len(ethogram),
        "labels": labels,
        "recordings": recordings,
        "last_frame": end,
    }
    return FileReport(path, "labels", format_, said, problems, numbers)


def _boris(path: Path) -> FileReport:
    rows = read_cells(path)
    at = next(i for i, (_, cells) in enumerate(rows) if is_boris_header(cells))
    header = rows[at][1]
    events = [dict(zip(header, cells, strict=False)) for _, cells in rows[at + 1 :]]
    labels = sorted({event["Behavior"] for event in events})
    aggregated = "Start (s)" in header
    said = (
        f"{path.name}: {'aggregated' if aggregated else 'tabular'} events table of BORIS, "
        f"{len(events)} rows.",
        f"Behaviours: {', '.join(labels[:12])}.",
    )
    numbers = {"n_rows": len(events), "labels": labels}
    return FileReport(path, "labels", "BORIS", said, numbers=numbers)


def _study(path: Path) -> FileReport:
    study = load_study(path)
    table = study.to_pandas()
    groups = sorted(set(table["group"]) - {""}) if "group" in table.columns else []
    said = [f"{path.name}: study table, {len(study)} recordings of {len(study.animals)} animals."]
    if groups:
        said.append(f"Groups: {', '.join(groups)}.")
    problems = tuple(Problem(text, "Correct the path.") for text in missing_files(study))
    numbers = {"n_recordings": len(study), "animals": list(study.animals), "groups": groups}
    return FileReport(path, "study", "csv", tuple(said), problems, numbers)


def _text(path: Path, head: Head) -> FileReport:
    if path.suffix.lower() == ".boris":
        return _not_understood(
            path,
            head,
            f"{path.name} is a BORIS project.",
            "Export its events in BORIS as csv: Observations > Export aggregated events.",
        )
    if is_bare_numbers(head):
        return FileReport(
            path,
            "pose",
            "plain",
            (f"{path.name}: a table of numbers without a header.",),
            (
                Problem(
                    "Nothing says what its columns are.",
                    "If it is a pose, open it with layout=PlainLayout(keypoints=..., coords=...).",
                ),
            ),
        )
    try:
        rows = read_cells(path)
    except MouseGPTError as error:
        return FileReport(path, "table", "", (f"{path.name} is text.",), (problem_of(error),))
    header = rows[0][1]
    if any(is_boris_header(cells) for _, cells in rows[:40]):
        return _guarded(path, "labels", "BORIS", _boris)
    if {"recording", "animal"} <= {name.lower() for name in header}:
        return _guarded(path, "study", "csv", _study)
    if is_bout_table(header):
        return _guarded(path, "labels", "bouts", _bouts)
    if is_frame_table(header):
        return _guarded(path, "labels", "frame labels", _frames)
    table_like = path.suffix.lower() in (".csv", ".tsv", ".tab") or (
        path.suffix.lower() == ".txt" and len(header) > 1
    )
    if not table_like:
        return _not_understood(path, head, f"{path.name} is text that begins {header[0][:60]!r}.")
    names = ", ".join(name or "(nameless)" for name in header[:8])
    return FileReport(
        path,
        "table",
        "csv",
        (
            f"{path.name}: a text table, {len(rows) - 1} rows below the header, columns {names}.",
            "If it holds one label for each frame, read it with read_frame_labels and name the "
            "column; if it is a study table, say which column is which.",
        ),
        numbers={"n_rows": len(rows) - 1, "columns": header},
    )


def _not_understood(path: Path, head: Head, said: str, remedy: str = "") -> FileReport:
    remedy = remedy or (
        "Video, pose (DeepLabCut, SLEAP, plain tables), label tables, BORIS exports and study "
        "tables are read."
    )
    what = "It cannot be opened as a recording, labels or a study."
    return FileReport(path, "unknown", "", (said,), (Problem(what, remedy),), {"bytes": head.size})
