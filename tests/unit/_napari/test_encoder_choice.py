"""What is told of an encoder before a run, and what a download would be."""

from __future__ import annotations

import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from napari_mousegpt._napari.encoder_choice import (
    FOLDER,
    Absent,
    encoder_entries,
    fetch_parts,
    look_parts,
)
from napari_mousegpt.errors import InputError
from napari_mousegpt.models import PRESETS, Consent, ConsentError
from napari_mousegpt.models import hub as hub_room
from napari_mousegpt.models.engine import Cancelled
from napari_mousegpt.vectors import KINEMATIC, VideoParams, find_encoder, licence_text
from napari_mousegpt.vectors import video_encoders as room
from support.encoder_fixtures import one_thread, taught

__all__ = ["one_thread", "taught"]


def ended(parts: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(parts)
        except StopIteration as end:
            return end.value


def test_every_preset_can_be_chosen_and_terms_are_marked() -> None:
    entries = encoder_entries()
    assert next(iter(entries)) == KINEMATIC
    assert list(entries)[-1] == FOLDER
    encoders = {name for name, preset in PRESETS.items() if preset.kind == "encoder"}
    assert set(entries) == {KINEMATIC, FOLDER, *encoders}
    marked = {name for name, text in entries.items() if "non-commercial" in text}
    assert marked == {name for name in encoders if PRESETS[name].commercial is False}
    assert marked


def test_what_is_here_is_told_with_licence_and_device(taught: Path) -> None:
    found = ended(look_parts(str(taught), VideoParams()))
    lines = found.lines()
    assert lines[0].startswith(f"{taught.name}: swin3d, clips of 8 pictures of 32 px")
    assert lines[1] == "Licence: not stated, ask its publisher before you publish."
    assert lines[2].startswith("It runs on ")


def test_what_is_not_here_is_told_with_host_size_and_terms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_room, "cached_model", lambda *_: None)
    found = ended(look_parts("videomae-b", VideoParams()))
    assert isinstance(found, Absent)
    size = f"{PRESETS['videomae-b'].download_gb:.1f} GB"
    assert found.button == f"Agree and get {size} from huggingface.co"
    assert "MCG-NJU/videomae-base-finetuned-kinetics" in found.lines()[0]
    assert found.lines()[1] == "Licence: CC-BY-NC-4.0 (non-commercial use only)."
    Consent().agree("download", found.subject, who="Ada")
    again = ended(look_parts("videomae-b", VideoParams()))
    assert again.button == f"Download {size} from huggingface.co"
    foreign = ended(look_parts("lab/unknown", VideoParams()))
    assert foreign.button == "Agree and get it from huggingface.co"
    with pytest.raises(InputError, match="nothing of that name"):
        ended(look_parts("no such model", VideoParams()))


def test_nothing_is_fetched_that_nobody_agreed_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_room, "cached_model", lambda *_: None)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(hub_room, "is_offline", lambda *_: False)
    with pytest.raises(ConsentError):
        ended(fetch_parts("videomae-b", VideoParams(), lambda: False))


def test_a_download_tells_how_far_it_is_and_stops(
    taught: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()

    def slow(name: str, params: VideoParams, progress: Any) -> Any:
        for done in range(40):
            progress(done * 10**6, 40 * 10**6)
            if done == 6:
                stop.wait(60)  # not faster than whoever looks
        return find_encoder(str(taught), params)

    monkeypatch.setattr("napari_mousegpt._napari.encoder_choice.find_encoder", slow)
    seen = []
    parts = fetch_parts("lab/tiny", VideoParams(), stop.is_set)

    def follow() -> None:
        for part in parts:
            seen.append((part.done, part.total))
            if part.done > 5:
                stop.set()

    with pytest.raises(Cancelled):
        follow()
    assert seen[-1][1] == 40
    assert 5 < seen[-1][0] < 35
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("licence", "commercial", "text"),
    [
        ("MIT", None, "MIT"),
        ("cc-by-nc-4.0", None, "cc-by-nc-4.0 (non-commercial use only)"),
        ("Research, noncommercial", None, "Research, noncommercial (non-commercial use only)"),
        ("own terms", False, "own terms (non-commercial use only)"),
        ("a licence once barred by NC", True, "a licence once barred by NC"),
        ("", None, "not stated, ask its publisher before you publish"),
    ],
)
def test_a_licence_in_words(licence: str, commercial: bool | None, text: str) -> None:
    assert licence_text(licence, commercial) == text
    assert room.licence_text is licence_text
