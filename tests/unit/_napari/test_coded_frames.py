from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_mousegpt._napari.coded_frames import CodedFrames, coded, discreetly
from napari_mousegpt._napari.jobs import own_reader
from napari_mousegpt._napari.preview import with_preview
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.errors import FormatError, InputError
from napari_mousegpt.io.samples import make_sample
from napari_mousegpt.io.video import VideoReader

TOLD = ("secret",)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_sample(tmp_path_factory.mktemp("v"), seconds=1, size=(96, 128)).video
    return made.rename(made.with_name("secret.mp4"))


def test_pictures_are_those_of_the_source_and_all_else_is_quiet(video: Path) -> None:
    with VideoReader(video) as reader:
        frames = CodedFrames(reader, "item 1", TOLD)
        assert frames.shape == reader.shape
        assert (frames.dtype, frames.ndim, frames.size, len(frames)) == (
            reader.dtype, 4, reader.size, 30,
        )  # fmt: skip
        for key in (3, slice(2, 5), (slice(1, 2), slice(None), slice(0, 9)), [4, 1]):
            np.testing.assert_array_equal(frames[key], reader[key])
        np.testing.assert_array_equal(frames.clip([1, 2], 48), reader.clip([1, 2], 48))
        assert frames.nearest(0)[0] == 0
        assert frames.timebase is reader.timebase
        assert frames.info.decoder == reader.info.decoder
        assert sum(1 for _ in frames.iter_frames(0, 6, 2)) == 3
        assert repr(frames) == "<pictures of 'item 1' (30, 96, 128, 3)>"
        for name in ("path", "describe", "_store", "_index"):
            assert not hasattr(frames, name)
        frames.read_ahead = True
        assert reader.read_ahead
        # What the viewer and jobs make of it is quiet, too.
        assert "secret" not in repr(with_preview(frames))
        assert hasattr(with_preview(frames), "nearest")
        with frames.reopen() as other:
            np.testing.assert_array_equal(other[3], reader[3])
            assert isinstance(other, CodedFrames)
        with pytest.raises(Exception, match="closed") as error:
            other[3]
        assert "secret" not in str(error.value)
        with pytest.raises(IndexError):
            frames[30]


def test_what_is_noted_of_a_file_does_not_tell_its_name(video: Path) -> None:
    with VideoReader(video) as reader:
        noted = replace(reader.info, notes=("the index of secret.mp4 was made anew", "no sound"))

        class Noted:
            info = noted

        frames = CodedFrames(Noted(), "item 1", TOLD)  # type: ignore[arg-type]
        assert frames.info == replace(
            noted, notes=("the index of ....mp4 was made anew", "no sound")
        )


def test_a_recording_has_quiet_pictures_in_all_its_views(video: Path) -> None:
    from contextlib import ExitStack

    with VideoReader(video) as reader:
        views = (View("a", reader.timebase, reader), View("b", reader.timebase))
        found = coded(Recording("item 1", views), TOLD)
        assert isinstance(found.video, CodedFrames)
        assert found.views[1].video is None
        with ExitStack() as readers:
            assert isinstance(own_reader(found, readers).video, CodedFrames)


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (
            FormatError("/d/secret.mp4", expected="a video", found="secret.mp4 is text"),
            FormatError,
            "item 1: expected a video, found ....mp4 is text",
        ),
        (
            InputError("individual 'm1' of /d/secret.csv", expected="some of a, b"),
            InputError,
            "item 1: expected some of a, b",
        ),
        (InputError("fps", expected="a rate"), InputError, "item 1, fps: expected a rate"),
        (
            PermissionError(13, "Permission denied", "/d/secret.mp4"),
            InputError,
            "item 1: expected files that can be read, found PermissionError: Permission denied",
        ),
        (ValueError("no secret here"), InputError, "found ValueError: no ... here"),
        (IndexError("frame 9 of secret"), IndexError, "frame 9 of ..."),
    ],
)
def test_errors_speak_of_the_code(error: Exception, kind: type[Exception], text: str) -> None:
    def fail() -> Any:
        raise error

    with pytest.raises(kind) as found:
        discreetly(fail, "item 1", TOLD)
    assert text in str(found.value)
    assert "secret" not in repr(found.value)
    assert found.value.__cause__ is None
    assert found.value.__context__ is None
