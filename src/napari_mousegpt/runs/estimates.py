"""How long a run will take and how much memory it needs, before it is begun."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt.core.durations import as_duration
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.features import FeatureParams, Silhouettes, kinematics
from napari_mousegpt.runs.chain import RunParams
from napari_mousegpt.runs.rates import Work, known_ratios, ratio_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Estimate", "device_line", "estimate", "estimate_work", "probe"]

#: By what factor an estimate may be off when nothing was measured here, or only a probe was taken.
_UNKNOWN, _PROBED = 3.0, 1.8
#: A probe looks at so many pictures, or rows of a pose, and reads no longer than that.
_PICTURES, _ROWS, _READ_S = 32, 4000, 0.5
#: Memory in MB: of the libraries, and of the pictures that a reader keeps.
_LIBRARIES_MB, _READER_MB = 90.0, 300.0


@dataclass(frozen=True)
class Estimate:
    """What a run will take.

    Parameters
    ----------
    steps : mapping of str to float
        Seconds of each step, as progress names them.
    factor : float
        The time may be so many times shorter or longer.
    memory_mb : float
        Memory beyond what is in use already; it may be twice as much, or half.
    basis : str
        What it rests on, in words.
    recordings : int
        How many recordings it is for.
    """

    steps: Mapping[str, float]
    factor: float
    memory_mb: float
    basis: str
    recordings: int = 1

    @property
    def seconds(self) -> float:
        """Seconds in all."""
        return float(sum(self.steps.values()))

    def lines(self) -> list[str]:
        """Return the estimate for people: time, memory, what it rests on."""
        low, high = self.seconds / self.factor, self.seconds * self.factor
        return [
            f"About {_rough(self.seconds)} ({_rough(low)} to {_rough(high)}), "
            f"{memory_text(self.memory_mb)} of memory.",
            f"Estimated from {self.basis}.",
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as plain values."""
        return {
            "seconds": round(self.seconds, 2),
            "factor": round(self.factor, 2),
            "steps": {step: round(seconds, 2) for step, seconds in self.steps.items()},
            "memory_mb": round(self.memory_mb),
            "basis": self.basis,
            "recordings": self.recordings,
        }


def estimate(
    recording: Recording,
    params: RunParams | None = None,
    within: Intervals | None = None,
    *,
    probed: Mapping[str, float] | None = None,
) -> Estimate:
    """Return what a run on a recording will take; nothing is read.

    Parameters
    ----------
    recording, params, within
        As for :func:`napari_mousegpt.runs.chain.iter_run`.
    probed : mapping of str to float, optional
        What :func:`probe` returned for this recording.
    """
    settings = params or RunParams()
    return estimate_work(Work.of(recording, settings, within), settings, probed=probed)


def estimate_work(
    work: Work, params: RunParams | None = None, *, probed: Mapping[str, float] | None = None
) -> Estimate:
    """Return what some work will take; parameters are those of :func:`estimate`."""
    settings = params or RunParams()
    known, tried = known_ratios(), dict(probed or {})
    machine = next(iter(tried.values()), 1.0)
    steps: dict[str, float] = {}
    weighted, remembered = 0.0, 0.0
    for kind, usual in work.seconds(settings).items():
        # Pictures differ: how they are coded counts, so a probe of this very video is the better.
        if kind in tried and (kind == "silhouette" or kind not in known):
            ratio, factor = tried[kind], _PROBED
        elif kind in known:
            ratio, factor = ratio_of(known[kind])
            factor = max(factor, _UNKNOWN if kind == "silhouette" else 1.0)
            remembered += usual * ratio
        else:
            ratio, factor = machine, 2.5 if tried else _UNKNOWN
        steps["features" if kind == work.measuring else kind] = usual * ratio
        weighted += usual * ratio * factor
    total = sum(steps.values())
    return Estimate(
        steps, weighted / total, _memory(work, settings), _basis(tried, remembered / total)
    )


def probe(recording: Recording, params: RunParams | None = None) -> dict[str, float]:
    """Measure a little of a recording and return how many times longer it takes than usual.

    It takes a second or two at most, and reads the video through a reader of its own.

    Returns
    -------
    dict of str to float
        By kind of measuring, ``"pose"`` or ``"silhouette"``; empty when there is nothing to
        measure.
    """
    settings = params or RunParams()
    if recording.pose is not None:
        return _probe_pose(recording, settings)
    if recording.video is None:
        return {}
    import skimage.filters
    import skimage.measure  # noqa: F401 - loading it is no part of the rate

    pictures, seconds = _read_some(recording, settings.features)
    clock = Timebase.constant(30, len(pictures))
    found = Silhouettes(pictures, clock, settings.features.silhouette)
    begun = time.perf_counter()
    found.shapes(0, len(pictures))
    seconds += (time.perf_counter() - begun) / len(pictures)
    work = Work(1000, 0, 1000, pixels=int(np.prod(recording.video.shape[1:3])))
    fixed = replace(work, looked=0).seconds(settings)["silhouette"]
    return {"silhouette": seconds * 1000 / (work.seconds(settings)["silhouette"] - fixed)}


def device_line() -> str:
    """Say what describes and projects, and where it runs."""
    return "Kinematic rules, no model needed, on the CPU."


def memory_text(megabytes: float) -> str:
    """Return an amount of memory for people, to two digits."""
    if megabytes >= 1000:
        return f"{megabytes / 1000:.1f} GB"
    return f"{float(f'{megabytes:.2g}'):.0f} MB"


def _rough(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 10 else as_duration(seconds)


def _probe_pose(recording: Recording, params: RunParams) -> dict[str, float]:
    from napari_mousegpt.core.body import BodyMap

    pose = recording.pose
    assert pose is not None
    rows = min(_ROWS, recording.n_frames)
    names = [str(name) for name in pose["keypoints"].values]
    body = BodyMap.from_names(names, params.features.body)
    clock = Timebase.constant(recording.timebase.fps, rows)
    some = pose.isel(time=slice(0, rows), individuals=[0])
    begun = time.perf_counter()
    kinematics(some, clock, body=body, params=params.features.kinematics)
    took = time.perf_counter() - begun
    usual = Work(rows, rows, keypoints=len(names)).seconds(params)["pose"]
    return {"pose": took / usual}


def _read_some(recording: Recording, params: FeatureParams) -> tuple[NDArray[np.uint8], float]:
    """Return thinned pictures from all over, and from one place, and the seconds to read one on."""
    reopen = getattr(recording.video, "reopen", None)
    source: Any = recording.video if reopen is None else reopen()
    try:
        stride = max(1, -(-max(source.shape[1:3]) // params.silhouette.max_side))
        count = len(source)

        def read(frames: Sequence[int]) -> tuple[list[NDArray[np.uint8]], float]:
            kept, begun = [], time.perf_counter()
            for frame in frames:
                kept.append(np.asarray(source[int(frame)])[::stride, ::stride])
                if time.perf_counter() - begun > _READ_S:
                    break
            return kept, (time.perf_counter() - begun) / len(kept)

        # Pictures from all over show the background; from one place they might hide the animal.
        spread, jump = read(np.linspace(0, count - 1, min(_PICTURES, count)).astype(int).tolist())
        # The last one read is where the reader stands: a run reads on from picture to picture.
        first = max(0, (count - _PICTURES) // 2)
        read([first])
        following = range(first + 1, min(first + 1 + _PICTURES // 2, count))
        near, seconds = read(following) if following else ([], jump)
    finally:
        if reopen is not None:
            source.close()
    return np.stack([*spread, *near]), seconds


def _memory(work: Work, params: RunParams) -> float:
    """Megabytes that a run needs at its worst moment, as measured on long recordings."""
    numbers = 7 if work.pixels else 30
    measures = work.n_frames * numbers * 4 / 1e6
    # All individuals are held; one at a time is measured, written and read back.
    needed = measures * (work.individuals + 4)
    if params.clusters_too:
        bins = work.asked / max(1.0, params.bin_s * work.fps)
        needed += bins * 60 * 4 * 5 / 1e6
    return _LIBRARIES_MB + needed + (_READER_MB if work.pixels else 0.0)


def _basis(tried: Mapping[str, float], remembered: float) -> str:
    said = []
    if tried:
        said.append("a short probe")
    if remembered > 0.05:
        said.append("earlier runs on this computer")
    return " and ".join(said) or "runs on another computer, as none was done on this one yet"
