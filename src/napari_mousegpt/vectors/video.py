"""Intervals to points by a video encoder: several clips of each, read and encoded once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.clips.reading import iter_clips
from napari_mousegpt.clips.sampling import ClipParams
from napari_mousegpt.core.intervals import Intervals, windows
from napari_mousegpt.core.provenance import digest
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError
from napari_mousegpt.models.engine import Budget, Cancelled, Failed, run_engine
from napari_mousegpt.store import recording_inputs
from napari_mousegpt.vectors.actions import softmax
from napari_mousegpt.vectors.clip_cache import ClipCache, ClipVector, Span
from napari_mousegpt.vectors.placing import clip_length, clip_spans, exact_seconds
from napari_mousegpt.vectors.projected import Projected
from napari_mousegpt.vectors.video_encoders import (
    TRAINED_FPS,
    FoundEncoder,
    VideoParams,
    find_encoder,
)

if TYPE_CHECKING:
    from napari_mousegpt.models.encoders import VideoEncoder

__all__ = ["VideoParams", "VideoProjector", "load_encoder", "video_windows"]

# Changes with what this program makes of the same clip and weights.
_VERSION = 1
# These decide where clips lie, not what comes of one.
_ONLY_PLACES = ("stride_s", "clips")


def load_encoder(name: str, params: VideoParams | None = None, **finding: Any) -> VideoEncoder:
    """Find, check and load a video encoder.

    Parameters
    ----------
    name : str
        Preset, local folder, hub id, or a released Video-Swin checkpoint (``.pth``).
    params : VideoParams, optional
        Revision, device, numbers.
    **finding
        Passed to :func:`napari_mousegpt.models.weights.find_weights`: whether to stay offline,
        what was agreed to, who hears of progress.
    """
    return find_encoder(name, params, **finding).loaded


class VideoProjector:
    """Turns intervals of one recording into vectors of one encoder.

    Parameters
    ----------
    recording : Recording
        With a video.
    encoder : VideoEncoder
    params : VideoParams, optional

    Notes
    -----
    Clips that were encoded before, with the same video, cutting and weights, are taken from the
    user's cache; what a run that was cancelled had finished is among them.
    """

    def __init__(
        self, recording: Recording, encoder: VideoEncoder, params: VideoParams | None = None
    ) -> None:
        self.recording = recording
        self.encoder = encoder
        self.params = params or VideoParams()
        spec = encoder.spec
        self.frames = self.params.frames or spec.frames
        spec.check_frames(self.frames)
        self.stride_s = self.params.stride_s or spec.interval / TRAINED_FPS
        # The pictures of a span are spread over it, so a span of the right length has the stride.
        self._clip = ClipParams(
            self.frames, 0.0, spec.short_side, self.params.crop, self.params.cameras
        )
        # Behind the kind of the hash, which is the same for all weights.
        weights = encoder.weights.files_hash.rpartition(":")[2]
        self.revision = f"{weights[:16]}-{digest(self._identity())}"
        self._cache = ClipCache(self._key())
        self._budget = Budget(self.params.batch_on(encoder.device.type))

    def _identity(self) -> dict[str, Any]:
        """What of the parameters changes a vector; how many clips are averaged is one of them."""
        return {
            "version": _VERSION,
            "clip": asdict(self._clip),
            "stride_s": self.stride_s,
            "clips": self.params.clips,
            "dtype": str(self.encoder.dtype),
            "spec": asdict(self.encoder.spec),
        }

    def _key(self) -> str:
        known = recording_inputs(self.recording)
        skipped = ("recording", *(() if self.params.crop else ("/pose",)))
        video = {name: value for name, value in known.items() if not name.endswith(skipped)}
        clip = {name: value for name, value in self._identity().items() if name not in _ONLY_PLACES}
        weights = self.encoder.weights.files_hash
        return digest({"video": video, "clip": clip, "weights": weights}, size=16)

    def project(
        self, intervals: Intervals, *, cancelled: Callable[[], bool] = lambda: False
    ) -> Projected:
        """Return the vector of each interval, and what its actions look like.

        Parameters
        ----------
        intervals : Intervals
            Of this recording. An individual matters only where the clip follows it.
        cancelled : callable, optional
            Whether to stop; asked before each clip and each batch.

        Returns
        -------
        Projected
            One row for each interval, in their order.

        Raises
        ------
        InputError
            For an interval of another recording, without length, beyond the video, or with fewer
            pictures than a clip has.
        Cancelled
            When it was; what was finished by then is kept for the next time.
        """
        spans = self._spans(intervals)
        todo = sorted(
            {span for group in spans for span in group if span not in self._cache},
            key=lambda span: (span[1], span[2], span[0]),
        )
        try:
            with closing(self._encoded(todo, cancelled)) as encoded:
                for span, vector in encoded:
                    self._cache.add(span, vector)
        finally:
            self._cache.flush()
        if any(span not in self._cache for span in todo):
            raise Cancelled
        return self._averaged(intervals, spans)

    def _spans(self, intervals: Intervals) -> list[list[Span]]:
        clock, called = self.recording.timebase, self.recording.id
        spans = []
        for row, (name, who, start, stop) in enumerate(
            zip(intervals.recording, intervals.individual, intervals.start.tolist(),
                intervals.stop.tolist(), strict=True)
        ):  # fmt: skip
            if name != called:
                raise InputError(
                    f"interval {row}", expected=f"one of recording {called!r}",
                    found=f"one of {name!r}", remedy="Project each recording by itself.",
                )  # fmt: skip
            placed = clip_spans(clock, start, stop, self.frames, self.stride_s, self.params.clips)
            # Without a crop all individuals see the same, so it is encoded once.
            spans.append([(who if self.params.crop else "", a, b) for a, b in placed])
        return spans

    def _encoded(
        self, spans: Sequence[Span], cancelled: Callable[[], bool]
    ) -> Generator[tuple[Span, ClipVector], None, None]:
        if not spans:
            return
        who, starts, stops = zip(*spans, strict=True)
        table = Intervals.build(self.recording.id, list(starts), list(stops), list(who))
        done = run_engine(
            # The engine reads in a thread of its own, so the clips need none.
            iter_clips(self.recording, table, self._clip, ahead=0, least=self.frames),
            key=lambda clip: clip.frames.shape,
            cost=lambda clip: 1.0,
            prepare=lambda clips: np.stack([clip.frames for clip in clips]),
            compute=lambda frames, _cancelled: self._vectors(frames),
            budget=self._budget,
            cancelled=cancelled,
        )
        for clip, result in done:
            if isinstance(result, Failed):
                raise result.error
            features, logits = result
            yield spans[clip.row], ClipVector(features, logits, clip.damaged)

    def _vectors(self, frames: NDArray[np.uint8]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        found = self.encoder.encode(frames)
        logits = np.empty((len(frames), 0), dtype=np.float32)
        if found.logits is not None:
            logits = found.logits
        return list(zip(_halved(found.features), logits, strict=True))

    def _averaged(self, intervals: Intervals, spans: list[list[Span]]) -> Projected:
        groups = [[self._cache[span] for span in group] for group in spans]
        d, names = self.encoder.spec.feature_dim, self.encoder.spec.classes
        values = np.empty((len(groups), d), dtype=np.float32)
        shares = np.empty((len(groups), len(names)), dtype=np.float32)
        for row, group in enumerate(groups):
            values[row] = np.mean([clip.features for clip in group], axis=0, dtype=np.float64)
            if names:
                shares[row] = softmax([clip.logits for clip in group]).mean(axis=0)
        clock = self.recording.timebase
        timed = intervals.assign(
            start_s=clock.time(intervals.start), stop_s=clock.time(intervals.stop)
        )
        return Projected(
            Vectors(
                timed,
                _halved(values).astype(np.float32),
                (),
                self.encoder.weights.name,
                self.revision,
            ),
            shares if names else None,
            names,
            np.array([len(group) for group in groups], dtype=np.int64),
            np.array([any(clip.damaged for clip in group) for group in groups], dtype=bool),
        )


def video_windows(
    recording: Recording,
    encoder: VideoEncoder | FoundEncoder,
    params: VideoParams | None = None,
    *,
    within: Intervals | None = None,
) -> Intervals:
    """Cut a recording into windows as long as one clip.

    Parameters
    ----------
    recording : Recording
    encoder : VideoEncoder or FoundEncoder
    params : VideoParams, optional
        Its ``step_s`` tells how far apart they begin; half a window by default.
    within : Intervals, optional
        Cut only these stretches.

    Raises
    ------
    InputError
        When the video has fewer pictures a second than the clips.
    """
    settings = params or VideoParams()
    frames = settings.frames or encoder.spec.frames
    stride = settings.stride_s or encoder.spec.interval / TRAINED_FPS
    length = clip_length(recording.timebase, frames, stride)
    step = exact_seconds(settings.step_s) if settings.step_s else length / 2
    return windows(recording, length, step, within=within)


def _halved(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return values as they are kept: two bytes each.

    Raises
    ------
    InputError
        When one is too large for that; no encoder of sound weights makes such.
    """
    with np.errstate(over="ignore"):  # what does not fit is infinite, and refused
        half = values.astype(np.float16)
    if not np.isfinite(half).all():
        raise InputError(
            "features of the encoder",
            expected="numbers below 65504",
            found=f"{np.abs(values).max():g}",
            remedy="Load it with dtype='float32'; if that does not help, its weights are damaged.",
        )
    return half
