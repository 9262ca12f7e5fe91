"""What the user chose in napari's preferences about marking and correcting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_mousegpt._napari.settings import PLUGIN
from napari_mousegpt.core.people import account_name

__all__ = ["CorrectionSettings", "correction_section", "correction_settings"]


@dataclass(frozen=True)
class CorrectionSettings:
    """How corrections are made and kept.

    Parameters
    ----------
    who : str
        Name that stands beside every correction; empty for the name of the account.
    folder : str
        Where corrections are kept; empty for the folder of the plugin.
    low_confidence : float
        Proposed bouts below this confidence are looked for.
    """

    who: str = ""
    folder: str = ""
    low_confidence: float = 0.5

    @property
    def name(self) -> str:
        """Who corrects."""
        if self.who.strip():
            return self.who.strip()
        return account_name()

    @property
    def path(self) -> Path | None:
        """Folder for corrections, None for the usual one."""
        return Path(self.folder.strip()).expanduser() if self.folder.strip() else None


def correction_section() -> Any | None:
    """Return the evented ``corrections`` section of the plugin's settings.

    None where the plugin is not known to napari, or knows no such section.
    """
    from napari.settings import get_plugin_settings

    try:
        return getattr(get_plugin_settings(PLUGIN), "corrections", None)
    except KeyError:
        return None


def correction_settings() -> CorrectionSettings:
    """Return the settings in force."""
    section = correction_section()
    if section is None:
        return CorrectionSettings()
    return CorrectionSettings(str(section.who), str(section.folder), float(section.low_confidence))
