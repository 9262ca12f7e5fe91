"""The choice of a video encoder; see :mod:`napari_mousegpt._napari.model_choice`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

from napari_mousegpt._napari.model_choice import (
    FOLDER,
    Absent,
    Fetching,
    ModelChoice,
    absent_model,
    fetching,
    preset_entries,
)
from napari_mousegpt.vectors import KINEMATIC, FoundEncoder, VideoParams, find_encoder

if TYPE_CHECKING:
    from napari.components import ViewerModel

__all__ = ["FOLDER", "Absent", "EncoderChoice", "encoder_entries", "fetch_parts", "look_parts"]


class EncoderChoice(ModelChoice):
    """What is known of the encoder that was chosen; looked into beside the viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Whose window stays usable meanwhile.
    """

    what = "encoder"

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer, KINEMATIC, VideoParams())

    def look_parts(self) -> Callable[..., Iterator[object]]:
        """Return what looks for an encoder."""
        return look_parts

    def fetch_parts(self) -> Callable[..., Iterator[object]]:
        """Return what fetches an encoder."""
        return fetch_parts

    def choose(self, name: str, params: VideoParams | None = None) -> None:
        """Choose an encoder and look for it; an empty name is none yet."""
        self._choose(name, params or VideoParams())


def encoder_entries() -> dict[str, str]:
    """Return what can be chosen and what to call it; non-commercial presets are marked."""
    return {
        KINEMATIC: "kinematics (no model)",
        **preset_entries("encoder"),
        FOLDER: "a folder, or the hub ...",
    }


def look_parts(name: str, params: VideoParams) -> Generator[None, None, FoundEncoder | Absent]:
    """Look for an encoder on this machine; fetches nothing."""
    from napari_mousegpt.models.weights import local_folder

    yield None
    if local_folder(name, params.revision) is not None:
        return find_encoder(name, params, offline=True)
    return absent_model(name)


def fetch_parts(
    name: str, params: VideoParams, cancelled: Callable[[], bool]
) -> Generator[Fetching, None, FoundEncoder]:
    """Download an encoder that a person agreed to; yields how much is there, returns it."""
    found: FoundEncoder = yield from fetching(
        lambda progress: find_encoder(name, params, progress=progress), cancelled
    )
    return found
