"""Describe, cluster and compare mouse behaviour from video and pose.

Everything below is loaded when it is first used: importing the package costs next to nothing.

>>> import napari_mousegpt as mg
>>> sorted(name for name in dir(mg) if name.startswith("iter_"))
['iter_cluster', 'iter_describe', 'iter_project', 'iter_run']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Where each public name lives.
_HOMES = {
    "BodyMap": "core.body",
    "Ethogram": "core.ethogram",
    "Intervals": "core.intervals",
    "Recording": "core.recording",
    "RunCard": "core.provenance",
    "Study": "core.study",
    "Timebase": "core.timebase",
    "Vectors": "core.vectors",
    "View": "core.recording",
    "cluster": "clusters.clustering",
    "describe": "words.describing",
    "doctor": "runs.checkup",
    "ethogram": "clusters.ethograms",
    "export": "runs.exporting",
    "info": "io.inspect",
    "iter_cluster": "clusters.clustering",
    "iter_describe": "words.describing",
    "iter_project": "vectors.projecting",
    "iter_run": "runs.chain",
    "load_ethogram": "runs.exporting",
    "load_run": "runs.results",
    "load_study": "io.study",
    "open_recording": "io.recordings",
    "project": "vectors.projecting",
    "run": "runs.chain",
    "sample": "io.samples",
    "show": "_napari.show",
    "start": "_napari.show",
    "windows": "core.intervals",
}

__all__ = [
    "BodyMap",
    "Ethogram",
    "Intervals",
    "Recording",
    "RunCard",
    "Study",
    "Timebase",
    "Vectors",
    "View",
    "__version__",
    "cluster",
    "describe",
    "doctor",
    "ethogram",
    "export",
    "info",
    "iter_cluster",
    "iter_describe",
    "iter_project",
    "iter_run",
    "load_ethogram",
    "load_run",
    "load_study",
    "open_recording",
    "project",
    "run",
    "sample",
    "show",
    "start",
    "windows",
]

if TYPE_CHECKING:
    from napari_mousegpt._napari.show import show, start
    from napari_mousegpt.clusters.clustering import cluster, iter_cluster
    from napari_mousegpt.clusters.ethograms import ethogram
    from napari_mousegpt.core.body import BodyMap
    from napari_mousegpt.core.ethogram import Ethogram
    from napari_mousegpt.core.intervals import Intervals, windows
    from napari_mousegpt.core.provenance import RunCard
    from napari_mousegpt.core.recording import Recording, View
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.core.timebase import Timebase
    from napari_mousegpt.core.vectors import Vectors
    from napari_mousegpt.io.inspect import info
    from napari_mousegpt.io.recordings import open_recording
    from napari_mousegpt.io.samples import sample
    from napari_mousegpt.io.study import load_study
    from napari_mousegpt.runs.chain import iter_run, run
    from napari_mousegpt.runs.checkup import doctor
    from napari_mousegpt.runs.exporting import export, load_ethogram
    from napari_mousegpt.runs.results import load_run
    from napari_mousegpt.vectors.projecting import iter_project, project
    from napari_mousegpt.words.describing import describe, iter_describe


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
