"""Importing the package costs next to nothing and drags nothing in."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import napari_mousegpt

HEAVY = {"napari", "qtpy", "torch", "transformers", "pandas", "sklearn", "scipy", "av", "xarray"}


def _fresh(code: str) -> str:
    """Run code in a bare interpreter without the coverage and plugins of this one."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", "COVERAGE_PROCESS_START": ""},
    )
    return result.stdout


def test_import_loads_nothing_heavy() -> None:
    loaded = json.loads(
        _fresh("import json, sys, napari_mousegpt; print(json.dumps(sorted(sys.modules)))")
    )
    assert HEAVY.isdisjoint(name.partition(".")[0] for name in loaded)


def test_import_costs_less_than_150_ms_of_processor_time() -> None:
    code = "import time; t = time.process_time(); import napari_mousegpt; print(time.process_time() - t)"
    # The first import may compile byte code; the best of three is what a user sees every day.
    assert min(float(_fresh(code)) for _ in range(3)) < 0.15


def test_all_names_are_found_and_nothing_else_is_promised() -> None:
    assert set(napari_mousegpt.__all__) == {*napari_mousegpt._HOMES, "__version__"}
    assert set(napari_mousegpt.__all__) <= set(dir(napari_mousegpt))


def test_an_unknown_name_is_an_attribute_error() -> None:
    try:
        napari_mousegpt.no_such_verb  # noqa: B018
    except AttributeError as error:
        assert "no_such_verb" in str(error)
    else:
        raise AssertionError("an unknown name must not be found")
