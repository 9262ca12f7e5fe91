from __future__ import annotations

from pathlib import Path

import pytest

from napari_mousegpt.errors import FormatError
from napari_mousegpt.models import json_files
from napari_mousegpt.models.json_files import read_object


def test_an_object_is_read_as_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "Mäuse 尾.json"
    path.write_text('{"name": "Größe"}', encoding="utf-8")
    assert read_object(path) == {"name": "Größe"}


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_object_is_told(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(text)
    with pytest.raises(FormatError, match=r"config\.json: expected a JSON .* Copy or download"):
        read_object(path)


def test_a_file_that_is_not_there_or_much_too_large_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FormatError, match="No such file"):
        read_object(tmp_path / "none.json")
    (tmp_path / "long.json").write_text("{}")
    monkeypatch.setattr(json_files, "_LARGEST", 1)
    with pytest.raises(FormatError, match="much more than such a file holds"):
        read_object(tmp_path / "long.json")
