"""Say what a file is and what is wrong with it, without ever failing on its content."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tokenize import TokenError

import numpy as np

from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.io.arenas import is_arena_file
from napari_mousegpt.io.delimited import Head, read_head
from napari_mousegpt.io.file_report import FileReport, Problem, problem_of
from napari_mousegpt.io.image_names import IMAGE_SUFFIXES, is_pattern
from napari_mousegpt.io.inspect_labels import look_at_labels
from napari_mousegpt.io.inspect_pictures import VIDEO_SUFFIXES, look_at_images, look_at_video
from napari_mousegpt.io.inspect_tables import (
    is_study_header,
    look_at_arenas,
    look_at_parquet,
    look_at_study,
    look_at_table,
)
from napari_mousegpt.io.inspect_tracks import look_at_pose
from napari_mousegpt.io.label_formats import LABEL_FORMATS, sniff_labels
from napari_mousegpt.io.pose import POSE_FORMATS, sniff_pose
from napari_mousegpt.io.pose_plain import is_bare_numbers
from napari_mousegpt.io.text_tables import read_cells

__all__ = ["FileReport", "Problem", "info", "inspect_file"]

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SINGLE_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"GIF8")
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_NUMPY = b"\x93NUMPY"


def info(path: str | os.PathLike[str]) -> FileReport:
    """Say what a file is and what is wrong with it; see :func:`inspect_file`."""
    return inspect_file(path)


def inspect_file(path: str | os.PathLike[str]) -> FileReport:
    """Say what a file is and what is wrong with it.

    Parameters
    ----------
    path : path-like
        Video, images (stack, folder or pattern), pose, labels, study table, arenas, a finished
        run, or anything else. It is read whole.

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
    if not path.exists() and not is_pattern(path):
        raise InputError(path, expected="a file", found="nothing there", remedy="Check the path.")
    try:
        return _inspect(path)
    except Exception as error:  # whatever is in the file, the report is the place to say it
        return FileReport(
            path, "unknown", "", (f"{path.name} could not be read.",), (problem_of(error),)
        )


def _inspect(path: Path) -> FileReport:
    if is_pattern(path) and not path.exists():
        return _guarded(path, "images", "", look_at_images)
    if path.is_dir():
        return _folder(path)
    head = read_head(path)
    if not head.data.strip():
        return FileReport(
            path,
            "empty",
            "",
            (f"{path.name} is empty ({head.size} bytes).",),
            (Problem("The file is empty.", "Copy or export it again."),),
        )
    pose = sniff_pose(path)
    if pose.format is not None:
        return _guarded(path, "pose", pose.format, look_at_pose)
    packed = head.data.startswith(_PARQUET)
    if head.is_text and not packed:
        return _text(path, head)
    labels = sniff_labels(path)
    if labels.format is not None:
        return _labels(path, labels.format)
    if packed:
        return _guarded(path, "labels", "parquet", look_at_parquet)
    if head.is_hdf5:
        return _not_understood(path, head, f"{path.name} is {pose.reason}.")
    return _binary(path, head)


def _text(path: Path, head: Head) -> FileReport:
    suffix = path.suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        said = f"{path.name} is text, though its name is that of a video."
        remedy = "Choose the video itself."
        return FileReport(path, "unknown", "", (said,), (Problem("It is no video.", remedy),))
    if suffix == ".toml":
        return _guarded(path, "study", "toml", look_at_study)
    if suffix in (".yaml", ".yml"):
        return _not_understood(
            path,
            head,
            f"{path.name} is a configuration of another program (YAML).",
            "Choose the video, or the pose file that the program wrote.",
        )
    if head.data.lstrip()[:1] in (b"{", b"["):
        if is_arena_file(path):
            return _guarded(path, "arena", "JSON", look_at_arenas)
        labels = sniff_labels(path)
        if labels.format is not None or suffix == ".boris":
            return _labels(path, labels.format or "BORIS project")
        return _not_understood(path, head, f"{path.name} is JSON that holds no arenas.")
    if is_bare_numbers(head):
        return _bare_numbers(path)
    try:
        rows = read_cells(path)
    except MouseGPTError as error:
        return FileReport(path, "table", "", (f"{path.name} is text.",), (problem_of(error),))
    header = rows[0][1]
    if is_study_header(header):
        return _guarded(path, "study", "csv", look_at_study)
    labels = sniff_labels(path)
    if labels.format is not None:
        return _labels(path, labels.format)
    if suffix in (".csv", ".tsv", ".tab") or (suffix == ".txt" and len(header) > 1):
        return look_at_table(path, rows)
    return _not_understood(path, head, f"{path.name} is text that begins {header[0][:60]!r}.")


def _binary(path: Path, head: Head) -> FileReport:
    suffix = path.suffix.lower()
    if head.data.startswith(_ZIP) and suffix in (".xlsx", ".xlsm"):
        return _guarded(path, "study", "xlsx", look_at_study)
    if head.data.startswith(_NUMPY):
        return _array(path, head)
    if head.data.startswith(_TIFF):
        return _guarded(path, "images", "TIFF", look_at_images)
    if head.data.startswith(_SINGLE_IMAGES) and suffix in IMAGE_SUFFIXES:
        return FileReport(
            path,
            "image",
            suffix.lstrip("."),
            (f"{path.name} is a single image.",),
            (Problem("One image is no recording.", "Name its folder, or a pattern (*.png)."),),
        )
    if suffix == ".mat":
        return _labels(path, "MATLAB")
    return _guarded(path, "video", "", look_at_video)


def _labels(path: Path, format_: str) -> FileReport:
    def look(path: Path) -> FileReport:
        return look_at_labels(path, format_)

    return _guarded(path, "labels", format_, look)


def _guarded(path: Path, kind: str, format_: str, look: Callable[[Path], FileReport]) -> FileReport:
    """Run one look; an error of ours becomes the problem of a report of that kind."""
    try:
        return look(path)
    except (MouseGPTError, OSError) as error:
        said = f"{path.name} looks like {kind}" + (f" ({format_})." if format_ else ".")
        if kind == "video" and path.suffix.lower() not in VIDEO_SUFFIXES:
            kind, said = "unknown", f"{path.name} is binary data, but no video."
        return FileReport(path, kind, format_, (said,), (problem_of(error),))


def _folder(path: Path) -> FileReport:
    names = sorted(item for item in path.iterdir() if not item.name.startswith("."))
    called = path.name or str(path)
    if (path / "plan.json").is_file():
        return _run_folder(path)
    kinds = Counter(item.suffix.lower() for item in names if item.is_file())
    images = sum(kinds[suffix] for suffix in IMAGE_SUFFIXES)
    videos = sum(kinds[suffix] for suffix in VIDEO_SUFFIXES)
    if images and not videos:
        return _guarded(path, "images", "", look_at_images)
    most = ", ".join(
        f"{count} {suffix or 'without ending'}" for suffix, count in kinds.most_common(5)
    )
    said = f"{called} is a folder with {len(names)} entries" + (f": {most}." if most else ".")
    return FileReport(
        path,
        "folder",
        "",
        (said,),
        (Problem("A folder is no recording.", "Name a file in it."),),
        {"n_entries": len(names), "endings": dict(kinds)},
    )


def _run_folder(path: Path) -> FileReport:
    """Describe a folder of results from its plan and its run card."""
    card = path / "result" / "run_card.json"
    facts = json.loads((card if card.is_file() else path / "plan.json").read_text("utf-8"))
    verb = str(facts.get("verb", "run")) if isinstance(facts, dict) else "run"
    said = [f"{path.name} is a run of {verb!r}."]
    if isinstance(facts, dict) and isinstance(facts.get("sources"), dict):
        said += [f"{role}: {source}." for role, source in facts["sources"].items()]
    results = sorted(item.name for item in (path / "result").glob("*"))
    problems = []
    if results:
        said.append(f"Results: {', '.join(results)}.")
    if not card.is_file():
        problems.append(
            Problem("It is not finished.", "The command that began it goes on where it stopped.")
        )
    numbers = {"verb": verb, "results": results, "finished": not problems}
    return FileReport(path, "run", verb, tuple(said), tuple(problems), numbers)


def _bare_numbers(path: Path) -> FileReport:
    return FileReport(
        path,
        "pose",
        "plain",
        (f"{path.name}: a table of numbers without a header.",),
        (
            Problem(
                "Nothing says what its columns are.",
                "If it is a pose, open it with layout=PlainLayout(keypoints=..., coords=...); if "
                "it holds frames of injections or cues, read it with load_epochs.",
            ),
        ),
    )


def _array(path: Path, head: Head) -> FileReport:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        said = f"{path.name}: a NumPy array of shape {array.shape}, {array.dtype}."
    except (ValueError, OSError, EOFError, MemoryError, SyntaxError, TokenError) as error:
        said = f"{path.name}: a NumPy file that cannot be read ({error})."
    return _not_understood(
        path,
        head,
        said,
        "An array has no names of keypoints and no clock: export the analysis file (.h5) or .slp "
        "of SLEAP instead, or give pictures as an array in Python.",
    )


def _not_understood(path: Path, head: Head, said: str, remedy: str = "") -> FileReport:
    remedy = remedy or (
        "Read are videos, images, study tables and arenas, poses of "
        f"{', '.join(POSE_FORMATS)}, and labels as {', '.join(LABEL_FORMATS)}."
    )
    what = "It cannot be opened as a recording, labels or a study."
    return FileReport(path, "unknown", "", (said,), (Problem(what, remedy),), {"bytes": head.size})
