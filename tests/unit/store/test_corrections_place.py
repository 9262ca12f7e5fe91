from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.store.corrections import CorrectionsFile
from napari_mousegpt.store.corrections_place import (
    corrections_folder,
    corrections_path,
    kept_elsewhere,
)

FRAMES = 100


def recording(name: str = "m1", n_frames: int = FRAMES, **fingerprints: str) -> Recording:
    clock = Timebase.constant(25, n_frames)
    return Recording(name, (View("top", clock, fingerprints=fingerprints),))


def test_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NAPARI_MOUSEGPT_CORRECTIONS", str(tmp_path / "here"))
    assert corrections_folder() == tmp_path / "here"
    assert corrections_path(recording(video="x:0123456789abcdef")) == (
        tmp_path / "here" / "m1-0123456789ab.corrections.jsonl"
    )
    monkeypatch.delenv("NAPARI_MOUSEGPT_CORRECTIONS")
    assert corrections_folder().parts[-2:] == ("napari-mousegpt", "corrections")


def test_the_name_follows_the_content(tmp_path: Path) -> None:
    def name(*args: Any, **values: str) -> str:
        return corrections_path(recording(*args, **values), tmp_path).name

    video = name(video="b:aaaaaaaaaaaaaaaa", pose="b:bbbbbbbbbbbbbbbb")
    assert video == name(video="b:aaaaaaaaaaaaaaaa", pose="b:cccccccccccccccc")  # tracked again
    assert video != name(video="b:cccccccccccccccc")
    assert name(pose="b:bbbbbbbbbbbbbbbb") == "m1-bbbbbbbbbbbb.corrections.jsonl"
    assert name() == name()
    assert name() != name("m1", FRAMES + 1)
    # Odd ids become file names that every disk takes, and stay apart.
    odd = [
        name(text, video="b:aaaaaaaaaaaaaaaa")
        for text in ("a/b", "a:b", "a b", "ä", "ö", "x" * 300)
    ]
    assert len({text.lower() for text in odd}) == 6
    assert all(
        len(text) < 120 and text.isascii() and not set(text) & set('/\\:*?"<>| ') for text in odd
    )


def of_file(file: str, content: str, n_frames: int = FRAMES, name: str = "") -> Recording:
    """A recording of a video, by default called after it."""
    clock = Timebase.constant(25, n_frames)
    view = View("top", clock, sources={"video": file}, fingerprints={"video": f"b:{content * 16}"})
    return Recording(name or Path(file).stem, (view,))


def corrected(made: Recording, folder: Path) -> Recording:
    book = BoutBook(made.id, made.n_frames, who="KM")
    CorrectionsFile.of_recording(made, folder).append(book.plan_mark("", 0, 9, "rear"))
    return made


def test_corrections_of_a_renamed_video_are_told(tmp_path: Path) -> None:
    assert kept_elsewhere(of_file("/new/m1.mp4", "a"), tmp_path / "none yet") == ()
    corrected(of_file("/old/m1.mp4", "a"), tmp_path)
    assert kept_elsewhere(of_file("/new/m1.mp4", "a"), tmp_path) == ()
    renamed = of_file("/old/mouse.mp4", "a")
    [told] = kept_elsewhere(renamed, tmp_path)
    assert "'mouse' has no corrections" in told
    assert "under the id 'm1'" in told
    # An id that was chosen may be one of several animals in one video.
    assert kept_elsewhere(of_file("/old/m1.mp4", "a", name="left cage"), tmp_path) == ()
    # Whoever has begun anew knows.
    assert kept_elsewhere(corrected(renamed, tmp_path), tmp_path) == ()


def test_corrections_of_a_video_that_was_encoded_again_are_told(tmp_path: Path) -> None:
    old = corrected(of_file("/old/m1.mp4", "a"), tmp_path)
    again = of_file("/old/m1.mp4", "b")
    [told] = kept_elsewhere(again, tmp_path)
    assert "Was it encoded again?" in told
    names = [corrections_path(one, tmp_path) for one in (old, again)]
    assert f"copy {names[0].name} to {names[1].name}" in told
    # What it says is what helps.
    names[1].write_bytes(names[0].read_bytes())
    assert len(CorrectionsFile.of_recording(again, tmp_path).edits) == 1
    # Many videos are called alike: another length is another video.
    assert kept_elsewhere(of_file("/other/m1.mp4", "c", FRAMES + 1), tmp_path) == ()
    assert kept_elsewhere(of_file("/other/m2.mp4", "c"), tmp_path) == ()


def test_other_files_in_the_folder_do_no_harm(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"schema": "napari-mousegpt corrections", "version": 9}\n'):
        (tmp_path / "m1-0123.corrections.jsonl").write_text(text)
        assert kept_elsewhere(of_file("/old/m1.mp4", "a"), tmp_path) == ()
