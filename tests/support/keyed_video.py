"""A video with key pictures, that counts how it is read."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["KeyedVideo"]


class KeyedVideo:
    """Picture i is grey i; every tenth is a key picture. Counts both ways of reading."""

    def __init__(self, n_frames: int = 200) -> None:
        self.shape = (n_frames, 4, 6, 3)
        self.dtype = np.dtype(np.uint8)
        self.ndim = 4
        self.path = "/videos/m1.mp4"
        self.read_ahead = False
        self.exact: list[Any] = []
        self.near: list[int] = []

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        self.exact.append(key)
        grey = np.arange(len(self), dtype=np.uint8)[:, None, None, None]
        return np.broadcast_to(grey, self.shape)[key]

    def nearest(self, frame: int) -> tuple[int, np.ndarray]:
        self.near.append(frame)
        row = frame // 10 * 10
        return row, np.full(self.shape[1:], row, np.uint8)
