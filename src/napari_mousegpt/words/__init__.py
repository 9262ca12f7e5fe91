"""Words for what an animal does: by rules, a model or a server, and the verb ``describe``."""

from napari_mousegpt.words.describe_params import DescribeParams
from napari_mousegpt.words.describe_preview import preview_describe
from napari_mousegpt.words.describing import (
    describe,
    describe_jobs,
    iter_describe,
    stack_descriptions,
)
from napari_mousegpt.words.kinematic import KinematicDescriber
from napari_mousegpt.words.rules import BEHAVIOURS, Condition, KinematicRules, conditions
from napari_mousegpt.words.segmenting import segments

__all__ = [
    "BEHAVIOURS",
    "Condition",
    "DescribeParams",
    "KinematicDescriber",
    "KinematicRules",
    "conditions",
    "describe",
    "describe_jobs",
    "iter_describe",
    "preview_describe",
    "segments",
    "stack_descriptions",
]
