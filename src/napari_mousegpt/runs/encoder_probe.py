"""How fast a video encoder is here: it is loaded, and one batch of a recording goes through it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_mousegpt.clips import ClipParams, iter_clips
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.recording import Recording
from napari_mousegpt.models.engine import Budget, Failed, run_engine
from napari_mousegpt.vectors import FoundEncoder, VideoParams, video_windows

if TYPE_CHECKING:
    from napari_mousegpt.models.encoders import VideoEncoder

__all__ = ["probe_encoder"]

#: A batch that takes longer is not done twice.
_PATIENCE_S = 1.0


def probe_encoder(
    recording: Recording, encoder: FoundEncoder, params: VideoParams | None = None
) -> dict[str, float]:
    """Load an encoder and measure one batch of consecutive windows from the middle of a recording.

    Parameters
    ----------
    recording : Recording
        With a video; it is read through a reader of its own.
    encoder : FoundEncoder
        Loaded here, if it was not yet.
    params : VideoParams, optional
        How it is shown the recording.

    Returns
    -------
    dict of str to float
        ``encoder``: seconds of work for each second of one animal; ``encoder_loading``: seconds;
        ``encoder_mb``: megabytes of memory. Empty when the recording has no pictures.
    """
    if recording.video is None:
        return {}
    import psutil

    settings, process = params or VideoParams(), psutil.Process()
    held, begun = process.memory_info().rss, time.perf_counter()
    loaded = encoder.loaded
    loading = time.perf_counter() - begun
    cut = video_windows(recording, encoder, settings)
    cut = cut[cut.individual == cut.individual[0]]
    many = settings.batch_on(encoder.device.kind)
    first = max(0, (len(cut) - many) // 2)
    some = cut[first : first + many]
    with _own_video(recording) as own:
        frames, reading = _read(own, some, encoder, settings)
    # The first batch warms up; compiling is no part of the rate, nor is finding out what fits.
    budget = Budget(many)
    warming = _encoding(loaded, frames, budget)
    if warming < _PATIENCE_S:
        computing = min(warming, _encoding(loaded, frames, budget))
    else:
        computing = warming
    # A card computes while the processor reads; a processor does one after the other.
    computing /= len(some)
    each = max(reading, computing) if encoder.device.kind == "cuda" else reading + computing
    starts = recording.timebase.time(cut.start)
    step = float(np.median(np.diff(starts))) if len(cut) > 1 else recording.timebase.duration
    taken = process.memory_info().rss - held
    weights = loaded.n_parameters * loaded.dtype.itemsize
    # Rows of all windows are held a few times while they are clustered.
    rows = len(cut) * encoder.spec.feature_dim * 4 * 5
    return {
        "encoder": each / step,
        "encoder_loading": loading + max(0.0, warming - computing * len(some)),
        "encoder_mb": (max(taken, weights + frames.nbytes) + rows) / 1e6,
    }


def _read(
    recording: Recording, some: Intervals, encoder: FoundEncoder, params: VideoParams
) -> tuple[Any, float]:
    """Return the clips of some windows, uint8 (n, T, H, W, 3), and the seconds to read one on."""
    frames = params.frames or encoder.spec.frames
    cutting = ClipParams(frames, 0.0, encoder.spec.short_side, params.crop, params.cameras)
    begun, ends, clips = time.perf_counter(), [], []
    for clip in iter_clips(recording, some, cutting, ahead=0, least=frames):
        clips.append(clip.frames)
        ends.append(time.perf_counter())
    # Getting to the first one takes longer than reading on from there.
    one = (ends[-1] - ends[0]) / (len(ends) - 1) if len(ends) > 1 else ends[0] - begun
    return np.stack(clips), one


def _encoding(encoder: VideoEncoder, frames: Any, budget: Budget) -> float:
    begun = time.perf_counter()
    for _, result in run_engine(
        frames,
        key=lambda clip: clip.shape,
        cost=lambda _: 1.0,
        prepare=np.stack,
        compute=lambda clips, _: list(encoder.encode(clips).features),
        budget=budget,
        ahead=0,
    ):
        if isinstance(result, Failed):
            raise result.error
    return time.perf_counter() - begun


@contextmanager
def _own_video(recording: Recording) -> Iterator[Recording]:
    """Give a recording whose videos are read by nobody else, so that their places stay."""
    opened, views = [], []
    for view in recording.views:
        reopen = getattr(view.video, "reopen", None)
        if reopen is not None:
            opened.append(reopen())
            view = replace(view, video=opened[-1])
        views.append(view)
    try:
        yield replace(recording, views=tuple(views))
    finally:
        for video in opened:
            video.close()
