"""Describe, cluster and compare mouse behaviour from video and pose.

Everything below is loaded when it is first used: importing the package costs next to nothing.

>>> import napari_mousegpt as mg
>>> names = [name for name in dir(mg) if name.startswith("iter_")]
>>> names  # doctest: +NORMALIZE_WHITESPACE
['iter_annotate_video', 'iter_apply_map', 'iter_calibrate_model', 'iter_cluster', 'iter_describe',
 'iter_describe_some', 'iter_exemplars', 'iter_novel', 'iter_project', 'iter_refit_map',
 'iter_run', 'iter_run_study']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Where each public name lives.
_HOMES = {
    "Arena": "core.arena",
    "BodyMap": "core.body",
    "ClusterMap": "clusters.cluster_map",
    "ClusterParams": "clusters.params",
    "Ethogram": "core.ethogram",
    "GrowingMap": "clusters.growing",
    "Intervals": "core.intervals",
    "NamedMap": "clusters.named_map",
    "NoveltyParams": "clusters.novelty_params",
    "OddParams": "clusters.novelty_params",
    "Recording": "core.recording",
    "RunCard": "core.provenance",
    "SearchFilters": "clusters.search_filters",
    "SearchIndex": "clusters.search",
    "Study": "core.study",
    "Timebase": "core.timebase",
    "Vectors": "core.vectors",
    "View": "core.recording",
    "Zone": "core.arena",
    "action_profile": "vectors.actions",
    "annotate_video": "reports.annotated_video",
    "apply_map": "runs.applying",
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
    "inspect_map": "clusters.published",
    "iter_annotate_video": "reports.annotated_video",
    "iter_apply_map": "runs.applying",
    "iter_calibrate_model": "runs.calibrating",
    "iter_cluster": "clusters.clustering",
    "iter_describe": "words.describing",
    "iter_describe_some": "runs.describing_some",
    "iter_exemplars": "reports.exemplar_movie",
    "iter_novel": "clusters.novelty_run",
    "iter_project": "vectors.projecting",
    "iter_refit_map": "clusters.refit_run",
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
    "novel": "clusters.novelty_run",
    "novel_against": "clusters.novelty",
    "odd_within": "clusters.oddness",
    "open_pictures": "io.pictures",
    "open_recording": "io.recordings",
    "plan_describe_some": "runs.describing_some",
    "project": "vectors.projecting",
    "publish_map": "runs.publishing_maps",
    "refit_map": "clusters.refit_run",
    "relocate": "io.relocation",
    "run": "runs.chain",
    "run_study": "runs.study_runs",
    "sample": "io.samples",
    "save_arenas": "io.arenas",
    "search": "clusters.search",
    "show": "_napari.show",
    "show_heading": "_napari.motion_layers",
    "show_trail": "_napari.motion_layers",
    "side_by_side": "clusters.side_by_side",
    "split_by_arena": "core.arena_pose",
    "start": "_napari.show",
    "trust_card": "models.trust",
    "vector_stream": "runs.applying",
    "viewer_state": "_napari.console",
    "windows": "core.intervals",
    "write_study": "io.study",
    "zone_entries": "features.zones",
    "zone_summary": "features.zones",
}

__all__ = [
    "Arena",
    "BodyMap",
    "ClusterMap",
    "ClusterParams",
    "Ethogram",
    "GrowingMap",
    "Intervals",
    "NamedMap",
    "NoveltyParams",
    "OddParams",
    "Recording",
    "RunCard",
    "SearchFilters",
    "SearchIndex",
    "Study",
    "Timebase",
    "Vectors",
    "View",
    "Zone",
    "__version__",
    "action_profile",
    "annotate_video",
    "apply_map",
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
    "inspect_map",
    "iter_annotate_video",
    "iter_apply_map",
    "iter_calibrate_model",
    "iter_cluster",
    "iter_describe",
    "iter_describe_some",
    "iter_exemplars",
    "iter_novel",
    "iter_project",
    "iter_refit_map",
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
    "novel",
    "novel_against",
    "odd_within",
    "open_pictures",
    "open_recording",
    "plan_describe_some",
    "project",
    "publish_map",
    "refit_map",
    "relocate",
    "run",
    "run_study",
    "sample",
    "save_arenas",
    "search",
    "show",
    "show_heading",
    "show_trail",
    "side_by_side",
    "split_by_arena",
    "start",
    "trust_card",
    "vector_stream",
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
    from napari_mousegpt.clusters.cluster_map import ClusterMap
    from napari_mousegpt.clusters.clustering import cluster, iter_cluster
    from napari_mousegpt.clusters.ethograms import ethogram
    from napari_mousegpt.clusters.growing import GrowingMap
    from napari_mousegpt.clusters.named_map import NamedMap
    from napari_mousegpt.clusters.novelty import novel_against
    from napari_mousegpt.clusters.novelty_params import NoveltyParams, OddParams
    from napari_mousegpt.clusters.novelty_run import iter_novel, novel
    from napari_mousegpt.clusters.oddness import odd_within
    from napari_mousegpt.clusters.params import ClusterParams
    from napari_mousegpt.clusters.published import inspect_map
    from napari_mousegpt.clusters.refit_run import iter_refit_map, refit_map
    from napari_mousegpt.clusters.search import SearchIndex, search
    from napari_mousegpt.clusters.search_filters import SearchFilters
    from napari_mousegpt.clusters.side_by_side import side_by_side
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
    from napari_mousegpt.runs.applying import apply_map, iter_apply_map, vector_stream
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
    from napari_mousegpt.runs.publishing_maps import publish_map
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
