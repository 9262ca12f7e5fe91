"""Importing the package costs next to nothing and drags nothing in."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import napari_mousegpt
from support.pace import slowness

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
    code = (
        "import time; begun = time.process_time(); import napari_mousegpt; "
        "print(time.process_time() - begun)"
    )
    # The first import may compile byte code; the best of three is what a user sees every day.
    spent = min(float(_fresh(code)) for _ in range(3))
    assert spent / slowness() < 0.15


def test_all_names_are_found_and_nothing_else_is_promised() -> None:
    assert set(napari_mousegpt.__all__) == {*napari_mousegpt._HOMES, "__version__"}
    assert set(napari_mousegpt.__all__) <= set(dir(napari_mousegpt))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_verb"):
        _ = napari_mousegpt.no_such_verb


def test_no_module_is_hidden_by_a_name_of_its_room() -> None:
    """``from room import verb`` must never give a module where a function is meant."""
    package = Path(napari_mousegpt.__file__).parent
    for room in (path for path in package.iterdir() if (path / "__init__.py").exists()):
        public = getattr(importlib.import_module(f"napari_mousegpt.{room.name}"), "__all__", [])
        modules = {path.stem for path in room.glob("*.py")}
        assert not modules & set(public), room.name
