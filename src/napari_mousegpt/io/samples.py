"""A generated recording to try everything on: an open field, one mouse, known behaviours.

It needs no download, is small, and comes with the truth. It is a drawing: it shows how the program
works, never how well it does on real mice.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_mousegpt.core.files import make_folder, replacing
from napari_mousegpt.core.timebase import as_rate
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.sample_drawing import Scene, pictures
from napari_mousegpt.io.sample_motion import KEYPOINTS, Motion, move
from napari_mousegpt.io.tracks import ONLY

if TYPE_CHECKING:
    from napari_mousegpt.core.recording import Recording

__all__ = ["CACHE_VARIABLE", "SampleFiles", "make_sample", "sample"]

#: Environment variable with the folder for generated files; the user's cache by default.
CACHE_VARIABLE = "NAPARI_MOUSEGPT_CACHE"

# Raised when the generated files change, so that no old ones are found in the cache.
_VERSION = "sample-v1"
_NAME = "openfield_sample"
_SCORER = "generated_mouse"


@dataclass(frozen=True)
class SampleFiles:
    """Paths of a generated recording.

    Parameters
    ----------
    video : Path
        H.264 mp4 where the encoder is there, else MPEG-4.
    pose : Path
        DeepLabCut csv.
    bouts : Path
        The truth: recording, individual, start, stop (half-open frames), label, source.
    """

    video: Path
    pose: Path
    bouts: Path

    @classmethod
    def inside(cls, folder: Path) -> SampleFiles:
        """Return the paths the files have in a folder."""
        return cls(folder / f"{_NAME}.mp4", folder / f"{_NAME}.csv", folder / f"{_NAME}_bouts.csv")


def sample() -> Recording:
    """Open the generated open-field recording, making it on the first call (some seconds).

    Returns
    -------
    Recording
        40 s at 30 frames per second with the pose of one mouse. The files lie in the user's cache
        folder, or in the folder named in ``NAPARI_MOUSEGPT_CACHE``.
    """
    from napari_mousegpt.io.recordings import open_recording

    folder = _cache() / _VERSION
    files = SampleFiles.inside(folder)
    if not all(path.exists() for path in (files.video, files.pose, files.bouts)):
        files = make_sample(folder)
    return open_recording(files.video, files.pose, pose_format="DeepLabCut")


def make_sample(
    folder: str | os.PathLike[str],
    *,
    seconds: float = 40.0,
    fps: float = 30.0,
    seed: int = 0,
    size: tuple[int, int] = (480, 640),
) -> SampleFiles:
    """Write a generated recording: video, pose and true bouts.

    Parameters
    ----------
    folder : path-like
        Where the three files go; made when absent. Files of an earlier sample are replaced.
    seconds : float
        Length.
    fps : float
        Frames per second; 29.97 means 30000/1001.
    seed : int
        The same seed gives the same mouse, the same pose and the same bouts.
    size : tuple of int
        Height and width of the picture, even and at least 96.

    Returns
    -------
    SampleFiles

    Raises
    ------
    InputError
        When length or size cannot be drawn.
    StorageError
        When the files cannot be written.

    Notes
    -----
    The mouse walks (about 2 body lengths per second), turns on the spot, stands still, grooms (its
    head sweeps, its body stays) and rears at the walls (seen from above it shrinks to half its
    length). The tracker is imperfect: it trembles by half a pixel, and loses the nose or the tip of
    the tail now and then, with a low likelihood and a wrong place, as real trackers do.
    """
    rate = as_rate(fps)
    height, width = (int(value) for value in size)
    n_frames = round(seconds * rate)
    if n_frames < 1:
        raise InputError(f"sample of {seconds} s", expected="at least one frame")
    if min(height, width) < 96 or height % 2 or width % 2:
        raise InputError(
            f"sample of {height} x {width} pixels",
            expected="even height and width of at least 96",
            remedy="Use for example (480, 640).",
        )
    files = SampleFiles.inside(make_folder(folder))
    # Apart from each other, so that a change of the drawing leaves the pose alone.
    for_motion, for_pictures, for_tracker = np.random.default_rng(seed).spawn(3)
    scene = Scene(height, width)
    motion = move(n_frames, float(rate), scene.floor, for_motion)
    _write_pose(files.pose, *_tracked(motion, scene, float(rate), for_tracker))
    _write_bouts(files.bouts, motion)
    _write_video(files.video, pictures(motion, scene, for_pictures), rate, scene)
    return files


def _cache() -> Path:
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen and chosen != "off":  # that switches the kept frame lists off; this has to be kept
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("napari-mousegpt", appauthor=False)


def _tracked(
    motion: Motion, scene: Scene, fps: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what a tracker would make of it: places (n, keypoints, 2) and likelihoods."""
    n = len(motion.label)
    places = scene.pixels(np.stack([motion.points[name] for name in KEYPOINTS], axis=1))
    places += rng.normal(0, 0.5, places.shape)
    likelihood = 1 - rng.gamma(1.5, 0.006, (n, len(KEYPOINTS)))
    for name, chance, span in (("nose", 0.25, 0.12), ("tail_tip", 0.4, 0.5)):
        column = KEYPOINTS.index(name)
        for start in np.flatnonzero(rng.random(n) < chance / fps):
            stop = start + max(1, round(rng.uniform(0.4, 1.0) * span * fps))
            if name == "nose" and motion.label[start] != "grooming":
                continue  # the nose is only lost where the paws are before it
            count = len(places[start:stop])
            places[start:stop, column] += rng.normal(0, 0.35 * scene.scale, 2)
            likelihood[start:stop, column] = rng.uniform(0.02, 0.4, count)
    return places, np.clip(likelihood, 0, 1)


def _write_pose(path: Path, places: NDArray[np.float64], likelihood: NDArray[np.float64]) -> None:
    """Write the csv of DeepLabCut: three header rows, then frame number and x, y, likelihood."""
    columns = 3 * len(KEYPOINTS)
    values = np.concatenate([places, likelihood[..., None]], axis=2).reshape(len(places), columns)
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["scorer", *[_SCORER] * columns])
        writer.writerow(["bodyparts", *[name for name in KEYPOINTS for _ in range(3)]])
        writer.writerow(["coords", *["x", "y", "likelihood"] * len(KEYPOINTS)])
        for i, row in enumerate(values):
            writer.writerow([i, *(f"{value:.4f}" for value in row)])


def _write_bouts(path: Path, motion: Motion) -> None:
    label = motion.label
    edges = np.concatenate([[0], np.flatnonzero(label[1:] != label[:-1]) + 1, [len(label)]])
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["recording", "individual", "start", "stop", "label", "source"])
        for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            writer.writerow([_NAME, ONLY, start, stop, label[start], "import"])


def _write_video(
    path: Path, frames: Iterable[NDArray[np.uint8]], rate: Fraction, scene: Scene
) -> None:
    import av

    with replacing(path) as part, av.open(str(part), "w", format="mp4") as container:
        h264 = "libx264" in av.codecs_available
        stream = container.add_stream("libx264" if h264 else "mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = scene.width, scene.height, "yuv420p"
        # One thread: with more, the encoder's choices depend on how many cores there are.
        stream.codec_context.thread_count = 1
        if h264:
            stream.options = {"preset": "ultrafast", "crf": "23", "g": str(round(rate * 2))}
        else:
            stream.bit_rate = 2_000_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
