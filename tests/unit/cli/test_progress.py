from __future__ import annotations

import io
from types import SimpleNamespace

import pandas as pd
import pytest

from napari_mousegpt.cli.progress import shown
from napari_mousegpt.core.durations import as_duration
from napari_mousegpt.store import Part


def _parts(step: str, total: int, *, resumed: int = 0, seconds: float = 2.0) -> list[Part]:
    return [
        Part(step, str(n), pd.DataFrame(), n, total, n <= resumed, 0.0 if n <= resumed else seconds)
        for n in range(1, total + 1)
    ]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_parts_are_passed_on_unchanged() -> None:
    parts = _parts("words", 3)
    assert list(shown(iter(parts), io.StringIO())) == parts


def test_a_file_gets_one_line_for_each_step() -> None:
    log = io.StringIO()
    list(shown([*_parts("words", 3), *_parts("vectors", 2, resumed=2)], log))
    lines = log.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("words     3/3  in")
    assert lines[1].endswith("(2 found finished)")


def test_a_terminal_sees_the_time_that_is_left() -> None:
    terminal = _Terminal()
    list(shown(_parts("words", 4), terminal))
    texts = terminal.getvalue().split("\r\x1b[K")[1:]
    assert len(texts) == 4
    assert texts[0].startswith("words     1/4")
    assert texts[0].endswith("left")
    assert "left" not in texts[-1]


def test_found_parts_do_not_make_the_rest_look_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 10 parts 8 were there; two of 100 s are to do, so after one about 100 s are left."""
    terminal = _Terminal()
    parts = _parts("words", 10, resumed=8, seconds=100.0)
    moments = iter([0.0] * 9 + [100.0, 200.0])
    clock = SimpleNamespace(monotonic=lambda: next(moments))
    monkeypatch.setattr("napari_mousegpt.cli.progress.time", clock)
    list(shown(parts, terminal))
    assert "1 min 40 s left" in terminal.getvalue()


def test_quiet_is_quiet() -> None:
    log = io.StringIO()
    assert len(list(shown(_parts("words", 3), log, quiet=True))) == 3
    assert not log.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (42, "42 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert as_duration(seconds) == text
