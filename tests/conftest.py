"""Fixtures for all tests: shared data, a quiet home for runs, and the display check."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

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


def pytest_collection_finish() -> None:
    """Keep what is there for good out of every collection of garbage, which it makes slow."""
    gc.collect()
    gc.freeze()


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


@pytest.fixture(scope="session", autouse=True)
def _stability_at_a_glance() -> Iterator[None]:
    """Whole runs tell stability by short refits, one of each kind: the long ones have own tests."""
    from napari_mousegpt.clusters import clustering_steps
    from napari_mousegpt.clusters.stability import measure_stability

    def glance(found: Any, vectors: Any, *, seeds: int, subsamples: int, animals: Any) -> Any:
        short = replace(
            found.params, partitions=20, micro_clusters=min(found.params.micro_clusters, 100)
        )
        return measure_stability(
            replace(found, params=short),
            vectors,
            seeds=min(seeds, 1),
            subsamples=min(subsamples, 1),
            animals=animals,
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clustering_steps, "measure_stability", glance)
        yield


@pytest.fixture(scope="session")
def example_data() -> Path:
    """Folder of the example recording of the repository."""
    return ROOT / "examples" / "data"


@pytest.fixture(scope="session")
def _own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    (folder / "cache").mkdir()
    return folder


@pytest.fixture(autouse=True)
def _own_folders(_own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes into the user's cache or data, or meets what another test left."""
    # Not by pytest's mktemp: it looks through all folders of all tests before.
    folder = Path(tempfile.mkdtemp(dir=_own_folder))
    for name in ("runs", "corrections", "trust"):
        (folder / name).mkdir()
        monkeypatch.setenv(f"NAPARI_MOUSEGPT_{name.upper()}", str(folder / name))
    monkeypatch.setenv("NAPARI_MOUSEGPT_CACHE", str(_own_folder / "cache"))
    monkeypatch.setenv("NAPARI_MOUSEGPT_CONSENT", str(folder / "consent.json"))
