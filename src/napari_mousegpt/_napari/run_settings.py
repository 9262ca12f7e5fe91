"""What the user chose in napari's preferences about runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_mousegpt._napari.settings import PLUGIN

__all__ = ["RunSettings", "run_section", "run_settings"]


@dataclass(frozen=True)
class RunSettings:
    """Where results go, and how much memory a run may take.

    Parameters
    ----------
    folder : str
        Folder for runs that name none; empty for the cache.
    memory_gb : float
        A run that is estimated to need more is not begun; 0 for no limit.
    """

    folder: str = ""
    memory_gb: float = 0.0

    @property
    def path(self) -> Path | None:
        """Folder for runs, None for the cache."""
        return Path(self.folder.strip()).expanduser() if self.folder.strip() else None


def run_section() -> Any | None:
    """Return the evented ``runs`` section of the plugin's settings.

    None where the plugin is not known to napari, or knows no such section.
    """
    from napari.settings import get_plugin_settings

    try:
        return getattr(get_plugin_settings(PLUGIN), "runs", None)
    except KeyError:
        return None


def run_settings() -> RunSettings:
    """Return the settings in force."""
    section = run_section()
    if section is None:
        return RunSettings()
    return RunSettings(str(section.folder), float(section.memory_gb))
