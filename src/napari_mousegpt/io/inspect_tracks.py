"""What a pose file is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_mousegpt.io.file_report import FileReport, Problem
from napari_mousegpt.io.pose import load_pose

__all__ = ["look_at_pose"]

#: Points below are not used by the measures.
_CONFIDENT = 0.6


def look_at_pose(path: Path) -> FileReport:
    """Describe a pose file."""
    pose = load_pose(path, 1, manual_labels=True)
    rows, people = int(pose.sizes["time"]), [str(v) for v in pose["individuals"].values]
    keypoints = [str(v) for v in pose["keypoints"].values]
    lost = np.isnan(pose["position"].transpose("space", ...).values).any(axis=0)
    missing = float(lost.mean())
    score = pose["confidence"].values
    scored = np.isfinite(score)
    source = str(pose.attrs["source_software"])
    manual = "image" in pose.coords
    said = [
        f"{path.name}: {'manual labels' if manual else 'pose'} of {source}, "
        f"{rows} {'pictures' if manual else 'frames'}, {pose.sizes['space']}-D.",
        f"{len(keypoints)} keypoints: {', '.join(keypoints)}.",
        f"{len(people)} individual(s): {', '.join(people)}.",
        f"{int(lost.sum())} of {lost.size} points are missing.",
    ]
    doubtful = float((score[scored] < _CONFIDENT).mean()) if scored.any() else np.nan
    if scored.any():
        said.append(f"{doubtful:.1%} of the points have a confidence below {_CONFIDENT:g}.")
    elif not manual:
        said.append("The points have no confidence: every one of them is trusted.")
    stated = pose.attrs.get("stated_fps")
    if stated is not None:
        said.append(f"It states {float(stated):.6g} frames per second.")
    if pose.attrs["notes"]:
        said.append(str(pose.attrs["notes"]))
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
    elif scored.any() and doubtful > 0.5:
        problems.append(
            Problem(
                "More than half of the points are doubtful.",
                "Look at them on the video; the tracker may need more training.",
            )
        )
    numbers = {
        "n_frames": rows,
        "keypoints": keypoints,
        "individuals": people,
        "dimensions": int(pose.sizes["space"]),
        "missing": missing,
        "doubtful": None if np.isnan(doubtful) else doubtful,
    }
    return FileReport(path, "pose", source, tuple(said), tuple(problems), numbers)
