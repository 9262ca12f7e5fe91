"""Single images as a recording: order, sameness, damage."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.image_folder import ImageFolder

N, Y, X = 12, 24, 32
STACK = np.random.default_rng(3).integers(0, 256, (N, Y, X), dtype=np.uint8)
COLOUR = np.random.default_rng(4).integers(0, 256, (N, Y, X, 3), dtype=np.uint8)


def written(folder: Path, data: Any, suffix: str = "png", **options: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for row, picture in enumerate(data):
        # Not padded with zeros: by letters, frame 10 would come before frame 2.
        name = folder / f"frame{row}.{suffix}"
        if suffix == "tif" and not options:
            tifffile.imwrite(name, picture)
        else:
            Image.fromarray(picture).save(name, **options)
    return folder


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
@pytest.mark.parametrize("data", [STACK, COLOUR], ids=["grey", "colour"])
def test_frame_i_is_picture_i(tmp_path: Path, suffix: str, data: Any) -> None:
    folder = ImageFolder(written(tmp_path / "a b", data, suffix), fps=30)
    assert folder.shape == data.shape
    np.testing.assert_array_equal(folder[:], data)
    np.testing.assert_array_equal(folder[[11, 2, -1]], data[[11, 2, -1]])
    np.testing.assert_array_equal(np.stack(list(folder)), data)
    assert [Path(path).name for path in folder.paths][9:11] == [
        f"frame{i}.{suffix}" for i in (9, 10)
    ]
    assert folder.timebase == Timebase.constant(30, N)
    assert "natural order" in folder.info.notes[0]


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_compressed_tif(tmp_path: Path, compression: str) -> None:
    folder = ImageFolder(written(tmp_path, STACK, "tif", compression=compression))
    np.testing.assert_array_equal(folder[:], STACK)


def test_jpeg_is_what_pillow_decodes(tmp_path: Path) -> None:
    folder = ImageFolder(written(tmp_path, COLOUR, "jpg", quality=90))
    with Image.open(tmp_path / "frame7.jpg") as image:
        np.testing.assert_array_equal(folder[7], np.asarray(image))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "I;16", "F"])
def test_kinds_of_images(tmp_path: Path, mode: str) -> None:
    suffix = "tif" if mode == "F" else "png"
    wanted = STACK
    for row in range(N):
        if mode in ("RGBA", "LA"):
            last = np.full((Y, X, 1), 100, np.uint8)  # half transparent: still the stored colours
            shown = COLOUR[row] if mode == "RGBA" else STACK[row][..., None]
            image = Image.fromarray(np.concatenate([shown, last], -1))
            wanted = COLOUR if mode == "RGBA" else STACK
        elif mode == "P":
            image = Image.fromarray(STACK[row], mode="P") if False else Image.new("P", (X, Y))
            image.putpalette([255 - value // 3 for value in range(768)])
            image.putdata(STACK[row].reshape(-1).tolist())
            wanted = np.repeat((255 - STACK)[..., None], 3, axis=-1)
        elif mode == "1":
            image = Image.fromarray(STACK[row] > 100)
            wanted = (STACK > 100) * np.uint8(255)
        elif mode == "I;16":
            image = Image.fromarray(STACK[row].astype(np.uint16))
        else:
            image = Image.fromarray(STACK[row].astype(np.float32))
        assert image.mode == mode
        image.save(tmp_path / f"f{row}.{suffix}")
    limits = (0, 255) if mode in ("I;16", "F") else None
    folder = ImageFolder(tmp_path, limits=limits)
    assert folder.shape == wanted.shape
    np.testing.assert_array_equal(folder[:], wanted)


def test_sixteen_bits_are_scaled_once_for_all(tmp_path: Path) -> None:
    dim = np.full((N, Y, X), 500, np.uint16)
    dim[8:] = 3500
    folder = ImageFolder(written(tmp_path, dim))
    assert (folder[0].max(), folder[9].min()) == (0, 255)
    assert "500 and below are 0, 3500 and above 255, the same for every picture" in " ".join(
        folder.describe()
    )


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_an_image_that_differs_is_named(tmp_path: Path, suffix: str) -> None:
    written(tmp_path, STACK, suffix)
    odd = tmp_path / f"frame5.{suffix}"
    Image.fromarray(STACK[5][:, :30]).save(odd)
    with pytest.raises(
        FormatError, match=rf"frame5\.{suffix}: expected 32 x 24 pixels.*frame0.* found 30 x 24"
    ):
        ImageFolder(tmp_path)
    Image.fromarray(COLOUR[5]).save(odd)
    with pytest.raises(
        FormatError, match=r"expected .*grey uint8.*found 32 x 24 pixels, RGB uint8"
    ):
        ImageFolder(tmp_path)


def test_an_image_that_changes_later_is_named_when_it_is_read(tmp_path: Path) -> None:
    folder = ImageFolder(written(tmp_path, STACK))
    Image.fromarray(STACK[5][:, :30]).save(tmp_path / "frame5.png")
    with pytest.raises(FormatError, match=r"frame5\.png: expected 32 x 24"):
        folder[5]
    np.testing.assert_array_equal(folder[6], STACK[6])


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp"])
def test_a_damaged_image_keeps_its_number(tmp_path: Path, suffix: str) -> None:
    folder = ImageFolder(written(tmp_path, STACK, suffix))
    whole = folder[:]
    for row, share in ((4, 0.8), (7, 0)):
        path = tmp_path / f"frame{row}.{suffix}"
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])
    again = ImageFolder(tmp_path)
    assert again.damaged[7]  # known from the headers
    np.testing.assert_array_equal(again[:], whole[[0, 1, 2, 3, 3, 5, 6, 6, 8, 9, 10, 11]])
    assert np.flatnonzero(again.damaged).tolist() == [4, 7]
    assert "2 pictures cannot be read (4, 7)" in again.describe()[-1]
    assert np.flatnonzero(again.reopen().damaged).tolist() == [4, 7]


def test_none_can_be_read(tmp_path: Path) -> None:
    for row in range(3):
        (tmp_path / f"{row}.png").write_bytes(b"no")
    with pytest.raises(FormatError, match=r"0\.png: expected images that can be read, found none"):
        ImageFolder(tmp_path)


def test_a_stack_is_no_image_of_a_sequence(tmp_path: Path) -> None:
    written(tmp_path, STACK[:3], "tif")
    tifffile.imwrite(tmp_path / "frame3.tif", STACK)
    with pytest.raises(FormatError, match=r"frame3\.tif: .*one picture in each.*a stack of 20|12"):
        ImageFolder(tmp_path)


def test_pickled_reopened_closed(tmp_path: Path) -> None:
    folder = ImageFolder(written(tmp_path, STACK), fps=25)
    again = pickle.loads(pickle.dumps(folder))
    np.testing.assert_array_equal(again[3], STACK[3])
    assert again.timebase == folder.timebase
    assert (folder.path, folder.pattern) == (str(tmp_path), str(tmp_path / "*.png"))
    packed = pickle.dumps(folder)
    Image.fromarray(STACK[0]).save(tmp_path / "frame12.png")
    with pytest.raises(FormatError, match="the 12 images it had before, found 13"):
        pickle.loads(packed)
    other = folder.reopen()
    folder.close()
    assert len(other) == N
    np.testing.assert_array_equal(other[11], STACK[11])
    with pytest.raises(InputError, match="closed"):
        folder[0]
