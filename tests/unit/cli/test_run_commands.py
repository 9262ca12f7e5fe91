"""The command ``run``: what its options mean."""

from __future__ import annotations

import argparse

import pytest

from napari_mousegpt.cli.run_commands import _params, add_run_options
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.runs import RunParams

CLOCK = Timebase.constant(30, 300)


def params(*words: str) -> RunParams:
    parser = argparse.ArgumentParser()
    add_run_options(parser)
    return _params(parser.parse_args(["video.mp4", *words]), CLOCK)


def test_what_is_not_said_is_as_everywhere() -> None:
    assert params() == RunParams()


@pytest.mark.parametrize(
    ("words", "window_s", "step_s"),
    [
        (["--window", "2s"], 2.0, 0.0),
        (["--window", "60f", "--step", "500ms"], 2.0, 0.5),
        (["--step", "15f"], 1.0, 0.5),
    ],
)
def test_windows_and_steps(words: list[str], window_s: float, step_s: float) -> None:
    found = params("--windows", *words)
    assert (found.segments, found.window_s, found.step_s) == ("windows", window_s, step_s)
