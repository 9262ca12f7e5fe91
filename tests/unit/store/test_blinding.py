"""The key of a blinding and its log on disk."""

from __future__ import annotations

import base64
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from filelock import FileLock

from napari_mousegpt.core.blinding import Blinding
from napari_mousegpt.core.edit_book import BoutBook
from napari_mousegpt.core.recording import Recording, View
from napari_mousegpt.core.study import Study
from napari_mousegpt.core.timebase import Timebase
from napari_mousegpt.errors import (
    FormatError,
    InputError,
    LockedError,
    MismatchError,
    OutputExistsError,
    StorageError,
)
from napari_mousegpt.store import appending
from napari_mousegpt.store.blinding import LOG_NAME, BlindStudy
from napari_mousegpt.store.blinding_key import KEY_NAME
from napari_mousegpt.store.corrections import load_corrections

RECORDINGS = ("ko_a", "ko_b", "wt_c", "wt_d")


@pytest.fixture
def study() -> Study:
    groups = [name[:2] for name in RECORDINGS]
    rows = {"recording": RECORDINGS, "animal": ["a", "b", "c", "d"], "group": groups}
    return Study(pd.DataFrame(rows))


@pytest.fixture
def blinded(tmp_path: Path, study: Study) -> BlindStudy:
    return BlindStudy.start(tmp_path / "blind", study, "Kim", seed=5)


def opener(n_frames: int = 50) -> Callable[[str], Recording]:
    def opened(name: str) -> Recording:
        prints = {"video": f"blake2b-64k:{name.encode().hex():0<20}"}
        clock = Timebase.constant(25, n_frames)
        sources = {"video": f"/data/{name}.mp4"}
        return Recording(name, (View("top", clock, sources=sources, fingerprints=prints),))

    return opened


def truth(blinded: BlindStudy) -> Blinding:
    """The key as it stands on disk, for the test only."""
    written = json.loads((blinded.folder / KEY_NAME).read_text())
    return Blinding.from_dict(json.loads(base64.b64decode(written["key"])))


def whats(blinded: BlindStudy) -> list[str]:
    return [entry.what for entry in blinded.log]


def test_it_begins_locked_and_is_found_again(blinded: BlindStudy, study: Study) -> None:
    assert blinded.locked
    assert blinded.codes == ("item 01", "item 02", "item 03", "item 04")
    assert whats(blinded) == ["blinded"]
    entry = blinded.log[0]
    assert entry.who == "Kim"
    assert entry.facts["hidden"] == ["animal", "group"]
    assert entry.facts["items"] == 4
    assert entry.sentence.endswith("blinded by Kim")
    again = BlindStudy(blinded.folder)
    assert again.codes == blinded.codes
    assert list(again.table(study)["recording"]) == list(blinded.codes)
    # Nothing that is shown or logged tells a recording or a group.
    told = (blinded.folder / LOG_NAME).read_text() + again.table(study).to_csv()
    assert not any(name in told for name in (*RECORDINGS, "ko", "wt"))
    # Nor is it read at a glance in the key.
    key = (blinded.folder / KEY_NAME).read_text()
    assert "not encrypted" in key
    assert not any(name in key for name in RECORDINGS)
    with pytest.raises(OutputExistsError, match="never overwritten"):
        BlindStudy.start(blinded.folder, study, "Kim")
    with pytest.raises(InputError, match="Say who you are"):
        BlindStudy.start(blinded.folder / "other", study, "  ")


def test_unlocking_is_written_down_before_anything_is_revealed(
    blinded: BlindStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="still blinded"):
        _ = blinded.key
    for who, reason in (("", "done"), ("Kim", " ")):
        with pytest.raises(InputError):
            blinded.unlock(who, reason)
    assert whats(blinded) == ["blinded"]

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(appending.os, "write", full)
        with pytest.raises(StorageError, match=r"disk is full.* could not be written down"):
            blinded.unlock("Kim", "done")
    assert blinded.locked
    key = blinded.unlock("Kim", "scoring\nis finished")
    assert not blinded.locked
    assert not BlindStudy(blinded.folder).locked
    assert blinded.key == key == truth(blinded)
    entry = blinded.log[-1]
    assert (entry.who, entry.facts["reason"]) == ("Kim", "scoring is finished")
    assert entry.sentence.endswith("unlocked by Kim, because: scoring is finished")


def test_items_are_opened_under_their_codes(blinded: BlindStudy) -> None:
    item = blinded.open_item("item 03", "Lee", opener())
    assert item.id == "item 03"
    assert not item.primary.sources
    blinded.open_item("item 01", "Lee", opener())
    blinded.open_item("item 03", "Lee", opener())
    assert blinded.opened == ("item 03", "item 01")
    assert blinded.log[1].sentence.endswith("opened item by Lee: item 03")
    assert blinded.locked
    with pytest.raises(InputError, match="one of the 4 that were blinded"):
        blinded.open_item("item 09", "Lee", opener())
    with pytest.raises(InputError, match="the recording of this code"):
        blinded.open_item("item 01", "Lee", lambda _: opener()("ko_z"))
    assert len(blinded.log) == 5

    def damaged(name: str) -> Recording:
        raise FormatError(f"/data/{name}.mp4", expected=f"a video of {name}", found="nothing")

    with pytest.raises(FormatError) as error:
        blinded.open_item("item 02", "Lee", damaged)
    assert str(error.value) == "item 02: expected a video of ..., found nothing"
    assert error.value.__cause__ is None


def test_corrections_go_to_the_recording_itself(blinded: BlindStudy, tmp_path: Path) -> None:
    folder = tmp_path / "corrections"
    item = blinded.open_item("item 02", "Lee", opener())
    true = truth(blinded).recording_of("item 02")
    kept = blinded.corrections(item, folder)
    assert kept.edits == ()
    book = BoutBook(item.id, item.n_frames, who="Lee")
    edit = book.plan_mark("", 3, 9, "rearing")
    assert kept.append(edit) == ()
    assert kept.edits == (edit,)
    [found] = load_corrections(opener()(true), folder=folder)
    assert found.recording == true
    assert found.edits[0].changes[0].new.recording == true
    assert found.edits[0].who == "Lee"
    # What others correct meanwhile comes under the code.
    other = blinded.corrections(item, folder)
    second = book.plan_mark("", 20, 29, "grooming")
    assert other.append(second) == ()
    assert kept.refresh() == (second,)
    assert kept.append(book.plan_mark("", 30, 40, "still")) == ()
    book.apply(edit)
    shown = book.ethogram()
    with pytest.raises(InputError, match="still blinded"):
        blinded.reveal(shown)
    blinded.unlock("Kim", "done")
    assert set(blinded.reveal(shown).bouts.recording) == {true}


def test_errors_of_corrections_do_not_tell_the_recording(
    blinded: BlindStudy, tmp_path: Path
) -> None:
    true = truth(blinded).recording_of("item 02")
    folder = tmp_path / "corrections"
    item = blinded.open_item("item 02", "Lee", opener())
    kept = blinded.corrections(item, folder)
    kept.append(BoutBook(item.id, 50, who="Lee").plan_mark("", 3, 9, "rearing"))
    longer = blinded.open_item("item 02", "Lee", opener(n_frames=60))
    with pytest.raises(MismatchError) as error:
        blinded.corrections(longer, folder)
    assert "item 02" in str(error.value)
    assert true not in str(error.value)
    [file] = folder.glob("*.jsonl")
    with file.open("ab") as stream:
        stream.write(b'{"cut')
    notes = blinded.corrections(item, folder).notes
    assert notes
    assert not any(true in note for note in notes)


def test_a_torn_line_costs_nothing_else(blinded: BlindStudy) -> None:
    blinded.open_item("item 01", "Lee", opener())
    log = blinded.folder / LOG_NAME
    log.write_bytes(log.read_bytes()[:-9])
    again = BlindStudy(blinded.folder)
    assert whats(again) == ["blinded", "damaged line"]
    assert again.log[-1].sentence == "damaged line in the log"
    again.unlock("Kim", "done")
    assert whats(again) == ["blinded", "damaged line", "unlocked"]
    assert not again.locked


def test_damaged_or_foreign_files(blinded: BlindStudy, study: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a study that was blinded here"):
        BlindStudy(tmp_path)
    other = BlindStudy.start(tmp_path / "other", study, "Kim", seed=6)
    key, log = blinded.folder / KEY_NAME, blinded.folder / LOG_NAME
    data = key.read_bytes()
    key.write_bytes((other.folder / KEY_NAME).read_bytes())
    with pytest.raises(FormatError, match="found another key"):
        BlindStudy(blinded.folder)
    key.write_bytes(data)
    BlindStudy(blinded.folder)
    log.rename(log.with_suffix(".away"))
    with pytest.raises(FormatError, match="cannot be told whether the study is still blinded"):
        BlindStudy(blinded.folder)
    for text, words in (
        ("[]", "something else"),
        ("{", "something else"),
        ('{"schema": "napari-mousegpt blinding", "version": 99}', "version 99"),
        ('{"schema": "napari-mousegpt blinding", "version": 1}', "something else"),
        ('{"schema": "napari-mousegpt blinding", "version": 1, "key": "e30="}', "order"),
    ):
        key.write_text(text)
        with pytest.raises(FormatError, match=words):
            BlindStudy(blinded.folder)


def test_a_log_that_somebody_else_holds(
    blinded: BlindStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "_PATIENCE_S", 0.05)
    with (
        FileLock(blinded.folder / f".{LOG_NAME}.lock"),
        pytest.raises(LockedError, match="Nothing was changed"),
    ):
        blinded.unlock("Kim", "done")
    assert blinded.locked


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_reveals_nothing(blinded: BlindStudy) -> None:
    log = blinded.folder / LOG_NAME
    log.chmod(0o400)
    with pytest.raises(StorageError, match="may not write"):
        blinded.unlock("Kim", "done")
    assert blinded.locked


def test_half_a_line_that_was_written_is_not_an_unlocking(
    blinded: BlindStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Any = os.write
    calls = []

    def half(handle: int, data: memoryview) -> int:
        calls.append(1)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data[: len(data) // 2])

    with monkeypatch.context() as broken:
        broken.setattr(appending.os, "write", half)
        with pytest.raises(StorageError):
            blinded.unlock("Kim", "done")
    assert blinded.locked
    blinded.open_item("item 01", "Lee", opener())
    assert whats(blinded) == ["blinded", "opened item"]
