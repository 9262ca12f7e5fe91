"""Video encoders over recordings: from mp4 files to vectors, each picture read once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from napari_mousegpt.clips import CropParams
from napari_mousegpt.core.intervals import Intervals
from napari_mousegpt.core.parquet import read_parquet, write_parquet
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.core.vectors import Vectors
from napari_mousegpt.errors import InputError, MismatchError
from napari_mousegpt.io.recordings import open_recording
from napari_mousegpt.models.encoders import Encoded
from napari_mousegpt.models.engine import Cancelled
from napari_mousegpt.vectors.actions import softmax
from napari_mousegpt.vectors.placing import clip_spans
from napari_mousegpt.vectors.projected import Projected
from napari_mousegpt.vectors.video import (
    VideoParams,
    VideoProjector,
    load_encoder,
    video_windows,
)
from support.model_fixtures import made_once, shared_folder
from support.motion_clips import write_movie
from support.tiny_encoders import FRAMES, MOTIONS, SIDE, tiny_encoder, trained_encoder
from support.torchvision_cure import cure_torchvision


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    cure_torchvision()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(shared_folder(tmp_path_factory) / "trained_encoder", trained_encoder)


@pytest.fixture(scope="module")
def random_swin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder("swin3d", tmp_path_factory.mktemp("random") / "swin")


@pytest.fixture(autouse=True)
def _empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NAPARI_MOUSEGPT_CACHE", str(tmp_path / "cache"))


class Pictures:
    """Noise that counts how often each picture is read."""

    def __init__(self, n: int = 90, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.values = rng.integers(0, 256, (n, SIDE, SIDE, 3), dtype=np.uint8)
        self.shape = self.values.shape
        self.dtype = self.values.dtype
        self.ndim = 4
        self.read = np.zeros(n, int)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        self.read[key] += 1
        return self.values[key]


def recorded(video: Pictures | None = None, mark: str = "v1") -> tuple[Recording, Pictures]:
    pictures = video or Pictures()
    clock = Timebase.constant(30, len(pictures))
    view = View("top", clock, pictures, fingerprints={"video": mark})
    return Recording("r", (view,)), pictures


def test_a_trained_encoder_tells_motions_apart_from_files(trained: Path, tmp_path: Path) -> None:
    encoder = load_encoder(str(trained))
    assert encoder.spec.classes == MOTIONS
    whole = VideoParams(stride_s=1 / FRAMES)  # each film lasts one second
    right, rows = 0, []
    for number, kind in itertools.product(range(5000, 5008), MOTIONS):
        film = write_movie(tmp_path / f"{kind}{number}.mp4", kind, number)
        recording = open_recording(film)
        found = VideoProjector(recording, encoder, whole).project(
            Intervals.build(recording.id, 0, recording.n_frames)
        )
        assert found.probabilities is not None
        right += MOTIONS[int(found.probabilities[0].argmax())] == kind
        rows.append(found.vectors.values[0])
    assert right >= 15
    # The vectors themselves fall into two heaps, without the head.
    values = np.array(rows) - np.mean(rows, axis=0)
    first = np.linalg.svd(values)[2][0]
    side = (values @ first > 0).reshape(-1, 2)
    assert max(np.mean(side == [True, False]), np.mean(side == [False, True])) >= 15 / 16


def test_overlapping_windows_read_each_picture_once(random_swin: Path) -> None:
    recording, pictures = recorded()
    projector = VideoProjector(recording, load_encoder(str(random_swin)))
    # 16 frames each, 4 after the one before: every picture lies in several.
    starts = np.arange(0, 72, 4)
    found = projector.project(Intervals.build("r", starts, starts + 16))
    assert len(found) == len(starts)
    assert pictures.read.max() == 1
    assert pictures.read.sum() > 40


def test_changing_one_clip_changes_only_its_row(random_swin: Path) -> None:
    encoder = load_encoder(str(random_swin))
    ranges = Intervals.build("r", [0, 20, 40, 60], [16, 36, 56, 76])
    first = VideoProjector(recorded()[0], encoder).project(ranges).vectors.values
    other = Pictures()
    other.values[40:56] = 255 - other.values[40:56]
    second = VideoProjector(recorded(other, "v2")[0], encoder).project(ranges).vectors.values
    moved = np.abs(first - second).max(axis=1)
    assert moved[2] > 1e-2
    assert moved[[0, 1, 3]].max() == 0


def test_damage_is_told_for_the_intervals_that_show_it(random_swin: Path) -> None:
    recording, pictures = recorded()
    pictures.damaged = np.arange(90) == 25  # type: ignore[attr-defined]
    projector = VideoProjector(recording, load_encoder(str(random_swin)))
    ranges = Intervals.build("r", [0, 20, 40], [16, 36, 56])
    assert projector.project(ranges).damaged.tolist() == [False, True, False]
    again = VideoProjector(recording, projector.encoder).project(ranges)
    assert again.damaged.tolist() == [False, True, False]


def test_clips_are_averaged_as_published(random_swin: Path) -> None:
    encoder = load_encoder(str(random_swin))
    recording, pictures = recorded()
    found = VideoProjector(recording, encoder).project(Intervals.build("r", 5, 65))
    spans = clip_spans(recording.timebase, 5, 65, FRAMES, 2 / 30, 4)
    assert len(spans) == found.clips[0] == 4
    assert all(b - a == 16 for a, b in spans)
    # Pictures of a clip are two apart, as the model was trained with.
    clips = np.stack([pictures.values[a + 1 : b : 2] for a, b in spans])
    alone = encoder.encode(clips)
    assert alone.logits is not None
    halves = alone.features.astype(np.float16).astype(np.float64)
    np.testing.assert_allclose(found.vectors.values[0], halves.mean(axis=0), rtol=2e-3, atol=1e-3)
    assert found.probabilities is not None
    np.testing.assert_allclose(
        found.probabilities[0], softmax(alone.logits).mean(axis=0), atol=1e-5
    )


def test_what_was_encoded_is_not_encoded_again(
    random_swin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(str(random_swin))
    encoded: list[int] = []
    encode = encoder.encode

    def counted(clips: NDArray[np.uint8]) -> Any:
        encoded.append(len(clips))
        return encode(clips)

    monkeypatch.setattr(encoder, "encode", counted)
    ranges = Intervals.build("r", [0, 20], [16, 36])

    def project(
        recording: Recording | None = None, params: VideoParams | None = None, rows: Any = ranges
    ) -> Projected:
        encoded.clear()
        return VideoProjector(recording or recorded()[0], encoder, params).project(rows)

    first = project()
    assert sum(encoded) == 2
    again = project()
    assert sum(encoded) == 0
    pd.testing.assert_frame_equal(again.to_table(), first.to_table())
    project(rows=Intervals.build("r", [0, 40], [16, 56]))
    assert sum(encoded) == 1
    project(recorded(mark="another video")[0])
    assert sum(encoded) == 2
    project(params=VideoParams(stride_s=0.04))
    assert sum(encoded) == 2  # shorter clips
    # As the hash of files looks: its kind comes first and is the same for all.
    encoder.weights = replace(encoder.weights, files_hash=f"blake2b-weights:{'f' * 32}")
    changed = project()
    assert sum(encoded) == 2
    assert changed.vectors.revision != first.vectors.revision
    # So that vectors of either are never mixed.
    with pytest.raises(MismatchError, match="all from one model and revision"):
        Projected.concat([first, changed])


def test_numbers_too_large_for_two_bytes_are_refused(
    random_swin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(str(random_swin))
    loud = Encoded(np.full((1, encoder.spec.feature_dim), 7e4, np.float32), None)
    monkeypatch.setattr(encoder, "encode", lambda clips: loud)
    with pytest.raises(InputError, match=r"numbers below 65504.*found 70000"):
        VideoProjector(recorded()[0], encoder).project(Intervals.build("r", 0, 16))


def test_a_damaged_cache_is_made_anew(random_swin: Path, tmp_path: Path) -> None:
    encoder = load_encoder(str(random_swin))
    ranges = Intervals.build("r", [0, 20], [16, 36])
    first = VideoProjector(recorded()[0], encoder).project(ranges)
    (kept,) = (tmp_path / "cache" / "video-vectors").rglob("*.npz")
    kept.write_bytes(kept.read_bytes()[:300])
    again = VideoProjector(recorded()[0], encoder).project(ranges)
    np.testing.assert_array_equal(again.vectors.values, first.vectors.values)


def test_without_a_cache_folder_all_works(
    random_swin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(str(random_swin))
    monkeypatch.setenv("NAPARI_MOUSEGPT_CACHE", "off")
    assert len(VideoProjector(recorded()[0], encoder).project(Intervals.build("r", 0, 16))) == 1
    assert not (tmp_path / "cache").exists()


def test_cancelling_keeps_what_is_finished(
    random_swin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(str(random_swin))
    encoded: list[int] = []
    encode = encoder.encode

    def counted(clips: NDArray[np.uint8]) -> Any:
        encoded.append(len(clips))
        return encode(clips)

    monkeypatch.setattr(encoder, "encode", counted)
    ranges = Intervals.build("r", np.arange(0, 72, 8), np.arange(0, 72, 8) + 16)
    params = VideoParams(batch=2)
    with pytest.raises(Cancelled):
        VideoProjector(recorded()[0], encoder, params).project(
            ranges, cancelled=lambda: sum(encoded) >= 4
        )
    assert sum(encoded) == 4
    VideoProjector(recorded()[0], encoder, params).project(ranges)
    assert sum(encoded) == len(ranges)


def test_too_little_memory_halves_the_batch(
    random_swin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(str(random_swin))
    ranges = Intervals.build("r", np.arange(0, 64, 4), np.arange(0, 64, 4) + 16)
    wanted = VideoProjector(recorded()[0], encoder).project(ranges)
    encode = encoder.encode

    def narrow(clips: NDArray[np.uint8]) -> Any:
        if len(clips) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return encode(clips)

    monkeypatch.setattr(encoder, "encode", narrow)
    found = VideoProjector(recorded(mark="v2")[0], encoder, VideoParams(batch=16)).project(ranges)
    np.testing.assert_allclose(found.vectors.values, wanted.vectors.values, atol=2e-3)


def test_an_error_of_the_encoder_comes_through(
    random_swin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(str(random_swin))
    monkeypatch.setattr(encoder, "encode", lambda clips: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        VideoProjector(recorded()[0], encoder).project(Intervals.build("r", 0, 16))


def test_two_individuals_share_a_clip_unless_it_follows_them(random_swin: Path) -> None:
    encoder = load_encoder(str(random_swin))
    ranges = Intervals.build("r", [0, 0], [16, 16], ["a", "b"])
    projector = VideoProjector(recorded()[0], encoder)
    found = projector.project(ranges)
    np.testing.assert_array_equal(found.vectors.values[0], found.vectors.values[1])
    assert len(projector._cache) == 1
    followed = VideoProjector(recorded()[0], encoder, VideoParams(crop=CropParams(pixels=30)))
    followed.project(ranges)
    assert len(followed._cache) == 2


def test_intervals_that_cannot_be_shown_are_refused(random_swin: Path) -> None:
    projector = VideoProjector(recorded()[0], load_encoder(str(random_swin)))
    for start, stop, match in (
        (5, 5, "a length of one picture or more"),
        (80, 95, "frames 0 to 90"),
        (0, 7, "at least 8 pictures, as the model needs, found 7"),
    ):
        with pytest.raises(InputError, match=rf"interval \[{start}, {stop}\): expected {match}"):
            projector.project(Intervals.build("r", start, stop))
    with pytest.raises(InputError, match="interval 0: expected one of recording 'r', found one"):
        projector.project(Intervals.build("s", 0, 16))
    with pytest.raises(InputError, match=r"stride_s=0\.01: expected at least one picture"):
        VideoProjector(projector.recording, projector.encoder, VideoParams(stride_s=0.01)).project(
            Intervals.build("r", 0, 16)
        )
    with pytest.raises(InputError, match="clips=0: expected 1 or more"):
        VideoParams(clips=0)


def test_the_table_keeps_everything_in_two_bytes(random_swin: Path, tmp_path: Path) -> None:
    recording, _ = recorded()
    encoder = load_encoder(str(random_swin))
    found = VideoProjector(recording, encoder).project(Intervals.build("r", [0, 3], [50, 20], "m"))
    table = found.to_table()
    assert {str(kind) for kind in table.filter(like="v_").dtypes} == {"float16"}
    write_parquet(table, tmp_path / "v.parquet")
    again = Projected.from_table(read_parquet(tmp_path / "v.parquet"))
    np.testing.assert_array_equal(again.vectors.values, found.vectors.values)
    assert again.vectors.intervals.column("start_s").tolist() == [0, 0.1]
    assert again.actions == found.actions
    np.testing.assert_array_equal(again.probabilities, found.probabilities)
    np.testing.assert_array_equal(again.clips, found.clips)
    assert (again.vectors.model, again.vectors.revision) == ("swin", found.vectors.revision)
    # Clusters read the vectors alone.
    np.testing.assert_array_equal(Vectors.from_table(table).values, found.vectors.values)
    with pytest.raises(MismatchError, match="columns clips and damaged"):
        Projected.from_table(table.drop(columns=["clips", "damaged"]))


def test_windows_are_as_long_as_a_clip_and_overlap_by_half(random_swin: Path) -> None:
    recording, _ = recorded()
    cut = video_windows(recording, load_encoder(str(random_swin)))
    assert cut.start.tolist()[:3] == [0, 8, 16]
    assert set(cut.length) == {16}


@pytest.mark.parametrize("fps", ["14.8", 15, "29.97", 30, 120])
def test_a_window_is_one_clip_at_any_rate(random_swin: Path, fps: str | int) -> None:
    clock = Timebase.constant(fps, 401)
    recording = Recording("r", (View("top", clock, Pictures(401)),))
    cut = video_windows(recording, load_encoder(str(random_swin)))
    assert cut.start[0] == 0
    assert 401 - cut.stop[-1] < cut.length[0] / 2 + 1
    for window in cut:
        placed = clip_spans(clock, window.start, window.stop, FRAMES, 2 / 30, 4)
        assert placed == [(window.start, window.stop)]


def test_a_video_too_slow_for_the_clips_is_told_so(random_swin: Path) -> None:
    slow = Recording("r", (View("top", Timebase.constant(10, 90), Pictures()),))
    encoder = load_encoder(str(random_swin))
    with pytest.raises(InputError, match=r"stride_s=0\.06667: .*0\.1 s in this .*longer stride"):
        video_windows(slow, encoder)
    assert set(video_windows(slow, encoder, VideoParams(stride_s=0.1)).length) == {FRAMES}
