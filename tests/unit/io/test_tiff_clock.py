"""Frame rates of stacks, from what the programs that wrote them left in the file."""

from __future__ import annotations

import json
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import InputError
from napari_mousegpt.io.image_stack import ImageStack

N, Y, X = 20, 24, 32
STACK = np.random.default_rng(5).integers(0, 256, (N, Y, X), dtype=np.uint8)


def plain(path: Path, data: Any, **options: Any) -> None:
    with tifffile.TiffWriter(path) as writer:
        for picture in data:
            writer.write(picture, metadata=None, contiguous=False, **options)


def clock_of(path: Path, **options: Any) -> tuple[Timebase | None, str]:
    with ImageStack(path, **options) as stack:
        return stack.timebase, " ".join(stack.info.notes)


def test_nothing_states_a_rate(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK)
    assert clock_of(tmp_path / "a.tif")[0] is None
    assert clock_of(tmp_path / "a.tif", fps=50)[0] == Timebase.constant(50, N)


@pytest.mark.parametrize(
    ("facts", "rate", "said"),
    [
        ({"finterval": 0.04}, 25, "finterval of ImageJ"),
        ({"finterval": 0.0333333}, 30, "finterval of ImageJ"),
        ({"finterval": 40.0, "tunit": "ms"}, 25, "finterval of ImageJ"),
        ({"finterval": 0.0333667, "fps": 7.0}, Fraction(30000, 1001), "finterval"),
        ({"fps": 12.5}, Fraction(25, 2), "the rate at which ImageJ plays it"),
        ({"finterval": -1.0, "fps": 10.0}, 10, "finterval of ImageJ is not above zero"),
    ],
)
def test_imagej(tmp_path: Path, facts: dict[str, Any], rate: Any, said: str) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK, imagej=True, metadata={"axes": "TYX", **facts})
    clock, notes = clock_of(tmp_path / "a.tif")
    assert clock == Timebase.constant(rate, N)
    assert said in notes
    assert clock_of(tmp_path / "a.tif", fps=60)[0] == Timebase.constant(60, N)


def ome(path: Path, **facts: Any) -> tuple[Timebase | None, str]:
    tifffile.imwrite(path, STACK, ome=True, metadata={"axes": "TYX", **facts})
    return clock_of(path)


def test_ome(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    clock, said = ome(path, TimeIncrement=40.0, TimeIncrementUnit="ms")
    assert clock == Timebase.constant(25, N)
    assert "TimeIncrement of OME" in said
    times = [round(0.033333333 * row, 6) for row in range(N)]
    clock, said = ome(path, Plane={"DeltaT": times}, TimeIncrement=1.0)
    assert clock is not None
    assert clock.is_constant
    assert clock.fps == pytest.approx(30, rel=1e-4)
    assert "DeltaT of OME, which are evenly spaced" in said
    times[10] += 0.01
    clock, said = ome(path, Plane={"DeltaT": [1000 * t for t in times], "DeltaTUnit": ["ms"] * N})
    assert clock is not None
    assert not clock.is_constant
    np.testing.assert_allclose(clock.time(np.arange(N)), times, atol=1e-9)
    times[10] = 0
    clock, said = ome(path, Plane={"DeltaT": times}, TimeIncrement=0.05)
    assert clock == Timebase.constant(20, N)
    assert "DeltaT of OME do not rise" in said


def test_micromanager(tmp_path: Path) -> None:
    times = [33.0 * row + (row == 4) for row in range(N)]

    def write(noted: bool) -> Path:
        with tifffile.TiffWriter(tmp_path / "mm.tif") as writer:
            for picture, moment in zip(STACK, times, strict=True):
                text = json.dumps({"ElapsedTime-ms": moment} if noted else {"Frame": 1})
                writer.write(
                    picture,
                    metadata=None,
                    contiguous=False,
                    extratags=[(51123, "s", 0, text, True)],
                )
        return tmp_path / "mm.tif"

    clock, said = clock_of(write(noted=True))
    assert clock is not None
    np.testing.assert_allclose(clock.time(np.arange(N)), np.array(times) / 1000, atol=1e-9)
    assert "elapsed times of MicroManager" in said
    assert clock_of(write(noted=False))[0] is None


def test_scanimage(tmp_path: Path) -> None:
    plain(
        tmp_path / "si.tif",
        STACK,
        software="SI.VERSION_MAJOR = 5\nSI.hRoiManager.scanFrameRate = 7.5",
    )
    clock, said = clock_of(tmp_path / "si.tif")
    assert clock == Timebase.constant(Fraction(15, 2), N)
    assert "scanFrameRate of ScanImage" in said


def test_scanimage_channels_are_told_apart(tmp_path: Path) -> None:
    plain(tmp_path / "si.tif", STACK, software="SI.hChannels.channelSave = [1;2]")
    with pytest.raises(InputError, match=r"T \(time\) 10, C \(channels\) 2"):
        ImageStack(tmp_path / "si.tif")
    with ImageStack(tmp_path / "si.tif", planes={"C": 1}) as stack:
        np.testing.assert_array_equal(stack[:], STACK[1::2])


def test_metamorph(tmp_path: Path) -> None:
    """A stack of MetaMorph: one directory, planes in one block, a date and time for each."""
    moments = [1000 * 60 + 40 * row for row in range(N)]  # ms since midnight
    pixels, noted = 8, 8 + STACK.nbytes
    planes = b"".join(struct.pack("<6I", 1, 1, 2460000, moment, 0, 0) for moment in moments)
    tags = [
        (256, 4, 1, X),
        (257, 4, 1, Y),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, pixels),
        (277, 3, 1, 1),
        (278, 4, 1, Y),
        (279, 4, 1, X * Y),
        (33628, 4, 1, noted + len(planes)),
        (33629, 5, N, noted),
    ]
    planes += bytes(8)  # no auto-scaling
    directory = struct.pack("<H", len(tags))
    directory += b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    head = b"II*\0" + struct.pack("<I", noted + len(planes))
    (tmp_path / "m.stk").write_bytes(head + STACK.tobytes() + planes + directory)
    clock, said = clock_of(tmp_path / "m.stk", axes="TYX")
    assert clock == Timebase.constant(25, N)
    assert "the times of MetaMorph" in said
    with ImageStack(tmp_path / "m.stk", axes="TYX") as stack:
        np.testing.assert_array_equal(stack[:], STACK)
