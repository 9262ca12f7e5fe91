"""How long a study will take: a few of its recordings are looked at, the others are like them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from napari_mousegpt.core.study import Study
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.runs.estimates import Estimate, estimate, probe
from napari_mousegpt.runs.model_speed import known_model
from napari_mousegpt.runs.params import RunParams
from napari_mousegpt.runs.study_opening import close_recording, open_of_study

__all__ = ["estimate_study"]

#: Recordings that are looked at, and seconds after which no further one is.
_LOOKED, _LOOK_S = 5, 8.0
#: Opening a recording and writing into its folder twice.
_OPEN_S = 0.3


def estimate_study(
    study: Study, params: RunParams | None = None, *, opening: Mapping[str, Any] | None = None
) -> Estimate:
    """Return what a study will take.

    Up to five recordings, evenly spread over the table, are opened and looked at for some seconds.

    Parameters
    ----------
    study, params, opening
        As for :func:`napari_mousegpt.runs.study_runs.iter_run_study`.

    Raises
    ------
    InputError
        When none of those recordings can be opened; the first reason is given.
    """
    settings, names = params or RunParams(), study.recordings
    encoder = settings.find_encoder()
    model = known_model(settings)
    spread = np.unique(np.linspace(0, len(names) - 1, min(_LOOKED, len(names))).round().astype(int))
    found: list[Estimate] = []
    first: MouseGPTError | None = None
    begun = time.monotonic()
    for name in [names[place] for place in spread]:
        try:
            recording = open_of_study(study, name, opening)
        except MouseGPTError as error:
            first = first or error
            continue
        try:
            probed = probe(recording, settings, encoder, model)
            found.append(estimate(recording, settings, probed=probed))
        finally:
            close_recording(recording)
        if time.monotonic() - begun > _LOOK_S:
            break
    if not found:
        raise InputError(
            "study",
            expected="recordings that can be opened",
            found=f"none of the {len(spread)} that were tried: {first}",
            remedy="Look over the table with: napari-mousegpt study TABLE.",
        )
    steps: dict[str, float] = defaultdict(float)
    for one in found:
        for step, seconds in one.steps.items():
            steps[step] += seconds / len(found) * len(names)
    steps["results"] = steps.get("results", 0.0) + _OPEN_S * len(names)
    # Those not looked at may be longer or shorter.
    factor = max(one.factor for one in found) * (1.0 if len(found) == len(names) else 1.3)
    few = f"{len(found)} of {len(names)} recordings"
    return replace(
        found[0],
        steps=dict(steps),
        factor=factor,
        memory_mb=max(one.memory_mb for one in found),
        basis=f"{few}: {found[0].basis}",
        recordings=len(names),
        asks=sum(one.asks for one in found) / len(found) * len(names),
    )
