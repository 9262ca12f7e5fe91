"""Folders of tiny models that all workers of a test run share.

A test module imports the fixtures it uses. The first worker that needs a model makes it, the others
wait for the lock and find it. Nothing is kept after the run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from support.tiny_models import FAMILIES, tiny_vlm, trained_vlm
from support.torchvision_cure import cure_torchvision

__all__ = ["ModelFolders", "made_once", "shared_folder", "tiny_folders", "trained_folders"]

ModelFolders = Callable[[str], Path]


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for all workers of this run; torchvision is made usable in this one."""
    cure_torchvision()
    base = tmp_path_factory.getbasetemp()
    # Each worker has a folder of its own inside the one of the run.
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "models"
    shared.mkdir(exist_ok=True)
    return shared


def made_once(folder: Path, make: Callable[[Path], Path]) -> Path:
    """Return ``folder``, made by the first who asks; a half-made one is never seen."""
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            draft = folder.with_name(f"{folder.name}.draft")
            shutil.rmtree(draft, ignore_errors=True)
            make(draft)
            draft.rename(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of random checkpoints, one for each family."""
    shared = shared_folder(tmp_path_factory)
    return {
        family: made_once(shared / family, lambda at, family=family: tiny_vlm(family, at))
        for family in FAMILIES
    }


@pytest.fixture(scope="session")
def trained_folders(tmp_path_factory: pytest.TempPathFactory) -> ModelFolders:
    """Return a function from a task to the folder of a model trained for it."""
    shared = shared_folder(tmp_path_factory)

    def trained(task: str) -> Path:
        folder = shared / f"trained_{task.replace('/', '_')}"
        return made_once(folder, lambda at: trained_vlm(at, task))

    return trained
