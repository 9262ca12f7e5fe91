from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from npe2 import PluginManifest

import napari_mousegpt

ROOT = Path(__file__).parents[3]
PACKAGE = Path(napari_mousegpt.__file__).parent


@pytest.fixture(scope="module")
def manifest() -> PluginManifest:
    return PluginManifest.from_file(PACKAGE / "napari.yaml")


def test_every_contribution_is_there(manifest: PluginManifest) -> None:
    manifest.validate_imports()
    found = manifest.contributions
    counts = {
        name: len(getattr(found, name) or ())
        for name in (
            "commands",
            "readers",
            "writers",
            "sample_data",
            "widgets",
            "configurations",
            "menus",
        )
    }
    assert counts == {
        "commands": 19,
        "readers": 1,
        "writers": 2,
        "sample_data": 1,
        "widgets": 13,
        "configurations": 3,
        "menus": 5,
    }
    assert manifest.name == "napari-mousegpt"
    assert manifest.display_name == "MouseGPT"


def test_no_unknown_field_at_the_top() -> None:
    # npe2 ignores them without a word.
    given = yaml.safe_load((PACKAGE / "napari.yaml").read_text(encoding="utf-8"))
    assert set(given) <= set(PluginManifest.model_fields)


def test_ids_titles_and_used_commands(manifest: PluginManifest) -> None:
    commands = manifest.contributions.commands
    assert all(command.id.startswith("napari-mousegpt.") for command in commands)
    assert len({command.title for command in commands}) == len(commands)
    # The palette shows titles: they say what happens.
    assert all(
        command.title.split()[0]
        in {
            "Open",
            "Save",
            "Describe",
            "Draw",
            "Project",
            "Score",
            "Show",
            "Search",
            "Find",
            "Export",
        }
        for command in commands
    )
    used = {
        item.command
        for name in ("readers", "writers", "sample_data", "widgets")
        for item in getattr(manifest.contributions, name)
    }
    menus = manifest.contributions.menus.values()
    used |= {item.command for menu in menus for item in menu}
    assert used == {command.id for command in commands}


def test_the_reader_claims_what_it_reads(manifest: PluginManifest) -> None:
    from napari_mousegpt._napari.readers import VIDEOS

    patterns = manifest.contributions.readers[0].filename_patterns
    assert {f"*{suffix}" for suffix in VIDEOS} <= set(patterns)
    assert {"*.csv", "*.h5", "*.slp", "*.nwb", "*.nc", "*.boris", "*.mat"} <= set(patterns)
    # Stacks of pictures have readers enough; the panel opens them as a video.
    assert not {"*.tif", "*.tiff", "*.png", "*.json", "*"} & set(patterns)


def test_the_root_link_is_the_same_file() -> None:
    assert (ROOT / "napari.yaml").read_bytes() == (PACKAGE / "napari.yaml").read_bytes()


def test_defaults_of_the_settings_are_those_of_the_code(manifest: PluginManifest) -> None:
    from napari_mousegpt._napari.correction_settings import CorrectionSettings
    from napari_mousegpt._napari.run_settings import RunSettings
    from napari_mousegpt._napari.settings import DisplaySettings
    from napari_mousegpt.features import FeatureParams

    sections = {
        key: {name: item.default for name, item in section.properties.items()}
        for key, section in manifest.contributions.configurations.items()
    }
    assert CorrectionSettings() == CorrectionSettings(**sections["corrections"])
    assert RunSettings() == RunSettings(**sections["runs"])
    defaults = sections["display"]
    assert defaults == {"min_confidence": 0.6, "window_frames": 100, "corner_text": True}
    assert DisplaySettings() == DisplaySettings(**defaults)
    assert FeatureParams().kinematics.min_confidence == defaults["min_confidence"]


def test_no_private_napari_names() -> None:
    private = re.compile(
        r"napari\._|\._qt\b|_qt_viewer|qt_viewer|_dock_widgets|_main_window|npe2\._|\.layers\._"
    )
    for path in sorted((PACKAGE / "_napari").rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            ours = line.replace("napari_mousegpt._napari", "")
            assert not private.search(ours), f"{path.name}:{number}: {line.strip()}"


def test_ends_of_widgets_are_told_through_a_function() -> None:
    # PySide crashes where the object of a linked method ends in a thread; see when_gone.
    linked = [
        path.name
        for path in sorted((PACKAGE / "_napari").rglob("*.py"))
        if "destroyed.connect(" in path.read_text(encoding="utf-8")
    ]
    assert linked == ["parts.py"]


def test_panels_are_short() -> None:
    for path in (PACKAGE / "_napari" / "widgets").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 250, path.name
