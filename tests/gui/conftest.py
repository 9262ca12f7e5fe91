"""Tests with a window. Without a display, real or virtual, they are skipped with the reason."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari import correction_settings, run_settings, settings
from napari_mousegpt.core.ethogram import Ethogram
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.samples import SampleFiles, make_sample
from support.leaks import Leaks


def _why_not() -> str:
    if importlib.util.find_spec("pytestqt") is None:
        return "pytest-qt is not installed"
    if sys.platform == "linux" and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    ):
        return "no display: install Xvfb (pytest-xvfb starts it) or run under xvfb-run"
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        return "Qt's offscreen platform has no OpenGL: unset QT_QPA_PLATFORM"
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and skip them where no window can be opened."""
    reason = _why_not()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.gui)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def _imported(qapp: Any) -> None:
    """What a window needs, and what panels import late: kept out of the search for leaks."""
    for name in ("napari.viewer", "pandas", "torch", "sklearn.neighbors", "hdbscan"):
        importlib.import_module(name)
    from qtpy.QtCore import QThreadPool

    # Qt takes a thread for each processor; on one alone a job that waits would hold up the next.
    pool = QThreadPool.globalInstance()
    pool.setMaxThreadCount(max(4, pool.maxThreadCount()))
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_is_left(_imported: None, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a widget, a timer, a thread or an open file behind.

    It would leak with every panel. What a test opens by itself it has to close; what belongs to a
    viewer goes with the viewer.
    """
    leaks = Leaks()
    yield
    # pytest holds what fixtures gave until after this, and with it all that it refers to.
    request.node.funcargs.clear()
    if "make_napari_viewer" in request.fixturenames:
        # Collected in a thread of a later test, its drawing would take what Qt draws with along.
        gc.collect()
    left = leaks.found()
    assert not left, "left behind:\n" + "\n".join(left)


@pytest.fixture(autouse=True)
def _default_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what somebody has set in the preferences of this machine out of the tests."""
    monkeypatch.setattr(settings, "settings_section", lambda: None)
    monkeypatch.setattr(correction_settings, "correction_section", lambda: None)
    monkeypatch.setattr(run_settings, "run_section", lambda: None)


@pytest.fixture(scope="session")
def sample_files(tmp_path_factory: pytest.TempPathFactory) -> SampleFiles:
    """A generated recording of 20 s in a small picture."""
    return make_sample(tmp_path_factory.mktemp("sample"), seconds=20, size=(96, 128))


@pytest.fixture(scope="session")
def run_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder for all tests: the first one computes, the others find its parts."""
    return tmp_path_factory.mktemp("runs") / "out"


@pytest.fixture
def recording(sample_files: SampleFiles) -> Iterator[Recording]:
    opened = open_recording(sample_files.video, sample_files.pose)
    yield opened
    opened.video.close()  # type: ignore[union-attr]


@pytest.fixture
def ethogram(recording: Recording) -> Ethogram:
    frames = np.array(["still", "walking"])[np.arange(recording.n_frames) // 60 % 2]
    return Ethogram.from_frames(
        frames,
        recording.id,
        recording.individuals[0],
        confidence=np.full(recording.n_frames, 0.8),
        source="model",
    )


@pytest.fixture
def viewer() -> Iterator[Any]:
    """Return a viewer without a window, which is all that panels and jobs need."""
    from napari.components import ViewerModel

    model = ViewerModel()
    yield model
    model.layers.clear()


@pytest.fixture
def window(make_napari_viewer: Callable[..., Any]) -> Any:
    """Return a viewer with a window, which takes a second or two."""
    return make_napari_viewer()
