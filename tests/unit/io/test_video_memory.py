"""A reader takes its cache and at most a hundred megabytes more, measured from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

PROGRAM = """
import json, sys
import numpy as np, psutil
from napari_mousegpt.io.video import VideoReader

path, ways = sys.argv[1], sys.argv[2].split()
process = psutil.Process()
before = process.memory_info().rss
with VideoReader(path, cache_bytes=64 << 20) as reader:
    grown, n, random = [], len(reader), np.random.default_rng(0)
    for way in ways:
        reader.read_ahead = way == "play"
        if way == "jump":
            for frame in random.integers(0, n, 120):
                reader[frame]
        elif way == "play":
            for start in (5, 60, 20):
                for frame in range(start, start + 30):
                    reader[frame]
        elif way == "glance":
            for frame in random.integers(0, n, 60):
                reader.nearest(frame)
        else:
            for picture in reader.iter_frames():
                pass
        grown.append((process.memory_info().rss - before) / 2**20)
print(json.dumps(grown))
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1080p in groups of ten, light to decode."""
    path = tmp_path_factory.mktemp("large") / "large.mp4"
    with av.open(str(path), "w") as out:
        params = {"preset": "ultrafast", "x264-params": "keyint=10:scenecut=0:bframes=2"}
        stream = out.add_stream("libx264", rate=30, options=params)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        planes = np.full((1620, 1920), 128, np.uint8)
        for number in range(100):
            planes[100:200, 10 * number : 10 * number + 100] = 2 * number
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("ways", ["jump", "play jump play", "glance iterate play iterate"])
def test_the_process_grows_by_the_cache_and_a_hundred_megabytes(large: Path, ways: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(large), ways],
        capture_output=True,
        text=True,
        timeout=280,
        check=True,
    )
    grown = json.loads(done.stdout)
    assert max(grown) < 64 + 100, grown
