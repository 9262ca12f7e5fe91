"""Clips of one animal: which frames, where in the picture, which way round."""

from napari_mousegpt.clips.crops import CropParams, Window, crop
from napari_mousegpt.clips.paths import CropPaths
from napari_mousegpt.clips.reading import Clip, iter_clips
from napari_mousegpt.clips.sampling import ClipParams, clip_rows

__all__ = [
    "Clip",
    "ClipParams",
    "CropParams",
    "CropPaths",
    "Window",
    "clip_rows",
    "crop",
    "iter_clips",
]
