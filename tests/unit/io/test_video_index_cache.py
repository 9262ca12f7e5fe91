"""Kept frame lists: taken while the video is the same, made anew in every other case."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from napari_mousegpt.errors import FormatError, InputError, StorageError
from napari_mousegpt.io import video_index_cache
from napari_mousegpt.io.fingerprint import file_fingerprint
from napari_mousegpt.io.video import VideoReader
from napari_mousegpt.io.video_index import VideoIndex, read_index
from napari_mousegpt.io.video_index_cache import cached_index, index_folder
from support.painted import ClipBox, read_number, truncate, write_clip

LONG_AGO = 1_600_000_000_123_456_789


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipBox:
    return ClipBox(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, which keeps also the lists of short clips."""
    monkeypatch.setenv("NAPARI_MOUSEGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(video_index_cache, "_LEAST_ROWS", 5)
    return tmp_path / "cache" / "video-index"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the lists that were made, not taken from the cache."""
    paths: list[str] = []

    def counting(path: str) -> VideoIndex:
        paths.append(path)
        return read_index(path)

    monkeypatch.setattr(video_index_cache, "read_index", counting)
    return paths


@pytest.fixture
def video(clips: ClipBox, tmp_path: Path) -> Path:
    return settled_copy(clips["mjpeg_avi"].path, tmp_path / "clip.avi")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video with a middle, of which the fingerprint sees nothing."""
    path = tmp_path_factory.mktemp("large") / "large.avi"
    options = {"qmin": "1", "qmax": "2"}
    return write_clip(path, range(150), codec="mjpeg", pix_fmt="yuvj420p", options=options)


def settled_copy(source: Path, target: Path) -> Path:
    target.write_bytes(source.read_bytes())
    os.utime(target, ns=(LONG_AGO, LONG_AGO))
    return target


def same(one: VideoIndex, other: VideoIndex) -> bool:
    """Compare all fields, arrays and clocks by their values and types."""
    for field in fields(VideoIndex):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            equal = a.dtype == b.dtype and np.array_equal(a, b)
        elif field.name == "timebase":
            equal = a == b and type(a.ticks) is type(b.ticks)
        else:
            equal = a == b and type(a) is type(b)
        if not equal:
            return False
    return True


@pytest.mark.parametrize(
    "kind", ["b_frames", "variable_mkv", "mjpeg_avi", "h264_avi", "edit_list_b", "rotated", "grey"]
)
def test_a_kept_list_is_the_list(
    clips: ClipBox, tmp_path: Path, folder: Path, made: list[str], kind: str
) -> None:
    path = settled_copy(clips[kind].path, tmp_path / f"a{clips[kind].path.suffix}")
    first, second = cached_index(str(path)), cached_index(str(path))
    assert made == [str(path)]
    assert len(list(folder.iterdir())) == 1
    assert same(first, second)
    with VideoReader(path) as reader:
        assert made == [str(path)]
        order = (5, 40, 3)
        assert [read_number(reader[f]) for f in order] == [clips[kind].numbers[f] for f in order]


def rewrite(path: Path) -> None:
    path.write_bytes(path.read_bytes())
    os.utime(path, ns=(LONG_AGO, LONG_AGO + 1))


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0" * 10)


def change_in_the_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    assert len(data) > 3 * 65536  # beyond what the fingerprint looks at
    data[len(data) // 2] ^= 0xFF
    before = file_fingerprint(path)
    path.write_bytes(data)
    os.utime(path, ns=(LONG_AGO, LONG_AGO + 1))
    assert file_fingerprint(path) == before


def change_the_head(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[5000] ^= 0xFF
    path.write_bytes(data)
    os.utime(path, ns=(LONG_AGO, LONG_AGO))


@pytest.mark.parametrize("change", [rewrite, grow, change_in_the_middle, change_the_head])
def test_a_changed_video_is_listed_again(
    large: Path, tmp_path: Path, folder: Path, made: list[str], change: Callable[[Path], None]
) -> None:
    video = settled_copy(large, tmp_path / "clip.avi")
    cached_index(str(video))
    change(video)
    cached_index(str(video))
    assert len(made) == 2


def test_another_version_lists_again(
    video: Path, folder: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner, name, value in (
        (video_index_cache, "_FORMAT", 99),
        (av, "__version__", "99.0"),
        (av, "library_versions", {"libavformat": (99, 0, 0)}),
    ):
        cached_index(str(video))
        made.clear()
        with monkeypatch.context() as changed:
            changed.setattr(owner, name, value)
            cached_index(str(video))
        assert len(made) == 1, name


def test_each_path_has_its_own_list(
    clips: ClipBox, tmp_path: Path, folder: Path, made: list[str]
) -> None:
    for name in ("a.mp4", "b.mp4"):
        path = settled_copy(clips["b_frames"].path, tmp_path / name)
        assert cached_index(str(path)).path == str(path)
    assert len(made) == len(list(folder.iterdir())) == 2


def test_a_damaged_list_is_made_anew(video: Path, folder: Path, made: list[str]) -> None:
    whole = cached_index(str(video))
    (kept,) = folder.iterdir()
    data = kept.read_bytes()
    flipped = [bytearray(data) for _ in range(20)]
    for which, copy in enumerate(flipped):
        copy[which * len(data) // 20] ^= 0x10
    broken = [b"", b"no list", data[:-1], data[: len(data) // 2], data + b"\0", *flipped]
    for content in broken:
        kept.write_bytes(content)
        assert same(cached_index(str(video)), whole)
    assert len(made) == 1 + len(broken)
    cached_index(str(video))
    assert len(made) == 1 + len(broken)


def test_a_file_still_being_written_is_not_kept(video: Path, folder: Path, made: list[str]) -> None:
    os.utime(video)
    cached_index(str(video))
    cached_index(str(video))
    assert len(made) == 2
    assert not folder.exists()


def test_a_file_that_changes_while_it_is_listed_is_not_kept(
    video: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(path: str) -> VideoIndex:
        index = read_index(path)
        grow(video)
        os.utime(video, ns=(LONG_AGO, LONG_AGO))
        return index

    monkeypatch.setattr(video_index_cache, "read_index", slow)
    cached_index(str(video))
    assert not folder.exists()


def test_short_videos_are_not_kept(
    video: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_index_cache, "_LEAST_ROWS", 101)
    cached_index(str(video))
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_no_error(
    video: Path, folder: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.parent.write_text("a file in the way")
    assert cached_index(str(video)).n_frames == 100
    folder.parent.unlink()

    def full(path: Any) -> Any:
        raise StorageError(path, found="a full disk")

    monkeypatch.setattr(video_index_cache, "replacing", full)
    assert cached_index(str(video)).n_frames == 100
    assert list(folder.iterdir()) == []


def test_it_can_be_switched_off(
    video: Path, folder: Path, made: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NAPARI_MOUSEGPT_CACHE", "off")
    monkeypatch.chdir(tmp_path)
    assert index_folder() is None
    cached_index(str(video))
    cached_index(str(video))
    assert len(made) == 2
    assert not Path("off").exists()
    monkeypatch.delenv("NAPARI_MOUSEGPT_CACHE")
    users = index_folder()
    assert users is not None
    assert users.parts[-2:] == ("napari-mousegpt", "video-index")


def test_the_lists_used_last_are_kept(
    clips: ClipBox, tmp_path: Path, folder: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_index_cache, "_MOST_FILES", 2)
    paths = [str(settled_copy(clips["b_frames"].path, tmp_path / f"{name}.mp4")) for name in "abc"]
    for place, path in enumerate(paths[:2]):
        cached_index(path)
        for kept in folder.iterdir():
            if kept.stat().st_mtime_ns > LONG_AGO + 10:
                os.utime(kept, ns=(LONG_AGO + place, LONG_AGO + place))
    cached_index(paths[0])  # used again, it is no longer the oldest
    cached_index(paths[2])
    assert len(list(folder.iterdir())) == 2
    made.clear()
    for path in (paths[0], paths[2], paths[1]):
        cached_index(path)
    assert made == [paths[1]]
    monkeypatch.setattr(video_index_cache, "_MOST_BYTES", 1)
    os.utime(paths[0], ns=(LONG_AGO, LONG_AGO + 7))
    cached_index(paths[0])
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("kind", ["variable_mkv", "mjpeg_avi", "fast_start"])
def test_the_end_of_a_cut_file_is_looked_at_each_time(
    clips: ClipBox, tmp_path: Path, folder: Path, made: list[str], kind: str
) -> None:
    source = clips[kind].path
    path = truncate(source, tmp_path / f"cut{source.suffix}", 0.7)
    os.utime(path, ns=(LONG_AGO, LONG_AGO))
    with VideoReader(path) as first, VideoReader(path) as second:
        assert len(made) == 1
        assert second.n_decoded == first.n_decoded > 0
        assert np.array_equal(first.damaged, second.damaged)
        assert first.damaged.any() == (kind != "variable_mkv")  # that one ends between packets
        assert first.describe() == second.describe()


def test_what_is_no_video_is_refused_as_ever(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="found nothing there"):
        cached_index(str(tmp_path / "absent.mp4"))
    with pytest.raises(InputError, match="found a folder"):
        cached_index(str(tmp_path))
    (tmp_path / "a.mp4").write_bytes(b"")
    with pytest.raises(FormatError, match="an empty file"):
        cached_index(str(tmp_path / "a.mp4"))
    assert not folder.exists()
