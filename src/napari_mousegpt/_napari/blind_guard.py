"""While a study is scored blind, its recordings cannot be opened by name in the same viewer."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_mousegpt._napari.jobs import report_error
from napari_mousegpt._napari.layers import layer_tag
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.study_checks import FILE_ROLES
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.core.study import Study

__all__ = ["BlindGuard"]


class BlindGuard:
    """Knows the recordings of a study by their files, and keeps them out of a viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Held weakly.
    study : Study
    """

    def __init__(self, viewer: ViewerModel, study: Study) -> None:
        self._viewer = weakref.ref(getattr(viewer, "__wrapped__", viewer))
        self._names = frozenset(study.recordings)
        found = [study.path(name, role) for name in study.recordings for role in FILE_ROLES]
        self._files = frozenset(_place(file) for file in found if file is not None)
        # An arena is often that of all recordings, also of others.
        media = [study.path(name, role) for name in study.recordings for role in FILE_ROLES[:2]]
        self._media = frozenset(_place(file) for file in media if file is not None)
        self._prints: set[str] = set()

    def know(self, item: Recording) -> None:
        """Take note of the content of an item, which a copy of its files has too."""
        self._prints |= set(item.primary.fingerprints.values())

    def watch(self) -> None:
        """Begin to look at layers that come."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.layers.events.inserted.connect(self._on_inserted)

    def rest(self) -> None:
        """Look no more."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.layers.events.inserted.disconnect(self._on_inserted)

    def check(self, recording: Recording) -> None:
        """Refuse a recording of the study.

        Raises
        ------
        InputError
            When it is one.
        """
        if self._is_hidden(recording):
            raise _refusal()

    def check_viewer(self) -> None:
        """Refuse to begin where a recording of the study is open.

        Raises
        ------
        InputError
            When one is.
        """
        viewer = self._viewer()
        if viewer is not None and any(map(self._tells, viewer.layers)):
            raise InputError(
                "blind scoring", expected="a viewer without recordings of this study",
                found="one that is open under its name",
                remedy="Remove its layers first, or use another window of napari.",
            )  # fmt: skip

    def check_target(self, path: Path) -> None:
        """Refuse to write over a file of the study.

        Raises
        ------
        InputError
            When it is one.
        """
        if _place(path) in self._files:
            raise InputError(
                path, expected="a new file", found="a file of the study that is scored blind",
                remedy="Choose another name or folder.",
            )  # fmt: skip

    def _is_hidden(self, recording: Recording) -> bool:
        files = {_place(Path(path)) for v in recording.views for path in v.sources.values()}
        prints = {value for v in recording.views for value in v.fingerprints.values()}
        if not files:
            # An item, or pictures that somebody read in another way.
            return recording.id in self._names
        return bool(files & self._media or prints & self._prints)

    def _tells(self, layer: Layer) -> bool:
        tag = layer_tag(layer.metadata)
        if tag is not None and self._is_hidden(tag.recording):
            return True
        path = layer.source.path
        return path is not None and _place(Path(path)) in self._media

    def _on_inserted(self, event: Any) -> None:
        layer, viewer = event.value, self._viewer()
        if viewer is None or not self._tells(layer):
            return

        def remove() -> None:
            if layer in viewer.layers:
                viewer.layers.remove(layer)
            report_error(_refusal())

        # Others who are told of the layer come first.
        state_of(viewer).hands.after(0, remove)


def _refusal() -> InputError:
    return InputError(
        "recording",
        expected="one that is not scored blind in this viewer",
        found="one of the study that is",
        remedy="Unlock the study first, which is written down, or open it in another viewer.",
    )


def _place(path: Path) -> Path:
    return path.absolute().resolve()
