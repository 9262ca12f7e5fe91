"""What a video encoder is tried on: whether its vectors hold what the drawn mouse does.

Half of the clips of a trial give the mean vector of each of two actions, the others must lie nearer
to their own. That says what the vectors hold, not that they are good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.models.asks import ClipFrames
from napari_mousegpt.models.engine import Budget, Failed, run_engine
from napari_mousegpt.models.trust import Trial
from napari_mousegpt.runs.trial_clips import draw_clip
from napari_mousegpt.runs.trials import TrialParams

__all__ = ["encode_clips", "encoder_trials"]

Vectors = NDArray[np.float64]
_LEVEL = 0.8
#: Most that a vector may change, as a part of its length: float32, and shorter numbers.
_STEADY, _STEADY_SHORT = 1e-4, 0.05


def encoder_trials(encoder: Any, params: TrialParams) -> Iterator[Trial]:
    """Try a video encoder, one trial after the other.

    Parameters
    ----------
    encoder : VideoEncoder
    params : TrialParams
        Clips have as many pictures as the encoder wants, whatever this says.

    Yields
    ------
    Trial
    """
    frames = encoder.spec.frames
    seeds = [params.seed * 10_000 + i for i in range(params.trials)]

    def drawn(action: str) -> list[ClipFrames]:
        return [draw_clip(action, seed, n_frames=frames, size=params.size) for seed in seeds]

    budget = Budget(params.batch)

    def vectors(clips: Sequence[ClipFrames]) -> Vectors:
        return encode_clips(encoder, clips, budget)

    right = drawn("right")
    right_vectors = vectors(right)
    back = vectors([clip.reversed() for clip in right])
    yield _probe("motion direction", "left", vectors(drawn("left")), "right", right_vectors)
    yield _probe("frame order", "a film", right_vectors, "the same film backwards", back)
    yield _probe("still / move", "still", vectors(drawn("still")), "moving", vectors(drawn("move")))
    yield _repeated(right, right_vectors, vectors, str(encoder.dtype))


def encode_clips(encoder: Any, clips: Sequence[ClipFrames], budget: Budget) -> Vectors:
    """Return the vectors of clips, shape (clips, D); fewer at once where memory is short."""
    rows = []
    for _, result in run_engine(
        clips,
        key=lambda clip: clip.frames.shape,
        cost=lambda _: 1.0,
        prepare=lambda some: np.stack([clip.frames for clip in some]),
        compute=lambda frames, _: list(encoder.encode(frames).features),
        budget=budget,
    ):
        if isinstance(result, Failed):
            raise result.error
        rows.append(result)
    return np.stack(rows).astype(np.float64)


def _probe(title: str, one: str, ones: Vectors, other: str, others: Vectors) -> Trial:
    """Hold each vector of the second half against the means of the first."""
    half = len(ones) // 2
    known = np.stack([ones[:half], others[:half]])
    means = known.mean(axis=1)
    # In units of what differs between clips of one kind, or a few loud numbers decide.
    scale = np.sqrt(((known - means[:, None]) ** 2).mean(axis=(0, 1)))
    scale = np.maximum(scale, 1e-3 * max(float(scale.max()), 1e-12))
    right = 0
    for side, group in enumerate((ones[half:], others[half:])):
        far = np.linalg.norm((group[:, None] - means[None]) / scale, axis=2)
        # Vectors that are all the same lie nearer to neither.
        right += int((far[:, side] < far[:, 1 - side]).sum())
    n = len(ones[half:]) + len(others[half:])
    return Trial(
        title,
        f"drawn clips of a mouse, {one} against {other}: nearest mean vector",
        n,
        right,
        level=_LEVEL,
        chance=0.5,
        sentence=f"{right} of {n} clips lay nearest to the mean of their kind ({one}, {other}).",
        sees=True,
    )


def _repeated(
    clips: Sequence[ClipFrames],
    first: Vectors,
    vectors: Callable[[Sequence[ClipFrames]], Vectors],
    dtype: str,
) -> Trial:
    again = vectors(clips)
    alone = np.concatenate([vectors([clip]) for clip in clips])
    size = np.maximum(np.linalg.norm(first, axis=1), 1e-12)
    change = np.maximum(
        np.linalg.norm(again - first, axis=1), np.linalg.norm(alone - first, axis=1)
    )
    most = _STEADY if "32" in dtype else _STEADY_SHORT
    steady = int((change / size <= most).sum())
    return Trial(
        "repeatability",
        "the same clip twice, alone and in a batch",
        len(clips),
        steady,
        level=1.0,
        chance=0.0,
        sentence=f"{steady} of {len(clips)} vectors stayed within {most:g} of their length; the "
        f"largest change was {np.max(change / size):.2g}.",
        required=True,
    )
