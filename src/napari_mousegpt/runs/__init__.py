"""Whole runs: the chain from a recording to a folder of results, studies, and the check-up."""

from napari_mousegpt.runs.chain import iter_run, run
from napari_mousegpt.runs.checkup import doctor
from napari_mousegpt.runs.params import RunParams
from napari_mousegpt.runs.results import RunResult, load_run
from napari_mousegpt.runs.study_results import StudyPart, StudyResult, load_study_run
from napari_mousegpt.runs.study_runs import iter_run_study, run_study

__all__ = [
    "RunParams",
    "RunResult",
    "StudyPart",
    "StudyResult",
    "doctor",
    "iter_run",
    "iter_run_study",
    "load_run",
    "load_study_run",
    "run",
    "run_study",
]
