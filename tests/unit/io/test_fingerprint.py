"""Quick fingerprints of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.errors import InputError
from napari_mousegpt.io.fingerprint import file_fingerprint, sequence_fingerprint

PART = 64 * 1024


def test_it_depends_on_content_and_not_on_the_name(tmp_path: Path) -> None:
    first, second = tmp_path / "a.mp4", tmp_path / "b.mp4"
    first.write_bytes(b"mouse" * 100)
    second.write_bytes(b"mouse" * 100)
    assert file_fingerprint(first) == file_fingerprint(str(second))
    second.write_bytes(b"mouse" * 99 + b"mousa")
    assert file_fingerprint(first) != file_fingerprint(second)


@pytest.mark.parametrize("place", [0, PART - 1, -PART, -1])
def test_head_and_tail_count(tmp_path: Path, place: int) -> None:
    path = tmp_path / "long.mp4"
    data = bytearray(5 * PART)
    path.write_bytes(data)
    before = file_fingerprint(path)
    data[place] = 1
    path.write_bytes(data)
    assert file_fingerprint(path) != before


def test_the_size_counts_though_the_middle_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    seen = set()
    for size in (3 * PART, 3 * PART + 1):
        path.write_bytes(bytes(size))
        seen.add(file_fingerprint(path))
    assert len(seen) == 2
    data = bytearray(3 * PART)
    data[PART + PART // 2] = 1
    path.write_bytes(data)
    assert file_fingerprint(path) in seen


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 2 * PART])
def test_short_files_are_read_whole_and_once(tmp_path: Path, size: int) -> None:
    path = tmp_path / "short.bin"
    path.write_bytes(bytes(size))
    kind, digits = file_fingerprint(path).split(":")
    assert kind == "blake2b-64k"
    assert len(digits) == 32


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.mp4: expected a readable file, found No such"):
        file_fingerprint(tmp_path / "absent.mp4")
    with pytest.raises(InputError, match="expected a readable file"):
        file_fingerprint(tmp_path)


def test_a_sequence_hangs_on_names_order_sizes_and_content(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number:03d}.png" for number in range(40)]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]) * 50)
    first = sequence_fingerprint(paths)
    assert first.startswith("blake2b-files:")
    assert sequence_fingerprint(paths) == first
    assert sequence_fingerprint(paths[::-1]) != first
    assert sequence_fingerprint(paths[:-1]) != first
    paths[-1].write_bytes(b"x" * 50)
    assert sequence_fingerprint(paths) != first
    paths[17].write_bytes(b"x" * 51)  # its content is not looked at, its size is
    changed = sequence_fingerprint(paths)
    paths[17].write_bytes(bytes([17]) * 50)
    assert sequence_fingerprint(paths) != changed
    with pytest.raises(InputError, match="at least one file"):
        sequence_fingerprint([])
    with pytest.raises(InputError, match=r"no\.png"):
        sequence_fingerprint([tmp_path / "no.png"])
