"""Pictures of a recording that is shown under a code: they do not tell their file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.concealing import concealed
from napari_mousegpt.errors import InputError, MouseGPTError

if TYPE_CHECKING:
    from napari_mousegpt.core.recording import FrameSource, Recording

__all__ = ["CodedFrames", "coded", "discreetly"]

#: What a source may offer beyond pictures, and what of it tells nothing of its file.
_PASSED = frozenset(
    {"cached_bytes", "clip", "damaged", "info", "iter_frames", "n_decoded", "nearest", "timebase"}
)


class CodedFrames:
    """The pictures of a source without its path, name and description.

    Its errors speak of the code. Whatever else the source can do is done by it.

    Parameters
    ----------
    source : FrameSource
        The pictures.
    code : str
        What they are called.
    told : tuple of str
        Words that must not be told.
    """

    def __init__(self, source: FrameSource, code: str, told: tuple[str, ...]) -> None:
        self._source = source
        self._code = code
        self._told = told

    @property
    def shape(self) -> tuple[int, ...]:
        """(T, Y, X) or (T, Y, X, 3)."""
        return self._source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Kind of the pixel values."""
        return self._source.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values in all pictures."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def read_ahead(self) -> bool:
        """Whether pictures are read ahead; AttributeError where the source cannot."""
        return bool(self._source.read_ahead)  # type: ignore[attr-defined]

    @read_ahead.setter
    def read_ahead(self, on: bool) -> None:
        self._source.read_ahead = on  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return len(self._source)

    def __repr__(self) -> str:
        return f"<pictures of {self._code!r} {self.shape}>"

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        return np.asarray(self._discreet(self._source.__getitem__)(key))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self[row] for row in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        if name in ("reopen", "close") and hasattr(self.__dict__.get("_source"), name):
            return {"reopen": self._reopen, "close": self._close}[name]
        if name in _PASSED and "_source" in self.__dict__:
            found = getattr(self._source, name)
            if name == "info" and hasattr(found, "notes"):
                notes = tuple(concealed(note, self._told) for note in found.notes)
                return replace(found, notes=notes)
            return self._discreet(found) if callable(found) else found
        # What it cannot do is told without the name of its class, which may tell the kind of file.
        raise AttributeError(f"pictures of {self.__dict__.get('_code')!r} have no {name!r}")

    def __enter__(self) -> CodedFrames:
        return self

    def __exit__(self, *_: object) -> None:
        close = getattr(self, "close", None)
        if close is not None:
            close()

    def _reopen(self) -> CodedFrames:
        again = self._discreet(self._source.reopen)()  # type: ignore[attr-defined]
        return CodedFrames(again, self._code, self._told)

    def _close(self) -> None:
        self._source.close()  # type: ignore[attr-defined]

    def _discreet(self, task: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(task)
        def done(*args: Any, **kwargs: Any) -> Any:
            return discreetly(lambda: task(*args, **kwargs), self._code, self._told)

        return done


def coded(recording: Recording, told: tuple[str, ...]) -> Recording:
    """Return a recording that has its code already, with pictures that do not tell their file."""
    views = tuple(
        view
        if view.video is None
        else replace(view, video=CodedFrames(view.video, recording.id, told))
        for view in recording.views
    )
    return replace(recording, views=views)


def discreetly(task: Callable[[], Any], code: str, told: tuple[str, ...]) -> Any:
    """Do something; its errors speak of a code, and tell no name and no path.

    Raises
    ------
    MouseGPTError
        In place of any error, but for an IndexError of a wrong frame that tells nothing.
    """
    try:
        return task()
    except MouseGPTError as error:
        texts = (error.subject, error.expected, error.found, error.remedy)
        subject, expected, found, remedy = (concealed(text, told) for text in texts)
        # What it is about is told too, unless that is a file.
        named = code if set(subject) & set("/\\.") else f"{code}, {subject}"
        hidden: Exception = type(error)(named, expected=expected, found=found, remedy=remedy)
    except IndexError as error:
        hidden = IndexError(concealed(str(error), told))
    except Exception as error:  # anything may name the file, such as the errors of the system
        hidden = InputError(
            code,
            expected="files that can be read",
            found=f"{type(error).__name__}: {concealed(_said(error), told)}",
            remedy="Ask whoever keeps the study table to look at the files of this item.",
        )
    # Raised here, so that nothing hangs on the first error.
    raise hidden


def _said(error: Exception) -> str:
    """Return what an error says, of one of the system without the name of its file."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
