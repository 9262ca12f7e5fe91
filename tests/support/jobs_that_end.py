"""Widgets are destroyed while what is told of it ends in a thread: it crashes where that races.

Run as a process of its own: ``python jobs_that_end.py TIMES``.
"""

from __future__ import annotations

import sys
import threading

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication, QWidget

from napari_mousegpt._napari.widgets.parts import when_gone


class Work:
    """Something that is no part of Qt."""

    told = 0

    def cancel(self) -> None:
        """Count that it was told."""
        Work.told += 1


def main(times: int) -> int:
    """Return how often the end of a widget was told."""
    app = QApplication([])
    for _ in range(times):
        widget, held = QWidget(), [Work()]
        when_gone(widget, held[0].cancel)
        ends = threading.Thread(target=held.clear)
        widget.deleteLater()
        del widget
        ends.start()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        ends.join()
    app.quit()
    return Work.told


if __name__ == "__main__":
    print(main(int(sys.argv[1])))
