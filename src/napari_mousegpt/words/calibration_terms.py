"""What a calibration holds for: the same model, prompt, labels and pictures, and no others."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from napari_mousegpt.clips.sampling import ClipParams
from napari_mousegpt.core.provenance import plain
from napari_mousegpt.errors import MismatchError

__all__ = ["check_seconds", "check_terms", "seen_clips", "usual_seconds"]

#: Share of the clips at either end that does not count as usual.
_RARE = 0.05
#: Clips may be so much shorter or longer than the usual ones: a picture more or less.
_SLACK = 0.1
#: What it is called where people read it, if not by its own name.
_NAMES = {"prompt_id": "prompt", "vocabulary": "labels and definitions"}
_REMEDY = "Take those it was fitted with, or fit another: napari-mousegpt calibrate."


def seen_clips(params: ClipParams) -> dict[str, Any]:
    """Return which pictures a model sees, as plain values under the names of the parameters."""
    kept = plain(params)
    if params.still:  # one picture, whatever else is asked for
        kept |= {"frames": 1, "stride_s": 0.0}
    crop = kept.pop("crop") or {"follow": "none"}
    kept["crop"] = crop.pop("follow")
    crop.pop("side", None)  # a clip has its own
    return {**kept, **{f"crop {name}": value for name, value in crop.items()}}


def usual_seconds(seconds: ArrayLike) -> tuple[float, float]:
    """Return between which lengths nine of ten clips are, in seconds; NaN where there are none."""
    lengths = np.asarray(seconds, dtype=np.float64)
    if not lengths.size:
        return math.nan, math.nan
    low, high = np.quantile(lengths, [_RARE, 1 - _RARE], method="nearest")
    return float(low), float(high)


def check_terms(fitted: Mapping[str, Any], used: Mapping[str, Any]) -> None:
    """Refuse a calibration that was fitted with something else than it is used with.

    Parameters
    ----------
    fitted, used : mapping of str to object
        The same things by the same names; the pictures stand under ``clips``, see
        :func:`seen_clips`.

    Raises
    ------
    MismatchError
        It names all that differs.
    """
    mine, now = ({**terms, **terms["clips"]} for terms in (fitted, used))
    whole_picture = "none" in (mine.get("crop"), now.get("crop"))
    told = [
        f"{_NAMES.get(name, name)} {_said(mine.get(name))}, now {_said(now[name])}"
        for name in now
        if name != "clips"
        and mine.get(name) != now[name]
        and not (whole_picture and name.startswith("crop "))
    ]
    if told:
        raise MismatchError(
            "calibration",
            expected="the model, prompt, labels and pictures that it was fitted with",
            found=f"other ones (fitted with {'; '.join(told)})",
            remedy=_REMEDY,
        )


def check_seconds(usual: tuple[float, float], seconds: ArrayLike) -> None:
    """Hold the lengths of clips against those that a calibration was fitted with.

    Parameters
    ----------
    usual : tuple of float
        From :func:`usual_seconds`.
    seconds : array_like of float, shape (n,)
        Of the clips that it is used for.

    Raises
    ------
    MismatchError
        When most of them are shorter or longer.

    Warns
    -----
    UserWarning
        When some of them are: it says how many.
    """
    lengths = np.asarray(seconds, dtype=np.float64)
    low, high = usual
    strange = ~((lengths >= low * (1 - _SLACK)) & (lengths <= high * (1 + _SLACK)))
    count = int(strange.sum())
    if not count:
        return
    fitted = f"{low:.2g}" if math.isclose(low, high) else f"{low:.2g} to {high:.2g}"
    first, last = float(lengths[strange].min()), float(lengths[strange].max())
    now = f"{first:.2g}" if math.isclose(first, last) else f"{first:.2g} to {last:.2g}"
    if 2 * count > len(lengths):
        raise MismatchError(
            "calibration",
            expected=f"clips as long as those it was fitted with ({fitted} s)",
            found=f"{count} of {len(lengths)} of another length ({now} s)",
            remedy=_REMEDY,
        )
    warnings.warn(
        f"the calibration was fitted to clips of {fitted} s; {count} of {len(lengths)} are "
        f"{now} s long: their confidence is not calibrated",
        stacklevel=3,
    )


def _said(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "/".join(map(str, value)) or "the first"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if value not in ("", None) else "none"
