"""Pictures of what stands still, kept until it changes, and what moves painted over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QRect, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QRegion

from napari_mousegpt._napari.timeline.layout import Row, Scale
from napari_mousegpt._napari.timeline.overview import overview_picture, paint_window
from napari_mousegpt._napari.timeline.paint import (
    bout_rect,
    frame_text,
    paint_band,
    paint_current,
    paint_headings,
    paint_ruler,
    paint_selection,
)
from napari_mousegpt._napari.timeline.rows import RowPainter
from napari_mousegpt._napari.timeline.ruler import Tick, ruler_ticks, ruler_unit, span_text
from napari_mousegpt._napari.timeline.theme import Theme
from napari_mousegpt._napari.timeline.tracks import BoutTrack, Track

if TYPE_CHECKING:
    from napari_mousegpt._napari.timeline.canvas import TimelineCanvas

__all__ = ["Scene"]

#: Most frames of selected bouts that are drawn one by one.
_MOST = 500


class Scene:
    """What the canvas paints.

    Parameters
    ----------
    font : QFont
        For everything.
    """

    def __init__(self, font: QFont) -> None:
        self._font, self._rows = font, RowPainter(font)
        self._kept: dict[str, tuple[Any, QImage]] = {}
        self._chosen: dict[str, tuple[Track, tuple[str, ...], NDArray[np.int64]]] = {}
        self._line: QRegion | None = None
        self._marks: tuple[Any, list[Tick]] | None = None

    def forget(self) -> None:
        """Paint everything anew the next time."""
        self._kept.clear()
        self._chosen.clear()

    def heading_width(self, rows: Sequence[Row], least: int, most: int) -> int:
        """Return how wide headings must be for their texts."""
        metrics = QFontMetricsF(self._font)
        wide = [metrics.horizontalAdvance(row.title) for row in rows]
        curves = [44.0 if row.height >= 30 else 60.0 for row in rows if _is_curve(row)]
        return int(min(max([least - 26.0, *wide]) + 26 + max(curves, default=0), most))

    def heading_tip(self, row: Row) -> str:
        """Return what a tooltip says of a heading."""
        if row.track is None:
            return row.title
        who = f" of {row.track.individual}" if row.track.individual else ""
        if isinstance(row.track, BoutTrack):
            more = f"{len(row.track):,} bouts" + (", can be edited" if row.track.editable else "")
        else:
            low, high = row.track.limits
            more = f"{low:.4g} to {high:.4g} {row.track.unit}".strip()
        return f"{row.title}{who}\n{row.track.kind}, {more}"

    def selected(self, track: Track, ids: tuple[str, ...]) -> NDArray[np.int64]:
        """Return the rows of a track that are selected."""
        kept = self._chosen.get(track.key)
        if kept is None or kept[0] is not track or kept[1] != ids:
            rows = track.rows_of(ids) if isinstance(track, BoutTrack) else np.empty(0, np.int64)
            kept = self._chosen[track.key] = (track, ids, rows)
        return kept[2]

    def current_region(self, canvas: TimelineCanvas) -> QRegion:
        """Return what must be painted anew when only the current frame moved."""
        if self._line is None:
            return QRegion(canvas.rect())
        return self._line.united(self._region_of_line(canvas))

    def _region_of_line(self, canvas: TimelineCanvas) -> QRegion:
        scale, frame = canvas.scale, canvas.model.frame
        left, right = scale.columns(frame, frame + 1)
        ruler, rows, over = canvas.ruler_area, canvas.rows_area, canvas.overview_area
        wide = QFontMetricsF(self._font).horizontalAdvance(frame_text(canvas.model, frame)) + 16
        at = int(min(max(left - wide / 2, scale.left), scale.left + scale.width - wide))
        parts = (
            QRect(at - 2, ruler.top(), int(wide) + 8, ruler.height()),
            QRect(left - 6, ruler.top(), right - left + 12, ruler.height()),
            QRect(left - 2, rows.top(), right - left + 5, rows.height()),
            QRect(int(canvas.whole.x(frame)) - 2, over.top(), 5, over.height()),
        )
        region = QRegion()
        for part in parts:
            region = region.united(QRegion(part))
        inside = QRect(scale.left - 6, 0, scale.width + 12, canvas.height())
        return region.intersected(QRegion(inside))

    def paint(self, painter: QPainter, canvas: TimelineCanvas, theme: Theme, part: QRect) -> None:
        """Paint all, or the part that Qt asks for."""
        painter.setFont(self._font)
        model, scale, ratio = canvas.model, canvas.scale, canvas.devicePixelRatioF()
        rows, ruler = canvas.rows_area, canvas.ruler_area
        corner = QRect(0, 0, canvas.heading_width, rows.top())
        painter.fillRect(part & corner, QColor(*theme.background))
        if model.n_frames and part.intersects(corner):
            painter.setPen(QColor(*theme.muted))
            unit = ruler_unit(*model.view, model.timebase, _most_ticks(canvas))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRect(0, ruler.top(), corner.width() - 6, ruler.height()), right, unit)
        side = QRect(scale.left + scale.width, 0, canvas.width(), canvas.height())
        painter.fillRect(part & side, QColor(*theme.background))
        for name, area in (
            ("overview", canvas.overview_area),
            ("ruler", ruler),
            ("rows", rows),
            ("headings", canvas.headings_area),
        ):
            if part.intersects(area):
                painter.drawImage(area.topLeft(), self._picture(name, canvas, area, theme, ratio))
        if not model.n_frames:
            painter.setPen(QColor(*theme.muted))
            painter.drawText(rows, Qt.AlignmentFlag.AlignCenter, "No recording is open")
            return
        self._paint_moving(painter, canvas, theme, part)

    def _picture(
        self, name: str, canvas: TimelineCanvas, area: QRect, theme: Theme, ratio: float
    ) -> QImage:
        model = canvas.model
        size = (area.width(), area.height())
        key: tuple[Any, ...] = (size, ratio)
        if name in ("rows", "headings"):
            key = (*key, canvas.scroll)
        if name in ("rows", "ruler"):
            key = (*key, model.view)
        kept = self._kept.get(name)
        if kept is not None and kept[0] == key:
            return kept[1]
        if name == "overview":
            image = overview_picture(model, size, theme, ratio)
        elif name == "rows":
            grid = [tick.frame for tick in self._ticks(canvas) if tick.text]
            image = self._rows.paint(model, canvas.rows, size, canvas.scroll, grid, theme, ratio)
        else:
            image = QImage(*(round(part * ratio) for part in size), QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(ratio)
            painter = QPainter(image)
            painter.setFont(self._font)
            whole = QRect(0, 0, *size)
            if name == "ruler":
                scale = Scale(*model.view, 0, size[0])
                paint_ruler(painter, whole, scale, self._ticks(canvas), theme)
            else:
                paint_headings(painter, whole, canvas.rows, canvas.scroll, theme)
            painter.end()
        self._kept[name] = (key, image)
        return image

    def _ticks(self, canvas: TimelineCanvas) -> list[Tick]:
        model = canvas.model
        if not model.n_frames:
            return []
        key = (model.view, model.n_frames, model.timebase, _most_ticks(canvas))
        if self._marks is None or self._marks[0] != key:
            self._marks = key, ruler_ticks(*key[0], *key[1:])
        return self._marks[1]

    def _paint_moving(
        self, painter: QPainter, canvas: TimelineCanvas, theme: Theme, part: QRect
    ) -> None:
        model, scale = canvas.model, canvas.scale
        rows, ruler, over = canvas.rows_area, canvas.ruler_area, canvas.overview_area
        # Where the line is painted now is what the next frame must wipe out.
        self._line = self._region_of_line(canvas)
        if part.intersects(over):
            painter.setClipRect(over)
            paint_window(painter, model, canvas.whole, over.top(), over.height() - 1, theme)
            x = canvas.whole.x(model.frame)
            painter.fillRect(QRectF(round(x), over.top(), 1, over.height()), QColor(*theme.cursor))
        painter.setClipRect(ruler.united(rows))
        if model.interval is not None:
            left, right = scale.columns(*model.interval)
            paint_band(painter, left, right, ruler.united(rows), theme)
        painter.setClipRect(rows)
        self._paint_selection(painter, canvas, theme)
        drag = canvas.drag
        if drag is not None and drag.preview is not None:
            self._paint_preview(painter, canvas, drag.preview, drag.row, theme)
        painter.setClipRect(ruler.united(rows))
        paint_current(painter, model, scale, rows, ruler, theme)

    def _paint_selection(self, painter: QPainter, canvas: TimelineCanvas, theme: Theme) -> None:
        model, scale = canvas.model, canvas.scale
        if not model.selection:
            return
        start, stop = model.view
        top = canvas.rows_area.top() - canvas.scroll
        for row in canvas.rows:
            track = row.track
            if not isinstance(track, BoutTrack):
                continue
            places = self.selected(track, model.selection)
            seen = places[(track.start[places] <= stop) & (track.stop[places] >= start)]
            for place in seen[:_MOST].tolist():
                box = bout_rect(track, row, place, scale, top)
                paint_selection(painter, box, theme, handles=track.editable)

    def _paint_preview(
        self,
        painter: QPainter,
        canvas: TimelineCanvas,
        preview: tuple[int, int],
        row: Row | None,
        theme: Theme,
    ) -> None:
        """Paint what is being drawn or trimmed, and say how long it is."""
        rows, scale = canvas.rows_area, canvas.scale
        left, right = scale.columns(*preview)
        area = rows
        if row is not None:
            area = QRect(
                rows.left(), rows.top() + row.top - canvas.scroll, rows.width(), row.height
            )
        paint_band(painter, left, right, rows, theme)
        paint_band(painter, left, right, area, theme, strong=True)
        text = span_text(*preview, canvas.model.timebase)
        wide = QFontMetricsF(self._font).horizontalAdvance(text) + 14
        x = min(max((left + right - wide) / 2, rows.left() + 2), rows.right() - wide - 2)
        y = area.bottom() + 3 if area.bottom() + 24 < rows.bottom() else area.top() - 22
        box = QRectF(x, max(y, rows.top() + 1), wide, 19)
        painter.setPen(QColor(*theme.mark))
        painter.setBrush(QColor(*theme.background))
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(QColor(*theme.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def _is_curve(row: Row) -> bool:
    return row.track is not None and not isinstance(row.track, BoutTrack)


def _most_ticks(canvas: TimelineCanvas) -> int:
    """Return how many times have room on the ruler."""
    return max(int(canvas.ruler_area.width() / (90 * canvas.letter_size)), 2)
