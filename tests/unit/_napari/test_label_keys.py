from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_mousegpt._napari.keys import command_keys
from napari_mousegpt._napari.label_keys import LabelKeys, label_keys_path
from napari_mousegpt.errors import InputError, StorageError


def fail(error: Exception) -> None:
    raise error


def test_labels_get_free_digits_and_keep_them() -> None:
    keys = LabelKeys(fail)
    keys.offer({"walking", "still"})
    assert keys.by_key == {"1": "still", "2": "walking"}
    keys.offer({"aardvark", "still", "walking"})
    assert keys.by_key == {"1": "still", "2": "walking", "3": "aardvark"}
    keys.offer({f"more {i}" for i in range(20)})
    assert list(keys.by_key) == list("1234567890")
    assert keys.key_of("more 9") == ""
    assert keys.labels[0] == "still"


def test_what_is_chosen_is_remembered_beside_the_corrections() -> None:
    keys, told = LabelKeys(fail), []
    keys.changed.connect(lambda: told.append(keys.by_key))
    keys.assign("r", "rearing")
    keys.assign("5", "grooming")
    keys.assign("5", "still")
    keys.assign("6", "rearing")
    assert told[-1] == {"5": "still", "6": "rearing"}
    assert label_keys_path().name == "label_keys.json"
    assert LabelKeys(fail).by_key == {"5": "still", "6": "rearing"}
    keys.assign("6", "")
    assert LabelKeys(fail).by_key == {"5": "still"}


def test_what_was_only_offered_is_kept_once_it_is_used() -> None:
    keys = LabelKeys(fail)
    keys.offer(["still"])
    assert not label_keys_path().exists()
    keys.keep()
    assert LabelKeys(fail).by_key == {"1": "still"}


def test_keys_that_do_something_else_are_refused() -> None:
    keys = LabelKeys(fail, command_keys())
    with pytest.raises(InputError, match="key N: expected a key that is free, found one that does"):
        keys.assign("n", "nesting")
    for wrong in ("", "12", "+", "é"):
        with pytest.raises(InputError, match="expected a digit or a letter"):
            keys.assign(wrong, "nesting")
    assert keys.by_key == {}


def test_a_file_that_is_none_is_left_alone_and_told() -> None:
    path: Path = label_keys_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    for text in ("{", "[1]"):
        path.write_text(text)
        told: list[Exception] = []
        keys = LabelKeys(told.append)
        assert "Move the file away" in str(told[0])
        assert keys.by_key == {}
        assert path.read_text() == text
    path.write_text(json.dumps({"n": "nesting", "q": "x", "7": "still", "8": ""}))
    assert LabelKeys(fail, {"N": "Next bout"}).by_key == {"7": "still", "Q": "x"}


def test_a_disk_that_fails_leaves_the_keys_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    keys = LabelKeys(fail)
    keys._path = tmp_path / "file" / "label_keys.json"
    with pytest.raises(StorageError):
        keys.assign("1", "still")
    assert keys.by_key == {}
