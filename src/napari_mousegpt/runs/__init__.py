"""Whole runs: the chain from a recording to a folder of results, and the check-up."""

from napari_mousegpt.runs.chain import RunParams, iter_run, run
from napari_mousegpt.runs.checkup import doctor
from napari_mousegpt.runs.results import RunResult, load_run

__all__ = ["RunParams", "RunResult", "doctor", "iter_run", "load_run", "run"]
