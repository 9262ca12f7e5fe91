"""The check that every test of this folder goes through sees each kind of leak."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, QRunnable, QThread, QThreadPool, QTimer
from qtpy.QtWidgets import QWidget

from support.leaks import Leaks


def test_a_widget_is_seen(qapp: Any) -> None:
    leaks = Leaks()
    widget = QWidget()
    widget.setWindowTitle("left open")
    assert "'left open'" in leaks.found(2)[0]
    widget.deleteLater()
    del widget
    assert leaks.found() == []


def test_a_thread_is_seen_by_its_name(qapp: Any) -> None:
    leaks, go = Leaks(), threading.Event()
    thread = threading.Thread(target=go.wait, args=(60,), name="read ahead")
    thread.start()
    assert leaks.found(2) == ["thread: 'read ahead', Thread"]
    go.set()
    thread.join()
    assert leaks.found() == []


def test_an_open_file_is_seen_by_its_path(qapp: Any, tmp_path: Path) -> None:
    leaks = Leaks()
    file = (tmp_path / "journal.jsonl").open("w")
    assert leaks.found(2) == [f"open file: {tmp_path / 'journal.jsonl'}"]
    file.close()
    assert leaks.found() == []


def test_a_ticking_timer_is_seen(qapp: Any) -> None:
    leaks, owner = Leaks(), QObject()
    timer = QTimer(owner)
    timer.start(5000)
    assert leaks.found(2)[0].startswith("timer: every 5000 ms of ")
    timer.stop()
    assert leaks.found() == []


def test_a_thread_of_qt_is_seen(qapp: Any) -> None:
    leaks, thread = Leaks(), QThread()
    thread.setObjectName("decoder")
    thread.start()
    assert "'decoder'" in leaks.found(2)[0]
    thread.quit()
    thread.wait()
    assert leaks.found() == []


def test_a_worker_in_the_pool_is_seen(qapp: Any) -> None:
    leaks, go = Leaks(), threading.Event()

    class Work(QRunnable):
        def run(self) -> None:
            go.wait(60)

    QThreadPool.globalInstance().start(Work())
    assert leaks.found(2) == ["worker: 1 running in Qt's thread pool"]
    go.set()
    assert QThreadPool.globalInstance().waitForDone(60_000)
    assert leaks.found() == []


def test_a_panel_may_be_destroyed_while_its_job_ends_in_a_thread() -> None:
    # With a link to a method of the job this crashes, so it has a process of its own.
    script = Path(__file__).parents[1] / "support" / "jobs_that_end.py"
    told = subprocess.run(
        [sys.executable, str(script), "1000"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout.strip()) == (0, "1000"), told.stderr[-2000:]
