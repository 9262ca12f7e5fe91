"""TIFF stacks: the right picture at the right place, from whole, cut and odd files."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.image_stack import ImageStack

N, Y, X = 20, 24, 32
RNG = np.random.default_rng(5)
#: Every picture is another one, and so is every pixel of it.
STACK = RNG.integers(0, 256, (N, Y, X), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (N, Y, X, 3), dtype=np.uint8)
T = {"axes": "TYX"}


def plain(path: Path, data: Any, **options: Any) -> None:
    with tifffile.TiffWriter(path) as writer:
        for picture in data:
            writer.write(picture, metadata=None, contiguous=False, **options)


def by_pillow(path: Path, data: Any, **options: Any) -> None:
    images = [Image.fromarray(picture) for picture in data]
    images[0].save(path, save_all=True, append_images=images[1:], **options)


def described(path: Path, data: Any, **options: Any) -> None:
    tifffile.imwrite(path, data, **options)


KINDS: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {
    "tifffile": (described, {}),
    "zlib": (described, {"compression": "zlib"}),
    "predictor": (described, {"compression": "zlib", "predictor": True}),
    "strips": (described, {"rowsperstrip": 5, "compression": "zlib"}),
    "tiles": (described, {"tile": (16, 16)}),
    "bigtiff": (described, {"bigtiff": True}),
    "bigtiff zlib": (described, {"bigtiff": True, "compression": "zlib"}),
    "big-endian": (described, {"byteorder": ">"}),
    "ImageJ": (described, {"imagej": True, "metadata": T}),
    "OME": (described, {"ome": True, "metadata": T}),
    "OME zlib": (described, {"ome": True, "metadata": T, "compression": "zlib"}),
    "plain": (plain, {}),
    "plain zlib": (plain, {"compression": "zlib"}),
    "LZW": (by_pillow, {"compression": "tiff_lzw"}),
    "PackBits": (by_pillow, {"compression": "packbits"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_is_the_one_that_was_written(tmp_path: Path, kind: str) -> None:
    write, options = KINDS[kind]
    path = tmp_path / "ä b.tif"
    write(path, STACK, **options)
    with ImageStack(path, fps=30) as stack:
        assert stack.shape == STACK.shape
        assert not stack.damaged.any()
        assert stack.info.problems == ()
        for row in [*range(N), *range(N - 1, -1, -1), *RNG.integers(0, N, 20).tolist()]:
            np.testing.assert_array_equal(stack[row], STACK[row], err_msg=str(row))
        np.testing.assert_array_equal(stack[:], STACK)
        np.testing.assert_array_equal(np.stack(list(stack)), STACK)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_colour(tmp_path: Path, dtype: str, planar: str, compression: str | None) -> None:
    data = COLOUR.astype(dtype)
    data = np.moveaxis(data, -1, 1) if planar == "separate" else data
    path = tmp_path / "c.tif"
    options = {"photometric": "rgb", "planarconfig": planar, "compression": compression}
    tifffile.imwrite(path, data, **options)
    with ImageStack(path, limits=(0, 255)) as stack:
        assert stack.shape == COLOUR.shape
        np.testing.assert_array_equal(stack[[0, 7, N - 1]], COLOUR[[0, 7, N - 1]])


def test_jpeg_through_pillow(tmp_path: Path) -> None:
    by_pillow(tmp_path / "j.tif", STACK, compression="jpeg")
    with ImageStack(tmp_path / "j.tif") as stack, Image.open(tmp_path / "j.tif") as image:
        for row in (3, 19, 0):
            image.seek(row)
            np.testing.assert_array_equal(stack[row], np.asarray(image))
        assert "Pillow" in stack.info.decoder
        assert "Compression JPEG is read through Pillow." in stack.info.notes


def test_alpha_palette_and_white(tmp_path: Path) -> None:
    rgba = np.concatenate([COLOUR, COLOUR[..., :1]], axis=-1)
    tifffile.imwrite(tmp_path / "a.tif", rgba, photometric="rgb", extrasamples=["unassalpha"])
    table = RNG.integers(0, 256, (3, 256)).astype(np.uint16)
    plain(tmp_path / "p.tif", STACK, photometric="palette", colormap=table * 257)
    plain(tmp_path / "w.tif", STACK, photometric="miniswhite")
    with ImageStack(tmp_path / "a.tif") as alpha, ImageStack(tmp_path / "p.tif") as palette:
        np.testing.assert_array_equal(alpha[4], COLOUR[4])
        np.testing.assert_array_equal(palette[4], np.moveaxis(table[:, STACK[4]], 0, -1))
        assert "alpha" in " ".join(alpha.info.notes)
        assert "palette" in " ".join(palette.info.notes)
    with ImageStack(tmp_path / "w.tif") as white:
        np.testing.assert_array_equal(white[4], STACK[4])
        assert "0 is white" in " ".join(white.info.notes)


def test_one_scaling_for_the_whole_stack(tmp_path: Path) -> None:
    dim = RNG.integers(100, 200, (40, Y, X)).astype(np.uint16)
    dim[30:] += 3000  # a light is switched on
    tifffile.imwrite(tmp_path / "s.tif", dim)
    with ImageStack(tmp_path / "s.tif") as stack:
        assert stack[5].max() < 10
        assert stack[35].min() > 240
        assert stack.scale.policy == "sampled"
        assert "the same for every picture" in stack.describe()[-1]
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(stack))[5], stack[5])
    tifffile.imwrite(
        tmp_path / "ij.tif", dim, imagej=True, metadata={"axes": "TYX", "min": 100, "max": 355}
    )
    with ImageStack(tmp_path / "ij.tif") as shown:
        assert shown.scale.policy == "display"
        np.testing.assert_array_equal(shown[5], dim[5] - 100)


# --- axes -------------------------------------------------------------------------------------


def hyper(path: Path, axes: str, **options: Any) -> Any:
    sizes = {"T": 6, "Z": 3, "C": 2}
    data = RNG.integers(0, 256, (*(sizes[a] for a in axes[:-2]), Y, X), dtype=np.uint8)
    tifffile.imwrite(path, data, metadata={"axes": axes}, **options)
    return data


@pytest.mark.parametrize("kind", [{"ome": True}, {"imagej": True}, {"ome": True, "tile": (16, 16)}])
def test_time_is_found_by_its_letter(tmp_path: Path, kind: dict[str, Any]) -> None:
    data = hyper(tmp_path / "h.ome.tif", "TZCYX", **kind)
    with pytest.raises(
        InputError, match=r"T \(time\) 6, Z \(depth\) 3, C \(channels\) 2\. Choose.*planes=\{\"Z\""
    ):
        ImageStack(tmp_path / "h.ome.tif")
    with ImageStack(tmp_path / "h.ome.tif", planes={"Z": 2, "C": 1}) as stack:
        np.testing.assert_array_equal(stack[:], data[:, 2, 1])
        assert "Of 3 positions on axis Z, number 2 was chosen." in stack.info.notes
    with pytest.raises(InputError, match=r"planes=\{'Z': 3\}: expected 0 to 2"):
        ImageStack(tmp_path / "h.ome.tif", planes={"Z": 3, "C": 0})
    with pytest.raises(InputError, match=r"planes=\{'P': 0\}: expected axes of"):
        ImageStack(tmp_path / "h.ome.tif", planes={"Z": 0, "C": 0, "P": 0})


def test_time_behind_another_axis(tmp_path: Path) -> None:
    data = hyper(tmp_path / "h.ome.tif", "CTYX", ome=True)
    with ImageStack(tmp_path / "h.ome.tif", planes={"C": 1}) as stack:
        np.testing.assert_array_equal(stack[:], data[1])


def test_depth_is_not_taken_for_time_unasked(tmp_path: Path) -> None:
    data = hyper(tmp_path / "z.tif", "ZYX", imagej=True)
    with pytest.raises(
        InputError,
        match=r"Z \(depth\) 3\. If Z is really time, open it with open_pictures.*TYX",
    ):
        ImageStack(tmp_path / "z.tif")
    with ImageStack(tmp_path / "z.tif", axes="TYX") as stack:
        np.testing.assert_array_equal(stack[:], data)
        assert "Axes were given: TYX." in stack.info.notes
    for wrong in ("TY", "tyx", "TXY"):
        with pytest.raises(InputError, match=r"expected"):
            ImageStack(tmp_path / "z.tif", axes=wrong)
    hyper(tmp_path / "zc.tif", "ZCYX", imagej=True)
    with pytest.raises(InputError, match=r'which of them is time.*axes="TCYX".*planes=\{"C": 0\}'):
        ImageStack(tmp_path / "zc.tif")


def test_unnamed_pages_are_time_and_said_to_be(tmp_path: Path) -> None:
    plain(tmp_path / "p.tif", STACK)
    with ImageStack(tmp_path / "p.tif") as stack:
        assert "does not name its axes" in stack.info.notes[0]


def test_several_series(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "s.tif") as writer:
        writer.write(STACK)
        writer.write(STACK[:5, ::2, ::2])
    with pytest.raises(InputError, match=r"found 2: 0: Q \(pages\) 20, Y 24.*series=0, series=1"):
        ImageStack(tmp_path / "s.tif")
    with ImageStack(tmp_path / "s.tif", series=1) as stack:
        np.testing.assert_array_equal(stack[:], STACK[:5, ::2, ::2])
    with pytest.raises(InputError, match="series=2: expected 0 to 1"):
        ImageStack(tmp_path / "s.tif", series=2)
    with tifffile.TiffWriter(tmp_path / "t.tif") as writer:
        writer.write(STACK[0, ::4, ::4])
        writer.write(STACK)
    with ImageStack(tmp_path / "t.tif") as stack:
        np.testing.assert_array_equal(stack[:], STACK)
        assert "Besides the stack there are 1 single pictures, left out." in stack.info.notes


def test_a_set_of_several_files(tmp_path: Path) -> None:
    """An OME set: each file names the planes of the other."""
    plane = (
        '<TiffData IFD="{ifd}" FirstT="{t}" PlaneCount="1">'
        '<UUID FileName="{name}">urn:uuid:{name}</UUID></TiffData>'
    )
    planes = "".join(plane.format(ifd=t % 3, t=t, name=f"part{t // 3}.ome.tif") for t in range(6))
    for part in range(2):
        xml = (
            '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
            f'UUID="urn:uuid:part{part}.ome.tif"><Image ID="Image:0"><Pixels ID="Pixels:0" '
            f'DimensionOrder="XYCZT" Type="uint8" SizeX="{X}" SizeY="{Y}" SizeC="1" SizeZ="1" '
            f'SizeT="6"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>{planes}</Pixels></Image>'
            "</OME>"
        )
        with tifffile.TiffWriter(tmp_path / f"part{part}.ome.tif") as writer:
            for row in range(3):
                text = xml if row == 0 else None
                writer.write(
                    STACK[3 * part + row], description=text, metadata=None, contiguous=False
                )
    with ImageStack(tmp_path / "part0.ome.tif") as stack:
        np.testing.assert_array_equal(stack[:], STACK[:6])
        assert "Its pages lie in 2 files." in stack.info.notes
        np.testing.assert_array_equal(stack.reopen()[5], STACK[5])


def retagged(path: Path, code: int, value: int) -> None:
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages.first.tags[code].overwrite(value)


# --- damage -----------------------------------------------------------------------------------

#: Kinds that state how many pictures there are even when their end is missing.
STATED = ["tifffile", "zlib", "bigtiff", "bigtiff zlib", "ImageJ"]


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "OME"])
def test_the_readable_part_of_a_cut_file(tmp_path: Path, kind: str) -> None:
    write, options = KINDS[kind]
    path = tmp_path / "cut.tif"
    write(path, STACK, **options)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * 0.6)])
    with ImageStack(path, fps=30) as stack:
        pictures = stack[:]
        rows = np.flatnonzero(~stack.damaged)
        assert 8 <= rows.size < N
        np.testing.assert_array_equal(rows, np.arange(rows.size))
        np.testing.assert_array_equal(pictures[rows], STACK[rows])
        for row in np.flatnonzero(stack.damaged):
            np.testing.assert_array_equal(pictures[row], STACK[rows[-1]])  # the one before
        said = " ".join(stack.describe())
        assert "is cut" in said or "may be cut" in said
        assert any("cut" in problem for problem in stack.info.problems)
        assert set(stack.info.problems) < set(stack.info.notes)
        assert len(stack) == N or kind not in STATED
        if len(stack) == N:
            assert f"{N - rows.size} pictures cannot be read ({rows.size} to {N - 1})" in said


def test_a_damaged_page_keeps_its_number(tmp_path: Path) -> None:
    path = tmp_path / "d.tif"
    plain(path, STACK, compression="zlib")
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        for row in (0, 7):
            data[tiff.pages.get(row).dataoffsets[0] + 40] ^= 0xFF
    path.write_bytes(data)
    with ImageStack(path) as stack:
        np.testing.assert_array_equal(stack[6:9], STACK[[6, 6, 8]])
        np.testing.assert_array_equal(stack[0], STACK[1])  # none before it: the one after
        assert np.flatnonzero(stack.damaged).tolist() == [0, 7]
        assert np.flatnonzero(stack.reopen().damaged).tolist() == [0, 7]
        assert "2 pictures cannot be read (0, 7)" in stack.describe()[-1]


def test_a_strip_that_is_not_there_is_not_filled_with_black(tmp_path: Path) -> None:
    path = tmp_path / "s.tif"
    plain(path, STACK, rowsperstrip=8)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        counts = tiff.pages.get(5).tags[279]
        counts.overwrite((counts.value[0], 0, counts.value[2]))
    with ImageStack(path) as stack:
        np.testing.assert_array_equal(stack[5], STACK[4])
        assert np.flatnonzero(stack.damaged).tolist() == [5]


def test_a_damaged_first_page_is_not_left_out(tmp_path: Path) -> None:
    """Its odd tags make it a series of its own; without it every picture would be off by one."""
    path = tmp_path / "f.tif"
    plain(path, STACK, compression="zlib")
    retagged(path, 259, 1)
    with pytest.raises(InputError, match="one series of pictures, found 2"):
        ImageStack(path)


def test_a_page_of_another_size_is_named(tmp_path: Path) -> None:
    # Long enough that the pages are not all parsed when it is opened.
    many = np.zeros((1200, 4, 6), np.uint8)
    with tifffile.TiffWriter(tmp_path / "o.tif") as writer:
        for row, picture in enumerate(many):
            odd = picture[:, :5] if row == 900 else picture
            writer.write(odd, metadata=None, contiguous=False)
    with ImageStack(tmp_path / "o.tif") as stack:
        assert len(stack) == 1200
        stack[899]
        with pytest.raises(
            FormatError, match=r"o\.tif, picture 900: expected 6 x 4 .* found 5 x 4"
        ):
            stack[900]


def test_what_is_no_stack(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.tif: expected a TIFF file, found nothing there"):
        ImageStack(tmp_path / "no.tif")
    (tmp_path / "empty.tif").write_bytes(b"")
    with pytest.raises(FormatError, match="an empty file"):
        ImageStack(tmp_path / "empty.tif")
    (tmp_path / "text.tif").write_text("hello world, I am no picture")
    with pytest.raises(FormatError, match=r"text\.tif: expected a TIFF file, found data that"):
        ImageStack(tmp_path / "text.tif")
    tifffile.imwrite(
        tmp_path / "c.tif", np.zeros((3, Y, X), np.complex64), photometric="minisblack"
    )
    with pytest.raises(InputError, match="numbers, found complex64"):
        ImageStack(tmp_path / "c.tif")
    tifffile.imwrite(tmp_path / "s.tif", np.zeros((3, Y, X, 7), np.uint8), planarconfig="contig")
    with pytest.raises(FormatError, match="found 7 channels"):
        ImageStack(tmp_path / "s.tif")


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}])
def test_an_impossible_size_is_refused_before_memory_is_taken(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    path = tmp_path / "huge.tif"
    plain(path, STACK[:2], dtype="uint8", **options)
    for code in (256, 257):
        retagged(path, code, 10**6 if options else 10**5)
    with pytest.raises(FormatError, match=r"at most 64 megapixels and 512 MiB, found 10+ x 10+ "):
        ImageStack(path)
    for code in (256, 257, 278):
        retagged(path, code, 8000)
    if options:
        with pytest.raises(FormatError, match="at most 10000 times as large as their file"):
            ImageStack(path)


def test_a_compression_without_codec_names_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "k.tif"
    plain(path, STACK[:1], compression="zlib")
    retagged(path, 259, 34712)  # JPEG 2000
    with pytest.raises(FormatError, match=r"found JPEG2000\. Install.*pip install imagecodecs"):
        ImageStack(path)


# --- cost -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tifffile", "zlib", "ImageJ", "plain", "plain zlib"])
def test_opening_parses_few_pages(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, options = KINDS[kind]
    write(tmp_path / "long.tif", np.zeros((3000, 5, 6), np.uint8), **options)
    parsed = []
    for page in (tifffile.TiffPage, tifffile.TiffFrame):
        original = page.__init__

        def counted(self: Any, *args: Any, _original: Any = original, **kwargs: Any) -> None:
            parsed.append(1)
            _original(self, *args, **kwargs)

        monkeypatch.setattr(page, "__init__", counted)
    with ImageStack(tmp_path / "long.tif", fps=30) as stack:
        opened = len(parsed)
        assert len(stack) == 3000
        stack[1500]
        assert len(parsed) - opened <= 2
    # tifffile makes a light object for each page of a file that it described and compressed.
    assert opened <= (3010 if kind == "zlib" else 10)


def test_the_cache_is_bounded_by_bytes(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "z.tif", STACK, compression="zlib")
    with ImageStack(tmp_path / "z.tif", cache_bytes=5 * Y * X) as stack:
        for row in range(N):
            stack[row]
        assert stack.cached_bytes == 5 * Y * X
        list(stack.iter_frames(0, 10))
        assert sorted(stack._kept) == [15, 16, 17, 18, 19]


def test_threads_get_the_same_pictures(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "z.tif", STACK, compression="zlib")
    wrong = []
    with ImageStack(tmp_path / "z.tif", cache_bytes=3 * Y * X) as stack:

        def read(seed: int) -> None:
            for row in np.random.default_rng(seed).integers(0, N, 100):
                if not np.array_equal(stack[int(row)], STACK[row]):
                    wrong.append(row)

        threads = [threading.Thread(target=read, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_reopened_pickled_and_closed(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK)
    stack = ImageStack(tmp_path / "a.tif", fps="29.97")
    other, copy = stack.reopen(), pickle.loads(pickle.dumps(stack))
    stack.close()
    stack.close()
    assert other.path == copy.path == str(tmp_path / "a.tif")
    assert other.timebase == copy.timebase == Timebase.constant("30000/1001", N)
    np.testing.assert_array_equal(other[9], STACK[9])
    np.testing.assert_array_equal(copy[9], STACK[9])
    with pytest.raises(InputError, match="found closed ones"):
        stack[0]
