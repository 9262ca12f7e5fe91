"""Clips of one animal: which frames, where in the picture, which way round."""

from napari_mousegpt.clips.crops import CropParams, Window, crop
from napari_mousegpt.clips.paths import CropPaths

__all__ = ["CropParams", "CropPaths", "Window", "crop"]
