"""How long a run will take and how much memory it needs, before it is begun."""

from __future__ import annotations

import math
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
from napari_mousegpt.runs.encoder_probe import probe_encoder
from napari_mousegpt.runs.model_speed import known_model, model_speed
from napari_mousegpt.runs.params import RunParams
from napari_mousegpt.runs.rates import MEASURING, Work, known_ratios, ratio_of
from napari_mousegpt.vectors import FoundEncoder
from napari_mousegpt.words import KinematicDescriber, segments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_mousegpt.words.found_model import FoundModel

__all__ = ["Estimate", "device_line", "estimate", "estimate_work", "probe"]

#: By what factor an estimate may be off when nothing was measured here, or only a probe was taken.
_UNKNOWN, _PROBED = 3.0, 1.8
#: The step whose progress a kind of work shows in, where it has another name.
_STEP_OF = {"pose": "features", "silhouette": "features", "encoder": "vectors", "model": "words"}
#: Encoders differ a thousandfold, so that without a probe next to nothing is known.
_ANY_ENCODER = 30.0
#: Other clips and other questions than those that a model was tried with.
_TRIED = 3.0
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
    asks : float
        About how many stretches a model or a server is asked about; 0 where rules describe.
    ask_s : float
        Seconds for each; NaN where nobody knows, and then ``steps`` has no words.
    """

    steps: Mapping[str, float]
    factor: float
    memory_mb: float
    basis: str
    recordings: int = 1
    asks: float = 0.0
    ask_s: float = math.nan

    @property
    def seconds(self) -> float:
        """Seconds in all."""
        return float(sum(self.steps.values()))

    def lines(self) -> list[str]:
        """Return the estimate for people: time, memory, what is asked, what it rests on."""
        low, high = self.seconds / self.factor, self.seconds * self.factor
        unknown = bool(self.asks) and math.isnan(self.ask_s)
        return [
            f"About {_rough(self.seconds)} ({_rough(low)} to {_rough(high)})"
            f"{' without the words' if unknown else ''}, {memory_text(self.memory_mb)} of memory.",
            *([self._asked()] if self.asks else []),
            f"Estimated from {self.basis}.",
        ]

    def _asked(self) -> str:
        count = float(f"{self.asks:.2g}")
        said = f"A model is asked about some {max(1, count):,.0f} stretches"
        if math.isnan(self.ask_s):
            return f"{said}; how long it takes for one is not known."
        return f"{said}, about {self.ask_s:.2g} s for each."

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as plain values."""
        return {
            "seconds": round(self.seconds, 2),
            "factor": round(self.factor, 2),
            "steps": {step: round(seconds, 2) for step, seconds in self.steps.items()},
            "memory_mb": round(self.memory_mb),
            "basis": self.basis,
            "recordings": self.recordings,
            "asks": round(self.asks),
            "ask_s": None if math.isnan(self.ask_s) else round(self.ask_s, 3),
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
    machine = next((tried[kind] for kind in MEASURING if kind in tried), 1.0)
    steps: dict[str, float] = {}
    weighted, remembered = 0.0, 0.0
    asks = _asks(work, settings, tried)
    for kind, usual in work.seconds(settings).items():
        # Pictures differ: how they are coded counts, so a probe of this very video is the better.
        if kind == "encoder" and kind in tried:
            factor = _PROBED
            ratio = tried["encoder_loading"] + tried[kind] * work.watched_s(settings)
            ratio /= usual
        elif kind == "encoder":
            ratio, factor = machine, _ANY_ENCODER
        elif kind == "model":
            if "ask_s" not in tried:
                continue  # models differ a thousandfold too, and no probe is short with one
            ratio, factor = (tried["model_loading"] + asks * tried["ask_s"]) / usual, _TRIED
        elif kind in tried and (kind == "silhouette" or kind not in known):
            ratio, factor = tried[kind], _PROBED
        elif kind in known:
            ratio, factor = ratio_of(known[kind])
            factor = max(factor, _UNKNOWN if kind == "silhouette" else 1.0)
            remembered += usual * ratio
        else:
            ratio, factor = machine, 2.5 if tried else _UNKNOWN
        steps[_STEP_OF.get(kind, kind)] = usual * ratio
        weighted += usual * ratio * factor
    total = sum(steps.values())
    return Estimate(
        steps,
        weighted / total,
        _memory(work, settings) + tried.get("encoder_mb", 0.0) + tried.get("model_mb", 0.0),
        _basis(tried, remembered / total),
        asks=asks,
        ask_s=tried.get("ask_s", math.nan) if asks else math.nan,
    )


def _asks(work: Work, params: RunParams, tried: Mapping[str, float]) -> float:
    if params.describer.by_rules or not params.describes:
        return 0.0
    return work.stretches(params, *([tried["stretches"]] if "stretches" in tried else []))


def probe(
    recording: Recording,
    params: RunParams | None = None,
    encoder: FoundEncoder | None = None,
    model: FoundModel | None = None,
) -> dict[str, float]:
    """Measure a little of a recording and return how many times longer it takes than usual.

    It takes a second or two at most, and reads the video through a reader of its own. A video
    encoder is loaded and given one batch. A model that makes words is not: how fast it is stands in
    its trust card, if it has one for that device. A server is not asked anything.

    Parameters
    ----------
    recording, params
        As for :func:`estimate`.
    encoder : FoundEncoder, optional
        What ``params.find_encoder()`` returned; it is looked for if it is not given.
    model : FoundModel, optional
        What :func:`napari_mousegpt.runs.model_speed.known_model` returned; the same.

    Returns
    -------
    dict of str to float
        By kind of measuring, ``"pose"`` or ``"silhouette"``; empty when there is nothing to
        measure. For a video encoder also what
        :func:`napari_mousegpt.runs.encoder_probe.probe_encoder` returns. For a model that makes
        words what is known of :func:`napari_mousegpt.runs.model_speed.model_speed`; and
        ``stretches``, how many there are to describe in a second.

    Raises
    ------
    ConsentError, InputError, DependencyError
        When the encoder or the model cannot be used.
    """
    settings = params or RunParams()
    found = encoder or settings.find_encoder()
    rates = {} if found is None else probe_encoder(recording, found, settings.video)
    asked = model or known_model(settings)
    if asked is not None:
        rates |= model_speed(asked)
    return rates | _probe_measuring(recording, settings)


def _probe_measuring(recording: Recording, settings: RunParams) -> dict[str, float]:
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


def device_line(encoder: FoundEncoder | None = None, model: FoundModel | None = None) -> str:
    """Say what describes and projects, and where it runs."""
    found = [*(model.lines() if model else []), *(encoder.lines() if encoder else [])]
    return " ".join(found) or "Kinematic rules, no model needed, on the CPU."


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
    found = kinematics(some, clock, body=body, params=params.features.kinematics)
    took = time.perf_counter() - begun
    usual = Work(rows, rows, keypoints=len(names)).seconds(params)["pose"]
    rates = {"pose": took / usual}
    if not params.describer.by_rules and params.segments == "behaviour":
        bounds = {"shortest_s": params.shortest_s, "longest_s": params.longest_s}
        cut = segments(recording.id, found, KinematicDescriber(params.rules), **bounds)
        rates["stretches"] = len(cut) / clock.duration
    return rates


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
    if "ask_s" in tried:
        said.append("trials of the model here")
    if remembered > 0.05:
        said.append("earlier runs on this computer")
    return (
        ", ".join([*said[:-2], " and ".join(said[-2:])])
        or "runs on another computer, as none was done on this one yet"
    )
