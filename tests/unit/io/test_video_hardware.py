"""Decoding on a card: tried, and given up in words where it cannot be.

No card is needed here: the fallback is real, the card's pictures are made by a stand-in that lays
software's pictures out as a card does (NV12).
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from napari_mousegpt.errors import InputError
from napari_mousegpt.io import video_decoder, video_open
from napari_mousegpt.io.video import VideoReader
from support.painted import N_FRAMES, ClipBox, read_number


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipBox:
    return ClipBox(tmp_path_factory.mktemp("clips"))


class CardContext:
    """A codec context whose pictures come as from a card."""

    breaks_after = 10**9

    def __init__(self, context: Any) -> None:
        object.__setattr__(self, "whole", context)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.whole, name, value)

    def decode(self, packet: Any) -> list[Any]:
        frames = self.whole.decode(packet)
        if any(frame.pts is not None and frame.pts > self.breaks_after for frame in frames):
            raise av.error.ExternalError(-542398533, "Generic error in an external library")
        return [frame.reformat(format="nv12") for frame in frames]


class CardStream:
    def __init__(self, stream: Any) -> None:
        self.whole = stream
        self.codec_context = CardContext(stream.codec_context)


class CardContainer:
    def __init__(self, container: Any) -> None:
        self.whole = container

    def demux(self, stream: CardStream) -> Iterator[Any]:
        return self.whole.demux(stream.whole)  # type: ignore[no-any-return]

    def seek(self, offset: int, *, stream: CardStream) -> None:
        self.whole.seek(offset, stream=stream.whole)

    def close(self) -> None:
        self.whole.close()


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> type[CardContext]:
    def open_video(path: str, hardware: str | None = None) -> Any:
        container, stream = video_open.open_video(path)
        if hardware is None:
            return container, stream
        assert hardware == "cuda"
        return CardContainer(container), CardStream(stream)

    monkeypatch.setattr(video_decoder, "open_video", open_video)
    monkeypatch.setattr(CardContext, "breaks_after", 10**9)
    return CardContext


@pytest.mark.parametrize("kind", ["b_frames", "mjpeg_avi", "grey"])
def test_whoever_decodes_is_named_and_the_pictures_are_right(clips: ClipBox, kind: str) -> None:
    """Real on every machine: with a card it decodes, without one software does."""
    with VideoReader(clips[kind].path, hardware="cuda") as reader:
        assert [read_number(reader[frame]) for frame in (50, 3, 51, 99)] == [50, 3, 51, 99]
        notes = [note for note in reader.info.notes if "Decoding by cuda" in note]
        assert reader.info.decoder.endswith(", software)" if notes else ", cuda)")


OPEN = av.open


def no_driver(*args: Any, **kwargs: Any) -> Any:
    if kwargs.get("hwaccel"):
        raise av.error.PermissionError(1, "Operation not permitted")
    return OPEN(*args, **kwargs)


def no_stream(*args: Any, **kwargs: Any) -> Any:
    if kwargs.get("hwaccel"):
        raise RuntimeError("Hardware accelerated decode requested but no stream is compatible")
    return OPEN(*args, **kwargs)


def test_without_a_driver_software_decodes_and_a_note_says_so(
    clips: ClipBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(av, "open", no_driver)
    reader = VideoReader(clips["b_frames"].path, hardware="cuda")
    note = (
        "Decoding by cuda was asked for and is not possible here (Operation not permitted): "
        "the pictures are decoded in software."
    )
    for each in (reader, reader.reopen(), pickle.loads(pickle.dumps(reader))):
        assert each.info.notes == (note,)
        assert note in each.describe()
        assert each.info.decoder.endswith(", software)")
        assert read_number(each[42]) == 42


def test_a_codec_that_no_card_decodes(clips: ClipBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "open", no_stream)
    reader = VideoReader(clips["mjpeg_avi"].path, hardware="cuda")
    assert "no stream is compatible" in reader.info.notes[0]
    assert read_number(reader[7]) == 7


def test_a_card_that_gives_no_pictures(
    clips: ClipBox, card: type[CardContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(self: CardContext, packet: Any) -> list[Any]:
        raise av.InvalidDataError(1, "Invalid data found")

    monkeypatch.setattr(CardContext, "decode", nothing)
    reader = VideoReader(clips["b_frames"].path, hardware="cuda")
    assert "it gives no picture of it" in reader.info.notes[0]
    assert read_number(reader[7]) == 7


def test_an_unknown_device_is_refused(clips: ClipBox) -> None:
    with pytest.raises(InputError, match=r'hardware \'gpu\': expected "cuda"\. Leave it out'):
        VideoReader(clips["b_frames"].path, hardware="gpu")


def test_pictures_of_a_card_are_shown_kept_and_named(
    clips: ClipBox, card: type[CardContext]
) -> None:
    path = clips["b_frames"].path
    software = list(VideoReader(path))
    reader = VideoReader(path, hardware="cuda")
    assert reader.info.notes == ()
    assert reader.info.pix_fmt == "yuv420p"
    for each in (reader, reader.reopen(), pickle.loads(pickle.dumps(reader))):
        assert each.info.decoder.endswith(", cuda)")
        assert each._frame(30).format.name == "nv12"
    for frame in (0, 77, 76, 40, 99, 12):
        difference = np.abs(reader[frame].astype(int) - software[frame])
        assert difference.mean() < 2
        assert read_number(reader[frame]) == frame
    found, picture = reader.nearest(65)
    assert read_number(picture) == found
    assert reader.clip([5], 64).shape == (1, 64, 96, 3)
    reader.read_ahead = True
    assert [read_number(reader[frame]) for frame in range(20, 50)] == list(range(20, 50))
    reader.close()


def test_a_card_that_fails_later_is_no_damage_of_the_file(
    clips: ClipBox, card: type[CardContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    path: Path = clips["b_frames"].path
    reader = VideoReader(path, hardware="cuda")
    middle = int(reader._index.stamps[N_FRAMES // 2])
    monkeypatch.setattr(card, "breaks_after", middle)
    assert read_number(reader[20]) == 20
    with pytest.raises(InputError, match=r"external library\. Open it without hardware") as caught:
        reader[80]
    assert "expected a device that decodes it (cuda)" in str(caught.value)
    assert not reader.damaged.any()
