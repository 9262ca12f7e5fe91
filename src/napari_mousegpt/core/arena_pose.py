"""Which animal is in which arena, when one picture shows several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_mousegpt.core.arena import Arena, check_arenas
from napari_mousegpt.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["split_by_arena"]


def split_by_arena(pose: xr.Dataset, arenas: Sequence[Arena]) -> xr.Dataset:
    """Return a pose whose individuals are the animals of the arenas, one in each.

    Trackers often mix up animals that never meet. In each frame a detection goes to the arena that
    holds its centre (the mean of its seen points); of two in one arena the more confident one
    stays.

    Parameters
    ----------
    pose : Dataset
        Schema of :mod:`napari_mousegpt.core.pose`, 2-D, in pixels.
    arenas : sequence of Arena
        With outlines; an arena without ``individual`` gives its own name.

    Returns
    -------
    Dataset
        The attribute ``split_by_arena`` tells how many detections moved, were doubled or lay
        outside every arena.

    Raises
    ------
    InputError
        When an arena has no outline, the pose is not 2-D, or a detection lies in two arenas.
    """
    arenas = check_arenas(arenas)
    if pose.sizes["space"] != 2 or not arenas or any(arena.outline is None for arena in arenas):
        raise InputError(
            "pose and arenas",
            expected="a 2-D pose and arenas with outlines",
            found=f"{pose.sizes['space']}-D, {len(arenas)} arenas",
        )
    xyz = pose["position"].transpose("time", "space", "keypoints", "individuals").values
    score = pose["confidence"].transpose("time", "keypoints", "individuals").values
    seen = np.isfinite(xyz).all(axis=1)
    count = np.maximum(seen.sum(axis=1), 1)
    centre = np.where(seen[:, None], xyz, 0).sum(axis=2) / count[:, None]
    centre[~np.broadcast_to(seen.any(axis=1)[:, None], centre.shape)] = np.nan
    # How sure a detection is: the sum of its scores, or of its seen points where it has none.
    weight = np.where(seen, np.nan_to_num(score, nan=1.0), 0).sum(axis=1)
    frames = np.arange(len(xyz))
    new_xyz = np.full((*xyz.shape[:3], len(arenas)), np.nan)
    new_score = np.full((*score.shape[:2], len(arenas)), np.nan)
    names = [str(name) for name in pose["individuals"].values]
    called = [arena.individual or arena.name for arena in arenas]
    homes = np.zeros(centre.shape[::2], dtype=np.int64)
    moved = doubled = 0
    for place, arena in enumerate(arenas):
        inside = arena.contains(np.moveaxis(centre, 1, -1))
        homes += inside
        best = np.where(inside, weight, -1.0).argmax(axis=1)
        here = inside.any(axis=1)
        doubled += int((inside.sum(axis=1) > 1).sum())
        new_xyz[here, :, :, place] = xyz[frames[here], :, :, best[here]]
        new_score[here, :, place] = score[frames[here], :, best[here]]
        usual = names.index(called[place]) if called[place] in names else place
        moved += int((best[here] != usual).sum())
    if (homes > 1).any():
        raise InputError(
            "arenas",
            expected="outlines that do not overlap",
            found=f"{int((homes > 1).sum())} detections in two of them",
            remedy="Draw the outlines apart.",
        )
    outside = int((seen.any(axis=1) & (homes == 0)).sum())
    split = pose.drop_vars(["position", "confidence"]).isel(individuals=[0] * len(arenas))
    split = split.assign_coords(individuals=called)
    split["position"] = (("time", "space", "keypoints", "individuals"), new_xyz)
    split["confidence"] = (("time", "keypoints", "individuals"), new_score)
    return split.assign_attrs(
        split_by_arena=f"{moved} detections changed their animal, {doubled} times two lay in one "
        f"arena, {outside} detections lay in none"
    )
