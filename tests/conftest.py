"""Fixtures for all tests: shared data, a quiet home for runs, and the display check."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """napari starts with its defaults, whatever the user, or a run that was killed, has set."""
    if "napari.settings" in sys.modules:
        raise RuntimeError("napari's settings were read before the tests could choose their own")
    folder = tempfile.TemporaryDirectory(prefix="napari-mousegpt-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ["NAPARI_CONFIG"] = str(Path(folder.name) / "napari.yaml")
    os.environ.pop("NAPARI_ASYNC", None)
    # Tests run beside each other; tiny models gain nothing from threads.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings that are not part of the repository."""
    chosen = os.environ.get("NAPARI_MOUSEGPT_SHARED_DATA")
    folder = Path(chosen) if chosen else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(
            "real recordings are not here: put the shared data beside the checkout, "
            "or name the folder in NAPARI_MOUSEGPT_SHARED_DATA"
        )
    return folder


@pytest.fixture(scope="session")
def example_data() -> Path:
    """Folder of the example recording of the repository."""
    return ROOT / "examples" / "data"


@pytest.fixture(scope="session")
def _own_cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_folders(
    _own_cache_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No test writes into the user's cache or data, or meets what another test left."""
    monkeypatch.setenv("NAPARI_MOUSEGPT_RUNS", str(tmp_path_factory.mktemp("runs")))
    monkeypatch.setenv("NAPARI_MOUSEGPT_CACHE", str(_own_cache_folder))
    corrections = tmp_path_factory.mktemp("corrections")
    monkeypatch.setenv("NAPARI_MOUSEGPT_CORRECTIONS", str(corrections))
    consent = tmp_path_factory.mktemp("consent") / "consent.json"
    monkeypatch.setenv("NAPARI_MOUSEGPT_CONSENT", str(consent))
    monkeypatch.setenv("NAPARI_MOUSEGPT_TRUST", str(tmp_path_factory.mktemp("trust")))
