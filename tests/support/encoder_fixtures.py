"""Fixtures about video encoders: a tiny one that was taught, and films of what it was taught."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from support.model_fixtures import made_once, shared_folder
from support.motion_clips import film
from support.tiny_encoders import trained_encoder
from support.torchvision_cure import cure_torchvision

__all__ = ["one_thread", "parade", "taught"]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models are quickest on one thread, and leave the others alone."""
    cure_torchvision()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny Video Swin that tells which way a figure goes."""
    return made_once(shared_folder(tmp_path_factory) / "trained_encoder", trained_encoder)


def parade(path: Path, kinds: Sequence[str], *, fps: int = 24, size: int = 112) -> Path:
    """Write an mp4 in which a figure does one thing after the other, a second each."""
    import av

    times = np.arange(fps) / (fps - 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "18"})
        stream.width = stream.height = size
        stream.pix_fmt = "yuv420p"
        for number, kind in enumerate(kinds):
            for picture in film(kind, 7000 + number).frames(times, size):
                for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                    container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path
