"""Every kind of video file a laboratory has: no picture is wrong that is not flagged.

What is right is painted into the pictures. One file of each kind, in a tenth of its full length.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_mousegpt.errors import FormatError
from napari_mousegpt.io.video import VideoReader
from napari_mousegpt.io.video_sampler import sample
from support.painted import read_number
from support.video_kinds import KINDS, KindOfFile, make_kind

RAW, DAMAGED = "raw H264", "mp4 damaged packets"
SMALL = 1 << 20  # bytes of about two dozen pictures, so that a reader has to seek


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kinds")


@pytest.fixture(scope="module", params=[kind for kind in KINDS if kind != RAW])
def made(request: pytest.FixtureRequest, folder: Path) -> KindOfFile:
    return make_kind(request.param, folder, 0.1)


@pytest.fixture(scope="module")
def scan(made: KindOfFile) -> tuple[list[Any], Any]:
    """Every picture from first to last, and which are flagged."""
    with VideoReader(made.path) as reader:
        return list(reader), reader.damaged


@pytest.fixture
def reader(made: KindOfFile) -> Iterator[VideoReader]:
    with VideoReader(made.path, cache_bytes=SMALL) as reader:
        yield reader


def number(picture: Any) -> int:
    """Return the painted number, -1 for a torn picture."""
    try:
        return read_number(picture)
    except ValueError:
        return -1


def test_the_62_requests(made: KindOfFile, reader: VideoReader) -> None:
    wrong = {}
    for row in made.requests():
        found = number(reader[row])
        if not made.is_right(row, found) and not reader.damaged[row]:
            wrong[row] = found
    assert wrong == {}


def test_the_whole_file(made: KindOfFile, scan: tuple[list[Any], Any]) -> None:
    pictures, flagged = scan
    assert len(made.numbers) <= len(pictures) <= len(made.begun)
    wrong = {
        row: found
        for row, picture in enumerate(pictures)
        if not flagged[row] and not made.is_right(row, found := number(picture))
    }
    assert wrong == {}
    # Flags are no way out: only what the damage can have reached is flagged.
    if made.path.stem == DAMAGED.replace(" ", "_"):
        assert flagged.sum() < 0.5 * len(flagged)
    else:
        assert flagged.sum() >= len(pictures) - len(made.numbers)
        assert not flagged[: len(made.begun) - 8].any()
        assert not flagged.any() or "cut short" in made.path.stem.replace("_", " ")


def test_scan_equals_seek(scan: tuple[list[Any], Any], reader: VideoReader) -> None:
    pictures, flagged = scan
    rng = np.random.default_rng(1)
    for row in [*rng.integers(0, len(pictures), 15), len(pictures) - 1, 0]:
        assert flagged[row] or np.array_equal(reader[row], pictures[row]), row
    assert not np.any(reader.damaged & ~flagged)


def test_the_sampler_skips_nothing_that_counts(
    made: KindOfFile, scan: tuple[list[Any], Any], reader: VideoReader
) -> None:
    """Pictures that were not decoded because nobody wants them change none of the others."""
    pictures, flagged = scan
    rows = sorted({*range(0, len(pictures), 7), len(pictures) - 1})
    sampled = list(sample(reader, rows, threads=1))
    assert [one.row for one in sampled] == rows
    for row, seconds, picture, damaged in sampled:
        assert seconds == reader.timebase.time(row)
        assert damaged <= flagged[row]
        # Damage in a picture that is left out may pass unseen: then the others are whole.
        assert damaged or made.is_right(row, number(picture)), row
        assert flagged[row] or np.array_equal(picture, pictures[row]), row


def test_threads_change_nothing(made: KindOfFile) -> None:
    alone, crew = (
        list(sample(made.path, range(0, len(made.numbers), 2), 96, threads=threads))
        for threads in (1, 3)
    )
    assert [one[:2] for one in crew] == [one[:2] for one in alone]
    for a, b in zip(alone, crew, strict=True):
        assert a.damaged or b.damaged or np.array_equal(a.picture, b.picture), a.row


def test_a_raw_stream_is_refused_and_the_remedy_mends_it(folder: Path) -> None:
    raw = make_kind(RAW, folder, 0.1)
    with pytest.raises(FormatError, match="Remux it without loss") as refusal:
        VideoReader(raw.path)
    if shutil.which("ffmpeg") is None:
        pytest.skip("the remedy needs the ffmpeg program")
    command = str(refusal.value)
    command = command[command.index("ffmpeg ") :]
    subprocess.run([*shlex.split(command), "-v", "error"], check=True, timeout=280)
    with VideoReader(shlex.split(command)[-1]) as mended:
        assert [number(picture) for picture in mended] == list(raw.numbers)


def test_the_files_are_what_their_names_say(folder: Path) -> None:
    assert len(KINDS) == 18
    cut = make_kind("mkv cut short", folder, 0.1)
    assert 0 < len(cut.numbers) < 250
    assert len(cut.begun) == len(cut.numbers) + 1
    assert len(set(cut.requests())) > 40
    edited = make_kind("mp4 edit list B", folder, 0.1)
    assert edited.numbers[0] == 17
    assert edited.is_right(0, 17)
    assert not edited.is_right(0, 0)
