"""Whose measures a row of a table is about."""

from __future__ import annotations

from collections.abc import Mapping

from napari_mousegpt.errors import InputError
from napari_mousegpt.features import FrameFeatures

__all__ = ["features_of"]


def features_of(features: Mapping[str, FrameFeatures], individual: str) -> FrameFeatures:
    """Return the measures of an individual; of the only one where the whole picture is meant.

    Raises
    ------
    InputError
        When there is no such individual, or the whole picture holds several.
    """
    if individual in features:
        return features[individual]
    names = list(features)
    if individual == "" and len(names) == 1:
        return features[names[0]]
    raise InputError(
        f"individual {individual!r}" if individual else "range of the whole picture",
        expected=f"one of {', '.join(repr(name) for name in names)}",
        remedy="Name the individual in the intervals, for example with assign(individual=...).",
    )
