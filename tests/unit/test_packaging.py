"""What the package asks of an environment."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
QT_BINDINGS = {"pyside6", "pyside6-essentials", "pyqt6", "pyqt5", "pyside2"}
#: Licences of these forbid them in the base.
COPYLEFT = {"pingouin", "pyqt6", "pyqt5", "vame-py", "simba-uw-tf-dev"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as stream:
        return dict(tomllib.load(stream)["project"])


def test_base_requirements_are_lower_bounds_only(project: dict[str, Any]) -> None:
    for text in project["dependencies"]:
        requirement = Requirement(text)
        assert requirement.url is None
        assert not requirement.extras, f"{text}: an extra could bring a Qt binding"
        assert [s.operator for s in requirement.specifier] == [">="], text


def test_base_brings_no_qt_binding_and_no_gpl_library(project: dict[str, Any]) -> None:
    names = {Requirement(text).name.lower() for text in project["dependencies"]}
    assert not names & (QT_BINDINGS | COPYLEFT)


def test_base_holds_what_the_project_promises_to_use(project: dict[str, Any]) -> None:
    names = {Requirement(text).name.lower() for text in project["dependencies"]}
    assert {
        "napari", "magicgui", "npe2", "torch", "transformers", "dask-image", "scikit-image",
        "hdbscan", "tifffile", "av", "sleap-io", "xarray", "pyarrow", "pandas", "scikit-learn",
        "scipy", "statsmodels", "psygnal", "superqt", "qtpy",
    } <= names  # fmt: skip


@pytest.mark.parametrize("installed", ["2.4.0+cu121", "2.6.0", "2.13.0+cpu"])
def test_an_existing_torch_is_left_alone(
    project: dict[str, Any], tmp_path: Path, installed: str
) -> None:
    """pip is asked for our requirement where some torch is there: it must find nothing to do."""
    info = tmp_path / f"torch-{installed}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {installed}\n")
    (info / "INSTALLER").write_text("pip\n")
    (info / "RECORD").write_text("")
    wanted = next(t for t in project["dependencies"] if Requirement(t).name == "torch")
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", wanted],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert answer.returncode == 0, answer.stderr
    assert f"({installed})" in answer.stdout
    assert "Would install" not in answer.stdout


def test_constraints_pin_everything_that_is_asked_for(project: dict[str, Any]) -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {canonicalize_name(Requirement(line).name) for line in lines if line.strip()}
    asked = {canonicalize_name(Requirement(t).name) for t in project["dependencies"]}
    assert asked <= pinned


def test_root_manifest_is_a_link_to_the_packaged_one() -> None:
    root = ROOT / "napari.yaml"
    assert root.resolve() == (ROOT / "src" / "napari_mousegpt" / "napari.yaml").resolve()
