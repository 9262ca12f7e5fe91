"""What a search is limited to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from napari_mousegpt.errors import InputError

__all__ = ["SearchFilters"]


@dataclass(frozen=True)
class SearchFilters:
    """Only what meets all of these is found; what is empty limits nothing.

    Parameters
    ----------
    label, recording, individual : tuple of str
        Any of these labels, recordings, tracked animals.
    keywords : tuple of str
        Words that must all be said, in any inflection.
    columns : mapping of str to tuple of str
        Columns of the study table and the values that are wanted: ``{"group": ("control",)}``.
    numbers : mapping of str to (float, float)
        Least and most of a numeric column of the descriptions or of a measure of their evidence:
        ``{"body_speed": (0.5, inf)}``; ``"speed"`` means ``"body_speed"``. Rows without that number
        are left out.
    seconds : (float, float), optional
        Stretches that lie at least partly between these times of their recording.

    Examples
    --------
    >>> SearchFilters(label=("rearing",)).empty
    False
    """

    label: tuple[str, ...] = ()
    recording: tuple[str, ...] = ()
    individual: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    seconds: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        spans = dict(self.numbers)
        if self.seconds is not None:
            spans["seconds"] = self.seconds
        for name, (least, most) in spans.items():
            if math.isnan(least) or math.isnan(most) or least > most:
                raise InputError(
                    f"filter {name}", expected="the lower number first", found=f"{least} to {most}"
                )

    @property
    def empty(self) -> bool:
        """Whether nothing is limited."""
        return self == SearchFilters()
