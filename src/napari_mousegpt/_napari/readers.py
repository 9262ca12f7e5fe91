"""Readers: video, pose and bout files dropped on the viewer.

``get_reader`` only looks at the beginning of a file and never raises. The functions it returns may
raise; napari shows their message.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mousegpt._napari.layers import LayerData, LayerTag, layer_tag
from napari_mousegpt.errors import InputError, MouseGPTError

if TYPE_CHECKING:
    from napari_mousegpt.core.ethogram import Ethogram
    from napari_mousegpt.core.recording import Recording

__all__ = [
    "checked",
    "get_reader",
    "kind_of",
    "load_labels",
    "read_labels",
    "read_pose",
    "read_video",
    "watch_current_viewer",
]

Reader = Callable[[str], list[LayerData]]

VIDEOS = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ts", ".mts",
    ".m2ts", ".flv", ".h264", ".264", ".hevc",
)  # fmt: skip
#: Larger MATLAB files hold no labels alone, and reading them takes too long for a guess.
_MOST_MATLAB_BYTES = 64 << 20


def get_reader(path: Any) -> Reader | None:
    """Return a reader for a path, None when it is not one of ours.

    Parameters
    ----------
    path : str or list of str
        A file. Stacks of several files are left to other readers.
    """
    if isinstance(path, list):
        if len(path) != 1:
            return None
        path = path[0]
    if not isinstance(path, str | os.PathLike):
        return None
    kind = kind_of(Path(path))
    readers = {"video": read_video, "pose": read_pose, "labels": read_labels}
    return None if kind is None else readers[kind]


def kind_of(path: Path) -> str | None:
    """Return ``"video"``, ``"pose"`` or ``"labels"`` by name and content; None when unsure.

    Only the beginning of a file is read, but for MATLAB files: those hold anything, and are ours
    only where labels are found in them.
    """
    try:
        if not path.is_file():
            return None
        if path.suffix.lower() in VIDEOS:
            return "video"
        from napari_mousegpt.io.label_formats import sniff_labels
        from napari_mousegpt.io.pose import sniff_pose

        pose, labels = sniff_pose(path).format, sniff_labels(path).format
        if labels == "MATLAB" and pose is None:
            return "labels" if _holds_labels(path) else None
        # Columns of a plain table may be anything; the other formats cannot be taken for labels.
        if pose is not None and (labels is None or pose != "plain"):
            return "pose"
        return None if labels is None else "labels"
    except (OSError, MouseGPTError, ValueError):
        # Unreadable, or not what its name says: another reader may know better.
        return None


def _holds_labels(path: Path) -> bool:
    """Whether labels can be read from a MATLAB file that is small enough to try."""
    from napari_mousegpt.io.label_formats import load_labels as load

    if path.stat().st_size > _MOST_MATLAB_BYTES:
        return False
    return len(load(path)) > 0


def read_video(path: str) -> list[LayerData]:
    """Return a video file as a lazy image layer."""
    from napari_mousegpt._napari.layers import video_layer
    from napari_mousegpt.io.recordings import open_recording

    watch_current_viewer()
    return [video_layer(open_recording(path))]


def read_pose(path: str) -> list[LayerData]:
    """Return a pose file as layers.

    It joins the video that is open in the current viewer. Without one its rows are frames, as a
    pose file does not know its frame rate.
    """
    from napari_mousegpt._napari.show import recording_layers
    from napari_mousegpt.io.recordings import open_recording

    video = _current_recording(with_video=True)
    if video is None:
        recording = open_recording(pose=path, fps=1)
        return checked(recording_layers(recording, clocked=False))
    recording = open_recording(video.video, path, id=video.id, fps=_stated_rate(video))
    return checked(recording_layers(recording, with_video=False))


def read_labels(path: str) -> list[LayerData]:
    """Return labels as layers of the recording that is open in the current viewer.

    Raises
    ------
    InputError
        When no recording is open, as bouts alone have neither length nor place.
    """
    from napari_mousegpt._napari.label_layer import free_slots, label_layer
    from napari_mousegpt._napari.label_roles import ROLES, role_of
    from napari_mousegpt._napari.show import by_source
    from napari_mousegpt._napari.state import state_of

    recording = _current_recording()
    if recording is None:
        raise InputError(
            path,
            expected="the recording it belongs to, open in this viewer",
            found="none",
            remedy="Open the video or the pose first, then drop the labels on it.",
        )
    viewer = _current_viewer()
    parts = by_source(load_labels(path, recording))
    state = None if viewer is None else state_of(viewer)
    leaving = [] if state is None else state.fillers(recording.id, map(role_of, parts))
    known = [] if state is None else state.layers_of(recording.id, *ROLES)
    slots = free_slots(layer for layer in known if layer not in leaving)
    layers = [label_layer(part, recording, slot=next(slots)) for part in parts]
    for layer in leaving:
        viewer.layers.remove(layer)
    return checked(layers)


def load_labels(path: str | os.PathLike[str], recording: Recording) -> Ethogram:
    """Read labels of any format for a recording.

    Raises
    ------
    FormatError
        When it is of no known format, or a line is damaged.
    MismatchError
        When bouts lie behind the end of the recording.
    """
    from napari_mousegpt.io.label_formats import load_labels as load

    return load(path, recording=recording.id, clocks={recording.id: recording.timebase})


def _current_viewer() -> Any:
    """The viewer whose window was used last; napari does not tell a reader which one asks."""
    from napari import current_viewer

    return current_viewer()


def watch_current_viewer() -> None:
    from napari_mousegpt._napari.state import state_of

    viewer = _current_viewer()
    if viewer is not None:
        state_of(viewer)


def _current_recording(*, with_video: bool = False) -> Recording | None:
    from napari_mousegpt._napari.state import state_of

    viewer = _current_viewer()
    if viewer is None:
        return None
    state = state_of(viewer)
    chosen = state.recording
    if not with_video or (chosen is not None and chosen.video is not None):
        return chosen
    videos = [found for found in state.recordings.values() if found.video is not None]
    return videos[-1] if videos else None


def _stated_rate(recording: Recording) -> str | None:
    """The rate a user gave when opening the video, so that the pose gets the same clock."""
    given = recording.metadata.get("opening", {}).get("fps")
    return None if given is None else str(given)


def checked(layers: list[LayerData]) -> list[LayerData]:
    """Say so when windowed layers land in a viewer that does not make them follow its slider."""
    from napari_mousegpt._napari.follow import later
    from napari_mousegpt._napari.state import was_adopted

    tags = [tag for _, attributes, _ in layers if (tag := layer_tag(attributes["metadata"]))]

    def check() -> None:
        from napari.utils.notifications import show_warning

        lost = [tag for tag in tags if _is_partial(tag) and not was_adopted(tag)]
        if lost:
            show_warning(
                f"{lost[0].recording.id}: only the first frames are shown, as this viewer was not "
                "the active one. Click on its window and open the file again."
            )

    if _current_viewer() is not None:
        later(check)
    return layers


def _is_partial(tag: LayerTag) -> bool:
    from napari_mousegpt._napari.settings import display_settings

    return tag.window is not None and tag.window.n_frames > display_settings().window_frames
