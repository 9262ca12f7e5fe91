"""Stand-ins for models: some look at the frames of drawn clips, some do not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

from napari_mousegpt.models.asks import Ask, ClipFrames
from napari_mousegpt.models.encoders import Encoded
from napari_mousegpt.models.generation import Generated


def dark_pixels(clip: ClipFrames) -> np.ndarray:
    """Return where the mouse is, bool (T, H, W): dark, and not on the wall."""
    grey = clip.frames.mean(axis=-1)
    edge = round(0.09 * grey.shape[1]) + 1
    inside = np.zeros(grey.shape[1:], dtype=bool)
    inside[edge:-edge, edge:-edge] = True
    return (grey < 95) & inside & (np.ptp(grey) > 40)


def middles(clip: ClipFrames) -> np.ndarray:
    """Return the middle of the mouse (x, y) in each frame, NaN without one."""
    found = [np.argwhere(mask)[:, ::-1] for mask in dark_pixels(clip)]
    return np.array([places.mean(axis=0) if len(places) else [np.nan] * 2 for places in found])


def _weights(kind: str) -> SimpleNamespace:
    return SimpleNamespace(
        name="stand-in", revision="", files_hash=f"test:{kind}", family="none", kind=kind
    )


class Seer:
    """Answers by what it measures in the frames, and by facts of the prompt where it sees none."""

    dtype = "torch.float32"
    weights = _weights("vlm")

    def prepare(self, asks: Sequence[Ask]) -> list[Ask]:
        return list(asks)

    def score(self, asks: list[Ask], options: Sequence[str]) -> np.ndarray:
        return np.array([[self.one(ask, label, len(asks)) for label in options] for ask in asks])

    def generate(self, asks: list[Ask], *, max_tokens: int) -> list[Generated]:
        return [Generated("a mouse", max_tokens, -1.0, True) for _ in asks]

    def one(self, ask: Ask, label: str, together: int) -> float:
        clip = ask.clips[0]
        facts = {"rear": "drawn together", "lie": "stretched,"}
        told = 12.0 * (facts.get(label, "nothing") in ask.text)
        mask = dark_pixels(clip)
        if not mask.any():
            return told
        way = middles(clip)[-1] - middles(clip)[0]
        length = np.sqrt(np.linalg.eigvalsh(np.cov(np.argwhere(mask[0]).T))[-1])
        side = clip.frames.shape[1]
        seen = {
            "left": way[0] < 0,
            "right": way[0] > 0,
            "move": np.hypot(*way) > side / 8,
            "still": np.hypot(*way) <= side / 8,
            "rear": length < 0.058 * side,
            "lie": length >= 0.058 * side,
        }
        return told + 5.0 * seen[label]


class ByPlace(Seer):
    """Never looks; every other row of a batch comes out a trifle larger."""

    def score(self, asks: list[Ask], options: Sequence[str]) -> np.ndarray:
        rows = np.arange(len(asks))[:, None] % 2
        return 1e-6 * (rows == np.arange(len(options))[None])


class Biased(Seer):
    """Would say "left" and "still" if it could, whatever there is to see; no more than it sees."""

    def one(self, ask: Ask, label: str, together: int) -> float:
        return super().one(ask, label, together) + 8.0 * (label in ("left", "still"))


class TextOnly(Seer):
    """Never looks at a frame; what it says hangs on the text alone."""

    def one(self, ask: Ask, label: str, together: int) -> float:
        digest = hashlib.sha256(f"{ask.text}|{label}".encode()).digest()
        return digest[0] / 16


class OneFrame(Seer):
    """Looks at the first frame only, nothing of order in time reaches it."""

    def one(self, ask: Ask, label: str, together: int) -> float:
        frames = np.sort(ask.clips[0].frames, axis=0)
        return float(int(hashlib.sha256(frames.tobytes() + label.encode()).hexdigest()[:4], 16))


class FirstListed(Seer):
    """Prefers, where there is a mouse, the label that the prompt lists first."""

    def one(self, ask: Ask, label: str, together: int) -> float:
        if not dark_pixels(ask.clips[0]).any():
            return 0.0
        first = re.search(r"one word: (\w+)", ask.text)
        assert first
        return 10.0 * (first[1] == label)


class Unsteady(Seer):
    """Right alone, something else in a batch."""

    def one(self, ask: Ask, label: str, together: int) -> float:
        return super().one(ask, label, together) / (1 if together > 1 else 10)


class Sure(Seer):
    """Sure of its answer whatever there is to see."""

    def one(self, ask: Ask, label: str, together: int) -> float:
        grey = ask.clips[0].frames
        empty = not dark_pixels(ask.clips[0]).any() and (grey != 128).any()
        return 9.0 * (label == "left") if empty else super().one(ask, label, together)


class SeeingEncoder:
    """Gives the way of the mouse as a vector, with some noise of the picture beside it."""

    dtype = "torch.float32"
    spec = SimpleNamespace(frames=4)
    weights = _weights("encoder")

    def encode(self, clips: np.ndarray) -> Encoded:
        return Encoded(np.stack([self.one(clip) for clip in clips]).astype(np.float32), None)

    def one(self, frames: np.ndarray) -> np.ndarray:
        clip = ClipFrames(frames, np.arange(len(frames)), 1.0, len(frames), 1.0)
        places = middles(clip)
        way = (places[-1] - places[0]) / frames.shape[1]
        return np.array([way[0], np.hypot(*way), 50 + frames.mean() / 255])


class BlindEncoder(SeeingEncoder):
    """Gives one and the same vector."""

    def one(self, frames: np.ndarray) -> np.ndarray:
        return np.ones(8)


class OrderBlindEncoder(SeeingEncoder):
    """Sees each frame and forgets the order."""

    def one(self, frames: np.ndarray) -> np.ndarray:
        return np.sort(frames[:, ::8, ::8, 0].reshape(len(frames), -1), axis=0).ravel() / 255.0
