"""Parts of a job that wait for the test, so that it is stopped where the test means."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

__all__ = ["held_after_first"]


def held_after_first(
    parts: Callable[..., Iterator[Any]], go: threading.Event
) -> Callable[..., Iterator[Any]]:
    """Return the same parts, of which the second is begun only when ``go`` is set.

    A thread may make part after part before the window has its turn to stop it.
    """

    @functools.wraps(parts)
    def held(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with closing(parts(*args, **kwargs)) as made:  # type: ignore[type-var]
            yield next(made)
            assert go.wait(60)
            return (yield from made)

    return held
