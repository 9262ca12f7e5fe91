"""One door to videos, stacks and images; all of them answer alike."""

from __future__ import annotations

import io
import random
import tracemalloc
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_mousegpt.core.recording import FrameSource
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError, MouseGPTError
from napari_mousegpt.io.array_frames import ArrayFrames
from napari_mousegpt.io.dask_frames import as_dask
from napari_mousegpt.io.image_folder import ImageFolder
from napari_mousegpt.io.image_stack import ImageStack
from napari_mousegpt.io.pictures import is_pictures, open_pictures
from napari_mousegpt.io.video import VideoReader

N, Y, X = 12, 24, 32
STACK = np.random.default_rng(3).integers(0, 256, (N, Y, X), dtype=np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    """The same pictures as a video, a stack, a folder, a pattern and a list."""
    with av.open(str(tmp_path / "v.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = X, Y, "gray"
        for picture in STACK:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="gray")))
        container.mux(stream.encode())
    tifffile.imwrite(tmp_path / "s.tif", STACK, compression="zlib")
    folder = tmp_path / "frames"
    folder.mkdir()
    for row, picture in enumerate(STACK):
        Image.fromarray(picture).save(folder / f"frame{row}.png")
    listed = sorted(str(path) for path in folder.iterdir())  # by letters, as dialogs give them
    pattern = str(folder / "*.png")
    return {
        "video": tmp_path / "v.mkv",
        "stack": tmp_path / "s.tif",
        "folder": folder,
        "pattern": pattern,
        "list": listed,
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("video", VideoReader),
        ("stack", ImageStack),
        ("folder", ImageFolder),
        ("pattern", ImageFolder),
        ("list", ImageFolder),
    ],
)
def test_all_answer_alike(files: dict[str, Any], name: str, kind: type) -> None:
    source = open_pictures(files[name], fps=25, cache_bytes=4 * X * Y)
    assert type(source) is kind
    assert isinstance(source, FrameSource)
    assert is_pictures(files[name]) == (name != "video")
    assert (source.shape, source.dtype, source.ndim) == (STACK.shape, np.uint8, 3)
    assert (len(source), source.size) == (N, STACK.size)
    assert source.timebase == Timebase.constant(25, N)
    for key in (3, np.int64(-1), slice(2, 9, 3), [5, 0, 5], (slice(4, 5), slice(None), 3), ...):
        np.testing.assert_array_equal(source[key], STACK[key])
    np.testing.assert_array_equal(np.asarray(source), STACK)
    np.testing.assert_array_equal(np.stack(list(source.iter_frames(1, 9, 4))), STACK[1:9:4])
    clip = source.clip([0, 11, -1], size=12)
    assert clip.shape == (3, 12, 16, 3)
    wanted = STACK[[0, 11, 11]].reshape(3, 12, 2, 16, 2).mean((2, 4))
    assert np.abs(clip[..., 0] - wanted).max() <= 2
    assert not source.damaged.any()
    assert source.info.width == X
    assert source.info.decoder
    assert source.info.rotation == 0
    assert all(isinstance(line, str) for line in source.describe())
    assert source.path
    other = source.reopen()
    source.close()
    np.testing.assert_array_equal(other[7], STACK[7])
    with pytest.raises(InputError):
        source[7]
    other.close()


@pytest.mark.parametrize("name", ["stack", "folder", "pattern", "list"])
def test_a_rate_has_to_come_from_somewhere(files: dict[str, Any], name: str) -> None:
    with pytest.raises(InputError, match=r"frame rate, since .*Give fps=\.\.\., the rate of the"):
        open_pictures(files[name])
    with open_pictures(files[name], need_rate=False) as source:
        assert source.timebase is None
        assert "Nothing states the frame rate" in source.describe()[1]


def test_a_stack_in_a_folder_by_itself(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "s.tif", STACK)
    for given in (tmp_path, str(tmp_path / "*.tif"), [tmp_path / "s.tif"]):
        with open_pictures(given, fps=Fraction(25)) as source:
            assert isinstance(source, ImageStack)
            assert len(source) == N


def test_what_cannot_be_opened(files: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a recording, found one image\. Give the folder"):
        open_pictures(files["folder"] / "frame1.png")
    with pytest.raises(InputError, match="a recording, found no such file"):
        open_pictures(tmp_path / "no.png")
    with pytest.raises(InputError, match=r"no\.mp4"):
        open_pictures(tmp_path / "no.mp4")
    with pytest.raises(InputError, match="axes='TYX': expected a TIFF stack"):
        open_pictures(files["folder"], fps=30, axes="TYX")
    with pytest.raises(InputError, match="a path or a list of paths, found int"):
        open_pictures(3)  # type: ignore[arg-type]


# --- dask -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["video", "stack", "folder", "list"])
def test_dask_gives_the_same_pictures(files: dict[str, Any], name: str) -> None:
    with open_pictures(files[name], fps=30) as source:
        array = as_dask(source)
        few = as_dask(source, frames_per_chunk=5)
    # The source is closed; the array reads on.
    assert (array.shape, array.dtype) == (STACK.shape, np.uint8)
    np.testing.assert_array_equal(array.compute(scheduler="threads"), STACK)
    np.testing.assert_array_equal(few[9].compute(), STACK[9])
    assert few.chunks[0] == (5, 5, 2)
    assert array.chunks[1:] == ((Y,), (X,))


def test_images_come_through_dask_image_where_it_is_right(
    files: dict[str, Any], tmp_path: Path
) -> None:
    def by_dask_image(source: Any) -> bool:
        names = " ".join(map(str, as_dask(source).dask.layers))
        return "_map_read_frame" in names

    assert by_dask_image(ImageFolder(files["folder"]))
    assert by_dask_image(ImageFolder(files["pattern"]))
    assert not by_dask_image(ImageFolder(files["list"]))  # a list may leave some out
    deep = tmp_path / "deep"
    deep.mkdir()
    for row, picture in enumerate(STACK):
        Image.fromarray(picture.astype(np.uint16) * 10).save(deep / f"f{row}.png")
    scaled = ImageFolder(deep)
    assert not by_dask_image(scaled)  # its values are not 0 to 255
    np.testing.assert_array_equal(as_dask(scaled).compute(), scaled[:])


def test_dask_of_an_array_and_a_senseless_chunk() -> None:
    frames = ArrayFrames(STACK)
    np.testing.assert_array_equal(as_dask(frames)[4].compute(), STACK[4])
    with pytest.raises(InputError, match="frames_per_chunk=0"):
        as_dask(frames, frames_per_chunk=0)


# --- damaged headers --------------------------------------------------------------------------


def _kinds() -> dict[str, bytes]:
    made = {}
    for name, options in {
        "tifffile": {},
        "zlib": {"compression": "zlib"},
        "imagej": {"imagej": True, "metadata": {"axes": "TYX", "finterval": 0.04}},
        "ome": {"ome": True, "metadata": {"axes": "TYX", "TimeIncrement": 0.04}},
        "plain": {"metadata": None},
    }.items():
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, STACK[:6], **options)
        made[name] = buffer.getvalue()
    buffer = io.BytesIO()
    images = [Image.fromarray(picture) for picture in STACK[:6]]
    images[0].save(buffer, "tiff", save_all=True, append_images=images[1:], compression="tiff_lzw")
    made["lzw"] = buffer.getvalue()
    buffer = io.BytesIO()
    images[0].save(buffer, "png")
    made["png"] = buffer.getvalue()
    buffer = io.BytesIO()
    images[0].save(buffer, "jpeg")
    made["jpg"] = buffer.getvalue()
    return made


@pytest.mark.parametrize(
    "kind", ["tifffile", "zlib", "imagej", "ome", "plain", "lzw", "png", "jpg"]
)
def test_mutated_headers_are_read_or_refused(tmp_path: Path, kind: str) -> None:
    data = _kinds()[kind]
    path = tmp_path / (f"f.{kind}" if kind in ("png", "jpg") else "f.tif")
    given: Any = path if path.suffix == ".tif" else [path]
    outcomes = {"read": 0, "refused": 0}
    tracemalloc.start()
    for seed in range(200):
        rng = random.Random(f"{kind}{seed}")
        mutated = bytearray(data)
        reach = len(data) if seed % 3 == 0 else min(len(data), 400)
        for _ in range(rng.choice((1, 2, 4, 8))):
            mutated[rng.randrange(reach)] = rng.choice((0, 1, 0x7F, 255, rng.randrange(256)))
        path.write_bytes(mutated[: rng.randrange(1, len(mutated))] if seed % 5 == 0 else mutated)
        try:
            with open_pictures(given, fps=30) as source:
                for row in (0, len(source) // 2, len(source) - 1):
                    assert source[row].dtype == np.uint8
                source.describe()
            outcomes["read"] += 1
        except MouseGPTError:
            outcomes["refused"] += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert outcomes["read"] > 10 or kind == "png"  # its parts have check sums
    assert outcomes["refused"] > 10
    assert peak < 300 << 20
