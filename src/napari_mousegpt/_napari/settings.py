"""What the user chose in napari's preferences for this plugin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["PLUGIN", "DisplaySettings", "display_settings", "settings_section"]

#: Name of the plugin in napari.
PLUGIN = "napari-mousegpt"


@dataclass(frozen=True)
class DisplaySettings:
    """How pose and labels are shown.

    Parameters
    ----------
    min_confidence : float
        Keypoints below this confidence are not drawn; the default is that of the kinematics.
    window_frames : int
        Frames a pose or label layer holds at a time.
    corner_text : bool
        Whether the labels of the frame on screen also stand in the corner of the canvas.
    """

    min_confidence: float = 0.6
    window_frames: int = 100
    corner_text: bool = True


def settings_section() -> Any | None:
    """Return the evented ``display`` section of the plugin's settings.

    None where the plugin is not known to napari, as in a checkout that is not installed.
    """
    from napari.settings import get_plugin_settings

    try:
        return get_plugin_settings(PLUGIN).display
    except KeyError:
        return None


def display_settings() -> DisplaySettings:
    """Return the display settings in force."""
    section = settings_section()
    if section is None:
        return DisplaySettings()
    return DisplaySettings(
        float(section.min_confidence), int(section.window_frames), bool(section.corner_text)
    )
