"""Projectors: from intervals to one point each in an action space."""

from napari_mousegpt.vectors.actions import action_profile, nearest
from napari_mousegpt.vectors.kinematic import ProjectParams as KinematicEncoder
from napari_mousegpt.vectors.kinematic import project_kinematic
from napari_mousegpt.vectors.projected import Projected
from napari_mousegpt.vectors.projecting import (
    BIN_S,
    ProjectParams,
    iter_project,
    project,
    project_jobs,
)
from napari_mousegpt.vectors.video import VideoProjector, load_encoder, video_windows
from napari_mousegpt.vectors.video_encoders import (
    KINEMATIC,
    FoundEncoder,
    VideoParams,
    find_encoder,
    licence_text,
)

__all__ = [
    "BIN_S",
    "KINEMATIC",
    "FoundEncoder",
    "KinematicEncoder",
    "ProjectParams",
    "Projected",
    "VideoParams",
    "VideoProjector",
    "action_profile",
    "find_encoder",
    "iter_project",
    "licence_text",
    "load_encoder",
    "nearest",
    "project",
    "project_jobs",
    "project_kinematic",
    "video_windows",
]
