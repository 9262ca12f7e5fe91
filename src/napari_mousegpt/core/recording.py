"""A recording: one clock, one or more synchronised views of the same animals.

The file formats are read elsewhere (:mod:`napari_mousegpt.io`); here are only the nouns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.arena import Arena, check_arenas
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MismatchError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["FrameSource", "Recording", "View"]


@runtime_checkable
class FrameSource(Protocol):
    """What gives pictures: a video reader, an image stack, any lazy array.

    Indexing with an int gives one picture, ``(Y, X)`` or ``(Y, X, 3)`` uint8; with a slice or a
    list of ints a stack of them.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(T, Y, X) or (T, Y, X, 3)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Kind of the pixel values."""

    @property
    def ndim(self) -> int:
        """Length of the shape."""

    def __len__(self) -> int: ...
    def __getitem__(self, key: Any) -> NDArray[Any]: ...


@dataclass(frozen=True, eq=False)
class View:
    """One camera: its pictures, its pose and its clock.

    Parameters
    ----------
    name : str
        For example ``"top"``; unique within a recording.
    timebase : Timebase
        Clock of this camera; row ``i`` of the pose and picture ``i`` of the video share it.
    video : FrameSource, optional
        Lazy pictures, shape (T, Y, X) or (T, Y, X, 3).
    pose : xarray.Dataset, optional
        movement's schema, see :mod:`napari_mousegpt.core.pose`; as many rows as the clock.
    offset : Fraction
        Seconds from the first picture of the recording to the first picture of this view.
    sources : mapping of str to str
        Path of each file this view was read from, by role (``"video"``, ``"pose"``).
    fingerprints : mapping of str to str
        Quick content hash of each of those files (or of the arrays), by role.
    arenas : tuple of Arena
        Places, zones and scale of the picture.
    """

    name: str
    timebase: Timebase
    video: FrameSource | None = None
    pose: xr.Dataset | None = None
    offset: Fraction = Fraction(0)
    sources: Mapping[str, str] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    arenas: tuple[Arena, ...] = ()

    def __post_init__(self) -> None:
        check_arenas(self.arenas)
        for what, length in (
            ("video", None if self.video is None else len(self.video)),
            ("pose", None if self.pose is None else int(self.pose.sizes["time"])),
        ):
            if length is not None and length != self.timebase.n_frames:
                raise MismatchError(
                    f"{what} of view {self.name!r}",
                    expected=f"{self.timebase.n_frames} frames, as its clock has",
                    found=f"{length}",
                    remedy='Open it with mismatch="trim" or "pad" if you know the files belong '
                    "together.",
                )


@dataclass(frozen=True, eq=False)
class Recording:
    """One recording session: an id, one clock and its views.

    Parameters
    ----------
    id : str
        Stored name, the key in every table. Fingerprints of the files only verify it.
    views : tuple of View
        The first one is the primary view: its clock is the clock of the recording, and intervals
        count its frames.
    metadata : mapping
        Row of the study table, if there is one.
    """

    id: str
    views: tuple[View, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.id:
            raise InputError("recording", expected="an id that is not empty")
        if not self.views:
            raise InputError(f"recording {self.id!r}", expected="at least one view", found="none")
        names = [view.name for view in self.views]
        if len(set(names)) < len(names):
            raise InputError(
                f"recording {self.id!r}", expected="unique view names", found=str(names)
            )
        if self.views[0].offset != 0:
            raise InputError(
                f"recording {self.id!r}",
                expected="offset 0 of the primary view",
                found=f"{self.views[0].offset} s",
                remedy="Measure the other views' offsets from the primary one.",
            )

    def __repr__(self) -> str:
        who = ", ".join(self.individuals) or "no pose"
        views = ", ".join(view.name for view in self.views)
        return (
            f"<Recording {self.id!r}: {self.n_frames} frames, {self.timebase.fps:g} fps, "
            f"views {views}; {who}>"
        )

    @property
    def primary(self) -> View:
        """The view whose frames intervals count."""
        return self.views[0]

    @property
    def timebase(self) -> Timebase:
        """Clock of the primary view."""
        return self.primary.timebase

    @property
    def n_frames(self) -> int:
        """Number of frames of the primary view."""
        return self.timebase.n_frames

    @property
    def video(self) -> FrameSource | None:
        """Pictures of the primary view."""
        return self.primary.video

    @property
    def pose(self) -> xr.Dataset | None:
        """Pose of the primary view."""
        return self.primary.pose

    @property
    def individuals(self) -> tuple[str, ...]:
        """Names of the tracked individuals; empty without a pose."""
        return () if self.pose is None else tuple(str(v) for v in self.pose["individuals"].values)

    @property
    def fingerprints(self) -> dict[str, str]:
        """Fingerprints of all files by ``view/role``, for provenance and resume."""
        return {
            f"{view.name}/{role}": value
            for view in self.views
            for role, value in sorted(view.fingerprints.items())
        }

    def view(self, name: str) -> View:
        """Return the view of that name."""
        for view in self.views:
            if view.name == name:
                return view
        raise InputError(
            f"view {name!r} of recording {self.id!r}",
            expected=f"one of {', '.join(view.name for view in self.views)}",
        )

    def frame_in(self, name: str, frame: int) -> int | None:
        """Return the picture another view shows while this frame begins, None if it shows none.

        Parameters
        ----------
        name : str
            View to look at.
        frame : int
            Frame of the primary view.
        """
        view = self.view(name)
        # Clocks of real cameras disagree by rounding; half a tick of a microsecond settles ties.
        moment = self.timebase.exact_time(frame) - view.offset + Fraction(1, 2_000_000)
        if not 0 <= moment < view.timebase.exact_time(view.timebase.n_frames):
            return None
        return view.timebase.frame_at(float(moment))
