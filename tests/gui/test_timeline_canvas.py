"""The timeline under a real mouse and keyboard."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QImage, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QToolTip

from napari_mousegpt._napari.timeline.canvas import TimelineCanvas
from napari_mousegpt._napari.timeline.model import TimelineModel
from napari_mousegpt._napari.timeline.tracks import BoutTrack, CurveTrack
from napari_mousegpt.core.timebase import Timebase

LEFT, RIGHT, MIDDLE = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
)
NONE, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)
KEY = Qt.Key
DARK = {"background": "rgb(35, 36, 43)", "foreground": "rgb(46, 51, 62)", "text": "#f0f1f2"}
LIGHT = {"background": "rgb(235, 231, 230)", "foreground": "rgb(221, 218, 216)", "text": "#1e1e21"}


@pytest.fixture
def model() -> TimelineModel:
    model = TimelineModel(1000, Timebase.constant(30, 1000))
    model.set_tracks(
        [
            BoutTrack(
                *("human", "Human labels", "human", "m1"),
                *([100, 300], [200, 400], ["walking", "still"]),  # type: ignore[arg-type]
                bout_id=["h1", "h2"],  # type: ignore[arg-type]
                editable=True,
            ),
            BoutTrack(
                *("model", "Model labels", "model", "m1"),
                *([150, 600], [250, 700], ["rearing", "still"]),  # type: ignore[arg-type]
                confidence=[0.8, 0.4],  # type: ignore[arg-type]
                bout_id=["p1", "p2"],  # type: ignore[arg-type]
                words=["It rears at the wall.", ""],  # type: ignore[arg-type]
            ),
            CurveTrack("speed", "Speed", "kinematic", "m1", np.linspace(0, 9, 1000), "cm/s"),
        ]
    )
    return model


@pytest.fixture
def canvas(model: TimelineModel, qtbot: Any) -> Iterator[TimelineCanvas]:
    made = TimelineCanvas(model)
    made.resize(made.heading_width + 500, 300)
    made.show()
    made.resize(made.heading_width + 500, 300)
    assert made.scale.width == 500
    yield made
    made.close()
    made.deleteLater()


class Heard:
    """What the canvas said."""

    def __init__(self, canvas: TimelineCanvas) -> None:
        self.said: list[tuple[Any, ...]] = []
        for name in ("jump", "selected", "looped", "interval_drawn", "trimmed", "menu_wanted"):
            getattr(canvas, name).connect(lambda *args, name=name: self.said.append((name, *args)))

    def of(self, name: str) -> list[Any]:
        found = [args for said, *args in self.said if said == name]
        return [args[0] if len(args) == 1 else tuple(args) for args in found]


def at(canvas: TimelineCanvas, frame: float, row: int = 0) -> QPoint:
    """The pixel column that begins with a frame (two frames to a pixel), in the middle of a row."""
    found = canvas.rows[row]
    y = canvas.rows_area.top() - canvas.scroll + found.top + found.height // 2
    return QPoint(int(canvas.scale.x(frame)), y)


def ruler(canvas: TimelineCanvas, frame: float) -> QPoint:
    return QPoint(int(canvas.scale.x(frame)), canvas.ruler_area.center().y())


def drag(
    canvas: TimelineCanvas,
    start: QPoint,
    stop: QPoint,
    *,
    button: Qt.MouseButton = LEFT,
    keys: Qt.KeyboardModifier = NONE,
    release: bool = True,
) -> None:
    QTest.mousePress(canvas, button, keys, start)
    for part in (0.3, 0.7, 1.0):
        # The pointer of the test display is not ours to move; the events are.
        place = start + (stop - start) * part
        move(canvas, QPoint(place), button)
    if release:
        QTest.mouseRelease(canvas, button, keys, stop)


def move(canvas: TimelineCanvas, place: QPoint, button: Qt.MouseButton = LEFT) -> None:
    from qtpy.QtCore import QEvent
    from qtpy.QtGui import QMouseEvent

    event = QMouseEvent(
        *(QEvent.Type.MouseMove, QPointF(place), QPointF(canvas.mapToGlobal(place))),
        *(Qt.MouseButton.NoButton, button, NONE),
    )
    QApplication.sendEvent(canvas, event)


def wheel(canvas: TimelineCanvas, place: QPoint, delta: QPoint, keys: Any = NONE) -> None:
    event = QWheelEvent(
        *(QPointF(place), QPointF(canvas.mapToGlobal(place)), QPoint(), delta),
        *(Qt.MouseButton.NoButton, keys, Qt.ScrollPhase.NoScrollPhase, False),
    )
    QApplication.sendEvent(canvas, event)


def test_the_ruler_jumps_while_dragged(canvas: TimelineCanvas, model: TimelineModel) -> None:
    heard = Heard(canvas)
    QTest.mouseClick(canvas, LEFT, NONE, ruler(canvas, 400))
    assert heard.of("jump") == [400]
    assert model.frame == 400
    drag(canvas, ruler(canvas, 500), ruler(canvas, 600))
    assert heard.of("jump") == [400, 500, 530, 570, 600]
    drag(canvas, ruler(canvas, 700), ruler(canvas, 800), release=False)
    QTest.keyClick(canvas, KEY.Key_Escape)
    assert model.frame == heard.of("jump")[-1] == 600
    assert canvas.drag is None
    # A curve is a ruler too.
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, 250, 2))
    assert model.frame == 250


def test_a_drag_over_the_edge_moves_on(canvas: TimelineCanvas, model: TimelineModel) -> None:
    model.set_view(200, 300)
    drag(canvas, ruler(canvas, 250), ruler(canvas, 300) + QPoint(60, 0))
    assert model.view[0] > 200
    assert model.frame == int(model.view[1]) - 1


def test_a_click_selects_and_a_double_click_loops(
    canvas: TimelineCanvas, model: TimelineModel
) -> None:
    heard = Heard(canvas)
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, 100))
    assert model.selection == ("h1",)
    QTest.mouseClick(canvas, LEFT, CTRL, at(canvas, 620, 1))
    assert heard.of("selected") == [("h1",), ("h1", "p2")]
    QTest.mouseClick(canvas, LEFT, CTRL, at(canvas, 150))
    assert model.selection == ("p2",)
    # Half-open: the frame after the last one is no part of the bout.
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, 400))
    assert model.selection == ()
    QTest.mouseDClick(canvas, LEFT, NONE, at(canvas, 350))
    assert heard.of("looped") == ["h2"]
    assert model.selection == ("h2",)
    assert heard.of("jump") == []


def test_a_drag_draws_an_interval(canvas: TimelineCanvas, model: TimelineModel) -> None:
    heard = Heard(canvas)
    drag(canvas, at(canvas, 500), at(canvas, 450))
    assert heard.of("interval_drawn") == [(450, 502, "m1")]
    # Over a bout only with its tool; there also from a curve.
    drag(canvas, at(canvas, 120), at(canvas, 180))
    assert len(heard.of("interval_drawn")) == 1
    canvas.set_tool("interval")
    drag(canvas, at(canvas, 120), at(canvas, 180))
    drag(canvas, at(canvas, 0, 2), at(canvas, 998, 2) + QPoint(300, 0))
    assert heard.of("interval_drawn")[1:] == [(120, 182, "m1"), (0, 1000, "m1")]
    drag(canvas, at(canvas, 700), at(canvas, 800), release=False)
    assert canvas.drag is not None
    assert canvas.drag.preview == (700, 802)
    QTest.keyClick(canvas, KEY.Key_Escape)
    QTest.mouseRelease(canvas, LEFT, NONE, at(canvas, 800))
    assert len(heard.of("interval_drawn")) == 3
    # A click that hardly moved draws nothing.
    drag(canvas, at(canvas, 700), at(canvas, 700) + QPoint(3, 0))
    assert len(heard.of("interval_drawn")) == 3


def test_edges_of_the_selected_bout_are_trimmed(
    canvas: TimelineCanvas, model: TimelineModel
) -> None:
    heard = Heard(canvas)
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, 150))
    drag(canvas, at(canvas, 200) + QPoint(2, 0), at(canvas, 260) + QPoint(2, 0))
    assert heard.of("trimmed") == [("h1", 100, 260)]
    # The picture at the edge is shown: the last one that is still in.
    assert model.frame == 259
    drag(canvas, at(canvas, 100), at(canvas, 60))
    assert heard.of("trimmed")[1] == ("h1", 60, 200)
    assert model.frame == 60
    # At least one frame is left.
    drag(canvas, at(canvas, 100), at(canvas, 600))
    assert heard.of("trimmed")[2] == ("h1", 199, 200)
    drag(canvas, at(canvas, 200), at(canvas, 300), release=False)
    assert canvas.drag is not None
    assert canvas.drag.preview == (100, 300)
    QTest.keyClick(canvas, KEY.Key_Escape)
    QTest.mouseRelease(canvas, LEFT, NONE, at(canvas, 300))
    assert len(heard.of("trimmed")) == 3
    assert model.frame == 199
    # Neither a bout of another track nor one that is not selected.
    QTest.mouseClick(canvas, LEFT, NONE, at(canvas, 620, 1))
    drag(canvas, at(canvas, 700, 1), at(canvas, 750, 1))
    drag(canvas, at(canvas, 300), at(canvas, 280))
    assert len(heard.of("trimmed")) == 3


def test_trimming_close_by_goes_from_frame_to_frame(
    canvas: TimelineCanvas, model: TimelineModel
) -> None:
    heard = Heard(canvas)
    model.set_view(190, 210)
    model.select("h1")
    edge = at(canvas, 200)
    drag(canvas, edge + QPoint(3, 0), edge + QPoint(3 + 37, 0))
    # 25 pixels to a frame: one and a half frames snap to one.
    assert heard.of("trimmed") == [("h1", 100, 201)]


def test_right_click_asks_for_a_menu(canvas: TimelineCanvas, model: TimelineModel) -> None:
    heard = Heard(canvas)
    place = at(canvas, 350)
    QTest.mouseClick(canvas, RIGHT, NONE, place)
    assert heard.of("menu_wanted") == [("h2", canvas.mapToGlobal(place))]
    assert model.selection == ("h2",)
    model.select("h1", "h2")
    QTest.mouseClick(canvas, RIGHT, NONE, place)
    assert model.selection == ("h1", "h2")
    QTest.mouseClick(canvas, RIGHT, NONE, at(canvas, 900))
    assert heard.of("menu_wanted")[-1][0] == ""


def test_wheel_and_pan(canvas: TimelineCanvas, model: TimelineModel) -> None:
    place = at(canvas, 400)
    wheel(canvas, place, QPoint(0, 240))
    start, stop = model.view
    assert stop - start == pytest.approx(1000 / 1.25**2)
    assert canvas.scale.position(place.x()) == pytest.approx(400)
    wheel(canvas, place, QPoint(-120, 0))
    assert model.view[0] > start
    wheel(canvas, place, QPoint(0, 120), CTRL)
    assert model.view[0] == pytest.approx(start)
    for button, keys in ((MIDDLE, NONE), (LEFT, SHIFT)):
        drag(canvas, place, place + QPoint(-50, 0), button=button, keys=keys)
        assert model.view[0] == pytest.approx(start + 50 * (stop - start) / 500)
        model.set_view(start, stop)
    drag(canvas, place, place + QPoint(-50, 0), button=MIDDLE, release=False)
    QTest.keyClick(canvas, KEY.Key_Escape)
    assert model.view == (start, stop)
    # In the overview the wheel zooms to what is under it there.
    model.set_view(200, 800)
    wheel(canvas, QPoint(int(canvas.whole.x(500)), 5), QPoint(0, 120))
    assert model.view == pytest.approx((260, 740))
    model.set_view(start, stop)
    # Headings scroll, they do not zoom.
    canvas.resize(canvas.width(), 100)
    wheel(canvas, QPoint(5, canvas.rows_area.top() + 5), QPoint(0, -60))
    assert canvas.scroll == 30
    assert model.view == (start, stop)


def test_the_window_of_the_overview(canvas: TimelineCanvas, model: TimelineModel) -> None:
    y = canvas.overview_area.center().y()

    def place(frame: int) -> QPoint:
        return QPoint(int(canvas.whole.x(frame)), y)

    model.set_view(200, 400)
    drag(canvas, place(300), place(500))
    assert model.view == (400, 600)
    drag(canvas, place(600), place(700))
    assert model.view == (400, 700)
    drag(canvas, place(400), place(300))
    assert model.view == (300, 700)
    # An edge does not go past the other one.
    drag(canvas, place(300), place(990))
    assert model.view == (692, 700)
    drag(canvas, place(100), place(120))
    assert model.view == pytest.approx((116, 124))
    drag(canvas, place(120), place(900), release=False)
    QTest.keyClick(canvas, KEY.Key_Escape)
    assert model.view == pytest.approx((116, 124))
    QTest.mouseDClick(canvas, LEFT, NONE, place(500))
    assert model.view == (0, 1000)


def test_keys(canvas: TimelineCanvas, model: TimelineModel) -> None:
    heard = Heard(canvas)
    for key, keys in (
        *((KEY.Key_Right, NONE), (KEY.Key_Right, SHIFT), (KEY.Key_Left, NONE)),
        *((KEY.Key_End, NONE), (KEY.Key_Right, NONE), (KEY.Key_Home, NONE)),
    ):
        QTest.keyClick(canvas, key, keys)
    assert heard.of("jump") == [1, 11, 10, 999, 0]
    QTest.keyClick(canvas, KEY.Key_Plus)
    assert model.view[1] == pytest.approx(1000 / 1.5, rel=0.01)
    QTest.keyClick(canvas, KEY.Key_Minus)
    assert model.view == (0, 1000)


def test_other_keys_reach_the_window_around(canvas: TimelineCanvas) -> None:
    from qtpy.QtCore import QEvent
    from qtpy.QtGui import QKeyEvent

    for key, keys in ((KEY.Key_1, NONE), (KEY.Key_Escape, NONE), (KEY.Key_Right, CTRL)):
        event = QKeyEvent(QEvent.Type.KeyPress, key, keys)
        canvas.keyPressEvent(event)
        assert not event.isAccepted()


def test_tooltips(canvas: TimelineCanvas, monkeypatch: pytest.MonkeyPatch) -> None:
    from qtpy.QtCore import QEvent
    from qtpy.QtGui import QHelpEvent

    shown: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda at, text, *more: shown.append(text))
    for place in (at(canvas, 160, 1), at(canvas, 500, 2), QPoint(10, at(canvas, 0, 0).y())):
        event = QHelpEvent(QEvent.Type.ToolTip, place, canvas.mapToGlobal(place))
        QApplication.sendEvent(canvas, event)
    bout, curve, heading = shown
    assert "rearing" in bout
    assert "It rears at the wall." in bout
    assert "confidence 0.80" in bout
    assert "cm/s" in curve
    assert heading == "Human labels of m1\nhuman, 2 bouts, can be edited"


def pixels(canvas: TimelineCanvas) -> np.ndarray:
    """What is on the screen after painting everything, whatever depth the display has."""
    image = QImage(canvas.size(), QImage.Format.Format_RGB32)
    canvas.render(image)
    return as_table(image)


def as_table(image: QImage) -> np.ndarray:
    bits = image.constBits()
    if hasattr(bits, "setsize"):  # PyQt does not know how much memory it points to
        bits.setsize(image.sizeInBytes())
    table = np.frombuffer(bits, dtype=np.uint32)
    return table.reshape(image.height(), image.bytesPerLine() // 4).copy()


def test_a_moved_frame_repaints_what_a_full_repaint_would(
    canvas: TimelineCanvas, model: TimelineModel
) -> None:
    """Compare the screen after small repaints with a canvas that is painted at once."""
    picture = QImage(canvas.size(), QImage.Format.Format_RGB32)
    canvas.render(picture)
    for view, frames in (((0, 1000), (40, 41, 400, 999)), ((380, 420), (390, 391, 419, 380))):
        model.set_view(*view)
        canvas.render(picture)
        for frame in frames:
            model.set_frame(frame)
            # What Qt is asked to paint anew: where the line was and where it is.
            region = canvas.current_region()
            canvas.render(picture, region.boundingRect().topLeft(), region)
            assert np.array_equal(as_table(picture), pixels(canvas))


def test_another_view_is_painted_anew(canvas: TimelineCanvas, model: TimelineModel) -> None:
    model.set_colours({"walking": "#d55e00"})
    row = at(canvas, 100).y()

    def walking() -> list[int]:
        line = pixels(canvas)[row, canvas.heading_width :]
        columns = np.flatnonzero((line & 0xFFFFFF) == 0xD55E00)
        return [int(columns.min()), int(columns.max()) + 1]

    assert walking() == [50, 100]
    model.set_view(100, 300)
    # The line of the current frame is elsewhere.
    assert walking() == [0, 250]
    model.set_view(150, 650)
    assert walking() == [0, 50]


def test_the_line_stands_on_the_current_frame(canvas: TimelineCanvas, model: TimelineModel) -> None:
    model.set_frame(500)
    before = pixels(canvas)
    model.set_frame(600)
    rows = slice(canvas.rows_area.top() + 90, canvas.rows_area.bottom())
    changed = np.flatnonzero((before != pixels(canvas))[rows].any(axis=0))
    assert changed.tolist() == [int(canvas.scale.x(500)), int(canvas.scale.x(600))]
    # Where frames are wide the whole frame is marked.
    model.set_view(590, 610)
    with_band = pixels(canvas)
    model.set_frame(601)
    changed = np.flatnonzero((with_band != pixels(canvas))[rows].any(axis=0))
    assert changed[[0, -1]].tolist() == [int(canvas.scale.x(600)), int(canvas.scale.x(602)) - 1]


def test_both_themes_and_an_empty_timeline(canvas: TimelineCanvas, model: TimelineModel) -> None:
    canvas.set_theme(DARK)
    dark = pixels(canvas)
    canvas.set_theme(LIGHT)
    light = pixels(canvas)
    assert (dark & 0xFF).mean() < 80 < 150 < (light & 0xFF).mean()
    model.set_recording(0)
    heard = Heard(canvas)
    pixels(canvas)
    for key in (KEY.Key_Right, KEY.Key_Plus, KEY.Key_End):
        QTest.keyClick(canvas, key)
    drag(canvas, QPoint(200, 40), QPoint(300, 120))
    assert heard.said == []


def test_nothing_is_left_alive(model: TimelineModel, qtbot: Any) -> None:
    import gc

    made = TimelineCanvas(model)
    made.show()
    pixels(made)
    gone = weakref.ref(made)
    made.close()
    made.deleteLater()
    qtbot.wait(10)
    # The model outlives the canvas and may still be changed, while Python has not let it go.
    model.set_frame(7)
    model.set_tracks([])
    model.set_view(1, 90)
    del made
    gc.collect()
    assert gone() is None
