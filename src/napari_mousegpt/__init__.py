"""Describe, cluster and compare mouse behaviour from video and pose.

Everything below is loaded when it is first used: importing the package costs next to nothing.

>>> import napari_mousegpt as mg
>>> names = [name for name in dir(mg) if name.startswith("iter_")]
>>> names  # doctest: +NORMALIZE_WHITESPACE
['iter_annotate_video', 'iter_calibrate_model', 'iter_cluster', 'iter_describe',
 'iter_describe_some', 'iter_exemplars', 'iter_project', 'iter_run', 'iter_run_study']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Where each public name lives.
_HOMES = {
    "Arena": "core.arena",
    "BodyMap": "core.body",
    "Ethogram": "core.ethogram",
    "Intervals": "core.intervals",
    "Recording": "core.recording",
    "RunCard": "core.provenance",
    "Study": "core.study",
    "Timebase": "core.timebase",
    "Vectors": "core.vectors",
    "View": "core.recording",
    "Zone": "core.arena",
    "action_profile": "vectors.actions",
    "annotate_video": "reports.annotated_video",
    "as_dask": "io.dask_frames",
    "audit_table": "core.audit_trail",
    "blind_study": "store.blinding",
    "calibrate_model": "runs.calibrating",
    "certify": "runs.certify",
    "check_study": "io.study",
    "cluster": "clusters.clustering",
    "corrected": "core.correcting",
    "describe": "words.describing",
    "describe_some": "runs.describing_some",
    "doctor": "runs.checkup",
    "epochs_around": "io.epochs",
    "ethogram": "clusters.ethograms",
    "exemplars": "reports.exemplar_movie",
    "export": "runs.exporting",
    "find_weights": "models.weights",
    "info": "io.inspect",
    "iter_annotate_video": "reports.annotated_video",
    "iter_calibrate_model": "runs.calibrating",
    "iter_cluster": "clusters.clustering",
    "iter_describe": "words.describing",
    "iter_describe_some": "runs.describing_some",
    "iter_exemplars": "reports.exemplar_movie",
    "iter_project": "vectors.projecting",
    "iter_run": "runs.chain",
    "iter_run_study": "runs.study_runs",
    "load_arenas": "io.arenas",
    "load_blind_study": "store.blinding",
    "load_corrections": "store.corrections",
    "load_epochs": "io.epochs",
    "load_ethogram": "runs.exporting",
    "load_labels": "io.label_formats",
    "load_pose": "io.pose",
    "load_run": "runs.results",
    "load_study": "io.study",
    "load_study_run": "runs.study_results",
    "nearest": "vectors.actions",
    "open_pictures": "io.pictures",
    "open_recording": "io.recordings",
    "plan_describe_some": "runs.describing_some",
    "project": "vectors.projecting",
    "relocate": "io.relocation",
    "run": "runs.chain",
    "run_study": "runs.study_runs",
    "sample": "io.samples",
    "save_arenas": "io.arenas",
    "show": "_napari.show",
    "show_heading": "_napari.motion_layers",
    "show_trail": "_napari.motion_layers",
    "split_by_arena": "core.arena_pose",
    "start": "_napari.show",
    "trust_card": "models.trust",
    "viewer_state": "_napari.console",
    "windows": "core.intervals",
    "write_study": "io.study",
    "zone_entries": "features.zones",
    "zone_summary": "features.zones",
}

__all__ = [
    "Arena",
    "BodyMap",
    "Ethogram",
    "Intervals",
    "Recording",
    "RunCard",
    "Study",
    "Timebase",
    "Vectors",
    "View",
    "Zone",
    "__version__",
    "action_profile",
    "annotate_video",
    "as_dask",
    "audit_table",
    "blind_study",
    "calibrate_model",
    "certify",
    "check_study",
    "cluster",
    "corrected",
    "describe",
    "describe_some",
    "doctor",
    "epochs_around",
    "ethogram",
    "exemplars",
    "export",
    "find_weights",
    "info",
    "iter_annotate_video",
    "iter_calibrate_model",
    "iter_cluster",
    "iter_describe",
    "iter_describe_some",
    "iter_exemplars",
    "iter_project",
    "iter_run",
    "iter_run_study",
    "load_arenas",
    "load_blind_study",
    "load_corrections",
    "load_epochs",
    "load_ethogram",
    "load_labels",
    "load_pose",
    "load_run",
    "load_study",
    "load_study_run",
    "nearest",
    "open_pictures",
    "open_recording",
    "plan_describe_some",
    "project",
    "relocate",
    "run",
    "run_study",
    "sample",
    "save_arenas",
    "show",
    "show_heading",
    "show_trail",
    "split_by_arena",
    "start",
    "trust_card",
    "viewer_state",
    "windows",
    "write_study",
    "zone_entries",
    "zone_summary",
]

if TYPE_CHECKING:
    from napari_mousegpt._napari.console import viewer_state
    from napari_mousegpt._napari.motion_layers import show_heading, show_trail
    from napari_mousegpt._napari.show import show, start
    from napari_mousegpt.clusters.clustering import cluster, iter_cluster
    from napari_mousegpt.clusters.ethograms import ethogram
    from napari_mousegpt.core.arena import Arena, Zone
    from napari_mousegpt.core.arena_pose import split_by_arena
    from napari_mousegpt.core.audit_trail import audit_table
    from napari_mousegpt.core.body import BodyMap
    from napari_mousegpt.core.correcting import corrected
    from napari_mousegpt.core.ethogram import Ethogram
    from napari_mousegpt.core.intervals import Intervals, windows
    from napari_mousegpt.core.provenance import RunCard
    from napari_mousegpt.core.recording import Recording, View
    from napari_mousegpt.core.study import Study
    from napari_mousegpt.core.timebase import Timebase
    from napari_mousegpt.core.vectors import Vectors
    from napari_mousegpt.features.zones import zone_entries, zone_summary
    from napari_mousegpt.io.arenas import load_arenas, save_arenas
    from napari_mousegpt.io.dask_frames import as_dask
    from napari_mousegpt.io.epochs import epochs_around, load_epochs
    from napari_mousegpt.io.inspect import info
    from napari_mousegpt.io.label_formats import load_labels
    from napari_mousegpt.io.pictures import open_pictures
    from napari_mousegpt.io.pose import load_pose
    from napari_mousegpt.io.recordings import open_recording
    from napari_mousegpt.io.relocation import relocate
    from napari_mousegpt.io.samples import sample
    from napari_mousegpt.io.study import check_study, load_study, write_study
    from napari_mousegpt.models.trust import trust_card
    from napari_mousegpt.models.weights import find_weights
    from napari_mousegpt.reports.annotated_video import annotate_video, iter_annotate_video
    from napari_mousegpt.reports.exemplar_movie import exemplars, iter_exemplars
    from napari_mousegpt.runs.calibrating import calibrate_model, iter_calibrate_model
    from napari_mousegpt.runs.certify import certify
    from napari_mousegpt.runs.chain import iter_run, run
    from napari_mousegpt.runs.checkup import doctor
    from napari_mousegpt.runs.describing_some import (
        describe_some,
        iter_describe_some,
        plan_describe_some,
    )
    from napari_mousegpt.runs.exporting import export, load_ethogram
    from napari_mousegpt.runs.results import load_run
    from napari_mousegpt.runs.study_results import load_study_run
    from napari_mousegpt.runs.study_runs import iter_run_study, run_study
    from napari_mousegpt.store.blinding import blind_study, load_blind_study
    from napari_mousegpt.store.corrections import load_corrections
    from napari_mousegpt.vectors.actions import action_profile, nearest
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
