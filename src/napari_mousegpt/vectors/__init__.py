"""Projectors: from intervals to one point each in an action space."""

from napari_mousegpt.vectors.kinematic import ProjectParams as KinematicEncoder
from napari_mousegpt.vectors.kinematic import project_kinematic
from napari_mousegpt.vectors.projecting import (
    BIN_S,
    ProjectParams,
    iter_project,
    project,
    project_jobs,
)

__all__ = [
    "BIN_S",
    "KinematicEncoder",
    "ProjectParams",
    "iter_project",
    "project",
    "project_jobs",
    "project_kinematic",
]
