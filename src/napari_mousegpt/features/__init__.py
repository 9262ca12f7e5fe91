"""Pose kinematics: what an animal's body does, in body lengths and seconds."""

from napari_mousegpt.features.frame_features import FrameFeatures
from napari_mousegpt.features.frame_table import features_from_table, features_to_table
from napari_mousegpt.features.measures import MEASURES
from napari_mousegpt.features.of_recording import (
    FeatureParams,
    LazyFeatures,
    check_ranges,
    measure_recording,
)
from napari_mousegpt.features.pose_kinematics import KinematicsParams, kinematics
from napari_mousegpt.features.quality import PLAUSIBLE_BACKWARD, tail_first_share
from napari_mousegpt.features.silhouettes import (
    SHAPE,
    SilhouetteParams,
    Silhouettes,
    silhouette,
    silhouette_features,
)
from napari_mousegpt.features.sums import RunningSums
from napari_mousegpt.features.windows import WindowParams, frame_scores, window_features

__all__ = [
    "MEASURES",
    "PLAUSIBLE_BACKWARD",
    "SHAPE",
    "FeatureParams",
    "FrameFeatures",
    "KinematicsParams",
    "LazyFeatures",
    "RunningSums",
    "SilhouetteParams",
    "Silhouettes",
    "WindowParams",
    "check_ranges",
    "features_from_table",
    "features_to_table",
    "frame_scores",
    "kinematics",
    "measure_recording",
    "silhouette",
    "silhouette_features",
    "tail_first_share",
    "window_features",
]
