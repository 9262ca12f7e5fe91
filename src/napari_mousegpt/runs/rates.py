"""How long the steps of a run take: what there is to do, and how fast this machine was so far.

A step takes a fixed time and a time for each unit of work, as measured once on one core of a server
of 2023. How many times longer it takes here is learned from every run and kept in the user's cache.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_mousegpt.core.files import replacing
from napari_mousegpt.errors import StorageError
from napari_mousegpt.runs.measuring import Measuring

if TYPE_CHECKING:
    from napari_mousegpt.core.intervals import Intervals
    from napari_mousegpt.core.recording import Recording
    from napari_mousegpt.runs.params import RunParams

__all__ = ["MEASURING", "Work", "known_ratios", "ratio_of", "remember"]

#: The two ways to measure; progress calls both "features".
MEASURING = ("pose", "silhouette")

#: Seconds whatever there is to do, and seconds for each unit.
_COST = {
    "pose": (0.03, 3.5e-7),
    "silhouette": (0.5, 6.5e-8),
    "words": (0.01, 1.5e-6),
    "vectors": (0.01, 1.2e-5),
    "encoder": (3.0, 1.0),
    "model": (5.0, 1.0),
    "clusters": (0.4, 8.0e-5),
    "results": (0.35, 9.0e-6),
}
#: Seconds to load a library that a step uses, once in a session.
_LOADING = {
    "silhouette": ("skimage.measure", 0.4),
    "clusters": ("sklearn.cluster", 0.8),
    "results": ("matplotlib.figure", 0.4),
}
#: Further fixed seconds for the results of clusters, and of each refit.
_BOTH_S, _REFIT_S = 0.35, 0.3
#: Rows that a clustering looks at more closely than at the rest.
_FITTED_ROWS = 60_000
#: Rows that stability is told on.
_REFITTED_ROWS = 20_000
#: Stretches of behaviour that rules find in a second, where nobody has looked.
_STRETCHES = 1.0
#: Ratios that are kept for each kind of step; the median counts.
_KEPT = 9
#: Environment variable with the folder of everything that can be made again; ``off`` for none.
CACHE_VARIABLE = "NAPARI_MOUSEGPT_CACHE"


@dataclass(frozen=True)
class Work:
    """What there is to do.

    Parameters
    ----------
    n_frames : int
        Frames of the recording.
    asked : int
        Frames that are wanted, summed over the individuals.
    looked : int
        Pictures that are measured; 0 with a pose, which is always measured whole.
    individuals, keypoints : int
        Of the pose; 1 and 0 without one.
    fps : float
        Frames in a second.
    pixels : int
        Pixels of a picture that is measured.
    """

    n_frames: int
    asked: int
    looked: int = 0
    individuals: int = 1
    keypoints: int = 0
    fps: float = 30.0
    pixels: int = 0

    @classmethod
    def of(cls, recording: Recording, params: RunParams, within: Intervals | None = None) -> Work:
        """Return the work that a run on a recording is."""
        people, n = max(1, len(recording.individuals)), recording.n_frames
        asked = n * people
        if within is not None:
            spans = within.merge()
            everybody = spans.individual == ""
            asked = int(spans.length[everybody].sum()) * people
            asked += int(spans.length[~everybody].sum())
        if recording.pose is not None:
            keypoints = int(recording.pose.sizes["keypoints"])
            return cls(n, asked, 0, people, keypoints, recording.timebase.fps)
        shape = () if recording.video is None else tuple(recording.video.shape[1:3])
        pieces = Measuring(recording, params.features, within).pieces() if shape else []
        looked = sum(stop - start for start, stop in pieces)
        return cls(n, asked, looked, 1, 0, recording.timebase.fps, math.prod(shape))

    @property
    def measuring(self) -> str:
        """Which way it is measured: ``"pose"`` or ``"silhouette"``."""
        return "silhouette" if self.pixels else "pose"

    def watched_s(self, params: RunParams) -> float:
        """Return the seconds that a video encoder looks at; what all animals share counts once."""
        seconds = self.asked / self.fps
        return seconds if params.video.crop is not None else seconds / max(1, self.individuals)

    def stretches(self, params: RunParams, per_second: float = _STRETCHES) -> float:
        """Return about how many stretches are described.

        Parameters
        ----------
        params : RunParams
            How stretches are cut.
        per_second : float
            How many there are in a second of one animal, where behaviour cuts them.
        """
        seconds = self.asked / self.fps
        if params.segments == "windows":
            return seconds / (params.step_s or params.window_s)
        most = 1 / params.shortest_s if params.shortest_s else math.inf
        return seconds * min(max(per_second, 1 / params.longest_s), most)

    def seconds(self, params: RunParams) -> dict[str, float]:
        """Return how long each step took on the machine that was measured once.

        ``"model"`` stands instead of ``"words"`` where a model or a server makes them, and
        ``"encoder"`` stands instead of ``"vectors"`` where a video encoder makes them. How fast
        that is nobody knows before a probe: encoders differ a thousandfold.
        """
        bins = self.asked / max(1.0, params.bin_s * self.fps)
        most = params.features.silhouette.max_side**2
        units = {
            "pose": self.n_frames * self.individuals * self.keypoints,
            "silhouette": self.looked * (min(self.pixels, most) + 0.03 * self.pixels),
            "words": self.asked,
            "model": self.stretches(params),
            "vectors": bins if params.clusters_too else 0,
            "encoder": self.watched_s(params),
            "clusters": self._clustered(bins, params) if params.clusters_too else 0,
            "results": self.asked,
        }
        wanted = {self.measuring, "results"}
        describing = "words" if params.describer.by_rules else "model"
        wanted |= {describing} if params.describes else set()
        making = "vectors" if params.projecting.is_kinematic else "encoder"
        wanted |= {making, "clusters"} if params.clusters_too else set()
        found = {
            step: _COST[step][0] + _COST[step][1] * number
            for step, number in units.items()
            if step in wanted
        }
        if params.clusters_too:
            found["results"] += _BOTH_S
            found["clusters"] += 2 * params.clusters.refits * _REFIT_S
        for step, (library, seconds) in _LOADING.items():
            if step in found and library not in sys.modules:
                found[step] += seconds
        return found

    @staticmethod
    def _clustered(bins: float, params: RunParams) -> float:
        """Return rows that are fitted and assigned, with the refits that tell the stability."""
        again = 2 * params.clusters.refits * min(bins, _REFITTED_ROWS)
        return min(bins, _FITTED_ROWS) + 0.5 * bins + 1.25 * again


def remember(usual: Mapping[str, float], spent: Mapping[str, float]) -> None:
    """Keep what the steps of a run took; where nothing can be kept, nothing is.

    Parameters
    ----------
    usual : mapping of str to float
        What :meth:`Work.seconds` said before the run.
    spent : mapping of str to float
        Seconds by step; NaN where parts were found finished.
    """
    file = _file()
    if file is None:
        return
    kept = _read(file)
    for step, expected in usual.items():
        took = spent.get("features" if step in MEASURING else step, math.nan)
        if took > 0:
            kept[step] = [*kept.get(step, []), round(took / expected, 4)][-_KEPT:]
    # A full or read-only disk: the next estimate is less sure.
    with suppress(StorageError, OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as aside:
            aside.write_text(json.dumps(kept), encoding="utf-8")


def known_ratios() -> dict[str, list[float]]:
    """Return how many times longer each step took here in earlier runs, the latest last."""
    file = _file()
    return {} if file is None else _read(file)


def ratio_of(ratios: list[float]) -> tuple[float, float]:
    """Return the usual ratio, and by what factor a further one may be off.

    Parameters
    ----------
    ratios : list of float
        At least one.
    """
    ordered = sorted(ratios)
    middle = ordered[(len(ordered) - 1) // 2]
    spread = max(ordered[-1] / middle, middle / ordered[0])
    least = 1.5 if len(ordered) >= 3 else 2.0
    return middle, min(max(least, spread), 4.0)


def _file() -> Path | None:
    chosen = os.environ.get(CACHE_VARIABLE, "")
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen) / "rates.json"
    from platformdirs import user_cache_path

    return user_cache_path("napari-mousegpt", appauthor=False) / "rates.json"


def _read(file: Path) -> dict[str, list[float]]:
    """Return what is kept; a damaged file is as good as none, as it is written anew."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {
            step: [float(ratio) for ratio in found[step] if 0 < float(ratio) < math.inf]
            for step in _COST
            if found.get(step)
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
