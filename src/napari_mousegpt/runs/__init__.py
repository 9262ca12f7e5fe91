"""Whole runs: the chain from a recording to a folder of results, and the check-up."""

from napari_mousegpt.runs.doctor import doctor
from napari_mousegpt.runs.results import RunResult, load_run
from napari_mousegpt.runs.run import RunParams, iter_run, run

__all__ = ["RunParams", "RunResult", "doctor", "iter_run", "load_run", "run"]
