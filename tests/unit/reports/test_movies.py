"""Movies: what was put in comes out, at its time, whole or not at all."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from napari_mousegpt.errors import DependencyError, InputError, OutputExistsError, StorageError
from napari_mousegpt.reports.movies import MovieClock, check_target, movie_writer

RATE = MovieClock(Fraction(30000, 1001))


def picture(number: int, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    """A grey picture whose left half is brighter the later it is."""
    made = np.full((*size, 3), 128, dtype=np.uint8)
    made[:, : size[1] // 2] = 20 + 5 * number
    return made


def written(path: Path, count: int = 40, clock: MovieClock = RATE, **more: object) -> Path:
    with movie_writer(path, clock, **more) as add:  # type: ignore[arg-type]
        for number in range(count):
            add(picture(number))
    return path


def read(path: Path) -> tuple[list[int], list[Fraction]]:
    """Numbers painted into the pictures, and their times."""
    with av.open(str(path)) as file:
        frames = list(file.decode(video=0))
    numbers = [
        round((float(frame.to_ndarray(format="rgb24")[8:40, 4:28].mean()) - 20) / 5)
        for frame in frames
    ]
    return numbers, [frame.pts * frame.time_base for frame in frames]


@pytest.mark.parametrize("name", ["a.mp4", "a.gif"])
def test_pictures_come_out_in_their_order(name: str, tmp_path: Path) -> None:
    numbers, times = read(written(tmp_path / name))
    assert numbers == sorted(numbers)
    # A GIF has 256 colours for all pictures, also for those that come late.
    assert np.abs(np.subtract(numbers, range(40))).max() <= (2 if name == "a.gif" else 0)
    assert np.allclose(np.asarray(times, float), np.arange(40) * 1001 / 30000, atol=0.006)


def test_an_mp4_keeps_exact_time(tmp_path: Path) -> None:
    _, times = read(written(tmp_path / "a.mp4"))
    assert times == [Fraction(1001 * number, 30000) for number in range(40)]


@pytest.mark.parametrize("unit", [Fraction(1, 1000), Fraction(1, 90_000)])
def test_a_variable_rate_is_kept(unit: Fraction, tmp_path: Path) -> None:
    stamps = np.cumsum(np.random.default_rng(0).integers(20, 60, 30))
    clock = MovieClock(Fraction(25), stamps, unit)
    _, times = read(written(tmp_path / "a.mp4", 30, clock))
    assert times == [int(stamp - stamps[0]) * unit for stamp in stamps]


def test_without_h264_it_is_mpeg4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", {"mpeg4"})
    path = written(tmp_path / "a.mp4")
    with av.open(str(path)) as file:
        assert file.streams.video[0].codec_context.name == "mpeg4"
    assert read(path)[0] == list(range(40))
    monkeypatch.setattr(av, "codecs_available", set())
    with pytest.raises(DependencyError, match="an encoder"):
        written(tmp_path / "b.mp4")
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_odd_sizes_lose_an_edge_of_an_mp4_only(tmp_path: Path) -> None:
    for name, size in (("a.mp4", (48, 64)), ("a.gif", (49, 65))):
        with movie_writer(tmp_path / name, RATE) as add:
            add(picture(3, (49, 65)))
        with av.open(str(tmp_path / name)) as file:
            frame = next(file.decode(video=0))
        assert (frame.height, frame.width) == size


def test_a_gif_holds_the_colours_it_was_told(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 48, 64, 3), dtype=np.uint8)
    noise[50:, :8, :8] = (0, 114, 178)  # long after the colours were chosen
    with movie_writer(tmp_path / "a.gif", RATE, colours=["#0072b2"]) as add:
        for frame in noise:
            add(frame)
    with Image.open(tmp_path / "a.gif") as movie:
        movie.seek(55)
        assert (np.asarray(movie.convert("RGB"))[:8, :8] == (0, 114, 178)).all()


@pytest.mark.parametrize("name", ["a.mp4", "a.gif"])
def test_a_movie_is_there_whole_or_not_at_all(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"as it was")
    writing = movie_writer(path, RATE)
    add = writing.__enter__()
    for number in range(30):
        add(picture(number))
    assert not writing.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    with pytest.raises(InputError, match="at least one picture"), movie_writer(path, RATE):
        pass
    assert path.read_bytes() == b"as it was"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone" / "a.mp4"
    with pytest.raises(StorageError, match="make it first"):
        written(gone)


def test_targets_are_looked_at_before_any_work(tmp_path: Path) -> None:
    assert check_target(tmp_path / "A.MP4", overwrite=False) == tmp_path / "A.MP4"
    with pytest.raises(InputError, match=r"\.mp4 or \.gif"):
        check_target(tmp_path / "a.avi", overwrite=False)
    with pytest.raises(StorageError, match="Make the folder first"):
        check_target(tmp_path / "b" / "a.gif", overwrite=False)
    (tmp_path / "a.gif").touch()
    with pytest.raises(OutputExistsError, match="overwrite"):
        check_target(tmp_path / "a.gif", overwrite=False)
    assert check_target(tmp_path / "a.gif", overwrite=True)
