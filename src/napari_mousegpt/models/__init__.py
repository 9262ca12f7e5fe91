"""Models that see video: presets, weights, agreements, devices."""

from napari_mousegpt.models.consent import Consent, ConsentError
from napari_mousegpt.models.device import Device, choose_device, torchvision_problem
from napari_mousegpt.models.presets import PRESETS, Preset, preset_for
from napari_mousegpt.models.weights import Weights, find_weights

__all__ = [
    "PRESETS",
    "Consent",
    "ConsentError",
    "Device",
    "Preset",
    "Weights",
    "choose_device",
    "find_weights",
    "preset_for",
    "torchvision_problem",
]
