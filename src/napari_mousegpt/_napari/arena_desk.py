"""What is drawn for the active recording, put to use: arenas read, kept, loaded and told about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_mousegpt._napari.arena_layer import (
    arena_layer,
    arenas_of,
    colour_shapes,
    facts_of,
    picture_layer,
    tidy,
)
from napari_mousegpt._napari.layers import arena_size
from napari_mousegpt._napari.report_text import Said
from napari_mousegpt._napari.show import add_layer_data
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.io.arenas import load_arenas, save_arenas
from napari_mousegpt.io.file_report import problem_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer, Shapes

    from napari_mousegpt.core.arena import Arena
    from napari_mousegpt.core.recording import Recording

__all__ = ["ArenaDesk"]


class ArenaDesk:
    """One layer of shapes at a time, and the recording it is drawn on.

    Parameters
    ----------
    viewer : ViewerModel
        Its active recording is meant.

    Attributes
    ----------
    layer : Shapes or None
        The layer in use.
    drawing : bool
        Whether a shape is being drawn there: it is no shape yet.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._state = state_of(viewer)
        self.layer: Shapes | None = None
        self.drawing = False

    def note(self, action: str) -> bool:
        """Take note of what napari says is done to the layer; returns whether a shape is drawn.

        Parameters
        ----------
        action : str
            ``"adding"`` begins a shape, ``"added"`` ends it; an empty one is for another layer.
        """
        self.drawing = action == "adding" or (self.drawing and action not in ("added", ""))
        return self.drawing

    @property
    def recording(self) -> Recording | None:
        """The recording that is active."""
        return self._state.recording

    def subject(self) -> tuple[Recording, Layer]:
        """Return the recording and the layer with its pictures.

        Raises
        ------
        InputError
            When none is open.
        """
        recording = self.recording
        picture = None if recording is None else picture_layer(self._viewer, recording)
        if recording is None or picture is None:
            raise InputError(
                "arena",
                expected="an open recording to draw on",
                found="none",
                remedy='Open it under "Open recording", or drop a video.',
            )
        return recording, picture

    def arenas(self) -> tuple[Arena, ...]:
        """Return what is drawn.

        Raises
        ------
        InputError
            When nothing is drawn, or a shape cannot be used; it is named.
        """
        _, picture = self.subject()
        found = () if self.layer is None else arenas_of(self.layer, picture)
        if not found:
            remedy = "Draw a zone on the picture first."
            raise InputError("arena", expected="something drawn", found="nothing", remedy=remedy)
        return found

    def drawn(self) -> tuple[Recording, tuple[Arena, ...]]:
        """Return the recording and its arenas, which it has from now on.

        A shape that is being drawn is finished.
        """
        if self.drawing and self.layer is not None:
            self.layer.mode = "select"
            self.drawing = False
        recording, _ = self.subject()
        arenas = self.arenas()
        self._state.set_arenas(recording.id, arenas)
        return recording, arenas

    def add_layer(self, arenas: Sequence[Arena] = ()) -> Shapes:
        """Add a layer to draw in, over the pictures, with arenas that are known already."""
        recording, picture = self.subject()
        layer = add_layer_data(self._viewer, arena_layer(recording, arenas, picture))
        self._viewer.layers.selection.active = layer
        self.layer = layer
        return self.layer

    def load(self, path: str) -> Shapes:
        """Show the arenas of a file in a layer of their own; the recording has them from now on.

        Raises
        ------
        FormatError, MismatchError
            When it is no arena file, or of a picture of another size.
        """
        recording, _ = self.subject()
        layer = self.add_layer(load_arenas(path, picture_size=_size(recording)))
        self.drawn()
        return layer

    def save(self, path: str) -> None:
        """Write the arenas to a file; the recording has them from now on.

        Raises
        ------
        StorageError
            When it cannot be written; what was there before is as it was.
        """
        recording, arenas = self.drawn()
        save_arenas(path, arenas, _size(recording))

    def own(self, arena: str, animal: str | None) -> None:
        """Give an arena to an animal; None for any."""
        if self.layer is not None:
            facts_of(self.layer)["individuals"][arena] = animal

    def look(self) -> tuple[Said, tuple[Arena, ...]]:
        """Name what is new, and return what is to be said of it, and the arenas as they are now."""
        recording, layer = self.recording, self.layer
        picture = None if recording is None else picture_layer(self._viewer, recording)
        if layer is not None:
            tidy(layer)
            colour_shapes(layer, picture)
        if recording is None or picture is None:
            hint = 'Open a recording first: under "Open recording", or drop a video.'
            return Said((hint,)), ()
        if layer is None or not len(layer.data):
            hint = "Draw the zones, and a line along something whose length you know."
            return Said((f"{recording.id}: {hint}",)), ()
        try:
            arenas = arenas_of(layer, picture)
        except MouseGPTError as error:
            return Said((), (problem_of(error),)), ()
        zones = sum(len(arena.zones) for arena in arenas)
        bare = [arena.name for arena in arenas if arena.pixels_per_cm is None]
        scale = " Without a line of known length there are no distances in cm." if bare else ""
        return Said((f"{recording.id}: {zones} zones in {len(arenas)} arena(s).{scale}",)), arenas


def _size(recording: Recording) -> tuple[int, int] | None:
    """Return width and height of the picture, None where there is none."""
    if recording.video is None:
        return None
    height, width = arena_size(recording)
    return width, height
