"""The slider in a real window, moved by a mouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari.corner_text import OVERLAY
from napari_mousegpt._napari.show import show
from napari_mousegpt._napari.state import state_of
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.io.video import VideoReader
from support.slider_mouse import Mouse


@pytest.fixture
def long_groups() -> Iterator[Recording]:
    """Return the example video, whose key pictures are far apart."""
    path = Path(__file__).parents[2] / "examples" / "data" / "openfield.mp4"
    opened = open_recording(path)
    yield opened
    opened.video.close()  # type: ignore[union-attr]


def shown(window: Any, name: str) -> np.ndarray:
    """Return the picture that napari holds for its canvas."""
    layer = window.layers[name]
    height, width = layer.data.shape[1:3]
    rows, columns = np.arange(0, height, 40), np.arange(0, width, 40)
    point = window.dims.point[0]
    return np.array(
        [[layer.get_value((point, y, x), world=True)[:3] for x in columns] for y in rows]
    )


def thinned(picture: np.ndarray) -> np.ndarray:
    return picture[::40, ::40]


def test_a_held_slider_previews_and_a_resting_hand_sees_the_exact_picture(
    make_napari_viewer: Any, long_groups: Recording, qtbot: Any
) -> None:
    window = make_napari_viewer(show=True)
    show(window, long_groups)
    qtbot.wait(50)
    name, mouse = long_groups.id, Mouse(window)
    with VideoReader(long_groups.video.path) as exact:  # type: ignore[union-attr]
        mouse.press()
        mouse.drag(1430)
        note = window.canvas.overlays[OVERLAY].text
        assert note.startswith("preview: picture ")
        key = int(note.split()[2])
        assert key < 1430
        assert note.endswith(" in place of 1430")
        assert window.dims.current_step[0] == 1430
        assert np.array_equal(shown(window, name), thinned(exact[key]))
        # Whoever reads the layer gets the picture of the frame itself.
        assert np.array_equal(window.layers[name].data[1430], exact[1430])
        assert np.array_equal(shown(window, name), thinned(exact[key]))
        # The hand rests, still holding.
        qtbot.waitUntil(lambda: OVERLAY not in window.canvas.overlays, timeout=60_000)
        assert np.array_equal(shown(window, name), thinned(exact[1430]))
        # A script sets the frame meanwhile.
        window.dims.set_current_step(0, 777)
        assert np.array_equal(shown(window, name), thinned(exact[777]))
        assert OVERLAY not in window.canvas.overlays
        window.layers[name].refresh()
        assert np.array_equal(shown(window, name), thinned(exact[777]))
        # Letting go in the middle of a move.
        mouse.drag(2044)
        assert OVERLAY in window.canvas.overlays
        mouse.release()
        qtbot.waitUntil(lambda: OVERLAY not in window.canvas.overlays, timeout=60_000)
        assert np.array_equal(shown(window, name), thinned(exact[window.dims.current_step[0]]))


def test_the_event_loop_runs_while_the_exact_picture_is_decoded(
    window: Any, long_groups: Recording, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    show(window, long_groups)
    qtbot.wait(50)
    mouse, go, readers = Mouse(window), threading.Event(), []
    frames = window.layers[long_groups.id].data

    class Slow:
        """Takes as long as the test likes for an exact picture."""

        def __getattr__(self, name: str) -> Any:
            return getattr(long_groups.video, name)

        def __len__(self) -> int:
            return len(long_groups.video)  # type: ignore[arg-type]

        def __getitem__(self, key: Any) -> Any:
            readers.append(threading.current_thread())
            assert threading.current_thread() is threading.main_thread() or go.wait(60)
            return long_groups.video[key]  # type: ignore[index]

    monkeypatch.setattr(frames, "video", Slow())
    mouse.press()
    mouse.drag(1430)
    qtbot.waitUntil(lambda: bool(readers), timeout=60_000)
    assert threading.main_thread() not in readers
    # The exact picture is on its way; the slider can be moved on.
    mouse.drag(500)
    assert window.dims.current_step[0] == 500
    assert OVERLAY in window.canvas.overlays
    go.set()
    qtbot.waitUntil(lambda: OVERLAY not in window.canvas.overlays, timeout=60_000)
    mouse.release()
    assert np.array_equal(frames[500], long_groups.video[500])  # type: ignore[index]


def test_playing_reads_ahead(window: Any, long_groups: Recording, qtbot: Any) -> None:
    show(window, long_groups)
    assert state_of(window).scrubber.lines == []
    for frame in range(1, 8):
        window.dims.set_current_step(0, frame)
    assert long_groups.video.read_ahead is True  # type: ignore[union-attr]
    qtbot.waitUntil(
        lambda: long_groups.video.read_ahead is False,  # type: ignore[union-attr]
        timeout=30_000,
    )
