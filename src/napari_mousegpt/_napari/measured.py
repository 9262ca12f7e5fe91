"""What was computed of a recording to be shown, for as long as it is the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.features import FrameFeatures

__all__ = ["Measured"]

T = TypeVar("T")


class Measured:
    """What was computed of a recording, for as long as its pose and arenas stay the same."""

    def __init__(self) -> None:
        self._features: tuple[tuple[Any, ...], dict[str, FrameFeatures]] | None = None
        self._zones: tuple[tuple[Any, ...], Intervals] | None = None

    def features(self, recording: Recording) -> dict[str, FrameFeatures] | None:
        """Return the measures by individual, None while they are not computed."""
        return _kept(self._features, _tracked(recording))

    def zones(self, recording: Recording) -> Intervals | None:
        """Return the visits to zones, None while they are not computed."""
        return _kept(self._zones, _placed(recording))

    def keep_features(self, recording: Recording, found: dict[str, FrameFeatures]) -> None:
        """Keep measures."""
        self._features = _tracked(recording), found

    def keep_zones(self, recording: Recording, found: Intervals) -> None:
        """Keep visits."""
        self._zones = _placed(recording), found


def _kept(held: tuple[tuple[Any, ...], T] | None, key: tuple[Any, ...]) -> T | None:
    if held is None or any(a is not b for a, b in zip(held[0], key, strict=True)):
        return None
    return held[1]


def _tracked(recording: Recording) -> tuple[Any, ...]:
    return recording.pose, None if recording.pose is not None else recording.video


def _placed(recording: Recording) -> tuple[Any, ...]:
    return recording.pose, recording.primary.arenas
