"""Runs that were finished in a viewer, for the panels that go on from them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from napari_mousegpt._napari import jobs
from napari_mousegpt._napari.found_runs import found_runs
from napari_mousegpt._napari.show import start
from napari_mousegpt._napari.state import state_of


def test_a_run_that_was_started_in_the_console_is_noted(
    viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []
    monkeypatch.setattr(jobs, "start_job", lambda *_, on_done, **__: done.append(on_done))
    told: list[Path] = []
    runs = found_runs(state_of(viewer))
    runs.found.connect(told.append)
    for verb, place in (("run", "one"), ("run_study", "all"), ("describe", "words")):
        start(viewer, verb)
        list(done.pop()(SimpleNamespace(path=Path(place))))
    assert told == [Path("one"), Path("all")]
    assert runs.last == Path("all")
